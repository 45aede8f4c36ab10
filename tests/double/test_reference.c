// SPDX-License-Identifier: Apache-2.0
// Single layers in double against values of a float64 PyTorch run.
#include "support/layer_reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TOLERANCE 1e-9

static void all_values_are_those_of_pytorch(void **unused)
{
    (void)unused;
    layer_reference_check(MOTE_SOURCE_DIR "/tests/data/reference", TOLERANCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_values_are_those_of_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
