// SPDX-License-Identifier: Apache-2.0
// What augmentation does to samples, and that it depends on seed, epoch and sample alone.
#include "data/augment.h"
#include "sets.h"

#include <math.h>

#define SIDE  5UL
#define AREA  25UL
#define TRIES 64UL

static const mote_random_key epoch = {.seed = 7, .iteration = 3};
static const mote_augmentation nothing = {.crop = 1.0};

/// Image of two channels; pixel p of channel c is 100 c + p + 1.
static void fill(mote_real values[2 * AREA])
{
    for (size_t i = 0; i < 2 * AREA; i++) {
        const size_t channel = i / AREA;
        values[i] = (mote_real)(100 * channel + i % AREA + 1);
    }
}

static void augment(const mote_augmentation *augmentation, uint64_t number,
                    mote_real values[2 * AREA])
{
    mote_real scratch[2 * AREA];
    const mote_augmented_sample sample = {.key = &epoch, .number = number};
    const mote_shape shape = mote_shape_image(2, SIDE, SIDE);
    fill(values);
    mote_augment(augmentation, &sample, &shape, scratch, values);
}

/// The pixel that is at (y, x) when the image was moved by (down, right) after flips.
static mote_real expected_at(size_t c, ptrdiff_t y, ptrdiff_t x, bool is_mirrored, bool is_turned)
{
    const ptrdiff_t side = (ptrdiff_t)SIDE;
    if (y < 0 || x < 0 || y >= side || x >= side)
        return 0;
    const ptrdiff_t row = is_turned ? side - 1 - y : y;
    const ptrdiff_t column = is_mirrored ? side - 1 - x : x;
    return (mote_real)(100 * (ptrdiff_t)c + row * side + column + 1);
}

static bool is_moved(const mote_real *values, ptrdiff_t down, ptrdiff_t right, bool is_mirrored,
                     bool is_turned)
{
    for (size_t i = 0; i < 2 * AREA; i++) {
        const ptrdiff_t y = (ptrdiff_t)(i % AREA / SIDE) - down;
        const ptrdiff_t x = (ptrdiff_t)(i % SIDE) - right;
        if (values[i] != expected_at(i / AREA, y, x, is_mirrored, is_turned))
            return false;
    }
    return true;
}

static void nothing_is_changed_unless_asked_for(void **state)
{
    (void)state;
    mote_real values[2 * AREA];
    assert_false(mote_augmentation_is_on(&nothing));
    augment(&nothing, 0, values);
    assert_true(is_moved(values, 0, 0, false, false));
}

/// How many samples of TRIES are flipped in each of the four ways; all must be in one of them.
static void count_flips(mote_flip flip, size_t counts[4])
{
    const mote_augmentation augmentation = {.flip = (uint32_t)flip, .crop = 1.0};
    assert_true(mote_augmentation_is_on(&augmentation));
    memset(counts, 0, 4 * sizeof counts[0]);
    for (size_t i = 0; i < TRIES; i++) {
        mote_real values[2 * AREA];
        size_t way = 0;
        augment(&augmentation, i, values);
        while (way < 4 && !is_moved(values, 0, 0, way % 2 == 1, way >= 2))
            way++;
        assert_true(way < 4);
        counts[way]++;
    }
}

static void half_of_the_samples_are_flipped(void **state)
{
    (void)state;
    size_t counts[4];
    count_flips(MOTE_FLIP_HORIZONTAL, counts);
    assert_in_range(counts[1], TRIES / 4, 3 * TRIES / 4);
    assert_int_equal(counts[0] + counts[1], TRIES);
    count_flips(MOTE_FLIP_VERTICAL, counts);
    assert_in_range(counts[2], TRIES / 4, 3 * TRIES / 4);
    assert_int_equal(counts[0] + counts[2], TRIES);
    count_flips(MOTE_FLIP_BOTH, counts);
    for (size_t way = 0; way < 4; way++)
        assert_in_range(counts[way], TRIES / 16, TRIES / 2);
}

static void shifts_move_all_channels_alike_and_zeroes_come_in(void **state)
{
    (void)state;
    const mote_augmentation augmentation = {.shift = 0.4, .crop = 1.0};
    size_t counts[25] = {0};
    for (size_t i = 0; i < 10 * TRIES; i++) {
        mote_real values[2 * AREA];
        size_t way = 0;
        augment(&augmentation, i, values);
        while (way < 25 &&
               !is_moved(values, (ptrdiff_t)(way / 5) - 2, (ptrdiff_t)(way % 5) - 2, false, false))
            way++;
        assert_true(way < 25);
        counts[way]++;
    }
    for (size_t way = 0; way < 25; way++)
        assert_in_range(counts[way], 5, 60); // 25.6 expected
}

static void a_shift_of_1_may_move_everything_out(void **state)
{
    (void)state;
    const mote_augmentation augmentation = {.shift = 1.0, .crop = 1.0};
    bool is_blank_seen = false;
    for (size_t i = 0; i < 4 * TRIES; i++) {
        mote_real values[2 * AREA];
        mote_real largest = 0;
        augment(&augmentation, i, values);
        for (size_t p = 0; p < 2 * AREA; p++)
            largest = values[p] > largest ? values[p] : largest;
        is_blank_seen |= largest == 0;
    }
    assert_true(is_blank_seen);
}

/// A plane that rises by 1 a column and 5 a row stays a plane inside the window, less steep.
static void a_crop_enlarges_a_window(void **state)
{
    (void)state;
    const mote_augmentation augmentation = {.crop = 0.5};
    for (size_t i = 0; i < TRIES; i++) {
        mote_real values[2 * AREA];
        augment(&augmentation, i, values);
        const mote_real *const middle = values + AREA + 2 * SIDE;
        const double slope = (double)(middle[3] - middle[2]);
        assert_true(slope >= 0.5 - 1e-4 && slope <= 1.0 + 1e-4);
        assert_float_equal((double)(middle[3] - middle[2]), (double)(middle[2] - middle[1]), 1e-3);
        assert_float_equal((double)(middle[2 + SIDE] - middle[2]), (5 * slope), 1e-3);
        for (size_t p = 0; p < 2 * AREA; p++) {
            const double base = p < AREA ? 0 : 100;
            assert_true((double)values[p] >= base + 1 && (double)values[p] <= base + AREA);
        }
    }
}

static void noise_has_mean_0_and_the_deviation_asked_for(void **state)
{
    (void)state;
    const mote_augmentation augmentation = {.crop = 1.0, .noise = 0.5};
    double sum = 0;
    double squares = 0;
    const double count = (double)(TRIES * 2 * AREA);
    for (size_t i = 0; i < TRIES; i++) {
        mote_real values[2 * AREA];
        mote_real plain[2 * AREA];
        fill(plain);
        augment(&augmentation, i, values);
        for (size_t p = 0; p < 2 * AREA; p++) {
            const double noise = (double)(values[p] - plain[p]);
            sum += noise;
            squares += noise * noise;
        }
    }
    assert_float_equal((sum / count), 0.0, 0.05);
    assert_float_equal(sqrt(squares / count), 0.5, 0.03);
}

/// The samples of an epoch of a section with these keys, in order, augmented.
static void read_epoch(void **state, const char *key, const char *value, uint64_t iteration,
                       const mote_random_key *order, size_t batch, float values[COUNT * PIXELS])
{
    set_config set;
    const mote_random_key key_of_epoch = {.seed = 7, .iteration = iteration};
    set_init(state, &set);
    set.config.is_train_set = true;
    add_key(&set, key, value);
    mote_dataset *dataset = open_set(&set);
    mote_dataset_augment(dataset, &key_of_epoch);
    for (size_t first = 0; first < COUNT; first += batch) {
        const size_t count = COUNT - first < batch ? COUNT - first : batch;
        mote_dataset_select(dataset, order, first, count);
        expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, count, values + first * PIXELS));
    }
    mote_dataset_close(&dataset);
}

static void a_sample_is_changed_alike_wherever_it_comes(void **state)
{
    static const mote_random_key order = {.seed = 1, .name = 2, .iteration = 3};
    static const char *const keys[][2] = {
        {"flip", "both"}, {"shift", "0.5"}, {"crop", "0.5"}, {"noise", "0.1"}};
    write_files(state);
    for (size_t k = 0; k < 4; k++) {
        float first[COUNT * PIXELS];
        float again[COUNT * PIXELS];
        read_epoch(state, keys[k][0], keys[k][1], 1, NULL, COUNT, first);
        read_epoch(state, keys[k][0], keys[k][1], 1, NULL, 3, again);
        assert_memory_equal(first, again, sizeof first);
        read_epoch(state, keys[k][0], keys[k][1], 1, &order, 2, again);
        for (size_t i = 0; i < COUNT; i++) {
            const size_t record = (size_t)mote_random_permute(&order, COUNT, i);
            assert_memory_equal(again + i * PIXELS, first + record * PIXELS,
                                PIXELS * sizeof(float));
        }
        read_epoch(state, keys[k][0], keys[k][1], 2, NULL, COUNT, again);
        assert_memory_not_equal(first, again, sizeof first);
    }
}

static void keys_of_training_are_refused_elsewhere(void **state)
{
    static const char *const keys[][2] = {{"flip", "none"},
                                          {"shift", "0.5"},
                                          {"crop", "0.5"},
                                          {"noise", "0.1"},
                                          {"validation_split", "0.1"}};
    set_config set;
    char message[128];
    write_files(state);
    for (size_t k = 0; k < 5; k++) {
        set_init(state, &set);
        add_key(&set, keys[k][0], keys[k][1]);
        (void)snprintf(message, sizeof message, "m.ini:10: [train_set]: %s is a key of [train_set]",
                       keys[k][0]);
        assert_set_refused(state, &set, MOTE_ERROR_PROPERTY, message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_changed_unless_asked_for),
        cmocka_unit_test(half_of_the_samples_are_flipped),
        cmocka_unit_test(shifts_move_all_channels_alike_and_zeroes_come_in),
        cmocka_unit_test(a_shift_of_1_may_move_everything_out),
        cmocka_unit_test(a_crop_enlarges_a_window),
        cmocka_unit_test(noise_has_mean_0_and_the_deviation_asked_for),
        cmocka_unit_test(a_sample_is_changed_alike_wherever_it_comes),
        cmocka_unit_test(keys_of_training_are_refused_elsewhere),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
