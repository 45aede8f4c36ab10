// SPDX-License-Identifier: Apache-2.0
// Files in memory, a folder of links to them, and short runs of a model.
#include "fuzz.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEPS 3U

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    (void)fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

const char *fuzz_file(fuzz_slot slot, const void *bytes, size_t count)
{
    static int descriptors[FUZZ_SLOT_COUNT]; // 0: not made yet
    static char paths[FUZZ_SLOT_COUNT][32];
    int *const descriptor = &descriptors[slot];
    if (*descriptor == 0) {
        *descriptor = memfd_create("fuzz", MFD_CLOEXEC);
        require(*descriptor > 0, "no file in memory");
        (void)snprintf(paths[slot], sizeof paths[slot], "/proc/self/fd/%d", *descriptor);
    }
    require(ftruncate(*descriptor, 0) == 0 &&
                pwrite(*descriptor, bytes, count, 0) == (ssize_t)count,
            "a file in memory cannot be written");
    return paths[slot];
}

const char *fuzz_text_file(fuzz_slot slot, const char *text)
{
    return fuzz_file(slot, text, strlen(text));
}

static const char *const class_files[] = {"/a/0", "/b/0"};
static char folder[PATH_MAX - 16];

static void remove_folder(void)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s%s", folder, class_files[i]);
        (void)unlink(path);
        path[strlen(path) - 2] = '\0';
        (void)rmdir(path);
    }
    (void)rmdir(folder);
}

const char *fuzz_class_folder(void)
{
    char path[PATH_MAX];
    const char *const temporary = getenv("TMPDIR");
    if (folder[0])
        return folder;
    (void)snprintf(folder, sizeof folder, "%s/mote-fuzz-XXXXXX", temporary ? temporary : "/tmp");
    require(mkdtemp(folder) != NULL, "no temporary folder");
    for (size_t i = 0; i < 2; i++) {
        const char *const target = fuzz_file(i == 0 ? FUZZ_DATA : FUZZ_OTHER, "", 0);
        (void)snprintf(path, sizeof path, "%s%s", folder, class_files[i]);
        path[strlen(path) - 2] = '\0';
        require(mkdir(path, S_IRWXU) == 0, "no folder of a class");
        (void)snprintf(path, sizeof path, "%s%s", folder, class_files[i]);
        require(symlink(target, path) == 0, "no link");
    }
    require(atexit(remove_folder) == 0, "no exit handler");
    return folder;
}

mote_context *fuzz_context(void)
{
    static mote_context *context;
    const mote_context_config config = {.thread_count = 1};
    if (!context)
        require(mote_context_create(&config, &context) == MOTE_OK, "no context");
    return context;
}

static void ignore(void *user, const char *text, size_t length)
{
    (void)user;
    (void)text;
    (void)length;
}

const mote_writer fuzz_writer = {.write = ignore};

void fuzz_expect(mote_status status)
{
    require(status == MOTE_OK || status == MOTE_STOPPED ||
                (mote_last_error()->status == status && mote_last_error()->message[0] != '\0'),
            "an error without its message");
}

static void inspect(const char *path)
{
    mote_inspection *inspection = NULL;
    const mote_status status = mote_inspection_create(fuzz_context(), path, NULL, &inspection);
    fuzz_expect(status);
    require((status == MOTE_OK) == (inspection != NULL), "a failed inspection");
    mote_inspection_destroy(&inspection);
}

static void train(mote_model *model)
{
    const mote_compile_config compile = {.modes = MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE};
    const mote_train_config config = {.no_save = true, .steps = STEPS};
    mote_train_result result;
    mote_metrics metrics;
    mote_status status = mote_model_compile(model, &compile);
    fuzz_expect(status);
    if (status == MOTE_OK)
        status = mote_model_train(model, &config, &result);
    fuzz_expect(status);
    if (status == MOTE_OK)
        fuzz_expect(mote_model_evaluate(model, "train_set", NULL, &metrics));
}

void fuzz_data(const char *path, const char *model)
{
    mote_model *loaded = NULL;
    const mote_setting setting = {.section = "train_set", .key = "path", .value = path};
    const char *const model_path = fuzz_text_file(FUZZ_MODEL, model);
    inspect(path);
    const mote_status status = mote_model_load(fuzz_context(), model_path, &setting, 1, &loaded);
    fuzz_expect(status);
    require(status == MOTE_OK, "a target's own model is not accepted");
    train(loaded);
    mote_model_destroy(&loaded);
}
