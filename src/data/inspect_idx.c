// SPDX-License-Identifier: Apache-2.0
// Inspecting an IDX file of images and the one of labels that belongs to it.
#include "base/size.h"
#include "data/idx_file.h"
#include "data/inspect.h"

#include <string.h>

#define CHUNK 4096U

static mote_status recognize(const mote_inspect_head *head, bool *is_recognized)
{
    *is_recognized = head->count >= 4 && head->bytes[0] == 0 && head->bytes[1] == 0;
    return MOTE_OK;
}

/// Replaces the last `from` of the name by `to` of the same length, where there is one.
static bool replace(char *name, const char *from, const char *to)
{
    char *found = NULL;
    for (char *at = strstr(name, from); at; at = strstr(at + 1, from))
        found = at;
    for (size_t i = 0; found && to[i]; i++)
        found[i] = to[i];
    return found != NULL;
}

static mote_status find_labels(const mote_inspect_request *request, const char **path)
{
    char *copy = NULL;
    const char *const text = request->label ? request->label : request->path;
    MOTE_TRY(mote_arena_text(request->arena, text, strlen(text), &copy));
    *path = copy;
    if (request->label)
        return MOTE_OK;
    char *const slash = strrchr(copy, '/');
    char *const name = slash ? slash + 1 : copy;
    (void)replace(name, "idx3", "idx1");
    if (replace(name, "images", "labels"))
        return MOTE_OK;
    return MOTE_RAISE(
        MOTE_ERROR_ARGUMENT,
        "'%s' has no \"images\" in its name, for which \"labels\" would name its file "
        "of labels: that has to be given",
        request->path);
}

/// One more than the largest label.
static mote_status count_classes(const mote_idx_file *labels, size_t *count)
{
    unsigned char bytes[CHUNK];
    *count = 0;
    for (uint64_t first = 0; first < labels->record_count; first += CHUNK) {
        const uint64_t left = labels->record_count - first;
        const size_t part = left < CHUNK ? (size_t)left : CHUNK;
        MOTE_TRY(mote_idx_read(labels, first, bytes, part));
        for (size_t i = 0; i < part; i++)
            *count = mote_size_max(*count, (size_t)bytes[i] + 1);
    }
    return MOTE_OK;
}

static mote_status inspect_images(const mote_inspect_request *request, mote_data_info *info)
{
    const mote_idx_kind kind = {.noun = "images", .dimension_count = 3};
    mote_idx_file images;
    MOTE_TRY(mote_idx_open(request->path, &kind, request->arena->allocator, &images));
    info->sample_count = images.record_count;
    info->channels = 1;
    info->height = images.height;
    info->width = images.width;
    mote_idx_close(&images);
    return MOTE_OK;
}

static mote_status inspect_labels(const mote_inspect_request *request, mote_data_info *info)
{
    const mote_idx_kind kind = {.noun = "labels", .dimension_count = 1};
    mote_idx_file labels;
    MOTE_TRY(mote_idx_open(info->label, &kind, request->arena->allocator, &labels));
    mote_status status = count_classes(&labels, &info->class_count);
    const uint64_t count = labels.record_count;
    mote_idx_close(&labels);
    if (status == MOTE_OK && count != info->sample_count)
        status = MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has %llu labels, but '%s' has %llu images",
                            info->label, (unsigned long long)count, request->path,
                            (unsigned long long)info->sample_count);
    if (status == MOTE_OK && info->class_count < 2)
        status =
            MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has one class only: every label is 0", info->label);
    return status;
}

static mote_status inspect(const mote_inspect_request *request, mote_data_info *info)
{
    MOTE_TRY(inspect_images(request, info));
    MOTE_TRY(find_labels(request, &info->label));
    return inspect_labels(request, info);
}

const mote_inspector mote_inspect_idx = {
    .kind = MOTE_DATA_IDX, .recognize = recognize, .inspect = inspect};
