// SPDX-License-Identifier: Apache-2.0
// What of the next batch a program can read before the step that needs it, and where to.
#include "compile/settings.h"

#include "base/size.h"

#include <assert.h>

/// What a READ fills, for the planner.
static mote_ahead_target make_target(const mote_compiled *compiled, size_t index,
                                     const mote_operation *operation)
{
    const mote_schedule *schedule = &compiled->schedules[index];
    const mote_graph *graph = schedule->graph;
    const mote_schedule_tensor *tensor =
        &schedule->tensors[schedule->values[graph->ports[operation->port]]];
    mote_ahead_target target = {.placement = compiled->first_placements[index] + tensor->block,
                                .piece_count = graph->batch};
    const mote_status status = mote_tensor_spec_bytes(tensor->spec, 1, &target.piece_bytes);
    assert(status == MOTE_OK && target.piece_bytes * target.piece_count <= tensor->bytes);
    (void)status;
    return target;
}

/// The step of READ number `read`.
static size_t find_read(const mote_schedule *schedule, size_t read)
{
    size_t step = 0;
    while (schedule->steps[step].kind != MOTE_STEP_READ || read-- > 0)
        step++;
    return step;
}

/// `begin`: of the schedule's steps, in the problem.
static mote_status take_parts(const mote_ahead_target *target, const mote_schedule *schedule,
                              size_t begin, mote_arena *arena, mote_operation *operation)
{
    operation->part_count = target->part_count;
    MOTE_TRY(mote_arena_array(arena, operation->part_count, sizeof *operation->parts,
                              (void **)&operation->parts));
    for (size_t i = 0; i < target->part_count; i++) {
        const mote_ahead_part *part = &target->parts[i];
        const bool is_ahead = part->step != MOTE_AHEAD_NEVER;
        operation->parts[i] = (mote_read_part){
            is_ahead ? mote_compile_find_operation(schedule, part->step - begin) : MOTE_ABSENT,
            part->first, part->count, part->offset};
    }
    return MOTE_OK;
}

/// How far the first program, the one that trains, can read ahead. Its steps are the first of the problem.
static mote_status describe(mote_compiled *compiled, const mote_ahead_target *targets,
                            mote_arena *arena)
{
    mote_plan_info *info = &compiled->info;
    const mote_schedule *schedule = &compiled->schedules[0];
    const mote_program *program = &compiled->programs[0];
    char *name = NULL;
    info->ahead_step = schedule->step_count;
    for (size_t i = 0; i < program->read_count; i++) {
        for (size_t j = 0; j < targets[i].part_count; j++) {
            const mote_ahead_part *part = &targets[i].parts[j];
            info->batch_bytes += part->count * targets[i].piece_bytes;
            if (part->step == MOTE_AHEAD_NEVER)
                continue;
            info->ahead_bytes += part->count * targets[i].piece_bytes;
            info->ahead_step = mote_size_min(info->ahead_step, part->step);
        }
    }
    const size_t operation = mote_compile_find_operation(schedule, info->ahead_step);
    MOTE_TRY(mote_arena_format(arena, &name, "%s",
                               info->ahead_bytes ? program->operations[operation].name : ""));
    info->ahead_step_name = name;
    return MOTE_OK;
}

static mote_status find_parts(mote_compiled *compiled, size_t index, mote_arena *arena,
                              mote_arena *scratch, mote_program *program)
{
    const mote_schedule *schedule = &compiled->schedules[index];
    mote_ahead_target *targets = NULL;
    mote_ahead_problem problem = {.problem = &compiled->problem, .plan = &compiled->plan};
    MOTE_TRY(mote_arena_array(scratch, program->read_count, sizeof *targets, (void **)&targets));
    for (size_t i = 0; i < index; i++)
        problem.begin += compiled->schedules[i].step_count;
    problem.end = problem.begin + schedule->step_count;
    for (size_t i = 0; i < program->read_count; i++) {
        targets[i] = make_target(compiled, index, &program->operations[program->reads[i]]);
        const size_t step = find_read(schedule, i);
        assert(compiled->problem.placements[targets[i].placement].first == problem.begin + step);
        (void)step;
    }
    MOTE_TRY(mote_plan_ahead(&problem, targets, program->read_count, scratch));
    for (size_t i = 0; i < program->read_count; i++)
        MOTE_TRY(take_parts(&targets[i], schedule, problem.begin, arena,
                            &program->operations[program->reads[i]]));
    return index == 0 ? describe(compiled, targets, arena) : MOTE_OK;
}

static mote_status list_reads(mote_arena *arena, mote_program *program)
{
    size_t count = 0;
    for (size_t i = 0; i < program->operation_count; i++)
        count += program->operations[i].run == mote_operation_read;
    MOTE_TRY(mote_arena_array(arena, count, sizeof *program->reads, (void **)&program->reads));
    for (size_t i = 0; i < program->operation_count; i++) {
        if (program->operations[i].run == mote_operation_read)
            program->reads[program->read_count++] = i;
    }
    return MOTE_OK;
}

mote_status mote_compile_ahead(mote_compiled *compiled, size_t index, mote_arena *arena)
{
    mote_program *program = &compiled->programs[index];
    mote_arena scratch;
    mote_arena_init(&scratch, arena->allocator);
    MOTE_TRY(list_reads(arena, program));
    const mote_status status = find_parts(compiled, index, arena, &scratch, program);
    mote_arena_release(&scratch);
    return status;
}
