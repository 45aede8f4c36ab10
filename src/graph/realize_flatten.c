// SPDX-License-Identifier: Apache-2.0
// `flatten = true` on any layer becomes a flatten layer behind it (and behind its activation).
#include "graph/draft.h"

mote_status mote_realize_flatten(mote_draft_list *list)
{
    const size_t written = list->count;
    for (size_t i = 0; i < written; i++) {
        if (!list->items[i].flatten)
            continue;
        size_t appended = 0;
        MOTE_TRY(mote_draft_append_to_output(list, i, "flatten", "flatten", &appended));
        mote_draft_redirect(list, i, appended);
    }
    return MOTE_OK;
}
