// SPDX-License-Identifier: Apache-2.0
// A part of the training set for validation: the same samples always, and no sample in both parts.
#include "sets.h"

static void split_set(void **state, set_config *set, const char *share)
{
    write_files(state);
    set_init(state, set);
    set->config.is_train_set = true;
    set->config.seed = 5;
    add_key(set, "validation_split", share);
}

/// Pixel 0 of each image is 40 times its record.
static void note_records(mote_dataset *dataset, const set_config *set, const mote_random_key *order,
                         size_t seen[COUNT])
{
    float values[COUNT * PIXELS];
    const size_t count = (size_t)mote_dataset_sample_count(dataset);
    mote_dataset_select(dataset, order, 0, count);
    expect_ok(read_batch(dataset, 0, &set->ports[0].spec, 0, count, values));
    for (size_t i = 0; i < count; i++) {
        size_t record = 0;
        while (values[i * PIXELS] != pixel_value(record, 0))
            record++;
        seen[record]++;
    }
}

static void every_sample_is_in_one_of_the_parts(void **state)
{
    static const mote_random_key order = {.seed = 1, .name = 2, .iteration = 3};
    set_config set;
    mote_dataset *validation = NULL;
    split_set(state, &set, "0.3");
    mote_dataset *training = open_set(&set);
    expect_ok(mote_dataset_open_split(training, &validation));
    assert_int_equal(mote_dataset_sample_count(training), 5);
    assert_int_equal(mote_dataset_sample_count(validation), 2);
    size_t seen[COUNT] = {0};
    note_records(training, &set, &order, seen);
    note_records(validation, &set, NULL, seen);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(seen[i], 1);
    mote_dataset_close(&validation);
    mote_dataset_close(&training);
}

static void the_part_can_be_opened_alone(void **state)
{
    set_config set;
    mote_dataset *validation = NULL;
    split_set(state, &set, "0.3");
    mote_dataset *training = open_set(&set);
    expect_ok(mote_dataset_open_split(training, &validation));
    set.config.is_split_off = true;
    mote_dataset *alone = open_set(&set);
    size_t seen[2][COUNT] = {{0}};
    note_records(validation, &set, NULL, seen[0]);
    note_records(alone, &set, NULL, seen[1]);
    assert_memory_equal(seen[0], seen[1], sizeof seen[0]);
    mote_dataset_close(&alone);
    mote_dataset_close(&validation);
    mote_dataset_close(&training);
}

static void the_seed_chooses_the_part(void **state)
{
    set_config set;
    size_t seen[2][COUNT] = {{0}};
    split_set(state, &set, "0.5");
    set.config.is_split_off = true;
    for (size_t i = 0; i < 2; i++) {
        set.config.seed = 5 + i;
        mote_dataset *dataset = open_set(&set);
        note_records(dataset, &set, NULL, seen[i]);
        mote_dataset_close(&dataset);
    }
    assert_memory_not_equal(seen[0], seen[1], sizeof seen[0]);
}

static void without_a_share_there_is_no_part(void **state)
{
    set_config set;
    mote_dataset *validation = NULL;
    split_set(state, &set, "0");
    mote_dataset *training = open_set(&set);
    expect_ok(mote_dataset_open_split(training, &validation));
    assert_null(validation);
    mote_dataset_close(&training);
    set.config.is_split_off = true;
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "m.ini:10: [train_set]: validation_split is 0 and there is no [valid_set]");
}

static void a_part_without_samples_is_refused(void **state)
{
    set_config set;
    split_set(state, &set, "0.05");
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "[train_set]: validation_split = 0.05 leaves 0 of 7 samples for validation");
    set.entries[3].value = "0.95";
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "validation_split = 0.95 leaves 7 of 7 samples for validation");
}

static void a_valid_set_beside_it_is_refused(void **state)
{
    set_config set;
    split_set(state, &set, "0.5");
    set.config.has_valid_set = true;
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "validation_split: there is a [valid_set], too; one of them has to go");
}

/// Rows whose values are their place: what is learned is learned from the training part alone.
static void columns_are_standardized_by_the_training_part(void **state)
{
    float values[6] = {0};
    double mean = 0;
    double squares = 0;
    set_config set;
    mote_dataset *validation = NULL;
    (void)mote_test_write_text(state, "t.csv",
                               "a,c\n1,0\n2,1\n4,0\n8,1\n16,0\n32,1\n64,0\n128,1\n");
    file_set_init(state, &set, "csv", "t.csv");
    add_port(&set, real_port("in", 1, 1, 1), false);
    add_port(&set, index_port("class", 1, 1), true);
    set.config.is_train_set = set.config.is_training = true;
    add_key(&set, "standardize", "true");
    add_key(&set, "validation_split", "0.25");
    mote_dataset *training = open_set(&set);
    expect_ok(mote_dataset_open_split(training, &validation));
    assert_int_equal(mote_dataset_sample_count(validation), 2);
    mote_dataset_select(training, NULL, 0, 6);
    expect_ok(read_batch(training, 0, &set.ports[0].spec, 0, 6, values));
    for (size_t i = 0; i < 6; i++) {
        mean += (double)values[i] / 6;
        squares += (double)values[i] * (double)values[i] / 6;
    }
    assert_float_equal(mean, 0, 1e-6);
    assert_float_equal(squares, 1, 1e-6);
    mote_dataset_close(&validation);
    mote_dataset_close(&training);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_is_in_one_of_the_parts),
        cmocka_unit_test(the_part_can_be_opened_alone),
        cmocka_unit_test(the_seed_chooses_the_part),
        cmocka_unit_test(without_a_share_there_is_no_part),
        cmocka_unit_test(a_part_without_samples_is_refused),
        cmocka_unit_test(a_valid_set_beside_it_is_refused),
        cmocka_unit_test(columns_are_standardized_by_the_training_part),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
