// SPDX-License-Identifier: Apache-2.0
// Choosing a level, splitting element-wise work over threads, and sums over the batch.
#include "levels.h"

#include <math.h>

static void the_scalar_level_is_in_every_build(void **state)
{
    (void)state;
    const mote_kernels *table = NULL;
    assert_int_equal(mote_kernels_get(MOTE_CPU_SCALAR, &table), MOTE_OK);
    assert_non_null(table);
}

static void every_level_up_to_the_highest_is_found_or_refused_by_name(void **state)
{
    (void)state;
    const mote_cpu_level highest = mote_kernels_highest_level();
    const mote_kernels *table = NULL;
    assert_int_equal(mote_kernels_get(highest, &table), MOTE_OK);
    for (size_t level = (size_t)highest + 1; level < MOTE_CPU_LEVEL_COUNT; level++) {
        assert_int_equal(mote_kernels_get((mote_cpu_level)level, &table), MOTE_ERROR_UNSUPPORTED);
        assert_non_null(
            strstr(mote_last_error()->message, "this build has no kernels for CPU level"));
    }
}

#define COUNT 100000U

static float *make_numbers(uint64_t seed)
{
    float *numbers = malloc(COUNT * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < COUNT; i++)
        numbers[i] = next_float(&seed);
    return numbers;
}

static void unary_work_is_split_without_changing_a_bit(void **state)
{
    (void)state;
    const mote_kernels *table = level_table(MOTE_CPU_SCALAR);
    float *x = make_numbers(1);
    float *whole = make_numbers(2);
    float *split = make_numbers(3);
    mote_kernel_run_unary(NULL, table->relu, COUNT, x, whole);
    for (size_t threads = 2; threads < 9; threads++) {
        shuffled order = {0};
        const mote_parallel parallel = shuffled_parallel(&order, threads);
        memset(split, 0, COUNT * sizeof *split);
        mote_kernel_run_unary(&parallel, table->relu, COUNT, x, split);
        assert_int_equal(order.calls, 1);
        assert_memory_equal(split, whole, COUNT * sizeof *split);
    }
    free(split);
    free(whole);
    free(x);
}

static void binary_work_is_split_without_changing_a_bit(void **state)
{
    (void)state;
    const mote_kernels *table = level_table(MOTE_CPU_SCALAR);
    float *a = make_numbers(1);
    float *b = make_numbers(2);
    float *whole = make_numbers(3);
    mote_kernel_run_binary(NULL, table->add, COUNT, a, b, whole);
    shuffled order = {0};
    const mote_parallel parallel = shuffled_parallel(&order, 3);
    mote_kernel_run_binary(&parallel, table->add, COUNT, a, b, a);
    assert_int_equal(order.calls, 1);
    assert_memory_equal(a, whole, COUNT * sizeof *a);
    free(whole);
    free(b);
    free(a);
}

static void little_work_stays_on_the_calling_thread(void **state)
{
    (void)state;
    const float x[4] = {1, 2, 3, 4};
    float y[4];
    shuffled order = {0};
    const mote_parallel parallel = shuffled_parallel(&order, 3);
    mote_kernel_run_unary(&parallel, level_table(MOTE_CPU_SCALAR)->relu, 4, x, y);
    mote_kernel_run_binary(&parallel, level_table(MOTE_CPU_SCALAR)->add, 4, x, x, y);
    assert_int_equal(order.calls, 0);
    assert_true(y[3] == 8);
}

static void a_group_is_the_fewest_samples_with_64_terms(void **state)
{
    (void)state;
    const size_t expected[][2] = {{1, 64}, {2, 32}, {7, 10}, {63, 2}, {64, 1}, {65, 1}, {1000, 1}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(mote_batch_group(expected[i][0]), expected[i][1]);
}

static float value_of(void *argument, size_t sample)
{
    return ((const float *)argument)[sample];
}

/// In two parts, the first of which has `first` samples; 0: whole.
static float sum_parts(size_t first, size_t count, size_t group, float *values)
{
    mote_batch_samples samples = {.count = first > 0 ? first : count, .group = group};
    const float sum = mote_batch_sum(&samples, value_of, values);
    if (first == 0)
        return sum;
    samples =
        (mote_batch_samples){.first = first, .count = count - first, .group = group, .before = sum};
    return mote_batch_sum(&samples, value_of, values + first);
}

static float sum_of(size_t count, size_t group, float *values)
{
    return sum_parts(0, count, group, values);
}

static void a_sum_over_the_batch_adds_groups_ascending(void **state)
{
    (void)state;
    // each addition rounds: the order shows in the result
    float values[5] = {1, 0x1p-24F, 0x1p-24F, 0x1p-24F, 0x1p-24F};
    assert_true(sum_of(5, 1, values) == 1);
    assert_true(sum_of(5, 2, values) == 1 + 0x1p-22F);
    assert_true(sum_of(5, 3, values) == 1 + 0x1p-23F);
    assert_true(sum_of(5, 8, values) == 1);
}

static void a_sum_goes_on_behind_whole_groups_and_in_the_first(void **state)
{
    (void)state;
    float values[5] = {1, 0x1p-24F, 0x1.8p-24F, 0x1p-24F, 0x1.4p-24F};
    for (size_t group = 1; group < 8; group++) {
        for (size_t first = 1; first < 5; first++) {
            if (first % group == 0 || (first < group && group >= 5))
                assert_true(sum_parts(first, 5, group, values) == sum_of(5, group, values));
        }
    }
    assert_int_equal(mote_batch_sample_group(64, 1), 1);
    assert_int_equal(mote_batch_sample_group(65, 1), 64);
    assert_int_equal(mote_batch_sample_group(7, 10), 1);
    assert_int_equal(mote_batch_sample_group(12, 10), 7);
}

static void the_first_value_of_a_batch_is_stored(void **state)
{
    (void)state;
    float values[1] = {-0.0F};
    assert_true(signbit(sum_of(1, 4, values)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scalar_level_is_in_every_build),
        cmocka_unit_test(every_level_up_to_the_highest_is_found_or_refused_by_name),
        cmocka_unit_test(unary_work_is_split_without_changing_a_bit),
        cmocka_unit_test(binary_work_is_split_without_changing_a_bit),
        cmocka_unit_test(little_work_stays_on_the_calling_thread),
        cmocka_unit_test(a_group_is_the_fewest_samples_with_64_terms),
        cmocka_unit_test(a_sum_over_the_batch_adds_groups_ascending),
        cmocka_unit_test(a_sum_goes_on_behind_whole_groups_and_in_the_first),
        cmocka_unit_test(the_first_value_of_a_batch_is_stored),
    };
    return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
