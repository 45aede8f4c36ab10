// SPDX-License-Identifier: Apache-2.0
// Stands in for ahead.c in a build without training: nothing is read ahead.
#include "exec/ahead.h"

void mote_ahead_open(const mote_program *program, size_t index, const mote_execution *execution)
{
    (void)program;
    (void)index;
    (void)execution;
}

mote_status mote_ahead_read(mote_ahead *ahead, const mote_source *source,
                            const mote_source_piece *piece, void *destination)
{
    (void)ahead;
    return source->read(source->user, piece, destination);
}

size_t mote_ahead_take(const mote_operation *operation, const mote_execution *execution,
                       bool *has_failed)
{
    (void)operation;
    (void)execution;
    *has_failed = false;
    return 0;
}
