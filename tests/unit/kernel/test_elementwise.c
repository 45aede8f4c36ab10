// SPDX-License-Identifier: Apache-2.0
// What element-wise kernels and optimizers compute: their definitions, with the roundings that
// kernel.h and kernels.def promise.
#include "levels.h"

#include <math.h>

#define COUNT 77U

static const mote_kernels *kernels(void)
{
    return level_table(MOTE_CPU_SCALAR);
}

static void fill(float *numbers, uint64_t seed)
{
    for (size_t i = 0; i < COUNT; i++)
        numbers[i] = next_float(&seed) * 3;
}

static void expect_equal(const float *got, const float *expected)
{
    assert_memory_equal(got, expected, COUNT * sizeof *got);
}

typedef struct numbers {
    float a[COUNT], b[COUNT], got[COUNT], expected[COUNT];
} numbers;

static numbers make_numbers(void)
{
    numbers n;
    fill(n.a, 1);
    fill(n.b, 2);
    n.a[3] = 0;
    n.a[4] = -0.0F;
    return n;
}

static void relu_replaces_what_is_below_zero(void **state)
{
    (void)state;
    const float x[5] = {-1, -1e-45F, 0, 1e-45F, 3};
    const float expected[5] = {0, 0, 0, 1e-45F, 3};
    float y[5];
    kernels()->relu(5, x, y);
    assert_memory_equal(y, expected, sizeof y);
}

static void relu_does_not_hide_what_is_not_a_number(void **state)
{
    (void)state;
    float x[9] = {0};
    x[2] = NAN;
    x[8] = NAN;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        const mote_kernels *table = level_table((mote_cpu_level)level);
        float y[9];
        if (!table)
            continue;
        table->relu(9, x, y);
        assert_true(isnan(y[2]));
        assert_true(isnan(y[8]));
    }
}

static void relu_passes_the_derivative_where_the_output_is_above_zero(void **state)
{
    (void)state;
    const float y[4] = {0, 2, 0, 1e-45F};
    const float dy[4] = {5, 6, 7, 8};
    const float expected[4] = {0, 6, 0, 8};
    float dx[4];
    kernels()->relu_derivative(4, y, dy, dx);
    assert_memory_equal(dx, expected, sizeof dx);
}

static void derivatives_come_from_outputs(void **state)
{
    (void)state;
    numbers n = make_numbers();
    kernels()->sigmoid_derivative(COUNT, n.a, n.b, n.got);
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = n.b[i] * (n.a[i] * (1 - n.a[i]));
    expect_equal(n.got, n.expected);
    kernels()->tanh_derivative(COUNT, n.a, n.b, n.got);
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = n.b[i] * fmaf(-n.a[i], n.a[i], 1);
    expect_equal(n.got, n.expected);
}

static void sums_and_scales_round_as_promised(void **state)
{
    (void)state;
    numbers n = make_numbers();
    kernels()->add(COUNT, n.a, n.b, n.got);
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = n.a[i] + n.b[i];
    expect_equal(n.got, n.expected);
    kernels()->multiply(COUNT, n.a, n.b, n.got);
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = n.a[i] * n.b[i];
    expect_equal(n.got, n.expected);
    kernels()->scale(COUNT, 1.3F, n.a, n.got);
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = n.a[i] * 1.3F;
    expect_equal(n.got, n.expected);
    kernels()->clamp(COUNT, 0.5F, n.a, n.got);
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = n.a[i] > 0.5F ? 0.5F : n.a[i] < -0.5F ? -0.5F : n.a[i];
    expect_equal(n.got, n.expected);
    kernels()->shift_scale(COUNT, 0.7F, 1.3F, n.a, n.got);
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = (n.a[i] - 0.7F) * 1.3F;
    expect_equal(n.got, n.expected);
    kernels()->scale_shift(COUNT, 1.3F, 0.7F, n.a, n.got);
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = fmaf(n.a[i], 1.3F, 0.7F);
    expect_equal(n.got, n.expected);
}

static void blends_and_differences_round_as_promised(void **state)
{
    (void)state;
    numbers n = make_numbers();
    const mote_blend blend = {.scale_a = 0.3F, .scale_b = 0.6F, .shift = -1};
    kernels()->blend(&blend, COUNT, n.a, n.b, n.got);
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = fmaf(n.a[i], 0.3F, fmaf(n.b[i], 0.6F, -1));
    expect_equal(n.got, n.expected);
    kernels()->difference(COUNT, 0.3F, n.a, n.b, n.got);
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = (n.a[i] - n.b[i]) * 0.3F;
    expect_equal(n.got, n.expected);
}

static void dropout_is_keyed_by_the_index_in_the_batch(void **state)
{
    (void)state;
    const size_t levels = MOTE_CPU_LEVEL_COUNT;
    const uint64_t firsts[] = {0, 1, 2, 3, 4, 61, 64, 1000003, 0x3FFFFFFFEU};
    numbers n = make_numbers();
    for (size_t f = 0; f < sizeof firsts / sizeof firsts[0] * levels; f++) {
        const mote_kernels *table = level_table((mote_cpu_level)(f % levels));
        const mote_dropout dropout = {.key = {.seed = 9, .name = 8, .iteration = 7, .time = 6},
                                      .first = firsts[f / levels],
                                      .threshold = 0x80000000U,
                                      .scale = 2};
        if (!table)
            continue;
        table->dropout(&dropout, COUNT, n.a, n.got);
        for (size_t i = 0; i < COUNT; i++) {
            const uint32_t word = mote_random_word(&dropout.key, dropout.first + i);
            n.expected[i] = word >= dropout.threshold ? n.a[i] * 2 : 0;
        }
        expect_equal(n.got, n.expected);
    }
}

static void dropout_keeps_everything_at_threshold_zero(void **state)
{
    (void)state;
    numbers n = make_numbers();
    const mote_dropout dropout = {.threshold = 0, .scale = 1};
    kernels()->dropout(&dropout, COUNT, n.a, n.got);
    expect_equal(n.got, n.a);
}

static void sgd_without_velocity_is_plain_descent(void **state)
{
    (void)state;
    numbers n = make_numbers();
    const mote_sgd sgd = {.rate = 0.1F, .weight_decay = 0.2F};
    for (size_t i = 0; i < COUNT; i++)
        n.expected[i] = fmaf(-0.1F, fmaf(0.2F, n.a[i], n.b[i]), n.a[i]);
    kernels()->sgd(&sgd, COUNT, n.a, n.b, NULL);
    expect_equal(n.a, n.expected);
}

static void sgd_starts_its_velocity_with_the_gradient(void **state)
{
    (void)state;
    numbers n = make_numbers();
    float velocity[COUNT];
    float expected_velocity[COUNT];
    memset(velocity, 0xFF, sizeof velocity); // not read by the first update
    mote_sgd sgd = {.rate = 0.1F, .momentum = 0.9F, .weight_decay = 0.2F, .first = true};
    memcpy(n.expected, n.a, sizeof n.expected);
    for (unsigned step = 0; step < 3; step++) {
        for (size_t i = 0; i < COUNT; i++) {
            const float g = fmaf(0.2F, n.expected[i], n.b[i]);
            expected_velocity[i] = step == 0 ? g : fmaf(0.9F, expected_velocity[i], g);
            n.expected[i] = fmaf(-0.1F, expected_velocity[i], n.expected[i]);
        }
        kernels()->sgd(&sgd, COUNT, n.a, n.b, velocity);
        sgd.first = false;
        expect_equal(n.a, n.expected);
        expect_equal(velocity, expected_velocity);
    }
}

static void adam_follows_its_formula(void **state)
{
    (void)state;
    numbers n = make_numbers();
    float m[COUNT] = {0};
    float v[COUNT] = {0};
    float expected_m[COUNT] = {0};
    float expected_v[COUNT] = {0};
    float *const moments[2] = {m, v};
    const mote_adam adam = {.step = 0.01F,
                            .beta1 = 0.9F,
                            .beta2 = 0.99F,
                            .epsilon = 1e-6F,
                            .weight_decay = 0.1F,
                            .root_correction2 = 0.3F};
    memcpy(n.expected, n.a, sizeof n.expected);
    for (unsigned step = 0; step < 3; step++) {
        for (size_t i = 0; i < COUNT; i++) {
            const float g = fmaf(0.1F, n.expected[i], n.b[i]);
            expected_m[i] = fmaf(1 - 0.9F, g - expected_m[i], expected_m[i]);
            expected_v[i] = fmaf((1 - 0.99F) * g, g, 0.99F * expected_v[i]);
            n.expected[i] =
                fmaf(-0.01F, expected_m[i] / (sqrtf(expected_v[i]) / 0.3F + 1e-6F), n.expected[i]);
        }
        kernels()->adam(&adam, COUNT, n.a, n.b, moments);
        expect_equal(n.a, n.expected);
        expect_equal(m, expected_m);
        expect_equal(v, expected_v);
    }
}

static void nesterov_looks_ahead_by_the_momentum(void **state)
{
    (void)state;
    numbers n = make_numbers();
    float velocity[COUNT];
    float expected_velocity[COUNT];
    memset(velocity, 0xFF, sizeof velocity); // not read by the first update
    mote_sgd sgd = {
        .rate = 0.1F, .momentum = 0.9F, .weight_decay = 0.2F, .first = true, .nesterov = true};
    memcpy(n.expected, n.a, sizeof n.expected);
    for (unsigned step = 0; step < 3; step++) {
        for (size_t i = 0; i < COUNT; i++) {
            const float g = fmaf(0.2F, n.expected[i], n.b[i]);
            expected_velocity[i] = step == 0 ? g : fmaf(0.9F, expected_velocity[i], g);
            n.expected[i] = fmaf(-0.1F, fmaf(0.9F, expected_velocity[i], g), n.expected[i]);
        }
        kernels()->sgd(&sgd, COUNT, n.a, n.b, velocity);
        sgd.first = false;
        expect_equal(n.a, n.expected);
        expect_equal(velocity, expected_velocity);
    }
}

static void adam_takes_the_decoupled_share_before_the_step(void **state)
{
    (void)state;
    numbers n = make_numbers();
    float m[COUNT] = {0};
    float v[COUNT] = {0};
    float *const moments[2] = {m, v};
    const mote_adam adam = {.step = 0.01F, .epsilon = 1, .root_correction2 = 1, .shrink = 0.25F};
    for (size_t i = 0; i < COUNT; i++) {
        const float root = sqrtf(fmaf(n.b[i], n.b[i], 0)) + 1;
        n.expected[i] = fmaf(-0.01F, n.b[i] / root, fmaf(-0.25F, n.a[i], n.a[i]));
    }
    kernels()->adam(&adam, COUNT, n.a, n.b, moments);
    expect_equal(n.a, n.expected);
}

/// Velocity may be NULL.
static void expect_rmsprop(float *velocity)
{
    numbers n = make_numbers();
    float square[COUNT] = {0};
    float expected_square[COUNT] = {0};
    float expected_velocity[COUNT] = {0};
    float *const slots[2] = {square, velocity};
    const mote_rmsprop rmsprop = {
        .rate = 0.01F, .alpha = 0.9F, .epsilon = 1e-6F, .momentum = 0.8F, .weight_decay = 0.1F};
    memcpy(n.expected, n.a, sizeof n.expected);
    for (unsigned step = 0; step < 3; step++) {
        for (size_t i = 0; i < COUNT; i++) {
            const float g = fmaf(0.1F, n.expected[i], n.b[i]);
            expected_square[i] = fmaf((1 - 0.9F) * g, g, 0.9F * expected_square[i]);
            const float q = g / (sqrtf(expected_square[i]) + 1e-6F);
            expected_velocity[i] = velocity ? fmaf(0.8F, expected_velocity[i], q) : q;
            n.expected[i] = fmaf(-0.01F, expected_velocity[i], n.expected[i]);
        }
        kernels()->rmsprop(&rmsprop, COUNT, n.a, n.b, slots);
        expect_equal(n.a, n.expected);
        expect_equal(square, expected_square);
        if (velocity)
            expect_equal(velocity, expected_velocity);
    }
}

static void rmsprop_follows_its_formula(void **state)
{
    (void)state;
    expect_rmsprop(NULL);
}

static void rmsprop_with_momentum_keeps_a_velocity(void **state)
{
    (void)state;
    float velocity[COUNT] = {0};
    expect_rmsprop(velocity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relu_replaces_what_is_below_zero),
        cmocka_unit_test(relu_does_not_hide_what_is_not_a_number),
        cmocka_unit_test(relu_passes_the_derivative_where_the_output_is_above_zero),
        cmocka_unit_test(derivatives_come_from_outputs),
        cmocka_unit_test(sums_and_scales_round_as_promised),
        cmocka_unit_test(blends_and_differences_round_as_promised),
        cmocka_unit_test(dropout_is_keyed_by_the_index_in_the_batch),
        cmocka_unit_test(dropout_keeps_everything_at_threshold_zero),
        cmocka_unit_test(sgd_without_velocity_is_plain_descent),
        cmocka_unit_test(sgd_starts_its_velocity_with_the_gradient),
        cmocka_unit_test(adam_follows_its_formula),
        cmocka_unit_test(nesterov_looks_ahead_by_the_momentum),
        cmocka_unit_test(adam_takes_the_decoupled_share_before_the_step),
        cmocka_unit_test(rmsprop_follows_its_formula),
        cmocka_unit_test(rmsprop_with_momentum_keeps_a_velocity),
    };
    return cmocka_run_group_tests_name("element-wise kernels", tests, NULL, NULL);
}
