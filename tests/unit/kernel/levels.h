// SPDX-License-Identifier: Apache-2.0
// What the tests of kernels share: the levels this machine can run, repeatable numbers, guarded memory, and
// tasks that run in an order of our choice.
#ifndef MOTE_TESTS_KERNEL_LEVELS_H
#define MOTE_TESTS_KERNEL_LEVELS_H

#include "kernel/kernel.h"
#include "support/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// The table of a level, or NULL when the build or the machine lacks it.
static inline const mote_kernels *level_table(mote_cpu_level level)
{
    const mote_kernels *table = NULL;
    if (level != MOTE_CPU_SCALAR &&
        (level > mote_kernels_highest_level() || !mote_test_cpu_has(level)))
        return NULL;
    assert_int_equal(mote_kernels_get(level, &table), MOTE_OK);
    return table;
}

static inline uint32_t next_word(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*state >> 32U);
}

static inline size_t next_size(uint64_t *state, size_t low, size_t high)
{
    return low + next_word(state) % (high - low + 1);
}

static inline uint32_t float_bits(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/// In [-1, 1).
static inline float next_float(uint64_t *state)
{
    return (float)(int32_t)next_word(state) * 0x1p-31F;
}

#define GUARD ((size_t)64)

/// `count` floats between two guards, `shift` floats off a cache line.
typedef struct guarded {
    float *all;
    float *data;
    size_t count;
} guarded;

static inline guarded guarded_make(size_t count, size_t shift)
{
    const size_t bytes = (count + 2 * GUARD + 32) / 16 * 16 * sizeof(float);
    guarded memory = {.all = aligned_alloc(64, bytes), .count = count};
    assert_non_null(memory.all);
    memset(memory.all, 0xEE, bytes);
    memory.data = memory.all + GUARD + shift;
    return memory;
}

/// Fails when something was written outside; frees the memory.
static inline void guarded_release(guarded *memory)
{
    const unsigned char *before = (const unsigned char *)memory->all;
    for (const unsigned char *byte = before; byte < (const unsigned char *)memory->data; byte++)
        assert_int_equal(*byte, 0xEE);
    const unsigned char *after = (const unsigned char *)(memory->data + memory->count);
    for (size_t i = 0; i < GUARD / 2; i++)
        assert_int_equal(after[i], 0xEE);
    free(memory->all);
    memory->all = NULL;
}

/// A mote_parallel whose tasks run one after the other, from the last to the first or from the middle.
typedef struct shuffled {
    size_t calls;
} shuffled;

static inline void shuffled_run(void *user, mote_parallel_task *task, void *argument,
                                size_t task_count)
{
    shuffled *const order = (shuffled *)user;
    order->calls++;
    for (size_t i = 0; i < task_count; i++)
        task(argument, (2 * task_count - 1 - i + task_count / 2) % task_count, task_count);
}

static inline mote_parallel shuffled_parallel(shuffled *order, size_t thread_count)
{
    return (mote_parallel){.user = order, .thread_count = thread_count, .run = shuffled_run};
}

#endif
