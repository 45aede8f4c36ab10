// SPDX-License-Identifier: Apache-2.0
// A function in front of a layer that selects the largest elements goes behind it where that makes the same bits: there it
// has fewer elements, and what was selected from need not be kept for its derivative.
#include "graph/draft.h"

static size_t count_readers(const mote_draft_list *list, size_t draft)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; j < list->items[i].input_count; j++)
            count += list->items[i].inputs[j].draft == draft;
    }
    return count;
}

static bool is_exchanged(const mote_draft_list *list, size_t selection)
{
    const mote_draft *selecting = &list->items[selection];
    if (!selecting->layer->selects || !selecting->layer->selects(selecting->state))
        return false;
    const size_t function = selecting->inputs[0].draft;
    const mote_draft *rising = &list->items[function];
    return rising->layer->rises && rising->layer->rises(rising->state) &&
           count_readers(list, function) == 1 && count_readers(list, selection) > 0;
}

mote_status mote_realize_selection(mote_draft_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!is_exchanged(list, i))
            continue;
        mote_draft *selecting = &list->items[i];
        const size_t function = selecting->inputs[0].draft;
        mote_draft_redirect(list, i, function);
        selecting->inputs[0] = list->items[function].inputs[0];
        list->items[function].inputs[0] = (mote_edge){.draft = i, .output = 0};
        list->items[function].order = selecting->order;
    }
    return MOTE_OK;
}
