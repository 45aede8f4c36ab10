// SPDX-License-Identifier: Apache-2.0
// A run: the arena, what persists in it, and the loops that drive its programs.
#ifndef MOTE_TRAIN_TRAIN_H
#define MOTE_TRAIN_TRAIN_H

#include "base/context.h"
#include "compile/compile.h"
#include "data/data.h"
#include "model/model.h"
#include "mote/model.h"
#include "train/control.h"
#include "weights/weights.h"

#define MOTE_STEP_TIMES_MAX 4096U

/// Behind the path of a checkpoint: its step.
#define MOTE_CHECKPOINT_END ".%012" PRIu64

/// Metadata that checkpoints have and files of weights do not.
#define MOTE_CHECKPOINT_FORMAT_KEY "mote.format"

/// A data set that a run opens: a section of its description, or what the program makes.
typedef struct mote_run_set {
    const mote_section *section;      // NULL with a callback
    const mote_data_source *callback; // NULL: the section
    const char *owner;                // "[train_set]", for messages
    bool is_split_off;                // the part of a train_set that validation_split keeps
    bool is_training;                 // what is not known is learned from it
    mote_knowledge known;             // of the run, or of the training set
    bool *lacks_training;             // as in mote_dataset_config
} mote_run_set;

/// A batch that the program holds in memory: an array a port, `count` samples each, dense.
typedef struct mote_run_batch {
    const void *const *inputs;
    const void *const *labels; // NULL for inference
    size_t input_count;
    size_t count;
} mote_run_batch;

/// Training in the caller's own loop.
typedef struct mote_stepping {
    uint64_t applied;                     // steps so far; 0: the optimizer begins anew
    uint64_t stored_before;               // bytes in the swap file before the loop began
    size_t open_batch;                    // samples of the step between forward and apply; 0: none
    struct mote_checkpoints *checkpoints; // its own, open and locked; NULL: not yet
    bool has_checkpoints;                 // those that are there are of this loop
} mote_stepping;

/// What a run holds in its arena that shall outlive it, while the model is compiled anew.
typedef struct mote_kept mote_kept;

/// Borrows context, description, compiled and compilation, which must outlive it.
typedef struct mote_run {
    const mote_context *context;
    const mote_description *description;
    mote_compiled *compiled;
    mote_compilation *compilation; // of which that is; NULL: it stays the plan
    mote_control *control;         // what other threads say to it; NULL: nothing
    mote_arena arena;              // small things: header, paths
    void *memory;                  // the tensor arena
    size_t memory_bytes;
    mote_state state;
    mote_swap_file swap;         // closed where all fits into memory
    mote_state_source source;    // what frozen weights are read from instead
    mote_transfers *transfers;   // to and from there; NULL then
    mote_transfer_count moved;   // by those of before
    const char *swap_path;       // the folder of that file; NULL: that of temporary files
    const char *save_path;       // usable, NULL when the model has none
    const char *best_path;       // save_best_path, as well
    const char *checkpoint_path; // where checkpoints are, if there are any
    char *newest_checkpoint;     // room for the path of one
    const char *missing_weights; // the file to start from that is not there; NULL: none is missing
    bool is_torn;                // a part of a step was applied: the weights are of no step
    uint64_t *step_times;        // MOTE_STEP_TIMES_MAX, in pages
    double image_scale;          // how images become numbers
    bool scale_known;         // it is from the weights' file or the training data, not the default
    mote_knowledge knowledge; // of the data, from there
    const mote_data_source
        *sources; // for training and validation; read = NULL or no array: sections
    mote_stepping stepping;
    mote_ahead *ahead; // of the training, benchmark or evaluation that is running
    mote_kept *kept;   // where memory was lost between two plans: what it held
} mote_run;

/// Gets the arena and binds the programs; weights are zero.
mote_status mote_run_create(const mote_context *context, const mote_description *description,
                            mote_compiled *compiled, mote_run *run) MOTE_MUST_CHECK;

void mote_run_release(mote_run *run);

/// The part of creating that is of the plan: arena, swap file, bound programs. Behind an error, too, it is to be closed.
mote_status mote_run_open_memory(mote_run *run, mote_compiled *compiled) MOTE_MUST_CHECK;
void mote_run_close_memory(mote_run *run);

/// Initial values from the seed; running statistics and optimizer state as declared.
mote_status mote_run_initialize(mote_run *run) MOTE_MUST_CHECK;

/// The same from a file instead of the seed: what is read from there is not written first.
mote_status mote_run_begin_with(mote_run *run, const char *path) MOTE_MUST_CHECK;

/// Weights and statistics from a file, with what it says about preprocessing and classes.
mote_status mote_run_load(mote_run *run, const char *path) MOTE_MUST_CHECK;

/// Writes weights and statistics now, with what is known of preprocessing and classes.
mote_status mote_run_save(mote_run *run, const char *path) MOTE_MUST_CHECK;

/// [Model] checkpoint_path, else the model file's name with another end.
mote_status mote_run_find_checkpoints(const mote_description *description, mote_arena *arena,
                                      const char **path) MOTE_MUST_CHECK;

/// Copies weights, statistics and optimizer state with what is known of the data. The copy of a run that swaps is in a
/// file, and any run's with `in_file`.
mote_status mote_run_keep(const mote_run *run, bool in_file, mote_kept **kept) MOTE_MUST_CHECK;

/// Puts them into a run of the same model; of the optimizer's state what it has place for. Without all of it, the
/// optimizer begins anew.
mote_status mote_run_restore(mote_run *run, const mote_kept *kept) MOTE_MUST_CHECK;

/// Safe on NULL.
void mote_kept_release(mote_kept **kept);

/// What reading a data section through has shown; of one that failed lacks_training alone.
typedef struct mote_data_report {
    bool lacks_training; // it needs what only the training set or the weights' file tells
    uint64_t samples;
    size_t class_count; // that the network tells apart; 0: labels are no classes
    size_t classes_seen;
} mote_data_report;

/// Opens a data section and reads every sample once; values must be finite. Needs of the run context, description,
/// compiled and arena alone. What training would learn from [train_set] is known to the run then, and the other
/// sections must fit that.
mote_status mote_run_check_data(mote_run *run, const mote_section *section, const char *owner,
                                mote_data_report *report) MOTE_MUST_CHECK;

/// The folder of the swap file, usable: [Model] swap_path, or NULL.
mote_status mote_run_find_swap(const mote_description *description, mote_arena *arena,
                               const char **path) MOTE_MUST_CHECK;

/// Whether weights could be saved there: makes the file beside `path` and removes it. `other` (or NULL) is the
/// save_path, which must be another file.
mote_status mote_run_check_saving(mote_run *run, const char *path,
                                  const char *other) MOTE_MUST_CHECK;

/// Whether checkpoints could be written, and to which path; it lives in the run's arena. Needs of the run save_path and
/// best_path, too.
mote_status mote_run_check_checkpoints(mote_run *run, const char **path) MOTE_MUST_CHECK;

/// Whether a swap file of the plan's size could be made, or, where it needs none, any.
mote_status mote_run_check_swap(mote_run *run) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_PROPERTY when [Model] has a key that works with validation alone, and there is none.
mote_status mote_run_check_validation(const mote_run *run, bool has_validation) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_PROPERTY unless [train_set] and [valid_set] have one scale.
mote_status mote_run_check_scales(const mote_run *run, double training,
                                  double validation) MOTE_MUST_CHECK;

/// See mote_model_train, mote_model_bench, mote_model_evaluate, mote_model_run_all.
mote_status mote_run_train(mote_run *run, const mote_train_config *config,
                           mote_train_result *result) MOTE_MUST_CHECK;
mote_status mote_run_bench(mote_run *run, const mote_train_config *config,
                           mote_train_result *result) MOTE_MUST_CHECK;
mote_status mote_run_evaluate(mote_run *run, const mote_run_set *set,
                              const mote_train_config *config,
                              mote_metrics *metrics) MOTE_MUST_CHECK;
mote_status mote_run_infer(mote_run *run, const mote_run_batch *batch,
                           void *const *outputs) MOTE_MUST_CHECK;

/// See mote_model_roll_back, mote_model_list_checkpoints.
mote_status mote_run_roll_back(mote_run *run, uint64_t step, const char *weights,
                               mote_rollback_result *result) MOTE_MUST_CHECK;
mote_status mote_run_list_checkpoints(mote_run *run, mote_checkpoint_info *infos, size_t capacity,
                                      size_t *count) MOTE_MUST_CHECK;

/// See mote_model_forward, mote_model_apply. A step that fails is not open.
mote_status mote_run_forward(mote_run *run, const mote_run_batch *batch,
                             mote_metrics *metrics) MOTE_MUST_CHECK;
mote_status mote_run_apply(mote_run *run, double learning_rate) MOTE_MUST_CHECK;

/// See mote_model_resume, mote_model_write_checkpoint.
mote_status mote_run_resume(mote_run *run, const mote_train_config *config,
                            uint64_t *data_position) MOTE_MUST_CHECK;
mote_status mote_run_write_checkpoint(mote_run *run, uint64_t data_position) MOTE_MUST_CHECK;

/// Ends the caller's loop, with its checkpoints: the next one begins anew.
void mote_run_restart(mote_run *run);

/// What is left of a step that failed, for its message.
const char *mote_run_applied_text(bool has_changed);

/// What the schedule says for the step after `applied` steps.
double mote_run_learning_rate(const mote_training_settings *settings, uint64_t applied);

#endif
