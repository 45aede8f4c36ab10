// SPDX-License-Identifier: Apache-2.0
// What a build without training (MOTE_TRAINING=OFF) leaves out: functions that nothing refers to any more.
#ifndef MOTE_BASE_TRAINING_H
#define MOTE_BASE_TRAINING_H

#include <stddef.h>

/// A function in a const table that only training calls; NULL in a build without it.
#define MOTE_TRAINING_ONLY(function) (MOTE_TRAINING ? (function) : NULL)

#endif
