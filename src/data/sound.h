// SPDX-License-Identifier: Apache-2.0
// Private to data: what a network sees of a sound.
#ifndef MOTE_DATA_SOUND_H
#define MOTE_DATA_SOUND_H

#include "base/arena.h"
#include "base/property.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MOTE_SOUND_RAW,
    MOTE_SOUND_LOG_MEL,
    MOTE_SOUND_MFCC,
};

/// How a sound becomes rows of numbers.
typedef struct mote_sound_settings {
    uint64_t sample_rate; // samples a second; 0: not yet known
    uint32_t features;
    double frame_length, frame_step; // in milliseconds
    uint64_t mel_count, coefficient_count;
    double low_frequency, high_frequency; // in hertz; a high one of 0 is half the sample rate
    bool standardize;
} mote_sound_settings;

extern const char *const mote_sound_feature_names[];

/// Rows of a table whose state holds mote_sound_settings at `base`. The sample rate is the first one.
#define MOTE_SOUND_ROWS(base)                                                                     \
    {.name = "sample_rate",                                                                       \
     .kind = MOTE_PROPERTY_INTEGER,                                                               \
     .initial = "0",                                                                              \
     .minimum = 0,                                                                                \
     .maximum = 384000,                                                                           \
     .offset = (base) + offsetof(mote_sound_settings, sample_rate),                               \
     .help = "samples a second that all files must have; 0: as many as the first training file"}, \
        {.name = "features",                                                                      \
         .kind = MOTE_PROPERTY_CHOICE,                                                            \
         .initial = "mfcc",                                                                       \
         .choices = mote_sound_feature_names,                                                     \
         .offset = (base) + offsetof(mote_sound_settings, features),                              \
         .help = "raw: the samples, input 1:1:n or 1:n:1; log_mel: for each frame the logarithm " \
                 "of mel_count bands' energy, input 1:frames:mel_count; mfcc: "                   \
                 "coefficient_count of its cosine transform, input 1:frames:coefficient_count"},  \
        {.name = "frame_length",                                                                  \
         .kind = MOTE_PROPERTY_REAL,                                                              \
         .initial = "25",                                                                         \
         .minimum = 1,                                                                            \
         .maximum = 200,                                                                          \
         .offset = (base) + offsetof(mote_sound_settings, frame_length),                          \
         .help = "milliseconds of sound that a frame sees"},                                      \
        {.name = "frame_step",                                                                    \
         .kind = MOTE_PROPERTY_REAL,                                                              \
         .initial = "10",                                                                         \
         .minimum = 1,                                                                            \
         .maximum = 1000,                                                                         \
         .offset = (base) + offsetof(mote_sound_settings, frame_step),                            \
         .help = "milliseconds from a frame's start to that of the next"},                        \
        {.name = "mel_count",                                                                     \
         .kind = MOTE_PROPERTY_INTEGER,                                                           \
         .initial = "40",                                                                         \
         .minimum = 1,                                                                            \
         .maximum = 512,                                                                          \
         .offset = (base) + offsetof(mote_sound_settings, mel_count),                             \
         .help = "bands of frequencies, equally wide on the mel scale"},                          \
        {.name = "coefficient_count",                                                             \
         .kind = MOTE_PROPERTY_INTEGER,                                                           \
         .initial = "13",                                                                         \
         .minimum = 1,                                                                            \
         .maximum = 512,                                                                          \
         .offset = (base) + offsetof(mote_sound_settings, coefficient_count),                     \
         .help = "of mfcc: the first coefficients, at most mel_count"},                           \
        {.name = "low_frequency",                                                                 \
         .kind = MOTE_PROPERTY_REAL,                                                              \
         .initial = "20",                                                                         \
         .minimum = 0,                                                                            \
         .maximum = 192000,                                                                       \
         .offset = (base) + offsetof(mote_sound_settings, low_frequency),                         \
         .help = "hertz where the first band begins"},                                            \
        {.name = "high_frequency",                                                                \
         .kind = MOTE_PROPERTY_REAL,                                                              \
         .initial = "0",                                                                          \
         .minimum = 0,                                                                            \
         .maximum = 192000,                                                                       \
         .offset = (base) + offsetof(mote_sound_settings, high_frequency),                        \
         .help = "hertz where the last band ends; 0: half the sample rate"},                      \
    {                                                                                             \
        .name = "standardize", .kind = MOTE_PROPERTY_BOOL, .initial = "false",                    \
        .offset = (base) + offsetof(mote_sound_settings, standardize),                            \
        .help = "minus the coefficient's mean, divided by its deviation in the training set's "   \
                "frames, which are saved with the weights",                                       \
    }

/// Numbers a frame.
size_t mote_sound_width(const mote_sound_settings *settings);

/// What all sounds have in common, computed once.
typedef struct mote_sound mote_sound;

/// The sample rate must be known. `what` names section or data in messages: MOTE_ERROR_PROPERTY when the settings do not
/// fit each other.
mote_status mote_sound_init(const mote_sound_settings *settings, const char *what,
                            mote_arena *arena, mote_sound **sound) MOTE_MUST_CHECK;

/// Frames of a sound of `sample_count` samples, at least 1: those that lie in it as a whole, or one that is filled up
/// with zeros.
uint64_t mote_sound_frame_count(const mote_sound *sound, uint64_t sample_count);

/// Samples that the first `frame_count` frames see. Raises MOTE_ERROR_SHAPE when there are too many.
mote_status mote_sound_sample_count(const mote_sound *sound, size_t frame_count,
                                    size_t *sample_count) MOTE_MUST_CHECK;

/// The first `frame_count` frames of `sample_count` samples, a row each.
void mote_sound_features(mote_sound *sound, const double *samples, size_t sample_count,
                         size_t frame_count, float *rows);

/// Means and deviations by coefficient.
typedef struct mote_sound_scaling {
    double *means, *deviations; // NULL: not known
} mote_sound_scaling;

/// The settings, and the scaling if it is known, as a text to be saved with weights.
mote_status mote_sound_settings_write(const mote_sound_settings *settings,
                                      const mote_sound_scaling *scaling, mote_arena *arena,
                                      const char **text) MOTE_MUST_CHECK;

/// Takes the sample rate (where settings->sample_rate is 0) and the scaling from such a text. Raises
/// MOTE_ERROR_FORMAT for a text of another kind of data, MOTE_ERROR_PROPERTY for one of other settings; `what` names
/// the section.
mote_status mote_sound_settings_recall(const char *text, const char *what, mote_arena *arena,
                                       mote_sound_settings *settings,
                                       mote_sound_scaling *scaling) MOTE_MUST_CHECK;

#endif
