// SPDX-License-Identifier: Apache-2.0
// Features against numpy's values, the frames of sounds of any length, and settings that do not fit each other.
#include "data/sound.h"
#include "sound_values.h"
#include "support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SAMPLES_MAX 2000U
#define VALUES_MAX  1000U

static const mote_sound_settings usual = {
    .sample_rate = 8000,
    .features = MOTE_SOUND_MFCC,
    .frame_length = 25,
    .frame_step = 10,
    .mel_count = 24,
    .coefficient_count = 13,
};

/// As tools/numpy_sound.py makes it.
static void make_sound(double *samples, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        const double value = ((double)((7 * n * n + 13 * n) % 2001) - 1000.0) / 1024.0;
        samples[n] = 4 * n < 3 * count ? value : 0.0;
    }
}

static mote_sound *make(const mote_sound_settings *settings, mote_arena *arena)
{
    mote_sound *sound = NULL;
    mote_arena_init(arena, mote_allocator_default());
    expect_ok(mote_sound_init(settings, "[set]", arena, &sound));
    return sound;
}

static void features_are_those_that_numpy_computes(void **unused)
{
    (void)unused;
    for (size_t c = 0; c < sizeof sound_cases / sizeof sound_cases[0]; c++) {
        double samples[SAMPLES_MAX];
        float rows[VALUES_MAX];
        mote_arena arena;
        mote_sound *const sound = make(&sound_cases[c].settings, &arena);
        const size_t count = sound_cases[c].sample_count;
        const size_t frames = sound_cases[c].frame_count;
        const size_t values = frames * mote_sound_width(&sound_cases[c].settings);
        assert_true(count <= SAMPLES_MAX && values <= VALUES_MAX);
        make_sound(samples, count);
        assert_int_equal(mote_sound_frame_count(sound, count), frames);
        mote_sound_features(sound, samples, count, frames, rows);
        for (size_t i = 0; i < values; i++)
            assert_float_equal(rows[i], sound_cases[c].values[i], 2e-6);
        mote_arena_release(&arena);
    }
}

static void silence_has_the_energy_of_the_floor(void **unused)
{
    (void)unused;
    double samples[200] = {0};
    float row[24];
    mote_arena arena;
    mote_sound_settings settings = usual;
    settings.features = MOTE_SOUND_LOG_MEL;
    mote_sound *const sound = make(&settings, &arena);
    mote_sound_features(sound, samples, 200, 1, row);
    for (size_t i = 0; i < 24; i++)
        assert_float_equal(row[i], -23.0258509F, 1e-6); // log 1e-10
    mote_arena_release(&arena);
}

static void a_tone_is_loudest_in_the_band_around_it(void **unused)
{
    (void)unused;
    double samples[200];
    float row[24];
    mote_arena arena;
    mote_sound_settings settings = usual;
    settings.features = MOTE_SOUND_LOG_MEL;
    mote_sound *const sound = make(&settings, &arena);
    for (size_t i = 0; i < 200; i++) // 1000 Hz
        samples[i] = (double[]){0, 0.5, 0.7, 0.5, 0, -0.5, -0.7, -0.5}[i % 8];
    mote_sound_features(sound, samples, 200, 1, row);
    size_t loudest = 0;
    for (size_t i = 1; i < 24; i++)
        loudest = row[i] > row[loudest] ? i : loudest;
    // 1000 Hz are 1000 of 2146 mel: band 11.65 of 25 steps, counted from 1
    assert_int_equal(loudest, 11);
    mote_arena_release(&arena);
}

static void frames_lie_in_the_sound_but_for_a_single_one(void **unused)
{
    (void)unused;

    static const struct {
        uint64_t samples, frames;
    } cases[] = {{1, 1}, {199, 1}, {200, 1}, {279, 1}, {280, 2}, {1000, 11}};

    mote_arena arena;
    mote_sound *const sound = make(&usual, &arena);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(mote_sound_frame_count(sound, cases[i].samples), cases[i].frames);
    size_t samples = 0;
    expect_ok(mote_sound_sample_count(sound, 11, &samples));
    assert_int_equal(samples, 1000);
    expect_raises(mote_sound_sample_count(sound, SIZE_MAX / 2, &samples), MOTE_ERROR_SHAPE,
                  "a sound");
    mote_arena_release(&arena);
}

static void raw_sound_is_its_samples(void **unused)
{
    (void)unused;
    const double samples[3] = {0.5, -0.25, 1};
    float rows[3] = {0};
    mote_arena arena;
    mote_sound_settings settings = usual;
    settings.features = MOTE_SOUND_RAW;
    settings.mel_count = 512; // of no account
    mote_sound *const sound = make(&settings, &arena);
    assert_int_equal(mote_sound_width(&settings), 1);
    assert_int_equal(mote_sound_frame_count(sound, 3), 3);
    mote_sound_features(sound, samples, 3, 3, rows);
    assert_true(rows[0] == 0.5F && rows[1] == -0.25F && rows[2] == 1.0F);
    mote_arena_release(&arena);
}

static void assert_refused(const mote_sound_settings *settings, const char *message)
{
    mote_sound *sound = NULL;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    expect_raises(mote_sound_init(settings, "[set]", &arena, &sound), MOTE_ERROR_PROPERTY, message);
    mote_arena_release(&arena);
}

static void settings_that_do_not_fit_are_refused(void **unused)
{
    (void)unused;
    mote_sound_settings settings = usual;
    settings.high_frequency = 4001;
    assert_refused(&settings, "[set]: high_frequency = 4001, but 8000 samples a second have no "
                              "more than 4000");
    settings = usual;
    settings.low_frequency = 4000;
    assert_refused(&settings,
                   "[set]: low_frequency = 4000 is not below the highest frequency, 4000");
    settings = usual;
    settings.coefficient_count = 25;
    assert_refused(&settings, "[set]: coefficient_count = 25 is more than mel_count = 24");
    settings = usual;
    settings.mel_count = 128;
    assert_refused(&settings, "[set]: band 1 of mel_count = 128, from 0.0 to 21.0 Hz, lies between "
                              "two frequencies of the spectrum (31.2 Hz apart)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_are_those_that_numpy_computes),
        cmocka_unit_test(silence_has_the_energy_of_the_floor),
        cmocka_unit_test(a_tone_is_loudest_in_the_band_around_it),
        cmocka_unit_test(frames_lie_in_the_sound_but_for_a_single_one),
        cmocka_unit_test(raw_sound_is_its_samples),
        cmocka_unit_test(settings_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
