// SPDX-License-Identifier: Apache-2.0
// Private to exec: moving blocks between the arena and the swap file, beside the thread that computes.
#ifndef MOTE_EXEC_TRANSFER_H
#define MOTE_EXEC_TRANSFER_H

#include "exec/exec.h"

/// Before operation `index` runs: begins the transfers that are its turn, and waits for those that it needs.
mote_status mote_transfers_begin(const mote_program *program, size_t index,
                                 mote_transfers *transfers) MOTE_MUST_CHECK;

/// Behind it: waits for those whose memory others need from now on.
mote_status mote_transfers_end(const mote_program *program, size_t index,
                               mote_transfers *transfers) MOTE_MUST_CHECK;

#endif
