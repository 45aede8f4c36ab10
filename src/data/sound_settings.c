// SPDX-License-Identifier: Apache-2.0
// How sounds are prepared, as a text that is saved with weights: a line "wav", a line "key=value" a row of the table,
// and if the data were standardized a line "mean deviation" a coefficient, with all digits.
#include "base/number.h"
#include "data/sound.h"

#include <stdio.h>
#include <string.h>

#define LINE_BYTES   256U
#define NUMBER_BYTES 40U

const char *const mote_sound_feature_names[] = {"raw", "log_mel", "mfcc", NULL};

static const mote_property table[] = {MOTE_SOUND_ROWS(0), {.name = NULL}};
static const char head[] = "wav\nsample_rate=";

#define ROW_COUNT  (sizeof table / sizeof table[0] - 1)
#define TEXT_BYTES (sizeof head + ROW_COUNT * LINE_BYTES)

static size_t write_settings(const mote_sound_settings *settings, char text[TEXT_BYTES])
{
    size_t length = (size_t)snprintf(text, TEXT_BYTES, "wav\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char value[LINE_BYTES / 2];
        (void)mote_property_get(&table[i], settings, value, sizeof value);
        length +=
            (size_t)snprintf(text + length, TEXT_BYTES - length, "%s=%s\n", table[i].name, value);
    }
    return length;
}

mote_status mote_sound_settings_write(const mote_sound_settings *settings,
                                      const mote_sound_scaling *scaling, mote_arena *arena,
                                      const char **text)
{
    char lines[TEXT_BYTES];
    void *memory = NULL;
    size_t length = write_settings(settings, lines);
    const size_t width = scaling->means ? mote_sound_width(settings) : 0;
    const size_t bytes = length + width * 2 * NUMBER_BYTES + 1;
    MOTE_TRY(mote_arena_allocate(arena, bytes, &memory));
    char *const written = memory;
    memcpy(written, lines, length);
    for (size_t i = 0; i < width; i++) {
        char mean[NUMBER_BYTES - 1];
        char deviation[NUMBER_BYTES - 1];
        (void)mote_number_print_real(scaling->means[i], mean, sizeof mean);
        (void)mote_number_print_real(scaling->deviations[i], deviation, sizeof deviation);
        length += (size_t)snprintf(written + length, bytes - length, "%s %s\n", mean, deviation);
    }
    *text = written;
    return MOTE_OK;
}

/// "mean deviation" up to the end of the line, behind which *text moves.
static bool read_scaling(const char **text, double *mean, double *deviation)
{
    const char *const line = *text;
    const size_t first = strcspn(line, " \n");
    if (line[first] != ' ')
        return false;
    const size_t second = strcspn(line + first + 1, "\n");
    if (line[first + 1 + second] != '\n')
        return false;
    *text = line + first + 1 + second + 1;
    return mote_number_parse_real(line, first, mean) &&
           mote_number_parse_real(line + first + 1, second, deviation) && *deviation > 0;
}

static mote_status raise_text(const char *text, const char *what)
{
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "%s: the weights were not trained on such sounds: their file says '%.40s'",
                      what, text);
}

static mote_status recall_rate(const char *text, const char *what, mote_sound_settings *settings)
{
    uint64_t rate = 0;
    const char *const number = text + strlen(head);
    if (strncmp(text, head, strlen(head)) != 0 ||
        !mote_number_parse_integer(number, strcspn(number, "\n"), &rate) || rate == 0)
        return raise_text(text, what);
    if (settings->sample_rate == 0)
        settings->sample_rate = rate;
    return MOTE_OK;
}

mote_status mote_sound_settings_recall(const char *text, const char *what, mote_arena *arena,
                                       mote_sound_settings *settings, mote_sound_scaling *scaling)
{
    char lines[TEXT_BYTES];
    const char *at = text;
    const size_t width = mote_sound_width(settings);
    MOTE_TRY(recall_rate(text, what, settings));
    const size_t length = write_settings(settings, lines);
    if (strncmp(text, lines, length) != 0) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s: sample_rate, features, frame_length, frame_step, mel_count, "
                          "coefficient_count, low_frequency, high_frequency or standardize differ "
                          "from those of the training data",
                          what);
    }
    at += length;
    if (settings->standardize) {
        MOTE_TRY(mote_arena_array(arena, width, sizeof(double), (void **)&scaling->means));
        MOTE_TRY(mote_arena_array(arena, width, sizeof(double), (void **)&scaling->deviations));
        for (size_t i = 0; i < width; i++) {
            if (!read_scaling(&at, &scaling->means[i], &scaling->deviations[i]))
                return raise_text(text, what);
        }
    }
    return at[0] == '\0' ? MOTE_OK : raise_text(text, what);
}
