// SPDX-License-Identifier: Apache-2.0
// What other threads say to a model that is at work, and it takes at its next step or operation.
#ifndef MOTE_TRAIN_CONTROL_H
#define MOTE_TRAIN_CONTROL_H

#include "os/os.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct mote_control {
    mote_gate *gate;      // closed: paused
    atomic_ullong budget; // that was asked for, UINT64_MAX: any; 0: none was
    bool (*yield)(void *user);
    void *user;
    bool stops; // what yield said in this call
} mote_control;

/// In front of an operation, by the thread that runs it: waits while it is paused. Whether to end; `user` is the control.
bool mote_control_yield(void *user);

/// What yield said since the execution was made. Of NULL: false.
bool mote_control_stops(const mote_control *control);

/// Whether another budget was asked for since the last call (0: any). Of NULL: never.
bool mote_control_take_budget(mote_control *control, uint64_t *budget);

#endif
