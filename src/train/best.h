// SPDX-License-Identifier: Apache-2.0
// Which epoch was best, and for how long none has been better.
#ifndef MOTE_TRAIN_BEST_H
#define MOTE_TRAIN_BEST_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mote_best {
    uint64_t epoch; // the first with the lowest loss; 0: none yet
    double loss;
    double reference; // what a loss has to be below, by more than min_delta, to count as fallen
    uint64_t waited;  // epochs since one was
} mote_best;

/// Takes the validation loss of the next epoch; true when it is the lowest so far.
bool mote_best_add(mote_best *best, uint64_t epoch, double loss, double min_delta);

#endif
