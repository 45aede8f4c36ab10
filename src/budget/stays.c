// SPDX-License-Identifier: Apache-2.0
// From cuts to stays, and how far transfers reach beyond their uses.
#include "budget/spans.h"

#include "base/size.h"

/// Stays of a span: from one cut to the next.
static size_t count_stays(const mote_spans *spans, const mote_span *span)
{
    size_t count = span->use_count > 0 ? 1 : 0;
    if (!mote_span_is_parted(spans, span))
        return 0;
    for (size_t i = 0; i + 1 < span->use_count; i++)
        count += mote_gap_is_cut(&span->uses[i].gap);
    return count;
}

mote_stay mote_spans_make_stay(const mote_spans *spans, const mote_span *span, size_t first,
                               size_t end, mote_steps held)
{
    const size_t begin = spans->first_steps[span->program];
    const bool persists = span->state != MOTE_NONE;
    bool writes = false;
    for (size_t i = first; i < end; i++)
        writes = writes || span->uses[i].writes;
    return (mote_stay){.block = span->block,
                       .tensor = span->tensor,
                       .slice = span->slice,
                       .first = held.first - begin,
                       .last = held.end - 1 - begin,
                       .used_first = span->uses[first].first - begin,
                       .used_last = span->uses[end - 1].last - begin,
                       .is_loaded = persists || first > 0,
                       .is_stored = writes && (persists || end < span->use_count)};
}

static void add_stays(const mote_spans *spans, const mote_span *span, mote_stay *stays,
                      size_t *count)
{
    size_t first = 0;
    mote_steps held = {0, 0};
    if (span->use_count == 0 || !mote_span_is_parted(spans, span))
        return;
    held.first = mote_gap_is_cut(&span->head) ? span->head.out.end : span->uses[0].first;
    for (size_t i = 0; i < span->use_count; i++) {
        const mote_gap *gap = &span->uses[i].gap;
        const bool is_cut = mote_gap_is_cut(gap);
        if (!is_cut && i + 1 < span->use_count)
            continue;
        held.end = is_cut ? gap->out.first : span->uses[i].last + 1;
        stays[(*count)++] = mote_spans_make_stay(spans, span, first, i + 1, held);
        held.first = gap->out.end;
        first = i + 1;
    }
}

mote_status mote_spans_make_stays(mote_spans *spans, mote_budget_choice *choice)
{
    for (size_t i = 0; i < spans->problem->program_count; i++) {
        size_t count = 0;
        for (size_t j = 0; j < spans->count; j++) {
            if (spans->items[j].program == i)
                count += count_stays(spans, &spans->items[j]);
        }
        MOTE_TRY(mote_arena_array(spans->arena, count, sizeof *choice->stays[i],
                                  (void **)&choice->stays[i]));
        choice->stay_counts[i] = 0;
        for (size_t j = 0; j < spans->count; j++) {
            if (spans->items[j].program == i)
                add_stays(spans, &spans->items[j], choice->stays[i], &choice->stay_counts[i]);
        }
    }
    choice->is_swapped = spans->is_swapped;
    return MOTE_OK;
}

/// The stays of one program, widened one after the other in the order of their transfers.
typedef struct widening {
    const mote_spans *spans;
    mote_stay *stays;
    size_t count;
    size_t first_step, step_count; // of the program
    size_t target;
    const double *begins; // by step of it: when it begins, if nothing waits
} widening;

static mote_steps one_step(const widening *w, size_t step)
{
    return (mote_steps){w->first_step + step, w->first_step + step + 1};
}

static bool has_room(const widening *w, size_t step, size_t bytes)
{
    return mote_spans_have_room(w->spans, one_step(w, step), bytes, w->target);
}

/// The load begins in time to be done before its use and before the next one begins (at `limit`); gives when it begins.
static double widen_load(const widening *w, size_t index, size_t bytes, double limit)
{
    mote_stay *stay = &w->stays[index];
    const double ns = mote_cost_load_ns(&w->spans->problem->cost, bytes);
    const double end = w->begins[stay->used_first] < limit ? w->begins[stay->used_first] : limit;
    const bool has_before = index > 0 && mote_stay_follows(stay, &w->stays[index - 1]);
    const size_t lowest = has_before ? w->stays[index - 1].last + 1 : 0;
    while (stay->first > lowest && w->begins[stay->first] > end - ns &&
           has_room(w, stay->first - 1, bytes)) {
        stay->first--;
        mote_spans_add(w->spans, one_step(w, stay->first), bytes);
    }
    return end - ns;
}

/// The store ends when it can, behind the one before; gives when.
static double widen_store(const widening *w, size_t index, size_t bytes, double limit)
{
    mote_stay *stay = &w->stays[index];
    const double ns = mote_cost_store_ns(&w->spans->problem->cost, bytes);
    const double begin =
        w->begins[stay->used_last + 1] > limit ? w->begins[stay->used_last + 1] : limit;
    const bool has_next = index + 1 < w->count && mote_stay_follows(&w->stays[index + 1], stay);
    const size_t highest = has_next ? w->stays[index + 1].first - 1 : w->step_count - 1;
    while (stay->last < highest && w->begins[stay->last + 1] < begin + ns &&
           has_room(w, stay->last + 1, bytes)) {
        stay->last++;
        mote_spans_add(w->spans, one_step(w, stay->last), bytes);
    }
    return begin + ns;
}

/// A stay, by the step that its transfer is for.
typedef struct transfer {
    size_t step;
    size_t stay;
} transfer;

static void sort_transfers(transfer *transfers, size_t count)
{
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            const transfer moved = transfers[i];
            size_t at = i;
            for (; at >= gap && (transfers[at - gap].step > moved.step ||
                                 (transfers[at - gap].step == moved.step &&
                                  transfers[at - gap].stay > moved.stay));
                 at -= gap)
                transfers[at] = transfers[at - gap];
            transfers[at] = moved;
        }
    }
}

static mote_status widen_program(const widening *w, size_t program)
{
    const mote_schedule *schedule = w->spans->problem->programs[program].schedule;
    transfer *loads = NULL;
    transfer *stores = NULL;
    size_t load_count = 0;
    size_t store_count = 0;
    MOTE_TRY(mote_arena_array(w->spans->arena, w->count, sizeof *loads, (void **)&loads));
    MOTE_TRY(mote_arena_array(w->spans->arena, w->count, sizeof *stores, (void **)&stores));
    for (size_t i = 0; i < w->count; i++) {
        if (w->stays[i].is_loaded)
            loads[load_count++] = (transfer){w->stays[i].used_first, i};
        if (w->stays[i].is_stored)
            stores[store_count++] = (transfer){w->stays[i].used_last, i};
    }
    sort_transfers(loads, load_count);
    sort_transfers(stores, store_count);
    double limit = w->begins[w->step_count];
    for (size_t i = load_count; i-- > 0;)
        limit = widen_load(w, loads[i].stay,
                           mote_schedule_stay_bytes(schedule, &w->stays[loads[i].stay]), limit);
    limit = w->begins[0];
    for (size_t i = 0; i < store_count; i++)
        limit = widen_store(w, stores[i].stay,
                            mote_schedule_stay_bytes(schedule, &w->stays[stores[i].stay]), limit);
    return MOTE_OK;
}

mote_status mote_spans_widen(const mote_spans *spans, size_t target, mote_budget_choice *choice)
{
    for (size_t i = 0; i < spans->problem->program_count; i++) {
        const size_t first = spans->first_steps[i];
        const size_t steps = spans->first_steps[i + 1] - first;
        const widening w = {spans, choice->stays[i], choice->stay_counts[i], first,
                            steps, target,           spans->begin_ns + first};
        MOTE_TRY(widen_program(&w, i));
    }
    return MOTE_OK;
}

static void align_stay(const mote_schedule *schedule, mote_stay *stay)
{
    const mote_step_run *first = &schedule->steps[stay->first].run;
    const mote_step_run *last = &schedule->steps[stay->last].run;
    if (first->count > 0 && stay->first > first->first)
        stay->first = mote_size_min(first->end, stay->used_first);
    if (last->count > 0 && stay->last + 1 < last->end)
        stay->last = mote_size_max(last->first, stay->used_last + 1) - 1;
}

void mote_spans_align(const mote_spans *spans, const mote_budget_choice *choice)
{
    for (size_t i = 0; i < spans->problem->program_count; i++) {
        for (size_t j = 0; j < choice->stay_counts[i]; j++)
            align_stay(spans->problem->programs[i].schedule, &choice->stays[i][j]);
    }
}
