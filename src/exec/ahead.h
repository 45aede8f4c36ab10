// SPDX-License-Identifier: Apache-2.0
// Private to exec: reading ahead, and what a READ takes of it.
#ifndef MOTE_EXEC_AHEAD_H
#define MOTE_EXEC_AHEAD_H

#include "exec/exec.h"

/// Samples that lie side by side, in the batch and in memory.
typedef struct mote_read_run {
    size_t first, count;
    unsigned char *place;
} mote_read_run;

/// Of the port of a READ.
size_t mote_read_sample_bytes(const mote_operation *operation);

/// Samples of a part that a batch has.
size_t mote_read_count_part(const mote_read_part *part, size_t batch);

/// The run that begins with sample number `at` in the order of the READ's parts.
mote_read_run mote_read_find_run(const mote_operation *operation, size_t batch, size_t at);

/// What can be read ahead from operation `index` on is read from now on.
void mote_ahead_open(const mote_program *program, size_t index, const mote_execution *execution);

/// Ends reading ahead for the batch of a READ. So many samples, in the order of its parts, are read; `has_failed`: one
/// could not be.
size_t mote_ahead_take(const mote_operation *operation, const mote_execution *execution,
                       bool *has_failed);

/// Has the source read, and notes what that cost.
mote_status mote_ahead_read(mote_ahead *ahead, const mote_source *source,
                            const mote_source_piece *piece, void *destination);

#endif
