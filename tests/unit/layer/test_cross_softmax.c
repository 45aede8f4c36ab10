// SPDX-License-Identifier: Apache-2.0
// Cross entropy with softmax: labels, values, and what counts as right.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(size_t rows, size_t classes, size_t batch, const char *label)
{
    return (layer_config){
        .layer = "cross_softmax",
        .entries = {label},
        .input_count = 1,
        .inputs = {{1, rows, classes}},
        .batch = batch,
    };
}

static void set_classes(const layer_harness *harness, size_t count, const int32_t *classes)
{
    int32_t *const data = harness->slots[LAYER_INPUT][1].tensor.data;
    for (size_t i = 0; i < count; i++)
        data[i] = classes[i];
}

static void the_label_is_one_index_a_row(void **unused)
{
    (void)unused;
    const layer_config config = make_config(3, 10, 2, "label=index");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_shape expected = mote_shape_image(1, 3, 1);
    assert_int_equal(harness.input_specs[1].dtype, MOTE_DTYPE_I32);
    assert_true(mote_shape_equal(&harness.input_specs[1].shape, &expected));
    layer_harness_release(&harness);
}

static void an_index_is_one_of_the_classes(void **unused)
{
    (void)unused;
    const layer_config config = make_config(2, 5, 3, "label=index");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_integer_range *const range = &harness.declaration.input_ranges[1];
    assert_int_equal(range->first, 0);
    assert_int_equal(range->last, 4);
    layer_harness_release(&harness);
}

static void one_hot_labels_have_the_shape_of_the_prediction(void **unused)
{
    (void)unused;
    const layer_config config = make_config(3, 10, 2, "label=one_hot");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.input_specs[1].dtype, MOTE_DTYPE_REAL);
    assert_true(mote_shape_equal(&harness.input_specs[1].shape, &harness.input_specs[0].shape));
    layer_harness_release(&harness);
}

static const double logits[] = {0, 0, 0.69314718, 1.0986123, 0, 0};
static const int32_t classes[] = {2, 1};

/// Softmax of the rows is 1/4 1/4 2/4 and 3/5 1/5 1/5.
static const double metrics[] = {(0.69314718 + 1.6094379) / 2, 1};
static const double derivatives[] = {0.125, 0.125, -0.25, 0.3, -0.4, 0.1};

static void the_loss_is_minus_the_logarithm_of_the_share_of_the_class(void **unused)
{
    (void)unused;
    const layer_config config = make_config(1, 3, 2, "label=index");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 6, logits);
    set_classes(&harness, 2, classes);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, metrics, 1e-6);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 6, derivatives, 1e-6);
    layer_harness_release(&harness);
}

static void one_hot_labels_give_the_same(void **unused)
{
    (void)unused;
    const layer_config config = make_config(1, 3, 2, "label=one_hot");
    const double label[] = {0, 0, 1, 0, 1, 0};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 6, logits);
    layer_harness_set(&harness, LAYER_INPUT, 1, 6, label);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, metrics, 1e-6);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 6, derivatives, 1e-6);
    layer_harness_release(&harness);
}

static void rows_of_a_sample_are_averaged(void **unused)
{
    (void)unused;
    const layer_config config = make_config(2, 3, 1, "label=index");
    const double expected[] = {(0.69314718 + 1.6094379) / 2, 0.5};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 6, logits);
    set_classes(&harness, 2, classes);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, expected, 1e-6);
    layer_harness_release(&harness);
}

static void large_logits_do_not_overflow(void **unused)
{
    (void)unused;
    const layer_config config = make_config(1, 3, 1, "label=index");
    const double x[] = {1e6, -1e6, 0};
    const double expected[] = {2e6, 0};
    const double dx[] = {1, -1, 0};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 3, x);
    set_classes(&harness, 1, &classes[1]);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, expected, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 3, dx, 0);
    layer_harness_release(&harness);
}

static void of_equal_logits_the_first_counts(void **unused)
{
    (void)unused;
    const layer_config config = make_config(1, 3, 2, "label=index");
    const double x[] = {0, 5, 5, 5, 5, 0};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 6, x);
    set_classes(&harness, 2, classes);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    assert_true(layer_harness_data(&harness, LAYER_OUTPUT, 0)[MOTE_LOSS_CORRECT] == 0);
    layer_harness_release(&harness);
}

static void an_index_that_is_no_class_makes_the_loss_nan(void **unused)
{
    (void)unused;
    const layer_config config = make_config(1, 3, 1, "label=index");
    const int32_t bad[] = {-1, 3, INT32_MAX, INT32_MIN};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set_classes(&harness, 1, &bad[i]);
        layer_harness_run(&harness, MOTE_PHASE_FORWARD);
        layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
        const mote_real *const result = layer_harness_data(&harness, LAYER_OUTPUT, 0);
        assert_true(isnan(result[MOTE_LOSS_MEAN]));
        assert_true(result[MOTE_LOSS_CORRECT] == 0);
    }
    layer_harness_release(&harness);
}

static void a_logit_that_is_not_a_number_makes_the_loss_none(void **unused)
{
    (void)unused;
    static const char *const labels[] = {"label=index", "label=one_hot"};
    for (size_t i = 0; i < 2; i++) {
        const layer_config config = make_config(1, 40, 1, labels[i]);
        for (size_t place = 0; place < 40; place++) {
            layer_harness harness;
            layer_harness_build(&harness, &config);
            layer_harness_fill(&harness);
            layer_harness_data(&harness, LAYER_INPUT, 0)[place] = (mote_real)NAN;
            layer_harness_run(&harness, MOTE_PHASE_FORWARD);
            assert_true(isnan(layer_harness_data(&harness, LAYER_OUTPUT, 0)[MOTE_LOSS_MEAN]));
            layer_harness_release(&harness);
        }
    }
}

static void a_label_of_another_type_is_refused(void **unused)
{
    (void)unused;
    const layer_config config = make_config(1, 3, 1, "label=index");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    harness.input_specs[1].dtype = MOTE_DTYPE_F32;
    expect_raises(harness.layer->setup(&harness.setup, harness.state), MOTE_ERROR_SHAPE,
                  "layer 'node': the label is 1:1:1 of F32, it must be 1:1:1 of I32");
    layer_harness_release(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_label_is_one_index_a_row),
        cmocka_unit_test(an_index_is_one_of_the_classes),
        cmocka_unit_test(one_hot_labels_have_the_shape_of_the_prediction),
        cmocka_unit_test(the_loss_is_minus_the_logarithm_of_the_share_of_the_class),
        cmocka_unit_test(one_hot_labels_give_the_same),
        cmocka_unit_test(rows_of_a_sample_are_averaged),
        cmocka_unit_test(large_logits_do_not_overflow),
        cmocka_unit_test(of_equal_logits_the_first_counts),
        cmocka_unit_test(an_index_that_is_no_class_makes_the_loss_nan),
        cmocka_unit_test(a_logit_that_is_not_a_number_makes_the_loss_none),
        cmocka_unit_test(a_label_of_another_type_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
