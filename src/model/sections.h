// SPDX-License-Identifier: Apache-2.0
// Private to model: sections while they are being read, and the reader of INI files.
#ifndef MOTE_MODEL_SECTIONS_H
#define MOTE_MODEL_SECTIONS_H

#include "model/model.h"

/// Room for mote_origin_text in messages.
#define MOTE_MODEL_PLACE_BYTES 512U

typedef struct mote_section_draft {
    const char *name;
    mote_origin origin;
    mote_entry *entries;
    size_t entry_count, entry_capacity;
} mote_section_draft;

/// Sections in file order.
typedef struct mote_section_list {
    mote_arena *arena;   // of texts
    mote_arena *scratch; // of lists while they grow
    mote_section_draft *items;
    size_t count, capacity;
} mote_section_list;

/// The section as it is read; its entries move to where the list's texts are.
mote_status mote_section_keep(const mote_section_list *list, const mote_section_draft *draft,
                              mote_section *section) MOTE_MUST_CHECK;

/// The section of that name (case ignored), or NULL.
mote_section_draft *mote_section_list_find(const mote_section_list *list, const char *name);

/// Adds an empty section; the name is copied. The result is valid until the next one is added.
mote_status mote_section_list_add(mote_section_list *list, const char *name, size_t name_length,
                                  const mote_origin *origin,
                                  mote_section_draft **section) MOTE_MUST_CHECK;

/// The entry of that key (case ignored), or NULL.
mote_entry *mote_section_draft_find(const mote_section_draft *section, const char *key);

/// Adds an entry, or replaces the one that has its key; texts are copied. Blanks and one pair of
/// quotes around the value do not count. Raises for no key, no value, a quote that is not closed.
mote_status mote_section_draft_set(mote_section_list *list, mote_section_draft *section,
                                   const mote_entry *entry) MOTE_MUST_CHECK;

/// Reads all sections of an INI file of `most` bytes at most into an empty list. `path` becomes the file of their origins.
mote_status mote_ini_read(const char *path, size_t most, mote_section_list *list) MOTE_MUST_CHECK;

#endif
