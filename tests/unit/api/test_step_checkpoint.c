// SPDX-License-Identifier: Apache-2.0
// Checkpoints of the caller's own loop: going on to the same bits, damage, the lock, what is refused.
#include "stepping.h"

#include "support/failing_allocator.h"

#include <stdlib.h>
#include <unistd.h>

#define POINTS    "checkpoint_path = points\n"
#define OPTIMIZER ADAM "moving_average = 0.75\n"
#define TEXT      HEAD POINTS NET OPTIMIZER
#define STEPS     6U
#define FAR       UINT64_C(0xFEDCBA9876543210)

/// What a user was told.
typedef struct told {
    char text[2048];
    size_t count;
} told;

static void note(void *user, const char *text)
{
    told *const t = user;
    (void)snprintf(t->text, sizeof t->text, "%s", text);
    t->count++;
}

static const char *point_path(void **state, unsigned step)
{
    char name[64];
    (void)snprintf(name, sizeof name, "points.%012u", step);
    return mote_test_path(state, name);
}

static bool has_point(void **state, unsigned step)
{
    return access(point_path(state, step), F_OK) == 0;
}

static void remove_points(void **state)
{
    for (unsigned step = 0; step <= 2 * STEPS; step++)
        (void)unlink(point_path(state, step));
}

/// Step `index` of a loop that takes batches of 4 and 3 samples in turn.
static void step_at(session *s, const samples *data, size_t index)
{
    const bool is_odd = index % 2 == 1;
    step(s, data, is_odd ? BATCH : 0, is_odd ? SAMPLES - BATCH : BATCH);
}

static uint64_t applied(const session *s)
{
    mote_step_info info;
    expect_ok(mote_model_get_step(s->model, &info));
    return info.applied;
}

static digest step_whole(void **state)
{
    session s;
    const samples data = make_samples();
    session_start(state, HEAD NET OPTIMIZER, MOTE_MODE_STEP, &s);
    for (size_t i = 0; i < STEPS; i++)
        step_at(&s, &data, i);
    const digest whole = session_digest(&s);
    session_end(&s);
    return whole;
}

/// The first steps, with a checkpoint after each; its data position is the steps' number and 100.
static void step_saving(session *s, const samples *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        step_at(s, data, i);
        expect_ok(mote_model_write_checkpoint(s->model, i + 101));
    }
}

/// A loop that ends after so many.
static void step_some(void **state, size_t count)
{
    session s;
    const samples data = make_samples();
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    step_saving(&s, &data, count);
    session_end(&s);
}

/// Goes on at `step` to the end, and gives what the weights are there.
static digest go_on(void **state, uint64_t step, told *notes)
{
    session s;
    const samples data = make_samples();
    const mote_train_config config = {.user = notes, .notice = note};
    uint64_t position = 0;
    notes->count = 0;
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    expect_ok(mote_model_resume(s.model, &config, &position));
    assert_int_equal(applied(&s), step);
    assert_int_equal(position, step == 0 ? 0 : step + 100);
    for (size_t i = applied(&s); i < STEPS; i++)
        step_at(&s, &data, i);
    const digest end = session_digest(&s);
    session_end(&s);
    return end;
}

static void a_loop_that_is_cut_anywhere_ends_with_the_same_bits(void **state)
{
    told notes;
    const digest whole = step_whole(state);
    for (size_t cut = 1; cut <= STEPS; cut++) {
        remove_points(state);
        step_some(state, cut);
        const digest end = go_on(state, cut, &notes);
        assert_string_equal(whole.text, end.text);
        assert_int_equal(notes.count, 0);
    }
}

static void writing_changes_no_bit_also_while_a_step_is_open(void **state)
{
    session s;
    told notes;
    const samples data = make_samples();
    const digest whole = step_whole(state);
    remove_points(state);
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    for (size_t i = 0; i < STEPS; i++) {
        const bool is_odd = i % 2 == 1;
        expect_ok(forward(&s, &data, is_odd ? BATCH : 0, is_odd ? SAMPLES - BATCH : BATCH, NULL));
        expect_ok(mote_model_write_checkpoint(s.model, i + 100));
        expect_ok(mote_model_apply(s.model, NULL));
    }
    const digest stepped = session_digest(&s);
    assert_string_equal(whole.text, stepped.text);
    session_end(&s);
    const digest end = go_on(state, STEPS - 1, &notes); // the last step was open: it is done again
    assert_string_equal(whole.text, end.text);
}

static void the_newest_are_kept_and_those_of_an_earlier_loop_go(void **state)
{
    remove_points(state);
    step_some(state, 5);
    for (unsigned step = 0; step <= STEPS; step++)
        assert_int_equal(has_point(state, step), step == 4 || step == 5);
    step_some(state, 1);
    for (unsigned step = 0; step <= STEPS; step++)
        assert_int_equal(has_point(state, step), step == 1);
}

static void a_damaged_newest_one_gives_way_to_the_one_before(void **state)
{
    told notes;
    size_t count = 0;
    const digest whole = step_whole(state);
    remove_points(state);
    step_some(state, 4);
    unsigned char *const bytes = mote_test_read(state, point_path(state, 4), &count);
    bytes[count - 1] ^= 1U;
    (void)mote_test_write(state, "points.000000000004", bytes, count);
    const digest end = go_on(state, 3, &notes);
    assert_string_equal(whole.text, end.text);
    assert_int_equal(notes.count, 1);
    assert_non_null(strstr(notes.text, "points.000000000004' is damaged: the checksum of tensor"));
    assert_non_null(strstr(notes.text, "points.000000000003'"));
    (void)mote_test_write_text(state, "points.000000000003", "nothing");
    session s;
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    expect_raises(mote_model_resume(s.model, NULL, NULL), MOTE_ERROR_FORMAT,
                  "none of the 2 checkpoints at '");
    assert_int_equal(applied(&s), 0);
    session_end(&s);
}

static void without_one_the_loop_begins_anew(void **state)
{
    session s;
    told notes;
    uint64_t position = 7;
    const samples data = make_samples();
    const mote_train_config config = {.user = &notes, .notice = note};
    const digest whole = step_whole(state);
    remove_points(state);
    const digest end = go_on(state, 0, &notes);
    assert_string_equal(whole.text, end.text);
    assert_int_equal(notes.count, 1);
    assert_non_null(strstr(notes.text, "points': training starts from the beginning"));
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    step_at(&s, &data, 0);
    expect_ok(mote_model_resume(s.model, &config, &position)); // in the middle of one, too
    assert_int_equal(applied(&s), 0);
    assert_int_equal(position, 0);
    session_end(&s);
}

static void one_loop_at_a_time_has_the_path(void **state)
{
    session s;
    session other;
    const samples data = make_samples();
    remove_points(state);
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    session_start(state, TEXT, MOTE_MODE_STEP, &other);
    step_at(&s, &data, 0);
    expect_ok(mote_model_write_checkpoint(s.model, FAR));
    expect_raises(mote_model_write_checkpoint(other.model, 0), MOTE_ERROR_IO, "points' is in use");
    expect_raises(mote_model_resume(other.model, NULL, NULL), MOTE_ERROR_IO, "points' is in use");
    expect_ok(mote_model_restart(s.model));
    uint64_t position = 0;
    expect_ok(mote_model_resume(other.model, NULL, &position));
    assert_true(position == FAR);
    expect_raises(mote_model_write_checkpoint(s.model, 0), MOTE_ERROR_IO, "points' is in use");
    session_end(&other);
    expect_ok(mote_model_resume(s.model, NULL, &position));
    expect_ok(mote_model_resume(s.model, NULL, &position)); // of its own lock there is no talk
    session_end(&s);
    assert_int_equal(access(mote_test_path(state, "points.mote-lock"), F_OK), -1);
}

static void a_model_that_is_compiled_again_goes_on_with_its_checkpoints(void **state)
{
    session s;
    told notes;
    const samples data = make_samples();
    const mote_compile_config config = {.modes = MOTE_MODE_STEP | MOTE_MODE_INFER};
    const digest whole = step_whole(state);
    remove_points(state);
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    for (size_t i = 0; i < 4; i++) {
        step_at(&s, &data, i);
        expect_ok(mote_model_write_checkpoint(s.model, i + 101));
        if (i == 2)
            expect_ok(mote_model_compile(s.model, &config));
    }
    session_end(&s);
    assert_true(has_point(state, 3) && has_point(state, 4));
    const digest end = go_on(state, 4, &notes);
    assert_string_equal(whole.text, end.text);
}

/// Of a loop that has done 4 steps, after what was refused.
static void expect_loop_goes_on(void **state, session *s, const samples *data, const digest *before)
{
    const digest after = session_digest(s);
    assert_string_equal(before->text, after.text);
    assert_int_equal(applied(s), 4);
    step_at(s, data, 4);
    expect_ok(mote_model_write_checkpoint(s->model, 105));
    assert_true(has_point(state, 4) && has_point(state, 5));
}

static void a_training_that_is_refused_leaves_the_loop_as_it_is(void **state)
{
    session s;
    session other;
    samples data = make_samples();
    const mote_train_config resume = {.resume = true};
    const mote_data_source source = {
        .user = &data, .sample_count = SAMPLES, .read = read_sample, .class_names = "a,b,c"};
    remove_points(state);
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    session_start(state, TEXT, MOTE_MODE_STEP, &other);
    step_saving(&s, &data, 4);
    const digest before = session_digest(&s);
    expect_raises(mote_model_train(s.model, NULL, NULL), MOTE_ERROR_PROPERTY,
                  "training needs a [train_set]");
    expect_ok(mote_model_set_data(s.model, "train_set", &source));
    expect_raises(mote_model_train(s.model, &resume, NULL), MOTE_ERROR_PROPERTY,
                  "is of another training");
    assert_string_equal(mote_model_class_names(s.model), ""); // of data that were refused
    expect_raises(mote_model_resume(other.model, NULL, NULL), MOTE_ERROR_IO, "points' is in use");
    expect_loop_goes_on(state, &s, &data, &before);
    expect_ok(mote_model_train(s.model, NULL, NULL)); // which has had the lock, and gave it back
    assert_string_equal(mote_model_class_names(s.model), "a,b,c");
    assert_int_equal(applied(&s), 0);
    assert_false(has_point(state, 5));
    expect_raises(mote_model_resume(other.model, NULL, NULL), MOTE_ERROR_PROPERTY,
                  "is of another training");
    session_end(&other);
    session_end(&s);
}

static void a_bench_that_cannot_begin_leaves_the_loop_as_it_is(void **state)
{
    session s;
    const samples data = make_samples();
    const mote_train_config config = {.steps = 2};
    remove_points(state);
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    step_saving(&s, &data, 4);
    const digest before = session_digest(&s);
    assert_int_equal(setenv("TMPDIR", mote_test_path(state, "absent"), 1), 0);
    expect_raises(mote_model_bench(s.model, &config, NULL), MOTE_ERROR_IO,
                  "cannot make a temporary file in");
    assert_int_equal(unsetenv("TMPDIR"), 0);
    expect_loop_goes_on(state, &s, &data, &before);
    expect_ok(mote_model_bench(s.model, &config, NULL));
    assert_int_equal(applied(&s), 0);
    session_end(&s);
}

static void a_rollback_that_is_refused_leaves_the_loop_as_it_is(void **state)
{
    session s;
    const samples data = make_samples();
    remove_points(state);
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    step_saving(&s, &data, 4);
    const digest before = session_digest(&s);
    expect_raises(mote_model_roll_back(s.model, 99, NULL), MOTE_ERROR_ARGUMENT,
                  "there is no checkpoint of step 99");
    expect_loop_goes_on(state, &s, &data, &before);
    session_end(&s);
}

static void back_at_a_step_the_loop_has_ended_and_may_resume(void **state)
{
    session s;
    session other;
    mote_rollback_result result;
    const samples data = make_samples();
    uint64_t position = 0;
    remove_points(state);
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    session_start(state, TEXT, MOTE_MODE_STEP, &other);
    step_saving(&s, &data, 4);
    expect_raises(mote_model_roll_back(other.model, 3, NULL), MOTE_ERROR_IO, "points' is in use");
    expect_ok(mote_model_roll_back(s.model, 3, &result));
    assert_int_equal(result.removed_count, 1);
    assert_int_equal(applied(&s), 0);
    expect_ok(mote_model_resume(other.model, NULL, &position)); // the lock was given back
    assert_int_equal(position, 103);
    session_end(&other);
    session_end(&s);
}

static void another_model_or_a_training_is_refused(void **state)
{
    session s;
    remove_points(state);
    step_some(state, 2);
    session_start(state, HEAD POINTS NET "[Optimizer]\ntype = sgd\n", MOTE_MODE_STEP, &s);
    expect_raises(mote_model_resume(s.model, NULL, NULL), MOTE_ERROR_PROPERTY,
                  "is of another training: [Optimizer]: 'type=adam' there, 'type=sgd' here");
    session_end(&s);
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    samples data = make_samples();
    const mote_train_config resume = {.resume = true};
    const mote_data_source source = {.user = &data, .sample_count = SAMPLES, .read = read_sample};
    expect_ok(mote_model_set_data(s.model, "train_set", &source));
    expect_raises(mote_model_train(s.model, &resume, NULL), MOTE_ERROR_PROPERTY,
                  "is of another training: [train_set] is only here");
    expect_ok(mote_model_train(s.model, NULL, NULL)); // anew
    expect_raises(mote_model_resume(s.model, NULL, NULL), MOTE_ERROR_PROPERTY,
                  "is of another training: [train_set] is only there");
    session_end(&s);
}

/// A checkpoint has all that the file would give.
static void the_weights_to_start_from_need_not_be_there(void **state)
{
#define STARTED HEAD POINTS "load_path = shipped\n" NET OPTIMIZER
    session s;
    const samples data = make_samples();
    uint64_t position = 0;
    remove_points(state);
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_save(s.model, mote_test_path(state, "shipped")));
    session_end(&s);
    session_start(state, STARTED, MOTE_MODE_STEP, &s);
    expect_ok(mote_model_resume(s.model, NULL, &position));
    step_at(&s, &data, 0);
    expect_ok(mote_model_write_checkpoint(s.model, 8));
    const digest first = session_digest(&s);
    session_end(&s);
    assert_int_equal(unlink(mote_test_path(state, "shipped")), 0);
    session_start(state, STARTED, MOTE_MODE_STEP, &s);
    expect_ok(mote_model_resume(s.model, NULL, &position));
    assert_int_equal(position, 8);
    const digest again = session_digest(&s);
    assert_string_equal(first.text, again.text);
    session_end(&s);
    remove_points(state);
    session_start(state, STARTED, MOTE_MODE_STEP, &s);
    expect_raises(mote_model_resume(s.model, NULL, NULL), MOTE_ERROR_IO, "shipped'");
    expect_raises(mote_model_allocate(s.model), MOTE_ERROR_IO, "shipped'"); // nothing was made up
    session_end(&s);
}

static void what_cannot_be_written_is_said(void **state)
{
    session s;
    mote_tensor_info tensor;
    const samples data = make_samples();
    remove_points(state);
    session_start(state, HEAD "checkpoint_path = absent/points\n" NET ADAM, MOTE_MODE_STEP, &s);
    step_at(&s, &data, 0);
    expect_raises(mote_model_write_checkpoint(s.model, 0), MOTE_ERROR_IO, "absent/points");
    step_at(&s, &data, 1); // the loop is as before
    session_end(&s);
    session_start(state, TEXT, MOTE_MODE_STEP, &s);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_find_tensor(s.model, "classes.weight", &tensor));
    tensor.values[1] = NAN;
    expect_raises(mote_model_write_checkpoint(s.model, 0), MOTE_ERROR_NONFINITE,
                  "tensor 'classes.weight' has values that are not finite");
    session_end(&s);
    session_start(state, TEXT, MOTE_MODE_TRAIN, &s);
    expect_raises(mote_model_write_checkpoint(s.model, 0), MOTE_ERROR_ARGUMENT, "this needs 0x8");
    expect_raises(mote_model_resume(s.model, NULL, NULL), MOTE_ERROR_ARGUMENT, "this needs 0x8");
    session_end(&s);
}

static mote_status resume_model(mote_context *context, const char *path)
{
    const mote_compile_config config = {.modes = MOTE_MODE_STEP};
    mote_model *model = NULL;
    mote_status status = mote_model_load(context, path, NULL, 0, &model);
    if (status == MOTE_OK)
        status = mote_model_compile(model, &config);
    if (status == MOTE_OK)
        status = mote_model_resume(model, NULL, NULL);
    if (status == MOTE_OK)
        status = mote_model_write_checkpoint(model, 1);
    mote_model_destroy(&model);
    return status;
}

static mote_status resume_with(const mote_allocator *allocator, void *user)
{
    const mote_context_config config = {.thread_count = 1, .allocator = allocator};
    mote_context *context = NULL;
    mote_status status = mote_context_create(&config, &context);
    if (status == MOTE_OK)
        status = resume_model(context, user);
    mote_context_destroy(&context);
    return status;
}

static void a_lack_of_memory_leaves_nothing_behind(void **state)
{
    remove_points(state);
    step_some(state, 2);
    char *const path = mote_test_memory(state, 4096);
    (void)snprintf(path, 4096, "%s", mote_test_write_text(state, "model.ini", TEXT));
    (void)failing_allocator_sweep(resume_with, path);
    assert_true(has_point(state, 1) && has_point(state, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_that_is_cut_anywhere_ends_with_the_same_bits),
        cmocka_unit_test(writing_changes_no_bit_also_while_a_step_is_open),
        cmocka_unit_test(the_newest_are_kept_and_those_of_an_earlier_loop_go),
        cmocka_unit_test(a_damaged_newest_one_gives_way_to_the_one_before),
        cmocka_unit_test(without_one_the_loop_begins_anew),
        cmocka_unit_test(one_loop_at_a_time_has_the_path),
        cmocka_unit_test(a_model_that_is_compiled_again_goes_on_with_its_checkpoints),
        cmocka_unit_test(a_training_that_is_refused_leaves_the_loop_as_it_is),
        cmocka_unit_test(a_bench_that_cannot_begin_leaves_the_loop_as_it_is),
        cmocka_unit_test(a_rollback_that_is_refused_leaves_the_loop_as_it_is),
        cmocka_unit_test(back_at_a_step_the_loop_has_ended_and_may_resume),
        cmocka_unit_test(another_model_or_a_training_is_refused),
        cmocka_unit_test(the_weights_to_start_from_need_not_be_there),
        cmocka_unit_test(what_cannot_be_written_is_said),
        cmocka_unit_test(a_lack_of_memory_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
