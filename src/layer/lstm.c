// SPDX-License-Identifier: Apache-2.0
// Long short-term memory: Hochreiter and Schmidhuber, Neural Computation 9 (1997), with the forget gate of Gers,
// Schmidhuber and Cummins (2000), as torch.nn.LSTM of one layer computes it, whose two biases are one here. For steps
// t = 1 .. T, with h_0 = c_0 = 0 and weights and biases in the order i, f, g, o:
//
//     i, f, o = sigmoid(W x_t + b + R h_t-1), g = tanh(W x_t + b + R h_t-1)
//     c_t = f c_t-1 + i g, h_t = o tanh(c_t)
//
// W x + b of all steps is one product; R h one a step. A sample that is shorter than T keeps h and c from its own end
// on: its later outputs are the state at its end, and a derivative by them is one by that state.
//
// Backward first goes through time, whoever comes first of gradient and derivative: it turns the stored gates into the
// derivatives by their sums. These of all steps are then one factor of every gradient and of the input's derivative.
// Gradients are sums over samples, in which the steps are a sample's terms; the first step has no state before it and
// is no term of R's gradient.
#include "layer/layer.h"
#include "layer/lstm_products.h"
#include "layer/units.h"
#include "layer/weighted.h"

#include "base/size.h"

#include <string.h>

#define UNIT_MAXIMUM 536870911.0 // four gates of it still fit into 31 bits

/// Rows that the product of the input has at least, where nothing is kept for backward.
#define CHUNK_ROWS 64U

typedef struct lstm_state {
    mote_lstm_sizes sizes;
    bool return_sequences;
    uint32_t recurrent_initializer;
    mote_weighted weighted; // of the input
    bool has_lengths;
    size_t chunk; // steps whose gates are made at once, where nothing is kept
} lstm_state;

enum {
    WEIGHT_INPUT,
    WEIGHT_RECURRENT,
    WEIGHT_BIAS,
};

/// Temporaries. Programs without backward have none of them.
enum {
    GATES_OF_STEPS, // what the gates are; then the derivatives by their sums
    CELLS,
    DERIVED, // by sample: not 0 when its GATES_OF_STEPS are derivatives
    HIDDEN,  // without return_sequences: all h, for the gradient of R
};

static const mote_property properties[] = {
    {
        .name = "unit",
        .kind = MOTE_PROPERTY_INTEGER,
        .minimum = 1,
        .maximum = UNIT_MAXIMUM,
        .offset = offsetof(lstm_state, sizes.unit),
        .help = "number of outputs of a step, and of cells",
    },
    {
        .name = "return_sequences",
        .kind = MOTE_PROPERTY_BOOL,
        .initial = "false",
        .offset = offsetof(lstm_state, return_sequences),
        .help = "true: the outputs of all steps; false: of the last one",
    },
    {
        .name = "recurrent_initializer",
        .kind = MOTE_PROPERTY_CHOICE,
        .initial = "xavier_uniform",
        .choices = mote_initializer_names,
        .offset = offsetof(lstm_state, recurrent_initializer),
        .help = "initial values of weight_hh",
    },
    MOTE_WEIGHTED_PROPERTIES(offsetof(lstm_state, weighted), "xavier_uniform"){0},
};

/// Rows by sample and step.
typedef struct step_rows {
    mote_real *data;
    size_t first_step;
    size_t sample_stride, step_stride;
} step_rows;

static mote_real *get_row(const step_rows *rows, size_t sample, size_t step)
{
    return rows->data + sample * rows->sample_stride +
           (step - rows->first_step) * rows->step_stride;
}

/// Cuts arrays from scratch; NULL measures.
typedef struct cutter {
    unsigned char *scratch;
    size_t bytes;
} cutter;

static void *cut(cutter *knife, size_t count)
{
    void *const array = knife->scratch ? knife->scratch + knife->bytes : NULL;
    knife->bytes += mote_size_align(count * sizeof(mote_real), MOTE_ALIGNMENT);
    return array;
}

/// Scratch of forward. Programs that keep gates and cells have no use for the last two.
typedef struct forward_scratch {
    mote_real *zeros;     // as wide as the gates
    mote_real *recurrent; // R h of one step
    mote_real *cells, *gates;
    void *product;
} forward_scratch;

static size_t cut_forward(const lstm_state *state, size_t batch, void *scratch,
                          forward_scratch *parts)
{
    const size_t width = mote_lstm_gate_width(&state->sizes);
    cutter knife = {.scratch = scratch};
    parts->zeros = cut(&knife, width);
    parts->recurrent = cut(&knife, batch * width);
    parts->cells = cut(&knife, batch * state->sizes.unit);
    parts->gates = cut(&knife, batch * state->chunk * width);
    parts->product = cut(&knife, 0);
    return knife.bytes;
}

/// Scratch of backward.
typedef struct backward_scratch {
    mote_real *zeros;
    mote_real *flow;             // derivative by h of a step, from the step behind it
    mote_real *cell_derivatives; // of a step
    mote_real *kept;             // sum of a sample's derivatives by what it kept after its end
    void *product;
} backward_scratch;

static size_t cut_backward(const lstm_state *state, size_t batch, void *scratch,
                           backward_scratch *parts)
{
    const size_t count = batch * state->sizes.unit;
    cutter knife = {.scratch = scratch};
    parts->zeros = cut(&knife, state->sizes.unit);
    parts->flow = cut(&knife, count);
    parts->cell_derivatives = cut(&knife, count);
    parts->kept = cut(&knife, state->has_lengths && state->return_sequences ? count : 0);
    parts->product = cut(&knife, 0);
    return knife.bytes;
}

static size_t max_product_bytes(const mote_setup *setup, const mote_product *products, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes = mote_size_max(bytes, mote_product_scratch_bytes(&products[i], setup->thread_count));
    return bytes;
}

static void declare_scratch(mote_setup *setup, const lstm_state *state)
{
    const size_t batch = setup->batch;
    const mote_product forward[] = {
        mote_lstm_input_product(&state->sizes, batch, state->sizes.steps),
        mote_lstm_recurrent_product(&state->sizes, batch, state->sizes.steps * state->sizes.unit),
    };
    forward_scratch forward_parts;
    mote_setup_scratch(setup, MOTE_PHASE_FORWARD,
                       cut_forward(state, batch, NULL, &forward_parts) +
                           max_product_bytes(setup, forward, 2));

    const bool has_gradient = state->sizes.steps > 1;
    const mote_product backward[] = {
        mote_lstm_flow_product(&state->sizes, batch),
        mote_lstm_derivative_product(&state->sizes, batch),
        mote_lstm_input_gradient_product(&state->sizes, batch),
        has_gradient ? mote_lstm_recurrent_gradient_product(&state->sizes, batch)
                     : (mote_product){0},
    };
    backward_scratch backward_parts;
    mote_setup_scratch(setup, MOTE_PHASE_BACKWARD,
                       cut_backward(state, batch, NULL, &backward_parts) +
                           max_product_bytes(setup, backward, has_gradient ? 4 : 3));
}

static void declare_effort(mote_setup *setup, const lstm_state *state)
{
    const mote_lstm_sizes *const sizes = &state->sizes;
    const size_t batch = setup->batch;
    const double later = (double)(sizes->steps - 1);
    const double gates = (double)batch * (double)sizes->steps * (double)mote_lstm_gate_width(sizes);
    const unsigned first = setup->trainable ? MOTE_PHASE_GRADIENT : MOTE_PHASE_DERIVATIVE;
    const mote_product input = mote_lstm_input_product(sizes, batch, sizes->steps);
    const mote_product recurrent =
        mote_lstm_recurrent_product(sizes, batch, sizes->steps * sizes->unit);
    const mote_product flow = mote_lstm_flow_product(sizes, batch);
    const mote_product derivative = mote_lstm_derivative_product(sizes, batch);
    const mote_product gradient = mote_lstm_input_gradient_product(sizes, batch);
    mote_setup_products(setup, MOTE_PHASE_FORWARD, &input, 1.0);
    mote_setup_products(setup, MOTE_PHASE_FORWARD, &recurrent, later);
    mote_setup_products(setup, first, &flow, later);
    mote_setup_products(setup, MOTE_PHASE_DERIVATIVE, &derivative, 1.0);
    mote_setup_products(setup, MOTE_PHASE_GRADIENT, &gradient, 1.0);
    mote_setup_effort(setup, MOTE_PHASE_FORWARD | first, MOTE_EFFORT_FUNCTION, gates);
    if (sizes->steps == 1)
        return;
    const mote_product recurrent_gradient = mote_lstm_recurrent_gradient_product(sizes, batch);
    mote_setup_products(setup, MOTE_PHASE_GRADIENT, &recurrent_gradient, 1.0);
}

/// The derivatives by the gates' sums are made by the first backward phase there is.
static void declare_work(mote_setup *setup, const lstm_state *state)
{
    const mote_lstm_sizes *const sizes = &state->sizes;
    const double width = (double)mote_lstm_gate_width(sizes);
    const double input = width * (double)sizes->features * (double)sizes->steps;
    const double recurrent = width * (double)sizes->unit * (double)(sizes->steps - 1);
    mote_setup_work(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD, input);
    mote_setup_work(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_GRADIENT, recurrent);
    mote_setup_work(setup, setup->trainable ? MOTE_PHASE_GRADIENT : MOTE_PHASE_DERIVATIVE,
                    recurrent);
}

static mote_status declare_temporaries(mote_setup *setup, const lstm_state *state)
{
    const unsigned phases = MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD;
    mote_tensor_spec spec = {
        MOTE_DTYPE_REAL,
        true,
        {.rank = 2, .dims = {state->sizes.steps, mote_lstm_gate_width(&state->sizes)}}};
    MOTE_TRY(mote_setup_temporary(setup, &spec, phases));
    spec.shape.dims[1] = state->sizes.unit;
    MOTE_TRY(mote_setup_temporary(setup, &spec, phases));
    const mote_tensor_spec flag = {MOTE_DTYPE_U8, true, {.rank = 1, .dims = {1}}};
    MOTE_TRY(mote_setup_temporary(setup, &flag, phases));
    if (state->return_sequences)
        return MOTE_OK;
    return mote_setup_temporary(setup, &spec, MOTE_PHASE_FORWARD | MOTE_PHASE_GRADIENT);
}

static mote_status declare_weights(mote_setup *setup, const lstm_state *state)
{
    const size_t width = mote_lstm_gate_width(&state->sizes);
    mote_weight_declaration weight = {
        .name = "weight_ih",
        .spec = {MOTE_DTYPE_REAL, false, {.rank = 2, .dims = {width, state->sizes.features}}},
        .initializer = (mote_initializer)state->weighted.weight_initializer,
        .fan_in = state->sizes.features,
        .fan_out = width,
        .needs = MOTE_PHASE_DERIVATIVE,
    };
    MOTE_TRY(mote_setup_weight(setup, &weight));
    weight.name = "weight_hh";
    weight.spec.shape.dims[1] = state->sizes.unit;
    weight.initializer = (mote_initializer)state->recurrent_initializer;
    weight.fan_in = state->sizes.unit;
    weight.needs = state->sizes.steps > 1 ? MOTE_PHASE_BACKWARD : 0;
    MOTE_TRY(mote_setup_weight(setup, &weight));
    if (state->weighted.disable_bias)
        return MOTE_OK;
    const mote_weight_declaration bias = {
        .name = "bias",
        .spec = {MOTE_DTYPE_REAL, false, {.rank = 1, .dims = {width}}},
        .initializer = (mote_initializer)state->weighted.bias_initializer,
        .fan_in = state->sizes.unit,
        .fan_out = width,
    };
    return mote_setup_weight(setup, &bias);
}

static mote_status check_inputs(mote_setup *setup)
{
    char text[MOTE_SHAPE_TEXT_BYTES];
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    const mote_shape *const input = &setup->inputs[0].shape;
    if (input->dims[0] != 1) {
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': input 0 has shape %s, it takes 1:steps:features",
                          setup->layer_name, mote_shape_text(input, text, sizeof text));
    }
    if (setup->input_count == 1)
        return MOTE_OK;
    const size_t steps = mote_size_min(input->dims[1], INT32_MAX);
    const mote_integer_range range = {.first = 1, .last = (int32_t)steps};
    MOTE_TRY(mote_setup_check_integers(setup, 1, 3, range));
    const mote_shape *const lengths = &setup->inputs[1].shape;
    if (mote_shape_elements(lengths) == 1)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "layer '%s': input 1 has shape %s, it takes 1:1:1, the length of each "
                      "sample's sequence",
                      setup->layer_name, mote_shape_text(lengths, text, sizeof text));
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    lstm_state *const state = layer_state;
    MOTE_TRY(check_inputs(setup));
    const mote_shape *const input = &setup->inputs[0].shape;
    state->has_lengths = setup->input_count > 1;
    state->sizes.steps = input->dims[1];
    state->sizes.features = input->dims[2];
    state->chunk =
        mote_size_min(mote_size_ceil_divide(CHUNK_ROWS, setup->batch), state->sizes.steps);
    const size_t out_steps = state->return_sequences ? state->sizes.steps : 1;
    const mote_shape output = mote_shape_image(1, out_steps, state->sizes.unit);
    MOTE_TRY(mote_setup_output(setup, &output));
    MOTE_TRY(declare_weights(setup, state));
    MOTE_TRY(declare_temporaries(setup, state));
    mote_setup_need_input(setup, 0, MOTE_PHASE_GRADIENT);
    if (state->has_lengths)
        mote_setup_need_input(setup, 1, MOTE_PHASE_BACKWARD);
    if (state->return_sequences && state->sizes.steps > 1)
        mote_setup_need_output(setup, MOTE_PHASE_GRADIENT);
    declare_scratch(setup, state);
    declare_effort(setup, state);
    declare_work(setup, state);
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD;
    setup->declaration->sample_group = mote_lstm_sample_group(&state->sizes);
    return MOTE_OK;
}

/// A run through time.
typedef struct passage {
    const mote_layer_run *run;
    const lstm_state *state;
    const int32_t *lengths; // NULL: all samples have all steps
    size_t step;            // at hand
    step_rows gates, cells, hidden;
    forward_scratch forward;
    backward_scratch backward;
} passage;

static passage make_passage(const mote_layer_run *run, const lstm_state *state)
{
    const size_t width = mote_lstm_gate_width(&state->sizes);
    const size_t steps = state->sizes.steps;
    return (passage){
        .run = run,
        .state = state,
        .lengths = state->has_lengths ? run->inputs[1].data : NULL,
        .gates = {run->temporaries[GATES_OF_STEPS].data, 0, steps * width, width},
        .cells = {run->temporaries[CELLS].data, 0, steps * state->sizes.unit, state->sizes.unit},
        .hidden = {state->return_sequences ? run->outputs[0].data : run->temporaries[HIDDEN].data,
                   0, steps * state->sizes.unit, state->sizes.unit},
    };
}

static size_t get_length(const passage *p, size_t sample)
{
    return p->lengths ? (size_t)p->lengths[sample] : p->state->sizes.steps;
}

/// Calls `task` for parts of the samples.
static void run_samples(passage *p, mote_parallel_task *task)
{
    const size_t elements = p->run->batch * mote_lstm_gate_width(&p->state->sizes);
    const size_t tasks = mote_parallel_task_count(p->run->parallel, elements, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(p->run->parallel, task, p, mote_size_min(tasks, p->run->batch));
}

static void step_sample(const passage *p, size_t sample)
{
    const size_t unit = p->state->sizes.unit;
    const size_t t = p->step;
    mote_real *const hidden = get_row(&p->hidden, sample, t);
    if (t >= get_length(p, sample)) {
        if (p->hidden.step_stride > 0)
            memcpy(hidden, get_row(&p->hidden, sample, t - 1), unit * sizeof *hidden);
        return;
    }
    const mote_lstm lstm = {
        .recurrent = t > 0 ? p->forward.recurrent + sample * mote_lstm_gate_width(&p->state->sizes)
                           : p->forward.zeros,
        .previous = t > 0 ? get_row(&p->cells, sample, t - 1) : p->forward.zeros,
        .gates = get_row(&p->gates, sample, t),
        .cell = get_row(&p->cells, sample, t),
        .hidden = hidden,
    };
    p->run->kernels->lstm(&lstm, unit);
}

static void step_samples(void *argument, size_t task, size_t task_count)
{
    const passage *const p = argument;
    size_t sample = 0;
    const size_t count = mote_parallel_part(p->run->batch, task, task_count, &sample);
    for (const size_t end = sample + count; sample < end; sample++)
        step_sample(p, sample);
}

static void multiply_input(const passage *p, size_t first, size_t count)
{
    const mote_layer_run *const run = p->run;
    const mote_real *const input = run->inputs[0].data;
    mote_product product = mote_lstm_input_product(&p->state->sizes, run->batch, count);
    product.left.data = input + first * p->state->sizes.features;
    product.right.data = run->weights[WEIGHT_INPUT].data;
    product.column_bias = p->state->weighted.disable_bias ? NULL : run->weights[WEIGHT_BIAS].data;
    product.out = p->gates.data;
    run->kernels->product(&product, run->parallel, p->forward.product);
}

static void multiply_hidden(const passage *p)
{
    const mote_layer_run *const run = p->run;
    mote_product product =
        mote_lstm_recurrent_product(&p->state->sizes, run->batch, p->hidden.sample_stride);
    product.left.data = get_row(&p->hidden, 0, p->step - 1);
    product.right.data = run->weights[WEIGHT_RECURRENT].data;
    product.out = p->forward.recurrent;
    run->kernels->product(&product, run->parallel, p->forward.product);
}

/// Steps first .. first+count-1 of all samples.
static void run_chunk(passage *p, size_t first, size_t count)
{
    p->gates.first_step = first;
    p->gates.sample_stride = count * p->gates.step_stride;
    multiply_input(p, first, count);
    for (p->step = first; p->step < first + count; p->step++) {
        if (p->step > 0)
            multiply_hidden(p);
        run_samples(p, step_samples);
    }
}

static void copy_last(const passage *p)
{
    const size_t unit = p->state->sizes.unit;
    mote_real *const output = p->run->outputs[0].data;
    for (size_t sample = 0; sample < p->run->batch; sample++)
        memcpy(output + sample * unit, get_row(&p->hidden, sample, p->state->sizes.steps - 1),
               unit * sizeof *output);
}

/// What is not kept has one place a sample, for the step at hand.
static size_t choose_places(passage *p)
{
    const lstm_state *const state = p->state;
    const size_t unit = state->sizes.unit;
    if (!p->hidden.data)
        p->hidden = (step_rows){p->run->outputs[0].data, 0, unit, 0};
    if (p->gates.data)
        return state->sizes.steps;
    p->gates.data = p->forward.gates;
    p->cells = (step_rows){p->forward.cells, 0, unit, 0};
    return state->chunk;
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const lstm_state *const state = layer_state;
    passage p = make_passage(run, state);
    (void)cut_forward(state, run->batch, run->scratch, &p.forward);
    memset(p.forward.zeros, 0, mote_lstm_gate_width(&state->sizes) * sizeof(mote_real));
    const size_t chunk = choose_places(&p);
    for (size_t first = 0; first < state->sizes.steps; first += chunk)
        run_chunk(&p, first, mote_size_min(state->sizes.steps - first, chunk));
    if (p.hidden.data != run->outputs[0].data)
        copy_last(&p);
    if (run->temporaries[DERIVED].data)
        memset(run->temporaries[DERIVED].data, 0, run->batch);
}

/// The derivative by a sample's h at a step, as two addends: from the outputs and from the steps behind.
static void find_addends(const passage *p, size_t sample, mote_lstm_derivative *lstm)
{
    const size_t unit = p->state->sizes.unit;
    const bool is_last = p->step + 1 == get_length(p, sample);
    const mote_real *const dy = p->run->output_derivatives[0].data;
    const size_t place = sample * unit;
    lstm->flow = is_last ? p->backward.zeros : p->backward.flow + place;
    if (!p->state->return_sequences) {
        lstm->dy = is_last ? dy + place : p->backward.zeros;
        return;
    }
    lstm->dy = dy + (sample * p->state->sizes.steps + p->step) * unit;
    if (is_last && p->lengths)
        lstm->flow = p->backward.kept + place;
}

/// A step that a sample does not have.
static void pass_sample(const passage *p, size_t sample)
{
    const size_t unit = p->state->sizes.unit;
    memset(get_row(&p->gates, sample, p->step), 0,
           mote_lstm_gate_width(&p->state->sizes) * sizeof(mote_real));
    if (!p->state->return_sequences)
        return;
    const mote_real *const dy = p->run->output_derivatives[0].data;
    mote_real *const kept = p->backward.kept + sample * unit;
    p->run->kernels->add(unit, kept, dy + (sample * p->state->sizes.steps + p->step) * unit, kept);
}

static void derive_sample(const passage *p, size_t sample)
{
    const size_t unit = p->state->sizes.unit;
    if (p->step >= get_length(p, sample)) {
        pass_sample(p, sample);
        return;
    }
    mote_lstm_derivative lstm = {
        .previous = p->step > 0 ? get_row(&p->cells, sample, p->step - 1) : p->backward.zeros,
        .cell = get_row(&p->cells, sample, p->step),
        .cell_derivative = p->backward.cell_derivatives + sample * unit,
        .gates = get_row(&p->gates, sample, p->step),
    };
    find_addends(p, sample, &lstm);
    p->run->kernels->lstm_derivative(&lstm, unit);
}

static void derive_samples(void *argument, size_t task, size_t task_count)
{
    const passage *const p = argument;
    size_t sample = 0;
    const size_t count = mote_parallel_part(p->run->batch, task, task_count, &sample);
    for (const size_t end = sample + count; sample < end; sample++)
        derive_sample(p, sample);
}

static void multiply_flow(const passage *p)
{
    const mote_layer_run *const run = p->run;
    mote_product product = mote_lstm_flow_product(&p->state->sizes, run->batch);
    product.left.data = get_row(&p->gates, 0, p->step);
    product.right.data = run->weights[WEIGHT_RECURRENT].data;
    product.out = p->backward.flow;
    run->kernels->product(&product, run->parallel, p->backward.product);
}

/// Makes the derivatives by the gates' sums, unless the other backward phase has.
static void derive_gates(passage *p)
{
    unsigned char *const derived = p->run->temporaries[DERIVED].data;
    if (*derived)
        return;
    const lstm_state *const state = p->state;
    const size_t bytes = p->run->batch * state->sizes.unit * sizeof(mote_real);
    memset(p->backward.zeros, 0, state->sizes.unit * sizeof(mote_real));
    memset(p->backward.cell_derivatives, 0, bytes);
    if (state->has_lengths && state->return_sequences)
        memset(p->backward.kept, 0, bytes);
    p->step = state->sizes.steps;
    while (p->step-- > 0) {
        run_samples(p, derive_samples);
        if (p->step > 0)
            multiply_flow(p);
    }
    memset(derived, 1, p->run->batch);
}

static passage start_backward(const mote_layer_run *run, const lstm_state *state)
{
    passage p = make_passage(run, state);
    (void)cut_backward(state, run->batch, run->scratch, &p.backward);
    derive_gates(&p);
    return p;
}

static void make_recurrent_gradient(const passage *p)
{
    const mote_layer_run *const run = p->run;
    mote_real *const gradient = run->gradients[WEIGHT_RECURRENT].data;
    if (p->state->sizes.steps == 1) {
        memset(gradient, 0,
               mote_lstm_gate_width(&p->state->sizes) * p->state->sizes.unit * sizeof *gradient);
        return;
    }
    mote_product product = mote_lstm_recurrent_gradient_product(&p->state->sizes, run->batch);
    product.goes_on = run->first_sample > 0;
    product.left.data = get_row(&p->gates, 0, 1);
    product.right.data = p->hidden.data;
    product.out = gradient;
    run->kernels->product(&product, run->parallel, p->backward.product);
}

static void sum_gates(void *argument, const mote_units *block)
{
    const passage *const p = argument;
    mote_real *const gradient = p->run->gradients[WEIGHT_BIAS].data;
    mote_columns_sum(block, p->gates.data + block->first, gradient + block->first);
}

static void calc_gradient(const mote_layer_run *run, const void *layer_state)
{
    const lstm_state *const state = layer_state;
    passage p = start_backward(run, state);
    mote_product product = mote_lstm_input_gradient_product(&state->sizes, run->batch);
    product.goes_on = run->first_sample > 0;
    product.left.data = p.gates.data;
    product.right.data = run->inputs[0].data;
    product.out = run->gradients[WEIGHT_INPUT].data;
    run->kernels->product(&product, run->parallel, p.backward.product);
    make_recurrent_gradient(&p);
    if (state->weighted.disable_bias)
        return;
    const mote_units units = {
        .kernels = run->kernels,
        .samples = run->batch,
        .units = mote_lstm_gate_width(&state->sizes),
        .plane = state->sizes.steps,
        .first_sample = run->first_sample,
    };
    mote_units_run(run->parallel, &units, sum_gates, &p);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const lstm_state *const state = layer_state;
    const passage p = start_backward(run, state);
    mote_product product = mote_lstm_derivative_product(&state->sizes, run->batch);
    product.left.data = p.gates.data;
    product.right.data = run->weights[WEIGHT_INPUT].data;
    product.out = run->input_derivatives[0].data;
    run->kernels->product(&product, run->parallel, p.backward.product);
}

const mote_layer mote_layer_lstm = {
    .name = "lstm",
    .summary = "long short-term memory over the rows of 1:steps:features; input 1: lengths",
    .properties = properties,
    .state_bytes = sizeof(lstm_state),
    .input_minimum = 1,
    .input_maximum = 2,
    .setup = setup,
    .forward = forward,
    .calc_gradient = MOTE_TRAINING_ONLY(calc_gradient),
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
