// SPDX-License-Identifier: Apache-2.0
// A table of which a batch reads few rows: its gradient takes few bytes and trains to the same bits.
#include "training.h"

#define SAMPLES 11U
#define STEPS   5U
#define ROWS    3000U

#define TOKENS "[train_set]\ntype = raw\npath = tokens\none_hot = false\n"
#define TABLE                                                  \
    "[in]\ntype = input\ninput_shape = 1:1:5\ndtype = int32\n" \
    "[e]\ntype = embedding\nin_dim = 3000\nout_dim = 17\nactivation = tanh\nflatten = true\n"
#define CLASSES "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"
#define TIED                                                           \
    "[narrow]\ntype = fully_connected\nunit = 17\nactivation = tanh\n" \
    "[out]\ntype = fully_connected\nunit = 3000\nshared_from = e\nactivation = softmax\n"

/// Indices that repeat within a sample and a batch, and a class.
static int write_tokens(void **state)
{
    if (mote_test_folder_setup(state))
        return 1;
    FILE *const file = fopen(mote_test_path(state, "tokens"), "wb");
    for (uint32_t i = 0; file && i < SAMPLES; i++) {
        float record[STEPS + 1];
        for (uint32_t j = 0; j < STEPS; j++)
            record[j] = (float)(j == 3 ? i % 2 : (i * 7919U + j * j * 104729U) % ROWS);
        record[STEPS] = (float)(i % 3);
        if (fwrite(record, sizeof record, 1, file) != 1)
            return 1;
    }
    return !file || fclose(file);
}

static digest train_whole(void **state, const char *text, bool whole, size_t *arena_bytes)
{
    training t;
    const mote_compile_request options = {.modes = MOTE_MODE_TRAIN, .whole_gradients = whole};
    expect_ok(training_start_as(state, text, &options, mote_allocator_default(), &t));
    *arena_bytes = t.run.memory_bytes;
    expect_ok(training_run(&t, NULL));
    const digest result = training_digest(&t);
    training_release(&t);
    return result;
}

static void a_gradient_of_some_rows_trains_to_the_same_bits(void **state)
{
    static const char *const optimizers[] = {
        "[Optimizer]\ntype = sgd\nlearning_rate = 0.1\n",
        "[Optimizer]\ntype = sgd\nlearning_rate = 0.1\nmomentum = 0.9\nweight_decay = 0.01\n",
        "[Optimizer]\ntype = sgd\nlearning_rate = 0.1\nmomentum = 0.9\nnesterov = true\n",
        ADAM,
        ADAM "weight_decay = 0.01\n",
        "[Optimizer]\ntype = adamw\nlearning_rate = 0.01\n",
        "[Optimizer]\ntype = rmsprop\nlearning_rate = 0.01\nmomentum = 0.9\n",
        ADAM "clip_norm = 0.01\n",
        ADAM "clip_value = 0.001\n",
    };
    for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++) {
        char text[1024];
        size_t few_bytes = 0;
        size_t all_bytes = 0;
        (void)snprintf(text, sizeof text, HEAD "%s" TOKENS TABLE CLASSES, optimizers[i]);
        const digest few = train_whole(state, text, false, &few_bytes);
        const digest all = train_whole(state, text, true, &all_bytes);
        assert_same(&few, &all);
        assert_true(few_bytes < all_bytes);
    }
}

static void a_table_that_is_also_the_head_has_a_whole_gradient(void **state)
{
    size_t few_bytes = 0;
    size_t all_bytes = 0;
    const digest few = train_whole(state, HEAD ADAM TOKENS TABLE TIED, false, &few_bytes);
    const digest all = train_whole(state, HEAD ADAM TOKENS TABLE TIED, true, &all_bytes);
    assert_same(&few, &all);
    assert_int_equal(few_bytes, all_bytes);
}

static void rows_that_nothing_reads_move_with_adam_and_stay_with_sgd(void **state)
{
    static const char *const texts[] = {HEAD SGD TOKENS TABLE CLASSES,
                                        HEAD ADAM "weight_decay = 0.1\n" TOKENS TABLE CLASSES};
    for (size_t i = 0; i < 2; i++) {
        training t;
        training_init(state, texts[i], MOTE_MODE_TRAIN, &t);
        float before[17];
        const float *const unread = training_values(&t, "e.weight") + 17UL * (ROWS - 2);
        memcpy(before, unread, sizeof before);
        expect_ok(training_run(&t, NULL));
        size_t moved = 0;
        for (size_t j = 0; j < sizeof before / sizeof before[0]; j++)
            moved += before[j] != unread[j];
        assert_true((moved > 0) == (i > 0));
        training_release(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gradient_of_some_rows_trains_to_the_same_bits),
        cmocka_unit_test(a_table_that_is_also_the_head_has_a_whole_gradient),
        cmocka_unit_test(rows_that_nothing_reads_move_with_adam_and_stay_with_sgd),
    };
    return cmocka_run_group_tests(tests, write_tokens, mote_test_folder_teardown);
}
