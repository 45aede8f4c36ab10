// SPDX-License-Identifier: Apache-2.0
// A memory plan for people: sizes in bytes and rounded, and who holds the peak.
#include "plan_text.h"

#include "output.h"

#include <inttypes.h>

enum {
    LARGEST_COUNT = 3
};

static void print_bytes(const char *name, size_t bytes)
{
    char text[CLI_BYTES_LENGTH];
    cli_print("%-14s %14zu bytes  %8s\n", name, bytes, cli_format_bytes(bytes, text));
}

/// Puts `row` into the list of the largest, which is sorted downwards.
static void insert_largest(mote_placement_info *largest, const mote_placement_info *row)
{
    mote_placement_info rest = *row;
    for (size_t i = 0; i < LARGEST_COUNT; i++) {
        if (largest[i].bytes >= rest.bytes)
            continue;
        const mote_placement_info smaller = largest[i];
        largest[i] = rest;
        rest = smaller;
    }
}

static mote_status print_largest(const mote_model *model, const mote_plan_info *plan)
{
    mote_placement_info largest[LARGEST_COUNT] = {{.bytes = 0}};
    for (size_t i = 0; i < plan->placement_count; i++) {
        mote_placement_info row;
        const mote_status status = mote_model_get_placement(model, i, &row);
        if (status != MOTE_OK)
            return status;
        if (row.lower <= plan->peak_step && plan->peak_step < row.upper)
            insert_largest(largest, &row);
    }
    for (size_t i = 0; i < LARGEST_COUNT && largest[i].bytes > 0; i++) {
        char text[CLI_BYTES_LENGTH];
        cli_print("%s %s (%s) %s", i == 0 ? "largest there:" : ",", largest[i].name,
                  mote_block_kind_name(largest[i].kind), cli_format_bytes(largest[i].bytes, text));
    }
    cli_print("\n");
    return MOTE_OK;
}

mote_status cli_plan_print(const mote_model *model, const mote_plan_info *plan)
{
    cli_print("memory plan (%s), batch %zu, %zu parameters, %zu layers, %zu steps\n", plan->planner,
              plan->batch_size, plan->parameter_count, plan->layer_count, plan->step_count);
    print_bytes("arena", plan->arena_bytes);
    print_bytes("lower bound", plan->lower_bound_bytes);
    if (plan->is_optimal)
        cli_print("no arena can be smaller for this schedule\n");
    print_bytes("without reuse", plan->unplanned_bytes);
    cli_print("peak at step %zu, %s:\n", plan->peak_step, plan->peak_step_name);
    for (int kind = 0; kind < MOTE_BLOCK_KIND_COUNT; kind++) {
        char name[32];
        cli_format(name, sizeof name, "  %s", mote_block_kind_name((mote_block_kind)kind));
        print_bytes(name, plan->kind_bytes[kind]);
    }
    return print_largest(model, plan);
}

void cli_plan_talk(const mote_plan_info *plan)
{
    char arena[CLI_BYTES_LENGTH];
    char unplanned[CLI_BYTES_LENGTH];
    cli_talk("planned arena %zu bytes (%s; without reuse %s), peak at step %zu, %s\n",
             plan->arena_bytes, cli_format_bytes(plan->arena_bytes, arena),
             cli_format_bytes(plan->unplanned_bytes, unplanned), plan->peak_step,
             plan->peak_step_name);
}
