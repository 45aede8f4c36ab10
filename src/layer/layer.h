// SPDX-License-Identifier: Apache-2.0
// The layer contract. A layer is one const descriptor in one file and one row in layers.def.
//
// `setup` sees shapes and declares what the layer makes and needs; lifetimes, aliases and steps
// come from these declarations alone. The computing callbacks get pointers and numbers: they
// allocate nothing and keep nothing.
#ifndef MOTE_LAYER_LAYER_H
#define MOTE_LAYER_LAYER_H

#include "base/arena.h"
#include "base/property.h"
#include "base/random.h"
#include "base/training.h"
#include "kernel/effort.h"
#include "kernel/kernel.h"
#include "mote/layer.h"
#include "mote/loss.h"
#include "tensor/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Phases of a node are bits, see the public header; one more is internal: output 0 is made again in backward.
#define MOTE_PHASE_RECOMPUTE 16U
#define MOTE_PHASE_COUNT     5U
#define MOTE_PHASE_BACKWARD  (MOTE_PHASE_GRADIENT | MOTE_PHASE_DERIVATIVE)

/// The names of mote_initializer, NULL-terminated: choices of properties like weight_initializer.
extern const char *const mote_initializer_names[];

/// A weight or running statistic. Its tensor is named "<node>.<name>" in files.
typedef struct mote_weight_declaration {
    const char *name; // "weight", "bias", "running_mean"
    mote_tensor_spec spec;
    mote_initializer initializer;
    size_t fan_in, fan_out; // for xavier and he
    unsigned needs;         // phases besides FORWARD that read it; of statistics also UPDATE
    /// Most rows (indices of dimension 0) in which a gradient has anything but +0, when these are few: then
    /// calc_gradient may be asked for these rows alone. 0: it is always asked for all.
    size_t gradient_rows;
} mote_weight_declaration;

/// Memory a layer keeps between phases of one step.
typedef struct mote_temporary_declaration {
    mote_tensor_spec spec;
    unsigned phases;    // where it is written or read; its life spans them
    bool forward_reads; // it is there in every program; otherwise only where a later phase reads it
} mote_temporary_declaration;

/// The values that elements of an integer input may have; the executor refuses others.
typedef struct mote_integer_range {
    int32_t first, last; // both included
} mote_integer_range;

/// What setup declared.
typedef struct mote_declaration {
    mote_arena *arena;
    size_t output_count, weight_count, statistic_count, temporary_count;
    size_t output_capacity, weight_capacity, statistic_capacity, temporary_capacity;
    mote_tensor_spec *outputs;
    mote_weight_declaration *weights;
    mote_weight_declaration *statistics;
    mote_temporary_declaration *temporaries;
    size_t scratch_bytes[MOTE_PHASE_COUNT]; // by bit number of the phase
    double multiply_adds[MOTE_PHASE_COUNT]; // of a sample, by the same
    mote_effort efforts[MOTE_PHASE_COUNT];  // of a batch, by the same
    unsigned *input_needs;                  // by input: GRADIENT, DERIVATIVE phases that read it
    mote_integer_range *input_ranges;       // by input; of I32 inputs only
    unsigned output_needs;                  // phases besides FORWARD that read output 0

    /// Backward may be asked for slices of weight 0's input dimension, which has so many indices; 0: for the whole alone.
    /// Then a slice of the gradient has the weight's shape but for that dimension; the first has the other weights'
    /// gradients, too. A slice of the derivative is what the input's same indices need; it reads neither input.
    size_t cut_extent;

    /// Forward may be asked for such slices, too, ascending, that begin at whole multiples of so many indices; 0: it may not.
    /// The first writes the outputs, the others add to them. Of weight 0 any phase is then given all, or the slice alone.
    size_t forward_cut;

    /// Phases that may be asked for a band, some of the channels (dimension 0) of input 0, of output 0 and of their
    /// derivatives: what they make of these depends on no other. Where FORWARD is not among them, GRADIENT reads all
    /// of the output's derivative, and makes the gradients of these channels, dimension 1 of weight 0. Each of these
    /// tensors may then have all channels or those of the band alone; a gradient has all.
    unsigned band_phases;

    /// Phases that may be asked for some samples after the others, ascending: what they make of these depends on no
    /// other. Sums over the batch, gradients and metrics, go on from what the samples before have made. All of inputs,
    /// outputs, their derivatives and temporaries is batched then, but for metrics and what a phase needs for itself.
    unsigned sample_phases;
    size_t
        sample_group; // samples of a group of such sums, which GRADIENT and losses get whole; 0: there are none

    // Which bytes may or must be the same. With three or more inputs the graph must not allow
    // output_over_input where another input has the bytes of input 0.
    bool output_over_input;                 // output 0 may be written over input 0
    bool derivative_over_output_derivative; // input derivative 0 over output derivative 0
    bool derivative_over_input;             // input derivative 0 over input 0
    bool
        recomputes; // `recompute` may be called: input 0 and temporaries are all it reads beside weights
    bool repeats; // `forward` may be called once more, by the same rule, and is all but cheap
    bool view;    // outputs are input 0; no forward step
    bool derivative_view; // input derivatives are output derivative 0; no derivative step
} mote_declaration;

/// What setup sees, and where it declares.
typedef struct mote_setup {
    const char *layer_name; // for messages
    size_t input_count;
    const mote_tensor_spec *inputs;
    size_t label_port; // losses: index of the input that is the label; otherwise SIZE_MAX
    size_t batch;      // most samples in a step
    size_t thread_count;
    bool trainable; // false: frozen, in every program
    mote_declaration *declaration;
    const struct mote_layer *layer; // whose setup it is
    mote_status raised; // of layers from outside: the first failure of a call that they made
} mote_setup;

/// What a computing callback gets. Tensors that the phase does not have are NULL (data); those of inputs and
/// outputs still have their spec. Samples from `batch` on are neither read nor written.
struct mote_layer_run {
    const mote_kernels *kernels;
    const mote_parallel *parallel;
    void *scratch;
    size_t batch; // samples in this run, at most the planned batch
    size_t
        first_sample; // of the run in the step's batch; tensors begin with it. More than 0: sums go on
    size_t samples_left; // of the step's batch, behind those of this run
    mote_slice
        slice; // of backward and forward, where the declaration has a cut_extent; of a band; count 0: whole
    bool training;         // false in evaluation and inference
    mote_real loss_weight; // losses: factor of their derivatives, not of their metrics
    mote_random_key random;
    const mote_tensor *inputs;
    const mote_tensor *outputs;
    const mote_tensor *input_derivatives;  // data NULL: not wanted
    const mote_tensor *output_derivatives; // of several, data NULL: nobody reads the output, zero
    const mote_tensor *weights;
    const mote_tensor *gradients;
    const mote_tensor *gradient_rows; // by weight, see mote_layer_gradient_rows; NULL: of none
    const mote_tensor *statistics;
    const mote_tensor *temporaries; // data NULL where no phase of this program reads it

    // for layers from outside, which are not trusted to know what they declared
    const struct mote_layer *layer;
    const mote_declaration *declaration;
    size_t input_count;
    size_t scratch_bytes;
    const char *step;    // "forward gate1"
    mote_status *raised; // how the callback ended; mote's own layers cannot fail
};

/// Samples of the step, of which the run may have some.
static inline size_t mote_layer_step_batch(const mote_layer_run *run)
{
    return run->first_sample + run->batch + run->samples_left;
}

/// The list of rows that the gradient of weight `index` holds, to be written before it: their number, then the rows
/// ascending; the gradient has these one after the other. NULL: the gradient holds all rows.
static inline int32_t *mote_layer_gradient_rows(const mote_layer_run *run, size_t index)
{
    return run->gradient_rows ? (int32_t *)run->gradient_rows[index].data : NULL;
}

/// The channels of a tensor that a run is asked for; those of the next sample lie `step` elements further.
typedef struct mote_channels {
    mote_real *data;
    size_t step;
} mote_channels;

/// In a tensor of inputs, outputs or their derivatives of a layer with band_phases.
static inline mote_channels mote_layer_channels(const mote_layer_run *run,
                                                const mote_tensor *tensor)
{
    mote_channels found = {(mote_real *)tensor->data, 0};
    if (!found.data)
        return found;
    const mote_shape *shape = &tensor->spec->shape;
    found.step = mote_shape_elements(shape);
    if (shape->dims[0] != run->slice.count) // it has all channels
        found.data += run->slice.first * (found.step / shape->dims[0]);
    return found;
}

typedef void mote_layer_callback(const mote_layer_run *run, const void *state);

typedef enum mote_layer_kind {
    MOTE_LAYER_COMPUTE,
    MOTE_LAYER_INPUT, // setup sees no inputs; run: input 0 is the source's block, as output 0
    MOTE_LAYER_LOSS,  // last input is the label; output 0 holds MOTE_LOSS_ELEMENTS metrics
} mote_layer_kind;

/// What only training calls (all of a loss, otherwise backward and update) stands in MOTE_TRAINING_ONLY.
typedef struct mote_layer {
    const char *name;    // `type` in model files
    const char *summary; // one line
    mote_layer_kind kind;
    bool internal;                   // made by realizers only; not a type in model files
    bool several_outputs;            // readers name them; no activation or flatten behind it
    const mote_property *properties; // ends with a row whose name is NULL; NULL: none
    size_t state_bytes;              // plain data, no pointers; at least 1
    const void *family; // what layers that share callbacks differ in; NULL: they share none
    size_t input_minimum, input_maximum; // connected layers; of losses with the label
    /// Losses: the activation that the loss applies itself, or NULL. It stands in the loss's place in
    /// inference, and `loss = cross` replaces it by this loss.
    const char *inference;
    /// Losses: what the label must be, from inputs[0] alone; called before setup. Others: NULL.
    mote_status (*label)(const mote_setup *setup, const void *state, mote_tensor_spec *spec);
    const char *tied; // another type of layer that may share its weights, or NULL
    /// Functions of each element of one input, by a state whose properties are set: whether a larger element has no
    /// smaller value, and different ones have the same only where the derivative is 0. NULL: no.
    bool (*rises)(const void *state);
    /// Layers of one input: whether the outputs are largest elements of parts of it, of equal ones the first, and
    /// backward reads neither. Then a function that rises may be applied behind them, to the same bits. NULL: no.
    bool (*selects)(const void *state);
    mote_status (*setup)(mote_setup *setup, void *state);
    mote_layer_callback *forward; // NULL, or not called, where the declaration says view
    /// Gradients of the weights and derivatives of the inputs: whole, stored, in either order.
    mote_layer_callback *calc_gradient;   // NULL: no weights
    mote_layer_callback *calc_derivative; // NULL: derivative_view or none
    mote_layer_callback *update;          // running statistics; NULL: none
    /// Output 0 once more, to the same bits, at little cost: so that it need not be kept from forward to backward.
    /// Layers of one input; NULL, or not called, unless the declaration says recomputes.
    mote_layer_callback *recompute;
} mote_layer;

/// Metrics of a batch, as written by a loss's forward: elements of output 0 (mote_real).
enum {
    MOTE_LOSS_MEAN,    // mean over samples (and rows or elements, as the loss defines it)
    MOTE_LOSS_CORRECT, // samples classified right (a share, where they have rows); -1: no meaning
    MOTE_LOSS_ELEMENTS,
};

/// Makes an empty declaration for a setup with `input_count` inputs; the arrays live in `arena`.
mote_status mote_declaration_init(mote_declaration *declaration, mote_arena *arena,
                                  size_t input_count) MOTE_MUST_CHECK;

// Declarations. Each returns a status because memory can run out.

/// The next output: one `shape` a sample, elements of MOTE_DTYPE_REAL.
mote_status mote_setup_output(mote_setup *setup, const mote_shape *shape) MOTE_MUST_CHECK;

/// The next output, of any kind: integers, or one tensor for all samples (not batched).
mote_status mote_setup_output_spec(mote_setup *setup, const mote_tensor_spec *spec) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_SHAPE unless input 0 has 3 dimensions; its elements may be of any kind.
mote_status mote_setup_check_view(const mote_setup *setup) MOTE_MUST_CHECK;

/// The same, and declares a view: output 0 is input 0 in another shape of as many elements.
mote_status mote_setup_view(mote_setup *setup, const mote_shape *shape) MOTE_MUST_CHECK;

/// The shape that a property of 1, 3 or 4 numbers stands for: a width, or channels:height:width, with or
/// without a batch, which does not count. Raises MOTE_ERROR_PROPERTY for 2.
mote_status mote_setup_read_shape(const mote_setup *setup, const char *property,
                                  const mote_property_integers *numbers,
                                  mote_shape *shape) MOTE_MUST_CHECK;

/// Output 0 of a loss: MOTE_LOSS_ELEMENTS metrics of the batch.
mote_status mote_setup_metrics(mote_setup *setup) MOTE_MUST_CHECK;

mote_status mote_setup_weight(mote_setup *setup,
                              const mote_weight_declaration *weight) MOTE_MUST_CHECK;

mote_status mote_setup_statistic(mote_setup *setup,
                                 const mote_weight_declaration *statistic) MOTE_MUST_CHECK;

mote_status mote_setup_temporary(mote_setup *setup, const mote_tensor_spec *spec,
                                 unsigned phases) MOTE_MUST_CHECK;

/// A temporary that forward reads, too: also programs without backward have it.
mote_status mote_setup_workspace(mote_setup *setup, const mote_tensor_spec *spec,
                                 unsigned phases) MOTE_MUST_CHECK;

/// Scratch of a phase; the largest request counts.
void mote_setup_scratch(mote_setup *setup, unsigned phases, size_t bytes);

/// Each of these phases has so many multiply-adds in products for a sample, besides those declared before, as the
/// layer's formula counts them: with taps in the padding, without what a way of computing does twice. In real
/// numbers, since this is for profiles alone.
void mote_setup_work(mote_setup *setup, unsigned phases, double multiply_adds);

/// Forward may be run once more to make output 0 again: it reads input 0 and weights alone, keeps no temporaries, and its
/// scratch, work, effort and whether it takes some samples are declared.
void mote_setup_repeats(mote_setup *setup);

/// What was declared for one phase.
double mote_declaration_work(const mote_declaration *declaration, unsigned phase);

/// Each of these phases asks so much of a class of kernels for a whole batch, besides what was declared before: more than
/// going over its tensors once, by which predictions of time go anyway.
void mote_setup_effort(mote_setup *setup, unsigned phases, mote_effort_class effort_class,
                       double amount);

/// The same of `count` such products.
void mote_setup_products(mote_setup *setup, unsigned phases, const mote_product *product,
                         double count);

/// What was declared for one phase; of all others, nothing.
mote_effort mote_declaration_effort(const mote_declaration *declaration, unsigned phase);

/// Input `index` is read in these backward phases.
void mote_setup_need_input(mote_setup *setup, size_t index, unsigned phases);

/// Output 0 is read in these backward phases.
void mote_setup_need_output(mote_setup *setup, unsigned phases);

/// Raises MOTE_ERROR_SHAPE unless input `index` has `rank` dimensions and MOTE_DTYPE_REAL elements, one
/// tensor a sample.
mote_status mote_setup_check_rank(const mote_setup *setup, size_t index,
                                  uint32_t rank) MOTE_MUST_CHECK;

/// The same, but one tensor for all samples is fine, too. Its derivative is a sum over the batch, in the
/// order of gradients.
mote_status mote_setup_check_shared_rank(const mote_setup *setup, size_t index,
                                         uint32_t rank) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_SHAPE unless input `index` has `rank` dimensions and MOTE_DTYPE_I32 elements, one
/// tensor a sample; declares which values they may have. Integers have no derivative.
mote_status mote_setup_check_integers(const mote_setup *setup, size_t index, uint32_t rank,
                                      mote_integer_range range) MOTE_MUST_CHECK;

/// Elements [first, first + count) of a weight.
typedef struct mote_initial_part {
    size_t first, count;
    mote_real *values;
} mote_initial_part;

/// Initial values of a part of a weight: keyed by (seed, "<node>.<weight>").
void mote_initialize(const mote_weight_declaration *weight, const char *tensor_name, uint64_t seed,
                     const mote_initial_part *part);

// Layers and losses that a program brings: a descriptor as mote's own have, whose callbacks find the program's through
// it. Raises MOTE_ERROR_ARGUMENT for what can be known without other layers; `taken` are keys that every section has.
// The result lives in `arena`; what the program's struct points to is borrowed.
mote_status mote_custom_make_layer(const mote_custom_layer *custom, const mote_property *taken,
                                   mote_arena *arena, const mote_layer **layer) MOTE_MUST_CHECK;
mote_status mote_custom_make_loss(const mote_custom_loss *custom, const mote_property *taken,
                                  mote_arena *arena, const mote_layer **layer) MOTE_MUST_CHECK;

/// The layers a context knows.
typedef struct mote_layer_registry {
    const mote_layer *const *layers;
    size_t count;
} mote_layer_registry;

#define LAYER(name) extern const mote_layer mote_layer_##name;
#include "layer/layers.def"
#undef LAYER

/// All rows of layers.def.
const mote_layer_registry *mote_layers_builtin(void);

/// Layer of that name (case ignored; internal ones too), or NULL.
const mote_layer *mote_layer_find(const mote_layer_registry *registry, const char *name);

/// What `name` may have meant, as mote_text_expect, among the layers that are not internal.
const char *mote_layer_expect(const mote_layer_registry *registry, const char *name, char *text,
                              size_t bytes);

#endif
