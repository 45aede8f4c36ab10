// SPDX-License-Identifier: Apache-2.0
// A run of a program in thought: one thread computes, another moves blocks in the order in which their turns come.
#include "budget/spans.h"

/// What begins in front of a step and has to be done in front of another, or behind it.
typedef struct event {
    size_t begin;
    size_t needed; // step that waits
    bool is_store;
    double ns;
    double end; // when it is done
} event;

static bool comes_before(const event *a, const event *b)
{
    if (a->begin != b->begin)
        return a->begin < b->begin;
    return a->is_store != b->is_store ? a->is_store : a->needed < b->needed;
}

static void sort_events(event *events, size_t count)
{
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            const event moved = events[i];
            size_t at = i;
            for (; at >= gap && comes_before(&moved, &events[at - gap]); at -= gap)
                events[at] = events[at - gap];
            events[at] = moved;
        }
    }
}

static void count_bytes(mote_budget_choice *choice, const mote_stay *stay, size_t bytes)
{
    choice->loaded_bytes += stay->is_loaded ? bytes : 0;
    choice->stored_bytes += stay->is_stored ? bytes : 0;
}

static size_t list_events(const mote_spans *spans, mote_budget_choice *choice, event *events)
{
    const mote_schedule *schedule = spans->problem->programs[0].schedule;
    const mote_cost *cost = &spans->problem->cost;
    size_t count = 0;
    for (size_t i = 0; i < choice->stay_counts[0]; i++) {
        const mote_stay *stay = &choice->stays[0][i];
        const size_t bytes = mote_schedule_stay_bytes(schedule, stay);
        count_bytes(choice, stay, bytes);
        const event load = {
            .begin = stay->first, .needed = stay->used_first, .ns = mote_cost_load_ns(cost, bytes)};
        const event store = {.begin = stay->used_last + 1,
                             .needed = stay->last,
                             .is_store = true,
                             .ns = mote_cost_store_ns(cost, bytes)};
        if (stay->is_loaded)
            events[count++] = load;
        if (stay->is_stored)
            events[count++] = store;
    }
    sort_events(events, count);
    return count;
}

/// The latest end of what a step waits for.
static double find_end(const event *events, size_t begun, size_t step, bool is_store, double now)
{
    for (size_t i = 0; i < begun; i++) {
        if (events[i].needed == step && events[i].is_store == is_store && events[i].end > now)
            now = events[i].end;
    }
    return now;
}

/// What a step takes beside transfers that last until `moved`.
static double lengthen(const mote_spans *spans, size_t step, double now, double moved)
{
    const double ns = spans->step_ns[step];
    const double rest = moved > now ? moved - now : 0.0;
    return ns + spans->problem->cost.transfer_share * (rest < ns ? rest : ns);
}

mote_status mote_spans_predict(const mote_spans *spans, mote_budget_choice *choice)
{
    const size_t steps = spans->first_steps[1];
    event *events = NULL;
    double now = 0.0;
    double computing = 0.0;
    double moved = 0.0;
    size_t begun = 0;
    choice->loaded_bytes = choice->stored_bytes = 0;
    MOTE_TRY(mote_arena_array(spans->arena, 2 * choice->stay_counts[0], sizeof *events,
                              (void **)&events));
    const size_t count = list_events(spans, choice, events);
    for (size_t i = 0; i < steps; i++) {
        for (; begun < count && events[begun].begin <= i; begun++) {
            moved = (moved > now ? moved : now) + events[begun].ns;
            events[begun].end = moved;
        }
        now = find_end(events, begun, i, false, now);
        const double ns = lengthen(spans, i, now, moved);
        now += ns;
        computing += ns;
        now = find_end(events, begun, i, true, now);
    }
    for (; begun < count; begun++)
        moved = (moved > now ? moved : now) + events[begun].ns;
    choice->run_ns = moved > now ? moved : now;
    choice->wait_ns = choice->run_ns - computing;
    return MOTE_OK;
}
