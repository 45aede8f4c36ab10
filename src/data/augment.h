// SPDX-License-Identifier: Apache-2.0
// Private to data: samples of a training set changed at random, another way each epoch. What happens to a sample
// depends on seed, epoch and the sample's number in the set alone, not on its place in a batch or on threads.
#ifndef MOTE_DATA_AUGMENT_H
#define MOTE_DATA_AUGMENT_H

#include "base/random.h"
#include "base/real.h"
#include "tensor/tensor.h"

#include <stdbool.h>

typedef enum mote_flip {
    MOTE_FLIP_NONE,
    MOTE_FLIP_HORIZONTAL,
    MOTE_FLIP_VERTICAL,
    MOTE_FLIP_BOTH
} mote_flip;

typedef struct mote_augmentation {
    uint32_t flip; // mote_flip
    double shift;  // largest shift as a share of height and width
    double crop;   // smallest window as a share of height and width; 1: none
    double noise;  // deviation
} mote_augmentation;

bool mote_augmentation_is_on(const mote_augmentation *augmentation);

/// A sample of an epoch. `key` has the run's seed and the epoch as its iteration; name and time are not used.
typedef struct mote_augmented_sample {
    const mote_random_key *key;
    uint64_t number; // of the sample in the set
    size_t port;     // all ports of a sample are moved alike, and get noise of their own
} mote_augmented_sample;

/// Changes the values of a sample of shape channels:height:width in place: crop, flip, shift, noise. `scratch`
/// has room for as many values when there is a crop. No allocation.
void mote_augment(const mote_augmentation *augmentation, const mote_augmented_sample *sample,
                  const mote_shape *shape, mote_real *scratch, mote_real *values);

#endif
