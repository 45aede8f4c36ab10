// SPDX-License-Identifier: Apache-2.0
// Adds to each row of 1:positions:features something that tells its position: a trained row, or the waves of Vaswani
// et al., "Attention Is All You Need" (arXiv 1706.03762): at position p, features 2i and 2i + 1 are the sine and cosine
// of p * 10000^(-2i / features).
//
// The waves are the same on every machine: they are made in double by multiplications and additions alone. A pair goes
// from one position to the next by the rotation by its frequency, which loses less than 1e-12 in 10000 positions.
#include "layer/layer.h"
#include "layer/units.h"

#include "base/elementary.h"
#include "base/size.h"

#include <string.h>

#define LOG_10000 9.21034037197618273608

typedef struct positional_encoding_state {
    uint32_t encoding;
    uint32_t weight_initializer;
    size_t positions, features;
} positional_encoding_state;

static const char *const encoding_names[] = {"sinusoidal", "learned", NULL};

enum {
    ENCODING_SINUSOIDAL,
    ENCODING_LEARNED
};

static const mote_property properties[] = {
    {
        .name = "encoding",
        .kind = MOTE_PROPERTY_CHOICE,
        .initial = "sinusoidal",
        .choices = encoding_names,
        .offset = offsetof(positional_encoding_state, encoding),
        .help = "what is added: sines and cosines of the position, or a trained row for each",
    },
    {
        .name = "weight_initializer",
        .kind = MOTE_PROPERTY_CHOICE,
        .initial = "xavier_uniform",
        .choices = mote_initializer_names,
        .offset = offsetof(positional_encoding_state, weight_initializer),
        .help = "initial values of what is learned",
    },
    {0},
};

/// Pairs of sine and cosine; the last one of an odd number of features has no cosine.
static size_t get_pairs(const positional_encoding_state *state)
{
    return mote_size_ceil_divide(state->features, 2);
}

/// Scratch: the rows that are added, then four numbers a pair.
static size_t get_table_bytes(const positional_encoding_state *state)
{
    return mote_size_align(state->positions * state->features * sizeof(mote_real), MOTE_ALIGNMENT);
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    positional_encoding_state *const state = layer_state;
    char text[MOTE_SHAPE_TEXT_BYTES];
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    const mote_shape *const input = &setup->inputs[0].shape;
    if (input->dims[0] != 1) {
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': input 0 has shape %s, it takes 1:positions:features",
                          setup->layer_name, mote_shape_text(input, text, sizeof text));
    }
    state->positions = input->dims[1];
    state->features = input->dims[2];
    setup->declaration->output_over_input = true;
    setup->declaration->derivative_view = true;
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_GRADIENT;
    MOTE_TRY(mote_setup_output(setup, input));
    if (state->encoding == ENCODING_SINUSOIDAL) {
        if (state->weight_initializer != MOTE_INITIALIZER_XAVIER_UNIFORM)
            return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                              "layer '%s': encoding = sinusoidal has no weight_initializer",
                              setup->layer_name);
        mote_setup_scratch(setup, MOTE_PHASE_FORWARD,
                           get_table_bytes(state) + 4 * get_pairs(state) * sizeof(double));
        return MOTE_OK;
    }
    const mote_weight_declaration weight = {
        .name = "weight",
        .spec = {MOTE_DTYPE_REAL, false, {.rank = 2, .dims = {state->positions, state->features}}},
        .initializer = (mote_initializer)state->weight_initializer,
        .fan_in = state->features,
        .fan_out = state->positions,
    };
    setup->declaration->sample_group = mote_batch_sample_group(setup->batch, 1);
    return mote_setup_weight(setup, &weight);
}

/// The waves at one position, and the rotations to the next; an array each.
typedef struct waves {
    size_t pairs;
    double *sine, *cosine;
    double *turn_sine, *turn_cosine;
} waves;

static waves start_waves(const positional_encoding_state *state, void *memory)
{
    const size_t pairs = get_pairs(state);
    double *const numbers = memory;
    const waves w = {pairs, numbers, numbers + pairs, numbers + 2 * pairs, numbers + 3 * pairs};
    const double decay = mote_exponential(-2.0 * LOG_10000 / (double)state->features);
    double frequency = 1.0;
    for (size_t i = 0; i < pairs; i++) {
        w.sine[i] = 0.0;
        w.cosine[i] = 1.0;
        w.turn_sine[i] = mote_sine(frequency);
        w.turn_cosine[i] = mote_cosine(frequency);
        frequency *= decay;
    }
    return w;
}

static void turn_waves(const waves *w)
{
    for (size_t i = 0; i < w->pairs; i++) {
        const double sine = w->sine[i] * w->turn_cosine[i] + w->cosine[i] * w->turn_sine[i];
        const double cosine = w->cosine[i] * w->turn_cosine[i] - w->sine[i] * w->turn_sine[i];
        w->sine[i] = sine;
        w->cosine[i] = cosine;
    }
}

static void fill_table(const positional_encoding_state *state, const waves *w, mote_real *table)
{
    for (size_t position = 0; position < state->positions; position++) {
        mote_real *const row = table + position * state->features;
        for (size_t i = 0; i < state->features / 2; i++) {
            row[2 * i] = (mote_real)w->sine[i];
            row[2 * i + 1] = (mote_real)w->cosine[i];
        }
        if (state->features % 2 == 1)
            row[state->features - 1] = (mote_real)w->sine[w->pairs - 1];
        turn_waves(w);
    }
}

/// The same table for all samples.
typedef struct add_call {
    const mote_layer_run *run;
    const mote_real *table;
    size_t elements;
} add_call;

static void add_to_samples(void *argument, size_t task, size_t task_count)
{
    const add_call *const call = argument;
    const mote_real *const x = call->run->inputs[0].data;
    mote_real *const y = call->run->outputs[0].data;
    size_t sample = 0;
    const size_t count = mote_parallel_part(call->run->batch, task, task_count, &sample);
    for (const size_t end = sample + count; sample < end; sample++) {
        const size_t first = sample * call->elements;
        call->run->kernels->add(call->elements, x + first, call->table, y + first);
    }
}

static const mote_real *get_table(const mote_layer_run *run, const positional_encoding_state *state)
{
    if (state->encoding == ENCODING_LEARNED)
        return run->weights[0].data;
    unsigned char *const scratch = run->scratch;
    mote_real *const table = run->scratch;
    const waves w = start_waves(state, scratch + get_table_bytes(state));
    fill_table(state, &w, table);
    return table;
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const positional_encoding_state *const state = layer_state;
    add_call call = {
        .run = run,
        .table = get_table(run, state),
        .elements = state->positions * state->features,
    };
    const size_t tasks =
        mote_parallel_task_count(run->parallel, run->batch * call.elements, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, add_to_samples, &call, mote_size_min(tasks, run->batch));
}

static void sum_block(void *argument, const mote_units *block)
{
    const mote_layer_run *const run = argument;
    mote_real *const gradient = run->gradients[0].data;
    mote_units_sum(block, run->output_derivatives[0].data, gradient + block->first);
}

static void calc_gradient(const mote_layer_run *run, const void *layer_state)
{
    const positional_encoding_state *const state = layer_state;
    if (state->encoding != ENCODING_LEARNED)
        return;
    const mote_units units = {
        .kernels = run->kernels,
        .samples = run->batch,
        .units = state->positions * state->features,
        .plane = 1,
        .first_sample = run->first_sample,
    };
    mote_layer_run argument = *run;
    mote_units_run(run->parallel, &units, sum_block, &argument);
}

const mote_layer mote_layer_positional_encoding = {
    .name = "positional_encoding",
    .summary = "adds to each row of 1:positions:features what tells its position",
    .properties = properties,
    .state_bytes = sizeof(positional_encoding_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_gradient = MOTE_TRAINING_ONLY(calc_gradient),
};
