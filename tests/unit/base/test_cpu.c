// SPDX-License-Identifier: Apache-2.0
// Names of the CPU levels.
#include "base/cpu.h"

#include "support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_level_is_found_by_its_name(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < MOTE_CPU_LEVEL_COUNT; i++) {
        mote_cpu_level level = MOTE_CPU_LEVEL_COUNT;
        expect_ok(mote_cpu_level_find(mote_cpu_level_name((mote_cpu_level)i), &level));
        assert_int_equal(level, i);
    }
}

static void case_does_not_matter(void **unused)
{
    (void)unused;
    mote_cpu_level level = MOTE_CPU_SCALAR;
    expect_ok(mote_cpu_level_find("AVX2", &level));
    assert_int_equal(level, MOTE_CPU_AVX2);
}

static void an_unknown_name_is_refused_with_those_there_are(void **unused)
{
    (void)unused;
    mote_cpu_level level = MOTE_CPU_AVX2;
    expect_raises(mote_cpu_level_find("sse2", &level), MOTE_ERROR_ARGUMENT,
                  "unknown CPU level 'sse2', expected one of: scalar avx2 avx512 neon");
    assert_int_equal(level, MOTE_CPU_AVX2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_is_found_by_its_name),
        cmocka_unit_test(case_does_not_matter),
        cmocka_unit_test(an_unknown_name_is_refused_with_those_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
