// SPDX-License-Identifier: Apache-2.0
// The table of one level.
#include "kernel/table.h"

#include "base/training.h"
#include "kernel/portable/level.h"

const mote_kernels MOTE_KERNEL(table) = {
#define KERNEL(name, parameters)          .name = MOTE_KERNEL(name),
#define KERNEL_TRAINING(name, parameters) .name = MOTE_TRAINING_ONLY(MOTE_KERNEL(name)),
#include "kernel/kernels.def"
#undef KERNEL
};
