// SPDX-License-Identifier: Apache-2.0
// exp, expm1, log, log1p, tanh, erf and sigmoid against libm in double, over all exponents of their range, and at its ends.
#include "kernel/elementary.h"
#include "levels.h"

#include <math.h>

typedef float of_float(float x);
typedef double of_double(double x);

static float from_bits(uint32_t bits)
{
    float value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/// Distance in units of the last place of the right result.
static double distance(float got, double right)
{
    const float rounded = fabsf((float)right);
    if (isinf(rounded))
        return isinf(got) && (got > 0) == (right > 0) ? 0 : (double)INFINITY;
    const double unit = rounded < 0x1p-126F ? 0x1p-149 : ldexp(1, ilogb((double)rounded) - 23);
    return fabs((double)got - right) / unit;
}

/// The largest distance over every `step`-th float from `first` to `last` (as bits, of one sign).
static double sweep(of_float *tested, of_double *right, float first, float last)
{
    double worst = 0;
    for (uint32_t bits = float_bits(first); bits <= float_bits(last); bits += 1013) {
        const float x = from_bits(bits);
        const double d = distance(tested(x), right((double)x));
        if (!(d <= worst))
            worst = d;
    }
    return worst;
}

static double sigmoid_in_double(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

/// One number at a time through the table's kernel.
static float sigmoid(float x)
{
    float y = 0;
    level_table(MOTE_CPU_SCALAR)->sigmoid(1, &x, &y);
    return y;
}

static void exp_is_within_two_units_over_its_whole_range(void **state)
{
    (void)state;
    assert_true(sweep(mote_elementary_exp, exp, 0.0F, 200.0F) <= 2);
    assert_true(sweep(mote_elementary_exp, exp, -0.0F, -200.0F) <= 2);
}

static void exp_of_the_ends_is_exact(void **state)
{
    (void)state;
    assert_true(mote_elementary_exp(0) == 1);
    assert_true(mote_elementary_exp(-0.0F) == 1);
    assert_true(mote_elementary_exp(-INFINITY) == 0);
    assert_true(isinf(mote_elementary_exp(INFINITY)));
    assert_true(mote_elementary_exp(-103.0F) == 0x1p-149F); // the smallest number: no flush to zero
    assert_true(mote_elementary_exp(-104.0F) == 0);
    assert_false(isinf(mote_elementary_exp(88.7F)));
    assert_true(isinf(mote_elementary_exp(88.8F)));
}

static void log_is_within_two_units_over_its_whole_range(void **state)
{
    (void)state;
    assert_true(sweep(mote_elementary_log, log, 0x1p-149F, 0x1.fffffep127F) <= 2);
    assert_true(sweep(mote_elementary_log, log, 0.9F, 1.1F) <= 2);
}

static void log_of_the_ends_is_exact(void **state)
{
    (void)state;
    assert_true(mote_elementary_log(1) == 0);
    assert_true(isinf(mote_elementary_log(INFINITY)));
    assert_true(distance(mote_elementary_log(0x1p-149F), log(0x1p-149)) <= 2);
}

static void tanh_is_within_three_units_over_its_whole_range(void **state)
{
    (void)state;
    assert_true(sweep(mote_elementary_tanh, tanh, 0.0F, 30.0F) <= 3);
    assert_true(sweep(mote_elementary_tanh, tanh, -0.0F, -30.0F) <= 3);
}

static void tanh_of_the_ends_is_exact(void **state)
{
    (void)state;
    assert_true(mote_elementary_tanh(INFINITY) == 1);
    assert_true(mote_elementary_tanh(-INFINITY) == -1);
    assert_true(mote_elementary_tanh(0x1p-149F) == 0x1p-149F);
}

static void erf_is_within_three_units_over_its_whole_range(void **state)
{
    (void)state;
    assert_true(sweep(mote_elementary_erf, erf, 0.0F, 30.0F) <= 3);
    assert_true(sweep(mote_elementary_erf, erf, -0.0F, -30.0F) <= 3);
}

static void erf_of_the_ends_is_exact(void **state)
{
    (void)state;
    assert_true(mote_elementary_erf(INFINITY) == 1);
    assert_true(mote_elementary_erf(-INFINITY) == -1);
    assert_true(mote_elementary_erf(0) == 0);
}

static void expm1_is_within_three_units_below_0_and_four_above(void **state)
{
    (void)state;
    assert_true(sweep(mote_elementary_expm1, expm1, 0.0F, 200.0F) <= 4);
    assert_true(sweep(mote_elementary_expm1, expm1, -0.0F, -200.0F) <= 3);
}

static void log1p_is_within_three_units_from_0_to_1(void **state)
{
    (void)state;
    assert_true(sweep(mote_elementary_log1p, log1p, 0.0F, 1.0F) <= 3);
}

static void sigmoid_is_within_three_units_also_where_it_is_tiny(void **state)
{
    (void)state;
    assert_true(sweep(sigmoid, sigmoid_in_double, 0.0F, 200.0F) <= 3);
    assert_true(sweep(sigmoid, sigmoid_in_double, -0.0F, -200.0F) <= 3);
    assert_true(sigmoid(-100.0F) > 0);
}

static void functions_of_one_number_have_the_bits_of_the_kernels(void **state)
{
    (void)state;
    float x[64];
    for (size_t i = 0; i < 64; i++)
        x[i] = (float)i * 0.37F - 11.0F;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        const mote_kernels *table = level_table((mote_cpu_level)level);
        float y[64];
        if (!table)
            continue;
        table->tanh(64, x, y);
        for (size_t i = 0; i < 64; i++)
            assert_int_equal(float_bits(y[i]), float_bits(mote_elementary_tanh(x[i])));
        for (size_t i = 0; i < 64; i++) {
            const float pair[2] = {x[i], x[i]};
            float log_sum = 0;
            table->log_sum_exp(2, pair, &log_sum);
            assert_int_equal(float_bits(log_sum), float_bits(x[i] + mote_elementary_log(2)));
        }
    }
}

static void what_is_not_a_number_stays_so(void **state)
{
    (void)state;
    assert_true(isnan(mote_elementary_exp(NAN)));
    assert_true(isnan(mote_elementary_log(NAN)));
    assert_true(isnan(mote_elementary_log(-1)));
    assert_true(isnan(mote_elementary_tanh(NAN)));
    assert_true(isnan(mote_elementary_erf(NAN)));
    assert_true(isnan(mote_elementary_expm1(NAN)));
    assert_true(isnan(mote_elementary_log1p(NAN)));
    for (size_t place = 0; place < 37; place++) {
        for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
            const mote_kernels *table = level_table((mote_cpu_level)level);
            float x[37] = {0};
            float y[37];
            float log_sum = 0;
            if (!table)
                continue;
            x[place] = NAN;
            table->log_sum_exp(37, x, &log_sum);
            assert_true(isnan(log_sum));
            table->softmax(37, x, y);
            assert_true(isnan(y[place]));
            table->sigmoid(37, x, y);
            assert_true(isnan(y[place]));
            table->tanh(37, x, y);
            assert_true(isnan(y[place]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_within_two_units_over_its_whole_range),
        cmocka_unit_test(exp_of_the_ends_is_exact),
        cmocka_unit_test(log_is_within_two_units_over_its_whole_range),
        cmocka_unit_test(log_of_the_ends_is_exact),
        cmocka_unit_test(tanh_is_within_three_units_over_its_whole_range),
        cmocka_unit_test(tanh_of_the_ends_is_exact),
        cmocka_unit_test(erf_is_within_three_units_over_its_whole_range),
        cmocka_unit_test(erf_of_the_ends_is_exact),
        cmocka_unit_test(expm1_is_within_three_units_below_0_and_four_above),
        cmocka_unit_test(log1p_is_within_three_units_from_0_to_1),
        cmocka_unit_test(sigmoid_is_within_three_units_also_where_it_is_tiny),
        cmocka_unit_test(functions_of_one_number_have_the_bits_of_the_kernels),
        cmocka_unit_test(what_is_not_a_number_stays_so),
    };
    return cmocka_run_group_tests_name("elementary functions", tests, NULL, NULL);
}
