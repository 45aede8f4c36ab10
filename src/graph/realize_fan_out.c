// SPDX-License-Identifier: Apache-2.0
// An output read k times gets k - 1 fan-out nodes in a chain, each in front of the next reader, so that every
// value has one reader and derivatives are added as soon as they are there, last reader's first.
#include "graph/draft.h"

/// One reading of an output: input `input` of draft `reader`.
typedef struct reading {
    size_t reader;
    size_t input;
} reading;

static size_t count_readings(const mote_draft_list *list, size_t draft)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; !list->items[i].removed && j < list->items[i].input_count; j++)
            count += list->items[i].inputs[j].draft == draft;
    }
    return count;
}

static bool is_before(const mote_draft_list *list, const reading *a, const reading *b)
{
    const mote_draft *x = &list->items[a->reader];
    const mote_draft *y = &list->items[b->reader];
    if (x->order != y->order)
        return x->order < y->order;
    return x->rank != y->rank ? x->rank < y->rank : a->input < b->input;
}

/// All readings of the draft, in file order of the readers.
static void collect_readings(const mote_draft_list *list, size_t draft, reading *readings)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; !list->items[i].removed && j < list->items[i].input_count; j++) {
            if (list->items[i].inputs[j].draft != draft)
                continue;
            const reading next = {i, j};
            size_t place = count++;
            for (; place > 0 && is_before(list, &next, &readings[place - 1]); place--)
                readings[place] = readings[place - 1];
            readings[place] = next;
        }
    }
}

static mote_status spread(mote_draft_list *list, size_t draft, const reading *readings,
                          size_t count)
{
    mote_edge from = {.draft = draft, .output = 0};
    for (size_t i = 0; i + 1 < count; i++) {
        char *suffix = NULL;
        size_t fan_out = 0;
        MOTE_TRY(mote_arena_format(list->arena, &suffix, "fan_out%zu", i));
        MOTE_TRY(mote_draft_append(list, draft, "fan_out", suffix, &fan_out));
        mote_draft *node = &list->items[fan_out];
        const mote_draft *reader = &list->items[readings[i].reader];
        node->inputs[0] = from;
        node->order = reader->order;
        node->rank = 0; // in front of its reader
        list->items[readings[i].reader].inputs[readings[i].input] =
            (mote_edge){.draft = fan_out, .output = 0};
        from = (mote_edge){.draft = fan_out, .output = 1};
    }
    const reading *last = &readings[count - 1];
    list->items[last->reader].inputs[last->input] = from;
    return MOTE_OK;
}

mote_status mote_realize_fan_out(mote_draft_list *list)
{
    const size_t written = list->count;
    for (size_t i = 0; i < written; i++) {
        const size_t count = count_readings(list, i);
        if (list->items[i].removed || count < 2)
            continue;
        reading *readings = NULL;
        MOTE_TRY(mote_arena_array(list->arena, count, sizeof *readings, (void **)&readings));
        collect_readings(list, i, readings);
        MOTE_TRY(spread(list, i, readings, count));
    }
    return MOTE_OK;
}
