// SPDX-License-Identifier: Apache-2.0
// Every kernel but products and depth-wise convolutions, on arrays that stay in the cache. One function for each row of kernels.def: a
// row without one does not compile.
#include "bench.h"

#include "os/os.h"

#include <stdio.h>

#define COUNT  4096U               // a plane of 64 x 64
#define ROW    ((size_t)COUNT / 4) // of LSTM cells, whose gates are four rows
#define ARRAYS 4U
#define PLANES 16U

typedef struct element_data {
    const mote_kernels *table;
    mote_real *arrays[ARRAYS];
    mote_real *state[2]; // a mean of squares, which is positive, and a velocity
    mote_real results[2 * PLANES];
    mote_normalization normalization;
    uint8_t index[COUNT];
} element_data;

static const mote_window window = {
    .height = 64,
    .width = 64,
    .kernel_height = 2,
    .kernel_width = 2,
    .stride_height = 2,
    .stride_width = 2,
    .out_height = 32,
    .out_width = 32,
};

static const mote_planes planes = {
    .count = PLANES, .elements = COUNT / PLANES, .step = COUNT / PLANES};
static const mote_column_sum columns = {.rows = 64, .columns = 64, .inner = 1, .row_step = 64};
static const mote_box transposed = {
    .counts = {1, 64, 64}, .x_steps = {0, 1, 64}, .y_steps = {0, 64, 1}};

#define CALL(name, ...)                                   \
    static void call_##name(void *argument)               \
    {                                                     \
        element_data *const d = (element_data *)argument; \
        d->table->name(__VA_ARGS__);                      \
    }

static const mote_blend blend = {.scale_a = MOTE_REAL(0.5), .scale_b = MOTE_REAL(0.25), .shift = 1};
static const mote_huber huber = {.delta = 1, .scale = 2};
static const mote_dropout dropout = {.threshold = 1U << 31U, .scale = 2};
static const mote_sgd sgd = {.rate = MOTE_REAL(1e-6), .momentum = MOTE_REAL(0.5)};
static const mote_adam adam = {.step = MOTE_REAL(1e-6),
                               .beta1 = MOTE_REAL(0.9),
                               .beta2 = MOTE_REAL(0.999),
                               .epsilon = 1,
                               .root_correction2 = 1};
static const mote_rmsprop rmsprop = {
    .rate = MOTE_REAL(1e-6), .alpha = MOTE_REAL(0.99), .epsilon = 1, .momentum = MOTE_REAL(0.5)};

CALL(relu, COUNT, d->arrays[0], d->arrays[1])
CALL(sigmoid, COUNT, d->arrays[0], d->arrays[1])
CALL(tanh, COUNT, d->arrays[0], d->arrays[1])
CALL(relu_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(sigmoid_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(tanh_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(leaky_relu, COUNT, 2, d->arrays[0], d->arrays[1])
CALL(leaky_relu_derivative, COUNT, 2, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(elu, COUNT, 2, d->arrays[0], d->arrays[1])
CALL(elu_derivative, COUNT, 2, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(relu6, COUNT, d->arrays[0], d->arrays[1])
CALL(relu6_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(selu, COUNT, d->arrays[0], d->arrays[1])
CALL(selu_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(softplus, COUNT, d->arrays[0], d->arrays[1])
CALL(softplus_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(hard_sigmoid, COUNT, d->arrays[0], d->arrays[1])
CALL(hard_sigmoid_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(swish, COUNT, d->arrays[0], d->arrays[1])
CALL(swish_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(gelu, COUNT, d->arrays[0], d->arrays[1])
CALL(gelu_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(tanh_gelu, COUNT, d->arrays[0], d->arrays[1])
CALL(tanh_gelu_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(mish, COUNT, d->arrays[0], d->arrays[1])
CALL(mish_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(hard_swish, COUNT, d->arrays[0], d->arrays[1])
CALL(hard_swish_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(log_softmax_derivative, COUNT, 2, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(sum_absolute_differences, COUNT, d->arrays[0], d->arrays[1], d->results)
CALL(sign_difference, COUNT, 2, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(sum_huber, COUNT, 2, d->arrays[0], d->arrays[1], d->results)
CALL(huber_derivative, &huber, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(sum_divergences, COUNT, d->arrays[0], d->arrays[1], d->results)
CALL(sum_cross_sigmoid, COUNT, d->arrays[0], d->arrays[1], d->results)
CALL(cross_sigmoid_derivative, COUNT, 2, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(add, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(multiply, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(scale, COUNT, 2, d->arrays[0], d->arrays[1])
CALL(clamp, COUNT, 1, d->arrays[0], d->arrays[1])
CALL(shift_scale, COUNT, 1, 2, d->arrays[0], d->arrays[1])
CALL(scale_shift, COUNT, 2, 1, d->arrays[0], d->arrays[1])
CALL(blend, &blend, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(difference, COUNT, 2, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(dropout, &dropout, COUNT, d->arrays[0], d->arrays[1])
CALL(sum, COUNT, d->arrays[0], d->results)
CALL(sum_planes, &planes, d->arrays[0], d->results)
CALL(sum_columns, &columns, d->arrays[0], d->arrays[1])
CALL(sum_products, COUNT, d->arrays[0], d->arrays[1], d->results)
CALL(sum_centered_products, &planes, 1, d->arrays[0], d->arrays[1], d->results)
CALL(sum_squared_differences, COUNT, d->arrays[0], d->arrays[1], d->results)
CALL(moments, &planes, d->arrays[0], d->results, d->results + PLANES)
CALL(range, COUNT, d->arrays[0], d->results, d->results + 1)
CALL(softmax, COUNT, d->arrays[0], d->arrays[1])
CALL(softmax_derivative, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(log_sum_exp, COUNT, d->arrays[0], d->results)
CALL(normalize, &d->normalization, COUNT, d->arrays[0], d->arrays[1])
CALL(normalize_derivative, &d->normalization, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(add_normalized, &d->normalization, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(lstm,
     &(const mote_lstm){d->arrays[0], d->arrays[1], d->arrays[2], d->arrays[1] + ROW,
                        d->arrays[1] + 2 * ROW},
     ROW)
CALL(lstm_derivative,
     &(const mote_lstm_derivative){d->arrays[0], d->arrays[1], d->arrays[1] + ROW,
                                   d->arrays[1] + 2 * ROW, d->arrays[1] + 3 * ROW, d->arrays[2]},
     ROW)
CALL(copy_box, &transposed, d->arrays[0], d->arrays[1])
CALL(max_pool, &window, d->arrays[0], d->arrays[1], d->index)
CALL(max_pool_derivative, &window, d->arrays[0], d->index, d->arrays[1])
CALL(average_pool, &window, d->arrays[0], d->arrays[1])
CALL(average_pool_derivative, &window, d->arrays[0], d->arrays[1])
CALL(sgd, &sgd, COUNT, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(adam, &adam, COUNT, d->arrays[0], d->arrays[1], d->arrays + 2)
CALL(rmsprop, &rmsprop, COUNT, d->arrays[0], d->arrays[1], d->state)

/// Products and depth-wise convolutions have their own benchmarks.
static void measured_elsewhere(void *argument)
{
    (void)argument;
}

#define call_product              measured_elsewhere
#define call_depthwise            measured_elsewhere
#define call_depthwise_derivative measured_elsewhere
#define call_depthwise_gradient   measured_elsewhere

typedef struct element_row {
    const char *name;
    bench_call *call;
} element_row;

static const element_row rows[] = {
#define KERNEL(name, parameters) {#name, call_##name},
#include "kernel/kernels.def"
#undef KERNEL
};

static void print_row(const bench_setup *setup, const element_row *row, element_data *data)
{
    printf("%-44s", row->name);
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT && setup->tables[level]; level++) {
        data->table = setup->tables[level];
        printf(" %9.3f", bench_measure(row->call, data, 0.01) * 1e9 / COUNT);
    }
    printf("\n");
}

mote_status bench_elements(const bench_setup *setup)
{
    static element_data data;
    for (size_t i = 0; i < ARRAYS; i++)
        MOTE_TRY(bench_numbers(COUNT, &data.arrays[i]));
    for (size_t i = 0; i < COUNT; i++)
        data.arrays[3][i] = 1; // Adam's mean of squares
    data.state[0] = data.arrays[3];
    data.state[1] = data.arrays[2];
    data.normalization =
        (mote_normalization){.scale = 1, .weight = data.arrays[3], .bias = data.arrays[2]};
    printf("%-44s", "other kernels, ns an element");
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT && setup->tables[level]; level++)
        printf(" %9s", mote_cpu_level_name((mote_cpu_level)level));
    printf("\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].call != measured_elsewhere && bench_wants(setup, rows[i].name))
            print_row(setup, &rows[i], &data);
    }
    for (size_t i = 0; i < ARRAYS; i++)
        mote_pages_free(data.arrays[i], COUNT * sizeof(mote_real));
    return MOTE_OK;
}
