// SPDX-License-Identifier: Apache-2.0
// RIFF: "RIFF", size, "WAVE", then chunks of a name, a size and as many bytes, each padded to an even number. "fmt "
// says what "data" holds; other chunks are skipped. Numbers are little endian.
#include "data/wav_file.h"

#include "base/size.h"

#include <math.h>
#include <string.h>

#define RIFF_HEAD_BYTES   12U
#define CHUNK_HEAD_BYTES  8U
#define FORMAT_BYTES      16U
#define EXTENSIBLE_BYTES  40U
#define READ_BYTES        4096U
#define FORMAT_PCM        1U
#define FORMAT_FLOAT      3U
#define FORMAT_EXTENSIBLE 0xFFFEU

static const struct {
    uint32_t number;
    const char *name;
} format_names[] = {
    {2, "Microsoft ADPCM"}, {6, "A-law"},  {7, "mu-law"}, {0x11, "IMA ADPCM"},
    {0x31, "GSM 6.10"},     {0x50, "MP2"}, {0x55, "MP3"}, {0xFF, "AAC"},
};

/// Behind the first two bytes of the identifier of an extensible format that has a number.
static const unsigned char extension_tail[14] = {0, 0, 0,    0, 0x10, 0,    0x80,
                                                 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};

static uint32_t get_u16(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8U;
}

static uint32_t get_u32(const unsigned char *bytes)
{
    return get_u16(bytes) | get_u16(bytes + 2) << 16U;
}

/// What the header's walk knows.
typedef struct header {
    mote_wav_file *wav;
    const char *path;
    uint64_t end; // of the RIFF chunk
    bool has_format;
} header;

static mote_status raise_format(const header *h, uint32_t format)
{
    const char *name = "an unknown format";
    for (size_t i = 0; i < sizeof format_names / sizeof format_names[0]; i++) {
        if (format_names[i].number == format)
            name = format_names[i].name;
    }
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                      "'%s' is %s (0x%04X); expected PCM of 8, 16, 24 or 32 bits, or 32-bit floats",
                      h->path, name, (unsigned)format);
}

/// An extensible format's number stands in its identifier.
static mote_status resolve_extension(const header *h, const unsigned char *bytes, size_t count,
                                     uint32_t *format)
{
    if (count < EXTENSIBLE_BYTES)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': its format chunk has %zu bytes; an extensible one has %u", h->path,
                          count, EXTENSIBLE_BYTES);
    *format = get_u16(bytes + 24);
    if (memcmp(bytes + 26, extension_tail, sizeof extension_tail) != 0)
        return raise_format(h, FORMAT_EXTENSIBLE);
    if (get_u16(bytes + 18) == 0 || get_u16(bytes + 18) > get_u16(bytes + 14))
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': %u valid bits in samples of %u", h->path,
                          (unsigned)get_u16(bytes + 18), (unsigned)get_u16(bytes + 14));
    return MOTE_OK;
}

static mote_status check_sample(const header *h, uint32_t format, uint32_t bits)
{
    if (format != FORMAT_PCM && format != FORMAT_FLOAT)
        return raise_format(h, format);
    if (format == FORMAT_FLOAT && bits != 32)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s' has %u-bit floats; expected 32 bits",
                          h->path, (unsigned)bits);
    if (bits % 8 != 0 || bits < 8 || bits > 32)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "'%s' is %u-bit PCM; expected 8, 16, 24 or 32 bits", h->path,
                          (unsigned)bits);
    return MOTE_OK;
}

static mote_status parse_format(header *h, const unsigned char *bytes, size_t count)
{
    mote_wav_file *const wav = h->wav;
    uint32_t format = get_u16(bytes);
    const uint32_t bits = get_u16(bytes + 14);
    wav->channel_count = get_u16(bytes + 2);
    wav->sample_rate = get_u32(bytes + 4);
    if (format == FORMAT_EXTENSIBLE)
        MOTE_TRY(resolve_extension(h, bytes, count, &format));
    MOTE_TRY(check_sample(h, format, bits));
    wav->sample_bytes = bits / 8;
    wav->is_float = format == FORMAT_FLOAT;
    if (wav->channel_count == 0 || wav->channel_count > MOTE_WAV_CHANNELS_MAX)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s' has %u channels; expected 1 to %u", h->path,
                          (unsigned)wav->channel_count, MOTE_WAV_CHANNELS_MAX);
    if (wav->sample_rate == 0 || wav->sample_rate > MOTE_WAV_RATE_MAX)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s' has %u samples a second; expected 1 to %u",
                          h->path, (unsigned)wav->sample_rate, MOTE_WAV_RATE_MAX);
    if (get_u16(bytes + 12) != wav->channel_count * wav->sample_bytes) {
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': %u bytes a block, but %u channels of %u bits are %u", h->path,
                          (unsigned)get_u16(bytes + 12), (unsigned)wav->channel_count,
                          (unsigned)bits, (unsigned)(wav->channel_count * wav->sample_bytes));
    }
    h->has_format = true;
    return MOTE_OK;
}

static mote_status read_format(header *h, uint64_t offset, uint32_t bytes)
{
    unsigned char format[EXTENSIBLE_BYTES] = {0};
    const size_t count = mote_size_min(bytes, sizeof format);
    if (h->has_format)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has two format chunks", h->path);
    if (count < FORMAT_BYTES)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': its format chunk has %zu bytes; expected at least %u", h->path,
                          count, FORMAT_BYTES);
    MOTE_TRY(mote_file_read(&h->wav->file, offset, format, count));
    return parse_format(h, format, count);
}

static mote_status place_data(const header *h, uint64_t offset, uint32_t bytes)
{
    mote_wav_file *const wav = h->wav;
    if (!h->has_format)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has no format chunk before its data", h->path);
    const uint32_t block_bytes = wav->channel_count * wav->sample_bytes;
    if (bytes == 0 || bytes % block_bytes != 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' has %u bytes of data; expected a multiple of %u, and not 0",
                          h->path, (unsigned)bytes, (unsigned)block_bytes);
    wav->data_offset = offset;
    wav->sample_count = bytes / block_bytes;
    return MOTE_OK;
}

/// One chunk at *offset, which moves behind it.
static mote_status read_chunk(header *h, uint64_t *offset)
{
    unsigned char head[CHUNK_HEAD_BYTES];
    if (h->end - *offset < sizeof head)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has no data chunk", h->path);
    MOTE_TRY(mote_file_read(&h->wav->file, *offset, head, sizeof head));
    const uint32_t bytes = get_u32(head + 4);
    *offset += sizeof head;
    if (bytes > h->end - *offset) {
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': a chunk of %u bytes at byte %llu, but there are only %llu more",
                          h->path, (unsigned)bytes, (unsigned long long)*offset,
                          (unsigned long long)(h->end - *offset));
    }
    if (memcmp(head, "fmt ", 4) == 0)
        MOTE_TRY(read_format(h, *offset, bytes));
    if (memcmp(head, "data", 4) == 0)
        MOTE_TRY(place_data(h, *offset, bytes));
    *offset += bytes;
    if (bytes % 2 == 1 && *offset < h->end)
        *offset += 1;
    return MOTE_OK;
}

static mote_status read_header(header *h)
{
    unsigned char head[RIFF_HEAD_BYTES] = {0};
    uint64_t file_bytes = 0;
    uint64_t offset = sizeof head;
    MOTE_TRY(mote_file_size(&h->wav->file, &file_bytes));
    if (file_bytes >= sizeof head)
        MOTE_TRY(mote_file_read(&h->wav->file, 0, head, sizeof head));
    if (memcmp(head, "RIFX", 4) == 0 || memcmp(head, "RF64", 4) == 0)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "'%s' is a WAV file of the kind %.4s; expected RIFF", h->path,
                          (const char *)head);
    if (memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is not a WAV file", h->path);
    h->end = CHUNK_HEAD_BYTES + (uint64_t)get_u32(head + 4);
    if (h->end > file_bytes)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' has %llu bytes, but its header says %llu: its end is missing",
                          h->path, (unsigned long long)file_bytes, (unsigned long long)h->end);
    if (h->end < offset)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has no data chunk", h->path);
    while (h->wav->sample_count == 0)
        MOTE_TRY(read_chunk(h, &offset));
    return MOTE_OK;
}

mote_status mote_wav_open(const char *path, mote_wav_file *wav)
{
    *wav = (mote_wav_file){.file = {.descriptor = -1}};
    MOTE_TRY(mote_file_open_read(path, &wav->file));
    header h = {.wav = wav, .path = path};
    const mote_status status = read_header(&h);
    if (status != MOTE_OK)
        mote_wav_close(wav);
    return status;
}

void mote_wav_close(mote_wav_file *wav)
{
    mote_file_close(&wav->file);
}

/// A sample of one channel.
static double get_sample(const mote_wav_file *wav, const unsigned char *bytes)
{
    if (wav->is_float) {
        const uint32_t bits = get_u32(bytes);
        float value = 0.0F;
        memcpy(&value, &bits, sizeof value);
        return (double)value;
    }
    if (wav->sample_bytes == 1)
        return ((double)bytes[0] - 128.0) / 128.0;
    // the bytes are the highest ones of a number of 32 bits
    uint32_t bits = 0;
    for (uint32_t i = 0; i < wav->sample_bytes; i++)
        bits |= (uint32_t)bytes[i] << 8U * (4 - wav->sample_bytes + i);
    const double value = (double)(bits & 0x7FFFFFFFU) - (double)(bits & 0x80000000U);
    return value / 2147483648.0;
}

/// The mean of all channels of one block.
static double get_mean(const mote_wav_file *wav, const unsigned char *block)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < wav->channel_count; i++)
        sum += get_sample(wav, block + (size_t)i * wav->sample_bytes);
    return sum / (double)wav->channel_count;
}

mote_status mote_wav_read(const mote_wav_file *wav, uint64_t first, size_t count, double *samples)
{
    unsigned char bytes[READ_BYTES];
    const size_t block_bytes = (size_t)wav->channel_count * wav->sample_bytes;
    for (size_t done = 0; done < count;) {
        const size_t part = mote_size_min(count - done, sizeof bytes / block_bytes);
        MOTE_TRY(mote_file_read(&wav->file, wav->data_offset + (first + done) * block_bytes, bytes,
                                part * block_bytes));
        for (size_t i = 0; i < part; i++) {
            samples[done + i] = get_mean(wav, bytes + i * block_bytes);
            if (!isfinite(samples[done + i]))
                return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': sample %llu is not a finite number",
                                  wav->file.path, (unsigned long long)(first + done + i));
        }
        done += part;
    }
    return MOTE_OK;
}
