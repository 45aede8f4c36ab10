// SPDX-License-Identifier: Apache-2.0
// A stable merge sort. Not qsort: that one is not stable, may allocate, and calls back for each comparison.
#include "plan/planners.h"

#include "base/size.h"

#include <string.h>

#define RUN_LENGTH 8U

static void sort_run(mote_plan_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const mote_plan_item item = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1].key > item.key; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static void merge(const mote_plan_item *from, size_t middle, size_t count, mote_plan_item *to)
{
    size_t left = 0;
    size_t right = middle;
    for (size_t i = 0; i < count; i++) {
        const bool take_left =
            right == count || (left < middle && from[left].key <= from[right].key);
        to[i] = take_left ? from[left++] : from[right++];
    }
}

void mote_plan_sort(mote_plan_item *items, size_t count, mote_plan_item *spare)
{
    for (size_t at = 0; at < count; at += RUN_LENGTH)
        sort_run(items + at, mote_size_min(RUN_LENGTH, count - at));
    mote_plan_item *from = items;
    mote_plan_item *to = spare;
    for (size_t run = RUN_LENGTH; run < count; run *= 2) {
        for (size_t at = 0; at < count; at += 2 * run)
            merge(from + at, mote_size_min(run, count - at), mote_size_min(2 * run, count - at),
                  to + at);
        mote_plan_item *const swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
}
