// SPDX-License-Identifier: Apache-2.0
// Times from rates.
#include "cost/cost.h"

static mote_rates multiply_rates(const mote_rates *rates, double factor)
{
    mote_rates more = {.near_bytes = factor * rates->near_bytes,
                       .far_bytes = factor * rates->far_bytes};
    for (size_t i = 0; i < MOTE_EFFORT_COUNT; i++)
        more.amounts[i] = factor * rates->amounts[i];
    return more;
}

mote_cost mote_cost_assume(size_t thread_count)
{
    mote_cost cost = {
        .one =
            {
                .amounts =
                    {
                        [MOTE_EFFORT_MULTIPLY] = 85.0,
                        [MOTE_EFFORT_PANEL] = 8.0,
                        [MOTE_EFFORT_CONVOLVE] = 90.0,
                        [MOTE_EFFORT_PATCH] = 12.0,
                        [MOTE_EFFORT_DEPTHWISE] = 30.0,
                        [MOTE_EFFORT_WINDOW] = 4.0,
                        [MOTE_EFFORT_NORMALIZE] = 6.0,
                        [MOTE_EFFORT_FUNCTION] = 1.0,
                        [MOTE_EFFORT_APPLY] = 6.0,
                    },
                .near_bytes = 60.0,
                .far_bytes = 25.0,
            },
        .operation_ns = 1000.0,
        .split_ns = 5000.0,
        .cache_bytes = 16777216.0,
        .loaded_bytes = 1.3,
        .stored_bytes = 0.9,
        .load_ns = 60000.0,
        .store_ns = 60000.0,
        .transfer_share = 0.25,
    };
    cost.all = multiply_rates(&cost.one, (double)thread_count);
    return cost;
}

static double compute_ns(const mote_rates *rates, const mote_effort *effort, double near_bytes,
                         double far_bytes)
{
    double ns = near_bytes / rates->near_bytes + far_bytes / rates->far_bytes;
    for (size_t i = 0; i < MOTE_EFFORT_COUNT; i++)
        ns += effort->amounts[i] / rates->amounts[i];
    return ns;
}

double mote_cost_operation_ns(const mote_cost *cost, const mote_effort *effort, double near_bytes,
                              double far_bytes)
{
    const double alone = compute_ns(&cost->one, effort, near_bytes, far_bytes);
    const double shared = cost->split_ns + compute_ns(&cost->all, effort, near_bytes, far_bytes);
    return cost->operation_ns + (shared < alone ? shared : alone);
}

double mote_cost_load_ns(const mote_cost *cost, size_t bytes)
{
    return cost->load_ns + (double)bytes / cost->loaded_bytes;
}

double mote_cost_store_ns(const mote_cost *cost, size_t bytes)
{
    return cost->store_ns + (double)bytes / cost->stored_bytes;
}
