// SPDX-License-Identifier: Apache-2.0
// Checksums in a header: of every tensor, and of the header itself with that one's digits as zeros. They have their
// place when the header is made, so that writing them allocates nothing.
#include "base/checksum.h"
#include "base/number.h"
#include "weights/file.h"

#include <assert.h>
#include <string.h>

static const char zeros[MOTE_HEX_DIGITS + 1] = "0000000000000000";

char *mote_weights_find_metadata(char *text, size_t length, const char *key)
{
    const size_t key_length = strlen(key);
    const size_t pattern_length = key_length + 5; // "key":"
    for (size_t i = 0; i + pattern_length <= length; i++) {
        const char *const at = text + i;
        if (at[0] == '"' && memcmp(at + 1, key, key_length) == 0 &&
            memcmp(at + 1 + key_length, "\":\"", 3) == 0)
            return text + i + key_length + 4;
    }
    return NULL;
}

void mote_weights_set_metadata(const mote_weights_header *header, const char *key,
                               const char *value)
{
    char *const place = mote_weights_find_metadata(header->text + MOTE_WEIGHTS_LENGTH_BYTES,
                                                   header->bytes - MOTE_WEIGHTS_LENGTH_BYTES, key);
    assert(place && place[strlen(value)] == '"');
    for (size_t i = 0; value[i]; i++)
        place[i] = value[i];
}

/// Of the JSON text, the digits at `place` taken for zeros.
static uint64_t sum_header(const mote_checksum_table *table, const char *text, size_t length,
                           const char *place)
{
    const size_t before = (size_t)(place - text);
    const size_t end = before + MOTE_HEX_DIGITS;
    uint64_t checksum = mote_checksum_add(table, 0, text, before);
    checksum = mote_checksum_add(table, checksum, zeros, MOTE_HEX_DIGITS);
    return mote_checksum_add(table, checksum, text + end, length - end);
}

static mote_status sum_block(const mote_state *state, size_t index,
                             const mote_checksum_table *table, uint64_t *checksum)
{
    *checksum = 0;
    for (mote_state_part part = {.block = index}; mote_state_advance(state, &part);) {
        MOTE_TRY(mote_state_fetch(state, &part));
        *checksum = mote_checksum_add(table, *checksum, part.data, part.bytes);
    }
    return MOTE_OK;
}

mote_status mote_weights_seal(const mote_state *state, const mote_checksum_table *table,
                              const mote_weights_header *header)
{
    char *const text = header->text + MOTE_WEIGHTS_LENGTH_BYTES;
    const size_t length = header->bytes - MOTE_WEIGHTS_LENGTH_BYTES;
    char *tensors = mote_weights_find_metadata(text, length, MOTE_WEIGHTS_CHECKSUMS);
    char *const own = mote_weights_find_metadata(text, length, MOTE_WEIGHTS_HEADER_CHECKSUM);
    assert(tensors && own && state->is_whole);
    for (size_t i = 0; i < state->block_count; i++) {
        uint64_t checksum = 0;
        MOTE_TRY(sum_block(state, mote_state_kept(state, i), table, &checksum));
        mote_number_write_hex(checksum, tensors);
        tensors += MOTE_HEX_DIGITS;
    }
    mote_number_write_hex(sum_header(table, text, length, own), own);
    return MOTE_OK;
}

mote_status mote_weights_check_seal(const char *path, char *text, size_t length, mote_arena *arena,
                                    bool *is_sealed)
{
    const char *const place =
        mote_weights_find_metadata(text, length, MOTE_WEIGHTS_HEADER_CHECKSUM);
    void *memory = NULL;
    char expected[MOTE_HEX_DIGITS];
    *is_sealed = place && (size_t)(place - text) + MOTE_HEX_DIGITS <= length;
    if (!*is_sealed)
        return MOTE_OK;
    MOTE_TRY(mote_arena_allocate(arena, sizeof(mote_checksum_table), &memory));
    mote_checksum_table *const table = memory;
    mote_checksum_init(table);
    mote_number_write_hex(sum_header(table, text, length, place), expected);
    if (memcmp(expected, place, sizeof expected) == 0)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s' is damaged: the checksum of its header is %.16s, the header says %.16s",
                      path, expected, place);
}
