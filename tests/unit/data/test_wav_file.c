// SPDX-License-Identifier: Apache-2.0
// WAV files: every kind that is read, every kind that is not, and files that end early.
#include "data/wav_file.h"
#include "support/expect.h"
#include "wavs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define FMT_OFFSET 20U // of the format chunk's content, in a file of wav_make

static const wav_format pcm16 = {1, 1, 8000, 16};

/// Two blocks of two channels.
static const struct {
    wav_format format;
    unsigned char data[16];
    size_t bytes;
    double samples[2]; // means
} kinds[] = {
    {{1, 2, 8000, 8}, {0, 128, 255, 64}, 4, {-0.5, (127.0 - 64.0) / 256}},
    {{1, 2, 8000, 16}, {0, 0x80, 0, 0x40, 1, 0, 0xFF, 0xFF}, 8, {-0.25, 0}},
    {{1, 2, 8000, 24}, {0, 0, 0x80, 0, 0, 0x40, 1, 0, 0, 1, 0, 0}, 12, {-0.25, 0x1p-23}},
    {{1, 2, 8000, 32},
     {0, 0, 0, 0x80, 0, 0, 0, 0x40, 1, 0, 0, 0, 1, 0, 0, 0},
     16,
     {-0.25, 0x1p-31}},
    {{3, 2, 8000, 32}, {0, 0, 0x80, 0x3F, 0, 0, 0, 0xBF, 0, 0, 0, 0x40, 0, 0, 0, 0}, 16, {0.25, 1}},
};

static void all_kinds_of_samples_become_numbers_of_one_channel(void **state)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        wav_bytes bytes;
        mote_wav_file wav;
        double samples[2];
        wav_make(&bytes, &kinds[i].format, kinds[i].data, kinds[i].bytes);
        expect_ok(mote_wav_open(wav_write(state, "kind.wav", &bytes), &wav));
        assert_int_equal(wav.sample_count, 2);
        assert_int_equal(wav.sample_rate, 8000);
        expect_ok(mote_wav_read(&wav, 0, 2, samples));
        assert_true(samples[0] == kinds[i].samples[0]);
        assert_true(samples[1] == kinds[i].samples[1]);
        expect_ok(mote_wav_read(&wav, 1, 1, samples));
        assert_true(samples[0] == kinds[i].samples[1]);
        mote_wav_close(&wav);
        mote_wav_close(&wav);
    }
}

static void more_samples_than_are_read_at_once_keep_their_order(void **state)
{
    static const wav_format format = {1, 1, 44100, 8};
    unsigned char data[3000];
    double samples[3000];
    wav_bytes bytes;
    mote_wav_file wav;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i % 251);
    wav_make(&bytes, &format, data, sizeof data);
    expect_ok(mote_wav_open(wav_write(state, "long.wav", &bytes), &wav));
    wav.channel_count = 3; // as if they were three channels: 4096 is no multiple of them
    wav.sample_count = 1000;
    expect_ok(mote_wav_read(&wav, 0, 1000, samples));
    for (size_t i = 0; i < 1000; i++) {
        const double sum = (double)data[3 * i] + data[3 * i + 1] + data[3 * i + 2];
        assert_float_equal(samples[i], (sum / 3 - 128) / 128, 1e-12);
    }
    mote_wav_close(&wav);
}

static void put_extensible(wav_bytes *wav, uint32_t valid_bits, uint32_t subformat)
{
    static const unsigned char tail[14] = {0, 0, 0,    0, 0x10, 0,    0x80,
                                           0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};
    const wav_format format = {0xFFFE, 1, 8000, 16};
    wav_begin(wav);
    wav_put_format(wav, &format, 40);
    wav_put(wav, 22, 2);
    wav_put(wav, valid_bits, 2);
    wav_put(wav, 4, 4);
    wav_put(wav, subformat, 2);
    memcpy(wav->bytes + wav->count, tail, sizeof tail);
    wav->count += sizeof tail;
    wav_put_data(wav, "\0\x40", 2);
    wav_end(wav);
}

static void an_extensible_format_is_what_its_identifier_says(void **state)
{
    wav_bytes bytes;
    mote_wav_file wav;
    double sample = 0;
    put_extensible(&bytes, 12, 1);
    expect_ok(mote_wav_open(wav_write(state, "extensible.wav", &bytes), &wav));
    expect_ok(mote_wav_read(&wav, 0, 1, &sample));
    assert_true(sample == 0.5);
    mote_wav_close(&wav);
}

static void other_chunks_are_skipped(void **state)
{
    wav_bytes bytes;
    mote_wav_file wav;
    double sample = 0;
    wav_begin(&bytes);
    wav_put_text(&bytes, "LIST");
    wav_put(&bytes, 3, 4);
    wav_put_text(&bytes, "abc\0"); // padded to an even number
    wav_put_format(&bytes, &pcm16, 18);
    wav_put(&bytes, 0, 2);
    wav_put_data(&bytes, "\0\x40", 2);
    wav_put_text(&bytes, "tail");
    wav_end(&bytes);
    wav_put_text(&bytes, "more");
    expect_ok(mote_wav_open(wav_write(state, "chunks.wav", &bytes), &wav));
    assert_int_equal(wav.sample_count, 1);
    expect_ok(mote_wav_read(&wav, 0, 1, &sample));
    assert_true(sample == 0.5);
    mote_wav_close(&wav);
}

static void assert_refused(void **state, const wav_bytes *bytes, mote_status status,
                           const char *message)
{
    char expected[512];
    mote_wav_file wav;
    const char *const path = wav_write(state, "refused.wav", bytes);
    (void)snprintf(expected, sizeof expected, "'%s'%s", path, message);
    expect_raises(mote_wav_open(path, &wav), status, expected);
    assert_int_equal(wav.file.descriptor, -1);
}

static void a_file_that_ends_early_is_refused_wherever_it_ends(void **state)
{
    wav_bytes bytes;
    wav_make(&bytes, &pcm16, "12345678", 8);
    for (size_t count = 0; count < WAV_HEAD_BYTES + 8; count++) {
        char message[128] = " is not a WAV file";
        if (count >= 12)
            (void)snprintf(message, sizeof message,
                           " has %zu bytes, but its header says 52: its end is missing", count);
        bytes.count = count;
        assert_refused(state, &bytes, MOTE_ERROR_FORMAT, message);
    }
}

/// The same with a header that says so itself.
static void a_file_without_all_of_its_chunks_is_refused_wherever_it_ends(void **state)
{
    wav_bytes bytes;
    wav_make(&bytes, &pcm16, "12345678", 8);
    for (size_t count = 8; count < WAV_HEAD_BYTES + 8; count++) {
        bytes.count = count;
        wav_end(&bytes);
        assert_refused(state, &bytes, MOTE_ERROR_FORMAT, "");
    }
}

static void other_formats_are_refused_by_name(void **state)
{
    static const struct {
        wav_format format;
        const char *message;
    } cases[] = {
        {{2, 1, 8000, 16}, " is Microsoft ADPCM (0x0002); expected PCM of 8, 16, 24 or 32 bits"},
        {{6, 1, 8000, 8}, " is A-law (0x0006)"},
        {{7, 1, 8000, 8}, " is mu-law (0x0007)"},
        {{0x55, 1, 8000, 16}, " is MP3 (0x0055)"},
        {{0x1234, 1, 8000, 16}, " is an unknown format (0x1234)"},
        {{3, 1, 8000, 64}, " has 64-bit floats; expected 32 bits"},
        {{1, 1, 8000, 64}, " is 64-bit PCM; expected 8, 16, 24 or 32 bits"},
        {{1, 1, 8000, 12}, " is 12-bit PCM"},
        {{1, 1, 8000, 0}, " is 0-bit PCM"},
        {{1, 0, 8000, 16}, " has 0 channels; expected 1 to 64"},
        {{1, 65, 8000, 16}, " has 65 channels; expected 1 to 64"},
        {{1, 1, 0, 16}, " has 0 samples a second; expected 1 to 384000"},
        {{1, 1, 384001, 16}, " has 384001 samples a second"},
    };

    wav_bytes bytes;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wav_make(&bytes, &cases[i].format, "12345678", 8);
        assert_refused(state, &bytes, MOTE_ERROR_UNSUPPORTED, cases[i].message);
    }
    put_extensible(&bytes, 16, 0x11);
    assert_refused(state, &bytes, MOTE_ERROR_UNSUPPORTED, " is IMA ADPCM (0x0011)");
    put_extensible(&bytes, 16, 1);
    bytes.bytes[FMT_OFFSET + 30] ^= 1;
    assert_refused(state, &bytes, MOTE_ERROR_UNSUPPORTED, " is an unknown format (0xFFFE)");
}

static void other_containers_are_refused_by_name(void **state)
{
    wav_bytes bytes;
    wav_make(&bytes, &pcm16, "12345678", 8);
    memcpy(bytes.bytes, "RF64", 4);
    assert_refused(state, &bytes, MOTE_ERROR_UNSUPPORTED,
                   " is a WAV file of the kind RF64; expected RIFF");
    memcpy(bytes.bytes, "RIFX", 4);
    assert_refused(state, &bytes, MOTE_ERROR_UNSUPPORTED, " is a WAV file of the kind RIFX");
    memcpy(bytes.bytes, "RIFFxxxxAVI ", 12);
    assert_refused(state, &bytes, MOTE_ERROR_FORMAT, " is not a WAV file");
}

static void headers_that_contradict_themselves_are_refused(void **state)
{
    wav_bytes bytes;
    wav_make(&bytes, &pcm16, "12345678", 8);
    bytes.bytes[FMT_OFFSET + 12] = 3;
    assert_refused(state, &bytes, MOTE_ERROR_FORMAT,
                   ": 3 bytes a block, but 1 channels of 16 bits are 2");
    wav_make(&bytes, &pcm16, "1234567", 7);
    assert_refused(state, &bytes, MOTE_ERROR_FORMAT,
                   " has 7 bytes of data; expected a multiple of 2, and not 0");
    wav_make(&bytes, &pcm16, "", 0);
    assert_refused(state, &bytes, MOTE_ERROR_FORMAT, " has 0 bytes of data");
    wav_make(&bytes, &pcm16, "12345678", 8);
    bytes.bytes[WAV_HEAD_BYTES - 1] = 0xFF;
    assert_refused(state, &bytes, MOTE_ERROR_FORMAT,
                   ": a chunk of 4278190088 bytes at byte 44, but there are only 8 more");
    wav_begin(&bytes);
    wav_put_data(&bytes, "12", 2);
    wav_end(&bytes);
    assert_refused(state, &bytes, MOTE_ERROR_FORMAT, " has no format chunk before its data");
    wav_begin(&bytes);
    wav_put_format(&bytes, &pcm16, 16);
    wav_put_format(&bytes, &pcm16, 16);
    wav_end(&bytes);
    assert_refused(state, &bytes, MOTE_ERROR_FORMAT, " has two format chunks");
    wav_begin(&bytes);
    wav_put_format(&bytes, &pcm16, 14);
    wav_end(&bytes);
    assert_refused(state, &bytes, MOTE_ERROR_FORMAT,
                   ": its format chunk has 14 bytes; expected at least 16");
    wav_make(&bytes, &(wav_format){0xFFFE, 1, 8000, 16}, "12345678", 8);
    assert_refused(state, &bytes, MOTE_ERROR_FORMAT,
                   ": its format chunk has 16 bytes; an extensible one has 40");
    put_extensible(&bytes, 17, 1);
    assert_refused(state, &bytes, MOTE_ERROR_FORMAT, ": 17 valid bits in samples of 16");
}

static void floats_that_are_no_numbers_are_refused(void **state)
{
    static const wav_format format = {3, 1, 8000, 32};
    const float data[3] = {0, 1, (float)INFINITY};
    wav_bytes bytes;
    mote_wav_file wav;
    double samples[3];
    wav_make(&bytes, &format, data, sizeof data);
    expect_ok(mote_wav_open(wav_write(state, "infinite.wav", &bytes), &wav));
    expect_raises(mote_wav_read(&wav, 0, 3, samples), MOTE_ERROR_FORMAT,
                  "infinite.wav': sample 2 is not a finite number");
    mote_wav_close(&wav);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    mote_wav_file wav;
    expect_raises(mote_wav_open(mote_test_path(state, "missing.wav"), &wav), MOTE_ERROR_IO,
                  "missing.wav'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_of_samples_become_numbers_of_one_channel),
        cmocka_unit_test(more_samples_than_are_read_at_once_keep_their_order),
        cmocka_unit_test(an_extensible_format_is_what_its_identifier_says),
        cmocka_unit_test(other_chunks_are_skipped),
        cmocka_unit_test(a_file_that_ends_early_is_refused_wherever_it_ends),
        cmocka_unit_test(a_file_without_all_of_its_chunks_is_refused_wherever_it_ends),
        cmocka_unit_test(other_formats_are_refused_by_name),
        cmocka_unit_test(other_containers_are_refused_by_name),
        cmocka_unit_test(headers_that_contradict_themselves_are_refused),
        cmocka_unit_test(floats_that_are_no_numbers_are_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
