// SPDX-License-Identifier: Apache-2.0
// Training and evaluation that read batches ahead: the same bits as without, and what a program makes is asked for by the
// thread that trains alone.
#include "training.h"

#include "support/threads.h"

#include <pthread.h>

#define AUGMENTED                                                                      \
    "[train_set]\ntype = idx\npath = images\nlabel_path = labels\nflip = horizontal\n" \
    "crop = 0.7\nvalidation_split = 0.2\n"

static size_t count_parts(const mote_program *program)
{
    size_t count = 0;
    for (size_t i = 0; program && i < program->read_count; i++) {
        const mote_operation *operation = &program->operations[program->reads[i]];
        for (size_t j = 0; j < operation->part_count; j++)
            count += operation->parts[j].operation != MOTE_ABSENT;
    }
    return count;
}

static void forget_parts(mote_program *program)
{
    for (size_t i = 0; i < program->read_count; i++)
        program->operations[program->reads[i]].part_count = 0;
}

/// Weights and the loss of the last evaluation.
typedef struct outcome {
    digest weights;
    double loss;
} outcome;

static outcome train_with(void **state, const char *text, size_t thread_count, bool ahead)
{
    training t;
    outcome result;
    training_init(state, text, MOTE_MODE_TRAIN, &t);
    t.context.parallel = mote_test_threads(thread_count);
    for (size_t i = 0; i < t.compiled.program_count; i++) {
        assert_true(count_parts(&t.compiled.programs[i]) > 0);
        if (!ahead)
            forget_parts(&t.compiled.programs[i]);
    }
    expect_ok(training_run(&t, NULL));
    assert_null(t.run.ahead);
    result.weights = training_digest(&t);
    result.loss = t.result.validation.loss;
    training_release(&t);
    return result;
}

static void reading_ahead_changes_no_bit(void **state)
{
    static const char *const texts[] = {
        HEAD SGD DATA NET,
        HEAD ADAM DATA VALID NET,
        HEAD SGD AUGMENTED NET,
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const outcome without = train_with(state, texts[i], 1, false);
        for (size_t threads = 1; threads <= 3; threads++) {
            const outcome with = train_with(state, texts[i], threads, true);
            assert_same(&with.weights, &without.weights);
            assert_true(with.loss == without.loss);
        }
    }
}

/// A program that makes its samples.
typedef struct maker {
    pthread_t thread;
    size_t call_count;
} maker;

static int make_values(void *user, uint64_t sample, size_t port, void *values, size_t count)
{
    maker *const m = user;
    assert_true(pthread_equal(pthread_self(), m->thread));
    m->call_count++;
    if (port == 1)
        *(int32_t *)values = (int32_t)(sample % 3);
    for (size_t i = 0; port == 0 && i < count; i++)
        ((float *)values)[i] = (float)(sample + i) * 0.01F;
    return 0;
}

static void a_callback_is_called_by_the_thread_that_trains(void **state)
{
    training t;
    maker m = {.thread = pthread_self()};
    const mote_data_source sources[2] = {{.user = &m, .sample_count = 10, .read = make_values}};
    training_init(state, HEAD SGD NET, MOTE_MODE_TRAIN, &t);
    t.context.parallel = mote_test_threads(2);
    t.run.sources = sources;
    expect_ok(training_run(&t, NULL));
    assert_int_equal(m.call_count, 2 * 2 * 10); // epochs, ports, samples
    training_release(&t);
}

static bool stop_at_once(void *user)
{
    (void)user;
    return true;
}

static void a_training_may_stop_while_the_next_batch_is_read(void **state)
{
    training t;
    const mote_train_config config = {.stop = stop_at_once};
    training_init(state, HEAD SGD DATA NET, MOTE_MODE_TRAIN, &t);
    for (int i = 0; i < 20; i++) {
        expect_ok(training_run(&t, &config));
        assert_int_equal(t.result.steps, 1);
        assert_null(t.run.ahead);
    }
    training_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_ahead_changes_no_bit),
        cmocka_unit_test(a_callback_is_called_by_the_thread_that_trains),
        cmocka_unit_test(a_training_may_stop_while_the_next_batch_is_read),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
