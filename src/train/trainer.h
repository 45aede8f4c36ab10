// SPDX-License-Identifier: Apache-2.0
// A training under way: what its loop, its files and its checkpoints share.
#ifndef MOTE_TRAIN_TRAINER_H
#define MOTE_TRAIN_TRAINER_H

#include "train/checkpoint.h"

/// What a run knows of the data that its weights were trained on.
typedef struct mote_run_known {
    mote_arena_mark mark; // of the run's arena; what is behind it is known since
    mote_knowledge knowledge;
    double image_scale;
    bool scale_known;
} mote_run_known;

typedef struct mote_trainer {
    mote_run *run;
    const mote_train_config *config;
    mote_train_result *result;
    mote_dataset *training;
    mote_dataset *validation;    // NULL without [valid_set]
    mote_file_replacement saved; // its path is NULL: not written
    mote_file_replacement saved_best;
    mote_file_lock saved_lock, saved_best_lock;
    mote_weights_header header, best_header;
    mote_checkpoints checkpoints; // its run is NULL: not opened
    bool writes_checkpoints;
    bool has_checkpoint;   // of this training
    mote_position written; // of the newest
    uint64_t written_ns;   // when that was,
    uint64_t writing_ns;   // and how long it took
    mote_arena_mark mark;  // of the run's arena: the header lies behind it
    mote_run_known known;  // of before: a training that is refused leaves it
    mote_step_times times;
    mote_execution execution;
    mote_transfer_count moved; // before this call
    mote_operation_watch watch;
    mote_position at;
    uint64_t first_step; // of this call
    bool has_begun;      // it is not refused any more
    bool is_over;        // stopped, or as many steps done as wanted
    bool has_changed;    // this step has begun to change weights
    mote_progress progress;
} mote_trainer;

/// Opens data, files and checkpoints: everything that can fail or allocates, before the first step. What is known of the
/// data changes last.
mote_status mote_trainer_open(mote_trainer *t) MOTE_MUST_CHECK;

/// Makes what is written into each checkpoint, of the data that are open.
mote_status mote_trainer_begin_checkpoints(mote_trainer *t) MOTE_MUST_CHECK;

/// Of what was opened. A training that was refused leaves the run as it was.
void mote_trainer_close(mote_trainer *t);

/// Finds where to begin: at a checkpoint or anew. A training that had ended is `was_finished` then.
mote_status mote_trainer_begin(mote_trainer *t) MOTE_MUST_CHECK;

/// Everything of its execution that does not change from step to step, but the source.
void mote_trainer_set_execution(mote_trainer *t);

/// Between two steps: takes another budget that was asked for; one that cannot be had is told of, and training goes on as it
/// was. An error where it cannot.
mote_status mote_trainer_change_budget(mote_trainer *t) MOTE_MUST_CHECK;

/// What this call has written to the swap file, and what of its steps and validations there may still be.
mote_swap_use mote_trainer_find_swap_use(const mote_trainer *t);

/// Whether checkpoints are written, and this step is followed by one. One that was skipped is not.
bool mote_trainer_is_checkpoint_due(const mote_trainer *t);

/// Writes none for a position that the newest one has.
mote_status mote_trainer_write_checkpoint(mote_trainer *t) MOTE_MUST_CHECK;

/// A training that is stopped and saves weights leaves a checkpoint, though it was asked for none: it is written now. That it
/// cannot be is told.
void mote_trainer_leave_checkpoint(mote_trainer *t);

/// The headers of the files of weights, before the first step; they lie in the run's arena.
mote_status mote_trainer_make_headers(mote_trainer *t) MOTE_MUST_CHECK;

/// Writes the weights as they are, where they are saved: to save_path, and those of the best epoch so far to save_best_path.
mote_status mote_trainer_save(mote_trainer *t) MOTE_MUST_CHECK;
mote_status mote_trainer_save_best(mote_trainer *t) MOTE_MUST_CHECK;

/// At the end of a training that went on: whether files that it did not write have the weights that they should have, for the
/// result; otherwise tells why not.
mote_status mote_trainer_find_saved(mote_trainer *t) MOTE_MUST_CHECK;

/// To the config's notice.
void mote_trainer_tell(const mote_trainer *t, const char *text);

/// Appends to a message which checkpoint there is to go on from.
void mote_trainer_name_checkpoint(mote_trainer *t, char *text, size_t bytes);

#endif
