// SPDX-License-Identifier: Apache-2.0
// What stands behind the public handles.
#ifndef MOTE_API_API_H
#define MOTE_API_API_H

#include "base/arena.h"
#include "base/context.h"
#include "compile/compile.h"
#include "layer/layer.h"
#include "model/model.h"
#include "mote/component.h"
#include "optim/optim.h"
#include "os/os.h"
#include "train/train.h"

#include <stdatomic.h>

/// The public mote_context is `inner`. What a program adds lives in `arena`, in lists that stand for mote's own; the
/// first model closes them.
typedef struct mote_context_handle {
    mote_context inner;
    mote_thread_pool *pool;
    mote_arena arena;
    mote_layer_registry layers;
    mote_optimizer_registry optimizers;
    atomic_bool is_closed; // written by whatever threads load models
} mote_context_handle;

static inline mote_context_handle *mote_context_handle_of(mote_context *context)
{
    return (mote_context_handle *)(void *)context;
}

/// Data sections: [train_set], [valid_set], [test_set].
#define MOTE_SET_COUNT 3U

struct mote_model {
    mote_context *context;
    mote_arena arena; // description and paths
    mote_description description;
    const char *save_path; // usable paths, NULL when absent
    const char *best_path; // save_best_path
    const char *load_path;
    mote_compilation compilation;
    mote_arena request_arena; // what the last request names: files of weights, costs and plans
    mote_cost cost;           // of that table, if there is one
    mote_saved_plan saved;    // of compile_config.plan, if there is one
    char *weights;            // of compile_config, until it is compiled again; NULL
    bool allocated;           // `run` is valid
    mote_run run;
    mote_control control;                     // what other threads say
    mote_kept *kept;                          // of the run before the model was compiled anew; NULL
    uint64_t batch_size;                      // of the model file
    mote_data_source sources[MOTE_SET_COUNT]; // read = NULL: the section of the model file
};

/// What stands behind a mote_component_info.
typedef struct mote_component {
    const char *name;
    const char *summary;
    mote_component_kind kind;
    const mote_property *properties; // NULL: none
    double learning_rate;            // as in mote_component_info
    const char *chapter;             // sections: the heading of the documentation; others: NULL
    const char *title;               // of the table in it; NULL: it needs none
} mote_component;

/// Component `index`; false behind the last.
bool mote_component_find(const mote_context *context, size_t index, mote_component *component);

/// A model that has read nothing yet.
mote_status mote_model_make(mote_context *context, mote_model **model) MOTE_MUST_CHECK;

/// Reads the model file: its syntax, its sections, [Model]. Nothing else is checked.
mote_status mote_model_read(mote_model *model, const char *path, const mote_setting *settings,
                            size_t setting_count) MOTE_MUST_CHECK;

/// What messages call data section `index`, and the section, NULL when the model has none.
const char *mote_model_set_owner(size_t index);
const mote_section *mote_model_get_set(const mote_model *model, size_t index);

/// The data of set "train_set", "valid_set" or "test_set": what the program makes, the section, or what
/// validation_split keeps; false when there are none.
bool mote_model_find_set(const mote_model *model, const char *name, mote_run_set *set);

/// Checks the keys and values of data section `index`; one that is absent is fine.
mote_status mote_model_check_set(const mote_model *model, size_t index) MOTE_MUST_CHECK;

/// Refuses a `path` (NULL is fine) to save to that is the load_path; `key` is what [Model] calls it.
mote_status mote_model_check_path(const mote_model *model, const char *key,
                                  const char *path) MOTE_MUST_CHECK;

/// The cost table to plan by: that of the file `given`, else that of this processor beside the swap file. `*path` is its file, in
/// `arena`; NULL: there is none.
mote_status mote_model_find_cost(const mote_model *model, const char *given, mote_arena *arena,
                                 const char **path, mote_cost *cost) MOTE_MUST_CHECK;

/// Reads config->plan, if there is one, and has the request take it. Refuses what else the caller asks for and the plan is not.
mote_status mote_model_find_plan(mote_model *model, const mote_compile_config *config,
                                 mote_compile_request *request) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_ARGUMENT, naming the call, when an argument is NULL.
mote_status mote_argument_require(const void *argument, const char *call) MOTE_MUST_CHECK;

/// The same for each of `count` pointers; `what` they are.
mote_status mote_pointers_require(const void *const *pointers, size_t count, const char *call,
                                  const char *what) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_ARGUMENT, naming the call, unless a step or run can take `count` samples.
mote_status mote_model_check_samples(const mote_model *model, const char *call,
                                     size_t count) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_ARGUMENT, naming the call, while a step of the caller's loop is open: its memory is in use.
mote_status mote_model_require_idle(const mote_model *model, const char *call) MOTE_MUST_CHECK;

/// As mote_model_allocate, with another file to start from; NULL: what was kept, or initial values.
mote_status mote_model_allocate_from(mote_model *model, const char *weights) MOTE_MUST_CHECK;

/// As mote_model_allocate, but a file to start from need not be there: a checkpoint has all that it would give.
mote_status mote_model_allocate_to_resume(mote_model *model) MOTE_MUST_CHECK;

/// Behind a call that went on from a checkpoint, or may have changed the plan: the run is given back if neither file nor
/// checkpoint was there, or its memory was lost; what it held then is kept.
void mote_model_settle(mote_model *model);

/// Raises MOTE_ERROR_ARGUMENT unless the model is compiled for all of `modes`.
mote_status mote_model_require(const mote_model *model, unsigned modes) MOTE_MUST_CHECK;

#endif
