// SPDX-License-Identifier: Apache-2.0
// Pooling: sizes, what is kept for backward, and values worked by hand.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(const char *pooling, size_t height, size_t width)
{
    return (layer_config){
        .layer = "pooling2d",
        .entries = {pooling},
        .input_count = 1,
        .inputs = {{1, height, width}},
        .batch = 1,
    };
}

static void expect_output(layer_config config, size_t height, size_t width)
{
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_shape expected = mote_shape_image(1, height, width);
    assert_true(mote_shape_equal(&harness.declaration.outputs[0].shape, &expected));
    layer_harness_release(&harness);
}

static void the_stride_is_the_pool_size_when_not_given(void **unused)
{
    (void)unused;
    layer_config config = make_config("pooling=max", 6, 7);
    config.entries[1] = "pool_size=2,3";
    expect_output(config, 3, 2);
    config.entries[2] = "stride=1";
    expect_output(config, 5, 5);
}

static void global_pooling_leaves_one_cell(void **unused)
{
    (void)unused;
    expect_output(make_config("pooling=global_max", 6, 7), 1, 1);
    expect_output(make_config("pooling=global_average", 6, 7), 1, 1);
}

static void a_missing_pool_size_is_refused(void **unused)
{
    (void)unused;
    const layer_config config = make_config("pooling=average", 6, 7);
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': pooling = average needs pool_size");
}

static void a_window_for_global_pooling_is_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config("pooling=global_max", 6, 7);
    layer_harness harness;
    config.entries[1] = "padding=same";
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': pooling = global_max takes the whole plane, without pool_size, "
                  "stride and padding");
}

static void padding_as_wide_as_the_window_is_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config("pooling=max", 6, 7);
    config.entries[1] = "pool_size=2";
    config.entries[2] = "padding=0,0,2,0";
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': padding must be less than pool_size (2 x 2) on each side");
}

static void a_window_larger_than_the_input_is_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config("pooling=max", 6, 2);
    config.entries[1] = "pool_size=3";
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': kernel width 3 is more than input width 2");
}

static mote_dtype get_index_dtype(const char *pool_size)
{
    layer_config config = make_config("pooling=max", 40, 40);
    config.entries[1] = pool_size;
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.temporary_count, 1);
    const mote_dtype dtype = harness.declaration.temporaries[0].spec.dtype;
    layer_harness_release(&harness);
    return dtype;
}

static void the_index_takes_one_byte_up_to_256_cells(void **unused)
{
    (void)unused;
    assert_int_equal(get_index_dtype("pool_size=16"), MOTE_DTYPE_U8);
    assert_int_equal(get_index_dtype("pool_size=16,17"), MOTE_DTYPE_I32);
}

static void an_average_keeps_nothing(void **unused)
{
    (void)unused;
    layer_config config = make_config("pooling=average", 4, 4);
    config.entries[1] = "pool_size=2";
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.temporary_count, 0);
    assert_int_equal(harness.declaration.input_needs[0], 0);
    assert_int_equal(harness.declaration.output_needs, 0);
    layer_harness_release(&harness);
}

static void expect_values(layer_config config, const double x[6], const double y[2],
                          const double dx[6])
{
    const double dy[] = {3, 5};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 6, x);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 2, dy);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, y, 1e-6);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 6, dx, 1e-6);
    layer_harness_release(&harness);
}

static void of_equal_maxima_the_first_gets_the_derivative(void **unused)
{
    (void)unused;
    layer_config config = make_config("pooling=max", 2, 3);
    config.entries[1] = "pool_size=2";
    config.entries[2] = "stride=1";
    const double x[] = {4, 1, 4, 4, 4, -1};
    const double y[] = {4, 4};
    const double dx[] = {3, 0, 5, 0, 0, 0};
    expect_values(config, x, y, dx);
}

static void padding_does_not_count_in_an_average(void **unused)
{
    (void)unused;
    layer_config config = make_config("pooling=average", 2, 3);
    config.entries[1] = "pool_size=2";
    config.entries[2] = "padding=0,0,1,0";
    const double x[] = {4, 1, 3, 2, 5, 7};
    const double y[] = {3, 4};
    const double dx[] = {1.5, 1.25, 1.25, 1.5, 1.25, 1.25};
    expect_values(config, x, y, dx);
}

static void what_is_not_a_number_stays_so_in_every_kind(void **unused)
{
    (void)unused;
    static const char *const kinds[] = {"pooling=max", "pooling=average", "pooling=global_max",
                                        "pooling=global_average"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (size_t place = 0; place < 9; place++) {
            layer_config config = make_config(kinds[i], 3, 3);
            layer_harness harness;
            config.entries[1] = i < 2 ? "pool_size=3" : NULL;
            config.evaluation = place % 2 == 1; // without and with the index
            layer_harness_build(&harness, &config);
            layer_harness_fill(&harness);
            layer_harness_data(&harness, LAYER_INPUT, 0)[place] = (mote_real)NAN;
            layer_harness_run(&harness, MOTE_PHASE_FORWARD);
            assert_true(isnan(layer_harness_data(&harness, LAYER_OUTPUT, 0)[0]));
            layer_harness_release(&harness);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stride_is_the_pool_size_when_not_given),
        cmocka_unit_test(global_pooling_leaves_one_cell),
        cmocka_unit_test(a_missing_pool_size_is_refused),
        cmocka_unit_test(a_window_for_global_pooling_is_refused),
        cmocka_unit_test(padding_as_wide_as_the_window_is_refused),
        cmocka_unit_test(a_window_larger_than_the_input_is_refused),
        cmocka_unit_test(the_index_takes_one_byte_up_to_256_cells),
        cmocka_unit_test(an_average_keeps_nothing),
        cmocka_unit_test(of_equal_maxima_the_first_gets_the_derivative),
        cmocka_unit_test(padding_does_not_count_in_an_average),
        cmocka_unit_test(what_is_not_a_number_stays_so_in_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
