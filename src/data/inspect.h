// SPDX-License-Identifier: Apache-2.0
// Private to data: kinds of data that are recognized before there is a network to feed.
#ifndef MOTE_DATA_INSPECT_H
#define MOTE_DATA_INSPECT_H

#include "data/data.h"

#include <stddef.h>

/// Beginning of a file, expanded; nothing of a folder.
typedef struct mote_inspect_head {
    bool is_folder;
    unsigned char bytes[256];
    size_t count;
} mote_inspect_head;

/// A kind of data: a row in inspect.c.
typedef struct mote_inspector {
    mote_data_kind kind;
    bool (*recognizes)(const mote_inspect_head *head);
    mote_status (*inspect)(const mote_inspect_request *request, mote_data_info *info);
} mote_inspector;

extern const mote_inspector mote_inspect_images;
extern const mote_inspector mote_inspect_idx;
extern const mote_inspector mote_inspect_csv;

#endif
