// SPDX-License-Identifier: Apache-2.0
// The handle of what was found out of data.
#include "api/api.h"

#include "data/data.h"
#include "mote/mote.h"

struct mote_inspection {
    mote_arena arena; // of the texts
    mote_data_info info;
};

mote_status mote_inspection_create(const mote_context *context, const char *path,
                                   const mote_inspection_config *config,
                                   mote_inspection **inspection)
{
    MOTE_TRY(mote_argument_require(context, "mote_inspection_create"));
    MOTE_TRY(mote_argument_require(path, "mote_inspection_create"));
    MOTE_TRY(mote_argument_require(inspection, "mote_inspection_create"));
    const mote_allocator *const allocator = &context->allocator;
    mote_inspection *made =
        (mote_inspection *)allocator->reallocate(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "no memory for an inspection");
    mote_arena_init(&made->arena, allocator);
    const mote_inspect_request request = {.path = path,
                                          .type = config ? config->type : NULL,
                                          .label = config ? config->label : NULL,
                                          .arena = &made->arena};
    const mote_status status = mote_data_inspect(&request, &made->info);
    if (status == MOTE_OK)
        *inspection = made;
    else
        mote_inspection_destroy(&made);
    return status;
}

void mote_inspection_destroy(mote_inspection **inspection)
{
    if (!inspection || !*inspection)
        return;
    const mote_allocator *const allocator = (*inspection)->arena.allocator;
    mote_arena_release(&(*inspection)->arena);
    (void)allocator->reallocate(allocator->user, *inspection, sizeof **inspection, 0);
    *inspection = NULL;
}

const mote_data_info *mote_inspection_get(const mote_inspection *inspection)
{
    return inspection ? &inspection->info : NULL;
}

const char *mote_data_kind_name(mote_data_kind kind)
{
    return (size_t)kind < MOTE_DATA_KIND_COUNT ? mote_data_kind_names[kind] : "unknown";
}
