// SPDX-License-Identifier: Apache-2.0
// Every layer in double: its gradients and derivatives against central differences of its forward,
// with all that a phase did not declare poisoned.
#include "support/layer_cases.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define STEP               1e-5
#define RELATIVE_TOLERANCE 1e-7
#define ABSOLUTE_TOLERANCE 1e-9
#define ELEMENTS_MAX       200U // of a tensor that are compared

/// The loss's mean; of other layers the sum of the outputs times their derivatives, which is the
/// function that these are derivatives of.
static double get_objective(layer_harness *harness)
{
    layer_harness_run(harness, MOTE_PHASE_FORWARD);
    if (harness->layer->kind == MOTE_LAYER_LOSS)
        return layer_harness_data(harness, LAYER_OUTPUT, 0)[MOTE_LOSS_MEAN];
    double sum = 0.0;
    for (size_t i = 0; i < harness->slot_counts[LAYER_OUTPUT]; i++) {
        const mote_real *const y = layer_harness_data(harness, LAYER_OUTPUT, i);
        const mote_real *const dy = layer_harness_data(harness, LAYER_OUTPUT_DERIVATIVE, i);
        const size_t count = layer_harness_elements(harness, LAYER_OUTPUT, i);
        for (size_t e = 0; e < count; e++)
            sum += y[e] * dy[e];
    }
    return sum;
}

static double differentiate(layer_harness *harness, mote_real *value)
{
    const mote_real kept = *value;
    *value = kept + STEP;
    const double above = get_objective(harness);
    *value = kept - STEP;
    const double below = get_objective(harness);
    *value = kept;
    return (above - below) / (2.0 * STEP);
}

static double find_largest(const double *values, size_t count)
{
    double largest = 0.0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(values[i]));
    return largest;
}

static void compare(layer_harness *harness, const layer_case *c, layer_tensor_kind kind,
                    size_t index, const double *analytic)
{
    mote_real *const values = layer_harness_data(harness, kind, index);
    const size_t count = layer_harness_elements(harness, kind, index);
    const double tolerance =
        RELATIVE_TOLERANCE * find_largest(analytic, count) + ABSOLUTE_TOLERANCE;
    const size_t stride = count / ELEMENTS_MAX + 1;
    for (size_t e = 0; e < count; e += stride) {
        const double difference = differentiate(harness, &values[e]);
        if (!(fabs(difference - analytic[e]) <= tolerance))
            fail_msg("%s: %s %zu, element %zu: %.12g, by differences %.12g", c->title,
                     layer_harness_text(kind), index, e, analytic[e], difference);
    }
}

static void compare_case(const layer_case *c, size_t run_batch)
{
    layer_config config = c->config;
    config.run_batch = run_batch;
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    layer_record record;
    layer_harness_step(&harness, &record);
    size_t compared = 0;
    for (size_t i = 0; i < LAYER_TENSORS_MAX; i++) {
        const void *const derivative = record.copies[LAYER_INPUT_DERIVATIVE][i];
        const void *const gradient = record.copies[LAYER_GRADIENT][i];
        if (derivative)
            compare(&harness, c, LAYER_INPUT, i, derivative);
        if (gradient)
            compare(&harness, c, LAYER_WEIGHT, i, gradient);
        compared += (derivative != NULL) + (gradient != NULL);
    }
    const bool has_backward = harness.layer->kind != MOTE_LAYER_INPUT && !config.evaluation;
    if (has_backward && compared == 0)
        fail_msg("%s: nothing was compared", c->title);
    layer_record_release(&record);
    layer_harness_release(&harness);
}

static void derivatives_are_those_of_forward_for_a_whole_batch(void **unused)
{
    (void)unused;
    size_t count = 0;
    const layer_case *const cases = layer_cases(&count);
    for (size_t i = 0; i < count; i++) {
        if (!cases[i].is_large)
            compare_case(&cases[i], cases[i].config.batch);
    }
}

static void derivatives_are_those_of_forward_for_one_sample(void **unused)
{
    (void)unused;
    size_t count = 0;
    const layer_case *const cases = layer_cases(&count);
    for (size_t i = 0; i < count; i++) {
        if (!cases[i].is_large)
            compare_case(&cases[i], 1);
    }
}

static void every_layer_has_cases(void **unused)
{
    (void)unused;
    size_t count = 0;
    const layer_case *const cases = layer_cases(&count);
    const mote_layer_registry *const registry = mote_layers_builtin();
    for (size_t i = 0; i < registry->count; i++) {
        size_t found = 0;
        for (size_t j = 0; j < count; j++)
            found += strcmp(cases[j].config.layer, registry->layers[i]->name) == 0;
        if (found == 0)
            fail_msg("layer '%s' has no row in tests/support/layer_cases.c",
                     registry->layers[i]->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer_has_cases),
        cmocka_unit_test(derivatives_are_those_of_forward_for_a_whole_batch),
        cmocka_unit_test(derivatives_are_those_of_forward_for_one_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
