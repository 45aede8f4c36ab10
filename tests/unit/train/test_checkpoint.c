// SPDX-License-Identifier: Apache-2.0
// Training that is interrupted and goes on from a checkpoint: to the bits of one that was not.
#include "training.h"

#include "support/failing_allocator.h"
#include "train/checkpoint.h"

#include <sys/stat.h>
#include <unistd.h>

/// Nine steps, three an epoch, the last of two samples; everything that has a state or draws random numbers.
#define MODEL  "[Model]\nloss = cross\nbatch_size = 4\nepochs = 3\nseed = 5\npatience = 9\n"
#define POINTS "checkpoint_path = points\n"
#define MOVING ADAM "moving_average = 0.75\n"
#define SHIFTS DATA "shift = 0.25\n"
#define DROPS                                                              \
    "[in]\ntype = input\ninput_shape = 1:4:4\n"                            \
    "[c]\ntype = conv2d\nfilters = 2\nkernel_size = 3\npadding = same\n"   \
    "[n]\ntype = batch_normalization\nactivation = relu\nflatten = true\n" \
    "[d]\ntype = dropout\ndropout_rate = 0.3\n"                            \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"
#define REST  MOVING SHIFTS VALID DROPS
#define WHOLE MODEL POINTS REST

enum {
    STEPS = 9
};

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

/// The bytes of all state, of the optimizer and averages, too.
static void copy_state(const training *t, unsigned char *bytes, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < t->run.state.block_count; i++) {
        const size_t block = t->run.state.blocks[i].bytes;
        memcpy(bytes + *count, mote_state_data(&t->run.state, i), block);
        *count += block;
    }
}

typedef struct outcome {
    unsigned char state[16384];
    size_t bytes;
    mote_train_result result;
} outcome;

/// Trains a text's model once; with `steps` no further than these.
static void train(void **state, const char *text, bool resumes, uint64_t steps, told *notes,
                  outcome *o)
{
    training t;
    const mote_train_config config = {
        .user = notes, .notice = note, .resume = resumes, .steps = steps};
    notes->count = 0;
    training_init(state, text, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    copy_state(&t, o->state, &o->bytes);
    o->result = t.result;
    training_release(&t);
}

static void remove_points(void **state)
{
    char name[64];
    for (unsigned step = 0; step <= 2 * STEPS; step++) {
        (void)snprintf(name, sizeof name, "points.%012u", step);
        (void)unlink(mote_test_path(state, name));
    }
}

static bool has_point(void **state, unsigned step)
{
    char name[64];
    (void)snprintf(name, sizeof name, "points.%012u", step);
    return access(mote_test_path(state, name), F_OK) == 0;
}

static void assert_equal(const outcome *a, const outcome *b)
{
    assert_int_equal(a->bytes, b->bytes);
    assert_memory_equal(a->state, b->state, a->bytes);
    assert_int_equal(a->result.steps, b->result.steps);
    assert_int_equal(a->result.epochs, b->result.epochs);
    assert_int_equal(a->result.samples, b->result.samples);
    assert_int_equal(a->result.best_epoch, b->result.best_epoch);
    assert_int_equal(a->result.epochs_waited, b->result.epochs_waited);
    assert_true(a->result.best_loss == b->result.best_loss);
    assert_true(a->result.training.loss == b->result.training.loss);
    assert_true(a->result.training.accuracy == b->result.training.accuracy);
    assert_true(a->result.validation.loss == b->result.validation.loss);
}

static void a_training_that_is_cut_anywhere_ends_with_the_same_bits(void **state)
{
    static outcome whole;
    static outcome cut;
    told notes;
    train(state, MODEL REST, false, 0, &notes, &whole);
    assert_int_equal(whole.result.steps, STEPS);
    for (unsigned step = 1; step < STEPS; step++) {
        remove_points(state);
        train(state, WHOLE, false, step, &notes, &cut);
        assert_int_equal(notes.count, 0);
        train(state, WHOLE, true, 0, &notes, &cut);
        assert_int_equal(notes.count, 0);
        assert_int_equal(cut.result.resumed_step, step);
        assert_equal(&whole, &cut);
    }
}

static void a_training_that_is_cut_after_every_step_does_too(void **state)
{
    static outcome whole;
    static outcome cut;
    told notes;
    remove_points(state);
    train(state, MODEL REST, false, 0, &notes, &whole);
    for (unsigned step = 1; step <= STEPS; step++)
        train(state, WHOLE, true, 1, &notes, &cut);
    assert_equal(&whole, &cut);
}

static void checkpoints_change_no_bit(void **state)
{
    static outcome without;
    static outcome with;
    told notes;
    remove_points(state);
    train(state, MODEL REST, false, 0, &notes, &without);
    train(state, MODEL POINTS "checkpoint_every = 1 step\n" REST, false, 0, &notes, &with);
    assert_equal(&without, &with);
    assert_int_equal(without.result.checkpoint_count, 0);
    assert_null(without.result.checkpoint_path);
}

static void as_many_are_kept_as_wanted(void **state)
{
    static outcome o;
    told notes;
    remove_points(state);
    train(state, MODEL POINTS "checkpoint_every = 2 steps\ncheckpoint_keep = 3\n" REST, false, 0,
          &notes, &o);
    assert_int_equal(o.result.checkpoint_count, 6); // the beginning, 2, 4, 6, 8 and the end
    for (unsigned step = 0; step <= STEPS; step++)
        assert_int_equal(has_point(state, step), step == 6 || step == 8 || step == 9);
}

static void without_a_checkpoint_it_begins_anew_and_says_so(void **state)
{
    static outcome o;
    told notes;
    remove_points(state);
    train(state, WHOLE, true, 0, &notes, &o);
    assert_int_equal(o.result.steps, STEPS);
    assert_false(o.result.resumed);
    assert_int_equal(notes.count, 1);
    assert_non_null(strstr(notes.text, "points': training starts from the beginning"));
}

static void a_finished_training_is_left_alone(void **state)
{
    static outcome first;
    static outcome second;
    told notes;
    struct stat before;
    struct stat after;
    remove_points(state);
    train(state, WHOLE, false, 0, &notes, &first);
    assert_int_equal(stat(mote_test_path(state, "points.000000000009"), &before), 0);
    train(state, WHOLE, true, 0, &notes, &second);
    assert_true(second.result.was_finished);
    assert_int_equal(second.result.checkpoint_count, 0);
    assert_equal(&first, &second);
    assert_int_equal(stat(mote_test_path(state, "points.000000000009"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void with_more_epochs_it_goes_on(void **state)
{
    static outcome whole;
    static outcome longer;
    told notes;
#define FIVE "[Model]\nloss = cross\nbatch_size = 4\nepochs = 5\nseed = 5\npatience = 9\n"
    remove_points(state);
    train(state, FIVE REST, false, 0, &notes, &whole);
    train(state, WHOLE, false, 0, &notes, &longer);
    train(state, FIVE POINTS REST, true, 0, &notes, &longer);
    assert_equal(&whole, &longer);
}

static void a_training_that_begins_anew_removes_those_of_before(void **state)
{
    static outcome o;
    told notes;
    remove_points(state);
    train(state, WHOLE, false, 5, &notes, &o);
    assert_true(has_point(state, 5));
    train(state, WHOLE, false, 2, &notes, &o);
    assert_int_equal(notes.count, 1);
    assert_non_null(strstr(notes.text, "the last of step 5, are removed"));
    assert_true(has_point(state, 2));
    assert_false(has_point(state, 5));
}

/// Flips a bit of a checkpoint's last tensor.
static void damage(void **state, const char *name)
{
    size_t count = 0;
    unsigned char *const bytes = mote_test_read(state, mote_test_path(state, name), &count);
    bytes[count - 1] ^= 1U;
    (void)mote_test_write(state, name, bytes, count);
}

/// Flips a bit of its header, or leaves only so much of it.
static void damage_header(void **state, const char *name, size_t offset, size_t left)
{
    size_t count = 0;
    unsigned char *const bytes = mote_test_read(state, mote_test_path(state, name), &count);
    assert_true(offset < count && left < count);
    bytes[offset] ^= 4U;
    (void)mote_test_write(state, name, bytes, left > 0 ? left : count);
}

static void a_damaged_one_gives_way_to_the_one_before(void **state)
{
    static outcome whole;
    static outcome cut;
    told notes;
    remove_points(state);
    train(state, MODEL REST, false, 0, &notes, &whole);
    train(state, MODEL POINTS "checkpoint_every = 2 steps\n" REST, false, 5, &notes, &cut);
    damage(state, "points.000000000005");
    train(state, WHOLE, true, 0, &notes, &cut);
    assert_int_equal(cut.result.resumed_step, 4);
    assert_int_equal(notes.count, 1);
    assert_non_null(strstr(notes.text, "points.000000000005' is damaged: the checksum of tensor"));
    assert_non_null(strstr(notes.text, "going on from the one before, '"));
    assert_non_null(strstr(notes.text, "points.000000000004'"));
    assert_equal(&whole, &cut);
    assert_false(has_point(state, 5)); // the first that had to go
    assert_true(has_point(state, 4));
}

static void expect_refused(void **state, const char *text, mote_status status, const char *message)
{
    training t;
    const mote_train_config config = {.resume = true};
    training_init(state, text, MOTE_MODE_TRAIN, &t);
    expect_raises(training_run(&t, &config), status, message);
    assert_int_equal(t.result.steps, 0);
    training_release(&t);
}

static void where_all_are_damaged_nothing_begins(void **state)
{
    static outcome o;
    told notes;
    remove_points(state);
    train(state, MODEL POINTS "checkpoint_every = 2 steps\n" REST, false, 5, &notes, &o);
    damage(state, "points.000000000004");
    damage(state, "points.000000000005");
    expect_refused(state, WHOLE, MOTE_ERROR_FORMAT, "none of the 2 checkpoints at '");
    assert_true(has_point(state, 4) && has_point(state, 5));
    train(state, WHOLE, false, 0, &notes, &o); // anew
    assert_non_null(strstr(notes.text, "the 2 checkpoints of an earlier one at '"));
    assert_int_equal(o.result.steps, STEPS);
}

/// Where a header is damaged, too, its file gives way, is removed in its turn and is replaced.
static void a_damaged_header_gives_way_as_well(void **state)
{
    static const struct {
        size_t offset, left;
    } damages[] = {{0, 0}, {6, 0}, {8, 0}, {30, 0}, {300, 0}, {0, 1000}, {0, 100}, {0, 3}};

    static outcome whole;
    static outcome cut;
    told notes;
    remove_points(state);
    train(state, MODEL REST, false, 0, &notes, &whole);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        remove_points(state);
        train(state, MODEL POINTS "checkpoint_every = 2 steps\n" REST, false, 5, &notes, &cut);
        damage_header(state, "points.000000000005", damages[i].offset, damages[i].left);
        train(state, MODEL POINTS "checkpoint_every = 1 steps\n" REST, true, 1, &notes, &cut);
        assert_int_equal(cut.result.resumed_step, 4);
        assert_non_null(strstr(notes.text, "going on from the one before, '"));
        assert_true(has_point(state, 5)); // replaced
        train(state, WHOLE, true, 0, &notes, &cut);
        assert_int_equal(cut.result.resumed_step, 5);
        assert_equal(&whole, &cut);

        remove_points(state);
        train(state, MODEL POINTS "checkpoint_every = 2 steps\n" REST, false, 5, &notes, &cut);
        damage_header(state, "points.000000000005", damages[i].offset, damages[i].left);
        train(state, WHOLE, true, 0, &notes, &cut);
        assert_equal(&whole, &cut);
        assert_false(has_point(state, 5)); // removed
    }
}

static void of_several_damaged_ones_the_newest_is_named(void **state)
{
    static outcome o;
    told notes;
    remove_points(state);
    train(state, MODEL POINTS "checkpoint_every = 2 steps\ncheckpoint_keep = 3\n" REST, false, 5,
          &notes, &o);
    damage(state, "points.000000000004");
    damage_header(state, "points.000000000005", 0, 0);
    train(state, WHOLE, true, 0, &notes, &o);
    assert_int_equal(o.result.resumed_step, 2);
    assert_int_equal(notes.count, 1);
    assert_non_null(strstr(notes.text, "points.000000000005'"));
    assert_non_null(strstr(notes.text, "; 1 before it cannot be read either; going on from the one "
                                       "before, '"));
    assert_non_null(strstr(notes.text, "points.000000000002'"));
}

/// What nothing shows to be a checkpoint is neither replaced nor removed.
static void data_with_the_name_of_a_checkpoint_stay(void **state)
{
    static outcome o;
    told notes;
    training t;
    const mote_train_config config = {.steps = 5};
    remove_points(state);
    (void)mote_test_write_text(state, "points.000000000003", "a text of somebody else's");
    train(state, WHOLE, false, 2, &notes, &o);
    assert_int_equal(notes.count, 0);
    training_init(state, MODEL POINTS "checkpoint_every = 1 steps\n" REST, MOTE_MODE_TRAIN, &t);
    expect_raises(training_run(&t, &config), MOTE_ERROR_IO,
                  "points.000000000003' is there and is no checkpoint of this path; move it, or");
    training_release(&t);
    assert_true(has_point(state, 3));
    remove_points(state);
}

static void fewer_are_kept_from_the_beginning(void **state)
{
    static outcome o;
    told notes;
    remove_points(state);
    train(state, MODEL POINTS "checkpoint_every = 1 steps\ncheckpoint_keep = 4\n" REST, false, 5,
          &notes, &o);
    assert_true(has_point(state, 2) && has_point(state, 5));
    train(state, MODEL POINTS "checkpoint_every = 100 steps\ncheckpoint_keep = 1\n" REST, true, 1,
          &notes, &o);
    assert_false(has_point(state, 4) || has_point(state, 5));
    assert_true(has_point(state, 6));
}

/// Writes the position into the checkpoint of step 5, with checksums that are right.
static void forge(void **state, const mote_position *position)
{
    training t;
    mote_checkpoints points;
    mote_arena arena;
    char *identity = NULL;
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_weights_get_metadata(mote_test_path(state, "points.000000000005"),
                                        "mote.identity", &arena, &identity));
    training_init(state, WHOLE, MOTE_MODE_TRAIN, &t);
    expect_ok(mote_checkpoints_open(&t.run, MOTE_CHECKPOINTS_WRITE, &points));
    expect_ok(mote_checkpoints_begin(&points, identity, NOISE_COUNT));
    expect_ok(mote_checkpoints_write(&points, position));
    mote_checkpoints_release(&points);
    training_release(&t);
    mote_arena_release(&arena);
}

static void a_position_that_no_training_can_have_is_damage(void **state)
{
    static outcome whole;
    static outcome o;
    told notes;
    const mote_position forged[] = {
        {.steps = 5, .updates = 5, .epoch = 2, .sample = 11, .epochs_done = 1},
        {.steps = 5, .updates = 5, .epoch = 2, .sample = 8, .epochs_done = 2},
        {.steps = 5, .updates = 5, .epoch = 0, .sample = 8},
        {.steps = 5, .updates = 5, .epoch = 3, .sample = 8, .epochs_done = 1},
    };
    train(state, MODEL REST, false, 0, &notes, &whole);
    for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
        remove_points(state);
        train(state, WHOLE, false, 5, &notes, &o);
        forge(state, &forged[i]);
        train(state, WHOLE, true, 0, &notes, &o);
        assert_non_null(
            strstr(notes.text, "'mote.position' is no place in this training; going on"));
        assert_true(o.result.resumed);
        assert_int_equal(o.result.resumed_step, 0); // the first checkpoint is of the beginning
        assert_equal(&whole, &o);
    }
}

/// Names alone do not make a checkpoint: what can be read and is none, or of another step, stays as it is.
static void files_of_other_kinds_are_left_alone(void **state)
{
    static outcome whole;
    static outcome o;
    told notes;
    size_t count = 0;
    remove_points(state);
    train(state, MODEL "save_path = weights\n" REST, false, 0, &notes, &whole);
    const unsigned char *bytes = mote_test_read(state, mote_test_path(state, "weights"), &count);
    const char *const weights = mote_test_write(state, "points.000000000001", bytes, count);
    train(state, WHOLE, false, 5, &notes, &o);
    bytes = mote_test_read(state, mote_test_path(state, "points.000000000005"), &count);
    const char *const copy = mote_test_write(state, "points.202611300640", bytes, count);
    train(state, WHOLE, true, 0, &notes, &o);
    assert_int_equal(o.result.resumed_step, 5);
    assert_equal(&whole, &o);
    assert_int_equal(notes.count, 0);
    assert_int_equal(unlink(weights), 0);
    assert_int_equal(unlink(copy), 0);
    expect_refused(state, MODEL POINTS "save_path = points.000000000020\n" REST,
                   MOTE_ERROR_PROPERTY, "is the name of a checkpoint at '");
    expect_refused(state, MODEL POINTS "save_path = points\n" REST, MOTE_ERROR_PROPERTY,
                   "checkpoint_path and save_path name the same file");
}

/// They are those of what it leads to.
static void a_link_may_stand_for_the_path(void **state)
{
    static outcome whole;
    static outcome o;
    told notes;
    remove_points(state);
    assert_int_equal(symlink("points", mote_test_path(state, "linked")), 0);
    (void)mote_test_write_text(state, "points", "");
#define LINKED MODEL "checkpoint_path = linked\n" REST
    train(state, MODEL REST, false, 0, &notes, &whole);
    train(state, LINKED, false, 5, &notes, &o);
    assert_true(has_point(state, 5));
    train(state, LINKED, true, 0, &notes, &o);
    assert_int_equal(o.result.resumed_step, 5);
    assert_equal(&whole, &o);
    assert_int_equal(unlink(mote_test_path(state, "points")), 0);
}

/// No file is written, but one may be gone on from.
static void without_saving_it_resumes_and_writes_nothing(void **state)
{
    static outcome whole;
    static outcome cut;
    told notes;
    training t;
    const mote_train_config config = {.resume = true, .no_save = true};
    remove_points(state);
    train(state, MODEL REST, false, 0, &notes, &whole);
    train(state, WHOLE, false, 5, &notes, &cut);
    training_init(state, WHOLE, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    copy_state(&t, cut.state, &cut.bytes);
    cut.result = t.result;
    training_release(&t);
    assert_equal(&whole, &cut);
    assert_int_equal(cut.result.checkpoint_count, 0);
    assert_false(has_point(state, STEPS));
}

static void what_differs_is_named(void **state)
{
    static outcome o;
    told notes;
    remove_points(state);
    train(state, WHOLE, false, 5, &notes, &o);
    expect_refused(state, MODEL POINTS SGD SHIFTS VALID DROPS, MOTE_ERROR_PROPERTY,
                   "is of another training: [Optimizer]: 'type=adam' there, 'type=sgd' here");
    expect_refused(state,
                   "[Model]\nloss = cross\nbatch_size = 4\nepochs = 3\nseed = 6\n" POINTS REST,
                   MOTE_ERROR_PROPERTY, "[Model]: 'seed=5' there, 'seed=6' here");
    expect_refused(state, MODEL POINTS MOVING DATA "shift = 0.5\n" VALID DROPS, MOTE_ERROR_PROPERTY,
                   "[train_set]: 'shift=0.25' there, 'shift=0.5' here");
    expect_refused(state, MODEL POINTS MOVING SHIFTS "samples = 9\n" VALID DROPS,
                   MOTE_ERROR_PROPERTY, "[train_set]: 'count=10' there, 'count=9' here");
    expect_refused(
        state,
        "[Model]\nloss = cross\nbatch_size = 4\nepochs = 3\nseed = 5\n" POINTS MOVING SHIFTS DROPS,
        MOTE_ERROR_PROPERTY, "is of another training: [valid_set] is only there");
    size_t count = 0;
    unsigned char *const images = mote_test_read(state, mote_test_path(state, "images"), &count);
    images[20] ^= 8U;
    (void)mote_test_write(state, "images", images, count);
    expect_refused(state, WHOLE, MOTE_ERROR_PROPERTY,
                   "[train_set]: samples have other values there than here");
    images[20] ^= 8U;
    (void)mote_test_write(state, "images", images, count);
    train(state, WHOLE, true, 0, &notes, &o);
}

static void planner_threads_and_level_may_differ(void **state)
{
    static outcome whole;
    static outcome cut;
    told notes;
    training t;
    const mote_train_config config = {.resume = true};
    const mote_compile_request request = {
        .modes = MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE | MOTE_MODE_INFER, .without = 3};
    remove_points(state);
    train(state, MODEL REST, false, 0, &notes, &whole);
    train(state, WHOLE, false, 4, &notes, &cut);
    expect_ok(training_start_as(state, WHOLE, &request, mote_allocator_default(), &t));
    expect_ok(mote_kernels_get(mote_cpu_detect(), &t.context.kernels));
    expect_ok(training_run(&t, &config));
    copy_state(&t, cut.state, &cut.bytes);
    cut.result = t.result;
    training_release(&t);
    assert_equal(&whole, &cut);
}

/// Each is written, but it is not sure that its name lasts.
static void those_that_are_not_sure_take_the_place_of_each_other(void **state)
{
    training t;
    char nowhere[] = "/nowhere/at/all";
    remove_points(state);
    training_init(state, MODEL POINTS "checkpoint_keep = 2\n" REST, MOTE_MODE_TRAIN, &t);
    for (t.run.stepping.applied = 1; t.run.stepping.applied <= 3; t.run.stepping.applied++)
        expect_ok(mote_run_write_checkpoint(&t.run, 0));
    mote_file_replacement *const replacement = &t.run.stepping.checkpoints->replacement;
    char *const folder = replacement->folder;
    replacement->folder = nowhere;
    for (; t.run.stepping.applied <= 9; t.run.stepping.applied++)
        expect_raises(mote_run_write_checkpoint(&t.run, 0), MOTE_ERROR_IO, nowhere);
    replacement->folder = folder;
    for (unsigned step = 0; step <= STEPS; step++)
        assert_int_equal(has_point(state, step), step == 2 || step == 3 || step == 9);
    expect_ok(mote_run_write_checkpoint(&t.run, 0));
    for (unsigned step = 0; step <= STEPS + 1; step++)
        assert_int_equal(has_point(state, step), step == 9 || step == 10);
    training_release(&t);
}

static void a_second_training_on_the_same_files_is_refused(void **state)
{
    mote_file_lock lock = {.path = NULL};
    remove_points(state);
    expect_ok(
        mote_file_lock_take(&lock, mote_test_path(state, "points"), mote_allocator_default()));
    expect_refused(state, WHOLE, MOTE_ERROR_IO, "points' is in use");
    mote_file_lock_release(&lock);
    expect_ok(
        mote_file_lock_take(&lock, mote_test_path(state, "weights"), mote_allocator_default()));
    expect_refused(state, MODEL "save_path = weights\n" REST, MOTE_ERROR_IO, "weights' is in use");
    mote_file_lock_release(&lock);
}

static void back_at_a_step_training_goes_on_from_there(void **state)
{
    static outcome whole;
    static outcome again;
    told notes;
    training t;
    mote_rollback_result result;
#define KEPT \
    MODEL POINTS "checkpoint_every = 2 steps\ncheckpoint_keep = 9\nsave_path = saved\n" REST
    remove_points(state);
    train(state, KEPT, false, 0, &notes, &whole);
    training_init(state, KEPT, MOTE_MODE_TRAIN, &t);
    expect_raises(mote_run_roll_back(&t.run, 3, NULL, &result), MOTE_ERROR_ARGUMENT,
                  "there is no checkpoint of step 3");
    expect_ok(mote_run_roll_back(&t.run, 4, NULL, &result));
    assert_int_equal(result.removed_count, 3); // 6, 8, 9
    assert_non_null(result.saved_path);
    assert_null(result.best_path);
    const digest back = training_digest(&t);
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "saved")));
    const digest saved = training_digest(&t);
    assert_same(&back, &saved);
    training_release(&t);
    train(state, KEPT, true, 0, &notes, &again);
    assert_int_equal(again.result.resumed_step, 4);
    assert_equal(&whole, &again);
}

static void going_back_overwrites_no_checkpoint(void **state)
{
    static const struct {
        const char *saving, *message;
    } cases[] = {
        {"save_path = points.000000000004\n", "is the name of a checkpoint at '"},
        {"save_best_path = points.000000000004\n", "is the name of a checkpoint at '"},
        {"save_path = points\n", "checkpoint_path and save_path name the same file"},
        {"save_path = saved\nsave_best_path = saved\n",
         "save_path and save_best_path name the same file"},
    };

    static outcome o;
    told notes;
    mote_rollback_result result;
    remove_points(state);
    train(state, KEPT, false, 4, &notes, &o);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        training t;
        char text[2048];
        (void)snprintf(text, sizeof text, MODEL POINTS "%s" REST, cases[i].saving);
        training_init(state, text, MOTE_MODE_TRAIN, &t);
        const digest before = training_digest(&t);
        expect_raises(mote_run_roll_back(&t.run, MOTE_ROLLBACK_FACTORY, NULL, &result),
                      MOTE_ERROR_PROPERTY, cases[i].message);
        const digest behind = training_digest(&t);
        assert_same(&before, &behind);
        training_release(&t);
    }
    train(state, KEPT, true, 0, &notes, &o);
    assert_int_equal(o.result.resumed_step, 4);
}

/// They are the run's: nothing that is freed with the checkpoints.
static void back_at_a_step_the_names_of_the_classes_are_known(void **state)
{
    static outcome o;
    told notes;
    training t;
    mote_rollback_result result;
    char *name = NULL;
    remove_points(state);
#define NAMED MODEL POINTS MOVING SHIFTS "class_names = cat,dog,bird\n" VALID DROPS
    train(state, NAMED, false, 4, &notes, &o);
    training_init(state, NAMED, MOTE_MODE_TRAIN, &t);
    expect_ok(mote_run_roll_back(&t.run, 4, NULL, &result));
    for (size_t i = 0; i < 100; i++)
        expect_ok(mote_arena_text(&t.run.arena, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 31, &name));
    assert_string_equal(t.run.knowledge.class_names, "cat,dog,bird");
    training_release(&t);
}

static void back_at_the_factory_nothing_is_left(void **state)
{
    static outcome o;
    told notes;
    training t;
    mote_rollback_result result;
    size_t count = 99;
    remove_points(state);
    train(state, KEPT, false, 0, &notes, &o);
    training_init(state, KEPT, MOTE_MODE_TRAIN, &t);
    const digest shipped = training_digest(&t);
    expect_ok(mote_run_roll_back(&t.run, MOTE_ROLLBACK_FACTORY, NULL, &result));
    assert_int_equal(result.removed_count, 6);
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "saved")));
    const digest saved = training_digest(&t);
    assert_same(&shipped, &saved);
    expect_ok(mote_run_list_checkpoints(&t.run, NULL, 0, &count));
    assert_int_equal(count, 0);
    training_release(&t);
}

/// A training may have begun from weights that are not those the model is shipped with.
static void back_at_step_0_are_the_weights_that_training_began_from(void **state)
{
    static outcome o;
    told notes;
    training t;
    mote_rollback_result result;
    remove_points(state);
    train(state, KEPT, false, 0, &notes, &o);
    training_init(state, KEPT, MOTE_MODE_TRAIN, &t);
    const digest shipped = training_digest(&t);
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "saved")));
    const digest began = training_digest(&t);
    expect_ok(training_run(&t, NULL));
    expect_ok(mote_run_roll_back(&t.run, 0, NULL, &result));
    const digest back = training_digest(&t);
    assert_same(&began, &back);
    assert_other(&shipped, &back);
    assert_true(has_point(state, 0));
    assert_false(has_point(state, 2));
    training_release(&t);
}

static void a_file_to_start_from_that_is_missing_changes_nothing(void **state)
{
    training t;
    mote_rollback_result result;
    training_init(state, KEPT, MOTE_MODE_TRAIN, &t);
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "saved")));
    const digest before = training_digest(&t);
    expect_raises(mote_run_roll_back(&t.run, MOTE_ROLLBACK_FACTORY, "absent", &result),
                  MOTE_ERROR_IO, "'absent'");
    const digest after = training_digest(&t);
    assert_same(&before, &after);
    training_release(&t);
}

static void checkpoints_are_listed(void **state)
{
    static outcome o;
    told notes;
    training t;
    mote_checkpoint_info infos[9];
    size_t count = 0;
    remove_points(state);
    train(state, KEPT, false, 0, &notes, &o);
    (void)mote_test_write_text(state, "points.000000000008", "no checkpoint");
    training_init(state, KEPT, MOTE_MODE_TRAIN, &t);
    expect_ok(mote_run_list_checkpoints(&t.run, infos, 9, &count));
    assert_int_equal(count, 6);
    assert_int_equal(infos[0].step, 0);
    assert_int_equal(infos[1].step, 2);
    assert_int_equal(infos[1].epoch, 1);
    assert_int_equal(infos[1].epochs_done, 0);
    assert_true(infos[1].is_readable);
    assert_false(infos[4].is_readable);
    assert_int_equal(infos[5].epochs_done, 3);
    training_release(&t);
}

static mote_status resume_with(const mote_allocator *allocator, void *user)
{
    void **const state = user;
    training t;
    const mote_train_config config = {.resume = true};
    mote_status status = training_start(state, WHOLE, MOTE_MODE_TRAIN, allocator, &t);
    if (status == MOTE_OK)
        status = training_run(&t, &config);
    training_release(&t);
    return status;
}

static void memory_that_cannot_be_had_is_an_error_and_nothing_leaks(void **state)
{
    remove_points(state);
    assert_true(failing_allocator_sweep(resume_with, state) > 0);
    assert_true(has_point(state, STEPS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_training_that_is_cut_anywhere_ends_with_the_same_bits),
        cmocka_unit_test(a_training_that_is_cut_after_every_step_does_too),
        cmocka_unit_test(checkpoints_change_no_bit),
        cmocka_unit_test(as_many_are_kept_as_wanted),
        cmocka_unit_test(without_a_checkpoint_it_begins_anew_and_says_so),
        cmocka_unit_test(a_finished_training_is_left_alone),
        cmocka_unit_test(with_more_epochs_it_goes_on),
        cmocka_unit_test(a_training_that_begins_anew_removes_those_of_before),
        cmocka_unit_test(a_damaged_one_gives_way_to_the_one_before),
        cmocka_unit_test(where_all_are_damaged_nothing_begins),
        cmocka_unit_test(a_damaged_header_gives_way_as_well),
        cmocka_unit_test(of_several_damaged_ones_the_newest_is_named),
        cmocka_unit_test(data_with_the_name_of_a_checkpoint_stay),
        cmocka_unit_test(fewer_are_kept_from_the_beginning),
        cmocka_unit_test(a_position_that_no_training_can_have_is_damage),
        cmocka_unit_test(files_of_other_kinds_are_left_alone),
        cmocka_unit_test(a_link_may_stand_for_the_path),
        cmocka_unit_test(without_saving_it_resumes_and_writes_nothing),
        cmocka_unit_test(what_differs_is_named),
        cmocka_unit_test(planner_threads_and_level_may_differ),
        cmocka_unit_test(those_that_are_not_sure_take_the_place_of_each_other),
        cmocka_unit_test(a_second_training_on_the_same_files_is_refused),
        cmocka_unit_test(back_at_a_step_training_goes_on_from_there),
        cmocka_unit_test(going_back_overwrites_no_checkpoint),
        cmocka_unit_test(back_at_a_step_the_names_of_the_classes_are_known),
        cmocka_unit_test(back_at_the_factory_nothing_is_left),
        cmocka_unit_test(back_at_step_0_are_the_weights_that_training_began_from),
        cmocka_unit_test(a_file_to_start_from_that_is_missing_changes_nothing),
        cmocka_unit_test(checkpoints_are_listed),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
