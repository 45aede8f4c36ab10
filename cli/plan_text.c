// SPDX-License-Identifier: Apache-2.0
// A memory plan for people: sizes in bytes and rounded, what was saved, and who holds the peak.
#include "plan_text.h"

#include "deadline.h"
#include "swap.h"

const char *cli_format_shape(const mote_placement_info *block, char *text)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < block->rank; i++)
        length += cli_format(text + length, CLI_SHAPE_LENGTH - length, i == 0 ? "%zu" : "x%zu",
                             block->dims[i]);
    return text;
}

static void print_bytes(const char *name, size_t bytes, const char *remark)
{
    char text[CLI_BYTES_LENGTH];
    cli_print("%-16s %12zu bytes  %8s%s%s\n", name, bytes, cli_format_bytes(bytes, text),
              remark[0] ? "   " : "", remark);
}

/// Puts `row` into the list, which is sorted downwards.
static void insert_largest(cli_largest *largest, const mote_placement_info *row)
{
    mote_placement_info rest = *row;
    for (size_t i = 0; i < largest->count; i++) {
        if (largest->blocks[i].bytes >= rest.bytes)
            continue;
        const mote_placement_info smaller = largest->blocks[i];
        largest->blocks[i] = rest;
        rest = smaller;
    }
    if (largest->count < CLI_LARGEST_COUNT)
        largest->blocks[largest->count++] = rest;
}

mote_status cli_largest_find(const mote_model *model, cli_findings *findings)
{
    const mote_plan_info *plan = &findings->plan;
    findings->largest.count = 0;
    for (size_t i = 0; i < plan->placement_count; i++) {
        mote_placement_info row;
        const mote_status status = mote_model_get_placement(model, i, &row);
        if (status != MOTE_OK)
            return status;
        if (row.lower <= plan->peak_step && plan->peak_step < row.upper)
            insert_largest(&findings->largest, &row);
    }
    return MOTE_OK;
}

static void print_kinds(const mote_plan_info *plan)
{
    cli_print("%-16s %12s  %14s\n", "", "at the peak", "all blocks");
    for (int i = 0; i < MOTE_BLOCK_KIND_COUNT; i++) {
        char peak[CLI_BYTES_LENGTH];
        char all[CLI_BYTES_LENGTH];
        cli_print("  %-14s %12s  %14s\n", mote_block_kind_name((mote_block_kind)i),
                  cli_format_bytes(plan->kind_bytes[i], peak),
                  cli_format_bytes(plan->kind_all_bytes[i], all));
    }
}

static void print_largest(const cli_largest *largest)
{
    cli_print("largest there\n");
    for (size_t i = 0; i < largest->count; i++) {
        const mote_placement_info *block = &largest->blocks[i];
        char bytes[CLI_BYTES_LENGTH];
        char shape[CLI_SHAPE_LENGTH];
        cli_print("%12zu bytes  %8s  %-12s %s%s%s, steps %zu to %zu\n", block->bytes,
                  cli_format_bytes(block->bytes, bytes), mote_block_kind_name(block->kind),
                  block->name, block->rank ? ", " : "", cli_format_shape(block, shape),
                  block->lower, block->upper - 1);
    }
}

static void print_ahead(const mote_plan_info *plan)
{
    char batch[CLI_BYTES_LENGTH];
    char remark[512];
    cli_format(remark, sizeof remark, "of the next batch's %s%s%s",
               cli_format_bytes(plan->batch_bytes, batch), plan->ahead_bytes ? ", from " : "",
               plan->ahead_step_name);
    print_bytes("read ahead", plan->ahead_bytes, remark);
}

void cli_plan_print(const cli_findings *findings)
{
    const mote_plan_info *plan = &findings->plan;
    cli_print("memory plan (%s), batch %zu, %zu parameters, %zu layers, %zu steps\n", plan->planner,
              plan->batch_size, plan->parameter_count, plan->layer_count, plan->step_count);
    print_bytes("arena", plan->arena_bytes, "all that tensors take");
    print_bytes("lower bound", plan->lower_bound_bytes, "the most that live at one step");
    if (plan->is_optimal)
        cli_print("no arena can be smaller for this schedule\n");
    print_bytes("without planning", plan->unplanned_bytes, "a place of its own for each block");
    print_ahead(plan);
    cli_swap_print_plan(plan);
    cli_deadline_print_plan(plan);
    cli_savings_print(&findings->savings, plan);
    cli_print("peak at step %zu, %s\n", plan->peak_step, plan->peak_step_name);
    print_kinds(plan);
    print_largest(&findings->largest);
    cli_print("plan hash %s\n", plan->plan_hash);
}

void cli_plan_talk(const mote_plan_info *plan)
{
    char arena[CLI_BYTES_LENGTH];
    char unplanned[CLI_BYTES_LENGTH];
    cli_talk("planned arena %zu bytes (%s; without planning %s), peak at step %zu, %s\n",
             plan->arena_bytes, cli_format_bytes(plan->arena_bytes, arena),
             cli_format_bytes(plan->unplanned_bytes, unplanned), plan->peak_step,
             plan->peak_step_name);
}
