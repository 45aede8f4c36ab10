// SPDX-License-Identifier: Apache-2.0
// What training, benchmark and evaluation share.
#ifndef MOTE_TRAIN_LOOP_H
#define MOTE_TRAIN_LOOP_H

#include "train/train.h"

/// Sums over the samples seen so far.
typedef struct mote_tally {
    double losses[MOTE_LOSSES_MAX];
    double correct[MOTE_LOSSES_MAX]; // negative: without meaning
    uint64_t samples;
} mote_tally;

/// The times of the last steps, in nanoseconds.
typedef struct mote_step_times {
    uint64_t *values; // MOTE_STEP_TIMES_MAX
    size_t count;     // of all steps
} mote_step_times;

/// Adds a batch's metrics as the losses of the program wrote them.
void mote_tally_add(mote_tally *tally, const mote_program *program, size_t batch);

/// Of the losses of this graph.
mote_metrics mote_tally_metrics(const mote_tally *tally, const mote_graph *graph);

void mote_step_times_add(mote_step_times *times, uint64_t ns);

/// In milliseconds; 0 without steps. Sorts the values.
double mote_step_times_median(mote_step_times *times);

/// Everything of an execution that does not change from step to step.
mote_execution mote_run_execution(const mote_run *run);

/// Begins a thread that reads ahead, for a source that takes one more reader than there are threads. Whoever begins ends it.
mote_status mote_run_begin_ahead(mote_run *run, const mote_source *source) MOTE_MUST_CHECK;
void mote_run_end_ahead(mote_run *run);

/// Says what the execution reads: the source's samples from 0 on. The first batch is to be set.
void mote_run_set_source(const mote_run *run, const mote_source *source, mote_execution *execution);

/// The batch that begins with sample `first` of `samples`.
void mote_run_set_batch(const mote_run *run, uint64_t first, uint64_t samples,
                        mote_execution *execution);

/// Serves a batch that is in memory and outlives it.
mote_source mote_run_batch_source(const mote_run *run, mote_run_batch *batch);

/// A file in `folder`, which is the run's swap_path and outlives it; MOTE_ERROR_IO names that key.
mote_status mote_run_open_swap(const mote_run *run, const char *folder, uint64_t bytes,
                               mote_swap_file *file) MOTE_MUST_CHECK;

/// What was written to the swap file, and what is to come.
typedef struct mote_swap_use {
    uint64_t written_bytes;
    uint64_t steps, batches; // of training, of evaluation
} mote_swap_use;

/// Raises MOTE_ERROR_PROPERTY where that is more, with a plan, than [Model] swap_write_limit allows.
mote_status mote_run_check_writes(const mote_run *run, const mote_compiled *compiled,
                                  const mote_swap_use *use) MOTE_MUST_CHECK;

/// Why a run of a program was not finite: in weights, since an earlier step applied what was not, or behind which operation
/// first. The text begins with the error's own message.
void mote_run_explain_nonfinite(const mote_run *run, const mote_program *program,
                                const mote_execution *execution, char *text, size_t bytes);

/// What transfers did since the run was created.
mote_transfer_count mote_run_count_moved(const mote_run *run);

/// Behind a step: whether yield or the stop callback ends the call.
bool mote_run_is_stopped(const mote_run *run, const mote_train_config *config);

/// The watch for an execution, with [Model] operation_deadline_ms; NULL without that.
mote_operation_watch *mote_run_watch(const mote_run *run, mote_operation_watch *watch);

/// What it has seen, into the result.
void mote_run_tell_watch(const mote_operation_watch *watch, mote_train_result *result);

/// What transfers did since `before`, into the result.
void mote_run_count_transfers(const mote_run *run, mote_transfer_count before,
                              mote_train_result *result);

/// Plans anew, for another budget (0: any), and moves what persists there through a file: the old arena is given back before
/// the new one is had. After an error the run is as before, but that it may have lost its memory: then run->kept has what it
/// held. After MOTE_ERROR_BUDGET the compilation knows the smallest. What is to be written must be allowed.
mote_status mote_run_replan(mote_run *run, uint64_t budget,
                            const mote_swap_use *use) MOTE_MUST_CHECK;

/// Optimizer state as it is before the first update: a training that begins counts its updates anew.
mote_status mote_run_reset_optimizer(const mote_run *run) MOTE_MUST_CHECK;

/// Opens a data section for the graph that the compiled model trains or evaluates.
mote_status mote_run_open(const mote_run *run, const mote_run_set *set,
                          mote_dataset **dataset) MOTE_MUST_CHECK;

/// Evaluates a whole data set; `progress` (its user in config) is called after each batch. `stop` ends it.
mote_status mote_run_evaluate_all(const mote_run *run, mote_dataset *dataset,
                                  const mote_train_config *config, mote_progress *progress,
                                  mote_tally *tally) MOTE_MUST_CHECK;

/// Refuses to write over the model file or a file that a data section names.
mote_status mote_run_check_save_path(mote_run *run, const char *path) MOTE_MUST_CHECK;

/// Refuses data that are scaled otherwise than those the weights were trained on.
mote_status mote_run_check_scale(const mote_run *run, const mote_dataset *dataset,
                                 const char *owner) MOTE_MUST_CHECK;

/// Remembers how values were prepared, what classes are called and how images become numbers.
mote_status mote_run_note(mote_run *run, const mote_knowledge *knowledge,
                          double scale) MOTE_MUST_CHECK;

/// Remembers what a file of weights says of these. `arena` is for what is needed meanwhile.
mote_status mote_run_note_file(mote_run *run, const char *path, mote_arena *arena) MOTE_MUST_CHECK;

/// Remembers how the data set's values were prepared and what its classes are called, for saved files.
mote_status mote_run_note_data(mote_run *run, const mote_dataset *dataset) MOTE_MUST_CHECK;

/// What files of this run say beside its tensors: adds up to MOTE_RUN_METADATA_MAX rows and moves *count. The texts are
/// the run's, or live in `arena`.
#define MOTE_RUN_METADATA_MAX 5U
mote_status mote_run_add_metadata(const mote_run *run, mote_arena *arena,
                                  mote_weights_metadata *metadata, size_t *count) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_NONFINITE while the run is torn.
mote_status mote_run_check_torn(const mote_run *run) MOTE_MUST_CHECK;

/// The header for saving, with metadata; lives in the run's arena.
mote_status mote_run_make_header(mote_run *run, mote_weights_header *header) MOTE_MUST_CHECK;

#endif
