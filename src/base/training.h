// SPDX-License-Identifier: Apache-2.0
// What a build without training (MOTE_TRAINING=OFF) leaves out: functions that nothing refers to any more.
#ifndef MOTE_BASE_TRAINING_H
#define MOTE_BASE_TRAINING_H

#include <stddef.h>

/// A pointer in a const table, to a function that only training calls or to what such functions read; NULL in a build
/// without it.
#define MOTE_TRAINING_ONLY(pointer) (MOTE_TRAINING ? (pointer) : NULL)

#endif
