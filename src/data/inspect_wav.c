// SPDX-License-Identifier: Apache-2.0
// Inspecting a folder of WAV files: classes by name; sample rate and lengths by the files' headers. Floats are read,
// since some may not be finite.
#include "base/size.h"
#include "base/text.h"
#include "data/inspect.h"
#include "data/wav_file.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK 1024U

typedef struct sounds {
    const mote_class_folder *folder;
    uint64_t *lengths; // in samples, a file each
    size_t channels;   // most of a file
    uint32_t sample_rate;
} sounds;

static mote_status recognize(const mote_inspect_head *head, bool *is_recognized)
{
    const bool is_wave = head->count >= 12 && memcmp(head->bytes, "RIFF", 4) == 0 &&
                         memcmp(head->bytes + 8, "WAVE", 4) == 0;
    *is_recognized = head->is_folder && (is_wave || mote_text_ends(head->path, ".wav"));
    return MOTE_OK;
}

static mote_status check_samples(const mote_wav_file *wav)
{
    double samples[CHUNK];
    for (uint64_t first = 0; wav->is_float && first < wav->sample_count; first += CHUNK) {
        const uint64_t left = wav->sample_count - first;
        MOTE_TRY(mote_wav_read(wav, first, left < CHUNK ? (size_t)left : CHUNK, samples));
    }
    return MOTE_OK;
}

static mote_status add_sound(sounds *s, const mote_wav_file *wav, size_t index)
{
    s->lengths[index] = wav->sample_count;
    s->channels = mote_size_max(s->channels, wav->channel_count);
    if (index == 0)
        s->sample_rate = wav->sample_rate;
    if (wav->sample_rate != s->sample_rate) {
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' has %u samples a second, '%s' has %u; expected one rate for all "
                          "files",
                          wav->file.path, (unsigned)wav->sample_rate, s->folder->files[0].path,
                          (unsigned)s->sample_rate);
    }
    return check_samples(wav);
}

static mote_status add_file(sounds *s, size_t index)
{
    mote_wav_file wav;
    MOTE_TRY(mote_wav_open(s->folder->files[index].path, &wav));
    const mote_status status = add_sound(s, &wav, index);
    mote_wav_close(&wav);
    return status;
}

static int compare_lengths(const void *a, const void *b)
{
    const uint64_t first = *(const uint64_t *)a;
    const uint64_t second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

static mote_status inspect(const mote_inspect_request *request, mote_data_info *info)
{
    mote_class_folder folder;
    sounds s = {.folder = &folder};
    MOTE_TRY(mote_inspect_classes(request, &folder, info));
    MOTE_TRY(mote_arena_array(request->arena, folder.file_count, sizeof *s.lengths,
                              (void **)&s.lengths));
    for (size_t i = 0; i < folder.file_count; i++)
        MOTE_TRY(add_file(&s, i));
    qsort(s.lengths, folder.file_count, sizeof *s.lengths, compare_lengths);
    info->channels = s.channels;
    info->sample_rate = s.sample_rate;
    info->longest = s.lengths[folder.file_count - 1];
    info->usual = s.lengths[mote_size_ceil_divide(folder.file_count * 19, 20) - 1];
    return MOTE_OK;
}

const mote_inspector mote_inspect_wav = {
    .kind = MOTE_DATA_WAV, .recognize = recognize, .inspect = inspect};
