// SPDX-License-Identifier: Apache-2.0
// Attention: its weights, what it keeps, who sees whom, and what it refuses.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define STEPS    ((size_t)5)
#define WIDTH    ((size_t)4)
#define BATCH    2U
#define ELEMENTS (BATCH * STEPS * WIDTH)

/// Self-attention.
static layer_config make_config(void)
{
    return (layer_config){
        .layer = "multi_head_attention",
        .entries = {"num_heads=2"},
        .input_count = 1,
        .inputs = {{1, STEPS, WIDTH}},
        .batch = BATCH,
    };
}

static layer_config with_lengths(layer_config config)
{
    const size_t index = config.input_count++;
    config.integer_inputs = 1U << index;
    for (size_t i = 0; i < 3; i++)
        config.inputs[index][i] = 1;
    return config;
}

static void expect_weight(const layer_harness *harness, size_t index, const char *name,
                          mote_shape shape)
{
    const mote_weight_declaration *const weight = &harness->declaration.weights[index];
    assert_string_equal(weight->name, name);
    assert_true(mote_shape_equal(&weight->spec.shape, &shape));
}

static void projections_are_named_and_lie_as_outputs_by_inputs(void **unused)
{
    (void)unused;
    const layer_config config = {
        .layer = "multi_head_attention",
        .entries = {"num_heads=2", "projected_key_dim=3", "projected_value_dim=5",
                    "output_shape=9"},
        .input_count = 3,
        .inputs = {{1, 2, 4}, {1, 3, 7}, {1, 3, 8}},
        .batch = 2,
    };
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.weight_count, 8);
    expect_weight(&harness, 0, "query.weight", (mote_shape){.rank = 2, .dims = {6, 4}});
    expect_weight(&harness, 1, "query.bias", (mote_shape){.rank = 1, .dims = {6}});
    expect_weight(&harness, 2, "key.weight", (mote_shape){.rank = 2, .dims = {6, 7}});
    expect_weight(&harness, 3, "key.bias", (mote_shape){.rank = 1, .dims = {6}});
    expect_weight(&harness, 4, "value.weight", (mote_shape){.rank = 2, .dims = {10, 8}});
    expect_weight(&harness, 5, "value.bias", (mote_shape){.rank = 1, .dims = {10}});
    expect_weight(&harness, 6, "output.weight", (mote_shape){.rank = 2, .dims = {9, 10}});
    expect_weight(&harness, 7, "output.bias", (mote_shape){.rank = 1, .dims = {9}});
    assert_int_equal(harness.declaration.outputs[0].shape.dims[1], 2);
    assert_int_equal(harness.declaration.outputs[0].shape.dims[2], 9);
    layer_harness_release(&harness);
}

static size_t get_kept_bytes(size_t steps)
{
    layer_config config = make_config();
    config.inputs[0][1] = steps;
    layer_harness harness;
    layer_harness_build(&harness, &config);
    size_t kept = 0;
    for (size_t i = 0; i < harness.declaration.temporary_count; i++) {
        size_t bytes = 0;
        expect_ok(mote_tensor_spec_bytes(&harness.declaration.temporaries[i].spec, BATCH, &bytes));
        kept += bytes;
    }
    layer_harness_release(&harness);
    return kept;
}

static size_t get_scratch_bytes(size_t steps)
{
    layer_config config = make_config();
    config.inputs[0][1] = steps;
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const size_t bytes = harness.declaration.scratch_bytes[1];
    layer_harness_release(&harness);
    return bytes;
}

static void memory_is_linear_in_the_steps(void **unused)
{
    (void)unused;
    const size_t flag = BATCH;
    assert_int_equal(get_kept_bytes(8) - flag, WIDTH * 4 * BATCH * 8 * sizeof(mote_real));
    assert_int_equal(get_kept_bytes(8000) - flag, 1000 * (get_kept_bytes(8) - flag));
    assert_true(get_scratch_bytes(32000) < 17 * get_scratch_bytes(2000));
}

static void set_matrix(const layer_harness *harness, size_t index, const double *values)
{
    layer_harness_set(harness, LAYER_WEIGHT, index, 4, values);
}

/// Two steps of two features, projections of one head that are the numbers themselves; keys are scaled so that
/// the scores' factor 1 / sqrt(2) goes.
static void contexts_are_weighted_means_of_values(void **unused)
{
    (void)unused;
    static const double same[] = {1, 0, 0, 1};
    static const double root[] = {1.41421356237309505, 0, 0, 1.41421356237309505};
    static const double x[] = {0, 1, 1, 0};
    // scores 1 with itself and 0 with the other: e / (1 + e) and 1 / (1 + e)
    static const double y[] = {0.26894142137, 0.73105857863, 0.73105857863, 0.26894142137};
    static const double seen[] = {0, 1, 0.73105857863, 0.26894142137};

    const struct {
        const char *entry;
        const double *expected;
    } rows[] = {{"causal=false", y}, {"causal=true", seen}};

    for (size_t i = 0; i < 2; i++) {
        const layer_config config = {
            .layer = "multi_head_attention",
            .entries = {"disable_bias=true", rows[i].entry},
            .input_count = 1,
            .inputs = {{1, 2, 2}},
            .batch = 1,
        };
        layer_harness harness;
        layer_harness_build(&harness, &config);
        layer_harness_set(&harness, LAYER_INPUT, 0, 4, x);
        set_matrix(&harness, 0, same);
        set_matrix(&harness, 1, root);
        set_matrix(&harness, 2, same);
        set_matrix(&harness, 3, same);
        layer_harness_run(&harness, MOTE_PHASE_FORWARD);
        layer_harness_expect(&harness, LAYER_OUTPUT, 0, 4, rows[i].expected, 1e-6);
        layer_harness_release(&harness);
    }
}

/// Output rows after forward, with some of input `index`'s numbers changed.
static void run_changed(const layer_config *config, size_t index, size_t first, size_t count,
                        const int32_t *lengths, mote_real y[ELEMENTS])
{
    layer_harness harness;
    layer_harness_build(&harness, config);
    layer_harness_fill(&harness);
    if (lengths)
        memcpy(harness.slots[LAYER_INPUT][config->input_count - 1].tensor.data, lengths,
               BATCH * sizeof *lengths);
    for (size_t i = 0; i < count; i++)
        layer_harness_data(&harness, LAYER_INPUT, index)[first + i] += 3;
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    memcpy(y, layer_harness_data(&harness, LAYER_OUTPUT, 0), ELEMENTS * sizeof *y);
    layer_harness_release(&harness);
}

static void a_causal_step_does_not_see_those_behind_it(void **unused)
{
    (void)unused;
    layer_config config = make_config();
    config.entries[1] = "causal=true";
    mote_real before[ELEMENTS];
    mote_real after[ELEMENTS];
    run_changed(&config, 0, 0, 0, NULL, before);
    run_changed(&config, 0, 3 * WIDTH, WIDTH, NULL, after);
    assert_memory_equal(after, before, 3 * WIDTH * sizeof *before);
    assert_true(after[3 * WIDTH] != before[3 * WIDTH]);
    assert_true(after[4 * WIDTH] != before[4 * WIDTH]);
}

static void steps_beyond_the_end_are_not_seen_and_give_zero(void **unused)
{
    (void)unused;
    static const int32_t lengths[BATCH] = {3, 5};
    static const mote_real zeros[2 * WIDTH] = {0};
    const layer_config config = with_lengths(make_config());
    mote_real before[ELEMENTS];
    mote_real after[ELEMENTS];
    run_changed(&config, 0, 0, 0, lengths, before);
    run_changed(&config, 0, 3 * WIDTH, 2 * WIDTH, lengths, after);
    assert_memory_equal(after, before, sizeof before);
    assert_memory_equal(before + 3 * WIDTH, zeros, sizeof zeros);
    assert_true(before[8 * WIDTH] != 0 && before[9 * WIDTH] != 0);
}

static void keys_beyond_the_end_are_not_seen_by_any_query(void **unused)
{
    (void)unused;
    static const int32_t lengths[BATCH] = {3, 6};
    layer_config config = make_config();
    config.inputs[config.input_count++][0] = 1;
    config.inputs[1][1] = 6;
    config.inputs[1][2] = 3;
    config = with_lengths(config);
    mote_real before[ELEMENTS];
    mote_real after[ELEMENTS];
    run_changed(&config, 1, 0, 0, lengths, before);
    run_changed(&config, 1, 3 * (size_t)3, 3 * (size_t)3, lengths, after);
    assert_memory_equal(after, before, sizeof before);
    for (size_t i = 0; i < ELEMENTS; i++)
        assert_true(before[i] != 0);
}

static void steps_beyond_the_end_have_no_derivative(void **unused)
{
    (void)unused;
    static const int32_t lengths[BATCH] = {3, 5};
    static const mote_real zeros[2 * WIDTH] = {0};
    const layer_config config = with_lengths(make_config());
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    int32_t *const integers = harness.slots[LAYER_INPUT][1].tensor.data;
    for (size_t i = 0; i < BATCH; i++)
        integers[i] = lengths[i];
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    const mote_real *const dx = layer_harness_data(&harness, LAYER_INPUT_DERIVATIVE, 0);
    assert_memory_equal(dx + 3 * WIDTH, zeros, sizeof zeros);
    for (size_t i = 0; i < 3 * WIDTH; i++)
        assert_true(dx[i] != 0);
    layer_harness_release(&harness);
}

static double get_largest(const layer_harness *harness, size_t weight)
{
    double largest = 0;
    const mote_real *const gradient = layer_harness_data(harness, LAYER_GRADIENT, weight);
    for (size_t i = 0; i < layer_harness_elements(harness, LAYER_GRADIENT, weight); i++)
        largest = fmax(largest, fabs((double)gradient[i]));
    return largest;
}

/// It adds the same number to all scores of a query.
static void a_bias_of_keys_changes_nothing(void **unused)
{
    (void)unused;
    const layer_config config = make_config();
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_GRADIENT);
    assert_true(get_largest(&harness, 3) < 1e-6 * get_largest(&harness, 1));
    layer_harness_release(&harness);
}

static void a_length_is_at_least_one_and_at_most_the_keys(void **unused)
{
    (void)unused;
    const layer_config config = with_lengths(make_config());
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.input_ranges[1].first, 1);
    assert_int_equal(harness.declaration.input_ranges[1].last, STEPS);
    layer_harness_release(&harness);
}

static void dropout_is_of_training_only(void **unused)
{
    (void)unused;
    layer_config config = make_config();
    mote_real plain[ELEMENTS];
    mote_real dropped[ELEMENTS];
    mote_real evaluated[ELEMENTS];
    run_changed(&config, 0, 0, 0, NULL, plain);
    config.entries[1] = "dropout_rate=0.5";
    run_changed(&config, 0, 0, 0, NULL, dropped);
    config.evaluation = true;
    run_changed(&config, 0, 0, 0, NULL, evaluated);
    assert_memory_equal(evaluated, plain, sizeof plain);
    assert_memory_not_equal(dropped, plain, sizeof plain);
}

static void expect_refused(layer_config config, mote_status status, const char *message)
{
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), status, message);
}

static layer_config make_three(size_t queries, size_t keys, size_t values)
{
    return (layer_config){
        .layer = "multi_head_attention",
        .input_count = 3,
        .inputs = {{1, queries, 4}, {1, keys, 4}, {1, values, 4}},
        .batch = 2,
    };
}

static void shapes_that_do_not_fit_are_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config();
    config.inputs[0][0] = 2;
    expect_refused(config, MOTE_ERROR_SHAPE,
                   "layer 'node': input 0 has shape 2:5:4, it takes 1:steps:features");
    config = make_config();
    config.entries[0] = "num_heads=3";
    expect_refused(config, MOTE_ERROR_SHAPE,
                   "layer 'node': num_heads = 3 must divide the query's width 4, unless there is a "
                   "projected_key_dim");
    expect_refused(make_three(5, 6, 7), MOTE_ERROR_SHAPE,
                   "layer 'node': 6 keys (input 1), but 7 values (input 2)");
    config = make_three(5, 6, 6);
    config.entries[0] = "causal=true";
    expect_refused(config, MOTE_ERROR_SHAPE,
                   "layer 'node': causal takes as many keys as queries, not 6 and 5");
}

static void lengths_that_do_not_fit_are_refused(void **unused)
{
    (void)unused;
    layer_config config = with_lengths(make_config());
    config.inputs[1][2] = 2;
    expect_refused(config, MOTE_ERROR_SHAPE,
                   "layer 'node': input 1 has shape 1:1:2, lengths are one number a sample, 1:1:1");
    config = with_lengths(make_three(5, 6, 6));
    config.integer_inputs = 0;
    expect_refused(config, MOTE_ERROR_SHAPE,
                   "layer 'node': input 3 has elements of F32, it takes I32");
    config = make_config();
    config.integer_inputs = 1;
    expect_refused(config, MOTE_ERROR_SHAPE,
                   "layer 'node': input 0 has elements of I32, it takes F32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(projections_are_named_and_lie_as_outputs_by_inputs),
        cmocka_unit_test(memory_is_linear_in_the_steps),
        cmocka_unit_test(contexts_are_weighted_means_of_values),
        cmocka_unit_test(a_causal_step_does_not_see_those_behind_it),
        cmocka_unit_test(steps_beyond_the_end_are_not_seen_and_give_zero),
        cmocka_unit_test(keys_beyond_the_end_are_not_seen_by_any_query),
        cmocka_unit_test(steps_beyond_the_end_have_no_derivative),
        cmocka_unit_test(a_bias_of_keys_changes_nothing),
        cmocka_unit_test(a_length_is_at_least_one_and_at_most_the_keys),
        cmocka_unit_test(dropout_is_of_training_only),
        cmocka_unit_test(shapes_that_do_not_fit_are_refused),
        cmocka_unit_test(lengths_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
