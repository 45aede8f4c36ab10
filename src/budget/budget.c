// SPDX-License-Identifier: Apache-2.0
// Tries several measures of how much time transfers need: they come one after the other, so that each may have to wait.
#include "budget/budget.h"

#include "budget/spans.h"

#include <string.h>

/// Times as much as a transfer takes alone.
static const double stretches[] = {0.0, 0.5, 1.0, 2.0, 4.0, 8.0};

static void find_peak(const mote_spans *spans, mote_budget_choice *choice)
{
    const size_t steps = mote_spans_step_count(spans);
    choice->live_bytes = 0;
    for (size_t i = 0; i < steps; i++) {
        if (spans->live[i] > choice->live_bytes)
            choice->live_bytes = spans->live[i];
    }
}

static mote_status try_stretch(const mote_budget_problem *problem, size_t target_bytes,
                               double stretch, mote_arena *arena, mote_budget_choice *choice)
{
    mote_spans spans;
    *choice = (mote_budget_choice){.live_bytes = 0};
    MOTE_TRY(mote_spans_find(problem, stretch, arena, &spans));
    MOTE_TRY(mote_spans_cut(&spans, target_bytes));
    MOTE_TRY(mote_spans_make_stays(&spans, choice));
    find_peak(&spans, choice);
    if (choice->live_bytes <= target_bytes)
        MOTE_TRY(mote_spans_widen(&spans, target_bytes, choice));
    mote_spans_align(&spans, choice);
    return mote_spans_predict(&spans, choice);
}

static bool is_better(const mote_budget_choice *a, const mote_budget_choice *b, size_t target)
{
    const bool a_fits = a->live_bytes <= target;
    const bool b_fits = b->live_bytes <= target;
    if (a_fits != b_fits)
        return a_fits;
    return a_fits ? a->run_ns < b->run_ns : a->live_bytes < b->live_bytes;
}

/// Into an arena that lasts.
static mote_status copy_choice(const mote_budget_problem *problem, const mote_budget_choice *from,
                               mote_arena *arena, mote_budget_choice *to)
{
    *to = *from;
    MOTE_TRY(mote_arena_array(arena, problem->state_count, sizeof *to->is_swapped,
                              (void **)&to->is_swapped));
    if (problem->state_count > 0)
        memcpy(to->is_swapped, from->is_swapped, problem->state_count * sizeof *to->is_swapped);
    for (size_t i = 0; i < problem->program_count; i++) {
        const size_t count = from->stay_counts[i];
        MOTE_TRY(mote_arena_array(arena, count, sizeof *to->stays[i], (void **)&to->stays[i]));
        if (count > 0)
            memcpy(to->stays[i], from->stays[i], count * sizeof *to->stays[i]);
    }
    return MOTE_OK;
}

/// Keeps what a stretch gives when it is better than the choice so far; `is_first`: there is none.
static mote_status try_better(const mote_budget_problem *problem, size_t target_bytes,
                              double stretch, bool is_first, mote_arena *arena,
                              mote_budget_choice *choice)
{
    mote_budget_choice tried;
    mote_arena scratch;
    mote_arena_init(&scratch, arena->allocator);
    mote_status status = try_stretch(problem, target_bytes, stretch, &scratch, &tried);
    if (status == MOTE_OK && (is_first || is_better(&tried, choice, target_bytes)))
        status = copy_choice(problem, &tried, arena, choice);
    mote_arena_release(&scratch);
    return status;
}

mote_status mote_budget_choose(const mote_budget_problem *problem, size_t target_bytes,
                               mote_arena *arena, mote_budget_choice *choice)
{
    for (size_t i = 0; i < sizeof stretches / sizeof stretches[0]; i++)
        MOTE_TRY(try_better(problem, target_bytes, stretches[i], i == 0, arena, choice));
    return MOTE_OK;
}
