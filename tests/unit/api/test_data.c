// SPDX-License-Identifier: Apache-2.0
// Samples that the program makes: they train and evaluate without data sections, and their errors come through.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SAMPLES 10U
#define INPUTS  4U

#define NET                                                         \
    "[Model]\nloss = cross\nbatch_size = 4\nepochs = 2\nseed = 5\n" \
    "[Optimizer]\ntype = adam\nlearning_rate = 0.01\n"              \
    "[in]\ntype = input\ninput_shape = 4\n"                         \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"
#define RAW "[train_set]\ntype = raw\npath = samples.raw\n"

/// What the callback saw, and what it shall do wrong.
typedef struct maker {
    size_t calls[2]; // by port
    uint64_t failing_sample;
    int32_t class_offset;
} maker;

static float input_value(uint64_t sample, size_t i)
{
    return (float)((sample * 7 + i * 3) % 10) / 10;
}

static int make_sample(void *user, uint64_t sample, size_t port, void *values, size_t count)
{
    maker *const m = user;
    m->calls[port]++;
    if (sample == m->failing_sample)
        return 77;
    if (port == 1) {
        assert_int_equal(count, 1);
        *(int32_t *)values = (int32_t)(sample % 3) + m->class_offset;
        return 0;
    }
    assert_int_equal(count, INPUTS);
    for (size_t i = 0; i < INPUTS; i++)
        ((float *)values)[i] = input_value(sample, i);
    return 0;
}

typedef struct session {
    mote_context *context;
    mote_model *model;
    maker maker;
    mote_data_source source;
} session;

static void start_for(void **state, const char *text, unsigned all_modes, session *s)
{
    const mote_context_config config = {.thread_count = 1};
    const mote_compile_config modes = {.modes = all_modes};
    const char *const path = mote_test_write_text(state, "model.ini", text);
    *s = (session){.maker.failing_sample = UINT64_MAX};
    s->source = (mote_data_source){.user = &s->maker, .sample_count = SAMPLES, .read = make_sample};
    expect_ok(mote_context_create(&config, &s->context));
    expect_ok(mote_model_load(s->context, path, NULL, 0, &s->model));
    expect_ok(mote_model_compile(s->model, &modes));
}

static void start(void **state, const char *text, session *s)
{
    start_for(state, text, MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE, s);
}

static void end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static void write_raw(void **state)
{
    float records[SAMPLES][INPUTS + 3] = {{0.0F}};
    for (size_t sample = 0; sample < SAMPLES; sample++) {
        for (size_t i = 0; i < INPUTS; i++)
            records[sample][i] = input_value(sample, i);
        records[sample][INPUTS + sample % 3] = 1.0F;
    }
    (void)mote_test_write(state, "samples.raw", records, sizeof records);
}

static void training_equals_that_on_a_file_of_the_same_samples(void **state)
{
    session s;
    char made[65];
    char read[65];
    mote_train_result result;
    write_raw(state);
    start(state, NET, &s);
    expect_ok(mote_model_set_data(s.model, "train_set", &s.source));
    expect_ok(mote_model_train(s.model, NULL, &result));
    assert_int_equal(result.training.samples, SAMPLES);
    assert_int_equal(s.maker.calls[0], 2 * SAMPLES);
    expect_ok(mote_model_digest(s.model, made));
    end(&s);
    start(state, NET RAW, &s);
    expect_ok(mote_model_train(s.model, NULL, NULL));
    expect_ok(mote_model_digest(s.model, read));
    end(&s);
    assert_string_equal(made, read);
}

static void a_source_takes_the_place_of_a_section_until_it_is_taken_back(void **state)
{
    session s;
    write_raw(state);
    start(state, NET RAW, &s);
    expect_ok(mote_model_set_data(s.model, "train_set", &s.source));
    expect_ok(mote_model_train(s.model, NULL, NULL));
    assert_int_equal(s.maker.calls[1], 2 * SAMPLES);
    expect_ok(mote_model_set_data(s.model, "train_set", NULL));
    expect_ok(mote_model_train(s.model, NULL, NULL));
    assert_int_equal(s.maker.calls[1], 2 * SAMPLES);
    end(&s);
}

static void sources_validate_and_evaluate(void **state)
{
    session s;
    mote_train_result result;
    mote_metrics metrics;
    start(state, NET, &s);
    assert_false(mote_model_has_set(s.model, "valid_set"));
    expect_raises(mote_model_evaluate(s.model, "test_set", NULL, &metrics), MOTE_ERROR_PROPERTY,
                  "there is no section [test_set]");
    expect_ok(mote_model_set_data(s.model, "train_set", &s.source));
    s.source.sample_count = 7;
    expect_ok(mote_model_set_data(s.model, "valid_set", &s.source));
    s.source.sample_count = 5;
    expect_ok(mote_model_set_data(s.model, "test_set", &s.source));
    assert_true(mote_model_has_set(s.model, "valid_set"));
    expect_ok(mote_model_train(s.model, NULL, &result));
    assert_int_equal(result.validation.samples, 7);
    expect_ok(mote_model_evaluate(s.model, "test_set", NULL, &metrics));
    assert_int_equal(metrics.samples, 5);
    end(&s);
}

static void a_source_for_validation_needs_a_model_that_evaluates(void **state)
{
    session s;
    start_for(state, NET, MOTE_MODE_TRAIN, &s);
    expect_ok(mote_model_set_data(s.model, "train_set", &s.source));
    expect_ok(mote_model_set_data(s.model, "valid_set", &s.source));
    expect_raises(mote_model_train(s.model, NULL, NULL), MOTE_ERROR_ARGUMENT,
                  "a valid_set of the program needs a model compiled for evaluation, too");
    end(&s);
}

static void names_of_classes_are_kept(void **state)
{
    session s;
    char names[] = "a,b,c";
    start(state, NET, &s);
    s.source.class_names = names;
    expect_ok(mote_model_set_data(s.model, "train_set", &s.source));
    memset(names, 'x', sizeof names - 1);
    expect_ok(mote_model_train(s.model, NULL, NULL));
    assert_string_equal(mote_model_class_names(s.model), "a,b,c");
    s.source.class_names = "a,b";
    expect_ok(mote_model_set_data(s.model, "train_set", &s.source));
    expect_raises(mote_model_train(s.model, NULL, NULL), MOTE_ERROR_PROPERTY,
                  "[train_set]: class_names = a,b: 2 names, the network tells 3 classes apart");
    end(&s);
}

static void what_the_callback_does_wrong_ends_training(void **state)
{
    session s;
    start(state, NET, &s);
    s.maker.failing_sample = 4;
    s.source.in_order = true;
    expect_ok(mote_model_set_data(s.model, "train_set", &s.source));
    expect_raises(mote_model_train(s.model, NULL, NULL), MOTE_ERROR_IO,
                  "[train_set]: the program's callback failed with 77 at sample 4, port 0");
    s.maker.failing_sample = UINT64_MAX;
    s.maker.class_offset = 1;
    expect_raises(mote_model_train(s.model, NULL, NULL), MOTE_ERROR_FORMAT,
                  "[train_set]: sample 2, port 1: 3 is not an index from 0 to 2");
    s.maker.class_offset = 0;
    expect_ok(mote_model_train(s.model, NULL, NULL));
    end(&s);
}

static void sources_that_are_none_are_refused(void **state)
{
    session s;
    start(state, NET, &s);
    expect_raises(mote_model_set_data(s.model, "training", &s.source), MOTE_ERROR_ARGUMENT,
                  "'training' is none of train_set, valid_set, test_set");
    s.source.sample_count = 0;
    expect_raises(mote_model_set_data(s.model, "train_set", &s.source), MOTE_ERROR_ARGUMENT,
                  "train_set has no read or no samples");
    expect_raises(mote_model_set_data(NULL, "train_set", &s.source), MOTE_ERROR_ARGUMENT,
                  "mote_model_set_data: an argument is NULL");
    end(&s);
}

static void a_split_off_part_validates_and_evaluates(void **state)
{
    session s;
    mote_train_result result;
    mote_metrics metrics;
    write_raw(state);
    start_for(state, NET RAW "validation_split = 0.3\n", MOTE_MODE_TRAIN, &s);
    assert_true(mote_model_has_set(s.model, "valid_set"));
    expect_ok(mote_model_train(s.model, NULL, &result));
    assert_int_equal(result.training.samples, 7);
    assert_int_equal(result.validation.samples, 3);
    expect_ok(mote_model_evaluate(s.model, "valid_set", NULL, &metrics));
    assert_true(metrics.loss == result.validation.loss);
    expect_ok(mote_model_evaluate(s.model, "train_set", NULL, &metrics));
    assert_int_equal(metrics.samples, 7);
    end(&s);
}

static void a_split_and_a_valid_set_are_refused_with_the_model(void **state)
{
    mote_context *context = NULL;
    mote_model *model = NULL;
    const char *const path = mote_test_write_text(
        state, "both.ini", NET RAW "validation_split = 0.3\n[valid_set]\ntype = raw\npath = a\n");
    expect_ok(mote_context_create(NULL, &context));
    expect_raises(mote_model_load(context, path, NULL, 0, &model), MOTE_ERROR_PROPERTY,
                  ":19: [train_set]: validation_split: there is a [valid_set], too");
    mote_context_destroy(&context);
}

#define LARGE_NET                                                         \
    "[Model]\nloss = cross\nbatch_size = 8\nepochs = 2\nseed = 5\n"       \
    "[Optimizer]\ntype = sgd\nlearning_rate = 0.01\n"                     \
    "[in]\ntype = input\ninput_shape = 1:64:96\n[flat]\ntype = flatten\n" \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"
#define AUGMENTED "flip = horizontal\nshift = 0.5\ncrop = 0.6\nnoise = 0.1\n"

/// Samples so large that several threads read a batch.
static void write_large_raw(void **state)
{
    enum {
        COUNT = 12,
        ELEMENTS = 64 * 96
    };

    static float records[COUNT][ELEMENTS + 3];
    for (size_t sample = 0; sample < COUNT; sample++) {
        for (size_t i = 0; i < ELEMENTS; i++)
            records[sample][i] = input_value(sample, i);
        records[sample][ELEMENTS + sample % 3] = 1.0F;
    }
    (void)mote_test_write(state, "samples.raw", records, sizeof records);
}

/// Weights after training on samples that are changed at random.
static void train_augmented(void **state, const char *text, size_t thread_count, char digest[65])
{
    static const mote_compile_config train = {.modes = MOTE_MODE_TRAIN};
    const mote_context_config config = {.thread_count = thread_count};
    mote_context *context = NULL;
    mote_model *model = NULL;
    const char *const path = mote_test_write_text(state, "model.ini", text);
    expect_ok(mote_context_create(&config, &context));
    expect_ok(mote_model_load(context, path, NULL, 0, &model));
    expect_ok(mote_model_compile(model, &train));
    expect_ok(mote_model_train(model, NULL, NULL));
    expect_ok(mote_model_digest(model, digest));
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

static void augmented_training_has_the_same_bits_again(void **state)
{
    char one[65];
    char two[65];
    char plain[65];
    session s;
    write_raw(state);
    train_augmented(state, NET RAW AUGMENTED, 1, one);
    train_augmented(state, NET RAW AUGMENTED, 2, two);
    assert_string_equal(one, two);
    start(state, NET RAW, &s);
    expect_ok(mote_model_train(s.model, NULL, NULL));
    expect_ok(mote_model_digest(s.model, plain));
    end(&s);
    assert_string_not_equal(one, plain);
}

static void threads_that_read_and_augment_do_not_change_the_bits(void **state)
{
    char one[65];
    write_large_raw(state);
    train_augmented(state, LARGE_NET RAW AUGMENTED, 1, one);
    for (size_t threads = 2; threads <= 3; threads++) {
        char more[65];
        train_augmented(state, LARGE_NET RAW AUGMENTED, threads, more);
        assert_string_equal(one, more);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_equals_that_on_a_file_of_the_same_samples),
        cmocka_unit_test(a_source_takes_the_place_of_a_section_until_it_is_taken_back),
        cmocka_unit_test(sources_validate_and_evaluate),
        cmocka_unit_test(a_source_for_validation_needs_a_model_that_evaluates),
        cmocka_unit_test(names_of_classes_are_kept),
        cmocka_unit_test(what_the_callback_does_wrong_ends_training),
        cmocka_unit_test(sources_that_are_none_are_refused),
        cmocka_unit_test(a_split_off_part_validates_and_evaluates),
        cmocka_unit_test(a_split_and_a_valid_set_are_refused_with_the_model),
        cmocka_unit_test(augmented_training_has_the_same_bits_again),
        cmocka_unit_test(threads_that_read_and_augment_do_not_change_the_bits),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
