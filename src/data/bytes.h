// SPDX-License-Identifier: Apache-2.0
// Private to data: bytes of a file become numbers where they are to lie, without a second buffer. They
// are read to the end of the destination; writing forward then never reaches a byte not yet read.
#ifndef MOTE_DATA_BYTES_H
#define MOTE_DATA_BYTES_H

#include "base/real.h"

#include <stddef.h>
#include <string.h>

/// Where `count` bytes must be read to, in a destination of `destination_bytes`.
static inline unsigned char *mote_bytes_tail(void *destination, size_t destination_bytes,
                                             size_t count)
{
    return (unsigned char *)destination + (destination_bytes - count);
}

/// The bytes at the tail become values: byte * scale.
static inline void mote_bytes_to_reals(mote_real *values, size_t count, double scale)
{
    const unsigned char *const bytes = mote_bytes_tail(values, count * sizeof *values, count);
    const mote_real factor = (mote_real)scale;
    for (size_t i = 0; i < count; i++)
        values[i] = (mote_real)bytes[i] * factor;
}

/// The floats at the tail become reals.
static inline void mote_floats_to_reals(mote_real *values, size_t count)
{
    const unsigned char *const bytes =
        mote_bytes_tail(values, count * sizeof *values, count * sizeof(float));
    for (size_t i = 0; i < count; i++) {
        float value = 0.0F;
        memcpy(&value, bytes + i * sizeof value, sizeof value);
        values[i] = (mote_real)value;
    }
}

#endif
