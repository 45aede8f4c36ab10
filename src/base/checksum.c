// SPDX-License-Identifier: Apache-2.0
// CRC by table, eight bytes at a time: row k of the table is a byte's share with k bytes behind it.
#include "base/checksum.h"

#define POLYNOMIAL UINT64_C(0xC96C5795D7870F42)

void mote_checksum_init(mote_checksum_table *table)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint64_t share = byte;
        for (unsigned bit = 0; bit < 8; bit++)
            share = share >> 1U ^ (share & 1U ? POLYNOMIAL : 0);
        table->rows[0][byte] = share;
    }
    for (unsigned row = 1; row < 8; row++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            const uint64_t share = table->rows[row - 1][byte];
            table->rows[row][byte] = share >> 8U ^ table->rows[0][share & 0xFFU];
        }
    }
}

uint64_t mote_checksum_add(const mote_checksum_table *table, uint64_t checksum, const void *bytes,
                           size_t count)
{
    const unsigned char *at = bytes;
    uint64_t sum = ~checksum;
    for (; count >= 8; count -= 8, at += 8) {
        uint64_t next = 0;
        for (unsigned i = 0; i < 8; i++)
            next ^= table->rows[7 - i][at[i] ^ (sum >> 8U * i & 0xFFU)];
        sum = next;
    }
    for (; count > 0; count--, at++)
        sum = sum >> 8U ^ table->rows[0][(sum ^ *at) & 0xFFU];
    return ~sum;
}
