// SPDX-License-Identifier: Apache-2.0
// WAV files made by hand, for the tests of data.
#ifndef MOTE_TESTS_UNIT_DATA_WAVS_H
#define MOTE_TESTS_UNIT_DATA_WAVS_H

#include "support/files.h"

#include <stdint.h>
#include <string.h>

#define WAV_HEAD_BYTES 44U
#define WAV_BYTES_MAX  4096U

typedef struct wav_bytes {
    unsigned char bytes[WAV_BYTES_MAX];
    size_t count;
} wav_bytes;

static inline void wav_put(wav_bytes *wav, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        wav->bytes[wav->count++] = (unsigned char)(value >> 8U * i);
}

static inline void wav_put_text(wav_bytes *wav, const char *text)
{
    memcpy(wav->bytes + wav->count, text, 4);
    wav->count += 4;
}

/// "RIFF" says how long the file is.
static inline void wav_end(wav_bytes *wav)
{
    const size_t count = wav->count;
    wav->count = 4;
    wav_put(wav, (uint32_t)count - 8, 4);
    wav->count = count;
}

static inline void wav_begin(wav_bytes *wav)
{
    wav->count = 0;
    wav_put_text(wav, "RIFF");
    wav_put(wav, 0, 4);
    wav_put_text(wav, "WAVE");
}

/// What a format chunk says.
typedef struct wav_format {
    uint32_t format, channels, rate, bits;
} wav_format;

static inline void wav_put_format(wav_bytes *wav, const wav_format *f, uint32_t chunk_bytes)
{
    const uint32_t block = f->channels * f->bits / 8;
    wav_put_text(wav, "fmt ");
    wav_put(wav, chunk_bytes, 4);
    wav_put(wav, f->format, 2);
    wav_put(wav, f->channels, 2);
    wav_put(wav, f->rate, 4);
    wav_put(wav, f->rate * block, 4);
    wav_put(wav, block, 2);
    wav_put(wav, f->bits, 2);
}

static inline void wav_put_data(wav_bytes *wav, const void *data, size_t bytes)
{
    wav_put_text(wav, "data");
    wav_put(wav, (uint32_t)bytes, 4);
    memcpy(wav->bytes + wav->count, data, bytes);
    wav->count += bytes;
}

static inline const char *wav_write(void **state, const char *name, const wav_bytes *wav)
{
    return mote_test_write(state, name, wav->bytes, wav->count);
}

/// A file of one format and its data.
static inline void wav_make(wav_bytes *wav, const wav_format *format, const void *data,
                            size_t bytes)
{
    wav_begin(wav);
    wav_put_format(wav, format, 16);
    wav_put_data(wav, data, bytes);
    wav_end(wav);
}

#endif
