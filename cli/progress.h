// SPDX-License-Identifier: Apache-2.0
// What work says while it runs: a live line on a terminal, else a line now and then. Allocates
// nothing between init and release, as nothing may be allocated between two training steps.
#ifndef MOTE_CLI_PROGRESS_H
#define MOTE_CLI_PROGRESS_H

#include "cli.h"

/// Record of a finished epoch.
typedef struct cli_epoch {
    uint64_t number;
    mote_metrics training;
    mote_metrics validation; // samples = 0 without
} cli_epoch;

typedef struct cli_progress {
    bool has_epochs;
    const char *batch_name; // what batches are called: "batch", "step"
    bool quiet, live, colors;
    uint64_t first_ns;      // clock at the first step,
    uint64_t epoch_ns;      // at the epoch's first step,
    uint64_t drawn_ns;      // when a line was last drawn
    uint64_t epoch_step_ns; // spent in this epoch's training steps
    uint64_t epoch, batch;  // of the last step counted
    uint64_t epoch_samples; // trained in this epoch
    uint64_t samples;       // trained in all epochs
    size_t drawn_length;    // of the live line that stands there
    cli_epoch *epochs;      // the last epoch_capacity ones, as a ring; NULL: not kept
    size_t epoch_capacity;
    uint64_t epoch_count; // finished
} cli_progress;

/// Starts for work without epochs.
void cli_progress_init(cli_progress *progress, const cli_options *options, const char *batch_name);

/// Starts for training. `kept_epochs`: of how many epochs to keep a record; having told the user,
/// false when out of memory.
bool cli_progress_init_epochs(cli_progress *progress, const cli_options *options,
                              uint64_t kept_epochs);

/// The progress callback of the library; `user` is the cli_progress.
void cli_progress_report(void *user, const mote_progress *now);

/// Ends the live line, so that other text can follow.
void cli_progress_finish(cli_progress *progress);

void cli_progress_release(cli_progress *progress);

/// How many finished epochs are kept, and the i-th of these.
size_t cli_progress_kept(const cli_progress *progress);
const cli_epoch *cli_progress_epoch(const cli_progress *progress, size_t index);

#endif
