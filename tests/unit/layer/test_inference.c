// SPDX-License-Identifier: Apache-2.0
// What inference runs needs no kernel that a build without training leaves out.
#include "support/expect.h"
#include "support/layer_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *running_case;

// In place of each kernel of training stands one that fails the test.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define KERNEL(name, parameters)
#define KERNEL_TRAINING(name, parameters)                                                        \
    static void refuse_##name parameters                                                         \
    {                                                                                            \
        fail_msg("%s: inference calls kernel '%s', which is marked as training's", running_case, \
                 #name);                                                                         \
    }
#include "kernel/kernels.def"
#undef KERNEL
#pragma GCC diagnostic pop

static mote_kernels refuse_training(const mote_kernels *kernels)
{
    mote_kernels copy = *kernels;
#define KERNEL(name, parameters)
#define KERNEL_TRAINING(name, parameters) copy.name = refuse_##name;
#include "kernel/kernels.def"
#undef KERNEL
    return copy;
}

static void run_forward(const layer_case *c)
{
    layer_harness harness;
    layer_config config = c->config;
    config.evaluation = true;
    running_case = c->title;
    layer_harness_build(&harness, &config);
    if (harness.layer->kind != MOTE_LAYER_LOSS) {
        const mote_kernels kernels = refuse_training(harness.kernels);
        harness.kernels = &kernels;
        layer_harness_fill(&harness);
        layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    }
    layer_harness_release(&harness);
}

static void the_forward_of_every_layer_runs_without_the_kernels_of_training(void **unused)
{
    (void)unused;
    size_t count = 0;
    const layer_case *const cases = layer_cases(&count);
    for (size_t i = 0; i < count; i++)
        run_forward(&cases[i]);
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forward_of_every_layer_runs_without_the_kernels_of_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
