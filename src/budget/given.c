// SPDX-License-Identifier: Apache-2.0
// A choice that was made before, of which it is known when blocks are in memory: what follows from that, or that it is none.
#include "budget/budget.h"

#include "budget/spans.h"

/// The stays of one program, span by span.
typedef struct completion {
    const mote_spans *spans;
    const mote_budget_choice *choice;
    size_t program;
    size_t next; // stay
} completion;

static bool is_of(const mote_stay *stay, const mote_span *span)
{
    return stay->block == span->block && stay->tensor == span->tensor &&
           stay->slice.first == span->slice.first;
}

static mote_status raise_stay(const completion *c, const mote_span *span, const mote_stay *stay)
{
    const mote_schedule *schedule = c->spans->problem->programs[c->program].schedule;
    return MOTE_RAISE(
        MOTE_ERROR_FORMAT, "'%s' cannot be in memory from step %zu of program %s on until step %zu",
        schedule->tensors[span->tensor].name, stay->first, schedule->name, stay->last);
}

/// Uses from `*use` on are those of the stay; `*use` becomes the one behind them.
static mote_status complete_stay(const completion *c, const mote_span *span, size_t *use,
                                 mote_stay *stay)
{
    const mote_schedule *schedule = c->spans->problem->programs[c->program].schedule;
    const size_t begin = c->spans->first_steps[c->program];
    const size_t first = *use;
    if (stay->last >= schedule->step_count || stay->first > stay->last ||
        !mote_stay_is_apart(schedule, stay))
        return raise_stay(c, span, stay);
    const mote_steps held = {begin + stay->first, begin + stay->last + 1};
    while (*use < span->use_count && span->uses[*use].last < held.end)
        (*use)++;
    const bool is_torn = *use < span->use_count && span->uses[*use].first < held.end;
    if (*use == first || is_torn || span->uses[first].first < held.first)
        return raise_stay(c, span, stay);
    *stay = mote_spans_make_stay(c->spans, span, first, *use, held);
    return MOTE_OK;
}

static mote_status complete_span(completion *c, const mote_span *span)
{
    mote_stay *stays = c->choice->stays[c->program];
    const size_t first = c->next;
    size_t use = 0;
    for (; c->next < c->choice->stay_counts[c->program] && is_of(&stays[c->next], span);
         c->next++) {
        if (c->next > first && stays[c->next].first <= stays[c->next - 1].last)
            return raise_stay(c, span, &stays[c->next]);
        MOTE_TRY(complete_stay(c, span, &use, &stays[c->next]));
    }
    const bool is_swapped = span->state != MOTE_NONE && c->choice->is_swapped[span->state];
    if (use == span->use_count || (c->next == first && !is_swapped))
        return MOTE_OK;
    const mote_schedule *schedule = c->spans->problem->programs[c->program].schedule;
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s' is not in memory at step %zu of program %s, which uses it",
                      schedule->tensors[span->tensor].name,
                      span->uses[use].first - c->spans->first_steps[c->program], schedule->name);
}

mote_status mote_budget_complete(const mote_budget_problem *problem, mote_arena *arena,
                                 mote_budget_choice *choice)
{
    mote_spans spans;
    completion c = {.spans = &spans, .choice = choice};
    MOTE_TRY(mote_spans_find(problem, 0.0, arena, &spans));
    for (size_t i = 0; i < spans.count; i++) {
        if (spans.items[i].program != c.program)
            c = (completion){&spans, choice, spans.items[i].program, 0};
        MOTE_TRY(complete_span(&c, &spans.items[i]));
    }
    return mote_spans_predict(&spans, choice);
}
