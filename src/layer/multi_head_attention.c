// SPDX-License-Identifier: Apache-2.0
// Multi-head attention (Vaswani et al., arXiv 1706.03762), as torch.nn.MultiheadAttention computes it: queries, keys and
// values are projections of the inputs, 1:steps:features each; the heads' contexts side by side are projected to the
// output. One input is query, key and value; of two the second is key and value.
//
// Kept for backward: queries, keys, values and contexts. Backward first replaces the first three by their derivatives,
// whoever comes first of gradient and derivative; the rest of both is that of four fully connected layers. Where an
// input has several projections, its derivative is the sum of theirs in the order query, key, value.
#include "layer/attention.h"
#include "layer/layer.h"
#include "layer/linear.h"
#include "layer/units.h"
#include "layer/weighted.h"

#include "base/size.h"

#include <string.h>

#define EXTENT_MAXIMUM 65536.0
#define RATE_MAXIMUM   0.999

/// Rows of an input whose derivatives by one more projection are made at a time.
#define CHUNK_ROWS ((size_t)256)

enum {
    QUERY,
    KEY,
    VALUE,
    OUTPUT,
    PROJECTIONS,
    INPUTS = OUTPUT, // projections of inputs
};

/// Temporaries: the projections of inputs, and
enum {
    CONTEXTS = INPUTS,
    DERIVED, // by sample: not 0 when its queries, keys and values are derivatives
};

typedef struct multi_head_attention_state {
    uint64_t num_heads, projected_key_dim, projected_value_dim, output_shape;
    double dropout_rate;
    bool causal;
    mote_weighted weighted;
    mote_attention attention;
    mote_linear projections[PROJECTIONS];
    size_t sources[INPUTS]; // the input of each projection
    size_t input_count;     // without the lengths
    bool has_lengths;
} multi_head_attention_state;

static const mote_property properties[] = {
    {
        .name = "num_heads",
        .kind = MOTE_PROPERTY_INTEGER,
        .initial = "1",
        .minimum = 1,
        .maximum = EXTENT_MAXIMUM,
        .offset = offsetof(multi_head_attention_state, num_heads),
        .help = "number of heads",
    },
    {
        .name = "projected_key_dim",
        .kind = MOTE_PROPERTY_INTEGER,
        .initial = "0",
        .minimum = 0,
        .maximum = EXTENT_MAXIMUM,
        .offset = offsetof(multi_head_attention_state, projected_key_dim),
        .help = "width of a head's queries and keys; 0: that of the query / num_heads",
    },
    {
        .name = "projected_value_dim",
        .kind = MOTE_PROPERTY_INTEGER,
        .initial = "0",
        .minimum = 0,
        .maximum = EXTENT_MAXIMUM,
        .offset = offsetof(multi_head_attention_state, projected_value_dim),
        .help = "width of a head's values; 0: projected_key_dim",
    },
    {
        .name = "output_shape",
        .kind = MOTE_PROPERTY_INTEGER,
        .initial = "0",
        .minimum = 0,
        .maximum = EXTENT_MAXIMUM,
        .offset = offsetof(multi_head_attention_state, output_shape),
        .help = "width of the output; 0: that of the query",
    },
    {
        .name = "causal",
        .kind = MOTE_PROPERTY_BOOL,
        .initial = "false",
        .offset = offsetof(multi_head_attention_state, causal),
        .help = "true: a step sees itself and the steps before it",
    },
    {
        .name = "dropout_rate",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0",
        .minimum = 0,
        .maximum = RATE_MAXIMUM,
        .offset = offsetof(multi_head_attention_state, dropout_rate),
        .help = "share of the probabilities that is dropped in training",
    },
    MOTE_WEIGHTED_PROPERTIES(offsetof(multi_head_attention_state, weighted), "xavier_uniform"){0},
};

static const char *const weight_names[PROJECTIONS] = {"query.weight", "key.weight", "value.weight",
                                                      "output.weight"};
static const char *const bias_names[PROJECTIONS] = {"query.bias", "key.bias", "value.bias",
                                                    "output.bias"};

static size_t get_weight_index(const multi_head_attention_state *state, size_t projection)
{
    return state->weighted.disable_bias ? projection : 2 * projection;
}

static const mote_real *get_weight(const mote_layer_run *run,
                                   const multi_head_attention_state *state, size_t projection)
{
    return run->weights[get_weight_index(state, projection)].data;
}

static const int32_t *get_lengths(const mote_layer_run *run,
                                  const multi_head_attention_state *state)
{
    return state->has_lengths ? run->inputs[state->input_count].data : NULL;
}

/// Checks what each input is, and finds the projections' sources.
static mote_status check_inputs(mote_setup *setup, multi_head_attention_state *state)
{
    const size_t count = setup->input_count;
    state->has_lengths =
        count > 1 && (count > INPUTS || setup->inputs[count - 1].dtype == MOTE_DTYPE_I32);
    state->input_count = count - (state->has_lengths ? 1 : 0);
    for (size_t i = 0; i < state->input_count; i++) {
        MOTE_TRY(mote_setup_check_rank(setup, i, 3));
        const mote_shape *const shape = &setup->inputs[i].shape;
        char text[MOTE_SHAPE_TEXT_BYTES];
        if (shape->dims[0] != 1)
            return MOTE_RAISE(MOTE_ERROR_SHAPE,
                              "layer '%s': input %zu has shape %s, it takes 1:steps:features",
                              setup->layer_name, i, mote_shape_text(shape, text, sizeof text));
    }
    state->sources[KEY] = mote_size_min(1, state->input_count - 1);
    state->sources[VALUE] = state->input_count - 1;
    return MOTE_OK;
}

static mote_status check_steps(const mote_setup *setup, const multi_head_attention_state *state)
{
    const size_t queries = setup->inputs[state->sources[QUERY]].shape.dims[1];
    const size_t keys = setup->inputs[state->sources[KEY]].shape.dims[1];
    const size_t values = setup->inputs[state->sources[VALUE]].shape.dims[1];
    if (keys != values)
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': %zu keys (input 1), but %zu values (input 2)",
                          setup->layer_name, keys, values);
    if (state->causal && queries != keys)
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': causal takes as many keys as queries, not %zu and %zu",
                          setup->layer_name, keys, queries);
    return MOTE_OK;
}

static mote_status check_lengths(const mote_setup *setup, const multi_head_attention_state *state)
{
    if (!state->has_lengths)
        return MOTE_OK;
    const size_t index = state->input_count;
    const size_t keys = setup->inputs[state->sources[KEY]].shape.dims[1];
    const mote_integer_range range = {1, (int32_t)mote_size_min(keys, INT32_MAX)};
    MOTE_TRY(mote_setup_check_integers(setup, index, 3, range));
    const mote_shape *const shape = &setup->inputs[index].shape;
    char text[MOTE_SHAPE_TEXT_BYTES];
    if (mote_shape_elements(shape) == 1)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "layer '%s': input %zu has shape %s, lengths are one number a sample, 1:1:1",
                      setup->layer_name, index, mote_shape_text(shape, text, sizeof text));
}

static mote_status find_widths(const mote_setup *setup, multi_head_attention_state *state)
{
    const mote_shape *const query = &setup->inputs[state->sources[QUERY]].shape;
    const size_t width = query->dims[2];
    if (state->projected_key_dim == 0 && width % state->num_heads != 0) {
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': num_heads = %llu must divide the query's width %zu, unless "
                          "there is a projected_key_dim",
                          setup->layer_name, (unsigned long long)state->num_heads, width);
    }
    mote_attention *const attention = &state->attention;
    *attention = (mote_attention){
        .heads = state->num_heads,
        .key_width = state->projected_key_dim ? state->projected_key_dim : width / state->num_heads,
        .queries = query->dims[1],
        .keys = setup->inputs[state->sources[KEY]].shape.dims[1],
        .output_width = state->output_shape ? state->output_shape : width,
        .dropout_rate = state->dropout_rate,
        .causal = state->causal,
        .masks_queries = state->input_count == 1,
    };
    attention->value_width =
        state->projected_value_dim ? state->projected_value_dim : attention->key_width;
    return MOTE_OK;
}

static void make_projections(const mote_setup *setup, multi_head_attention_state *state)
{
    const mote_attention *const attention = &state->attention;
    const size_t value_width = attention->heads * attention->value_width;
    for (size_t i = 0; i < INPUTS; i++) {
        const mote_shape *const shape = &setup->inputs[state->sources[i]].shape;
        state->projections[i] = (mote_linear){
            .rows = shape->dims[1],
            .width = shape->dims[2],
            .unit = i == VALUE ? value_width : attention->heads * attention->key_width,
        };
    }
    state->projections[OUTPUT] = (mote_linear){
        .rows = attention->queries, .width = value_width, .unit = attention->output_width};
}

static mote_status declare_weights(mote_setup *setup, const multi_head_attention_state *state)
{
    for (size_t i = 0; i < PROJECTIONS; i++) {
        const mote_linear *const linear = &state->projections[i];
        mote_weight_declaration weight = {
            .name = weight_names[i],
            .spec = {.dtype = MOTE_DTYPE_REAL,
                     .shape = {.rank = 2, .dims = {linear->unit, linear->width}}},
            .initializer = (mote_initializer)state->weighted.weight_initializer,
            .fan_in = linear->width,
            .fan_out = linear->unit,
            .needs = i == OUTPUT ? MOTE_PHASE_BACKWARD : MOTE_PHASE_DERIVATIVE,
        };
        MOTE_TRY(mote_setup_weight(setup, &weight));
        if (state->weighted.disable_bias)
            continue;
        weight.name = bias_names[i];
        weight.spec.shape = (mote_shape){.rank = 1, .dims = {linear->unit}};
        weight.initializer = (mote_initializer)state->weighted.bias_initializer;
        weight.needs = 0;
        MOTE_TRY(mote_setup_weight(setup, &weight));
    }
    return MOTE_OK;
}

static mote_status declare_temporaries(mote_setup *setup, const multi_head_attention_state *state)
{
    mote_tensor_spec spec = {MOTE_DTYPE_REAL, true, {.rank = 2}};
    for (size_t i = 0; i < INPUTS; i++) {
        spec.shape.dims[0] = state->projections[i].rows;
        spec.shape.dims[1] = state->projections[i].unit;
        MOTE_TRY(mote_setup_workspace(setup, &spec, MOTE_PHASE_BACKWARD));
    }
    spec.shape.dims[0] = state->projections[OUTPUT].rows;
    spec.shape.dims[1] = state->projections[OUTPUT].width;
    MOTE_TRY(mote_setup_workspace(setup, &spec, MOTE_PHASE_GRADIENT));
    const mote_tensor_spec flag = {MOTE_DTYPE_U8, true, {.rank = 1, .dims = {1}}};
    return mote_setup_temporary(setup, &flag, MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD);
}

/// The product of a part of the rows that is added to an input's derivative, and before it its output.
static mote_linear get_chunk(const mote_linear *linear, size_t batch)
{
    mote_linear chunk = *linear;
    chunk.rows = mote_size_min(batch * linear->rows, CHUNK_ROWS);
    return chunk;
}

static size_t get_chunk_bytes(const mote_linear *chunk)
{
    return mote_size_align(chunk->rows * chunk->width * sizeof(mote_real), MOTE_ALIGNMENT);
}

static void declare_scratch(mote_setup *setup, const multi_head_attention_state *state)
{
    const size_t threads = setup->thread_count;
    const mote_attention *const attention = &state->attention;
    mote_setup_scratch(setup, MOTE_PHASE_FORWARD,
                       mote_attention_forward_scratch(attention, threads));
    mote_setup_scratch(setup, MOTE_PHASE_BACKWARD,
                       mote_attention_backward_scratch(attention, threads));
    for (size_t i = 0; i < PROJECTIONS; i++) {
        const mote_linear *const linear = &state->projections[i];
        const mote_product forward = mote_linear_forward(linear, setup->batch);
        const mote_product gradient = mote_linear_gradient(linear, setup->batch);
        const mote_product derivative = mote_linear_derivative(linear, setup->batch);
        mote_weighted_scratch(setup, &forward, &gradient, &derivative);
        mote_setup_products(setup, MOTE_PHASE_FORWARD, &forward, 1.0);
        mote_setup_products(setup, MOTE_PHASE_GRADIENT, &gradient, 1.0);
        if (i != OUTPUT) // whose is made head by head
            mote_setup_products(setup, MOTE_PHASE_DERIVATIVE, &derivative, 1.0);
        const mote_linear chunk = get_chunk(linear, setup->batch);
        const mote_product part = mote_linear_derivative(&chunk, 1);
        mote_setup_scratch(setup, MOTE_PHASE_DERIVATIVE,
                           get_chunk_bytes(&chunk) + mote_product_scratch_bytes(&part, threads));
    }
}

/// The derivatives behind the attention are made by the first backward phase there is.
static void declare_work(mote_setup *setup, const multi_head_attention_state *state)
{
    const double attention = mote_attention_work(&state->attention);
    const unsigned first = setup->trainable ? MOTE_PHASE_GRADIENT : MOTE_PHASE_DERIVATIVE;
    mote_attention_effort(setup, &state->attention, first);
    mote_setup_work(setup, MOTE_PHASE_FORWARD, attention);
    mote_setup_work(setup, first, 2.0 * attention);
    for (size_t i = 0; i < PROJECTIONS; i++) {
        const double work = mote_linear_work(&state->projections[i]);
        mote_setup_work(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_GRADIENT, work);
        mote_setup_work(setup, i == OUTPUT ? first : MOTE_PHASE_DERIVATIVE, work);
    }
}

static mote_status check(mote_setup *setup, multi_head_attention_state *state)
{
    MOTE_TRY(check_inputs(setup, state));
    MOTE_TRY(check_steps(setup, state));
    MOTE_TRY(check_lengths(setup, state));
    return find_widths(setup, state);
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    multi_head_attention_state *const state = layer_state;
    MOTE_TRY(check(setup, state));
    make_projections(setup, state);
    const mote_shape output =
        mote_shape_image(1, state->attention.queries, state->attention.output_width);
    MOTE_TRY(mote_setup_output(setup, &output));
    MOTE_TRY(declare_weights(setup, state));
    MOTE_TRY(declare_temporaries(setup, state));
    declare_scratch(setup, state);
    declare_work(setup, state);
    for (size_t i = 0; i < state->input_count; i++)
        mote_setup_need_input(setup, i, MOTE_PHASE_GRADIENT);
    if (state->has_lengths)
        mote_setup_need_input(setup, state->input_count, MOTE_PHASE_BACKWARD);
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD;
    setup->declaration->sample_group = mote_size_common_multiple(
        mote_batch_group(state->attention.queries), mote_batch_group(state->attention.keys));
    return MOTE_OK;
}

static mote_attention_tensors get_tensors(const mote_layer_run *run,
                                          const multi_head_attention_state *state)
{
    return (mote_attention_tensors){
        .lengths = get_lengths(run, state),
        .query = run->temporaries[QUERY].data,
        .key = run->temporaries[KEY].data,
        .value = run->temporaries[VALUE].data,
        .context = run->temporaries[CONTEXTS].data,
        .dy = run->output_derivatives ? run->output_derivatives[0].data : NULL,
        .output_weight = get_weight(run, state, OUTPUT),
    };
}

static void project(const mote_layer_run *run, const multi_head_attention_state *state,
                    size_t projection, const mote_real *x, mote_real *y)
{
    mote_product product = mote_linear_forward(&state->projections[projection], run->batch);
    product.left.data = x;
    product.right.data = get_weight(run, state, projection);
    if (!state->weighted.disable_bias)
        product.column_bias = run->weights[get_weight_index(state, projection) + 1].data;
    product.out = y;
    run->kernels->product(&product, run->parallel, run->scratch);
}

/// Outputs of queries beyond a sample's end.
static void clear_padding(const mote_layer_run *run, const multi_head_attention_state *state)
{
    const mote_attention *const attention = &state->attention;
    const int32_t *const lengths = get_lengths(run, state);
    mote_real *const y = run->outputs[0].data;
    const size_t width = attention->output_width;
    for (size_t sample = 0; sample < run->batch; sample++) {
        const size_t count = mote_attention_query_count(attention, lengths, sample);
        memset(y + (sample * attention->queries + count) * width, 0,
               (attention->queries - count) * width * sizeof *y);
    }
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const multi_head_attention_state *const state = layer_state;
    for (size_t i = 0; i < INPUTS; i++)
        project(run, state, i, run->inputs[state->sources[i]].data, run->temporaries[i].data);
    const mote_attention_tensors tensors = get_tensors(run, state);
    mote_attention_forward(&state->attention, run, &tensors);
    project(run, state, OUTPUT, tensors.context, run->outputs[0].data);
    clear_padding(run, state);
    if (run->temporaries[DERIVED].data)
        memset(run->temporaries[DERIVED].data, 0, run->batch);
}

/// Gradient and derivative need the same derivatives; whichever comes first makes them.
static void ensure_derivatives(const mote_layer_run *run, const multi_head_attention_state *state)
{
    unsigned char *const derived = run->temporaries[DERIVED].data;
    if (*derived)
        return;
    const mote_attention_tensors tensors = get_tensors(run, state);
    mote_attention_backward(&state->attention, run, &tensors);
    memset(derived, 1, run->batch);
}

/// Rows whose sum is the gradient of a bias.
typedef struct bias_rows {
    const mote_attention *attention;
    const int32_t *lengths;
    size_t rows, width; // of a sample
    size_t count;       // columns of the block
    bool masked;        // queries beyond the sample's end have no share
    const mote_real *dy;
    mote_real *gradient;
} bias_rows;

static void add_row(const void *argument, size_t row, mote_real *sums)
{
    const bias_rows *const b = argument;
    const size_t sample = row / b->rows;
    if (b->masked && row % b->rows >= mote_attention_query_count(b->attention, b->lengths, sample))
        return;
    for (size_t i = 0; i < b->count; i++)
        sums[i] += b->dy[row * b->width + i];
}

static void sum_block(void *argument, const mote_units *block)
{
    bias_rows b = *(const bias_rows *)argument;
    b.dy += block->first;
    b.count = block->count;
    const mote_columns columns = {
        .samples = block->samples,
        .first_sample = block->first_sample,
        .rows = b.rows,
        .count = block->count,
        .add = add_row,
        .argument = &b,
    };
    mote_columns_sum_terms(&columns, b.gradient + block->first);
}

static void calc_bias_gradient(const mote_layer_run *run, const multi_head_attention_state *state,
                               size_t projection, const mote_real *dy)
{
    const mote_linear *const linear = &state->projections[projection];
    bias_rows rows = {
        .attention = &state->attention,
        .lengths = get_lengths(run, state),
        .rows = linear->rows,
        .width = linear->unit,
        .masked = projection == OUTPUT,
        .dy = dy,
        .gradient = run->gradients[get_weight_index(state, projection) + 1].data,
    };
    const mote_units units = {
        .kernels = run->kernels,
        .samples = run->batch,
        .units = linear->unit,
        .plane = linear->rows,
        .first_sample = run->first_sample,
    };
    mote_units_run(run->parallel, &units, sum_block, &rows);
}

static void calc_gradient(const mote_layer_run *run, const void *layer_state)
{
    const multi_head_attention_state *const state = layer_state;
    ensure_derivatives(run, state);
    for (size_t i = 0; i < PROJECTIONS; i++) {
        const mote_real *const x =
            i == OUTPUT ? run->temporaries[CONTEXTS].data : run->inputs[state->sources[i]].data;
        const mote_real *const dy =
            i == OUTPUT ? run->output_derivatives[0].data : run->temporaries[i].data;
        mote_product product = mote_linear_gradient(&state->projections[i], run->batch);
        product.goes_on = run->first_sample > 0;
        product.left.data = dy;
        product.right.data = x;
        product.out = run->gradients[get_weight_index(state, i)].data;
        run->kernels->product(&product, run->parallel, run->scratch);
        if (!state->weighted.disable_bias)
            calc_bias_gradient(run, state, i, dy);
    }
}

/// Adds what one more projection has to an input's derivative.
static void add_derivative(const mote_layer_run *run, const multi_head_attention_state *state,
                           size_t projection, mote_real *dx)
{
    const mote_linear *const linear = &state->projections[projection];
    const mote_real *const dy = run->temporaries[projection].data;
    const size_t end = run->batch * linear->rows;
    mote_linear chunk = get_chunk(linear, run->batch);
    mote_real *const part = run->scratch;
    unsigned char *const scratch = (unsigned char *)run->scratch + get_chunk_bytes(&chunk);
    for (size_t row = 0; row < end; row += chunk.rows) {
        chunk.rows = mote_size_min(chunk.rows, end - row);
        mote_product product = mote_linear_derivative(&chunk, 1);
        product.left.data = dy + row * linear->unit;
        product.right.data = get_weight(run, state, projection);
        product.out = part;
        run->kernels->product(&product, run->parallel, scratch);
        mote_real *const sum = dx + row * linear->width;
        mote_kernel_run_binary(run->parallel, run->kernels->add, chunk.rows * linear->width, sum,
                               part, sum);
    }
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const multi_head_attention_state *const state = layer_state;
    ensure_derivatives(run, state);
    bool stored[INPUTS] = {false};
    for (size_t i = 0; i < INPUTS; i++) {
        const size_t source = state->sources[i];
        mote_real *const dx = run->input_derivatives[source].data;
        if (!dx)
            continue;
        if (stored[source]) {
            add_derivative(run, state, i, dx);
            continue;
        }
        mote_product product = mote_linear_derivative(&state->projections[i], run->batch);
        product.left.data = run->temporaries[i].data;
        product.right.data = get_weight(run, state, i);
        product.out = dx;
        run->kernels->product(&product, run->parallel, run->scratch);
        stored[source] = true;
    }
}

const mote_layer mote_layer_multi_head_attention = {
    .name = "multi_head_attention",
    .summary =
        "attention of several heads: query; query, memory; or query, key, value; and lengths",
    .properties = properties,
    .state_bytes = sizeof(multi_head_attention_state),
    .input_minimum = 1,
    .input_maximum = INPUTS + 1,
    .setup = setup,
    .forward = forward,
    .calc_gradient = MOTE_TRAINING_ONLY(calc_gradient),
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
