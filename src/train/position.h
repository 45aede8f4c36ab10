// SPDX-License-Identifier: Apache-2.0
// Where a training stands: all that it needs, beside the state in the arena, to go on as if nothing had been.
#ifndef MOTE_TRAIN_POSITION_H
#define MOTE_TRAIN_POSITION_H

#include "train/best.h"
#include "train/loop.h"

/// Fields of 8 bytes only, so that it can be written word by word; another layout is another format of checkpoints.
typedef struct mote_position {
    uint64_t steps;   // done, skipped ones too: the iteration that comes next
    uint64_t updates; // of the weights
    uint64_t skipped; // steps that were not finite
    uint64_t epoch;   // counts from 1
    uint64_t sample;  // of its order that comes next
    uint64_t epochs_done;
    mote_tally training;   // of this epoch
    mote_tally validation; // of the last epoch; samples 0: none
    mote_best best;
} mote_position;

#define MOTE_POSITION_TEXT_BYTES (2 * sizeof(mote_position) + 1)

/// Hexadecimal digits, and their final zero: their number does not depend on the position.
void mote_position_write(const mote_position *position, char text[MOTE_POSITION_TEXT_BYTES]);

/// False unless `text` is what mote_position_write makes.
bool mote_position_read(const char *text, mote_position *position);

#endif
