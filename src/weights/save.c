// SPDX-License-Identifier: Apache-2.0
// Writing safetensors. The header depends on names, shapes and metadata alone, so it is made before
// training; saving is then plain writing of blocks.
#include "base/number.h"
#include "base/size.h"
#include "base/utf8.h"
#include "weights/file.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DATA_ALIGNMENT 4096U

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors are written as they lie in memory, and the format is little endian"
#endif

/// Text that is only counted while `text` is NULL.
typedef struct output {
    char *text;
    size_t length;
} output;

static void put(output *out, const char *text, size_t length)
{
    if (out->text)
        memcpy(out->text + out->length, text, length);
    out->length += length;
}

static void put_text(output *out, const char *text)
{
    put(out, text, strlen(text));
}

static void put_number(output *out, uint64_t number)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
    assert(length > 0);
    put(out, digits, (size_t)length);
}

/// A JSON string: only what JSON demands is escaped.
static void put_string(output *out, const char *text)
{
    put(out, "\"", 1);
    for (; *text; text++) {
        const unsigned char byte = (unsigned char)*text;
        char escaped[8];
        if (byte < 0x20U) {
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", byte);
            put(out, escaped, 6);
            continue;
        }
        if (byte == '"' || byte == '\\')
            put(out, "\\", 1);
        put(out, text, 1);
    }
    put(out, "\"", 1);
}

/// Room for `count` checksums.
static void put_checksums(output *out, const char *key, size_t count)
{
    char blank[MOTE_HEX_DIGITS];
    mote_number_write_hex(0, blank);
    put_text(out, ",");
    put_string(out, key);
    put_text(out, ":\"");
    for (size_t i = 0; i < count; i++)
        put(out, blank, sizeof blank);
    put(out, "\"", 1);
}

static void put_metadata(output *out, const mote_state *state,
                         const mote_weights_metadata *metadata, size_t count)
{
    put_string(out, MOTE_WEIGHTS_METADATA);
    for (size_t i = 0; i < count; i++) {
        put_text(out, i == 0 ? ":{" : ",");
        put_string(out, metadata[i].key);
        put(out, ":", 1);
        put_string(out, metadata[i].value);
    }
    if (state->is_whole) {
        put_checksums(out, MOTE_WEIGHTS_CHECKSUMS, state->block_count);
        put_checksums(out, MOTE_WEIGHTS_HEADER_CHECKSUM, 1);
    }
    put(out, "}", 1);
}

static void put_tensor(output *out, const mote_state_block *block, uint64_t begin)
{
    put_string(out, block->name);
    put_text(out, ":{\"dtype\":");
    put_string(out, mote_dtype_text(block->spec.dtype));
    put_text(out, ",\"shape\":[");
    for (uint32_t i = 0; i < block->spec.shape.rank; i++) {
        put_text(out, i > 0 ? "," : "");
        put_number(out, block->spec.shape.dims[i]);
    }
    put_text(out, "],\"data_offsets\":[");
    put_number(out, begin);
    put(out, ",", 1);
    put_number(out, begin + block->bytes);
    put_text(out, "]}");
}

static void put_header(output *out, const mote_state *state, const mote_weights_metadata *metadata,
                       size_t metadata_count)
{
    uint64_t begin = 0;
    const char *separator = "{";
    assert(metadata_count > 0 || !state->is_whole);
    if (metadata_count > 0) {
        put_text(out, separator);
        put_metadata(out, state, metadata, metadata_count);
        separator = ",";
    }
    for (size_t i = 0; i < state->block_count; i++) {
        if (!mote_state_is_saved(state, i))
            continue;
        put_text(out, separator);
        put_tensor(out, &state->blocks[i], begin);
        begin += state->blocks[i].bytes;
        separator = ",";
    }
    put_text(out, *separator == '{' ? "{}" : "}");
}

static mote_status check_text(const char *what, const char *text)
{
    if (mote_utf8_check(text, strlen(text)))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s '%.100s' is not UTF-8", what, text);
}

static mote_status check_texts(const mote_state *state, const mote_weights_metadata *metadata,
                               size_t metadata_count)
{
    for (size_t i = 0; i < metadata_count; i++) {
        MOTE_TRY(check_text("the metadata key", metadata[i].key));
        MOTE_TRY(check_text("the metadata value", metadata[i].value));
        for (size_t j = 0; j < i; j++) {
            if (strcmp(metadata[i].key, metadata[j].key) == 0)
                return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "the metadata key '%.100s' is there twice",
                                  metadata[i].key);
        }
    }
    for (size_t i = 0; i < state->block_count; i++)
        MOTE_TRY(check_text("the tensor name", state->blocks[i].name));
    return MOTE_OK;
}

mote_status mote_weights_make_header(const mote_state *state, const mote_weights_metadata *metadata,
                                     size_t metadata_count, mote_arena *arena,
                                     mote_weights_header *header)
{
    MOTE_TRY(check_texts(state, metadata, metadata_count));
    output out = {.text = NULL};
    put_header(&out, state, metadata, metadata_count);
    const size_t used = MOTE_WEIGHTS_LENGTH_BYTES + out.length;
    const size_t bytes = mote_size_align(used, DATA_ALIGNMENT);
    const size_t length = bytes - MOTE_WEIGHTS_LENGTH_BYTES;
    if (length > MOTE_WEIGHTS_HEADER_BYTES_MAX)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "a safetensors header of %zu bytes: readers take at most %u", length,
                          MOTE_WEIGHTS_HEADER_BYTES_MAX);
    void *memory = NULL;
    MOTE_TRY(mote_arena_allocate(arena, bytes, &memory));
    char *const text = memory;
    for (size_t i = 0; i < MOTE_WEIGHTS_LENGTH_BYTES; i++)
        text[i] = (char)(unsigned char)((uint64_t)length >> (8U * i) & 0xFFU);
    out = (output){.text = text + MOTE_WEIGHTS_LENGTH_BYTES};
    put_header(&out, state, metadata, metadata_count);
    memset(text + used, ' ', bytes - used);
    *header = (mote_weights_header){.text = text, .bytes = bytes};
    return MOTE_OK;
}

static mote_status write_block(const mote_state *state, size_t index, const mote_file *file,
                               uint64_t offset)
{
    for (mote_state_part part = {.block = index}; mote_state_advance(state, &part);) {
        MOTE_TRY(mote_state_fetch(state, &part));
        MOTE_TRY(mote_file_write(file, offset + part.first, part.data, part.bytes));
    }
    return MOTE_OK;
}

static mote_status write_all(const mote_state *state, const mote_weights_header *header,
                             const mote_file *file)
{
    uint64_t offset = header->bytes;
    MOTE_TRY(mote_file_write(file, 0, header->text, header->bytes));
    for (size_t i = 0; i < state->block_count; i++) {
        const mote_state_block *const block = &state->blocks[i];
        if (!mote_state_is_saved(state, i))
            continue;
        MOTE_TRY(write_block(state, mote_state_kept(state, i), file, offset));
        offset += block->bytes;
    }
    return MOTE_OK;
}

mote_status mote_weights_save(const mote_state *state, const mote_weights_header *header,
                              mote_file_replacement *replacement, const char *path)
{
    MOTE_TRY(mote_file_replacement_begin(replacement));
    const mote_status status = write_all(state, header, &replacement->file);
    if (status != MOTE_OK) {
        mote_file_replacement_abandon(replacement);
        return status;
    }
    return mote_file_replacement_commit_as(replacement, path);
}
