// SPDX-License-Identifier: Apache-2.0
// What fallible functions return, and the record of the last error of the calling thread.
#ifndef MOTE_STATUS_H
#define MOTE_STATUS_H

#include "mote/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Every status, its value's name and what it means in one line.
#define MOTE_STATUS_MAP(X)                                                                   \
    X(OK, "ok")                                                                              \
    X(ERROR_ARGUMENT, "an argument of the call is not valid")                                \
    X(ERROR_MEMORY, "memory could not be had")                                               \
    X(ERROR_IO, "a file could not be opened, read, written or synced")                       \
    X(ERROR_FORMAT, "a file's content is not what its format demands")                       \
    X(ERROR_PROPERTY, "a section, key, type or value of the model description is not valid") \
    X(ERROR_SHAPE, "shapes do not fit together")                                             \
    X(ERROR_GRAPH, "the layers do not form a valid network")                                 \
    X(ERROR_UNSUPPORTED, "this build or this machine cannot do it")                          \
    X(ERROR_NONFINITE, "a value that must be finite is infinite or not a number")            \
    X(ERROR_DATA, "a sample has a value that the model does not take")                       \
    X(ERROR_BUDGET, "the memory budget is too small")                                        \
    X(STOPPED, "the caller asked to stop")

typedef enum mote_status {
#define MOTE_STATUS_ENUM(name, text) MOTE_##name,
    MOTE_STATUS_MAP(MOTE_STATUS_ENUM)
#undef MOTE_STATUS_ENUM
} mote_status;

/// The last error raised in the calling thread. `file` and `line` say where in mote's source it was
/// raised; `message` is one line for the user, without a newline.
typedef struct mote_error {
    mote_status status;
    int line;
    const char *file;
    char message[1024];
} mote_error;

/// Name of a status without prefix, e.g. "ERROR_SHAPE". Never NULL.
MOTE_API const char *mote_status_name(mote_status status);

/// What a status means, e.g. "shapes do not fit together". Never NULL.
MOTE_API const char *mote_status_text(mote_status status);

/// The calling thread's last error; status MOTE_OK and an empty message when there was none.
/// Valid until the thread's next failing call. Never NULL.
MOTE_API const mote_error *mote_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
