// SPDX-License-Identifier: Apache-2.0
// Spreads an update over threads: element-wise, so that any cut gives the same bits.
#ifndef MOTE_OPTIM_APPLY_H
#define MOTE_OPTIM_APPLY_H

#include "optim/optim.h"

/// Updates elements [first, first + count) of the run's tensors.
typedef void mote_apply_part(const mote_optimizer_run *run, const void *factors, size_t first,
                             size_t count);

void mote_apply_run(const mote_optimizer_run *run, mote_apply_part *part, const void *factors);

#endif
