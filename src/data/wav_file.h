// SPDX-License-Identifier: Apache-2.0
// Private to data: WAV files as samples of one channel.
#ifndef MOTE_DATA_WAV_FILE_H
#define MOTE_DATA_WAV_FILE_H

#include "base/status.h"
#include "os/os.h"

#include <stdint.h>

#define MOTE_WAV_RATE_MAX     384000U
#define MOTE_WAV_CHANNELS_MAX 64U

/// An open file whose header was checked: what it says fits the file.
typedef struct mote_wav_file {
    mote_file file;
    uint32_t sample_rate; // samples a second, from 1 to MOTE_WAV_RATE_MAX
    uint32_t channel_count;
    uint32_t sample_bytes; // of one channel: 1 (unsigned), 2, 3, 4 (signed)
    bool is_float;         // 4 bytes
    uint64_t data_offset;
    uint64_t sample_count; // of each channel, at least 1
} mote_wav_file;

/// Opens a RIFF WAVE file of 8-, 16-, 24- or 32-bit PCM or 32-bit floats; `path` is borrowed while it is open.
/// What else there is is refused by name, and so is a file that ends early. Raises MOTE_ERROR_IO,
/// MOTE_ERROR_FORMAT, MOTE_ERROR_UNSUPPORTED.
mote_status mote_wav_open(const char *path, mote_wav_file *wav) MOTE_MUST_CHECK;

/// Reads samples [first, +count), the mean of all channels; integers are scaled to -1 .. 1. A float that is not
/// finite raises MOTE_ERROR_FORMAT.
mote_status mote_wav_read(const mote_wav_file *wav, uint64_t first, size_t count,
                          double *samples) MOTE_MUST_CHECK;

/// Safe on a closed file.
void mote_wav_close(mote_wav_file *wav);

#endif
