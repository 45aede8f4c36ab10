// SPDX-License-Identifier: Apache-2.0
// Opening a safetensors file: length, JSON, metadata. Nothing in the file is believed.
#include "weights/file.h"

#include <string.h>

static mote_status read_length(const mote_file *file, uint64_t file_bytes, size_t *length)
{
    unsigned char bytes[MOTE_WEIGHTS_LENGTH_BYTES];
    if (file_bytes < sizeof bytes)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' is no safetensors file: %llu bytes cannot hold a header",
                          file->path, (unsigned long long)file_bytes);
    MOTE_TRY(mote_file_read(file, 0, bytes, sizeof bytes));
    uint64_t number = 0;
    for (size_t i = sizeof bytes; i > 0; i--)
        number = number << 8U | bytes[i - 1];
    if (number > MOTE_WEIGHTS_HEADER_BYTES_MAX)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' is no safetensors file: a header of %llu bytes (at most %u)",
                          file->path, (unsigned long long)number, MOTE_WEIGHTS_HEADER_BYTES_MAX);
    if (number > file_bytes - sizeof bytes)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' is truncated: its header of %llu bytes does not fit in %llu",
                          file->path, (unsigned long long)number, (unsigned long long)file_bytes);
    *length = (size_t)number;
    return MOTE_OK;
}

/// jansson drops a letter of a text, and says nothing, when it has no memory for it: two readings must agree.
static bool reads_alike(const char *text, size_t length, const json_t *header)
{
    json_t *const again = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    const bool is_alike = again && json_equal(header, again) != 0;
    json_decref(again);
    return is_alike;
}

static mote_status parse_header(const char *path, const char *text, size_t length, json_t **header)
{
    if (length == 0 || text[0] != '{')
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': the header does not begin with '{'", path);
    json_error_t error;
    *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (*header && reads_alike(text, length, *header))
        return MOTE_OK;
    // where jansson has no memory for a value it says nothing
    if (*header || json_error_code(&error) == json_error_out_of_memory || error.text[0] == '\0')
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "'%s': memory for the header could not be had", path);
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': the header is not valid JSON at byte %d: %s", path,
                      error.position, error.text);
}

static mote_status check_metadata(const char *path, json_t *metadata)
{
    if (!metadata)
        return MOTE_OK;
    if (!json_is_object(metadata))
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': '" MOTE_WEIGHTS_METADATA "' is not an object",
                          path);
    for (void *place = json_object_iter(metadata); place;
         place = json_object_iter_next(metadata, place)) {
        if (!json_is_string(json_object_iter_value(place))) {
            return MOTE_RAISE(MOTE_ERROR_FORMAT,
                              "'%s': the value of '%.100s' in '" MOTE_WEIGHTS_METADATA
                              "' is not a text",
                              path, json_object_iter_key(place));
        }
    }
    return MOTE_OK;
}

static mote_status read_header(mote_weights_file *weights, mote_arena *scratch)
{
    size_t length = 0;
    void *text = NULL;
    MOTE_TRY(mote_file_get_stamp(&weights->file, &weights->stamp));
    const uint64_t file_bytes = weights->stamp.bytes;
    MOTE_TRY(read_length(&weights->file, file_bytes, &length));
    MOTE_TRY(mote_arena_allocate(scratch, length, &text));
    MOTE_TRY(mote_file_read(&weights->file, MOTE_WEIGHTS_LENGTH_BYTES, text, length));
    MOTE_TRY(
        mote_weights_check_seal(weights->file.path, text, length, scratch, &weights->is_sealed));
    MOTE_TRY(parse_header(weights->file.path, text, length, &weights->header));
    weights->data_start = MOTE_WEIGHTS_LENGTH_BYTES + length;
    weights->data_bytes = file_bytes - weights->data_start;
    return check_metadata(weights->file.path,
                          json_object_get(weights->header, MOTE_WEIGHTS_METADATA));
}

mote_status mote_weights_file_open(const char *path, const mote_allocator *allocator,
                                   mote_weights_file *weights)
{
    mote_weights_file opened = {.header = NULL};
    MOTE_TRY(mote_file_open_read(path, &opened.file));
    mote_arena scratch;
    mote_arena_init(&scratch, allocator);
    const mote_status status = read_header(&opened, &scratch);
    mote_arena_release(&scratch);
    if (status == MOTE_OK)
        *weights = opened;
    else
        mote_weights_file_close(&opened);
    return status;
}

void mote_weights_file_close(mote_weights_file *weights)
{
    json_decref(weights->header);
    weights->header = NULL;
    mote_file_close(&weights->file);
}

/// An array of whole numbers >= 0.
static bool is_numbers(const json_t *array)
{
    if (!json_is_array(array))
        return false;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *const number = json_array_get(array, i);
        if (!json_is_integer(number) || json_integer_value(number) < 0)
            return false;
    }
    return true;
}

uint64_t mote_weights_number(const json_t *numbers, size_t index)
{
    return (uint64_t)json_integer_value(json_array_get(numbers, index));
}

mote_status mote_weights_check_entry(const char *path, const char *name, const json_t *entry)
{
    const json_t *const offsets = json_object_get(entry, "data_offsets");
    if (!json_is_object(entry) || json_object_size(entry) != 3 ||
        !json_is_string(json_object_get(entry, "dtype")) ||
        !is_numbers(json_object_get(entry, "shape")) || !is_numbers(offsets) ||
        json_array_size(offsets) != 2) {
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': the entry of tensor '%.200s' is not {\"dtype\": text, \"shape\": "
                          "[numbers], \"data_offsets\": [begin, end]}",
                          path, name);
    }
    return MOTE_OK;
}
