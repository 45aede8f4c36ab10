// SPDX-License-Identifier: Apache-2.0
// Layers that may be asked for some samples after the others make of them what they make of the whole batch.
#include "support/expect.h"
#include "support/layer_cases.h"
#include "support/threads.h"

#include "base/size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void record_slices(const layer_config *config, size_t samples, layer_record *record)
{
    layer_harness harness;
    layer_harness_build(&harness, config);
    layer_harness_fill(&harness);
    harness.samples = samples;
    layer_harness_step(&harness, record);
    layer_harness_release(&harness);
}

static bool has_same(const layer_record *expected, const layer_record *got, layer_tensor_kind kind,
                     size_t index)
{
    const unsigned char *const copy = expected->copies[kind][index];
    return !copy || memcmp(copy, got->copies[kind][index], expected->bytes[kind][index]) == 0;
}

/// The number of tensors of a kind that are alike, from the first on.
static size_t count_same(const layer_record *expected, const layer_record *got,
                         layer_tensor_kind kind)
{
    size_t count = 0;
    while (count < LAYER_TENSORS_MAX && has_same(expected, got, kind, count))
        count++;
    return count;
}

static void compare(const layer_case *c, const layer_record *expected, const layer_record *got,
                    size_t samples)
{
    for (layer_tensor_kind kind = 0; kind < LAYER_TENSOR_KINDS; kind++) {
        const size_t same = count_same(expected, got, kind);
        if (same < LAYER_TENSORS_MAX)
            fail_msg("%s: %s %zu, %zu samples after the others, differs", c->title,
                     layer_harness_text(kind), same, samples);
    }
}

static void compare_slices(const layer_case *c, const layer_config *config, size_t samples)
{
    layer_record expected;
    layer_record got;
    if (samples >= config->batch)
        return;
    record_slices(config, 0, &expected);
    record_slices(config, samples, &got);
    compare(c, &expected, &got, samples);
    layer_record_release(&expected);
    layer_record_release(&got);
}

/// Returns whether the layer takes some samples of a batch.
static bool check_case(const layer_case *c)
{
    layer_harness harness;
    layer_config config = c->config;
    layer_harness_build(&harness, &config);
    const bool takes_some = harness.declaration.sample_phases != 0 && config.shared_inputs == 0;
    const size_t unit = mote_size_max(harness.declaration.sample_group, 1);
    layer_harness_release(&harness);
    if (!takes_some)
        return false;
    if (!c->is_large) { // groups of samples, the last one not whole
        config.batch = 4 * unit + unit / 2;
        config.run_batch = 0;
        config.fill_batch = 0;
    }
    for (mote_cpu_level level = 0; level <= mote_kernels_highest_level(); level++) {
        if (!mote_test_cpu_has(level))
            continue;
        config.level = level;
        compare_slices(c, &config, 1);
        compare_slices(c, &config, unit);
        compare_slices(c, &config, 2 * unit);
    }
    config.derivative_first = true;
    compare_slices(c, &config, unit);
    config.derivative_first = false;
    if (config.batch > unit)
        config.run_batch = config.batch - unit; // the last batch of an epoch
    compare_slices(c, &config, 2 * unit);
    return true;
}

static void some_samples_after_the_others_have_the_bits_of_the_batch(void **unused)
{
    (void)unused;
    size_t count = 0;
    size_t sliced = 0;
    const layer_case *const cases = layer_cases(&count);
    for (size_t i = 0; i < count; i++)
        sliced += check_case(&cases[i]);
    assert_true(sliced > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_samples_after_the_others_have_the_bits_of_the_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
