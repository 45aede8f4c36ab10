// SPDX-License-Identifier: Apache-2.0
// How long the processor is held from one operation to the next, as predicted.
#include "budget/budget.h"
#include "compile/settings.h"

typedef struct longest {
    double ns;
    size_t step; // of all programs, one after the other
} longest;

/// A step that runs part by part has an operation for each.
static mote_status time_program(const mote_compiler *c, const mote_cost *cost, size_t index,
                                size_t first_step, longest *most)
{
    const mote_schedule *schedule = &c->compiled->schedules[index];
    const double deadline_ns = c->compiled->info.operation_deadline_ms * 1e6;
    double *step_ns = NULL;
    MOTE_TRY(mote_arena_array(c->arena, schedule->step_count, sizeof *step_ns, (void **)&step_ns));
    MOTE_TRY(mote_budget_time_steps(cost, schedule, c->arena, step_ns));
    for (size_t i = 0; i < schedule->step_count; i++) {
        const size_t parts = schedule->steps[i].run.count;
        const size_t count = parts > 0 ? parts : 1;
        const double ns = step_ns[i] / (double)count;
        if (deadline_ns > 0.0 && ns > deadline_ns)
            c->compiled->info.late_operation_count += count;
        if (ns > most->ns)
            *most = (longest){ns, first_step + i};
    }
    return MOTE_OK;
}

mote_status mote_compile_time_operations(const mote_compiler *c)
{
    mote_plan_info *info = &c->compiled->info;
    const mote_cost cost = mote_compile_find_cost(c);
    const mote_arena_mark mark = mote_arena_get_mark(c->arena);
    longest most = {.ns = 0.0};
    size_t first_step = 0;
    info->operation_deadline_ms = c->request->description->settings.operation_deadline_ms;
    for (size_t i = 0; i < c->compiled->program_count; i++) {
        MOTE_TRY(time_program(c, &cost, i, first_step, &most));
        first_step += c->compiled->schedules[i].step_count;
    }
    mote_arena_release_to(c->arena, mark);
    char text[256];
    char *name = NULL;
    MOTE_TRY(mote_arena_format(c->arena, &name, "%s",
                               mote_compiled_step_text(c->compiled, most.step, text, sizeof text)));
    info->longest_operation_ms = most.ns * 1e-6;
    info->longest_operation = name;
    return MOTE_OK;
}
