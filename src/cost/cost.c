// SPDX-License-Identifier: Apache-2.0
// Times from rates.
#include "cost/cost.h"

mote_cost mote_cost_assume(size_t thread_count)
{
    return (mote_cost){
        .multiply_adds_per_ns = 75.0 * (double)thread_count,
        .bytes_per_ns = 15.0 * (double)thread_count,
        .operation_ns = 4000.0,
        .loaded_bytes_per_ns = 1.3,
        .stored_bytes_per_ns = 0.9,
        .transfer_ns = 60000.0,
    };
}

double mote_cost_operation_ns(const mote_cost *cost, double multiply_adds, double bytes)
{
    return cost->operation_ns + multiply_adds / cost->multiply_adds_per_ns +
           bytes / cost->bytes_per_ns;
}

double mote_cost_load_ns(const mote_cost *cost, size_t bytes)
{
    return cost->transfer_ns + (double)bytes / cost->loaded_bytes_per_ns;
}

double mote_cost_store_ns(const mote_cost *cost, size_t bytes)
{
    return cost->transfer_ns + (double)bytes / cost->stored_bytes_per_ns;
}
