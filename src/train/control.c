// SPDX-License-Identifier: Apache-2.0
// Requests are noted by any thread and taken by the one that runs the model.
#include "train/control.h"

#include <stddef.h>

bool mote_control_yield(void *user)
{
    mote_control *const control = user;
    mote_gate_pass(control->gate);
    if (control->yield && control->yield(control->user))
        control->stops = true;
    return control->stops;
}

bool mote_control_stops(const mote_control *control)
{
    return control && control->stops;
}

bool mote_control_take_budget(mote_control *control, uint64_t *budget)
{
    if (!control || atomic_load_explicit(&control->budget, memory_order_relaxed) == 0)
        return false;
    const uint64_t asked = atomic_exchange(&control->budget, 0);
    *budget = asked == UINT64_MAX ? 0 : asked;
    return asked > 0;
}
