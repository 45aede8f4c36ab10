// SPDX-License-Identifier: Apache-2.0
// FNV-1a by hand; SHA-256 by libmd, whose state lives in the caller's struct.
#include "base/hash.h"

#include <sha2.h>
#include <string.h>

_Static_assert(sizeof(SHA2_CTX) <= sizeof(mote_sha256), "libmd's state must fit");
_Static_assert(_Alignof(SHA2_CTX) <= _Alignof(mote_sha256), "libmd's state must be aligned");

uint64_t mote_hash_name(const char *name)
{
    uint64_t hash = 0xCBF29CE484222325U;
    for (; *name != '\0'; name++) {
        hash ^= (unsigned char)*name;
        hash *= 0x100000001B3U;
    }
    return hash;
}

/// The bytes are read and written as libmd's struct only here, through copies: SHA2_CTX and the byte
/// array of mote_sha256 must not alias. 208 bytes a call are nothing beside the hash.
static SHA2_CTX get_state(const mote_sha256 *hash)
{
    SHA2_CTX state;
    memcpy(&state, hash->state, sizeof state);
    return state;
}

static void set_state(mote_sha256 *hash, const SHA2_CTX *state)
{
    memcpy(hash->state, state, sizeof *state);
}

void mote_sha256_init(mote_sha256 *hash)
{
    SHA2_CTX state = {.bitcount = {0}};
    SHA256Init(&state);
    set_state(hash, &state);
}

void mote_sha256_add(mote_sha256 *hash, const void *bytes, size_t count)
{
    SHA2_CTX state = get_state(hash);
    SHA256Update(&state, bytes, count);
    set_state(hash, &state);
}

void mote_sha256_add_text(mote_sha256 *hash, const char *text)
{
    mote_sha256_add(hash, text, strlen(text) + 1);
}

void mote_sha256_add_number(mote_sha256 *hash, uint64_t number)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    mote_sha256_add(hash, bytes, sizeof bytes);
}

void mote_sha256_finish(mote_sha256 *hash, char text[MOTE_SHA256_TEXT_BYTES])
{
    SHA2_CTX state = get_state(hash);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256Final(digest, &state);
    set_state(hash, &state);
    for (size_t i = 0; i < sizeof digest; i++) {
        text[2 * i] = "0123456789abcdef"[digest[i] >> 4U];
        text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15U];
    }
    text[2 * sizeof digest] = '\0';
}
