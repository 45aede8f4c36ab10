// SPDX-License-Identifier: Apache-2.0
// Every row of kernels.def gives the same bits at every level, for many sizes, starts that are not aligned
// and extreme numbers, and writes nowhere else. A row without a check here does not compile.
#include "levels.h"

#include <float.h>
#include <math.h>

#define FILL_MAP(X) \
    X(ZEROS)        \
    X(SIGNED_ZEROS) \
    X(RANDOM)       \
    X(DENORMAL)     \
    X(TINY)         \
    X(HUGE_NUMBERS) \
    X(ALL_SIZES)

typedef enum fill {
#define FILL_ENUM(name) name,
    FILL_MAP(FILL_ENUM)
#undef FILL_ENUM
    FILL_COUNT
} fill;

#define ARRAYS 4U

/// One comparison: the arrays of the reference and of the level under test start equal.
typedef struct trial {
    const char *name;
    const mote_kernels *reference, *tested;
    size_t count, shift;
    fill kind;
    guarded expected[ARRAYS], got[ARRAYS];
} trial;

static float make_number(fill kind, uint64_t *seed)
{
    const float number = next_float(seed);
    switch (kind) {
    case ZEROS:
        return 0;
    case SIGNED_ZEROS:
        return number < 0 ? -0.0F : 0.0F;
    case RANDOM:
        return number * 4;
    case DENORMAL:
        return number * 0x1p-130F;
    case TINY:
        return number * 0x1p-70F;
    case HUGE_NUMBERS:
        return number * 0x1p62F;
    case ALL_SIZES:
    case FILL_COUNT:
        break;
    }
    return ldexpf(number, (int)(next_word(seed) % 120) - 80);
}

static void start_trial(trial *t, uint64_t seed)
{
    for (size_t i = 0; i < ARRAYS; i++) {
        t->expected[i] = guarded_make(t->count, t->shift + i % 2);
        t->got[i] = guarded_make(t->count, t->shift + i % 2);
        for (size_t at = 0; at < t->count; at++)
            t->expected[i].data[at] = make_number(t->kind, &seed);
        memcpy(t->got[i].data, t->expected[i].data, t->count * sizeof(float));
    }
}

static bool same_number(float a, float b)
{
    return float_bits(a) == float_bits(b) || (isnan(a) && isnan(b));
}

static void expect_same(const trial *t, const float *expected, const float *got, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!same_number(expected[i], got[i]))
            fail_msg("%s, %zu numbers, fill %d: element %zu is %a instead of %a", t->name, t->count,
                     (int)t->kind, i, (double)got[i], (double)expected[i]);
    }
}

static void end_trial(trial *t)
{
    for (size_t i = 0; i < ARRAYS; i++) {
        expect_same(t, t->expected[i].data, t->got[i].data, t->count);
        guarded_release(&t->expected[i]);
        guarded_release(&t->got[i]);
    }
}

/// Runs `call` with the arrays and table of the reference, then with those of the tested level.
#define BOTH(call)                                \
    do {                                          \
        const mote_kernels *table = t->reference; \
        guarded *m = t->expected;                 \
        call;                                     \
        table = t->tested;                        \
        m = t->got;                               \
        call;                                     \
    } while (0)

/// x -> y, and in place.
#define CHECK_UNARY(name, ...)                                         \
    static void check_##name(trial *t)                                 \
    {                                                                  \
        BOTH(table->name(t->count, __VA_ARGS__ m[0].data, m[1].data)); \
        BOTH(table->name(t->count, __VA_ARGS__ m[0].data, m[0].data)); \
    }

/// a, b -> y, and in place over each of the two.
#define CHECK_BINARY(name, ...)                                         \
    static void check_##name(trial *t)                                  \
    {                                                                   \
        BOTH(table->name(__VA_ARGS__ m[0].data, m[1].data, m[2].data)); \
        BOTH(table->name(__VA_ARGS__ m[0].data, m[1].data, m[0].data)); \
        BOTH(table->name(__VA_ARGS__ m[0].data, m[1].data, m[1].data)); \
    }

/// A number or two from arrays.
#define CHECK_RESULT(name, ...)                                        \
    static void check_##name(trial *t)                                 \
    {                                                                  \
        float results[2][2] = {{7, 7}, {7, 7}};                        \
        float *result = results[0];                                    \
        if (t->count == 0)                                             \
            return;                                                    \
        BOTH(table->name(t->count, __VA_ARGS__); result = results[1]); \
        expect_same(t, results[0], results[1], 2);                     \
    }

#define PLANES ((size_t)7) // some side by side, some not

/// Numbers of each of some planes, which are parts of the arrays.
#define CHECK_PLANES(name, ...)                                                           \
    static void check_##name(trial *t)                                                    \
    {                                                                                     \
        const size_t step = t->count / PLANES;                                            \
        const mote_planes planes = {PLANES, step - step / 3, step, step}; /* with gaps */ \
        float results[2][2 * PLANES] = {{0}};                                             \
        float *result = results[0];                                                       \
        if (planes.elements == 0)                                                         \
            return;                                                                       \
        BOTH(table->name(&planes, __VA_ARGS__); result = results[1]);                     \
        expect_same(t, results[0], results[1], 2 * PLANES);                               \
    }

#define COMMA ,

CHECK_UNARY(relu, )
CHECK_UNARY(sigmoid, )
CHECK_UNARY(tanh, )
CHECK_BINARY(relu_derivative, t->count COMMA)
CHECK_BINARY(sigmoid_derivative, t->count COMMA)
CHECK_BINARY(tanh_derivative, t->count COMMA)
CHECK_UNARY(leaky_relu, 0.3F COMMA)
CHECK_BINARY(leaky_relu_derivative, t->count COMMA 0.3F COMMA)
CHECK_UNARY(elu, 0.7F COMMA)
CHECK_BINARY(elu_derivative, t->count COMMA 0.7F COMMA)
CHECK_UNARY(relu6, )
CHECK_BINARY(relu6_derivative, t->count COMMA)
CHECK_UNARY(selu, )
CHECK_BINARY(selu_derivative, t->count COMMA)
CHECK_UNARY(softplus, )
CHECK_BINARY(softplus_derivative, t->count COMMA)
CHECK_UNARY(hard_sigmoid, )
CHECK_BINARY(hard_sigmoid_derivative, t->count COMMA)
CHECK_UNARY(swish, )
CHECK_BINARY(swish_derivative, t->count COMMA)
CHECK_UNARY(gelu, )
CHECK_BINARY(gelu_derivative, t->count COMMA)
CHECK_UNARY(tanh_gelu, )
CHECK_BINARY(tanh_gelu_derivative, t->count COMMA)
CHECK_UNARY(mish, )
CHECK_BINARY(mish_derivative, t->count COMMA)
CHECK_UNARY(hard_swish, )
CHECK_BINARY(hard_swish_derivative, t->count COMMA)
CHECK_BINARY(log_softmax_derivative, t->count COMMA 0.7F COMMA)
CHECK_RESULT(sum_absolute_differences, m[0].data, m[1].data, result)
CHECK_BINARY(sign_difference, t->count COMMA 0.7F COMMA)
CHECK_RESULT(sum_huber, 0.7F, m[0].data, m[1].data, result)
CHECK_RESULT(sum_divergences, m[0].data, m[1].data, result)
CHECK_RESULT(sum_cross_sigmoid, m[0].data, m[1].data, result)
CHECK_BINARY(cross_sigmoid_derivative, t->count COMMA 0.7F COMMA)
CHECK_BINARY(add, t->count COMMA)
CHECK_BINARY(multiply, t->count COMMA)
CHECK_UNARY(scale, -1.7F COMMA)
CHECK_UNARY(clamp, 0.7F COMMA)
CHECK_UNARY(shift_scale, 0.3F COMMA 1.7F COMMA)
CHECK_UNARY(scale_shift, 0.3F COMMA - 1.7F COMMA)
CHECK_BINARY(difference, t->count COMMA 0.7F COMMA)
CHECK_RESULT(sum, m[0].data, result)
CHECK_PLANES(sum_planes, m[0].data, result)
CHECK_RESULT(sum_products, m[0].data, m[1].data, result)
CHECK_PLANES(sum_centered_products, 0.3F, m[0].data, m[1].data, result)
CHECK_RESULT(sum_squared_differences, m[0].data, m[1].data, result)
CHECK_PLANES(moments, m[0].data, result, result + PLANES)
CHECK_RESULT(range, m[0].data, result, result + 1)
CHECK_RESULT(log_sum_exp, m[0].data, result)
CHECK_BINARY(softmax_derivative, t->count COMMA)

static void check_normalize(trial *t)
{
    mote_normalization n = {.mean = 0.3F, .scale = 1.7F};
    BOTH({
        n.weight = m[2].data;
        n.bias = m[3].data;
        table->normalize(&n, t->count, m[0].data, m[1].data);
        table->normalize(&n, t->count, m[0].data, m[0].data);
        n.bias = NULL;
        table->normalize(&n, t->count, m[0].data, m[0].data);
    });
}

static void check_add_normalized(trial *t)
{
    const mote_normalization n = {.mean = 0.3F, .scale = 1.7F};
    BOTH(table->add_normalized(&n, t->count, m[0].data, m[1].data, m[2].data));
}

static void check_normalize_derivative(trial *t)
{
    mote_normalization n = {.mean = 0.3F, .scale = 1.7F};
    if (t->count == 0)
        return;
    BOTH({
        n.weight = m[2].data;
        table->normalize_derivative(&n, t->count, m[0].data, m[1].data, m[3].data);
        table->normalize_derivative(&n, t->count, m[3].data, m[1].data, m[3].data);
        table->normalize_derivative(&n, t->count, m[0].data, m[1].data, m[1].data);
    });
}

static const mote_blend blend = {.scale_a = 0.3F, .scale_b = -1.1F, .shift = 0.2F};
CHECK_BINARY(blend, &blend COMMA t->count COMMA)

static const mote_huber huber = {.delta = 0.7F, .scale = 0.3F};
CHECK_BINARY(huber_derivative, &huber COMMA t->count COMMA)

static void check_softmax(trial *t)
{
    if (t->count == 0)
        return;
    BOTH(table->softmax(t->count, m[0].data, m[1].data));
    BOTH(table->softmax(t->count, m[0].data, m[0].data));
}

static void check_dropout(trial *t)
{
    mote_dropout dropout = {.key = {.seed = 1, .name = 2, .iteration = 3, .time = 4},
                            .first = t->shift,
                            .threshold = 0x60000000U,
                            .scale = 1.6F};
    BOTH(table->dropout(&dropout, t->count, m[0].data, m[1].data));
    dropout.first = 0xFFFFFFFF0U + t->shift;
    BOTH(table->dropout(&dropout, t->count, m[0].data, m[0].data));
}

static void check_sgd(trial *t)
{
    mote_sgd sgd = {.rate = 0.1F, .momentum = 0.9F, .weight_decay = 0.01F, .first = true};
    BOTH(table->sgd(&sgd, t->count, m[0].data, m[1].data, NULL));
    BOTH(table->sgd(&sgd, t->count, m[0].data, m[1].data, m[2].data));
    sgd.first = false;
    BOTH(table->sgd(&sgd, t->count, m[0].data, m[1].data, m[2].data));
    sgd.nesterov = true;
    BOTH(table->sgd(&sgd, t->count, m[0].data, m[1].data, m[2].data));
    sgd.first = true;
    BOTH(table->sgd(&sgd, t->count, m[0].data, m[1].data, m[2].data));
}

static void check_adam(trial *t)
{
    const mote_adam adam = {.step = 0.01F,
                            .beta1 = 0.9F,
                            .beta2 = 0.999F,
                            .epsilon = 1e-7F,
                            .weight_decay = 0.01F,
                            .root_correction2 = 0.5F,
                            .shrink = 0.02F};
    for (size_t i = 0; i < t->count; i++)
        t->expected[3].data[i] = t->got[3].data[i] = fabsf(t->expected[3].data[i]);
    BOTH({
        float *const moments[2] = {m[2].data COMMA m[3].data};
        table->adam(&adam, t->count, m[0].data, m[1].data, moments);
    });
}

static void check_rmsprop(trial *t)
{
    const mote_rmsprop rmsprop = {
        .rate = 0.01F, .alpha = 0.99F, .epsilon = 1e-8F, .momentum = 0.9F, .weight_decay = 0.01F};
    for (size_t i = 0; i < t->count; i++)
        t->expected[2].data[i] = t->got[2].data[i] = fabsf(t->expected[2].data[i]);
    BOTH({
        float *const state[2] = {m[2].data COMMA NULL};
        table->rmsprop(&rmsprop, t->count, m[0].data, m[1].data, state);
    });
    BOTH({
        float *const state[2] = {m[2].data COMMA m[3].data};
        table->rmsprop(&rmsprop, t->count, m[0].data, m[1].data, state);
    });
}

/// A quarter of the numbers is a row.
static void check_lstm(trial *t)
{
    const size_t row = t->count / 4;
    BOTH({
        mote_lstm lstm = {
            m[1].data COMMA m[2].data COMMA m[0].data COMMA m[3].data COMMA m[3].data + row};
        table->lstm(&lstm, row);
        lstm.cell = m[2].data;
        table->lstm(&lstm, row);
    });
}

static void check_lstm_derivative(trial *t)
{
    const size_t row = t->count / 4;
    BOTH({
        const mote_lstm_derivative lstm = {m[1].data COMMA m[1].data +
                                           row COMMA m[2].data COMMA m[2].data +
                                           row COMMA m[3].data COMMA m[0].data};
        table->lstm_derivative(&lstm, row);
    });
}

/// Columns of one and of several elements, dense and with gaps.
static void check_sum_columns(trial *t)
{
    for (size_t i = 0; i < 12; i++) {
        const size_t inner = 1 + i % 3;
        const size_t columns = 1 + 33 * (i / 3);
        const size_t width = columns * inner;
        if (width > t->count)
            continue;
        const mote_column_sum dense = {t->count / width, columns, inner, width};
        const mote_column_sum apart = {t->count / (width + 1), columns, inner, width + 1};
        BOTH(table->sum_columns(&dense, m[0].data, m[1].data));
        BOTH(table->sum_columns(&apart, m[0].data, m[2].data));
    }
}

/// Boxes that fill at most `count` numbers: rows, transposed, and every second column.
static void check_copy_box(trial *t)
{
    const size_t side = t->count / 4 > 3 ? 3 : 1;
    const size_t length = t->count / (2 * side);
    const mote_box boxes[] = {
        {{1, side, length}, {0, length, 1}, {0, 2 * length, 1}},
        {{1, length, side}, {0, 1, length}, {0, side, 1}},
        {{side, length, 1}, {1, 2 * side, 0}, {length, 1, 0}},
    };
    for (size_t i = 0; t->count > 0 && i < sizeof boxes / sizeof boxes[0]; i++)
        BOTH(table->copy_box(&boxes[i], m[0].data, m[1 + i].data));
}

/// A window over a plane of at most `count` cells; false when there is no room for one.
static bool make_window(size_t count, size_t variant, mote_window *window)
{
    static const mote_window windows[] = {
        {.kernel_height = 2, .kernel_width = 2, .stride_height = 2, .stride_width = 2},
        {.kernel_height = 3,
         .kernel_width = 3,
         .stride_height = 1,
         .stride_width = 1,
         .pad_top = 1,
         .pad_left = 1},
        {.kernel_height = 3,
         .kernel_width = 2,
         .stride_height = 2,
         .stride_width = 3,
         .pad_left = 1},
        {.kernel_height = 17,
         .kernel_width = 16,
         .stride_height = 3,
         .stride_width = 5,
         .pad_top = 16,
         .pad_left = 15},
        {.kernel_height = 1, .kernel_width = 1, .stride_height = 2, .stride_width = 2},
    };
    *window = windows[variant % (sizeof windows / sizeof windows[0])];
    for (window->height = 1; (window->height + 1) * (window->height + 1) <= count; window->height++)
        ;
    if (count == 0)
        return false;
    window->width = count / window->height;
    const size_t padded_height = window->height + 2 * window->pad_top;
    const size_t padded_width = window->width + 2 * window->pad_left;
    if (padded_height < window->kernel_height || padded_width < window->kernel_width)
        return false;
    window->out_height = (padded_height - window->kernel_height) / window->stride_height + 1;
    window->out_width = (padded_width - window->kernel_width) / window->stride_width + 1;
    return window->out_height * window->out_width <= count;
}

#define FOR_EACH_WINDOW(window)                      \
    mote_window window;                              \
    for (size_t variant = 0; variant < 5; variant++) \
        if (make_window(t->count, variant, &window))

static void check_max_pool(trial *t)
{
    FOR_EACH_WINDOW(window)
    {
        BOTH(table->max_pool(&window, m[0].data, m[1].data, m[2].data));
        BOTH(table->max_pool(&window, m[0].data, m[3].data, NULL));
    }
}

static void check_max_pool_derivative(trial *t)
{
    FOR_EACH_WINDOW(window)
    {
        BOTH(table->max_pool(&window, m[0].data, m[1].data, m[2].data));
        BOTH(table->max_pool_derivative(&window, m[1].data, m[2].data, m[3].data));
    }
}

static void check_average_pool(trial *t)
{
    FOR_EACH_WINDOW(window)
    {
        BOTH(table->average_pool(&window, m[0].data, m[1].data));
    }
}

static void check_average_pool_derivative(trial *t)
{
    FOR_EACH_WINDOW(window)
    {
        BOTH(table->average_pool_derivative(&window, m[0].data, m[1].data));
    }
}

/// The largest square product that fits; test_product.c does the rest.
static void check_product(trial *t)
{
    static _Alignas(64) unsigned char scratch[524288];
    size_t side = 0;
    while ((side + 1) * (side + 1) <= t->count)
        side++;
    if (side == 0)
        return;
    mote_product product = {
        .rows = side,
        .columns = side,
        .depth = side,
        .left = {.outer = {.step = side}, .inner = {.step = 1}},
        .right = {.outer = {.step = 1}, .inner = {.step = side}},
        .row_step = side,
        .column_axis = {.step = 1},
    };
    BOTH(product.left.data = m[0].data; product.right.data = m[1].data; product.out = m[2].data;
         table->product(&product, NULL, scratch));
}

/// The largest square planes of 3 channels and 2 samples that fit; test_depthwise.c does the rest.
static bool make_depthwise(size_t count, mote_depthwise *shape)
{
    size_t side = 0;
    while (6 * (side + 1) * (side + 1) <= count)
        side++;
    *shape = (mote_depthwise){
        .window = {.height = side,
                   .width = side,
                   .kernel_height = 3,
                   .kernel_width = 2,
                   .stride_height = 1,
                   .stride_width = 1,
                   .pad_top = 1,
                   .pad_left = 1,
                   .out_height = side,
                   .out_width = side},
        .dilation_height = 1,
        .dilation_width = 1,
        .samples = 2,
        .channels = 3,
    };
    return side > 0 && count >= 18;
}

static _Alignas(64) unsigned char depthwise_scratch[262144];

static void check_depthwise(trial *t)
{
    mote_depthwise shape;
    if (!make_depthwise(t->count, &shape))
        return;
    BOTH(table->depthwise(&shape, m[0].data, m[1].data, NULL, m[2].data, NULL, depthwise_scratch);
         table->depthwise(&shape, m[0].data, m[1].data, m[1].data, m[3].data, NULL,
                          depthwise_scratch));
}

static void check_depthwise_derivative(trial *t)
{
    mote_depthwise shape;
    if (!make_depthwise(t->count, &shape))
        return;
    BOTH(table->depthwise_derivative(&shape, m[0].data, m[1].data, m[2].data, NULL,
                                     depthwise_scratch));
}

static void check_depthwise_gradient(trial *t)
{
    mote_depthwise shape;
    if (!make_depthwise(t->count, &shape))
        return;
    BOTH(table->depthwise_gradient(&shape, m[0].data, m[1].data, m[2].data, NULL,
                                   depthwise_scratch));
}

typedef struct row {
    const char *name;
    void (*check)(trial *t);
} row;

static const row rows[] = {
#define KERNEL(name, parameters) {#name, check_##name},
#include "kernel/kernels.def"
#undef KERNEL
};

static const size_t counts[] = {0,  1,  2,  3,  7,   8,   9,   15,  16,  17,   31,   32,
                                33, 63, 64, 65, 100, 127, 255, 256, 257, 1000, 1024, 4099};

static void check_row(const row *checked, const mote_kernels *tested)
{
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        for (size_t kind = 0; kind < FILL_COUNT; kind++) {
            trial t = {.name = checked->name,
                       .reference = level_table(MOTE_CPU_SCALAR),
                       .tested = tested,
                       .count = counts[c],
                       .shift = c % 4,
                       .kind = (fill)kind};
            start_trial(&t, 1000 * c + kind);
            checked->check(&t);
            end_trial(&t);
        }
    }
}

static void every_kernel_gives_the_same_bits_at_every_level(void **state)
{
    (void)state;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        const mote_kernels *table = level_table((mote_cpu_level)level);
        for (size_t i = 0; table && i < sizeof rows / sizeof rows[0]; i++)
            check_row(&rows[i], table);
    }
}

static void every_level_has_every_kernel(void **state)
{
    (void)state;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        const mote_kernels *table = level_table((mote_cpu_level)level);
        if (!table)
            continue;
        const bool complete =
#define KERNEL(name, parameters) table->name &&
#include "kernel/kernels.def"
#undef KERNEL
            true;
        assert_true(complete);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_has_every_kernel),
        cmocka_unit_test(every_kernel_gives_the_same_bits_at_every_level),
    };
    return cmocka_run_group_tests_name("levels", tests, NULL, NULL);
}
