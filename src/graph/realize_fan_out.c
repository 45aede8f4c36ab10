// SPDX-License-Identifier: Apache-2.0
// An output read k times gets k - 1 fan-out nodes in a chain, each in front of the next reader, so that every
// value has one reader and derivatives are added as soon as they are there, last reader's first.
#include "graph/draft.h"

/// One reading of an output: input `input` of draft `reader`.
typedef struct reading {
    size_t reader;
    size_t input;
} reading;

static bool is_same(mote_edge a, mote_edge b)
{
    return a.draft == b.draft && a.output == b.output;
}

static size_t count_readings(const mote_draft_list *list, mote_edge from)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; !list->items[i].removed && j < list->items[i].input_count; j++)
            count += is_same(list->items[i].inputs[j], from);
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

/// All readings of the output, in file order of the readers.
static void collect_readings(const mote_draft_list *list, mote_edge from, reading *readings)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; !list->items[i].removed && j < list->items[i].input_count; j++) {
            if (!is_same(list->items[i].inputs[j], from))
                continue;
            const reading next = {i, j};
            size_t place = count++;
            for (; place > 0 && is_before(list, &next, &readings[place - 1]); place--)
                readings[place] = readings[place - 1];
            readings[place] = next;
        }
    }
}

static mote_status spread(mote_draft_list *list, mote_edge output, const reading *readings,
                          size_t count)
{
    mote_edge from = output;
    for (size_t i = 0; i + 1 < count; i++) {
        char *suffix = NULL;
        size_t fan_out = 0;
        if (output.output == 0)
            MOTE_TRY(mote_arena_format(list->scratch, &suffix, "fan_out%zu", i));
        else
            MOTE_TRY(mote_arena_format(list->scratch, &suffix, "%zu/fan_out%zu", output.output, i));
        MOTE_TRY(mote_draft_append(list, output, "fan_out", suffix, &fan_out));
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

static mote_status realize_output(mote_draft_list *list, mote_edge output)
{
    const size_t count = count_readings(list, output);
    if (count < 2)
        return MOTE_OK;
    reading *readings = NULL;
    MOTE_TRY(mote_arena_array(list->scratch, count, sizeof *readings, (void **)&readings));
    collect_readings(list, output, readings);
    return spread(list, output, readings, count);
}

/// The first output of the draft behind `after` that is read, or MOTE_NONE; `after` is MOTE_NONE at first.
static size_t find_next_read(const mote_draft_list *list, size_t draft, size_t after)
{
    size_t next = MOTE_NONE;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; !list->items[i].removed && j < list->items[i].input_count; j++) {
            const mote_edge *edge = &list->items[i].inputs[j];
            const bool is_behind = after == MOTE_NONE || edge->output > after;
            if (edge->draft == draft && is_behind && edge->output < next)
                next = edge->output;
        }
    }
    return next;
}

mote_status mote_realize_fan_out(mote_draft_list *list)
{
    const size_t written = list->count;
    for (size_t i = 0; i < written; i++) {
        if (list->items[i].removed)
            continue;
        size_t output = find_next_read(list, i, MOTE_NONE);
        for (; output != MOTE_NONE; output = find_next_read(list, i, output))
            MOTE_TRY(realize_output(list, (mote_edge){.draft = i, .output = output}));
    }
    return MOTE_OK;
}
