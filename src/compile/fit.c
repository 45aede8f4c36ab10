// SPDX-License-Identifier: Apache-2.0
// Makes a plan fit into the memory budget: what comes and goes is chosen for fewer bytes alive, until offsets for it are found
// within the budget.
#include "compile/settings.h"

#include "base/size.h"

#include <string.h>

/// Offsets may need more than what lives at a step; so often it is tried with fewer bytes alive.
#define TRIES       6U
#define FLOOR_TRIES 3U
/// A floor is tried to be made smaller when more than this part of it is unused at its peak.
#define UNUSED_SHARE 128U

typedef struct fitting {
    const mote_compiler *c;
    mote_cost cost;
    mote_schedule whole[MOTE_PROGRAMS_MAX];
    mote_budget_problem problem;
    mote_arena_mark mark; // of the compile arena, behind the whole schedules
    bool is_slow; // what was chosen last takes longer than what is known, and was not planned
    char full_step[256]; // with the peak of the arena with everything in memory
} fitting;

static mote_status describe_program(fitting *f, size_t index, mote_arena *arena)
{
    const mote_compiled *compiled = f->c->compiled;
    const mote_schedule *schedule = &f->whole[index];
    const mote_state state = {.blocks = compiled->state_blocks,
                              .block_count = compiled->state_block_count};
    size_t *states = NULL;
    double *step_ns = NULL;
    MOTE_TRY(mote_arena_array(arena, schedule->tensor_count, sizeof *states, (void **)&states));
    MOTE_TRY(mote_arena_array(arena, schedule->step_count, sizeof *step_ns, (void **)&step_ns));
    MOTE_TRY(mote_budget_time_steps(&f->cost, schedule, arena, step_ns));
    for (size_t i = 0; i < schedule->tensor_count; i++)
        states[i] = schedule->tensors[i].persistent
                        ? mote_state_find(&state, schedule->tensors[i].name)
                        : MOTE_NONE;
    f->problem.programs[index] = (mote_budget_program){schedule, states, step_ns};
    return MOTE_OK;
}

static mote_status describe_problem(fitting *f, mote_arena *arena)
{
    const mote_compiled *compiled = f->c->compiled;
    size_t *bytes = NULL;
    mote_slices *slices = NULL;
    MOTE_TRY(mote_arena_array(arena, compiled->state_block_count, sizeof *bytes, (void **)&bytes));
    MOTE_TRY(
        mote_arena_array(arena, compiled->state_block_count, sizeof *slices, (void **)&slices));
    for (size_t i = 0; i < compiled->state_block_count; i++) {
        bytes[i] = compiled->state_blocks[i].bytes;
        slices[i] = compiled->state_blocks[i].slices;
    }
    f->problem = (mote_budget_problem){.program_count = compiled->program_count,
                                       .state_bytes = bytes,
                                       .state_slices = slices,
                                       .state_count = compiled->state_block_count,
                                       .staging_bytes = mote_compile_staging_bytes(compiled, true),
                                       .cost = f->cost};
    memcpy(f->whole, compiled->schedules, sizeof f->whole);
    for (size_t i = 0; i < compiled->program_count; i++)
        MOTE_TRY(describe_program(f, i, arena));
    return MOTE_OK;
}

static uint64_t find_state_home(const mote_state_block *block, mote_slice slice)
{
    size_t index = 0;
    while (slice.count > 0 && block->slices.items[index].first < slice.first)
        index++;
    return mote_state_slice_home(block, index);
}

/// All stays of a block have one home. What of the state is swapped has its own already.
static void find_homes(mote_compiled *compiled, const mote_budget_problem *problem, size_t program,
                       mote_stay *stays, size_t count)
{
    const mote_budget_program *at = &problem->programs[program];
    for (size_t i = 0; i < count; i++) {
        mote_stay *stay = &stays[i];
        if (stay->block == MOTE_NONE) {
            stay->home =
                find_state_home(&compiled->state_blocks[at->states[stay->tensor]], stay->slice);
        } else if (i > 0 && mote_stay_continues(stay, &stays[i - 1])) {
            stay->home = stays[i - 1].home;
        } else {
            stay->home = compiled->swap_bytes;
            compiled->swap_bytes += mote_schedule_stay_bytes(at->schedule, stay);
        }
    }
}

/// Plans anew with a choice. Where it does not fit, good offsets are wanted of what may be the smallest floor.
static mote_status take_choice(fitting *f, const mote_budget_choice *choice, bool wants_offsets)
{
    const size_t known = f->c->known_floor;
    const bool is_rough = !wants_offsets || (known > 0 && choice->live_bytes >= known);
    mote_compiled *compiled = f->c->compiled;
    mote_plan_info *info = &compiled->info;
    mote_arena_release_to(f->c->arena, f->mark);
    for (size_t i = 0; i < compiled->state_block_count; i++)
        compiled->state_blocks[i].is_swapped = choice->is_swapped[i];
    MOTE_TRY(mote_compile_place_state(f->c));
    for (size_t i = 0; i < compiled->program_count; i++) {
        find_homes(compiled, &f->problem, i, choice->stays[i], choice->stay_counts[i]);
        MOTE_TRY(mote_schedule_split(&f->whole[i], choice->stays[i], choice->stay_counts[i],
                                     f->c->arena, &compiled->schedules[i]));
    }
    MOTE_TRY(mote_compile_place(f->c, is_rough));
    info->swap_bytes = compiled->swap_bytes;
    info->loaded_bytes = choice->loaded_bytes;
    info->stored_bytes = choice->stored_bytes;
    info->predicted_ms = choice->run_ns * 1e-6;
    info->predicted_wait_ms = choice->wait_ns * 1e-6;
    return MOTE_OK;
}

/// Whether a choice that keeps the target takes longer than what is known; with fewer bytes it would take longer still.
static bool is_slow(const fitting *f, const mote_budget_choice *choice, size_t target)
{
    const double limit = f->c->limit_ms;
    return limit > 0.0 && choice->live_bytes <= target && choice->run_ns * 1e-6 >= limit;
}

static mote_status choose(fitting *f, size_t target, bool wants_offsets)
{
    mote_arena arena;
    mote_budget_choice choice;
    mote_arena_init(&arena, f->c->arena->allocator);
    mote_status status = mote_budget_choose(&f->problem, target, &arena, &choice);
    f->is_slow = status == MOTE_OK && is_slow(f, &choice, target);
    if (f->is_slow)
        f->c->compiled->info.predicted_ms = choice.run_ns * 1e-6;
    else if (status == MOTE_OK)
        status = take_choice(f, &choice, wants_offsets);
    mote_arena_release(&arena);
    return status;
}

/// What was planned last is the least that swapping leads to; without it, it may be less still.
static mote_status raise_floor(const fitting *f)
{
    mote_compiled *compiled = f->c->compiled;
    const mote_plan *plan = &compiled->plan;
    const char *step = f->full_step;
    char text[256];
    compiled->smallest_budget = mote_size_min(plan->arena_bytes, compiled->whole_bytes);
    if (plan->arena_bytes < compiled->whole_bytes)
        step = mote_compiled_step_text(compiled, plan->peak_step, text, sizeof text);
    return MOTE_RAISE(
        MOTE_ERROR_BUDGET,
        "%s: a memory budget of %zu bytes is too small: the smallest is %zu bytes, because of %s",
        f->c->request->description->path, (size_t)f->c->request->memory_budget,
        compiled->smallest_budget, step);
}

/// The smallest arena: of the fewest bytes alive, or of a few more, which offsets may be found for that leave less unused.
static mote_status choose_least(fitting *f)
{
    const mote_plan *plan = &f->c->compiled->plan;
    size_t best_target = 0;
    size_t target = 0;
    MOTE_TRY(choose(f, 0, true));
    const size_t unused = plan->arena_bytes - plan->lower_bound_bytes;
    const size_t first = plan->lower_bound_bytes;
    size_t least = plan->arena_bytes;
    const bool is_worth = unused > plan->arena_bytes / UNUSED_SHARE;
    for (size_t i = 1; i <= FLOOR_TRIES && is_worth; i++) {
        target = first + unused * i / (FLOOR_TRIES + 1);
        MOTE_TRY(choose(f, target, true));
        if (plan->arena_bytes < least) {
            least = plan->arena_bytes;
            best_target = target;
        }
    }
    return best_target == target ? MOTE_OK : choose(f, best_target, true);
}

static mote_status swap(fitting *f)
{
    const size_t budget = (size_t)f->c->request->memory_budget;
    const mote_plan *plan = &f->c->compiled->plan;
    size_t target = budget;
    f->mark = mote_arena_get_mark(f->c->arena);
    for (size_t i = 0; i < TRIES && target > 0; i++) {
        MOTE_TRY(choose(f, target, false));
        if (f->is_slow || plan->arena_bytes <= budget)
            return MOTE_OK;
        const size_t over = plan->arena_bytes - budget;
        const bool is_hopeless = plan->lower_bound_bytes > budget;
        target = over < target && !is_hopeless ? target - over : 0;
    }
    MOTE_TRY(choose_least(f));
    return plan->arena_bytes <= budget ? MOTE_OK : raise_floor(f);
}

/// Of a run of the first program, with everything in memory.
static mote_status predict(const mote_compiler *c, const mote_cost *cost)
{
    const mote_schedule *schedule = &c->compiled->schedules[0];
    const mote_arena_mark mark = mote_arena_get_mark(c->arena);
    double *step_ns = NULL;
    MOTE_TRY(mote_arena_array(c->arena, schedule->step_count, sizeof *step_ns, (void **)&step_ns));
    MOTE_TRY(mote_budget_time_steps(cost, schedule, c->arena, step_ns));
    for (size_t i = 0; i < schedule->step_count; i++)
        c->compiled->info.predicted_ms += step_ns[i] * 1e-6;
    mote_arena_release_to(c->arena, mark);
    return MOTE_OK;
}

/// What comes and goes is as it was saved.
static mote_status fit_as_saved(fitting *f, mote_arena *arena)
{
    mote_budget_choice choice;
    MOTE_TRY(describe_problem(f, arena));
    MOTE_TRY(mote_saved_plan_choose(f->c, &f->problem, arena, &choice));
    f->mark = mote_arena_get_mark(f->c->arena);
    return take_choice(f, &choice, true);
}

static bool needs_no_fit(const mote_compiler *c)
{
    if (c->request->saved)
        return c->request->saved->part_count == 0;
    return c->request->memory_budget == 0 ||
           c->compiled->plan.arena_bytes <= c->request->memory_budget;
}

static mote_status fit(fitting *f, mote_arena *arena)
{
    const mote_compiler *c = f->c;
    const mote_plan *plan = &c->compiled->plan;
    (void)mote_compiled_step_text(c->compiled, plan->peak_step, f->full_step, sizeof f->full_step);
    if (c->request->saved)
        return fit_as_saved(f, arena);
    if (c->request->without & MOTE_TECHNIQUE_SWAP)
        return raise_floor(f);
    MOTE_TRY(describe_problem(f, arena));
    return swap(f);
}

mote_cost mote_compile_find_cost(const mote_compiler *c)
{
    return c->request->cost ? *c->request->cost
                            : mote_cost_assume(c->request->context->parallel.thread_count);
}

mote_status mote_compile_fit(const mote_compiler *c)
{
    fitting f = {.c = c, .cost = mote_compile_find_cost(c)};
    mote_arena arena;
    MOTE_TRY(predict(c, &f.cost));
    c->compiled->whole_bytes = c->compiled->plan.arena_bytes;
    c->compiled->info.memory_budget = c->request->memory_budget;
    if (needs_no_fit(c))
        return MOTE_OK;
    mote_arena_init(&arena, c->arena->allocator);
    const mote_status status = fit(&f, &arena);
    mote_arena_release(&arena);
    return status;
}
