// SPDX-License-Identifier: Apache-2.0
// Which spans leave memory in which gaps. While a step has too many bytes, what costs the least for the bytes that it takes
// from such steps is done: a span goes for the part of a gap that leaves its transfers their time, or for more of it, so
// that they are waited for. In the end, what there is room for after all stays.
#include "budget/spans.h"

#include "base/size.h"

#include <assert.h>

/// Transfers of programs beside the first count less: they run once in a while.
#define OTHER_PROGRAM_SHARE 0.1

/// A transfer beside what is computed costs so much of one that is waited for, at least: a device may be busy otherwise.
#define HIDDEN_SHARE 0.1

/// Something that may be done: a gap's steps without its span grow to `out`, or a block of the state goes from all calm
/// steps.
typedef struct move {
    mote_span *span;
    mote_gap *gap;
    mote_steps out;
    size_t state; // MOTE_NONE: it is a gap
    double cost;  // for each byte that a step has too many
} move;

typedef struct search {
    mote_spans *spans;
    size_t target;
    double *excess;   // of all steps before this one: bytes above the target,
    size_t *exceeded; // and steps with such
    double *idle_ns;  // of all steps before this one: time in which nothing is transferred
    move best;
} search;

static double load_ns(const search *s, const mote_span *span)
{
    return mote_cost_load_ns(&s->spans->problem->cost, mote_span_transfer_bytes(span));
}

static double store_ns(const search *s, const mote_span *span)
{
    return mote_cost_store_ns(&s->spans->problem->cost, mote_span_transfer_bytes(span));
}

/// What a transfer costs that may take place in these steps: what is left of it where others take the time is waited for.
static double weigh(const search *s, const mote_span *span, mote_steps steps, double ns)
{
    if (span->program > 0)
        return OTHER_PROGRAM_SHARE * ns;
    const double idle =
        steps.first < steps.end ? s->idle_ns[steps.end] - s->idle_ns[steps.first] : 0.0;
    const double share = s->spans->problem->cost.transfer_share;
    const double hidden = share > HIDDEN_SHARE ? share : HIDDEN_SHARE;
    return hidden * ns + (ns > idle ? ns - idle : 0.0);
}

static double weigh_load(const search *s, const mote_span *span, const mote_gap *gap,
                         mote_steps out)
{
    return weigh(s, span, (mote_steps){out.end, gap->all.end}, load_ns(s, span));
}

static double weigh_store(const search *s, const mote_span *span, const mote_gap *gap,
                          mote_steps out)
{
    return weigh(s, span, (mote_steps){gap->all.first, out.first}, store_ns(s, span));
}

/// The bytes too many that would go from these steps, about.
static double area(const search *s, mote_steps steps, size_t bytes)
{
    if (steps.first >= steps.end)
        return 0.0;
    const double excess = s->excess[steps.end] - s->excess[steps.first];
    const double most = (double)bytes * (double)(s->exceeded[steps.end] - s->exceeded[steps.first]);
    return excess < most ? excess : most;
}

static void consider(search *s, move candidate, double cost, double bytes)
{
    if (bytes <= 0.0)
        return;
    candidate.cost = cost / bytes;
    if (candidate.cost < s->best.cost)
        s->best = candidate;
}

/// A gap that is not cut: for its calm steps, or where it has none for all.
static void consider_cut(search *s, mote_span *span, mote_gap *gap, bool is_dirty)
{
    const mote_steps out = gap->calm.first < gap->calm.end ? gap->calm : gap->all;
    const double cost =
        weigh_load(s, span, gap, out) + (is_dirty ? weigh_store(s, span, gap, out) : 0.0);
    consider(s, (move){.span = span, .gap = gap, .out = out, .state = MOTE_NONE}, cost,
             area(s, out, span->bytes));
}

/// A gap that is cut: to wait for the store behind the use in front of it, or for the load that its end is for.
static void consider_wait(search *s, mote_span *span, mote_gap *gap)
{
    const mote_steps before = {gap->all.first, gap->out.first};
    const mote_steps behind = {gap->out.end, gap->all.end};
    consider(
        s,
        (move){.span = span, .gap = gap, .out = {gap->all.first, gap->out.end}, .state = MOTE_NONE},
        store_ns(s, span), area(s, before, span->bytes));
    consider(
        s,
        (move){.span = span, .gap = gap, .out = {gap->out.first, gap->all.end}, .state = MOTE_NONE},
        load_ns(s, span), area(s, behind, span->bytes));
}

static void consider_gaps(search *s, mote_span *span)
{
    const bool persists = span->state != MOTE_NONE;
    bool is_dirty = false;
    if (!span->may_go || span->use_count == 0 || (persists && !s->spans->is_swapped[span->state]))
        return;
    if (persists && mote_gap_is_cut(&span->head))
        consider_wait(s, span, &span->head);
    for (size_t i = 0; i < span->use_count; i++) {
        mote_gap *gap = &span->uses[i].gap;
        is_dirty = is_dirty || span->uses[i].writes;
        if (mote_gap_is_cut(gap)) {
            consider_wait(s, span, gap);
            is_dirty = false;
        } else if (i + 1 < span->use_count) {
            consider_cut(s, span, gap, is_dirty);
        }
    }
}

/// Where a swapped block of the state is out of memory at first: a gap at the end of a program, or at its beginning, has to
/// be cut, others where they are calm.
static mote_steps first_out(const mote_gap *gap, bool must_be_cut)
{
    if (gap->calm.first < gap->calm.end)
        return gap->calm;
    return must_be_cut ? gap->all : (mote_steps){0, 0};
}

/// What it takes to have one program's span of a block of the state in memory while it is used alone, and what that gives.
static void add_span(const search *s, const mote_span *span, double *cost, double *bytes)
{
    bool is_dirty = false;
    if (span->use_count == 0) {
        const mote_steps all = {s->spans->first_steps[span->program],
                                s->spans->first_steps[span->program + 1]};
        *bytes += area(s, all, span->bytes);
        return;
    }
    const mote_steps head = first_out(&span->head, true);
    *cost += weigh_load(s, span, &span->head, head);
    *bytes += area(s, head, span->bytes);
    for (size_t i = 0; i < span->use_count; i++) {
        const bool is_last = i + 1 == span->use_count;
        const mote_steps out = first_out(&span->uses[i].gap, is_last);
        is_dirty = is_dirty || span->uses[i].writes;
        *bytes += area(s, out, span->bytes);
        if (out.first >= out.end && !is_last)
            continue;
        const mote_gap *gap = &span->uses[i].gap;
        *cost += (is_dirty ? weigh_store(s, span, gap, out) : 0.0) +
                 (is_last ? 0.0 : weigh_load(s, span, gap, out));
        is_dirty = false;
    }
}

static mote_status consider_states(search *s, mote_arena *arena)
{
    const size_t count = s->spans->problem->state_count;
    double *costs = NULL;
    double *bytes = NULL;
    bool *may_go = NULL;
    MOTE_TRY(mote_arena_array(arena, count, sizeof *costs, (void **)&costs));
    MOTE_TRY(mote_arena_array(arena, count, sizeof *bytes, (void **)&bytes));
    MOTE_TRY(mote_arena_array(arena, count, sizeof *may_go, (void **)&may_go));
    for (size_t i = 0; i < s->spans->count; i++) {
        const mote_span *span = &s->spans->items[i];
        if (span->state == MOTE_NONE || s->spans->is_swapped[span->state])
            continue;
        may_go[span->state] = may_go[span->state] || span->may_go;
        add_span(s, span, &costs[span->state], &bytes[span->state]);
    }
    for (size_t i = 0; i < count; i++) {
        if (may_go[i])
            consider(s, (move){.state = i}, costs[i], bytes[i]);
    }
    return MOTE_OK;
}

/// Takes time of steps for a transfer: a load as late, a store as early as it can be.
static void occupy(const mote_spans *spans, mote_steps steps, double ns, bool is_load)
{
    for (size_t i = 0; i < steps.end - steps.first && steps.first < steps.end && ns > 0.0; i++) {
        const size_t step = is_load ? steps.end - 1 - i : steps.first + i;
        const double taken = spans->idle_ns[step] < ns ? spans->idle_ns[step] : ns;
        spans->idle_ns[step] -= taken;
        ns -= taken;
    }
}

/// What goes out and comes in again around a gap takes time of the steps beside it.
static void occupy_around(const mote_spans *spans, const mote_span *span, const mote_gap *gap)
{
    const mote_cost *cost = &spans->problem->cost;
    const size_t bytes = mote_span_transfer_bytes(span);
    if (span->program > 0)
        return;
    occupy(spans, (mote_steps){gap->all.first, gap->out.first}, mote_cost_store_ns(cost, bytes),
           false);
    occupy(spans, (mote_steps){gap->out.end, gap->all.end}, mote_cost_load_ns(cost, bytes), true);
}

/// From a life in one piece to one that is parted: its bytes are then those of transfers.
static void part(const mote_spans *spans, const mote_span *span)
{
    const size_t more = mote_span_transfer_bytes(span) - span->bytes;
    if (more > 0 && span->state == MOTE_NONE && !mote_span_is_parted(spans, span))
        mote_spans_add(spans,
                       (mote_steps){span->uses[0].first, span->uses[span->use_count - 1].last + 1},
                       more);
}

static void cut_gap(const mote_spans *spans, const mote_span *span, mote_gap *gap, mote_steps out)
{
    const size_t bytes = mote_span_transfer_bytes(span);
    if (out.first >= out.end)
        return;
    part(spans, span);
    if (mote_gap_is_cut(gap)) {
        mote_spans_take(spans, (mote_steps){out.first, gap->out.first}, bytes);
        mote_spans_take(spans, (mote_steps){gap->out.end, out.end}, bytes);
        gap->out = out;
        return;
    }
    mote_spans_take(spans, out, bytes);
    gap->out = out;
    occupy_around(spans, span, gap);
}

static void swap_span(const mote_spans *spans, mote_span *span)
{
    const mote_steps all = {spans->first_steps[span->program],
                            spans->first_steps[span->program + 1]};
    if (span->use_count == 0)
        return;
    mote_spans_add(spans, all, mote_span_transfer_bytes(span));
    cut_gap(spans, span, &span->head, first_out(&span->head, true));
    for (size_t i = 0; i < span->use_count; i++) {
        mote_gap *gap = &span->uses[i].gap;
        cut_gap(spans, span, gap, first_out(gap, i + 1 == span->use_count));
    }
}

/// In each program it is then in memory around its uses alone.
static void swap_state(const mote_spans *spans, size_t state)
{
    const mote_steps all = {0, mote_spans_step_count(spans)};
    bool is_first = true;
    for (size_t i = 0; i < spans->problem->state_count; i++)
        is_first = is_first && !spans->is_swapped[i];
    if (is_first)
        mote_spans_add(spans, all, spans->problem->staging_bytes);
    mote_spans_take(spans, all,
                    mote_size_align(spans->problem->state_bytes[state], MOTE_ALIGNMENT));
    spans->is_swapped[state] = true;
    for (size_t i = 0; i < spans->count; i++) {
        if (spans->items[i].state == state)
            swap_span(spans, &spans->items[i]);
    }
}

/// Sums over the steps; gives whether one has too many bytes.
static bool find_excess(search *s)
{
    const size_t steps = mote_spans_step_count(s->spans);
    for (size_t i = 0; i < steps; i++) {
        const size_t live = s->spans->live[i];
        const size_t excess = live > s->target ? live - s->target : 0;
        s->excess[i + 1] = s->excess[i] + (double)excess;
        s->exceeded[i + 1] = s->exceeded[i] + (excess > 0);
        s->idle_ns[i + 1] = s->idle_ns[i] + s->spans->idle_ns[i];
    }
    return s->exceeded[steps] > 0;
}

static mote_status make_move(search *s, bool *is_made)
{
    static const double none = 1e300;
    mote_arena scratch;
    s->best = (move){.state = MOTE_NONE, .cost = none};
    mote_arena_init(&scratch, s->spans->arena->allocator);
    for (size_t i = 0; i < s->spans->count; i++)
        consider_gaps(s, &s->spans->items[i]);
    const mote_status status = consider_states(s, &scratch);
    mote_arena_release(&scratch);
    *is_made = s->best.cost < none;
    if (status != MOTE_OK || !*is_made)
        return status;
    if (s->best.state == MOTE_NONE)
        cut_gap(s->spans, s->best.span, s->best.gap, s->best.out);
    else
        swap_state(s->spans, s->best.state);
    return MOTE_OK;
}

/// Keeps the span in a gap between two uses where every step has room for it.
static void close_gap(const mote_spans *spans, const mote_span *span, mote_gap *gap, size_t target)
{
    const size_t bytes = mote_span_transfer_bytes(span);
    if (!mote_gap_is_cut(gap) || !mote_spans_have_room(spans, gap->out, bytes, target))
        return;
    mote_spans_add(spans, gap->out, bytes);
    gap->out = (mote_steps){0, 0};
}

static void close_span(const mote_spans *spans, const mote_span *span, size_t longest,
                       size_t target)
{
    for (size_t i = 0; i + 1 < span->use_count; i++) {
        mote_gap *gap = &span->uses[i].gap;
        if (gap->out.end - gap->out.first <= longest)
            close_gap(spans, span, gap, target);
    }
}

/// The shortest first.
static void close_gaps(const mote_spans *spans, size_t target)
{
    const size_t steps = mote_spans_step_count(spans);
    for (size_t longest = 1; longest / 2 < steps; longest *= 2) {
        for (size_t i = 0; i < spans->count; i++)
            close_span(spans, &spans->items[i], longest, target);
    }
}

mote_status mote_spans_cut(mote_spans *spans, size_t target)
{
    search s = {.spans = spans, .target = target};
    const size_t steps = mote_spans_step_count(spans);
    MOTE_TRY(mote_arena_array(spans->arena, steps + 1, sizeof *s.excess, (void **)&s.excess));
    MOTE_TRY(mote_arena_array(spans->arena, steps + 1, sizeof *s.exceeded, (void **)&s.exceeded));
    MOTE_TRY(mote_arena_array(spans->arena, steps + 1, sizeof *s.idle_ns, (void **)&s.idle_ns));
    for (bool is_made = true; is_made && find_excess(&s);)
        MOTE_TRY(make_move(&s, &is_made));
    close_gaps(spans, target);
    return MOTE_OK;
}
