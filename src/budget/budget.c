// SPDX-License-Identifier: Apache-2.0
// Tries several measures of how much time transfers need: they come one after the other, so that each may have to wait.
#include "budget/budget.h"

#include "budget/spans.h"

/// Times as much as a transfer takes alone.
static const double stretches[] = {0.0, 1.0, 2.0, 4.0, 8.0};

static void find_peak(const mote_spans *spans, mote_budget_choice *choice)
{
    const size_t steps = mote_spans_step_count(spans);
    choice->live_bytes = 0;
    for (size_t i = 0; i < steps; i++) {
        if (spans->live[i] > choice->live_bytes) {
            choice->live_bytes = spans->live[i];
            choice->live_step = i;
        }
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
    find_peak(&spans, choice);
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

mote_status mote_budget_choose(const mote_budget_problem *problem, size_t target_bytes,
                               mote_arena *arena, mote_budget_choice *choice)
{
    mote_budget_choice tried;
    MOTE_TRY(try_stretch(problem, target_bytes, stretches[0], arena, choice));
    for (size_t i = 1; i < sizeof stretches / sizeof stretches[0]; i++) {
        MOTE_TRY(try_stretch(problem, target_bytes, stretches[i], arena, &tried));
        if (is_better(&tried, choice, target_bytes))
            *choice = tried;
    }
    return MOTE_OK;
}
