// SPDX-License-Identifier: Apache-2.0
// The description: what the user asked for, as sections of strings with the place each was written, plus the
// parsed [Model] section. Immutable once made.
#ifndef MOTE_MODEL_MODEL_H
#define MOTE_MODEL_MODEL_H

#include "base/arena.h"
#include "base/property.h"
#include "mote/model.h"
#include "mote/writer.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum mote_apply_policy {
    MOTE_APPLY_EARLY,
    MOTE_APPLY_AFTER_ALL
} mote_apply_policy;

/// What a step does that is not finite.
typedef enum mote_nonfinite_policy {
    MOTE_NONFINITE_STOP,
    MOTE_NONFINITE_SKIP
} mote_nonfinite_policy;

/// [Model]. Paths are as written; mote_description_path makes them usable.
typedef struct mote_model_settings {
    uint32_t type;         // NeuralNetwork
    uint32_t on_nonfinite; // mote_nonfinite_policy
    const char *loss;      // "", "mse", "cross", "cross_softmax"
    uint64_t batch_size;   // at most MOTE_BATCH_MAX
    uint64_t epochs;
    uint64_t seed;
    uint32_t apply;        // mote_apply_policy
    const char *save_path; // "" when absent
    const char *load_path;
    const char *save_best_path;
    uint64_t patience; // 0: no early stopping
    double min_delta;
    const char *checkpoint_path;  // "" when absent, as the next
    const char *checkpoint_every; // "5 steps", "30 s"
    uint64_t checkpoint_keep;
    uint64_t memory_budget;       // bytes of the arena; 0: none
    const char *swap_path;        // "" when absent
    uint64_t swap_write_limit;    // bytes a run
    double operation_deadline_ms; // 0: none
    uint64_t checkpoint_steps;    // of checkpoint_every; 0: not by steps
    uint64_t checkpoint_seconds;  // 0: not by time
} mote_model_settings;

typedef struct mote_section {
    const char *name; // as written
    mote_origin origin;
    const mote_entry *entries;
    size_t entry_count;
} mote_section;

typedef struct mote_description {
    const char *path;   // of the model file
    const char *folder; // of the model file, "." when it has none
    mote_model_settings settings;
    mote_origin loss_origin; // of [Model] loss, else of [Model]
    const mote_section *model;
    const mote_section *optimizer; // NULL when absent, as the following
    const mote_section *schedule;
    const mote_section *train_set;
    const mote_section *valid_set;
    const mote_section *test_set;
    const mote_section *layers; // in file order
    size_t layer_count;
} mote_description;

/// section.key = value, from the command line or the API; wins over the file's entry. A layer's or an
/// existing special section must exist, except that special sections ([Optimizer], ...) are made when absent.
typedef struct mote_description_override {
    const char *section;
    const char *key;
    const char *value;
} mote_description_override;

/// All sections of an INI file, in its order; they and their texts live in `arena`. Errors name file and line, as those of a
/// model file's syntax.
mote_status mote_sections_read(const char *path, mote_arena *arena, mote_section **sections,
                               size_t *count) MOTE_MUST_CHECK;

/// Property table of [Model].
const mote_property *mote_model_properties(void);

/// Reads an INI file. Everything lives in `arena`. Errors name file and line: not readable, bad syntax, line
/// too long, duplicate section or key, unknown key of [Model], unknown special section ("did you mean"), no
/// layers, missing [Model].
mote_status mote_description_load(const char *path, const mote_description_override *overrides,
                                  size_t override_count, mote_arena *arena,
                                  mote_description *description) MOTE_MUST_CHECK;

/// Whether training is validated: there is a [valid_set], or a validation_split of [train_set].
bool mote_description_validates(const mote_description *description);

/// `path` relative to the model file's folder; absolute paths as they are.
mote_status mote_description_path(const mote_description *description, const char *path,
                                  mote_arena *arena, const char **result) MOTE_MUST_CHECK;

/// Entry of that key (case ignored), or NULL.
const mote_entry *mote_section_find(const mote_section *section, const char *key);

/// Prints all sections with their entries and origins.
void mote_description_print(const mote_description *description, const mote_writer *writer);

#endif
