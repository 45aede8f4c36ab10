// SPDX-License-Identifier: Apache-2.0
// Property tables: one row a key. The same rows parse values, make errors, print values and the
// documentation; what owns a table (a layer, an optimizer, a section) has no string code of its
// own.
#ifndef MOTE_BASE_PROPERTY_H
#define MOTE_BASE_PROPERTY_H

#include "base/status.h"
#include "base/text.h"
#include "mote/property.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Where a value was written: a file and line, or "--set" and 0.
typedef struct mote_origin {
    const char *file;
    unsigned line;
} mote_origin;

/// One `key = value`.
typedef struct mote_entry {
    const char *key;
    const char *value;
    mote_origin origin;
} mote_entry;

/// The row of `key` (case ignored), or NULL.
const mote_property *mote_property_find(const mote_property *table, const char *key);

/// Number of rows.
size_t mote_property_count(const mote_property *table);

/// Sets every field with a default to it. Required fields are left zero.
void mote_property_set_defaults(const mote_property *table, void *state);

/// Parses `entry->value` into its field. Raises MOTE_ERROR_PROPERTY with file, line, the owner's
/// name (e.g. "layer 'conv1'"), the value and what would be accepted; an unknown key gets "did you
/// mean". Blanks and one pair of double quotes around a value do not count, but TEXT fields borrow
/// the entry's value as it is: use mote_text_trim where values are read.
mote_status mote_property_set(const mote_property *table, void *state, const char *owner,
                              const mote_entry *entry) MOTE_MUST_CHECK;

/// A table and the state that it fills.
typedef struct mote_property_target {
    const mote_property *table;
    void *state;
} mote_property_target;

/// Fills all targets from one section: defaults, then each entry goes to the first target whose
/// table has its key. Raises MOTE_ERROR_PROPERTY for an unknown key (with "did you mean" over all
/// tables), a bad value, and a required key that is missing (naming `owner` and `origin`, where the
/// section stands).
mote_status mote_property_read(const mote_property_target *targets, size_t target_count,
                               const char *owner, const mote_origin *origin,
                               const mote_entry *entries, size_t entry_count) MOTE_MUST_CHECK;

/// Writes the field's value as text that mote_property_set would accept; returns its length without
/// the final zero (cut at `bytes`).
size_t mote_property_get(const mote_property *property, const void *state, char *text,
                         size_t bytes);

/// Whether the field has its default (which stands in the row as mote_property_get writes it), or there is none.
bool mote_property_is_initial(const mote_property *property, const void *state);

/// Writes "file:line: " or "--set: " or "" into `text`.
const char *mote_origin_text(const mote_origin *origin, char *text, size_t bytes);

/// What values the row accepts, in words: "a whole number from 1 to 65536".
size_t mote_property_accepts(const mote_property *property, char *text, size_t bytes);

/// Checks a table that comes from outside, for a state of `state_bytes`: names, kinds, ranges, choices, defaults, help,
/// and fields that lie in the state, each by itself. Raises MOTE_ERROR_ARGUMENT, `owner` first ("layer 'gate'").
mote_status mote_property_check_table(const mote_property *table, size_t state_bytes,
                                      const char *owner) MOTE_MUST_CHECK;

/// Whether `name` may name what model files name: lower-case letters, digits and '_', at most 48, a letter first.
bool mote_property_is_name(const char *name);

/// What the public header says of a row.
void mote_property_describe(const mote_property *property, mote_property_info *info);

#endif
