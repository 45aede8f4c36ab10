// SPDX-License-Identifier: Apache-2.0
// Training within a memory budget: the budget is kept, and the bits are those of training with all the memory that is fastest.
#include "training.h"

#define BUDGETED                                                             \
    "[Model]\nloss = cross\nbatch_size = 8\nepochs = 2\nseed = 5\n"          \
    "[Optimizer]\ntype = adam\nlearning_rate = 0.01\nmoving_average = 0.9\n" \
    "clip_value = 0.5\n"
#define WIDE_NET                                                          \
    "[in]\ntype = input\ninput_shape = 1:4:4\n"                           \
    "[c]\ntype = conv2d\nfilters = 64\nkernel_size = 3\npadding = same\n" \
    "[n]\ntype = batch_normalization\nactivation = relu\n"                \
    "[d]\ntype = dropout\ndropout_rate = 0.25\nflatten = true\n"          \
    "[h]\ntype = fully_connected\nunit = 64\nactivation = tanh\n"         \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"
#define MODEL BUDGETED DATA VALID WIDE_NET
#define LARGE_NET                                               \
    "[in]\ntype = input\ninput_shape = 1:4:4\nflatten = true\n" \
    "[h]\ntype = fully_connected\nunit = 512\n"                 \
    "[l]\ntype = fully_connected\nunit = 512\n"                 \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"

/// Of the arena: 0 is the smallest that works.
static mote_status start_within(void **state, const char *text, uint64_t budget, training *t)
{
    const mote_compile_request options = {.modes = MOTE_MODE_TRAIN, .memory_budget = budget};
    return training_start_as(state, text, &options, mote_allocator_default(), t);
}

static size_t find_smallest(void **state, const char *text)
{
    training t;
    assert_int_equal(start_within(state, text, 1, &t), MOTE_ERROR_BUDGET);
    const size_t smallest = t.compiled.smallest_budget;
    mote_arena_release(&t.arena);
    return smallest;
}

static size_t find_full(void **state, const char *text)
{
    training t;
    expect_ok(start_within(state, text, 0, &t));
    const size_t full = t.compiled.plan.arena_bytes;
    assert_int_equal(t.compiled.swap_bytes, 0);
    training_release(&t);
    return full;
}

static void every_budget_gives_the_same_bits(void **state)
{
    const digest expected = train_text(state, MODEL, NULL);
    const size_t smallest = find_smallest(state, MODEL);
    const size_t full = find_full(state, MODEL);
    assert_true(smallest < full - full / 8);
    for (size_t i = 0; i <= 8; i++) {
        training t;
        const size_t budget = smallest + (full - smallest) / 8 * i;
        expect_ok(start_within(state, MODEL, budget, &t));
        assert_true(t.compiled.plan.arena_bytes <= budget);
        assert_true(i == 8 || t.compiled.swap_bytes > 0);
        expect_ok(training_run(&t, NULL));
        const digest found = training_digest(&t);
        assert_same(&found, &expected);
        assert_int_equal(t.result.swapped_out_bytes > 0, t.compiled.info.stored_bytes > 0);
        training_release(&t);
    }
}

static const mote_state_block *find_block(const training *t, const char *name)
{
    const size_t index = mote_state_find(&t->run.state, name);
    assert_true(index < t->run.state.block_count);
    return &t->run.state.blocks[index];
}

/// What the optimizer keeps beside a weight that is applied in slices is in memory slice by slice.
static void optimizer_state_comes_and_goes_in_slices(void **state)
{
    static const char *const optimizers[] = {"type = adam\n",
                                             "type = sgd\nmomentum = 0.9\nnesterov = true\n",
                                             "type = rmsprop\nmomentum = 0.5\n"};
    for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++) {
        training t;
        char text[2048];
        (void)snprintf(text, sizeof text, "%s%s%s%s",
                       "[Model]\nloss = cross\nbatch_size = 8\nepochs = 2\n[Optimizer]\n",
                       optimizers[i], "learning_rate = 0.001\n", DATA LARGE_NET);
        const digest expected = train_text(state, text, NULL);
        expect_ok(start_within(state, text, find_smallest(state, text), &t));
        const mote_state_block *slot =
            find_block(&t, i == 0 ? "l.weight.mean" : "l.weight.velocity");
        assert_true(slot->is_swapped && slot->slices.count > 1);
        assert_true(t.compiled.plan.arena_bytes < 3 * slot->bytes);
        expect_ok(training_run(&t, NULL));
        const digest found = training_digest(&t);
        assert_same(&found, &expected);
        training_release(&t);
    }
}

#define WIDE_CONV   "type = conv2d\nfilters = 64\nkernel_size = 1\n"
#define NARROW_CONV "type = conv2d\nfilters = 2\nkernel_size = 3\npadding = same\n"
#define NORMALIZED  "type = batch_normalization\nactivation = relu\n"
#define DEEP_NET                                                                  \
    "[in]\ntype = input\ninput_shape = 1:4:4\n"                                   \
    "[a]\n" WIDE_CONV "[an]\n" NORMALIZED "[b]\n" NARROW_CONV "[c]\n" WIDE_CONV   \
    "[cn]\n" NORMALIZED "[d]\n" NARROW_CONV "[e]\n" WIDE_CONV "[en]\n" NORMALIZED \
    "[f]\n" NARROW_CONV "flatten = true\n"                                        \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"

static size_t count_repeated(const training *t)
{
    const mote_schedule *schedule = &t->compiled.schedules[0];
    size_t count = 0;
    for (size_t i = 0; i < schedule->step_count; i++) {
        const mote_step *step = &schedule->steps[i];
        count += step->kind == MOTE_STEP_RECOMPUTE &&
                 schedule->graph->nodes[step->node].declaration.repeats;
    }
    return count;
}

/// Without a file, too: then what is run again has to be enough.
static void layers_are_run_again_to_the_same_bits(void **state)
{
    static const char text[] = "[Model]\nloss = cross\nbatch_size = 8\nepochs = 2\n"
                               "[Optimizer]\ntype = adam\n" DATA VALID DEEP_NET;
    const digest expected = train_text(state, text, NULL);
    mote_compile_request options = {
        .modes = MOTE_MODE_TRAIN, .memory_budget = 1, .without = MOTE_TECHNIQUE_SWAP};
    training t;
    assert_int_equal(training_start_as(state, text, &options, mote_allocator_default(), &t),
                     MOTE_ERROR_BUDGET);
    options.memory_budget = t.compiled.smallest_budget;
    mote_arena_release(&t.arena);
    const size_t full = find_full(state, text);
    assert_true(options.memory_budget < full);
    expect_ok(training_start_as(state, text, &options, mote_allocator_default(), &t));
    assert_true(t.compiled.plan.arena_bytes <= options.memory_budget);
    assert_int_equal(t.compiled.swap_bytes, 0);
    assert_true(count_repeated(&t) > 0 && t.compiled.info.recomputed_flops > 0);
    expect_ok(training_run(&t, NULL));
    const digest found = training_digest(&t);
    assert_same(&found, &expected);
    training_release(&t);
    options.without |= MOTE_TECHNIQUE_BLOCK_RECOMPUTE;
    assert_int_equal(training_start_as(state, text, &options, mote_allocator_default(), &t),
                     MOTE_ERROR_BUDGET);
    assert_int_equal(t.compiled.smallest_budget, full);
    mote_arena_release(&t.arena);
}

static void what_is_planned_is_what_is_moved(void **state)
{
    training t;
    expect_ok(start_within(state, BUDGETED DATA WIDE_NET, find_smallest(state, MODEL), &t));
    const mote_train_config config = {.steps = 3};
    expect_ok(training_run(&t, &config));
    assert_int_equal(t.result.swapped_in_bytes, 3 * t.compiled.info.loaded_bytes);
    assert_int_equal(t.result.swapped_out_bytes, 3 * t.compiled.info.stored_bytes);
    training_release(&t);
}

static void a_budget_that_is_too_small_says_which_is_not(void **state)
{
    training t;
    char expected[256];
    const size_t smallest = find_smallest(state, MODEL);
    assert_int_equal(start_within(state, MODEL, smallest - 1, &t), MOTE_ERROR_BUDGET);
    (void)snprintf(expected, sizeof expected,
                   "a memory budget of %zu bytes is too small: the smallest is %zu bytes, because "
                   "of ",
                   smallest - 1, smallest);
    assert_non_null(strstr(mote_last_error()->message, expected));
    mote_arena_release(&t.arena);
}

static void without_swap_nothing_is_swapped(void **state)
{
    training t;
    const mote_compile_request options = {
        .modes = MOTE_MODE_TRAIN,
        .memory_budget = find_full(state, MODEL) - 1,
        .without = MOTE_TECHNIQUE_SWAP | MOTE_TECHNIQUE_BLOCK_RECOMPUTE,
    };
    assert_int_equal(training_start_as(state, MODEL, &options, mote_allocator_default(), &t),
                     MOTE_ERROR_BUDGET);
    mote_arena_release(&t.arena);
}

static void weights_are_saved_and_loaded_from_where_they_are(void **state)
{
    training t;
    training within;
    const size_t smallest = find_smallest(state, MODEL);
    training_init(state, MODEL, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, NULL));
    expect_ok(mote_run_save(&t.run, mote_test_path(state, "whole")));
    expect_ok(start_within(state, MODEL, smallest, &within));
    expect_ok(mote_run_load(&within.run, mote_test_path(state, "whole")));
    const digest expected = training_digest(&t);
    const digest found = training_digest(&within);
    assert_same(&found, &expected);
    expect_ok(mote_run_save(&within.run, mote_test_path(state, "swapped")));
    size_t whole_bytes = 0;
    size_t swapped_bytes = 0;
    const unsigned char *whole =
        mote_test_read(state, mote_test_path(state, "whole"), &whole_bytes);
    const unsigned char *swapped =
        mote_test_read(state, mote_test_path(state, "swapped"), &swapped_bytes);
    assert_int_equal(whole_bytes, swapped_bytes);
    assert_memory_equal(whole, swapped, whole_bytes);
    training_release(&within);
    training_release(&t);
}

/// Copies what a run holds into one of another budget.
static void pass_on(void **state, const training *from, const char *text, uint64_t budget,
                    training *to)
{
    mote_kept *kept = NULL;
    expect_ok(mote_run_keep(&from->run, false, &kept));
    expect_ok(start_within(state, text, budget, to));
    expect_ok(mote_run_restore(&to->run, kept));
    mote_kept_release(&kept);
}

static void a_state_goes_from_budget_to_budget(void **state)
{
    training t[3];
    const size_t smallest = find_smallest(state, MODEL);
    expect_ok(start_within(state, MODEL, smallest, &t[0]));
    expect_ok(training_run(&t[0], NULL));
    pass_on(state, &t[0], MODEL, 0, &t[1]);
    pass_on(state, &t[1], MODEL, smallest, &t[2]);
    const digest first = training_digest(&t[0]);
    const digest second = training_digest(&t[1]);
    const digest third = training_digest(&t[2]);
    assert_same(&first, &second);
    assert_same(&first, &third);
    for (size_t i = 0; i < 3; i++)
        training_release(&t[i]);
}

#define FROZEN "trainable = false\nactivation = tanh\n"
#define FROZEN_NET                                              \
    "[in]\ntype = input\ninput_shape = 1:4:4\nflatten = true\n" \
    "[h]\ntype = fully_connected\nunit = 512\n" FROZEN          \
    "[k]\ntype = fully_connected\nunit = 512\n" FROZEN          \
    "[l]\ntype = fully_connected\nunit = 512\n" FROZEN          \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"
#define FROZEN_MODEL BUDGETED DATA VALID FROZEN_NET

/// Weights of the model with another seed.
static const char *save_weights(void **state)
{
    const char *const path = mote_test_path(state, "frozen.safetensors");
    training t;
    training_init(state, FROZEN_MODEL, MOTE_MODE_TRAIN, &t);
    t.description.settings.seed = 77;
    expect_ok(mote_run_initialize(&t.run));
    expect_ok(mote_run_save(&t.run, path));
    training_release(&t);
    return path;
}

static bool is_borrowed(const training *t, const char *name)
{
    const size_t index = mote_state_find(&t->run.state, name);
    return mote_state_is_borrowed(&t->run.state, index);
}

static void start_frozen(void **state, const char *path, training *t)
{
    expect_ok(start_within(state, FROZEN_MODEL, find_smallest(state, FROZEN_MODEL), t));
    assert_false(is_borrowed(t, "l.weight"));
    expect_ok(mote_run_load(&t->run, path));
    assert_true(is_borrowed(t, "l.weight"));
    assert_false(is_borrowed(t, "out.weight"));
}

static void frozen_weights_are_read_from_their_file(void **state)
{
    const char *const path = save_weights(state);
    training t;
    training_init(state, FROZEN_MODEL, MOTE_MODE_TRAIN, &t);
    expect_ok(mote_run_load(&t.run, path));
    expect_ok(training_run(&t, NULL));
    const digest expected = training_digest(&t);
    training_release(&t);

    start_frozen(state, path, &t);
    expect_ok(training_run(&t, NULL));
    const digest found = training_digest(&t);
    assert_same(&found, &expected);
    assert_true(is_borrowed(&t, "l.weight"));
    training other;
    pass_on(state, &t, FROZEN_MODEL, find_smallest(state, FROZEN_MODEL), &other);
    training_release(&t);
    assert_true(is_borrowed(&other, "l.weight"));
    const digest passed = training_digest(&other);
    assert_same(&passed, &expected);
    training_release(&other);
}

static void change_in_place(const char *path)
{
    static const unsigned char zero[4] = {0};
    FILE *const file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -4, SEEK_END), 0);
    assert_int_equal(fwrite(zero, 1, sizeof zero, file), sizeof zero);
    assert_int_equal(fclose(file), 0);
}

static void frozen_weights_that_change_in_their_file_stop_the_training(void **state)
{
    const char *const path = save_weights(state);
    training t;
    start_frozen(state, path, &t);
    change_in_place(path);
    assert_int_equal(training_run(&t, NULL), MOTE_ERROR_IO);
    assert_non_null(strstr(mote_last_error()->message, "was written to while weights were read"));
    training_release(&t);
}

static void frozen_weights_that_change_in_their_file_are_not_saved(void **state)
{
    const char *const path = save_weights(state);
    const char *const saved = mote_test_path(state, "saved.safetensors");
    training t;
    start_frozen(state, path, &t);
    expect_ok(training_run(&t, NULL));
    change_in_place(path);
    assert_int_equal(mote_run_save(&t.run, saved), MOTE_ERROR_IO);
    assert_non_null(strstr(mote_last_error()->message, "was written to while weights were read"));
    assert_false(mote_path_exists(saved));
    expect_ok(mote_run_load(&t.run, path));
    expect_ok(mote_run_save(&t.run, saved));
    training_release(&t);
}

/// As after training to the file that was started from.
static void a_file_that_is_replaced_goes_on_to_be_read(void **state)
{
    const char *const path = save_weights(state);
    training t;
    start_frozen(state, path, &t);
    const digest before = training_digest(&t);
    expect_ok(mote_run_save(&t.run, path));
    const digest behind = training_digest(&t);
    assert_same(&before, &behind);
    assert_int_equal(remove(path), 0);
    expect_ok(training_run(&t, NULL));
    expect_ok(mote_run_initialize(&t.run));
    assert_false(is_borrowed(&t, "l.weight"));
    training_release(&t);
}

static void too_many_writes_are_refused_before_the_first_step(void **state)
{
    training t;
    const size_t smallest = find_smallest(state, MODEL);
    static const char text[] = "[Model]\nloss = cross\nbatch_size = 8\nepochs = 2\nseed = 5\n"
                               "swap_write_limit = 1 MB\n"
                               "[Optimizer]\ntype = adam\nlearning_rate = 0.01\n"
                               "moving_average = 0.9\nclip_value = 0.5\n" DATA VALID WIDE_NET;
    expect_ok(start_within(state, text, smallest, &t));
    const digest before = training_digest(&t);
    assert_int_equal(training_run(&t, NULL), MOTE_ERROR_PROPERTY);
    assert_non_null(strstr(mote_last_error()->message, "swap_write_limit = 1000000 bytes"));
    const digest behind = training_digest(&t);
    assert_same(&before, &behind);
    training_release(&t);
}

/// Of a training that goes on, too: before the checkpoint takes the place of the weights at hand.
static void too_many_writes_from_a_checkpoint_on_are_refused(void **state)
{
#define LIMITED(limit)                                              \
    "[Model]\nloss = cross\nbatch_size = 8\nepochs = 2\nseed = 5\n" \
    "checkpoint_path = limited\nswap_write_limit = " limit          \
    "\n[Optimizer]\ntype = adam\nlearning_rate = 0.01\n"            \
    "moving_average = 0.9\nclip_value = 0.5\n" DATA VALID WIDE_NET
    training t;
    const size_t smallest = find_smallest(state, MODEL);
    const mote_train_config first = {.steps = 1};
    const mote_train_config resume = {.resume = true};
    expect_ok(start_within(state, LIMITED("1 GB"), smallest, &t));
    expect_ok(training_run(&t, &first));
    training_release(&t);
    expect_ok(start_within(state, LIMITED("1 MB"), smallest, &t));
    const digest before = training_digest(&t);
    t.run.stepping.applied = 3;
    expect_raises(training_run(&t, &resume), MOTE_ERROR_PROPERTY,
                  "swap_write_limit = 1000000 bytes");
    assert_false(t.result.resumed);
    assert_int_equal(t.run.stepping.applied, 3);
    const digest behind = training_digest(&t);
    assert_same(&before, &behind);
    training_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_budget_gives_the_same_bits),
        cmocka_unit_test(optimizer_state_comes_and_goes_in_slices),
        cmocka_unit_test(layers_are_run_again_to_the_same_bits),
        cmocka_unit_test(what_is_planned_is_what_is_moved),
        cmocka_unit_test(a_budget_that_is_too_small_says_which_is_not),
        cmocka_unit_test(without_swap_nothing_is_swapped),
        cmocka_unit_test(weights_are_saved_and_loaded_from_where_they_are),
        cmocka_unit_test(a_state_goes_from_budget_to_budget),
        cmocka_unit_test(frozen_weights_are_read_from_their_file),
        cmocka_unit_test(frozen_weights_that_change_in_their_file_stop_the_training),
        cmocka_unit_test(frozen_weights_that_change_in_their_file_are_not_saved),
        cmocka_unit_test(a_file_that_is_replaced_goes_on_to_be_read),
        cmocka_unit_test(too_many_writes_are_refused_before_the_first_step),
        cmocka_unit_test(too_many_writes_from_a_checkpoint_on_are_refused),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
