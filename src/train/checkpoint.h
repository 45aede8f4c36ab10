// SPDX-License-Identifier: Apache-2.0
// Checkpoints: files "<path>.<step>" with all that a training needs to go on, each whole or not there.
#ifndef MOTE_TRAIN_CHECKPOINT_H
#define MOTE_TRAIN_CHECKPOINT_H

#include "train/position.h"

/// A file of that name.
typedef struct mote_checkpoint_file {
    uint64_t step;
    uint64_t updates, epoch, epochs_done; // of those that are readable
    bool is_readable;                     // its header is, and says so
    bool is_own; // or enough of it to know it for a checkpoint; no others are replaced or removed
} mote_checkpoint_file;

/// Those of one path. The newest come last.
typedef struct mote_checkpoints {
    mote_run *run;
    mote_arena arena;      // all that they need
    const char *identity;  // of the training: train/identity.h
    uint64_t sample_count; // of an epoch
    mote_file_lock lock;   // nobody else writes them meanwhile
    mote_file_replacement replacement;
    mote_state state; // the run's, whole
    const mote_checksum_table *table;
    mote_weights_header header;
    char *target;                // the path of the checkpoint at hand
    mote_checkpoint_file *files; // that are there
    size_t count, keep;
    size_t most; // that were there or are kept; for two more there is room
    /// NULL, or what may refuse to go on from a position (MOTE_ERROR_PROPERTY).
    mote_status (*accept)(const void *user, const mote_position *position);
    const void *accept_user;
    uint64_t written; // checkpoints since they were opened
} mote_checkpoints;

/// What they are opened for.
typedef enum mote_checkpoint_access {
    MOTE_CHECKPOINTS_LOOK,     // nothing is changed
    MOTE_CHECKPOINTS_WRITE,    // one that cannot be read counts as damaged
    MOTE_CHECKPOINTS_ROLL_BACK // and is an error, unless it is damaged: it might be there again later
} mote_checkpoint_access;

/// What may be refused of a path before anything is there: it names a folder, the model file, a file of data.
mote_status mote_checkpoints_check_path(mote_run *run, const char *path) MOTE_MUST_CHECK;

/// Refuses a path that weights are saved to, [Model] `key`, when it is the one of the checkpoints, or the name of one there.
mote_status mote_checkpoints_check_apart(const char *checkpoints, const char *key,
                                         const char *path) MOTE_MUST_CHECK;

/// Looks what is there, but for files that are something else, and locks the path where something shall be changed, unless
/// the run's own loop has that lock.
/// MOTE_ERROR_IO when another training has the path.
mote_status mote_checkpoints_open(mote_run *run, mote_checkpoint_access access,
                                  mote_checkpoints *checkpoints) MOTE_MUST_CHECK;

/// What may be written, or gone on from, needs the training's identity, made with `checkpoints->table`, and the number of
/// its samples. Writing allocates nothing from then on.
mote_status mote_checkpoints_begin(mote_checkpoints *checkpoints, const char *identity,
                                   uint64_t sample_count) MOTE_MUST_CHECK;

/// The run has another plan: its state lies elsewhere.
void mote_checkpoints_follow(mote_checkpoints *checkpoints);

/// The lock of the run's own loop, if it has one, is theirs from now on: the loop ends.
void mote_checkpoints_take_lock(mote_checkpoints *checkpoints);

/// Safe on what was not opened.
void mote_checkpoints_release(mote_checkpoints *checkpoints);

/// Path of the `index`-th; valid until the next call.
const char *mote_checkpoints_path(mote_checkpoints *checkpoints, size_t index);

/// Writes one beside the others, synced, and then removes the one before it, if that has the same weights, and the oldest
/// that are more than shall be kept, if it can. Raises MOTE_ERROR_NONFINITE, and writes nothing, when a weight or statistic is
/// not finite, and MOTE_ERROR_IO, too, where another file has its name.
mote_status mote_checkpoints_write(mote_checkpoints *checkpoints,
                                   const mote_position *position) MOTE_MUST_CHECK;

/// Refuses the `index`-th, saying what differs, when it is of another model; data are not looked at.
mote_status mote_checkpoints_check_model(mote_checkpoints *checkpoints,
                                         size_t index) MOTE_MUST_CHECK;

/// Fills the run's state and the position from the `index`-th. MOTE_ERROR_PROPERTY when it has another format, or is of another
/// model or other data (these only with an identity), saying what differs, or is not accepted; other errors when it is
/// damaged or cannot be read. The state is changed on success only.
mote_status mote_checkpoints_read(mote_checkpoints *checkpoints, size_t index,
                                  mote_position *position) MOTE_MUST_CHECK;

/// Reads the newest that can be read, and makes it the last; those behind it, which are damaged, are the first to be removed.
/// The config's notice is told of both. `found` is false, and the notice says so, when there is none; MOTE_ERROR_FORMAT
/// when none of them can be read.
mote_status mote_checkpoints_resume(mote_checkpoints *checkpoints, const mote_train_config *config,
                                    mote_position *position, bool *found) MOTE_MUST_CHECK;

/// Removes the oldest, if it can, until `count` are left.
void mote_checkpoints_keep_newest(mote_checkpoints *checkpoints, size_t count);

/// Removes those behind the first `count`, damaged ones, too, and says how many they were. What is not known for a checkpoint
/// stays.
mote_status mote_checkpoints_cut(mote_checkpoints *checkpoints, size_t count,
                                 size_t *removed) MOTE_MUST_CHECK;

#endif
