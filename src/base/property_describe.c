// SPDX-License-Identifier: Apache-2.0
// Rows of property tables as the public header shows them.
#include "base/property.h"

#include "base/property_value.h"

#include <assert.h>

const char *mote_property_kind_name(mote_property_kind kind)
{
    static const char *const names[] = {
#define KIND_NAME(name, text, form) text,
        MOTE_PROPERTY_KIND_MAP(KIND_NAME)
#undef KIND_NAME
    };
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

static bool is_list(mote_property_kind kind)
{
    return kind == MOTE_PROPERTY_INTEGERS || kind == MOTE_PROPERTY_REALS;
}

void mote_property_describe(const mote_property *property, mote_property_info *info)
{
    *info = (mote_property_info){
        .name = property->name,
        .kind = property->kind,
        .initial = property->initial,
        .has_limits = mote_property_has_limits(property),
        .minimum = property->minimum,
        .maximum = property->maximum,
        .choices = property->kind == MOTE_PROPERTY_CHOICE ? property->choices : NULL,
        .count_minimum = is_list(property->kind) ? property->count_minimum : 1,
        .count_maximum = is_list(property->kind) ? mote_property_count_limit(property) : 1,
        .help = property->help,
    };
    const size_t length = mote_property_accepts(property, info->accepts, sizeof info->accepts);
    assert(length < sizeof info->accepts); // a longer text needs a larger MOTE_ACCEPTS_BYTES
    (void)length;
}
