// SPDX-License-Identifier: Apache-2.0
// The optimizer and schedule contracts: one const descriptor in one file and one row in optims.def or
// schedules.def.
#ifndef MOTE_OPTIM_OPTIM_H
#define MOTE_OPTIM_OPTIM_H

#include "base/arena.h"
#include "base/parallel.h"
#include "base/property.h"
#include "kernel/kernel.h"
#include "mote/optimizer.h"

#include <stddef.h>
#include <stdint.h>

/// One weight's update, or that of a part of it: element by element, nothing may depend on the others. Slots are tensors of the weight's shape, zero before the first update, named
/// by slot_names in checkpoints.
typedef struct mote_optimizer_run {
    const struct mote_optimizer *optimizer; // whose apply it is
    const mote_kernels *kernels;
    const mote_parallel *parallel;
    double learning_rate; // of this step, from the schedule
    uint64_t step;        // updates done before this one, plus 1
    size_t count;         // elements
    size_t row,
        row_step; // so many neighbours, every row_step, of the weight; 0: all are neighbours
    mote_real *weight;
    const mote_real *gradient; // `count` neighbours
    mote_real *slots[MOTE_OPTIMIZER_SLOTS_MAX];
    size_t slot_row_steps[MOTE_OPTIMIZER_SLOTS_MAX]; // as row_step, of each slot
} mote_optimizer_run;

typedef struct mote_optimizer {
    const char *name; // `type` in [Optimizer]
    const char *summary;
    const mote_property *properties;
    size_t state_bytes;
    double learning_rate; // default
    const char *slot_names[MOTE_OPTIMIZER_SLOTS_MAX];
    /// NULL; or raises when fields do not fit together.
    mote_status (*check)(const struct mote_optimizer *optimizer, const void *state);
    size_t (*slot_count)(const struct mote_optimizer *optimizer, const void *state);
    void (*apply)(const mote_optimizer_run *run, const void *state);
} mote_optimizer;

typedef struct mote_optimizer_registry {
    const mote_optimizer *const *optimizers;
    size_t count;
} mote_optimizer_registry;

#define OPTIMIZER(name) extern const mote_optimizer mote_optimizer_##name;
#include "optim/optims.def"
#undef OPTIMIZER

/// All rows of optims.def.
const mote_optimizer_registry *mote_optimizers_builtin(void);

/// By name, case ignored, or NULL.
const mote_optimizer *mote_optimizer_find(const mote_optimizer_registry *registry,
                                          const char *name);

/// An optimizer that a program brings, as mote_custom_make_layer does layers.
mote_status mote_custom_make_optimizer(const mote_custom_optimizer *custom,
                                       const mote_property *taken, mote_arena *arena,
                                       const mote_optimizer **optimizer) MOTE_MUST_CHECK;

/// What `name` may have meant, as mote_text_expect.
const char *mote_optimizer_expect(const mote_optimizer_registry *registry, const char *name,
                                  char *text, size_t bytes);

/// Learning rate over iterations. `check` (may be NULL) raises MOTE_ERROR_PROPERTY when fields do not
/// fit together.
typedef struct mote_schedule_rate {
    const char *name; // `type` in [LearningRateScheduler]
    const char *summary;
    const mote_property *properties;
    size_t state_bytes;
    mote_status (*check)(const void *state);
    /// `base_rate` is the optimizer's; `iteration` counts the steps done before this one.
    double (*rate)(const void *state, double base_rate, uint64_t iteration);
} mote_schedule_rate;

#define SCHEDULE_RATE(name) extern const mote_schedule_rate mote_schedule_rate_##name;
#include "optim/schedules.def"
#undef SCHEDULE_RATE

/// By name, case ignored, or NULL.
const mote_schedule_rate *mote_schedule_rate_find(const char *name);

/// What `name` may have meant, as mote_text_expect.
const char *mote_schedule_rate_expect(const char *name, char *text, size_t bytes);

/// Rows of schedules.def, in order.
const mote_schedule_rate *const *mote_schedule_rates(size_t *count);

/// A gradient as it is stored: whole, or some of its rows. What is not stored is +0.
typedef struct mote_gradient {
    mote_real *values;
    size_t count;        // elements of the weight
    const int32_t *rows; // their number, then the rows ascending; NULL: all
    size_t width;        // elements of a row
} mote_gradient;

/// Elements of a part of a gradient that is made whole; a multiple of the blocks of clipping.
#define MOTE_GRADIENT_PART 32768U

/// How many elements are stored.
size_t mote_gradient_stored(const mote_gradient *gradient);

/// Elements of the gradient's next part at `first`: all, or at most MOTE_GRADIENT_PART of one with rows.
size_t mote_gradient_part_count(const mote_gradient *gradient, size_t first);

/// Elements [first, first + count) of the whole gradient: where they lie, or made in `part`.
const mote_real *mote_gradient_part(const mote_gradient *gradient, size_t first, size_t count,
                                    mote_real *part);

// Clipping: gradients are limited before they are applied, each element by itself or all gradients by the norm of
// all of them.

typedef enum mote_clip {
    MOTE_CLIP_NONE,
    MOTE_CLIP_VALUE, // each element
    MOTE_CLIP_NORM,  // all gradients together
} mote_clip;

/// What spreads the work.
typedef struct mote_clip_run {
    const mote_kernels *kernels;
    const mote_parallel *parallel;
} mote_clip_run;

/// Bytes of `scratch` below; `stored` elements, `sparse`: some rows of them.
size_t mote_clip_scratch_bytes(size_t stored, bool sparse);

/// Sum of squares: blocks of 4096 elements by (c), their sums added ascending in double.
double mote_clip_sum_squares(const mote_clip_run *run, const mote_gradient *gradient,
                             void *scratch);

/// As torch.nn.utils.clip_grad_norm_: limit / (norm + 1e-6), at most 1; computed in double.
mote_real mote_clip_factor(double limit, double norm);

/// Every element times `factor`; a factor of 1 is no work.
void mote_clip_scale(const mote_clip_run *run, mote_real factor, size_t count, mote_real *gradient);

/// As torch.nn.utils.clip_grad_value_: every element between -limit and limit.
void mote_clip_limit(const mote_clip_run *run, mote_real limit, size_t count, mote_real *gradient);

#endif
