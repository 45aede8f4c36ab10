// SPDX-License-Identifier: Apache-2.0
// `activation = x` on any layer becomes an activation layer behind it.
#include "graph/draft.h"

mote_status mote_realize_activation(mote_draft_list *list)
{
    const size_t written = list->count;
    for (size_t i = 0; i < written; i++) {
        if (!list->items[i].activation[0])
            continue;
        const mote_entry entry = {.key = "activation",
                                  .value = list->items[i].activation,
                                  .origin = list->items[i].activation_origin};
        size_t appended = 0;
        MOTE_TRY(mote_draft_append_to_output(list, i, "activation", "activation", &appended));
        MOTE_TRY(mote_draft_set(list, appended, &entry));
        mote_draft_redirect(list, i, appended);
        list->items[appended].flatten = list->items[i].flatten;
        list->items[i].flatten = false;
    }
    return MOTE_OK;
}
