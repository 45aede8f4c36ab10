// SPDX-License-Identifier: Apache-2.0
// Sounds by class: samples, lengths, classes, standardizing, what is remembered, and sets that are refused.
#include "sets.h"
#include "wavs.h"

#include <sys/stat.h>

#define FRAMES 4U

static const wav_format usual = {1, 1, 1000, 16};

/// A file of samples 1, 2, ... `count` of 2^15.
static void write_steps(void **state, const char *name, const wav_format *format, size_t count)
{
    wav_bytes wav;
    unsigned char data[64] = {0};
    assert_true(2 * count <= sizeof data);
    for (size_t i = 0; i < count; i++)
        data[2 * i] = (unsigned char)(i + 1);
    wav_make(&wav, format, data, 2 * count);
    (void)wav_write(state, name, &wav);
}

/// down: 2 and 6 samples; up: 3.
static void write_sounds(void **state)
{
    (void)mkdir(mote_test_path(state, "sounds"), 0700);
    (void)mkdir(mote_test_path(state, "sounds/down"), 0700);
    (void)mkdir(mote_test_path(state, "sounds/up"), 0700);
    write_steps(state, "sounds/down/a.wav", &usual, 2);
    write_steps(state, "sounds/down/b.wav", &usual, 6);
    write_steps(state, "sounds/up/a.wav", &usual, 3);
}

/// A training set of raw sound with lengths.
static void sound_set(void **state, set_config *set)
{
    mote_dataset_port length = index_port("length", 1, FRAMES);
    length.index_first = 1;
    write_sounds(state);
    file_set_init(state, set, "wav", "sounds");
    add_port(set, real_port("in", 1, FRAMES, 1), false);
    add_port(set, length, false);
    add_port(set, index_port("class", 1, 1), true);
    add_key(set, "features", "raw");
    set->config.ports.class_count = 2;
    set->config.is_training = true;
}

static void assert_samples(mote_dataset *dataset, const set_config *set,
                           const float expected[3][FRAMES], float scale)
{
    float values[3][FRAMES];
    mote_dataset_select(dataset, NULL, 0, 3);
    expect_ok(read_batch(dataset, 0, &set->ports[0].spec, 0, 3, values));
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < FRAMES; j++)
            assert_float_equal(values[i][j], expected[i][j] * scale, 1e-6);
    }
}

static void sounds_are_cut_or_filled_up_and_have_lengths_and_classes(void **state)
{
    static const float expected[3][FRAMES] = {{1, 2}, {1, 2, 3, 4}, {1, 2, 3}};
    set_config set;
    int32_t numbers[3];
    sound_set(state, &set);
    mote_dataset *dataset = open_set(&set);
    assert_int_equal(mote_dataset_sample_count(dataset), 3);
    assert_samples(dataset, &set, expected, 0x1p-15F);
    expect_ok(read_batch(dataset, 1, &set.ports[1].spec, 0, 3, numbers));
    assert_true(numbers[0] == 2 && numbers[1] == 4 && numbers[2] == 3);
    expect_ok(read_batch(dataset, 2, &set.ports[2].spec, 0, 3, numbers));
    assert_true(numbers[0] == 0 && numbers[1] == 0 && numbers[2] == 1);
    const mote_knowledge knowledge = mote_dataset_knowledge(dataset);
    assert_string_equal(knowledge.class_names, "down,up");
    assert_non_null(strstr(knowledge.preparation, "wav\nsample_rate=1000\nfeatures=raw\n"));
    mote_dataset_close(&dataset);
}

static void standardizing_counts_the_sounds_own_frames(void **state)
{
    // 1 2 1 2 3 4 1 2 3: mean 19/9, variance 80/81
    static const float deviation = 0.99380799F;
    float expected[3][FRAMES] = {{1, 2}, {1, 2, 3, 4}, {1, 2, 3}};
    set_config set;
    char preparation[512];
    sound_set(state, &set);
    add_key(&set, "standardize", "true");
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < FRAMES && expected[i][j] > 0; j++)
            expected[i][j] = (expected[i][j] - 19.0F / 9.0F) / deviation;
    }
    mote_dataset *dataset = open_set(&set);
    assert_samples(dataset, &set, (const float(*)[FRAMES])expected, 1);
    (void)snprintf(preparation, sizeof preparation, "%s",
                   mote_dataset_knowledge(dataset).preparation);
    mote_dataset_close(&dataset);
    set.config.is_training = false;
    set.config.known = (mote_knowledge){"down,up", preparation};
    dataset = open_set(&set);
    assert_samples(dataset, &set, (const float(*)[FRAMES])expected, 1);
    assert_string_equal(mote_dataset_knowledge(dataset).preparation, preparation);
    mote_dataset_close(&dataset);
}

static void a_part_of_a_sample_can_be_read(void **state)
{
    float values[2] = {9, 9};
    set_config set;
    sound_set(state, &set);
    add_key(&set, "standardize", "true");
    mote_dataset *dataset = open_set(&set);
    mote_dataset_select(dataset, NULL, 0, 3);
    const mote_source *const source = mote_dataset_source(dataset);
    const mote_source_piece piece = {.spec = &set.ports[0].spec,
                                     .first_sample = 2,
                                     .sample_count = 1,
                                     .first_element = 2,
                                     .element_count = 2};
    expect_ok(source->read(source->user, &piece, values));
    assert_float_equal(values[0], (3.0F - 19.0F / 9.0F) / 0.99380799F, 1e-6);
    assert_true(values[1] == 0);
    mote_dataset_close(&dataset);
}

static void one_file_without_a_label_is_one_sample(void **state)
{
    static const char preparation[] =
        "wav\nsample_rate=1000\nfeatures=raw\nframe_length=25\nframe_step=10\nmel_count=40\n"
        "coefficient_count=13\nlow_frequency=20\nhigh_frequency=0\nstandardize=false\n";
    float values[FRAMES];
    set_config set;
    write_sounds(state);
    file_set_init(state, &set, "wav", "sounds/up/a.wav");
    add_port(&set, real_port("in", 1, 1, FRAMES), false);
    add_key(&set, "features", "raw");
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "m.ini:10: [train_set]: path: m.ini:9: [train_set]: sample_rate is not "
                       "known: the weights' file does not say");
    set.config.known = (mote_knowledge){"down,up", preparation};
    mote_dataset *dataset = open_set(&set);
    assert_int_equal(mote_dataset_sample_count(dataset), 1);
    mote_dataset_select(dataset, NULL, 0, 1);
    expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, 1, values));
    assert_true(values[2] == 3 * 0x1p-15F && values[3] == 0);
    mote_dataset_close(&dataset);
}

static void other_settings_than_in_training_are_refused(void **state)
{
    set_config set;
    sound_set(state, &set);
    set.config.known.preparation = "wav\nsample_rate=1000\nfeatures=mfcc\n";
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "m.ini:9: [train_set]: sample_rate, features, frame_length, ");
    set.config.known.preparation = "csv plain\n";
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "the weights were not trained on such sounds: their file says 'csv plain");
    set.config.known.preparation = NULL;
    set.config.is_training = false;
    add_key(&set, "sample_rate", "1000");
    add_key(&set, "standardize", "true");
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "the means of the coefficients are not known: the weights' file does");
}

static void spoiled_means_of_a_weights_file_are_refused(void **state)
{
    static const char *const ends[] = {"", "1\n", "1 2", "1 0\n", "1 x\n", "1 2\n3 4\n"};
    char text[512];
    set_config set;
    sound_set(state, &set);
    add_key(&set, "standardize", "true");
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)snprintf(text, sizeof text,
                       "wav\nsample_rate=1000\nfeatures=raw\nframe_length=25\nframe_step=10\n"
                       "mel_count=40\ncoefficient_count=13\nlow_frequency=20\nhigh_frequency=0\n"
                       "standardize=true\n%s",
                       ends[i]);
        set.config.known.preparation = text;
        assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                           "the weights were not trained on such sounds");
    }
}

static void keys_that_the_features_do_not_read_are_refused(void **state)
{
    set_config set;
    sound_set(state, &set);
    add_key(&set, "mel_count", "8");
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "[train_set]: mel_count is no key of features = raw");
    sound_set(state, &set);
    set.entries[set.config.entry_count - 1].value = "log_mel";
    add_key(&set, "coefficient_count", "8");
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "[train_set]: coefficient_count is no key of features = log_mel");
}

static void files_that_do_not_fit_are_refused_by_name(void **state)
{
    set_config set;
    sound_set(state, &set);
    add_key(&set, "longer", "refuse");
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "path: '@/sounds/down/b.wav' has 6 frames, the network takes 4 (longer = "
                       "refuse)");
    sound_set(state, &set);
    write_steps(state, "sounds/up/a.wav", &(wav_format){1, 1, 2000, 16}, 3);
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "path: '@/sounds/up/a.wav' has 2000 samples a second; expected 1000");
    sound_set(state, &set);
    add_key(&set, "sample_rate", "500");
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "path: '@/sounds/down/a.wav' has 1000 samples a second; expected 500");
    (void)mote_test_write_text(state, "sounds/up/a.wav", "text");
    sound_set(state, &set);
    (void)mote_test_write_text(state, "sounds/up/a.wav", "text");
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT, "'@/sounds/up/a.wav' is not a WAV file");
}

static void ports_that_do_not_fit_are_refused(void **state)
{
    set_config set;
    sound_set(state, &set);
    set.ports[0] = real_port("in", 1, 2, 2);
    assert_set_refused(state, &set, MOTE_ERROR_SHAPE,
                       "features = raw feeds an input 1:1:n or 1:n:1, the network's is 1:2:2");
    set.entries[2].value = "mfcc";
    assert_set_refused(state, &set, MOTE_ERROR_SHAPE,
                       "features = mfcc feeds an input 1:frames:13, the network's is 1:2:2");
    sound_set(state, &set);
    set.ports[1].index_last = FRAMES - 1;
    assert_set_refused(state, &set, MOTE_ERROR_SHAPE,
                       "'length' takes integers from 1 to 3, but sounds have 1 to 4 frames");
    set.ports[1] = real_port("length", 1, 1, 1);
    assert_set_refused(state, &set, MOTE_ERROR_SHAPE,
                       "type wav feeds 'length' with one integer, the length in frames; the "
                       "network wants 1:1:1 of F32");
    set.ports[0] = index_port("in", 4, 9);
    assert_set_refused(state, &set, MOTE_ERROR_UNSUPPORTED,
                       "type wav feeds an input of real numbers and one of their length, the "
                       "network has 2 inputs, the first of I32");
}

static mote_status open_and_close(const mote_allocator *allocator, void *user)
{
    set_config *const set = user;
    mote_dataset *dataset = NULL;
    set->config.allocator = allocator;
    const mote_status status = mote_dataset_open(&set->config, &dataset);
    mote_dataset_close(&dataset);
    return status;
}

static void opening_survives_every_failing_allocation(void **state)
{
    set_config set;
    sound_set(state, &set);
    set.ports[0] = real_port("in", 1, FRAMES, 13);
    set.entries[2].value = "mfcc";
    add_key(&set, "standardize", "true");
    add_key(&set, "frame_length", "100");
    add_key(&set, "mel_count", "13");
    assert_true(failing_allocator_sweep(open_and_close, &set) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sounds_are_cut_or_filled_up_and_have_lengths_and_classes),
        cmocka_unit_test(standardizing_counts_the_sounds_own_frames),
        cmocka_unit_test(a_part_of_a_sample_can_be_read),
        cmocka_unit_test(one_file_without_a_label_is_one_sample),
        cmocka_unit_test(other_settings_than_in_training_are_refused),
        cmocka_unit_test(spoiled_means_of_a_weights_file_are_refused),
        cmocka_unit_test(keys_that_the_features_do_not_read_are_refused),
        cmocka_unit_test(files_that_do_not_fit_are_refused_by_name),
        cmocka_unit_test(ports_that_do_not_fit_are_refused),
        cmocka_unit_test(opening_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
