// SPDX-License-Identifier: Apache-2.0
// Private to base: a value of any kind, its parser, and what the property_*.c files share.
#ifndef MOTE_BASE_PROPERTY_VALUE_H
#define MOTE_BASE_PROPERTY_VALUE_H

#include "base/property.h"

#include <stdbool.h>

typedef union mote_property_value {
#define MOTE_PROPERTY_MEMBER(name, type) type as_##name;
    MOTE_PROPERTY_FIELD_MAP(MOTE_PROPERTY_MEMBER)
#undef MOTE_PROPERTY_MEMBER
} mote_property_value;

/// False when `text` is nothing that the row accepts.
bool mote_property_parse(const mote_property *property, const char *text,
                         mote_property_value *value);

/// Raises that no target has the entry's key, with the key that was meant or all there are.
mote_status mote_property_raise_unknown(const mote_property_target *targets, size_t target_count,
                                        const char *owner, const mote_entry *entry);

/// The row has limits on its numbers: a minimum and a maximum of 0 stand for none.
static inline bool mote_property_has_limits(const mote_property *property)
{
    return property->minimum != 0.0 || property->maximum != 0.0;
}

/// Most values of a list.
static inline size_t mote_property_count_limit(const mote_property *property)
{
    return property->count_maximum > 0 ? property->count_maximum : MOTE_PROPERTY_LIST_MAX;
}

#endif
