// SPDX-License-Identifier: Apache-2.0
// Layers of your own: type = name in model files, planned, checked and documented as mote's own are.
//
// A layer is a const struct of callbacks. setup sees the shapes of the inputs and declares what the layer makes and
// needs; memory is planned from these declarations alone. forward, calc_gradient and calc_derivative compute. They
// allocate nothing and keep nothing: what lives from one phase of a step to a later one is declared as temporary.
//
//     static mote_status setup(void *user, void *state, mote_layer_setup *setup)
//     {
//         mote_layer_setup_overwrite(setup, MOTE_LAYER_OUTPUT_OVER_INPUT);
//         return mote_layer_setup_output(setup, mote_layer_setup_input(setup, 0));
//     }
//     ...
//     const mote_custom_layer gate = {.name = "gate", .summary = "...", .setup = setup, .forward = ...};
//     mote_context_add_layer(context, &gate)   // before the first model is loaded
//
// What such a layer cannot have: integers as inputs, several outputs.
//
// Bits: the functions below sum in mote's orders (docs/ARCHITECTURE.md) and give the same bits for any number of
// threads and any CPU level. So do loops of your own when what they compute for an element depends on nothing but the
// element; compile them with -ffp-contract=off for the same bits on all machines.
#ifndef MOTE_LAYER_H
#define MOTE_LAYER_H

#include "mote/context.h"
#include "mote/property.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Phases of a layer in a step, as bits.
#define MOTE_PHASE_FORWARD    1U
#define MOTE_PHASE_GRADIENT   2U // calc_gradient
#define MOTE_PHASE_DERIVATIVE 4U // calc_derivative
#define MOTE_PHASE_UPDATE     8U // update, once a step, when weights change

/// Initial values of weights and their names in model files.
#define MOTE_INITIALIZER_MAP(X)         \
    X(ZEROS, "zeros")                   \
    X(ONES, "ones")                     \
    X(XAVIER_UNIFORM, "xavier_uniform") \
    X(XAVIER_NORMAL, "xavier_normal")   \
    X(HE_UNIFORM, "he_uniform")         \
    X(HE_NORMAL, "he_normal")           \
    X(LECUN_UNIFORM, "lecun_uniform")   \
    X(LECUN_NORMAL, "lecun_normal")

typedef enum mote_initializer {
#define MOTE_INITIALIZER_ENUM(name, text) MOTE_INITIALIZER_##name,
    MOTE_INITIALIZER_MAP(MOTE_INITIALIZER_ENUM)
#undef MOTE_INITIALIZER_ENUM
} mote_initializer;

/// What setup sees and where it declares; valid during setup.
typedef struct mote_setup mote_layer_setup;

/// What a computing callback gets; valid during the callback.
typedef struct mote_layer_run mote_layer_run;

/// `user` is that of the descriptor; `state` has state_bytes, filled by the properties, zero elsewhere. Only setup may
/// write to it: numbers that the other callbacks want.
typedef mote_status mote_custom_compute(void *user, const void *state, const mote_layer_run *run);

typedef struct mote_custom_layer {
    const char *name;                    // `type` in model files: lower-case letters, digits, _
    const char *summary;                 // one line
    const mote_property *properties;     // its keys, or NULL
    size_t state_bytes;                  // plain data
    size_t input_minimum, input_maximum; // both 0: one input
    void *user;
    /// Called several times for a layer, by any thread that loads or compiles a model, also by several at once.
    mote_status (*setup)(void *user, void *state, mote_layer_setup *setup);
    mote_custom_compute *forward;
    mote_custom_compute *calc_gradient;   // NULL: no weights
    mote_custom_compute *calc_derivative; // of the inputs
    mote_custom_compute *update;          // of running statistics; NULL: none
} mote_custom_layer;

/// Registers a layer: the struct is copied, what it points to must outlive the context. The context is closed by the
/// first call that loads or checks a model, so that it never changes while threads share it. A build without training
/// has layers of your own, too, and calls setup and forward of them.
///
/// MOTE_ERROR_ARGUMENT, naming what is wrong: something missing, a name that is taken (case ignored, layers and losses
/// are one list), a table of properties that does not hold, a context that is closed.
MOTE_API mote_status mote_context_add_layer(mote_context *context,
                                            const mote_custom_layer *layer) MOTE_MUST_CHECK;

// What setup sees. Samples are channels x height x width floats.

typedef struct mote_custom_shape {
    size_t channels, height, width;
} mote_custom_shape;

MOTE_API const char *mote_layer_setup_name(const mote_layer_setup *setup);
MOTE_API size_t mote_layer_setup_input_count(const mote_layer_setup *setup);

/// Of one sample of input `index`; zeros where there is none.
MOTE_API mote_custom_shape mote_layer_setup_input(const mote_layer_setup *setup, size_t index);

/// Most samples in a step.
MOTE_API size_t mote_layer_setup_batch(const mote_layer_setup *setup);

/// False where the model file has trainable = false: calc_gradient and update are not called.
MOTE_API bool mote_layer_setup_is_trainable(const mote_layer_setup *setup);

// What setup declares. A failure says what is wrong; setup returns it.

/// The output's shape; once.
MOTE_API mote_status mote_layer_setup_output(mote_layer_setup *setup,
                                             mote_custom_shape shape) MOTE_MUST_CHECK;

typedef struct mote_custom_weight {
    const char *name; // in files "<layer>.<name>"; copied
    size_t rank;      // 1 to 4
    size_t dims[4];
    mote_initializer initializer;
    size_t fan_in, fan_out; // of the initializers but zeros and ones
    bool derivative_reads;  // calc_derivative reads it
} mote_custom_weight;

/// The next weight, from index 0 on. calc_gradient writes its gradient, all elements.
MOTE_API mote_status mote_layer_setup_weight(mote_layer_setup *setup,
                                             const mote_custom_weight *weight) MOTE_MUST_CHECK;

/// The next running statistic, from index 0 on, as a weight, but not trained: forward reads it, update changes it. It is
/// in files and goes on from step to step; a step that is discarded leaves it as it was.
MOTE_API mote_status mote_layer_setup_statistic(
    mote_layer_setup *setup, const mote_custom_weight *statistic) MOTE_MUST_CHECK;

/// Memory between phases of a step, or scratch of one.
typedef struct mote_custom_temporary {
    size_t count;    // floats
    bool shared;     // once; otherwise `count` for each sample
    unsigned phases; // that write or read it; its content lives from the first to the last
} mote_custom_temporary;

/// The next temporary, from index 0 on. One that forward writes for a later phase is NULL where that phase does not run
/// (inference, evaluation, nothing to train in front of the layer): forward need not write it then.
MOTE_API mote_status mote_layer_setup_temporary(
    mote_layer_setup *setup, const mote_custom_temporary *temporary) MOTE_MUST_CHECK;

/// Backward phases that read input `index`, or the output. What is not declared is NULL there.
MOTE_API mote_status mote_layer_setup_need_input(mote_layer_setup *setup, size_t index,
                                                 unsigned phases) MOTE_MUST_CHECK;
MOTE_API mote_status mote_layer_setup_need_output(mote_layer_setup *setup,
                                                  unsigned phases) MOTE_MUST_CHECK;

/// Memory that one tensor may take over from another: each element must be read before anything is written in its
/// place, as where y[i] is a function of x[i].
#define MOTE_LAYER_OUTPUT_OVER_INPUT                 1U // the output over input 0
#define MOTE_LAYER_DERIVATIVE_OVER_OUTPUT_DERIVATIVE 2U // that of input 0 over that of the output
#define MOTE_LAYER_DERIVATIVE_OVER_INPUT             4U // that of input 0 over input 0
MOTE_API mote_status mote_layer_setup_overwrite(mote_layer_setup *setup,
                                                unsigned overwrites) MOTE_MUST_CHECK;

/// out[i * row_step + j] = sum over k of left(i, k) * right(j, k) + bias[j], i < rows, j < columns, k < depth.
typedef struct mote_custom_product {
    size_t rows, columns, depth;
    /// A sum over the batch, as a gradient is: the terms that a sample has, depth = samples * sample_depth; 0: it is not.
    size_t sample_depth;
    const float *left; // left(i, k) = left[i * left_row_step + k * left_depth_step], right alike
    size_t left_row_step, left_depth_step;
    const float *right;
    size_t right_column_step, right_depth_step;
    const float *bias; // one a column, or NULL
    float *out;        // nothing of left, right and bias
    size_t row_step;
} mote_custom_product;

/// Plans the scratch of a product in these phases: its extents with the batch of mote_layer_setup_batch; pointers do
/// not count. Products of no more rows, columns and depth and the same sample_depth then have enough. Several
/// products of a phase share it.
MOTE_API mote_status mote_layer_setup_product(mote_layer_setup *setup, unsigned phases,
                                              const mote_custom_product *product) MOTE_MUST_CHECK;

/// Refuses: the message is "layer '<name>': ..."; gives `status` for setup to return (MOTE_ERROR_ARGUMENT in place of one
/// that is no error).
MOTE_API mote_status mote_layer_setup_refuse(mote_layer_setup *setup, mote_status status,
                                             const char *format, ...)
    MOTE_PRINTF(3, 4) MOTE_MUST_CHECK;

// What computing callbacks see. Pointers are to the first sample, samples dense one after the other; NULL is what the
// phase does not have or setup did not declare for it, and an index without a declaration.

/// Samples in this step: 1 to the planned batch. What lies behind them is neither read nor written.
MOTE_API size_t mote_layer_run_batch(const mote_layer_run *run);

/// False in evaluation and inference.
MOTE_API bool mote_layer_run_is_training(const mote_layer_run *run);

MOTE_API const float *mote_layer_run_input(const mote_layer_run *run, size_t index);

/// Forward writes it, later phases may read it.
MOTE_API float *mote_layer_run_output(const mote_layer_run *run);

MOTE_API const float *mote_layer_run_weight(const mote_layer_run *run, size_t index);
MOTE_API float *mote_layer_run_temporary(const mote_layer_run *run, size_t index);

/// Forward reads it, update may write it.
MOTE_API float *mote_layer_run_statistic(const mote_layer_run *run, size_t index);

/// calc_gradient and calc_derivative: what comes from behind, and where their results go. A derivative that nobody
/// wants is NULL. Results are stored whole, not added.
MOTE_API const float *mote_layer_run_output_derivative(const mote_layer_run *run);
MOTE_API float *mote_layer_run_gradient(const mote_layer_run *run, size_t index);
MOTE_API float *mote_layer_run_input_derivative(const mote_layer_run *run, size_t index);

/// Random words [first, first + count) of this layer and step: the same in each phase of the step, by whatever thread.
/// Let a word's number be that of an element in the batch.
MOTE_API void mote_layer_run_random(const mote_layer_run *run, uint64_t first, size_t count,
                                    uint32_t *words);

/// Fails a step: the message is "<phase> <layer>: ..."; gives `status` for the callback to return (MOTE_ERROR_ARGUMENT in
/// place of one that is no error). Training ends with it. Weights change behind forward only, so that a failure there
/// leaves them as they were; the message of one in a later phase says whether a part of the step was applied.
///
/// Like all functions from here to mote_layer_run_parallel it is for the callback itself, not for its tasks.
MOTE_API mote_status mote_layer_run_refuse(const mote_layer_run *run, mote_status status,
                                           const char *format, ...)
    MOTE_PRINTF(3, 4) MOTE_MUST_CHECK;

// Arithmetic on all threads of the context. MOTE_ERROR_ARGUMENT, with the phase and the layer, for a NULL and a product
// that setup did not declare.

MOTE_API mote_status mote_layer_run_product(const mote_layer_run *run,
                                            const mote_custom_product *product) MOTE_MUST_CHECK;

/// y = a + b, y = a * b, y = x * factor; y may be an argument.
MOTE_API mote_status mote_layer_run_add(const mote_layer_run *run, size_t count, const float *a,
                                        const float *b, float *y) MOTE_MUST_CHECK;
MOTE_API mote_status mote_layer_run_multiply(const mote_layer_run *run, size_t count,
                                             const float *a, const float *b,
                                             float *y) MOTE_MUST_CHECK;
MOTE_API mote_status mote_layer_run_scale(const mote_layer_run *run, size_t count, float factor,
                                          const float *x, float *y) MOTE_MUST_CHECK;

/// sums[j], j < columns: the sum over the batch of the column of x[batch][rows][columns], in the order of gradients.
MOTE_API mote_status mote_layer_run_sum_batch(const mote_layer_run *run, size_t rows,
                                              size_t columns, const float *x,
                                              float *sums) MOTE_MUST_CHECK;

/// A part of a loop: [first, first + count).
typedef void mote_custom_task(void *argument, size_t first, size_t count);

/// A loop over `count` things, each of about `work` floats, cut into parts for the threads. The parts run at the same
/// time in any order and must not depend on each other nor on where they are cut.
MOTE_API mote_status mote_layer_run_parallel(const mote_layer_run *run, size_t count, size_t work,
                                             mote_custom_task *task,
                                             void *argument) MOTE_MUST_CHECK;

// Sums of one array by the calling thread, in mote's order (docs/ARCHITECTURE.md, rule (c)); also for use in tasks.

MOTE_API float mote_layer_run_sum(const mote_layer_run *run, size_t count, const float *x);
MOTE_API float mote_layer_run_sum_products(const mote_layer_run *run, size_t count, const float *a,
                                           const float *b);

#ifdef __cplusplus
}
#endif

#endif
