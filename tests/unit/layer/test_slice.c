// SPDX-License-Identifier: Apache-2.0
// Slice: a range of an axis, counted from 1, without its end.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT 12U

static const double x[COUNT] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static layer_config make_config(const char *axis, const char *start, const char *end)
{
    return (layer_config){.layer = "slice",
                          .entries = {axis, start, end},
                          .input_count = 1,
                          .inputs = {{2, 2, 3}},
                          .batch = 1};
}

static void expect_slice(const layer_config *config, size_t count, const double *y,
                         const double dx[COUNT])
{
    layer_harness harness;
    layer_harness_build(&harness, config);
    assert_int_equal(mote_shape_elements(&harness.declaration.outputs[0].shape), count);
    layer_harness_set(&harness, LAYER_INPUT, 0, COUNT, x);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, count, y);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, count, y, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, COUNT, dx, 0);
    layer_harness_release(&harness);
}

static void the_first_is_1_and_the_end_is_not_taken(void **unused)
{
    (void)unused;
    const double columns[] = {1, 2, 4, 5, 7, 8, 10, 11};
    const double columns_dx[COUNT] = {1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0};
    const double rows[] = {4, 5, 6, 10, 11, 12};
    const double rows_dx[COUNT] = {0, 0, 0, 4, 5, 6, 0, 0, 0, 10, 11, 12};
    const double channel[] = {7, 8, 9, 10, 11, 12};
    const double channel_dx[COUNT] = {0, 0, 0, 0, 0, 0, 7, 8, 9, 10, 11, 12};
    layer_config config = make_config("axis=3", "start_index=1", "end_index=3");
    expect_slice(&config, 8, columns, columns_dx);
    config = make_config("axis=2", "start_index=2", "end_index=3");
    expect_slice(&config, 6, rows, rows_dx);
    config = make_config("axis=1", "start_index=2", "end_index=3");
    expect_slice(&config, 6, channel, channel_dx);
}

static void the_whole_axis_is_a_slice(void **unused)
{
    (void)unused;
    const layer_config config = make_config("axis=3", "start_index=1", "end_index=4");
    expect_slice(&config, COUNT, x, x);
}

static void ranges_that_are_empty_or_reach_beyond_the_axis_are_refused(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_config config = make_config("axis=3", "start_index=2", "end_index=2");
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': from start_index 2 up to, not with, end_index 2 is no part of "
                  "1 .. 3 along axis 3");
    config = make_config("axis=2", "start_index=1", "end_index=4");
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "end_index 4 is no part of 1 .. 2 along axis 2");
    config = make_config("axis=2", "start_index=0", "end_index=2");
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "a whole number from 1 to 2147483647");
    config = make_config("axis=4", "start_index=1", "end_index=2");
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "a whole number from 1 to 3");
}

static void integers_and_shared_tensors_are_refused(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_config config = make_config("axis=3", "start_index=1", "end_index=2");
    config.integer_inputs = 1;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': input 0 has elements of I32");
    config.integer_inputs = 0;
    config.shared_inputs = 1;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': input 0 is one tensor for all samples");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_1_and_the_end_is_not_taken),
        cmocka_unit_test(the_whole_axis_is_a_slice),
        cmocka_unit_test(ranges_that_are_empty_or_reach_beyond_the_axis_are_refused),
        cmocka_unit_test(integers_and_shared_tensors_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
