// SPDX-License-Identifier: Apache-2.0
// Batches that are read ahead: the same values and the same errors as without, and only what the program allows.
#include "exec/exec.h"

#include "os/os.h"
#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/threads.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#ifdef NDEBUG
static const bool is_always_on = false; // it depends on the machine
#else
static const bool is_always_on = true;
#endif

#define BATCH    ((size_t)8)
#define ELEMENTS ((size_t)3)
#define SAMPLES  29U // the last batch has 5
#define BASE     64U // of the batch in the arena
#define BESIDE   512U
#define NONE     UINT64_MAX

/// What a run is of: READ, a step that waits until everything that may be read ahead is, and one more of these.
typedef struct fixture {
    _Alignas(64) unsigned char memory[1024];
    mote_tensor tensor;
    mote_tensor_spec spec;
    size_t offset;
    mote_read_part parts[4];
    mote_operation operations[3];
    size_t reads[1];
    mote_program program;
    mote_source source;
    mote_parallel parallel;
    mote_execution execution;
    pthread_t trainer;
    atomic_size_t ahead; // samples that another thread read
    size_t allowed;      // samples of a full batch that may be, until the last operation
    uint64_t broken;     // sample
} fixture;

static float value_of(uint64_t sample, size_t element)
{
    return (float)(sample * ELEMENTS + element + 1);
}

static mote_status read_numbers(void *user, const mote_source_piece *piece, void *destination)
{
    fixture *const f = user;
    float *const values = destination;
    if (!pthread_equal(pthread_self(), f->trainer) && piece->reader == f->source.reader_count - 1)
        (void)atomic_fetch_add(&f->ahead, piece->sample_count);
    for (size_t i = 0; i < piece->sample_count; i++) {
        const uint64_t sample = piece->first_sample + i;
        assert_true(sample < SAMPLES);
        if (sample == f->broken)
            return MOTE_RAISE(MOTE_ERROR_IO, "sample %llu is broken", (unsigned long long)sample);
        for (size_t j = 0; j < ELEMENTS; j++)
            values[i * ELEMENTS + j] = value_of(sample, j);
    }
    return MOTE_OK;
}

/// The batch is what it should be; from then on nobody needs it, so its place is spoiled.
static mote_status check_batch(const mote_operation *operation, const mote_execution *execution)
{
    fixture *const f = execution->source->user;
    (void)operation;
    float *const values = (float *)(void *)(f->memory + BASE);
    for (size_t i = 0; i < execution->batch; i++) {
        for (size_t j = 0; j < ELEMENTS; j++)
            assert_true(values[i * ELEMENTS + j] == value_of(execution->first_sample + i, j));
    }
    memset(values, 0xFF, BATCH * ELEMENTS * sizeof *values);
    return MOTE_OK;
}

/// Nothing else would let another thread come first on a busy machine.
static mote_status wait_for_all(const mote_operation *operation, const mote_execution *execution)
{
    fixture *const f = execution->source->user;
    (void)operation;
    const size_t wanted = execution->next_batch == BATCH && is_always_on ? f->allowed : 0;
    const uint64_t begin = mote_clock_ns();
    while (execution->ahead && f->broken == NONE && atomic_load(&f->ahead) < wanted)
        assert_true(mote_clock_ns() - begin < UINT64_C(60000000000));
    atomic_store(&f->ahead, 0);
    return MOTE_OK;
}

static void init(fixture *f, size_t thread_count)
{
    static const mote_read_part parts[] = {
        {2, 0, 3, BESIDE},
        {2, 5, 2, BASE + 5 * ELEMENTS * sizeof(float)},
        {MOTE_ABSENT, 3, 2, BASE + 3 * ELEMENTS * sizeof(float)},
        {MOTE_ABSENT, 7, 1, BASE + 7 * ELEMENTS * sizeof(float)},
    };
    memset(f, 0, sizeof *f);
    memcpy(f->parts, parts, sizeof parts);
    f->spec = (mote_tensor_spec){MOTE_DTYPE_F32, true, {1, {ELEMENTS}}};
    f->tensor.spec = &f->spec;
    f->offset = BASE;
    f->operations[0] = (mote_operation){.run = mote_operation_read,
                                        .name = "read",
                                        .parts = f->parts,
                                        .part_count = 4,
                                        .tensors = &f->tensor,
                                        .offsets = &f->offset,
                                        .tensor_count = 1};
    f->operations[1] = (mote_operation){.run = check_batch, .name = "check"};
    f->operations[2] = (mote_operation){.run = wait_for_all, .name = "wait"};
    f->program = (mote_program){.name = "test",
                                .operations = f->operations,
                                .operation_count = 3,
                                .reads = f->reads,
                                .read_count = 1};
    f->parallel = mote_test_threads(thread_count);
    f->source = (mote_source){.user = f, .reader_count = thread_count + 1, .read = read_numbers};
    f->execution = (mote_execution){.source = &f->source, .parallel = &f->parallel};
    f->trainer = pthread_self();
    f->allowed = 5;
    f->broken = NONE;
    mote_program_bind(&f->program, f->memory);
}

static void start(fixture *f)
{
    expect_ok(mote_ahead_create(mote_allocator_default(), 1, f->parallel.thread_count,
                                &f->execution.ahead));
}

static mote_status run_batch(fixture *f, uint64_t first)
{
    const uint64_t rest = SAMPLES - first;
    f->execution.first_sample = first;
    f->execution.batch = rest < BATCH ? (size_t)rest : BATCH;
    f->execution.next_batch = rest < 2 * BATCH ? (size_t)rest - f->execution.batch : BATCH;
    return mote_program_run(&f->program, &f->execution);
}

static void run_epoch(fixture *f)
{
    for (uint64_t first = 0; first < SAMPLES; first += BATCH)
        expect_ok(run_batch(f, first));
    mote_ahead_halt(f->execution.ahead);
}

static void batches_read_ahead_are_those_of_the_source(void **unused)
{
    (void)unused;
    for (size_t threads = 1; threads <= 3; threads++) {
        fixture f;
        init(&f, threads);
        start(&f);
        for (int epoch = 0; epoch < 20; epoch++)
            run_epoch(&f);
        mote_ahead_destroy(&f.execution.ahead);
        assert_null(f.execution.ahead);
    }
}

static void what_was_read_is_forgotten_at_a_halt(void **unused)
{
    (void)unused;
    fixture f;
    init(&f, 1);
    start(&f);
    for (int i = 0; i < 20; i++) {
        expect_ok(run_batch(&f, 0)); // the second batch is read ahead
        mote_ahead_halt(f.execution.ahead);
        expect_ok(run_batch(&f, 2 * BATCH));
        mote_ahead_halt(f.execution.ahead);
    }
    mote_ahead_destroy(&f.execution.ahead);
}

static void a_sample_that_cannot_be_read_fails_the_step_of_its_batch(void **unused)
{
    (void)unused;
    for (uint64_t broken = BATCH; broken < 2 * BATCH; broken++) {
        fixture f;
        init(&f, 1);
        start(&f);
        f.broken = broken;
        expect_ok(run_batch(&f, 0));
        expect_raises(run_batch(&f, BATCH), MOTE_ERROR_IO,
                      broken == 8 ? "sample 8 is broken" : "is broken");
        mote_ahead_halt(f.execution.ahead);
        f.broken = NONE;
        run_epoch(&f);
        mote_ahead_destroy(&f.execution.ahead);
    }
}

static void nothing_is_read_behind_the_last_batch(void **unused)
{
    (void)unused;
    fixture f;
    init(&f, 1);
    start(&f);
    expect_ok(run_batch(&f, SAMPLES - SAMPLES % BATCH));
    assert_int_equal(atomic_load(&f.ahead), 0);
    mote_ahead_destroy(&f.execution.ahead); // while nothing is open
}

static void a_reader_may_be_destroyed_while_it_reads(void **unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++) {
        fixture f;
        init(&f, 1);
        f.allowed = 0; // is not waited for
        start(&f);
        expect_ok(run_batch(&f, 0));
        mote_ahead_destroy(&f.execution.ahead);
    }
}

static mote_status create_and_destroy(const mote_allocator *allocator, void *unused)
{
    mote_ahead *ahead = NULL;
    (void)unused;
    MOTE_TRY(mote_ahead_create(allocator, 2, 1, &ahead));
    mote_ahead_destroy(&ahead);
    return MOTE_OK;
}

static void a_failed_allocation_is_reported_and_leaves_nothing_behind(void **unused)
{
    (void)unused;
    assert_int_equal(failing_allocator_sweep(create_and_destroy, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_read_ahead_are_those_of_the_source),
        cmocka_unit_test(what_was_read_is_forgotten_at_a_halt),
        cmocka_unit_test(a_sample_that_cannot_be_read_fails_the_step_of_its_batch),
        cmocka_unit_test(nothing_is_read_behind_the_last_batch),
        cmocka_unit_test(a_reader_may_be_destroyed_while_it_reads),
        cmocka_unit_test(a_failed_allocation_is_reported_and_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
