// SPDX-License-Identifier: Apache-2.0
// Checking a model before it is trained: all that can be known without a step.
#ifndef MOTE_CHECK_H
#define MOTE_CHECK_H

#include "mote/context.h"
#include "mote/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/// How a check ended. What does not apply, or cannot be checked because of another failure, is skipped.
#define MOTE_CHECK_RESULT_MAP(X) \
    X(OK, "ok")                  \
    X(FAILED, "failed")          \
    X(SKIPPED, "skipped")

typedef enum mote_check_result {
#define MOTE_CHECK_RESULT_ENUM(name, text) MOTE_CHECK_##name,
    MOTE_CHECK_RESULT_MAP(MOTE_CHECK_RESULT_ENUM)
#undef MOTE_CHECK_RESULT_ENUM
    MOTE_CHECK_RESULT_COUNT
} mote_check_result;

/// "ok", "failed", "skipped"
MOTE_API const char *mote_check_result_name(mote_check_result result);

/// One check. Texts are valid during the call that tells of it.
typedef struct mote_check {
    const char *name; // "description", "network", "optimizer", "plan", "weights", "train_set", ...
    mote_check_result result;
    const char *message; // what was found, the error, or why it was skipped
} mote_check;

typedef struct mote_check_config {
    const char *path;             // the model file
    const mote_setting *settings; // as for mote_model_load
    size_t setting_count;
    const char *weights; // a file that must fit; NULL: [Model] load_path
    void *user;
    void (*report)(void *user, const mote_check *check); // called for each check, in order
} mote_check_config;

/// Checks the description, the network with its shapes, the optimizer, the plan, the weights to start from, every
/// sample of every data section, and that save_path, save_best_path, checkpoints and a swap file can be written; goes on behind
/// failures. Each of these is told to config->report. Trains nothing and changes no file. `failed_count` may be NULL. Errors:
/// MOTE_ERROR_ARGUMENT, MOTE_ERROR_MEMORY when there is none to begin with; checks that fail are none.
MOTE_API mote_status mote_model_check(mote_context *context, const mote_check_config *config,
                                      size_t *failed_count) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
