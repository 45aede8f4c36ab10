// SPDX-License-Identifier: Apache-2.0
// A checksum that finds damage of files: CRC-64/XZ (polynomial of ECMA-182, reflected; as in the .xz file format).
#ifndef MOTE_BASE_CHECKSUM_H
#define MOTE_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// For eight bytes at a time; 16 KiB that whoever computes checksums provides.
typedef struct mote_checksum_table {
    uint64_t rows[8][256];
} mote_checksum_table;

void mote_checksum_init(mote_checksum_table *table);

/// The checksum of what `checksum` is of (0: nothing) followed by `count` bytes.
uint64_t mote_checksum_add(const mote_checksum_table *table, uint64_t checksum, const void *bytes,
                           size_t count);

#endif
