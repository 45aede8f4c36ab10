// SPDX-License-Identifier: Apache-2.0
// What other threads say to a model that is at work, and it takes at its next step or operation.
#ifndef MOTE_TRAIN_CONTROL_H
#define MOTE_TRAIN_CONTROL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct mote_control {
    atomic_ullong budget; // that was asked for, UINT64_MAX: any; 0: none was
} mote_control;

/// Whether another budget was asked for since the last call (0: any). Of NULL: never.
bool mote_control_take_budget(mote_control *control, uint64_t *budget);

#endif
