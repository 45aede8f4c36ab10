// SPDX-License-Identifier: Apache-2.0
// Clipping: the norm's order of summation, and the factor and limits of PyTorch.
#include "optim/optim.h"

#include "support/threads.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 70001U

static mote_clip_run make_run(const mote_parallel *parallel)
{
    mote_clip_run run = {.parallel = parallel};
    assert_int_equal(mote_kernels_get(MOTE_CPU_SCALAR, &run.kernels), MOTE_OK);
    return run;
}

static void fill(mote_real values[COUNT])
{
    for (uint32_t i = 0; i < COUNT; i++)
        values[i] = (mote_real)((i * 2654435761U) >> 8U) / MOTE_REAL(16777216.0) - MOTE_REAL(0.3);
}

static double sum_all(const mote_clip_run *run, mote_real values[COUNT], double *sums)
{
    mote_gradient gradient = {.count = COUNT};
    gradient.values = values;
    return mote_clip_sum_squares(run, &gradient, sums);
}

static void the_sum_of_squares_is_made_of_blocks_added_in_order(void **unused)
{
    (void)unused;
    static mote_real values[COUNT];
    static double sums[COUNT / 4096 + 1];
    const mote_clip_run run = make_run(NULL);
    fill(values);
    double expected = 0.0;
    for (size_t first = 0; first < COUNT; first += 4096) {
        mote_real block = 0;
        const size_t count = COUNT - first < 4096 ? COUNT - first : 4096;
        run.kernels->sum_products(count, values + first, values + first, &block);
        expected += (double)block;
    }
    assert_int_equal(mote_clip_scratch_bytes(COUNT, false), sizeof sums);
    assert_true(sum_all(&run, values, sums) == expected);
}

static void the_sum_is_the_same_for_every_number_of_threads(void **unused)
{
    (void)unused;
    static mote_real values[COUNT];
    static double sums[COUNT / 4096 + 1];
    fill(values);
    const mote_clip_run alone = make_run(NULL);
    const double expected = sum_all(&alone, values, sums);
    for (size_t threads = 1; threads <= 5; threads++) {
        const mote_parallel parallel = mote_test_threads(threads);
        const mote_clip_run run = make_run(&parallel);
        assert_true(sum_all(&run, values, sums) == expected);
    }
}

static void a_gradient_of_some_rows_has_the_sum_of_the_whole(void **unused)
{
    (void)unused;

    static mote_real whole[COUNT];
    static mote_real scratch[MOTE_GRADIENT_PART + 64];
    static double sums[COUNT / 4096 + 1];
    static const int32_t rows[] = {5, 0, 584, 585, 4681, 9999};
    mote_real stored[35];
    for (size_t i = 0; i < 35; i++) {
        stored[i] = (mote_real)i / 3 - 4;
        whole[(size_t)rows[1 + i / 7U] * 7U + i % 7U] = stored[i];
    }
    const mote_clip_run run = make_run(NULL);
    const mote_gradient sparse = {.values = stored, .count = COUNT, .rows = rows, .width = 7U};
    assert_true(mote_clip_scratch_bytes(35, true) <= sizeof scratch);
    assert_true(mote_clip_sum_squares(&run, &sparse, scratch) == sum_all(&run, whole, sums));
}

static void the_factor_is_that_of_pytorch(void **unused)
{
    (void)unused;
    // torch.nn.utils.clip_grad_norm_: 2 / (5 + 1e-6)
    assert_true(fabs((double)mote_clip_factor(2.0, 5.0) - 0.39999992000001600) < 3e-8);
    assert_true(mote_clip_factor(2.0, 1.9) == 1);
    assert_true(mote_clip_factor(2.0, 0.0) == 1);
    assert_true(mote_clip_factor(2.0, 2.0) < 1); // the 1e-6
}

static void gradients_are_scaled_and_limited(void **unused)
{
    (void)unused;
    const mote_clip_run run = make_run(NULL);
    mote_real gradient[5] = {3, -4, MOTE_REAL(0.5), 0, -1};
    const mote_real scaled[5] = {MOTE_REAL(1.5), -2, MOTE_REAL(0.25), 0, MOTE_REAL(-0.5)};
    const mote_real limited[5] = {1, -1, MOTE_REAL(0.25), 0, MOTE_REAL(-0.5)};
    mote_clip_scale(&run, MOTE_REAL(0.5), 5, gradient);
    assert_memory_equal(gradient, scaled, sizeof scaled);
    mote_clip_scale(&run, 1, 5, gradient);
    assert_memory_equal(gradient, scaled, sizeof scaled);
    mote_clip_limit(&run, 1, 5, gradient);
    assert_memory_equal(gradient, limited, sizeof limited);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_of_squares_is_made_of_blocks_added_in_order),
        cmocka_unit_test(the_sum_is_the_same_for_every_number_of_threads),
        cmocka_unit_test(a_gradient_of_some_rows_has_the_sum_of_the_whole),
        cmocka_unit_test(the_factor_is_that_of_pytorch),
        cmocka_unit_test(gradients_are_scaled_and_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
