// SPDX-License-Identifier: Apache-2.0
// Stands in for optimizer.c in a build without training.
#include "custom/custom.h"

mote_status mote_custom_make_optimizer(const mote_custom_optimizer *custom,
                                       const mote_property *taken, mote_arena *arena,
                                       const mote_optimizer **optimizer)
{
    (void)taken;
    (void)arena;
    (void)optimizer;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                      "optimizer '%.100s': this build of mote is without training",
                      custom->name ? custom->name : "");
}
