// SPDX-License-Identifier: Apache-2.0
// The pipeline: description -> graph -> schedule -> plan -> program. The only place that knows its order.
#ifndef MOTE_COMPILE_COMPILE_H
#define MOTE_COMPILE_COMPILE_H

#include "base/context.h"
#include "cost/cost.h"
#include "exec/exec.h"
#include "model/model.h"
#include "mote/model.h"
#include "schedule/schedule.h"
#include "state/state.h"

#define MOTE_PROGRAMS_MAX 3U

/// How schedules are made where the usual ones do not fit a budget, or wait. All zero: the usual ones.
typedef struct mote_decisions {
    bool is_tight;               // use little memory in each step
    bool is_sliced;              // slice the batch wherever less lives then
    uint64_t recompute_above;    // bytes of blocks that layers are run again for; 0: none are
    uint64_t weight_slice_bytes; // of weights that all steps use in slices; 0: none
} mote_decisions;

/// What a plan is of, what was decided for it, and what came of that.
typedef struct mote_plan_record {
    uint64_t version; // of the file's form
    uint64_t batch_size, threads;
    const char *programs; // "train,evaluate"
    uint32_t apply;       // mote_apply_policy
    const char *model_hash;
    const char *planner, *without; // techniques, "swap,slices"
    uint64_t memory_budget;
    mote_decisions decisions;
    const char *mote_version;
    uint64_t arena_bytes;
    const char *plan_hash;
} mote_plan_record;

/// Version of the form of saved plans.
#define MOTE_SAVED_PLAN_VERSION 1U

/// A plan in a file: with the same model it is made again of these decisions, without a search. All of it lives in an arena.
typedef struct mote_saved_plan {
    const char *path;
    mote_plan_record record;
    const mote_planner *planner; // of these names
    unsigned without;
    mote_section
        *parts; // what leaves memory, "<program>: <tensor>", with the steps that it is in memory at
    size_t part_count;
} mote_saved_plan;

/// What is asked for.
typedef struct mote_compile_request {
    const mote_context *context;
    const mote_description *description;
    unsigned modes; // MOTE_MODE_*
    const mote_planner *planner;
    unsigned without;       // MOTE_TECHNIQUE_* that are not used
    bool whole_gradients;   // store all rows of all gradients: the same bits, more memory
    uint64_t memory_budget; // most bytes of the arena; 0: any
    const mote_cost *cost;  // of the device; NULL: as it is assumed
    const char *cost_path;  // the file that it is of, or NULL
    const mote_saved_plan *
        saved; // the plan to make again; its planner, techniques and budget are the request's. NULL: search
} mote_compile_request;

/// [Optimizer] and [LearningRateScheduler].
typedef struct mote_training_settings {
    const mote_optimizer *optimizer; // NULL in programs that do not train
    const void *optimizer_state;
    double learning_rate;
    mote_clip clip;
    double clip_limit;
    double moving_average; // share that is kept; 0: none
    mote_apply_policy apply;
    const mote_schedule_rate *rate;
    const void *rate_state;
} mote_training_settings;

/// What compiling made; lives in the arena that it was given, immutable but for binding the programs.
typedef struct mote_compiled {
    mote_graph graphs[2]; // with loss, for inference; node_count 0 where not wanted
    mote_training_settings settings;
    mote_schedule schedules[MOTE_PROGRAMS_MAX];
    mote_program programs[MOTE_PROGRAMS_MAX];
    size_t program_count;
    const mote_program *train; // NULL where not wanted
    const mote_program *evaluate;
    const mote_program *infer;
    mote_state_block *state_blocks; // sorted by name
    size_t state_block_count;
    size_t *held; // of these, those that are in memory at all steps
    size_t held_count;
    size_t staging_bytes; // for the others, behind the held ones in the problem; 0: there are none
    uint64_t swap_bytes;  // of the swap file; 0: there is none
    size_t whole_bytes;   // of the arena with everything in memory
    mote_decisions decisions;
    size_t smallest_budget;                     // where the one asked for was too small
    size_t first_placements[MOTE_PROGRAMS_MAX]; // in the problem, of each schedule's blocks
    const char **placement_names;               // unique over all programs
    mote_plan_problem problem; // what persists in memory, then the blocks of each schedule
    mote_plan plan;
    mote_plan_info info;
    char model_hash[MOTE_SHA256_TEXT_BYTES];
} mote_compiled;

/// What was asked for and what came of it, in an arena of its own: it can take the place of another one as a whole.
typedef struct mote_compilation {
    mote_compile_request request;
    mote_arena arena;
    mote_compiled *compiled;  // in the arena; NULL: nothing is compiled
    uint64_t smallest_budget; // where the one that was asked for was too small; else 0
} mote_compilation;

/// Checks all of a description that needs no data: layers and graph, [Optimizer], [LearningRateScheduler]. Gives
/// the model's hash: SHA-256 of what makes the model and its training what they are, layers, properties,
/// connections, shapes, optimizer, schedule, batch size and seed; no paths, no number of epochs, nothing that may
/// differ without a difference in bits. `arena` is left as it was.
mote_status mote_compile_check(const mote_compile_request *request, mote_arena *arena,
                               char model_hash[MOTE_SHA256_TEXT_BYTES]) MOTE_MUST_CHECK;

/// Writes what the hash of the model is made of as lines of words, "<layer> <key>=<value> ...".
void mote_compiled_describe(const mote_compiled *compiled, const mote_description *description,
                            const mote_writer *writer);

/// Reads [Optimizer] and [LearningRateScheduler] alone.
mote_status mote_compile_settings(const mote_compile_request *request, mote_arena *arena,
                                  mote_training_settings *settings) MOTE_MUST_CHECK;

/// Errors as those of the stages. On failure the arena holds garbage that its owner releases.
mote_status mote_compile(const mote_compile_request *request, mote_arena *arena,
                         mote_compiled *compiled) MOTE_MUST_CHECK;

/// Compiles what its request says. After an error nothing is compiled.
mote_status mote_compilation_make(mote_compilation *compilation) MOTE_MUST_CHECK;

/// The arena is empty then. Safe on what was not made, with an initialized arena.
void mote_compilation_release(mote_compilation *compilation);

/// Reads a plan that was saved; it lives in `arena`. Raises MOTE_ERROR_IO, MOTE_ERROR_FORMAT or MOTE_ERROR_PROPERTY, with the
/// line where there is one. Whether it is one of a model shows when that is compiled.
mote_status mote_saved_plan_read(const char *path, mote_arena *arena,
                                 mote_saved_plan *saved) MOTE_MUST_CHECK;

/// Replaces a file as a whole with the plan of what is compiled.
mote_status mote_compilation_save_plan(const mote_compilation *compilation,
                                       const char *path) MOTE_MUST_CHECK;

/// The keys every [Optimizer] and every [LearningRateScheduler] has, beside those of its type.
const mote_property *mote_compile_optimizer_properties(void);
const mote_property *mote_compile_schedule_properties(void);

/// Name and kind of placement `index`.
const char *mote_compiled_placement_name(const mote_compiled *compiled, size_t index,
                                         mote_block_kind *kind);

/// Type and shape of the tensor that placement `index` is named by; where it is batched, it has room for `samples`.
mote_tensor_spec mote_compiled_placement_spec(const mote_compiled *compiled, size_t index,
                                              size_t *samples);

/// Name of the `other`-th tensor with the bytes of placement `index` beside the one that it is named by; NULL behind the
/// last.
const char *mote_compiled_placement_tensor(const mote_compiled *compiled, size_t index,
                                           size_t other);

/// What `step` of all programs, one after the other, does; written into `text`.
const char *mote_compiled_step_text(const mote_compiled *compiled, size_t step, char *text,
                                    size_t bytes);

/// Initializer of a state block: NULL for optimizer state, which starts at zero.
const mote_weight_declaration *mote_compiled_find_weight(const mote_compiled *compiled,
                                                         const char *name);

/// The graph that trains, or the only one.
const mote_graph *mote_compiled_graph(const mote_compiled *compiled);

/// Prints why a tensor lives; raises MOTE_ERROR_ARGUMENT for an unknown name.
mote_status mote_compiled_explain(const mote_compiled *compiled, const char *name,
                                  const mote_writer *writer) MOTE_MUST_CHECK;

/// Prints a stage: the graphs, schedules, plan or programs.
void mote_compiled_print(const mote_compiled *compiled, mote_stage stage,
                         const mote_writer *writer);

#endif
