// SPDX-License-Identifier: Apache-2.0
// Every kind of file with each of its bits flipped, and cut at each of its bytes: it is read, or refused with a message
// that names it; what was loaded before stays as it was. A checkpoint may also be passed over for the one before.
#include "support/files.h"

#include <mote/mote.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DIGEST_BYTES 65U
#define NOTICE_BYTES 2048U

#define NEWEST      "points.000000000003"
#define NEWEST_STEP 3U

#define SWAPPED_BUDGET 260000U

#define NETWORK                    \
    "[Model]\n"                    \
    "loss = cross\n"               \
    "batch_size = 2\n"             \
    "[Optimizer]\n"                \
    "type = adam\n"                \
    "learning_rate = 0.01 ; x\n"   \
    "[in]\n"                       \
    "type = input\n"               \
    "input_shape = 1:1:2\n"        \
    "[norm]\n"                     \
    "type = batch_normalization\n" \
    "[out]\n"                      \
    "type = fully_connected\n"     \
    "unit = 2\n"                   \
    "activation = softmax\n"

/// With blocks that are large enough to leave memory.
#define SWAPPED                \
    "[Model]\n"                \
    "loss = mse\n"             \
    "batch_size = 64\n"        \
    "[Optimizer]\n"            \
    "type = sgd\n"             \
    "[in]\n"                   \
    "type = input\n"           \
    "input_shape = 128\n"      \
    "[a]\n"                    \
    "type = fully_connected\n" \
    "unit = 128\n"             \
    "activation = tanh\n"      \
    "[b]\n"                    \
    "type = fully_connected\n" \
    "unit = 128\n"

static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0,
                                       1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 1};

typedef struct fixture {
    void *folder; // state of support/files.h
    mote_context *context;
    mote_model *model; // with weights
    char digest[DIGEST_BYTES];
    mote_model *resumed;          // goes on from checkpoints
    char end[DIGEST_BYTES];       // that it comes to
    char plan_hash[DIGEST_BYTES]; // of the plan that is saved
} fixture;

/// A kind of file: where it lies, and what a program does with it. Of a long one each `stride`-th bit is flipped, and bytes
/// are cut off by as many.
typedef struct file_kind {
    const char *name;
    size_t stride;
    mote_status (*use)(fixture *f, const char *path);
} file_kind;

static mote_status compile(fixture *f, const char *path)
{
    mote_model *model = NULL;
    mote_status status = mote_model_load(f->context, path, NULL, 0, &model);
    if (status == MOTE_OK)
        status = mote_model_compile(model, NULL);
    mote_model_destroy(&model);
    return status;
}

/// What the model holds changes only when all of the file is good.
static mote_status load_weights(fixture *f, const char *path)
{
    char digest[DIGEST_BYTES];
    const mote_status status = mote_model_load_weights(f->model, path);
    assert_int_equal(mote_model_digest(f->model, digest), MOTE_OK);
    if (status != MOTE_OK)
        assert_string_equal(digest, f->digest);
    else
        (void)memcpy(f->digest, digest, sizeof digest);
    return status;
}

static mote_status list_tensors(fixture *f, const char *path)
{
    mote_tensor_file *file = NULL;
    mote_tensor_summary summary;
    mote_status status = mote_tensor_file_open(f->context, path, &file);
    const size_t count = file ? mote_tensor_file_tensor_count(file) : 0;
    for (size_t i = 0; i < count && status == MOTE_OK; i++)
        status = mote_tensor_file_summarize(file, i, &summary);
    mote_tensor_file_close(&file);
    return status;
}

/// Only the plan that was saved comes of it.
static mote_status make_plan(fixture *f, const char *path)
{
    mote_model *model = NULL;
    mote_plan_info info;
    const mote_compile_config config = {.plan = path};
    mote_status status =
        mote_model_load(f->context, mote_test_path(&f->folder, "swapped.ini"), NULL, 0, &model);
    if (status == MOTE_OK)
        status = mote_model_compile(model, &config);
    if (status == MOTE_OK) {
        assert_int_equal(mote_model_get_plan(model, &info), MOTE_OK);
        assert_string_equal(info.plan_hash, f->plan_hash);
    }
    mote_model_destroy(&model);
    return status;
}

static mote_status train(fixture *f, const char *model_name)
{
    mote_model *model = NULL;
    mote_train_result result;
    const mote_train_config config = {.steps = 2};
    mote_status status =
        mote_model_load(f->context, mote_test_path(&f->folder, model_name), NULL, 0, &model);
    if (status == MOTE_OK)
        status = mote_model_compile(model, NULL);
    if (status == MOTE_OK)
        status = mote_model_train(model, &config, &result);
    mote_model_destroy(&model);
    return status;
}

static mote_status train_idx(fixture *f, const char *path)
{
    (void)path;
    return train(f, "idx.ini");
}

static mote_status train_csv(fixture *f, const char *path)
{
    (void)path;
    return train(f, "csv.ini");
}

static void note(void *user, const char *text)
{
    (void)snprintf(user, NOTICE_BYTES, "%s", text);
}

/// From this checkpoint or, having said so, from the one before training comes to the same end; or nothing was changed.
static mote_status resume(fixture *f, const char *path)
{
    char before[DIGEST_BYTES];
    char after[DIGEST_BYTES];
    char notice[NOTICE_BYTES] = "";
    mote_train_result result;
    const mote_train_config config = {
        .user = notice, .notice = note, .no_save = true, .resume = true};
    assert_int_equal(mote_model_digest(f->resumed, before), MOTE_OK);
    const mote_status status = mote_model_train(f->resumed, &config, &result);
    assert_int_equal(mote_model_digest(f->resumed, after), MOTE_OK);
    assert_string_equal(after, status == MOTE_OK ? f->end : before);
    if (status != MOTE_OK || result.resumed_step == NEWEST_STEP)
        return status;
    assert_int_equal(result.resumed_step, NEWEST_STEP - 1);
    if (!strstr(notice, path))
        fail_msg("'%s' is passed over without a word: '%s'", path, notice);
    return MOTE_OK;
}

static const file_kind kinds[] = {
    {"model.ini", 1, compile},
    {"weights.safetensors", 1, load_weights},
    {"listed.safetensors", 1, list_tensors},
    {"images.idx", 1, train_idx},
    {"labels.idx", 1, train_idx},
    {"table.csv", 1, train_csv},
    {"saved.plan", 5, make_plan},
    {NEWEST, 9, resume},
};

static void write_files(fixture *f)
{
    void **const folder = &f->folder;
    (void)mote_test_write_text(folder, "model.ini", NETWORK);
    (void)mote_test_write_text(folder, "idx.ini",
                               NETWORK "[train_set]\n"
                                       "type = idx\n"
                                       "path = images.idx\n"
                                       "label_path = labels.idx\n");
    (void)mote_test_write_text(folder, "csv.ini",
                               NETWORK "[train_set]\n"
                                       "type = csv\n"
                                       "path = table.csv\n"
                                       "standardize = true\n");
    (void)mote_test_write(folder, "images.idx", images, sizeof images);
    (void)mote_test_write(folder, "labels.idx", labels, sizeof labels);
    (void)mote_test_write_text(folder, "table.csv", "x,y,c\n1,2.5,a\n-3e2,4,b\n\"0\",.5,a\n");
}

static void save_plan(fixture *f)
{
    mote_model *model = NULL;
    mote_plan_info info;
    const mote_compile_config config = {.planner = "best_fit", .memory_budget = SWAPPED_BUDGET};
    const char *const path = mote_test_write_text(&f->folder, "swapped.ini", SWAPPED);
    assert_int_equal(mote_model_load(f->context, path, NULL, 0, &model), MOTE_OK);
    assert_int_equal(mote_model_compile(model, &config), MOTE_OK);
    assert_int_equal(mote_model_get_plan(model, &info), MOTE_OK);
    assert_true(info.swap_bytes > 0);
    (void)snprintf(f->plan_hash, sizeof f->plan_hash, "%s", info.plan_hash);
    assert_int_equal(mote_model_save_plan(model, mote_test_path(&f->folder, "saved.plan")),
                     MOTE_OK);
    mote_model_destroy(&model);
}

static void train_anew(fixture *f, const mote_train_config *config)
{
    const mote_setting settings[] = {{"Model", "epochs", "2"},
                                     {"Model", "checkpoint_path", "points"},
                                     {"Model", "checkpoint_every", "2 steps"}};
    const char *const path = mote_test_path(&f->folder, "idx.ini");
    mote_train_result result;
    mote_model_destroy(&f->resumed);
    assert_int_equal(mote_model_load(f->context, path, settings, 3, &f->resumed), MOTE_OK);
    assert_int_equal(mote_model_compile(f->resumed, NULL), MOTE_OK);
    assert_int_equal(mote_model_train(f->resumed, config, &result), MOTE_OK);
}

/// Two checkpoints of a training that is stopped, and what it would have come to.
static void write_checkpoints(fixture *f)
{
    train_anew(f, &(mote_train_config){.steps = NEWEST_STEP});
    train_anew(f, &(mote_train_config){.no_save = true});
    assert_int_equal(mote_model_digest(f->resumed, f->end), MOTE_OK);
}

static int setup(void **state)
{
    static fixture f;
    const mote_context_config config = {.thread_count = 1};
    // in memory where it can be: each file is written again many thousand times
    if (access("/dev/shm", W_OK) == 0)
        (void)setenv("TMPDIR", "/dev/shm", 1);
    if (mote_test_folder_setup(&f.folder) != 0)
        return -1;
    write_files(&f);
    assert_int_equal(mote_context_create(&config, &f.context), MOTE_OK);
    assert_int_equal(
        mote_model_load(f.context, mote_test_path(&f.folder, "model.ini"), NULL, 0, &f.model),
        MOTE_OK);
    assert_int_equal(mote_model_compile(f.model, NULL), MOTE_OK);
    assert_int_equal(mote_model_allocate(f.model), MOTE_OK);
    assert_int_equal(mote_model_digest(f.model, f.digest), MOTE_OK);
    assert_int_equal(mote_model_save(f.model, mote_test_path(&f.folder, "weights.safetensors")),
                     MOTE_OK);
    assert_int_equal(mote_model_save(f.model, mote_test_path(&f.folder, "listed.safetensors")),
                     MOTE_OK);
    save_plan(&f);
    write_checkpoints(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *const f = *state;
    mote_model_destroy(&f->resumed);
    mote_model_destroy(&f->model);
    mote_context_destroy(&f->context);
    return mote_test_folder_teardown(&f->folder);
}

/// Reads what was damaged. Training may also find that numbers, though well formed, lead nowhere.
static void use(fixture *f, const file_kind *kind, const char *path)
{
    const mote_status status = kind->use(f, path);
    const char *const message = mote_last_error()->message;
    if (status == MOTE_OK || status == MOTE_ERROR_NONFINITE)
        return;
    if (mote_last_error()->status != status || !strstr(message, kind->name) ||
        strchr(message, '\n'))
        fail_msg("%s: status %d, but the message is '%s'", kind->name, (int)status, message);
}

static void flip_bits(fixture *f, const file_kind *kind)
{
    size_t count = 0;
    const char *const path = mote_test_path(&f->folder, kind->name);
    unsigned char *const bytes = mote_test_read(&f->folder, path, &count);
    for (size_t bit = 0; bit < 8 * count; bit += kind->stride) {
        bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        (void)mote_test_write(&f->folder, kind->name, bytes, count);
        use(f, kind, path);
        bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
    }
    (void)mote_test_write(&f->folder, kind->name, bytes, count);
    assert_int_equal(kind->use(f, path), MOTE_OK);
    print_message("%s: %zu bits\n", kind->name, (8 * count + kind->stride - 1) / kind->stride);
}

static void cut(fixture *f, const file_kind *kind)
{
    size_t count = 0;
    const char *const path = mote_test_path(&f->folder, kind->name);
    unsigned char *const bytes = mote_test_read(&f->folder, path, &count);
    for (size_t length = 0; length < count; length += kind->stride) {
        (void)mote_test_write(&f->folder, kind->name, bytes, length);
        use(f, kind, path);
    }
    (void)mote_test_write(&f->folder, kind->name, bytes, count);
    assert_int_equal(kind->use(f, path), MOTE_OK);
}

static void a_file_with_a_flipped_bit_is_read_or_refused_by_name(void **state)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        flip_bits(*state, &kinds[i]);
}

static void a_file_that_ends_early_is_read_or_refused_by_name(void **state)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        cut(*state, &kinds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_with_a_flipped_bit_is_read_or_refused_by_name),
        cmocka_unit_test(a_file_that_ends_early_is_read_or_refused_by_name),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
