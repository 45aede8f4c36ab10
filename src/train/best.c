// SPDX-License-Identifier: Apache-2.0
// Keeps the first of equal losses, and counts epochs since a fall of more than min_delta.
#include "train/best.h"

bool mote_best_add(mote_best *best, uint64_t epoch, double loss, double min_delta)
{
    const bool is_first = best->epoch == 0;
    const bool is_lowest = is_first || loss < best->loss;
    // many small falls add up: the reference stays until one epoch is far enough below it
    if (is_first || loss < best->reference - min_delta) {
        best->reference = loss;
        best->waited = 0;
    } else {
        best->waited++;
    }
    if (is_lowest) {
        best->epoch = epoch;
        best->loss = loss;
    }
    return is_lowest;
}
