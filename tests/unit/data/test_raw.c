// SPDX-License-Identifier: Apache-2.0
// Raw float records: several ports in order, class labels as rows or indices, and files that are refused.
#include "sets.h"

#include <math.h>

/// A set with inputs "x" (2 reals) and "word" (1 index up to 5) and a label of 3 classes.
static void raw_set(void **state, set_config *set, const float *floats, size_t count)
{
    (void)mote_test_write(state, "r.raw", floats, count * sizeof *floats);
    file_set_init(state, set, "raw", "r.raw");
    add_port(set, real_port("x", 1, 1, 2), false);
    add_port(set, index_port("word", 1, 5), false);
    add_port(set, index_port("class", 1, 2), true);
}

static const float records[3][6] = {
    {0.5F, -1.5F, 5.0F, 0.0F, 0.0F, 1.0F},
    {1e30F, 2.0F, 0.0F, 1.0F, 0.0F, 0.0F},
    {7.0F, 8.0F, 3.0F, 0.0F, 1.0F, 0.0F},
};

static void ports_are_served_in_the_order_of_the_network(void **state)
{
    static const int32_t classes[3] = {2, 0, 1};
    set_config set;
    raw_set(state, &set, records[0], 18);
    mote_dataset *dataset = open_set(&set);
    float x[3 * 2];
    int32_t words[3];
    int32_t labels[3];
    assert_int_equal(mote_dataset_sample_count(dataset), 3);
    mote_dataset_select(dataset, NULL, 0, 3);
    expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, 3, x));
    expect_ok(read_batch(dataset, 1, &set.ports[1].spec, 0, 3, words));
    expect_ok(read_batch(dataset, 2, &set.ports[2].spec, 0, 3, labels));
    for (size_t i = 0; i < 3; i++) {
        assert_true(x[2 * i] == records[i][0]);
        assert_true(x[2 * i + 1] == records[i][1]);
        assert_int_equal(words[i], (int32_t)records[i][2]);
        assert_int_equal(labels[i], classes[i]);
    }
    mote_dataset_close(&dataset);
}

static void without_one_hot_a_class_is_its_index(void **state)
{
    static const float indexed[8] = {1, 2, 0, 2, 3, 4, 1, 1};
    set_config set;
    raw_set(state, &set, indexed, 8);
    add_key(&set, "one_hot", "false");
    mote_dataset *dataset = open_set(&set);
    int32_t labels[2];
    assert_int_equal(mote_dataset_sample_count(dataset), 2);
    mote_dataset_select(dataset, NULL, 0, 2);
    expect_ok(read_batch(dataset, 2, &set.ports[2].spec, 0, 2, labels));
    assert_int_equal(labels[0], 2);
    assert_int_equal(labels[1], 1);
    mote_dataset_close(&dataset);
}

static void real_labels_are_numbers(void **state)
{
    set_config set;
    raw_set(state, &set, records[0], 18);
    set.ports[2] = real_port("y", 1, 1, 3);
    mote_dataset *dataset = open_set(&set);
    float y[3];
    mote_dataset_select(dataset, NULL, 1, 1);
    expect_ok(read_batch(dataset, 2, &set.ports[2].spec, 0, 1, y));
    assert_memory_equal(y, records[1] + 3, sizeof y);
    mote_dataset_close(&dataset);
}

static void a_part_of_a_record_is_refused(void **state)
{
    set_config set;
    raw_set(state, &set, records[0], 17);
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "m.ini:10: [train_set]: path: '@/r.raw' has 68 bytes; expected a multiple "
                       "of 24: the network's inputs and labels are 6 floats a sample");
    raw_set(state, &set, records[0], 0);
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT, "'@/r.raw' has 0 bytes; expected a ");
}

static void assert_value_refused(void **state, size_t at, float value, const char *message)
{
    float changed[18];
    set_config set;
    memcpy(changed, records, sizeof changed);
    changed[at] = value;
    raw_set(state, &set, changed, 18);
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT, message);
}

static void values_that_a_port_cannot_take_are_refused(void **state)
{
    assert_value_refused(state, 7, INFINITY,
                         "sample 1 (counted from 0): inf for 'x' is not a finite number");
    assert_value_refused(state, 2, 6.0F, "6 for 'word' is not an index from 0 to 5");
    assert_value_refused(state, 2, -1.0F, "-1 for 'word' is not an index from 0 to 5");
    assert_value_refused(state, 2, 0.5F, "0.5 for 'word' is not an index from 0 to 5");
    assert_value_refused(state, 2, NAN, "for 'word' is not a finite number");
    assert_value_refused(state, 3, 1.0F,
                         "sample 0 (counted from 0): 1 for 'class' is not part of "
                         "a row with one 1 and else 0 (one_hot = true)");
    assert_value_refused(state, 5, 0.0F, "0 for 'class' is not enough: a row needs one 1");
    assert_value_refused(state, 9, 0.5F, "0.5 for 'class' is not part of a row");
}

static void an_index_that_changed_since_is_refused(void **state)
{
    set_config set;
    float changed[18];
    int32_t word = 0;
    raw_set(state, &set, records[0], 18);
    mote_dataset *dataset = open_set(&set);
    memcpy(changed, records, sizeof changed);
    changed[2] = 100.0F;
    changed[4] = 1.0F;
    FILE *const file = fopen(mote_test_path(state, "r.raw"), "r+b");
    assert_non_null(file);
    assert_int_equal(fwrite(changed, sizeof changed, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    mote_dataset_select(dataset, NULL, 0, 1);
    expect_raises(read_batch(dataset, 1, &set.ports[1].spec, 0, 1, &word), MOTE_ERROR_FORMAT,
                  "100 for 'word' is not an index from 0 to 5");
    expect_raises(read_batch(dataset, 2, &set.ports[2].spec, 0, 1, &word), MOTE_ERROR_FORMAT,
                  "1 for 'class' is not part of a row");
    mote_dataset_close(&dataset);
}

int main(void)
{
#define TEST(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        TEST(ports_are_served_in_the_order_of_the_network),
        TEST(without_one_hot_a_class_is_its_index),
        TEST(real_labels_are_numbers),
        TEST(a_part_of_a_record_is_refused),
        TEST(values_that_a_port_cannot_take_are_refused),
        TEST(an_index_that_changed_since_is_refused),
    };
#undef TEST
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
