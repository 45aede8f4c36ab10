// SPDX-License-Identifier: Apache-2.0
// Stands in for this folder in a build without training: there are no optimizers and no schedules.
#include "optim/optim.h"

const mote_optimizer_registry *mote_optimizers_builtin(void)
{
    static const mote_optimizer_registry registry = {.optimizers = NULL, .count = 0};
    return &registry;
}

const mote_optimizer *mote_optimizer_find(const mote_optimizer_registry *registry, const char *name)
{
    (void)registry;
    (void)name;
    return NULL;
}

const mote_schedule_rate *const *mote_schedule_rates(size_t *count)
{
    *count = 0;
    return NULL;
}

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
