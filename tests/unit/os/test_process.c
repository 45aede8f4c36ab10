// SPDX-License-Identifier: Apache-2.0
// Pages, memory in use, clock, processors.
#include "os/os.h"

#include "support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20U)

static void pages_are_zeroed_and_aligned(void **unused)
{
    (void)unused;
    void *memory = NULL;
    expect_ok(mote_pages_allocate(100001, &memory));
    assert_int_equal((uintptr_t)memory % 4096, 0);
    for (size_t i = 0; i < 100001; i++)
        assert_int_equal(((unsigned char *)memory)[i], 0);
    memset(memory, 1, 100001);
    mote_pages_free(memory, 100001);
}

static void no_bytes_are_no_pages(void **unused)
{
    (void)unused;
    void *memory = &memory;
    expect_ok(mote_pages_allocate(0, &memory));
    assert_null(memory);
    mote_pages_free(memory, 0);
}

/// What may stay resident of 64 MiB that are given back; the address sanitizer keeps its shadow of them, an eighth.
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define KEPT (16 * MIB)
#endif
#endif
#ifndef KEPT
#define KEPT (8 * MIB)
#endif

static void more_pages_than_there_can_be_are_refused(void **unused)
{
    (void)unused;
    void *memory = NULL;
    expect_raises(mote_pages_allocate(SIZE_MAX / 2, &memory), MOTE_ERROR_MEMORY,
                  "9223372036854775807 bytes of pages could not be had");
    assert_null(memory);
}

static void pages_are_resident_once_touched(void **unused)
{
    (void)unused;
    const size_t before = mote_memory_resident_bytes();
    assert_true(before > 0);
    void *memory = NULL;
    expect_ok(mote_pages_allocate(64 * MIB, &memory));
    assert_true(mote_memory_resident_bytes() < before + 8 * MIB);
    memset(memory, 1, 64 * MIB);
    assert_true(mote_memory_resident_bytes() > before + 56 * MIB);
    mote_pages_free(memory, 64 * MIB);
    assert_true(mote_memory_resident_bytes() < before + KEPT);
    assert_true(mote_memory_peak_bytes() > before + 56 * MIB);
}

/// The peak of a program started while this one holds 256 MiB, as exit status in units of 8 MiB.
static void the_peak_of_a_parent_does_not_count(void **unused)
{
    (void)unused;
    void *memory = NULL;
    if (MOTE_IS_EMULATED)
        skip(); // an emulated process cannot start another
    expect_ok(mote_pages_allocate(256 * MIB, &memory));
    memset(memory, 1, 256 * MIB);
    const pid_t child = fork();
    if (child == 0) {
        (void)execl("/proc/self/exe", "test_process", "peak", (char *)NULL);
        _exit(255);
    }
    mote_pages_free(memory, 256 * MIB);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_in_range(WEXITSTATUS(status), 0, 24);
}

static void the_clock_goes_forward(void **unused)
{
    (void)unused;
    const uint64_t start = mote_clock_ns();
    (void)usleep(20000);
    const uint64_t elapsed = mote_clock_ns() - start;
    assert_in_range(elapsed, 20000000, 5000000000);
}

static void there_is_a_processor_of_a_known_level(void **unused)
{
    (void)unused;
    assert_true(mote_cpu_count() >= 1);
    assert_in_range(mote_cpu_detect(), MOTE_CPU_SCALAR, MOTE_CPU_LEVEL_COUNT - 1);
}

int main(int argument_count, char **arguments)
{
    if (argument_count == 2 && strcmp(arguments[1], "peak") == 0)
        return (int)(mote_memory_peak_bytes() / (8 * MIB));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_zeroed_and_aligned),
        cmocka_unit_test(no_bytes_are_no_pages),
        cmocka_unit_test(more_pages_than_there_can_be_are_refused),
        cmocka_unit_test(pages_are_resident_once_touched),
        cmocka_unit_test(the_peak_of_a_parent_does_not_count),
        cmocka_unit_test(the_clock_goes_forward),
        cmocka_unit_test(there_is_a_processor_of_a_known_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
