// SPDX-License-Identifier: Apache-2.0
// Private to data: kinds of data that are recognized before there is a network to feed.
#ifndef MOTE_DATA_INSPECT_H
#define MOTE_DATA_INSPECT_H

#include "data/class_folder.h"
#include "data/data.h"

#include <stddef.h>

#define MOTE_INSPECT_HEAD_BYTES 65536U

/// What a kind is recognized by.
typedef struct mote_inspect_head {
    const mote_inspect_request *request;
    bool is_folder;
    const char
        *path; // of the file, or of the first one in a folder's sub-folders; "" where there is none
    unsigned char *bytes; // its beginning, expanded
    size_t count;
    bool is_whole; // nothing is behind them
} mote_inspect_head;

/// A kind of data: a row in inspect.c.
typedef struct mote_inspector {
    mote_data_kind kind;
    mote_status (*recognize)(const mote_inspect_head *head, bool *is_recognized);
    mote_status (*inspect)(const mote_inspect_request *request, mote_data_info *info);
} mote_inspector;

extern const mote_inspector mote_inspect_images;
extern const mote_inspector mote_inspect_wav;
extern const mote_inspector mote_inspect_idx;
extern const mote_inspector mote_inspect_csv;
extern const mote_inspector mote_inspect_text;

/// Lists a folder with one sub-folder of files a class and fills in what this says. Raises MOTE_ERROR_FORMAT also
/// for fewer than two classes, MOTE_ERROR_ARGUMENT for a label.
mote_status mote_inspect_classes(const mote_inspect_request *request, mote_class_folder *folder,
                                 mote_data_info *info) MOTE_MUST_CHECK;

/// Whether the same delimiter cuts each of the first lines into as many fields, and one of the columns has numbers.
mote_status mote_inspect_table(const mote_inspect_head *head, bool *is_recognized) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_ARGUMENT when there is a label; `what` says where labels of this kind stand.
mote_status mote_inspect_refuse_label(const mote_inspect_request *request,
                                      const char *what) MOTE_MUST_CHECK;

#endif
