// SPDX-License-Identifier: Apache-2.0
// Hashes: a fast one for names that become keys of random numbers, SHA-256 for identity.
#ifndef MOTE_BASE_HASH_H
#define MOTE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define MOTE_SHA256_TEXT_BYTES 65U

/// FNV-1a, 64 bit, of a zero-terminated text.
uint64_t mote_hash_name(const char *name);

/// Running SHA-256 (FIPS 180-4).
typedef struct mote_sha256 {
    _Alignas(8) unsigned char state[208];
} mote_sha256;

void mote_sha256_init(mote_sha256 *hash);

void mote_sha256_add(mote_sha256 *hash, const void *bytes, size_t count);

/// Adds a zero-terminated text including its final zero.
void mote_sha256_add_text(mote_sha256 *hash, const char *text);

/// Adds a number as 8 bytes, little endian.
void mote_sha256_add_number(mote_sha256 *hash, uint64_t number);

/// Writes 64 lower-case hexadecimal digits and a final zero.
void mote_sha256_finish(mote_sha256 *hash, char text[MOTE_SHA256_TEXT_BYTES]);

#endif
