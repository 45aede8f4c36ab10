// SPDX-License-Identifier: Apache-2.0
// Rows of a table by their indices. A row's gradient is the sum of the derivatives at all positions that read it,
// from +0 on, positions of the whole batch ascending; rows that nothing reads have +0. Where the batch cannot read
// all rows the gradient holds those that it reads. From slice to slice of the batch sums go on, and the rows that a slice
// reads first are put between those that are there.
#include "layer/layer.h"

#include "base/size.h"

#include <string.h>

#define DIMENSION_MAXIMUM 2147483647.0

typedef struct embedding_state {
    uint64_t in_dim, out_dim;
    uint32_t initializer;
    size_t positions; // of a sample
} embedding_state;

static const mote_property properties[] = {
    {
        .name = "in_dim",
        .kind = MOTE_PROPERTY_INTEGER,
        .minimum = 1,
        .maximum = DIMENSION_MAXIMUM,
        .offset = offsetof(embedding_state, in_dim),
        .help = "rows of the table; indices are from 0 to in_dim - 1",
    },
    {
        .name = "out_dim",
        .kind = MOTE_PROPERTY_INTEGER,
        .minimum = 1,
        .maximum = DIMENSION_MAXIMUM,
        .offset = offsetof(embedding_state, out_dim),
        .help = "numbers in a row",
    },
    {
        .name = "weight_initializer",
        .kind = MOTE_PROPERTY_CHOICE,
        .initial = "xavier_uniform",
        .choices = mote_initializer_names,
        .offset = offsetof(embedding_state, initializer),
        .help = "initial values of the table",
    },
    {0},
};

static mote_status check_input(const mote_setup *setup, const embedding_state *state)
{
    const mote_integer_range range = {0, (int32_t)(state->in_dim - 1)};
    char shape[MOTE_SHAPE_TEXT_BYTES];
    MOTE_TRY(mote_setup_check_integers(setup, 0, 3, range));
    const mote_shape *const input = &setup->inputs[0].shape;
    if (input->dims[0] != 1 || input->dims[1] != 1)
        return MOTE_RAISE(MOTE_ERROR_SHAPE, "layer '%s': input 0 has shape %s, it takes 1:1:n",
                          setup->layer_name, mote_shape_text(input, shape, sizeof shape));
    if (input->dims[2] > UINT32_MAX / setup->batch) {
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': a batch of %zu samples of %zu indices is "
                          "more than %lu",
                          setup->layer_name, setup->batch, input->dims[2],
                          (unsigned long)UINT32_MAX);
    }
    return MOTE_OK;
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    embedding_state *const state = layer_state;
    MOTE_TRY(check_input(setup, state));
    state->positions = setup->inputs[0].shape.dims[2];
    const size_t positions = state->positions * setup->batch;
    const mote_shape output = mote_shape_image(1, state->positions, state->out_dim);
    MOTE_TRY(mote_setup_output(setup, &output));
    const mote_weight_declaration weight = {
        .name = "weight",
        .spec = {.dtype = MOTE_DTYPE_REAL,
                 .shape = {.rank = 2, .dims = {state->in_dim, state->out_dim}}},
        .initializer = (mote_initializer)state->initializer,
        .fan_in = state->in_dim,
        .fan_out = state->out_dim,
        .gradient_rows = positions < state->in_dim ? positions : 0,
    };
    MOTE_TRY(mote_setup_weight(setup, &weight));
    mote_setup_need_input(setup, 0, MOTE_PHASE_GRADIENT);
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_GRADIENT;
    if (weight.gradient_rows)
        mote_setup_scratch(setup, MOTE_PHASE_GRADIENT, 2 * positions * sizeof(uint64_t));
    return MOTE_OK;
}

/// What the tasks of a phase share.
typedef struct embedding_call {
    const mote_layer_run *run;
    size_t width;
    size_t positions; // of the run
    size_t row_count; // of the gradient
    const int32_t *indices;
    const uint64_t *places; // of a gradient of some rows: row of the gradient and position, sorted
} embedding_call;

/// In a place: the row has no sum yet, and this position is its first. Rows are less than 2^31.
#define PLACE_BEGINS ((uint64_t)1 << 63U)
#define PLACE_ROW    (~PLACE_BEGINS >> 32U)

static size_t get_row(uint64_t place)
{
    return (size_t)(place >> 32U & PLACE_ROW);
}

static embedding_call make_call(const mote_layer_run *run, const embedding_state *state)
{
    return (embedding_call){.run = run,
                            .width = state->out_dim,
                            .positions = run->batch * state->positions,
                            .row_count = state->in_dim,
                            .indices = run->inputs[0].data};
}

static void copy_rows(void *argument, size_t task, size_t task_count)
{
    const embedding_call *const call = argument;
    const mote_real *const table = call->run->weights[0].data;
    mote_real *const y = call->run->outputs[0].data;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->positions, task, task_count, &first);
    for (size_t i = first; i < first + count; i++)
        memcpy(y + i * call->width, table + (size_t)call->indices[i] * call->width,
               call->width * sizeof *y);
}

static void run_tasks(embedding_call *call, mote_parallel_task *task)
{
    const size_t work = call->positions * call->width;
    mote_parallel_run(call->run->parallel, task, call,
                      mote_parallel_task_count(call->run->parallel, work, MOTE_PARALLEL_GRAIN));
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    embedding_call call = make_call(run, layer_state);
    run_tasks(&call, copy_rows);
}

static void add_row(const embedding_call *call, size_t row, size_t position)
{
    const mote_real *const dy = call->run->output_derivatives[0].data;
    mote_real *const gradient = call->run->gradients[0].data;
    mote_real *const sum = gradient + row * call->width;
    call->run->kernels->add(call->width, sum, dy + position * call->width, sum);
}

static void clear_rows(const embedding_call *call, size_t first, size_t count)
{
    mote_real *const gradient = call->run->gradients[0].data;
    memset(gradient + first * call->width, 0, count * call->width * sizeof *gradient);
}

/// A task owns rows of the gradient and looks for their positions.
static void add_all_rows(void *argument, size_t task, size_t task_count)
{
    const embedding_call *const call = argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->row_count, task, task_count, &first);
    if (call->run->first_sample == 0)
        clear_rows(call, first, count);
    for (size_t i = 0; i < call->positions; i++) {
        const size_t row = (size_t)call->indices[i];
        if (row >= first && row - first < count)
            add_row(call, row, i);
    }
}

static void add_some_rows(void *argument, size_t task, size_t task_count)
{
    const embedding_call *const call = argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->row_count, task, task_count, &first);
    for (size_t i = 0; i < call->positions; i++) {
        const size_t row = get_row(call->places[i]);
        if (row < first || row - first >= count)
            continue;
        if (call->places[i] & PLACE_BEGINS)
            clear_rows(call, row, 1);
        add_row(call, row, (size_t)(call->places[i] & UINT32_MAX));
    }
}

/// Merges the sorted runs [first, middle) and [middle, end).
static void merge(const uint64_t *from, size_t first, size_t middle, size_t end, uint64_t *to)
{
    size_t left = first;
    size_t right = middle;
    for (size_t i = first; i < end; i++) {
        const bool is_left = left < middle && (right == end || from[left] <= from[right]);
        to[i] = is_left ? from[left++] : from[right++];
    }
}

/// Sorts with as much room again behind the numbers; gives where the result lies.
static uint64_t *sort(uint64_t *numbers, size_t count)
{
    uint64_t *from = numbers;
    uint64_t *to = numbers + count;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t first = 0; first < count; first += 2 * width)
            merge(from, first, mote_size_min(first + width, count),
                  mote_size_min(first + 2 * width, count), to);
        uint64_t *const sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

/// Counts rows of the table that positions, sorted, read and `rows` does not list.
static size_t count_new_rows(const embedding_call *call, const uint64_t *places,
                             const int32_t *rows)
{
    size_t count = 0;
    size_t next = 1;
    for (size_t i = 0; i < call->positions; i++) {
        const int32_t row = (int32_t)get_row(places[i]);
        if (i > 0 && row == (int32_t)get_row(places[i - 1]))
            continue;
        while (next <= (size_t)rows[0] && rows[next] < row)
            next++;
        count += next > (size_t)rows[0] || rows[next] != row;
    }
    return count;
}

/// Moves a sum to where it is in the longer list.
static void move_row(const embedding_call *call, int32_t *rows, size_t from, size_t to)
{
    mote_real *const gradient = call->run->gradients[0].data;
    rows[1 + to] = rows[1 + from];
    if (from != to)
        memcpy(gradient + to * call->width, gradient + from * call->width,
               call->width * sizeof *gradient);
}

/// Puts the rows that positions, sorted, read among those of the list, from the last to the first; every position gets the
/// place of its row in the list instead of the row.
static void merge_rows(const embedding_call *call, uint64_t *places, int32_t *rows)
{
    size_t left = (size_t)rows[0]; // in the old list
    size_t end = call->row_count;
    for (size_t i = call->positions; i > 0;) {
        const int32_t row = (int32_t)get_row(places[i - 1]);
        for (; left > 0 && rows[left] > row; left--)
            move_row(call, rows, left - 1, --end);
        const bool is_new = left == 0 || rows[left] != row;
        end--;
        if (is_new)
            rows[1 + end] = row;
        else
            move_row(call, rows, --left, end);
        for (; i > 0 && (int32_t)get_row(places[i - 1]) == row; i--)
            places[i - 1] = (uint64_t)end << 32U | (places[i - 1] & UINT32_MAX);
        if (is_new)
            places[i] |= PLACE_BEGINS;
    }
}

/// Lists the rows that the batch has read by now, ascending.
static void find_rows(embedding_call *call, int32_t *rows)
{
    uint64_t *places = call->run->scratch;
    if (call->run->first_sample == 0)
        rows[0] = 0;
    for (size_t i = 0; i < call->positions; i++)
        places[i] = (uint64_t)call->indices[i] << 32U | i;
    places = sort(places, call->positions);
    call->row_count = (size_t)rows[0] + count_new_rows(call, places, rows);
    merge_rows(call, places, rows);
    rows[0] = (int32_t)call->row_count;
    call->places = places;
}

static void calc_gradient(const mote_layer_run *run, const void *layer_state)
{
    embedding_call call = make_call(run, layer_state);
    int32_t *const rows = mote_layer_gradient_rows(run, 0);
    if (!rows) {
        run_tasks(&call, add_all_rows);
        return;
    }
    find_rows(&call, rows);
    run_tasks(&call, add_some_rows);
}

const mote_layer mote_layer_embedding = {
    .name = "embedding",
    .summary = "rows of a table, by their indices",
    .properties = properties,
    .state_bytes = sizeof(embedding_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .tied = "fully_connected",
    .setup = setup,
    .forward = forward,
    .calc_gradient = MOTE_TRAINING_ONLY(calc_gradient),
};
