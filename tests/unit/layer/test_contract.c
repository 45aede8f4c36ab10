// SPDX-License-Identifier: Apache-2.0
// What every layer promises, over one table of cases: bits that depend on nothing but the values,
// needs that are exact, properties that can be written back and refuse what is wrong.
#include "support/expect.h"
#include "support/layer_cases.h"
#include "support/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef void case_check(const layer_case *c);

static void for_each_case(case_check *check)
{
    size_t count = 0;
    const layer_case *const cases = layer_cases(&count);
    for (size_t i = 0; i < count; i++)
        check(&cases[i]);
}

/// The same step under another configuration has the same bits.
static void compare(const layer_case *c, const layer_config *other, const char *what)
{
    char text[128];
    (void)snprintf(text, sizeof text, "%s, %s", c->title, what);
    layer_record expected;
    layer_record got;
    layer_record_make(&c->config, &expected);
    layer_record_make(other, &got);
    layer_record_assert_equal(&expected, &got, text);
    layer_record_release(&expected);
    layer_record_release(&got);
}

static void compare_aliases(const layer_case *c)
{
    static const struct {
        unsigned aliases;
        const char *what;
    } rows[] = {
        {LAYER_IN_PLACE, "in place"},
        {LAYER_DERIVATIVE_OVER_OUTPUT_DERIVATIVE, "derivative over output derivative"},
        {LAYER_DERIVATIVE_OVER_INPUT, "derivative over input"},
        {LAYER_IN_PLACE | LAYER_DERIVATIVE_OVER_OUTPUT_DERIVATIVE, "in place both ways"},
        {LAYER_IN_PLACE | LAYER_DERIVATIVE_OVER_INPUT, "derivative over output and input"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        layer_config config = c->config;
        config.aliases = rows[i].aliases;
        compare(c, &config, rows[i].what);
    }
}

static void sharing_memory_as_declared_changes_no_bit(void **unused)
{
    (void)unused;
    for_each_case(compare_aliases);
}

static void compare_threads(const layer_case *c)
{
    for (size_t threads = 2; threads <= 3; threads++) {
        layer_config config = c->config;
        config.thread_count = threads;
        compare(c, &config, "several threads");
    }
}

static void threads_change_no_bit(void **unused)
{
    (void)unused;
    for_each_case(compare_threads);
}

static void compare_levels(const layer_case *c)
{
    for (mote_cpu_level level = 0; level <= mote_kernels_highest_level(); level++) {
        if (!mote_test_cpu_has(level))
            continue;
        layer_config config = c->config;
        config.level = level;
        config.thread_count = 2;
        compare(c, &config, mote_cpu_level_name(level));
    }
}

static void the_instruction_set_changes_no_bit(void **unused)
{
    (void)unused;
    for_each_case(compare_levels);
}

static void compare_partial_batches(const layer_case *c)
{
    const size_t batches[] = {1, c->config.batch - 1, c->config.batch};
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        layer_case exact = *c;
        exact.config.batch = batches[i];
        exact.config.fill_batch = c->config.batch;
        layer_config planned = c->config;
        planned.run_batch = batches[i];
        compare(&exact, &planned, "partial batch");
    }
}

static void a_batch_planned_larger_changes_no_bit(void **unused)
{
    (void)unused;
    for_each_case(compare_partial_batches);
}

static void compare_orders(const layer_case *c)
{
    layer_config config = c->config;
    config.derivative_first = true;
    compare(c, &config, "derivative first");
}

static void gradient_and_derivative_come_in_either_order(void **unused)
{
    (void)unused;
    for_each_case(compare_orders);
}

static void compare_repeated_forward(const layer_case *c)
{
    layer_record expected;
    layer_record got;
    layer_record_make(&c->config, &expected);
    layer_harness harness;
    layer_harness_build(&harness, &c->config);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_step(&harness, &got);
    layer_record_assert_equal(&expected, &got, c->title);
    layer_harness_release(&harness);
    layer_record_release(&expected);
    layer_record_release(&got);
}

static void forward_can_be_repeated(void **unused)
{
    (void)unused;
    for_each_case(compare_repeated_forward);
}

/// Runs a phase, behind poison over what it makes, and puts that into the record.
static void record_phase(layer_harness *harness, unsigned phase, layer_tensor_kind kind,
                         layer_record *record)
{
    *record = (layer_record){0};
    layer_harness_run(harness, phase);
    layer_record_add(harness, kind, record);
}

static void compare_recomputed(const layer_case *c)
{
    layer_harness harness;
    layer_record expected;
    layer_record got;
    layer_harness_build(&harness, &c->config);
    assert_true(!harness.declaration.recomputes ||
                (harness.layer->recompute && harness.setup.input_count == 1));
    if (layer_harness_has(&harness, MOTE_PHASE_RECOMPUTE)) {
        layer_harness_fill(&harness);
        record_phase(&harness, MOTE_PHASE_FORWARD, LAYER_OUTPUT, &expected);
        record_phase(&harness, MOTE_PHASE_RECOMPUTE, LAYER_OUTPUT, &got);
        layer_record_assert_equal(&expected, &got, c->title);
        layer_record_release(&expected);
        layer_record_release(&got);
    }
    layer_harness_release(&harness);
}

static void what_is_recomputed_has_the_bits_of_forward(void **unused)
{
    (void)unused;
    for_each_case(compare_recomputed);
}

/// Copies a slice of a gradient to its place in the whole one.
static void place_slice(const layer_harness *harness, mote_real *whole)
{
    const mote_shape *const shape = &harness->declaration.weights[0].spec.shape;
    const size_t index = mote_shape_elements(shape) / shape->dims[0] / shape->dims[1];
    const size_t row = harness->slice.count * index;
    const mote_real *const slice = layer_harness_data(harness, LAYER_GRADIENT, 0);
    for (size_t i = 0; i < shape->dims[0]; i++) {
        memcpy(whole + (i * shape->dims[1] + harness->slice.first) * index, slice + i * row,
               row * sizeof *slice);
    }
}

/// The input's derivative, of a layer whose sliced dimension is the first or the last of the input's.
static void place_derivative(const layer_harness *harness, mote_real *whole)
{
    const mote_shape *const shape = &harness->input_specs[0].shape;
    const size_t extent = harness->declaration.cut_extent;
    const size_t inner = shape->dims[0] == extent ? mote_shape_elements(shape) / extent : 1;
    const size_t count = layer_harness_elements(harness, LAYER_INPUT_DERIVATIVE, 0);
    const mote_real *const derivative = layer_harness_data(harness, LAYER_INPUT_DERIVATIVE, 0);
    for (size_t i = 0; i < count; i++) {
        const size_t at = i / inner % extent;
        if (at >= harness->slice.first && at < harness->slice.first + harness->slice.count)
            whole[i] = derivative[i];
    }
}

/// Gradient and derivative, slice by slice, into one of each.
static void run_slices(layer_harness *harness, size_t slices, mote_real *gradient,
                       mote_real *derivative)
{
    const size_t extent = harness->declaration.cut_extent;
    mote_tensor *const held = &harness->slots[LAYER_GRADIENT][0].tensor;
    const mote_tensor_spec *const whole = held->spec;
    mote_tensor_spec spec = *whole;
    held->spec = &spec;
    for (size_t i = 0; i < slices; i++) {
        harness->slice.count = mote_parallel_part(extent, i, slices, &harness->slice.first);
        spec.shape.dims[1] = harness->slice.count;
        layer_harness_run(harness, MOTE_PHASE_GRADIENT);
        place_slice(harness, gradient);
        layer_harness_run(harness, MOTE_PHASE_DERIVATIVE);
        place_derivative(harness, derivative);
    }
    harness->slice = (mote_slice){0, extent};
    held->spec = whole;
}

static void compare_slices_of(const layer_case *c, layer_harness *harness, size_t slices)
{
    const size_t weights = mote_shape_elements(&harness->declaration.weights[0].spec.shape);
    const size_t inputs = layer_harness_elements(harness, LAYER_INPUT_DERIVATIVE, 0);
    mote_real *const gradient = calloc(weights, sizeof *gradient);
    mote_real *const derivative = calloc(inputs, sizeof *derivative);
    assert_true(gradient && derivative);
    run_slices(harness, slices, gradient, derivative);
    layer_harness_run(harness, MOTE_PHASE_GRADIENT);
    layer_harness_run(harness, MOTE_PHASE_DERIVATIVE);
    if (memcmp(gradient, layer_harness_data(harness, LAYER_GRADIENT, 0),
               weights * sizeof *gradient) != 0)
        fail_msg("%s: the gradient in %zu slices differs", c->title, slices);
    if (memcmp(derivative, layer_harness_data(harness, LAYER_INPUT_DERIVATIVE, 0),
               inputs * sizeof *derivative) != 0)
        fail_msg("%s: the derivative in %zu slices differs", c->title, slices);
    free(gradient);
    free(derivative);
}

static void compare_slices(const layer_case *c)
{
    layer_harness harness;
    layer_harness_build(&harness, &c->config);
    const size_t extent = harness.declaration.cut_extent;
    if (layer_harness_has(&harness, MOTE_PHASE_GRADIENT) && extent > 0) {
        assert_true(harness.declaration.weights[0].spec.shape.dims[1] == extent);
        layer_harness_fill(&harness);
        layer_harness_run(&harness, MOTE_PHASE_FORWARD);
        for (size_t slices = 1; slices <= extent && slices <= 5; slices++)
            compare_slices_of(c, &harness, slices);
    }
    layer_harness_release(&harness);
}

static void slices_have_the_bits_of_the_whole(void **unused)
{
    (void)unused;
    for_each_case(compare_slices);
}

static void compare_cut(const layer_case *c, layer_harness *harness, unsigned phase,
                        layer_tensor_kind kind)
{
    const size_t count = layer_harness_elements(harness, kind, 0);
    mote_real *const whole = calloc(count, sizeof *whole);
    assert_non_null(whole);
    harness->cuts = false;
    layer_harness_run(harness, phase);
    memcpy(whole, layer_harness_data(harness, kind, 0), count * sizeof *whole);
    harness->cuts = true;
    layer_harness_run(harness, phase);
    if (memcmp(whole, layer_harness_data(harness, kind, 0), count * sizeof *whole) != 0)
        fail_msg("%s: %s with slices of the weight differs", c->title, layer_harness_text(kind));
    free(whole);
}

static void compare_cuts(const layer_case *c)
{
    layer_harness harness;
    layer_harness_build(&harness, &c->config);
    if (harness.declaration.forward_cut > 0) {
        layer_harness_fill(&harness);
        compare_cut(c, &harness, MOTE_PHASE_FORWARD, LAYER_OUTPUT);
        if (layer_harness_has(&harness, MOTE_PHASE_DERIVATIVE))
            compare_cut(c, &harness, MOTE_PHASE_DERIVATIVE, LAYER_INPUT_DERIVATIVE);
    }
    layer_harness_release(&harness);
}

static void slices_of_a_weight_have_the_bits_of_the_whole(void **unused)
{
    (void)unused;
    for_each_case(compare_cuts);
}

static void check_update(const layer_case *c)
{
    layer_harness harness;
    layer_harness_build(&harness, &c->config);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    const bool has_update = layer_harness_has(&harness, MOTE_PHASE_UPDATE);
    for (size_t i = 0; i < harness.slot_counts[LAYER_STATISTIC]; i++) {
        mote_real *const statistic = layer_harness_data(&harness, LAYER_STATISTIC, i);
        const mote_real before = statistic[0];
        layer_harness_run(&harness, MOTE_PHASE_UPDATE);
        if (has_update == (statistic[0] == before))
            fail_msg("%s: statistic %zu %s", c->title, i, has_update ? "stays" : "changes");
    }
    layer_harness_release(&harness);
}

static void update_changes_the_statistics_of_layers_that_are_trained(void **unused)
{
    (void)unused;
    for_each_case(check_update);
}

/// Integers are mirrored in their range, as a layer need not survive others; all else becomes NaN.
static void spoil(const layer_harness *harness, layer_tensor_kind kind, size_t index)
{
    const layer_slot *const slot = &harness->slots[kind][index];
    const layer_buffer *const buffer = &harness->buffers[slot->buffer];
    if (slot->tensor.spec->dtype != MOTE_DTYPE_I32) {
        memset(layer_buffer_bytes(buffer), LAYER_POISON_BYTE, buffer->used_bytes);
        return;
    }
    const mote_integer_range range = layer_harness_range(harness, kind, index);
    int32_t *const values = slot->tensor.data;
    const size_t count = layer_harness_elements(harness, kind, index);
    for (size_t i = 0; i < count; i++)
        values[i] = range.first + (range.last - values[i]);
}

/// Without the tensor the phase must give something else.
static void check_need(const layer_case *c, unsigned phase, layer_tensor_kind kind, size_t index)
{
    layer_record expected;
    layer_record got;
    layer_record_make(&c->config, &expected);
    layer_harness harness;
    layer_harness_build(&harness, &c->config);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    spoil(&harness, kind, index);
    layer_harness_run(&harness, phase);
    got = (layer_record){0};
    layer_record_add(&harness,
                     phase == MOTE_PHASE_GRADIENT ? LAYER_GRADIENT : LAYER_INPUT_DERIVATIVE, &got);
    if (!layer_record_find_difference(&expected, &got))
        fail_msg("%s: %s %zu is declared as needed, but not read", c->title,
                 layer_harness_text(kind), index);
    layer_harness_release(&harness);
    layer_record_release(&expected);
    layer_record_release(&got);
}

static void check_needs_of_phase(const layer_case *c, const layer_harness *harness, unsigned phase)
{
    const mote_declaration *const d = &harness->declaration;
    if (!layer_harness_has(harness, phase))
        return;
    for (size_t i = 0; i < harness->setup.input_count; i++) {
        if (d->input_needs[i] & phase)
            check_need(c, phase, LAYER_INPUT, i);
    }
    for (size_t i = 0; i < d->weight_count; i++) {
        if (d->weights[i].needs & phase)
            check_need(c, phase, LAYER_WEIGHT, i);
    }
    for (size_t i = 0; i < d->statistic_count; i++) {
        if (d->statistics[i].needs & phase)
            check_need(c, phase, LAYER_STATISTIC, i);
    }
    if (d->output_needs & phase)
        check_need(c, phase, LAYER_OUTPUT, 0);
}

static void check_needs(const layer_case *c)
{
    layer_harness harness;
    layer_harness_build(&harness, &c->config);
    check_needs_of_phase(c, &harness, MOTE_PHASE_GRADIENT);
    check_needs_of_phase(c, &harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_release(&harness);
}

static void what_is_declared_as_needed_is_read(void **unused)
{
    (void)unused;
    for_each_case(check_needs);
}

static const mote_real *get_record(const layer_record *record, layer_tensor_kind kind)
{
    return (const mote_real *)(const void *)record->copies[kind][0];
}

/// With a power of two the derivatives differ by exactly that factor.
static void compare_loss_weight(const layer_case *c, double weight)
{
    layer_config config = c->config;
    config.loss_weight = weight;
    layer_record plain;
    layer_record weighted;
    layer_record_make(&c->config, &plain);
    layer_record_make(&config, &weighted);
    assert_memory_equal(get_record(&weighted, LAYER_OUTPUT), get_record(&plain, LAYER_OUTPUT),
                        plain.bytes[LAYER_OUTPUT][0]);
    const mote_real *const one = get_record(&plain, LAYER_INPUT_DERIVATIVE);
    const mote_real *const several = get_record(&weighted, LAYER_INPUT_DERIVATIVE);
    const size_t count = plain.bytes[LAYER_INPUT_DERIVATIVE][0] / sizeof *one;
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        if (several[i] != one[i] * (mote_real)weight)
            fail_msg("%s: derivative %zu does not count %g times", c->title, i, weight);
    }
    layer_record_release(&plain);
    layer_record_release(&weighted);
}

static void check_loss_weight(const layer_case *c)
{
    if (mote_layer_find(mote_layers_builtin(), c->config.layer)->kind != MOTE_LAYER_LOSS)
        return;
    compare_loss_weight(c, 4);
    compare_loss_weight(c, -0.5);
}

static void loss_weight_scales_derivatives_and_not_metrics(void **unused)
{
    (void)unused;
    for_each_case(check_loss_weight);
}

static void check_round_trip(const layer_case *c)
{
    layer_harness harness;
    layer_harness_build(&harness, &c->config);
    void *const copy = calloc(1, harness.layer->state_bytes);
    assert_non_null(copy);
    for (const mote_property *p = harness.layer->properties; p && p->name; p++) {
        char text[256];
        char again[256];
        (void)mote_property_get(p, harness.state, text, sizeof text);
        const mote_entry entry = {.key = p->name, .value = text};
        expect_ok(mote_property_set(harness.layer->properties, copy, "layer", &entry));
        (void)mote_property_get(p, copy, again, sizeof again);
        assert_string_equal(again, text);
    }
    free(copy);
    layer_harness_release(&harness);
}

static void properties_can_be_written_and_read_again(void **unused)
{
    (void)unused;
    for_each_case(check_round_trip);
}

static const char *get_bad_value(mote_property_kind kind)
{
    switch (kind) {
    case MOTE_PROPERTY_BOOL:
        return "perhaps";
    case MOTE_PROPERTY_INTEGER:
        return "-1";
    case MOTE_PROPERTY_REAL:
        return "1e39";
    case MOTE_PROPERTY_CHOICE:
        return "no_such_choice";
    case MOTE_PROPERTY_INTEGERS:
        return "1,1.5";
    case MOTE_PROPERTY_REALS:
        return "1,x";
    case MOTE_PROPERTY_PADDING:
        return "1,2,3";
    case MOTE_PROPERTY_BYTES:
        return "1 MX";
    case MOTE_PROPERTY_TEXT:
        break;
    }
    fail_msg("a layer's state holds no text");
    return NULL;
}

static void check_bad_values(const mote_layer *layer)
{
    void *const state = calloc(1, layer->state_bytes);
    assert_non_null(state);
    for (const mote_property *p = layer->properties; p && p->name; p++) {
        const mote_entry bad = {p->name, get_bad_value(p->kind), {"model.ini", 12}};
        char accepts[256];
        (void)mote_property_accepts(p, accepts, sizeof accepts);
        const mote_status status = mote_property_set(layer->properties, state, "layer 'x'", &bad);
        expect_raises(status, MOTE_ERROR_PROPERTY, "model.ini:12: layer 'x'");
        expect_raises(status, MOTE_ERROR_PROPERTY, bad.value);
        expect_raises(status, MOTE_ERROR_PROPERTY, p->name);
        expect_raises(status, MOTE_ERROR_PROPERTY, accepts);

        char hint[64];
        char misspelt[64];
        (void)snprintf(misspelt, sizeof misspelt, "%sx", p->name);
        (void)snprintf(hint, sizeof hint, "did you mean '%s'?", p->name);
        const mote_entry unknown = {misspelt, "1", {"model.ini", 13}};
        expect_raises(mote_property_set(layer->properties, state, "layer 'x'", &unknown),
                      MOTE_ERROR_PROPERTY, hint);
    }
    free(state);
}

static void bad_values_are_refused_with_what_would_be_accepted(void **unused)
{
    (void)unused;
    const mote_layer_registry *const registry = mote_layers_builtin();
    for (size_t i = 0; i < registry->count; i++)
        check_bad_values(registry->layers[i]);
}

static void inputs_of_another_rank_are_refused(void **unused)
{
    (void)unused;
    const mote_layer_registry *const registry = mote_layers_builtin();
    const mote_tensor_spec flat = {MOTE_DTYPE_REAL, true, {.rank = 1, .dims = {6}}};
    const mote_tensor_spec inputs[] = {flat, flat, flat, flat};
    for (size_t i = 0; i < registry->count; i++) {
        const mote_layer *const layer = registry->layers[i];
        if (layer->input_minimum == 0 || layer->internal)
            continue;
        assert_true(layer->input_minimum <= sizeof inputs / sizeof inputs[0]);
        void *const state = calloc(1, layer->state_bytes);
        assert_non_null(state);
        mote_declaration declaration = {0};
        mote_setup setup = {.layer_name = "x",
                            .input_count = layer->input_minimum,
                            .inputs = inputs,
                            .batch = 1,
                            .thread_count = 1,
                            .declaration = &declaration,
                            .layer = layer};
        expect_raises(layer->setup(&setup, state), MOTE_ERROR_SHAPE, "layer 'x': input 0 has ");
        free(state);
    }
}

static void internal_layers_are_not_offered(void **unused)
{
    (void)unused;
    char text[256];
    assert_null(
        strstr(mote_layer_expect(mote_layers_builtin(), "fan_oot", text, sizeof text), "fan_out"));
}

static void names_are_found_in_any_case_or_answered_with_near_ones(void **unused)
{
    (void)unused;
    const mote_layer_registry *const registry = mote_layers_builtin();
    assert_ptr_equal(mote_layer_find(registry, "Conv2D"), &mote_layer_conv2d);
    assert_null(mote_layer_find(registry, "conv"));
    char text[256];
    assert_string_equal(mote_layer_expect(registry, "conv3d", text, sizeof text),
                        ", did you mean 'conv2d'?");
    assert_non_null(strstr(mote_layer_expect(registry, "recurrent", text, sizeof text),
                           ", expected one of: input, fully_connected, conv2d"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharing_memory_as_declared_changes_no_bit),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(the_instruction_set_changes_no_bit),
        cmocka_unit_test(a_batch_planned_larger_changes_no_bit),
        cmocka_unit_test(gradient_and_derivative_come_in_either_order),
        cmocka_unit_test(forward_can_be_repeated),
        cmocka_unit_test(what_is_recomputed_has_the_bits_of_forward),
        cmocka_unit_test(slices_have_the_bits_of_the_whole),
        cmocka_unit_test(slices_of_a_weight_have_the_bits_of_the_whole),
        cmocka_unit_test(update_changes_the_statistics_of_layers_that_are_trained),
        cmocka_unit_test(what_is_declared_as_needed_is_read),
        cmocka_unit_test(loss_weight_scales_derivatives_and_not_metrics),
        cmocka_unit_test(properties_can_be_written_and_read_again),
        cmocka_unit_test(bad_values_are_refused_with_what_would_be_accepted),
        cmocka_unit_test(inputs_of_another_rank_are_refused),
        cmocka_unit_test(internal_layers_are_not_offered),
        cmocka_unit_test(names_are_found_in_any_case_or_answered_with_near_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
