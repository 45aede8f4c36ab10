// SPDX-License-Identifier: Apache-2.0
// Finding out what data are before there is a network to feed.
#ifndef MOTE_DATA_INSPECT_H
#define MOTE_DATA_INSPECT_H

#include "base/arena.h"
#include "mote/inspection.h"

#include <stddef.h>

/// Beginning of a file, expanded; nothing of a folder.
typedef struct mote_inspect_head {
    bool is_folder;
    unsigned char bytes[256];
    size_t count;
} mote_inspect_head;

typedef struct mote_inspect_request {
    const char *path;
    const char *label; // NULL: not given
    mote_arena *arena; // of what the info points to, and of what is needed meanwhile
} mote_inspect_request;

/// A kind of data: a row in inspect.c.
typedef struct mote_inspector {
    mote_data_kind kind;
    bool (*recognizes)(const mote_inspect_head *head);
    mote_status (*inspect)(const mote_inspect_request *request, mote_data_info *info);
} mote_inspector;

extern const mote_inspector mote_inspect_images;
extern const mote_inspector mote_inspect_idx;
extern const mote_inspector mote_inspect_csv;

/// As mote_inspection_create says.
mote_status mote_data_inspect(const mote_inspect_request *request,
                              mote_data_info *info) MOTE_MUST_CHECK;

#endif
