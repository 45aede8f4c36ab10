// SPDX-License-Identifier: Apache-2.0
// The stages of the compiler as text.
#include "base/text.h"
#include "compile/compile.h"

const char *mote_stage_name(mote_stage stage)
{
    static const char *const names[] = {
#define MOTE_STAGE_TEXT(name, text) text,
        MOTE_STAGE_MAP(MOTE_STAGE_TEXT)
#undef MOTE_STAGE_TEXT
    };
    return stage < MOTE_STAGE_COUNT ? names[stage] : "";
}

static void print_graphs(const mote_compiled *compiled, const mote_writer *writer)
{
    static const char *const titles[] = {"training and evaluation", "inference"};
    for (size_t i = 0; i < 2; i++) {
        if (compiled->graphs[i].node_count == 0)
            continue;
        mote_write(writer, "graph for %s:\n", titles[i]);
        mote_graph_print(&compiled->graphs[i], writer);
    }
}

static void print_plan(const mote_compiled *compiled, const mote_writer *writer)
{
    const mote_plan *plan = &compiled->plan;
    mote_write(writer, "arena %zu bytes, lower bound %zu, planner %s, hash %s%s\n",
               plan->arena_bytes, plan->lower_bound_bytes, compiled->info.planner, plan->hash,
               plan->is_optimal ? ", optimal" : "");
    mote_write(writer, "peak at step %zu, %s\n", plan->peak_step, compiled->info.peak_step_name);
    mote_write(writer, "%12s %12s %5s %5s  %-11s block\n", "offset", "bytes", "first", "last",
               "kind");
    for (size_t i = 0; i < compiled->problem.placement_count; i++) {
        const mote_placement *placement = &compiled->problem.placements[i];
        mote_block_kind kind;
        const char *name = mote_compiled_placement_name(compiled, i, &kind);
        mote_write(writer, "%12zu %12zu %5zu %5zu  %-11s %s\n", plan->offsets[i], placement->bytes,
                   placement->first, placement->last, mote_block_kind_name(kind), name);
    }
}

void mote_compiled_print(const mote_compiled *compiled, mote_stage stage, const mote_writer *writer)
{
    switch (stage) {
    case MOTE_STAGE_GRAPH:
        print_graphs(compiled, writer);
        break;
    case MOTE_STAGE_SCHEDULE:
        for (size_t i = 0; i < compiled->program_count; i++)
            mote_schedule_print(&compiled->schedules[i], writer);
        break;
    case MOTE_STAGE_PLAN:
        print_plan(compiled, writer);
        break;
    case MOTE_STAGE_PROGRAM:
        for (size_t i = 0; i < compiled->program_count; i++)
            mote_program_print(&compiled->programs[i], writer);
        break;
    case MOTE_STAGE_DESCRIPTION: // the model's, not the compiler's
    case MOTE_STAGE_COUNT:
        break;
    }
}
