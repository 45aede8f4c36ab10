// SPDX-License-Identifier: Apache-2.0
// Optimizers of your own: type = name in [Optimizer]. An optimizer works element by element, so that any part of a weight
// can be updated by any thread; clipping, schedules and moving averages are mote's.
#ifndef MOTE_OPTIMIZER_H
#define MOTE_OPTIMIZER_H

#include "mote/context.h"
#include "mote/property.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Most numbers that an optimizer keeps for each element of a weight.
#define MOTE_OPTIMIZER_SLOTS_MAX 4U

/// A part of a weight to update.
typedef struct mote_optimizer_part {
    double learning_rate; // of this step
    uint64_t step;        // 1, 2, ... since training began
    size_t count;         // elements
    float *weight;
    const float *gradient;
    float *slots
        [MOTE_OPTIMIZER_SLOTS_MAX]; // kept from step to step, +0 before the first; NULL behind slot_count
} mote_optimizer_part;

typedef struct mote_custom_optimizer {
    const char *name;                // in model files: lower-case letters, digits, _
    const char *summary;             // one line
    const mote_property *properties; // its keys, or NULL
    size_t state_bytes;              // plain data, filled by the properties
    void *user;
    double learning_rate;                             // default
    const char *slot_names[MOTE_OPTIMIZER_SLOTS_MAX]; // up to the first NULL; named in plans
    /// How many of these slots are used with these properties; NULL: all that have names.
    size_t (*slot_count)(void *user, const void *state);
    /// NULL; or whether properties fit together, otherwise with `message`, which has room for `bytes`.
    bool (*check)(void *user, const void *state, char *message, size_t bytes);
    /// Updates a part. Called by several threads at once, each with another part; an element's result must depend on
    /// nothing but its weight, gradient, slots, the learning rate and the step.
    void (*apply)(void *user, const void *state, const mote_optimizer_part *part);
} mote_custom_optimizer;

/// Registers an optimizer; as mote_context_add_layer (mote/layer.h). MOTE_ERROR_UNSUPPORTED in a build without training.
MOTE_API mote_status mote_context_add_optimizer(
    mote_context *context, const mote_custom_optimizer *optimizer) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
