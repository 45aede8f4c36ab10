// SPDX-License-Identifier: Apache-2.0
// Frames of samples s, N each, in double precision:
//   window    s[n] (1/2 - 1/2 cos(2 pi n / N))                  von Hann's, periodic
//   power     P[k] = |DFT|^2, over the next power of two         zeros behind the frame
//   mel scale m(f) = 2595 log10(1 + f / 700)                     O'Shaughnessy 1987; the HTK Book, section 5.4
//   energy    E[i] = sum over k of P[k] triangle_i(f_k)          corners at equal steps of m, straight in f, height 1
//   log_mel   L[i] = log max(E[i], 1e-10)
//   mfcc      C[j] = sqrt(2 / M) sum over i of L[i] cos(pi j (i + 1/2) / M), C[0] divided by sqrt(2): the orthonormal
//             DCT-II over M bands; S. Davis and P. Mermelstein, "Comparison of Parametric Representations for
//             Monosyllabic Word Recognition in Continuously Spoken Sentences" (1980)
// Of raw sound a frame is a sample.
#include "base/elementary.h"
#include "base/logarithm.h"
#include "base/size.h"
#include "data/sound.h"
#include "data/spectrum.h"

#include <math.h>
#include <string.h>

#define ENERGY_FLOOR 1e-10
#define MEL_CORNER   700.0

typedef struct band {
    double low, middle, high; // in bins
} band;

struct mote_sound {
    mote_sound_settings settings;
    size_t frame_samples, step_samples;
    size_t mel_count, width;
    mote_spectrum spectrum;
    double *window, *power, *energies;
    double *cosines; // of mfcc: [coefficient][band]
    band *bands;
};

size_t mote_sound_width(const mote_sound_settings *settings)
{
    if (settings->features == MOTE_SOUND_RAW)
        return 1;
    return (size_t)(settings->features == MOTE_SOUND_MFCC ? settings->coefficient_count
                                                          : settings->mel_count);
}

/// The mel scale without its factor.
static double get_mel(double frequency)
{
    return mote_logarithm(1.0 + frequency / MEL_CORNER);
}

static double get_frequency(double mel)
{
    return MEL_CORNER * (mote_exponential(mel) - 1.0);
}

static mote_status check_settings(const mote_sound_settings *settings, const char *what)
{
    const double half = (double)settings->sample_rate / 2.0;
    const double high = settings->high_frequency;
    if (high > half)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s: high_frequency = %g, but %llu samples a second have no more than %g",
                          what, high, (unsigned long long)settings->sample_rate, half);
    if (settings->low_frequency >= (high > 0 ? high : half))
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s: low_frequency = %g is not below the highest frequency, %g", what,
                          settings->low_frequency, high > 0 ? high : half);
    if (settings->features == MOTE_SOUND_MFCC &&
        settings->coefficient_count > settings->mel_count) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s: coefficient_count = %llu is more than mel_count = %llu", what,
                          (unsigned long long)settings->coefficient_count,
                          (unsigned long long)settings->mel_count);
    }
    return MOTE_OK;
}

/// At least 1.
static size_t get_samples(const mote_sound_settings *settings, double milliseconds)
{
    const double samples = floor(milliseconds * (double)settings->sample_rate / 1000.0 + 0.5);
    return samples < 1.0 ? 1 : (size_t)samples;
}

/// The first bin above the band's start.
static size_t get_first_bin(const band *b)
{
    return (size_t)floor(b->low) + 1;
}

static mote_status place_bands(mote_sound *s, const char *what)
{
    const double rate = (double)s->settings.sample_rate;
    const double bins = (double)s->spectrum.size / rate; // a hertz
    const double end = s->settings.high_frequency > 0 ? s->settings.high_frequency : rate / 2.0;
    const double low = get_mel(s->settings.low_frequency);
    const double step = (get_mel(end) - low) / (double)(s->mel_count + 1);
    for (size_t i = 0; i < s->mel_count; i++) {
        band *const b = &s->bands[i];
        b->low = bins * get_frequency(low + step * (double)i);
        b->middle = bins * get_frequency(low + step * (double)(i + 1));
        b->high = bins * get_frequency(low + step * (double)(i + 2));
        if ((double)get_first_bin(b) >= b->high) {
            return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                              "%s: band %zu of mel_count = %zu, from %.1f to %.1f Hz, lies between "
                              "two frequencies of the spectrum (%.1f Hz apart); take fewer bands "
                              "or longer frames",
                              what, i + 1, s->mel_count, b->low / bins, b->high / bins, 1.0 / bins);
        }
    }
    return MOTE_OK;
}

static void fill_window(mote_sound *s)
{
    for (size_t i = 0; i < s->frame_samples; i++) {
        double cosine = 0.0;
        double sine = 0.0;
        mote_circle_point(i, s->frame_samples, &cosine, &sine);
        s->window[i] = 0.5 - 0.5 * cosine;
    }
}

static void fill_cosines(mote_sound *s)
{
    const double first = sqrt(1.0 / (double)s->mel_count);
    const double other = sqrt(2.0 / (double)s->mel_count);
    for (size_t j = 0; j < s->width; j++) {
        for (size_t i = 0; i < s->mel_count; i++) {
            double cosine = 0.0;
            double sine = 0.0;
            mote_circle_point(j * (2 * i + 1), 4 * s->mel_count, &cosine, &sine);
            s->cosines[j * s->mel_count + i] = (j == 0 ? first : other) * cosine;
        }
    }
}

static mote_status make_tables(mote_sound *s, const char *what, mote_arena *arena)
{
    size_t size = 2;
    while (size < s->frame_samples)
        size *= 2;
    MOTE_TRY(mote_spectrum_init(&s->spectrum, size, arena));
    MOTE_TRY(mote_arena_array(arena, s->frame_samples, sizeof(double), (void **)&s->window));
    MOTE_TRY(mote_arena_array(arena, size / 2 + 1, sizeof(double), (void **)&s->power));
    MOTE_TRY(mote_arena_array(arena, s->mel_count, sizeof(double), (void **)&s->energies));
    MOTE_TRY(mote_arena_array(arena, s->mel_count, sizeof *s->bands, (void **)&s->bands));
    fill_window(s);
    if (s->settings.features == MOTE_SOUND_MFCC) {
        MOTE_TRY(
            mote_arena_array(arena, s->width * s->mel_count, sizeof(double), (void **)&s->cosines));
        fill_cosines(s);
    }
    return place_bands(s, what);
}

mote_status mote_sound_init(const mote_sound_settings *settings, const char *what,
                            mote_arena *arena, mote_sound **sound)
{
    void *memory = NULL;
    MOTE_TRY(mote_arena_allocate(arena, sizeof(mote_sound), &memory));
    mote_sound *const s = memory;
    const bool is_raw = settings->features == MOTE_SOUND_RAW;
    s->settings = *settings;
    s->mel_count = (size_t)settings->mel_count;
    s->width = mote_sound_width(settings);
    s->frame_samples = is_raw ? 1 : get_samples(settings, settings->frame_length);
    s->step_samples = is_raw ? 1 : get_samples(settings, settings->frame_step);
    if (!is_raw) {
        MOTE_TRY(check_settings(settings, what));
        MOTE_TRY(make_tables(s, what, arena));
    }
    *sound = s;
    return MOTE_OK;
}

uint64_t mote_sound_frame_count(const mote_sound *sound, uint64_t sample_count)
{
    if (sample_count < sound->frame_samples)
        return 1;
    return 1 + (sample_count - sound->frame_samples) / sound->step_samples;
}

mote_status mote_sound_sample_count(const mote_sound *sound, size_t frame_count,
                                    size_t *sample_count)
{
    size_t steps = 0;
    MOTE_TRY(mote_size_multiply(frame_count - 1, sound->step_samples, "a sound", &steps));
    return mote_size_add(steps, sound->frame_samples, "a sound", sample_count);
}

static double get_energy(const mote_sound *s, const band *b)
{
    double sum = 0.0;
    for (size_t k = get_first_bin(b); (double)k < b->high && k <= s->spectrum.size / 2; k++) {
        const double bin = (double)k;
        const double weight = bin < b->middle ? (bin - b->low) / (b->middle - b->low)
                                              : (b->high - bin) / (b->high - b->middle);
        sum += weight * s->power[k];
    }
    return sum;
}

/// Logarithms of the bands' energies in a frame of at most frame_samples samples.
static void find_energies(mote_sound *s, const double *samples, size_t count)
{
    double *const real = s->spectrum.real;
    memset(real, 0, s->spectrum.size * sizeof *real);
    for (size_t i = 0; i < count; i++)
        real[i] = samples[i] * s->window[i];
    mote_spectrum_power(&s->spectrum, s->power);
    for (size_t i = 0; i < s->mel_count; i++) {
        const double energy = get_energy(s, &s->bands[i]);
        s->energies[i] = mote_logarithm(energy > ENERGY_FLOOR ? energy : ENERGY_FLOOR);
    }
}

static void write_row(const mote_sound *s, float *row)
{
    for (size_t j = 0; j < s->width; j++) {
        double sum = s->energies[j];
        if (s->cosines) {
            sum = 0.0;
            for (size_t i = 0; i < s->mel_count; i++)
                sum += s->cosines[j * s->mel_count + i] * s->energies[i];
        }
        row[j] = (float)sum;
    }
}

void mote_sound_features(mote_sound *sound, const double *samples, size_t sample_count,
                         size_t frame_count, float *rows)
{
    for (size_t i = 0; i < frame_count; i++) {
        const size_t first = i * sound->step_samples;
        if (sound->settings.features == MOTE_SOUND_RAW) {
            rows[i] = (float)samples[first];
            continue;
        }
        find_energies(sound, samples + first,
                      mote_size_min(sound->frame_samples, sample_count - first));
        write_row(sound, rows + i * sound->width);
    }
}
