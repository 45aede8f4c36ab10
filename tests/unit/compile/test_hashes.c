// SPDX-License-Identifier: Apache-2.0
// The hash of a plan tells plans apart; the hash of a model tells models apart that train to other bits.
#include "compilation.h"

#define NETWORK IMAGE BODY TAIL
#define PAIR    "[p]\ntype = fully_connected\nunit = 8\n[q]\ntype = fully_connected\nunit = 8\n"

typedef struct hashes {
    char plan[MOTE_SHA256_TEXT_BYTES];
    char model[MOTE_SHA256_TEXT_BYTES];
} hashes;

static hashes hash_as(void **state, const char *name, const char *text, const char *planner)
{
    compilation c;
    hashes result;
    expect_ok(compile_as(state, name, text, MOTE_MODE_TRAIN, planner, &c));
    memcpy(result.plan, c.compiled.plan.hash, sizeof result.plan);
    memcpy(result.model, c.compiled.model_hash, sizeof result.model);
    compilation_release(&c);
    return result;
}

static hashes hash_of(void **state, const char *text)
{
    return hash_as(state, "model.ini", text, "best_fit");
}

static void a_model_compiled_twice_has_equal_hashes(void **state)
{
    const hashes first = hash_of(state, SMALL);
    const hashes second = hash_of(state, SMALL);
    assert_string_equal(first.plan, second.plan);
    assert_string_equal(first.model, second.model);
}

static void the_place_of_the_model_file_is_not_hashed(void **state)
{
    const hashes first = hash_of(state, SMALL);
    const hashes second = hash_as(state, "other.ini", SMALL, "best_fit");
    assert_string_equal(first.plan, second.plan);
    assert_string_equal(first.model, second.model);
}

static void the_hash_of_a_plan_knows_its_offsets(void **state)
{
    const hashes best_fit = hash_of(state, SMALL);
    const hashes naive = hash_as(state, "model.ini", SMALL, "naive");
    assert_string_not_equal(best_fit.plan, naive.plan);
    assert_string_equal(best_fit.model, naive.model);
}

static void what_does_not_change_the_bits_does_not_change_the_hash_of_the_model(void **state)
{
    static const char *const texts[] = {
        MODEL "save_path = x\n" ADAM SETS NETWORK,
        MODEL "load_path = x\n" ADAM SETS NETWORK,
        MODEL "epochs = 9\n" ADAM SETS NETWORK,
        MODEL "patience = 9\nmin_delta = 1\nsave_best_path = x\n" ADAM SETS NETWORK,
        MODEL "apply = after_all\n" ADAM SETS NETWORK,
        MODEL ADAM "[train_set]\npath = elsewhere\n" NETWORK,
        "[MODEL]\nseed = 3\nBatch_Size = 8\nloss = CROSS\n" ADAM SETS NETWORK,
        MODEL "[Optimizer]\ntype = ADAM\nlearning_rate = 1e-3\nepsilon = 1e-7\n" SETS NETWORK,
        MODEL ADAM "[LearningRateScheduler]\ntype = constant\n" SETS NETWORK,
        MODEL ADAM "clip_norm = 0\nclip_value = 0\n" SETS NETWORK,
    };
    const hashes expected = hash_of(state, SMALL);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(hash_of(state, texts[i]).model, expected.model) != 0)
            fail_msg("the hash is another for\n%s", texts[i]);
    }
}

/// No two of these train to the same bits.
static const char *const different[] = {
    SMALL,
    "[Model]\nloss = cross\nbatch_size = 8\nseed = 4\n" ADAM NETWORK,
    "[Model]\nloss = cross\nbatch_size = 7\nseed = 3\n" ADAM NETWORK,
    MODEL "[Optimizer]\ntype = sgd\n" NETWORK,
    MODEL "[Optimizer]\ntype = sgd\nmomentum = 0.9\n" NETWORK,
    MODEL "[Optimizer]\ntype = sgd\nlearning_rate = 1\n" NETWORK,
    MODEL ADAM "beta1 = 0.8\n" NETWORK,
    MODEL ADAM "weight_decay = 0.1\n" NETWORK,
    MODEL ADAM "clip_norm = 0.1\n" NETWORK,
    MODEL ADAM "clip_norm = 0.2\n" NETWORK,
    MODEL ADAM "clip_value = 0.1\n" NETWORK,
    MODEL ADAM "moving_average = 0.1\n" NETWORK,
    MODEL ADAM "moving_average = 0.2\n" NETWORK,
    MODEL ADAM "[LearningRateScheduler]\ntype = step\nlearning_rate = 1,2\niteration = 5\n" NETWORK,
    MODEL ADAM "[LearningRateScheduler]\ntype = step\nlearning_rate = 1,2\niteration = 6\n" NETWORK,
    MODEL ADAM NETWORK "trainable = false\n",
    MODEL ADAM NETWORK "weight_initializer = he_normal\n",
    MODEL ADAM NETWORK "disable_bias = true\n",
    MODEL ADAM IMAGE "normalization = true\n" BODY TAIL,
    MODEL ADAM IMAGE PAIR TAIL,
    MODEL ADAM IMAGE PAIR "shared_from = p\n" TAIL,
    MODEL ADAM IMAGE BODY "[d]\ntype = dropout\ndropout_rate = 0.5\n" TAIL,
    MODEL ADAM IMAGE BODY "[d]\ntype = dropout\ndropout_rate = 0.4\n" TAIL,
    MODEL ADAM IMAGE BODY "[e]\ntype = dropout\ndropout_rate = 0.4\n" TAIL,
    MODEL ADAM IMAGE BODY "[a]\ntype = activation\nactivation = tanh\n" TAIL,
    MODEL ADAM IMAGE BODY "[a]\ntype = activation\nactivation = relu\n" TAIL,
    "[Model]\nbatch_size = 8\nseed = 3\nloss = mse\n" ADAM NETWORK,
};

#define DIFFERENT_COUNT (sizeof different / sizeof different[0])

static void what_changes_the_bits_changes_the_hash_of_the_model(void **state)
{
    static hashes all[DIFFERENT_COUNT];
    for (size_t i = 0; i < DIFFERENT_COUNT; i++)
        all[i] = hash_of(state, different[i]);
    for (size_t i = 0; i < DIFFERENT_COUNT * DIFFERENT_COUNT; i++) {
        const size_t a = i / DIFFERENT_COUNT;
        const size_t b = i % DIFFERENT_COUNT;
        if (a < b && strcmp(all[a].model, all[b].model) == 0)
            fail_msg("the hash is the same for\n%s\nand\n%s", different[a], different[b]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_compiled_twice_has_equal_hashes),
        cmocka_unit_test(the_place_of_the_model_file_is_not_hashed),
        cmocka_unit_test(the_hash_of_a_plan_knows_its_offsets),
        cmocka_unit_test(what_does_not_change_the_bits_does_not_change_the_hash_of_the_model),
        cmocka_unit_test(what_changes_the_bits_changes_the_hash_of_the_model),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
