// SPDX-License-Identifier: Apache-2.0
// Order of execution: of all drafts whose inputs are there, the one that stands first in the file.
#include "graph/draft.h"

static bool is_ready(const mote_draft *draft, const bool *done)
{
    for (size_t i = 0; i < draft->input_count; i++) {
        if (!done[draft->inputs[i].draft])
            return false;
    }
    return true;
}

static bool is_earlier(const mote_draft *a, const mote_draft *b)
{
    return a->order != b->order ? a->order < b->order : a->rank < b->rank;
}

static size_t next_ready(const mote_draft_list *list, const bool *done)
{
    size_t next = MOTE_NONE;
    for (size_t i = 0; i < list->count; i++) {
        const mote_draft *draft = &list->items[i];
        if (draft->removed || done[i] || !is_ready(draft, done))
            continue;
        if (next == MOTE_NONE || is_earlier(draft, &list->items[next]))
            next = i;
    }
    return next;
}

/// Walks from input to input among drafts that never became ready until one is met again.
static mote_status raise_cycle(const mote_draft_list *list, const bool *done)
{
    size_t at = 0;
    while (list->items[at].removed || done[at])
        at++;
    size_t next = at;
    for (size_t step = 0; step <= list->count; step++) {
        at = next;
        const mote_draft *draft = &list->items[at];
        for (size_t i = 0; i < draft->input_count; i++) {
            if (!done[draft->inputs[i].draft])
                next = draft->inputs[i].draft;
        }
    }
    char place[256];
    if (at == next)
        return MOTE_RAISE(MOTE_ERROR_GRAPH, "%slayer '%s' is on a cycle: it needs its own output",
                          mote_origin_text(&list->items[at].origin, place, sizeof place),
                          list->items[at].name);
    return MOTE_RAISE(
        MOTE_ERROR_GRAPH,
        "%slayer '%s' is on a cycle: it needs the output of '%s', which needs its own",
        mote_origin_text(&list->items[at].origin, place, sizeof place), list->items[at].name,
        list->items[next].name);
}

mote_status mote_draft_sort(const mote_draft_list *list, size_t *sorted, size_t *sorted_count)
{
    bool *done = NULL;
    size_t wanted = 0;
    size_t count = 0;
    MOTE_TRY(mote_arena_array(list->scratch, list->count, sizeof *done, (void **)&done));
    for (size_t i = 0; i < list->count; i++)
        wanted += !list->items[i].removed;
    while (count < wanted) {
        const size_t next = next_ready(list, done);
        if (next == MOTE_NONE)
            return raise_cycle(list, done);
        done[next] = true;
        sorted[count++] = next;
    }
    *sorted_count = count;
    return MOTE_OK;
}
