// SPDX-License-Identifier: Apache-2.0
// Broadcasting: every pattern of axes of size 1, and the order of the sums.
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CHANNELS ((size_t)3)
#define HEIGHT   ((size_t)5)
#define WIDTH    ((size_t)7)
#define ELEMENTS (CHANNELS * HEIGHT * WIDTH)
#define BATCH    ((size_t)70) // more than a group of samples

/// Bit i: axis i has size 1. Bit 3: one tensor for all samples.
static layer_config make_config(const char *layer, unsigned pattern)
{
    return (layer_config){
        .layer = layer,
        .input_count = 2,
        .inputs = {{CHANNELS, HEIGHT, WIDTH},
                   {pattern & 1U ? 1 : CHANNELS, pattern & 2U ? 1 : HEIGHT,
                    pattern & 4U ? 1 : WIDTH}},
        .shared_inputs = pattern & 8U ? 2 : 0,
        .batch = BATCH,
    };
}

/// Index in input 1 of what goes with an element of the output.
static size_t find_element(const layer_config *config, size_t element)
{
    const size_t *const dims = config->inputs[1];
    const size_t c = element / (HEIGHT * WIDTH) % CHANNELS % dims[0];
    const size_t h = element / WIDTH % HEIGHT % dims[1];
    const size_t w = element % WIDTH % dims[2];
    const size_t sample = config->shared_inputs ? 0 : element / ELEMENTS;
    return ((sample * dims[0] + c) * dims[1] + h) * dims[2] + w;
}

/// Plain sum: 16 lanes.
typedef struct plain_sum {
    mote_real lanes[16];
    size_t count;
    mote_real first;
} plain_sum;

static void add_term(plain_sum *sum, mote_real term)
{
    sum->first = sum->count == 0 ? term : sum->first;
    sum->lanes[sum->count++ % 16] += term;
}

static mote_real end_sum(plain_sum *sum)
{
    for (size_t half = 8; half > 0; half /= 2) {
        for (size_t i = 0; i < half; i++)
            sum->lanes[i] += sum->lanes[i + half];
    }
    return sum->count == 1 ? sum->first : sum->lanes[0];
}

typedef struct expectation {
    const layer_config *config;
    const mote_real *a, *dy; // a: NULL in an addition
    size_t element;          // of input 1
} expectation;

/// What one sample adds to an element of input 1.
static mote_real get_sample(void *argument, size_t sample)
{
    const expectation *const e = argument;
    plain_sum sum = {.count = 0};
    for (size_t i = sample * ELEMENTS; i < (sample + 1) * ELEMENTS; i++) {
        if (find_element(e->config, i) == e->element)
            add_term(&sum, e->a ? e->dy[i] * e->a[i] : e->dy[i]);
    }
    return end_sum(&sum);
}

static void expect_sums(const layer_harness *harness, const layer_config *config, bool multiplies)
{
    const mote_real *const got = layer_harness_data(harness, LAYER_INPUT_DERIVATIVE, 1);
    const size_t count = layer_harness_elements(harness, LAYER_INPUT_DERIVATIVE, 1);
    const size_t own = config->inputs[1][0] * config->inputs[1][1] * config->inputs[1][2];
    for (size_t i = 0; i < count; i++) {
        expectation e = {.config = config,
                         .a = multiplies ? layer_harness_data(harness, LAYER_INPUT, 0) : NULL,
                         .dy = layer_harness_data(harness, LAYER_OUTPUT_DERIVATIVE, 0),
                         .element = i};
        const mote_batch_samples samples = {.count = BATCH,
                                            .group = mote_batch_group(ELEMENTS / own)};
        const mote_real expected = config->shared_inputs ? mote_batch_sum(&samples, get_sample, &e)
                                                         : get_sample(&e, i / own);
        if (got[i] != expected)
            fail_msg("%s, element %zu: %a instead of %a", config->layer, i, (double)got[i],
                     (double)expected);
    }
}

static void check_pattern(const char *layer, unsigned pattern, bool multiplies)
{
    const layer_config config = make_config(layer, pattern);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    const mote_real *const a = layer_harness_data(&harness, LAYER_INPUT, 0);
    const mote_real *const b = layer_harness_data(&harness, LAYER_INPUT, 1);
    const mote_real *const y = layer_harness_data(&harness, LAYER_OUTPUT, 0);
    for (size_t i = 0; i < BATCH * ELEMENTS; i++) {
        const mote_real other = b[find_element(&config, i)];
        assert_true(y[i] == (multiplies ? a[i] * other : a[i] + other));
    }
    if (layer_harness_has(&harness, MOTE_PHASE_DERIVATIVE)) {
        layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
        expect_sums(&harness, &config, multiplies);
    }
    layer_harness_release(&harness);
}

static void sums_over_what_was_repeated_come_in_the_documented_order(void **unused)
{
    (void)unused;
    for (unsigned pattern = 0; pattern < 16; pattern++) {
        check_pattern("addition", pattern, false);
        check_pattern("multiply", pattern, true);
    }
}

static void an_output_of_shared_inputs_is_shared(void **unused)
{
    (void)unused;
    const layer_config config = {.layer = "multiply",
                                 .input_count = 2,
                                 .inputs = {{2, 1, 3}, {1, 4, 3}},
                                 .shared_inputs = 3,
                                 .batch = 5};
    const mote_shape shape = mote_shape_image(2, 4, 3);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_false(harness.declaration.outputs[0].batched);
    assert_true(mote_shape_equal(&harness.declaration.outputs[0].shape, &shape));
    layer_harness_release(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_over_what_was_repeated_come_in_the_documented_order),
        cmocka_unit_test(an_output_of_shared_inputs_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
