// SPDX-License-Identifier: Apache-2.0
// Tables: columns and ports, classes, missing values, standardizing, and files that are refused.
#include "sets.h"

#define FLOWERS        \
    "id,w,species,h\n" \
    "1,1.5,rose,10\n"  \
    "2,2.5,aster,30\n" \
    "3,3.5,rose,20\n"  \
    "4,4.5,lily,40\n"

/// A training set on t.csv with two inputs in one port and a label of 3 classes.
static void csv_set(void **state, set_config *set, const char *text)
{
    (void)mote_test_write_text(state, "t.csv", text);
    file_set_init(state, set, "csv", "t.csv");
    add_port(set, real_port("in", 1, 1, 2), false);
    add_port(set, index_port("class", 1, 2), true);
    set->config.ports.class_count = 3;
    set->config.is_training = true;
}

static void flower_set(void **state, set_config *set)
{
    csv_set(state, set, FLOWERS);
    add_key(set, "label", "species");
    add_key(set, "ignore", "id");
}

static void assert_reals(mote_dataset *dataset, const set_config *set, size_t port,
                         const float *expected, size_t bytes)
{
    float values[64] = {0};
    const mote_tensor_spec *const spec = &set->ports[port].spec;
    const size_t count = (size_t)mote_dataset_sample_count(dataset);
    const size_t total = count * mote_shape_elements(&spec->shape);
    assert_int_equal(total * sizeof *expected, bytes);
    assert_true(total <= 64);
    mote_dataset_select(dataset, NULL, 0, count);
    expect_ok(read_batch(dataset, port, spec, 0, count, values));
    for (size_t i = 0; i < bytes / sizeof *expected; i++)
        assert_float_equal(values[i], expected[i], 1e-6);
}

static void assert_indices(mote_dataset *dataset, const set_config *set, size_t port,
                           const int32_t *expected, size_t bytes)
{
    int32_t values[64] = {0};
    const size_t count = (size_t)mote_dataset_sample_count(dataset);
    assert_int_equal(count * sizeof *expected, bytes);
    assert_true(count <= 64);
    mote_dataset_select(dataset, NULL, 0, count);
    expect_ok(read_batch(dataset, port, &set->ports[port].spec, 0, count, values));
    for (size_t i = 0; i < bytes / sizeof *expected; i++)
        assert_int_equal(values[i], expected[i]);
}

static void columns_that_are_no_label_feed_the_inputs(void **state)
{
    static const float values[] = {1.5F, 10, 2.5F, 30, 3.5F, 20, 4.5F, 40};
    set_config set;
    flower_set(state, &set);
    mote_dataset *dataset = open_set(&set);
    assert_int_equal(mote_dataset_sample_count(dataset), 4);
    assert_reals(dataset, &set, 0, values, sizeof values);
    mote_dataset_close(&dataset);
}

static void classes_are_sorted_and_their_names_kept(void **state)
{
    static const int32_t classes[] = {2, 0, 2, 1};
    set_config set;
    flower_set(state, &set);
    mote_dataset *dataset = open_set(&set);
    assert_indices(dataset, &set, 1, classes, sizeof classes);
    assert_string_equal(mote_dataset_knowledge(dataset).class_names, "aster,lily,rose");
    mote_dataset_close(&dataset);
}

static void class_names_give_the_order(void **state)
{
    static const int32_t classes[] = {0, 2, 0, 1};
    set_config set;
    flower_set(state, &set);
    add_key(&set, "class_names", "rose, lily ,aster");
    mote_dataset *dataset = open_set(&set);
    assert_indices(dataset, &set, 1, classes, sizeof classes);
    mote_dataset_close(&dataset);
    set.entries[4].value = "rose,tulip,aster";
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "'@/t.csv', line 5: class 'lily' is none of the known ones: "
                       "rose,tulip,aster");
}

static void numbers_below_the_class_count_are_indices(void **state)
{
    static const int32_t classes[] = {2, 0};
    set_config set;
    csv_set(state, &set, "1,2,2\n3,4,0\n");
    add_key(&set, "header", "false");
    mote_dataset *dataset = open_set(&set);
    assert_indices(dataset, &set, 1, classes, sizeof classes);
    assert_string_equal(mote_dataset_knowledge(dataset).class_names, "");
    mote_dataset_close(&dataset);
}

static void other_numbers_are_classes_in_their_order(void **state)
{
    static const int32_t classes[] = {1, 2, 0};
    set_config set;
    csv_set(state, &set, "a,b,c\n1,2,9\n3,4,10\n3,4,8\n");
    mote_dataset *dataset = open_set(&set);
    assert_indices(dataset, &set, 1, classes, sizeof classes);
    assert_string_equal(mote_dataset_knowledge(dataset).class_names, "8,9,10");
    mote_dataset_close(&dataset);
}

static void a_class_becomes_a_one_hot_row_of_a_real_label(void **state)
{
    static const float rows[] = {0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0};
    set_config set;
    flower_set(state, &set);
    set.ports[1] = real_port("class", 1, 1, 3);
    mote_dataset *dataset = open_set(&set);
    assert_reals(dataset, &set, 1, rows, sizeof rows);
    mote_dataset_close(&dataset);
}

static void real_labels_are_columns_of_numbers(void **state)
{
    static const float inputs[] = {1.5F, 2.5F, 3.5F, 4.5F};
    static const float labels[] = {10, 1, 30, 2, 20, 3, 40, 4};
    set_config set;
    csv_set(state, &set, FLOWERS);
    set.ports[0] = real_port("in", 1, 1, 1);
    set.ports[1] = real_port("y", 1, 1, 2);
    add_key(&set, "label", "h, 1");
    add_key(&set, "columns", "w");
    mote_dataset *dataset = open_set(&set);
    assert_reals(dataset, &set, 0, inputs, sizeof inputs);
    assert_reals(dataset, &set, 1, labels, sizeof labels);
    mote_dataset_close(&dataset);
}

static void columns_fill_several_ports_in_their_order(void **state)
{
    static const int32_t words[] = {7, 5};
    static const float values[] = {0.5F, -1};
    static const int32_t classes[] = {1, 0};
    set_config set;
    csv_set(state, &set, "x;word;c\n0.5;7;1\n-1;5;0\n");
    set.config.ports.input_count = 0;
    set.config.ports.label_count = 0;
    add_port(&set, index_port("word", 1, 9), false);
    add_port(&set, real_port("x", 1, 1, 1), false);
    add_port(&set, index_port("class", 1, 1), true);
    add_key(&set, "delimiter", "semicolon");
    add_key(&set, "columns", "word,x");
    mote_dataset *dataset = open_set(&set);
    assert_indices(dataset, &set, 0, words, sizeof words);
    assert_reals(dataset, &set, 1, values, sizeof values);
    assert_indices(dataset, &set, 2, classes, sizeof classes);
    mote_dataset_close(&dataset);
    set.ports[0].index_last = 6;
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "'@/t.csv', line 2, column 2 ('word'): '7' is not an index from 0 to 6");
}

#define GAPS "a,b,c\n1,10,0\n,20,1\n3,?,2\n5,NA,0\n"

static void missing_values_are_refused_by_line_and_column(void **state)
{
    set_config set;
    csv_set(state, &set, GAPS);
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "m.ini:10: [train_set]: path: '@/t.csv', line 3, column 1 ('a'): '' is a "
                       "missing value; the key missing says what to do with it");
}

static void a_missing_value_needs_missing_constant(void **state)
{
    set_config set;
    csv_set(state, &set, GAPS);
    add_key(&set, "missing", "mean");
    add_key(&set, "missing_value", "-1");
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "[train_set]: missing_value needs missing = constant");
}

static void missing_values_are_filled_or_their_rows_dropped(void **state)
{
    static const float constant[] = {1, 10, -1, 20, 3, -1, 5, -1};
    static const float mean[] = {1, 10, 3, 20, 3, 15, 5, 15};
    static const float dropped[] = {1, 10};
    set_config set;
    csv_set(state, &set, GAPS);
    add_key(&set, "missing", "constant");
    add_key(&set, "missing_value", "-1");
    mote_dataset *dataset = open_set(&set);
    assert_reals(dataset, &set, 0, constant, sizeof constant);
    mote_dataset_close(&dataset);
    set.entries[3].value = "0";
    set.entries[2].value = "mean";
    dataset = open_set(&set);
    assert_reals(dataset, &set, 0, mean, sizeof mean);
    mote_dataset_close(&dataset);
    set.entries[2].value = "drop";
    dataset = open_set(&set);
    assert_int_equal(mote_dataset_sample_count(dataset), 1);
    assert_reals(dataset, &set, 0, dropped, sizeof dropped);
    mote_dataset_close(&dataset);
}

static void missing_labels_are_only_dropped(void **state)
{
    set_config set;
    csv_set(state, &set, "a,b,c\n1,2,\n3,4,1\n");
    add_key(&set, "missing", "mean");
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "line 2, column 3 ('c'): '' is a missing label; only missing = drop");
    set.entries[2].value = "drop";
    mote_dataset *dataset = open_set(&set);
    assert_int_equal(mote_dataset_sample_count(dataset), 1);
    mote_dataset_close(&dataset);
}

static void standardized_columns_have_mean_0_and_deviation_1(void **state)
{
    static const float values[] = {-1, 1, 1, -1};
    set_config set;
    csv_set(state, &set, "a,b,c\n1,300,0\n3,100,1\n");
    add_key(&set, "standardize", "true");
    mote_dataset *dataset = open_set(&set);
    assert_reals(dataset, &set, 0, values, sizeof values);
    assert_string_equal(mote_dataset_knowledge(dataset).preparation,
                        "csv standardized\n2 1 a\n200 100 b\n");
    mote_dataset_close(&dataset);
}

static void another_set_is_prepared_as_the_training_set(void **state)
{
    static const float values[] = {0, 2, 4, 0};
    static const int32_t classes[] = {1, 2};
    set_config set;
    csv_set(state, &set, "c,b,extra,a\nlily,400,x,2\nrose,200,y,6\n");
    set.config.is_training = false;
    set.config.known = (mote_knowledge){.class_names = "aster,lily,rose",
                                        .preparation = "csv standardized\n2 1 a\n200 100 b\n"};
    add_key(&set, "standardize", "true");
    add_key(&set, "label", "c");
    mote_dataset *dataset = open_set(&set);
    assert_reals(dataset, &set, 0, values, sizeof values);
    assert_indices(dataset, &set, 1, classes, sizeof classes);
    mote_dataset_close(&dataset);
    set.entries[2].value = "false";
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "[train_set]: standardize is false, but it was true for the data");
}

static void inputs_alone_need_no_label(void **state)
{
    static const float values[] = {0, 2};
    set_config set;
    csv_set(state, &set, "b,a\n400,2\n");
    set.config.ports.label_count = 0;
    set.config.is_training = false;
    set.config.known.preparation = "csv standardized\n2 1 a\n200 100 b\n";
    add_key(&set, "standardize", "true");
    add_key(&set, "label", "c");
    mote_dataset *dataset = open_set(&set);
    assert_reals(dataset, &set, 0, values, sizeof values);
    mote_dataset_close(&dataset);
}

static void what_only_training_can_know_is_refused_elsewhere(void **state)
{
    set_config set;
    csv_set(state, &set, "a,b,c\n1,2,x\n3,4,y\n5,6,z\n");
    set.config.is_training = false;
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "'@/t.csv' has 3 classes ('x', ...), the network tells 3 apart; "
                       "class_names says what each is called");
    add_key(&set, "class_names", "x,y,z");
    add_key(&set, "standardize", "true");
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "[train_set]: the means of the columns are not known");
    set.config.known.class_names = "z,y,x";
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "class_names = x,y,z, but the weights were trained on z,y,x");
}

static void damaged_knowledge_is_refused(void **state)
{
    static const char *const texts[] = {"idx",
                                        "csv plain\n",
                                        "csv plain\n1 1 a\n",
                                        "csv plain\n1 1 a\n1 1 b\n1 1 c\n",
                                        "csv plain\n1 1 a\n1 0 b\n",
                                        "csv plain\n1 1 a\nx 1 b\n",
                                        "csv plain\n1 1 a\n1 1",
                                        "csv plain\n1\n1 1 b\n"};
    set_config set;
    csv_set(state, &set, "a,b,c\n1,2,0\n");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        set.config.known.preparation = texts[i];
        assert_set_refused(state, &set, MOTE_ERROR_FORMAT, "the weights were not trained on");
    }
}

/// The set of three columns a, b, c with two more keys is refused.
static void assert_keys_refused(void **state, const char *key, const char *value,
                                mote_status status, const char *message)
{
    set_config set;
    csv_set(state, &set, "a,b,c\n1,2,0\n");
    add_key(&set, key, value);
    set.entries[set.config.entry_count - 1].origin.line = 14; // the others are in line 10
    assert_set_refused(state, &set, status, message);
}

static void columns_that_do_not_fit_are_refused(void **state)
{
    const mote_status property = MOTE_ERROR_PROPERTY;
    assert_keys_refused(state, "label", "d", property,
                        "m.ini:14: [train_set]: label: '@/t.csv' has no column 'd', expected one");
    assert_keys_refused(state, "label", "4", property, "label: '@/t.csv' has no column '4'");
    assert_keys_refused(
        state, "columns", "a,aa", property,
        "m.ini:14: [train_set]: columns: '@/t.csv' has no column 'aa', expected one "
        "of: a, b, c");
    assert_keys_refused(state, "columns", "a,a", property, "columns: column 1 ('a') is used twice");
    assert_keys_refused(state, "columns", "a,c", property, "columns: column 3 ('c') is used twice");
    assert_keys_refused(state, "label", "a,b", property,
                        "[train_set]: label: 'a,b' are 2 columns, the network's labels take 1");
    assert_keys_refused(state, "columns", "a", MOTE_ERROR_SHAPE,
                        "m.ini:14: [train_set]: columns: '@/t.csv' has 3 columns, of which 1 are "
                        "left for the network's inputs, which take 2 values a sample");
    assert_keys_refused(state, "ignore", "a,x", property, "ignore: '@/t.csv' has no column 'x'");
    assert_keys_refused(
        state, "ignore", "a", MOTE_ERROR_SHAPE,
        "m.ini:10: [train_set]: path: '@/t.csv' has 3 columns, of which 1 are left");
}

static void assert_text_refused(void **state, const char *text, mote_status status,
                                const char *message)
{
    set_config set;
    csv_set(state, &set, text);
    assert_set_refused(state, &set, status, message);
}

static void files_that_are_no_table_are_refused(void **state)
{
    const mote_status format = MOTE_ERROR_FORMAT;
    assert_text_refused(state, "", format, "'@/t.csv' has no rows of values");
    assert_text_refused(state, "a,b,c\n", format, "'@/t.csv' has no rows of values");
    assert_text_refused(state, "a,b,c\n1,2,0\n1,2\n", format,
                        "'@/t.csv', line 3 has 2 values, the first line 3");
    assert_text_refused(state, "a,b,a\n1,2,0\n", format, "columns 1 and 3 are both named 'a'");
    assert_text_refused(state, "a,\"b\nc\",c\n1,2,0\n", format, "the name of column 2 has two");
    assert_text_refused(state, "a,b,c\n1,x,0\n", format,
                        "'@/t.csv', line 2, column 2 ('b'): 'x' is not a number");
    assert_text_refused(state, "a,b,c\n1,1e39,0\n", format, "'1e39' is too large");
    assert_text_refused(
        state, "a,b,c\n1,1,x\n1,1,y\n1,1,z\n1,1,w\n", format,
        "line 5, column 3 ('c'): 'w' is one class more than the 3 that the network");
    assert_text_refused(state, "a,b,c\n1,1,x\n1,1,y\n", MOTE_ERROR_PROPERTY,
                        "'@/t.csv' has 2 classes ('x', ...), the network tells 3 apart");
    assert_text_refused(state, "a,b,c\n1,1,x\n1,1,y\n1,1,\"p,q\"\n", MOTE_ERROR_UNSUPPORTED,
                        "line 4: a class may not be called 'p,q'");
    assert_text_refused(state, "b\n1\n", MOTE_ERROR_SHAPE, "has 1 columns, of which 0 are left");
}

static mote_status open_once(const mote_allocator *allocator, void *user)
{
    set_config set = *(const set_config *)user;
    mote_dataset *dataset = NULL;
    set.config.entries = set.entries;
    set.config.ports.items = set.ports;
    set.config.allocator = allocator;
    const mote_status status = mote_dataset_open(&set.config, &dataset);
    mote_dataset_close(&dataset);
    return status;
}

static void every_allocation_of_opening_may_fail(void **state)
{
    set_config set;
    flower_set(state, &set);
    assert_true(failing_allocator_sweep(open_once, &set) >= 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        TEST(columns_that_are_no_label_feed_the_inputs),
        TEST(classes_are_sorted_and_their_names_kept),
        TEST(class_names_give_the_order),
        TEST(numbers_below_the_class_count_are_indices),
        TEST(other_numbers_are_classes_in_their_order),
        TEST(a_class_becomes_a_one_hot_row_of_a_real_label),
        TEST(real_labels_are_columns_of_numbers),
        TEST(columns_fill_several_ports_in_their_order),
        TEST(missing_values_are_refused_by_line_and_column),
        TEST(a_missing_value_needs_missing_constant),
        TEST(missing_values_are_filled_or_their_rows_dropped),
        TEST(missing_labels_are_only_dropped),
        TEST(standardized_columns_have_mean_0_and_deviation_1),
        TEST(another_set_is_prepared_as_the_training_set),
        TEST(inputs_alone_need_no_label),
        TEST(what_only_training_can_know_is_refused_elsewhere),
        TEST(damaged_knowledge_is_refused),
        TEST(columns_that_do_not_fit_are_refused),
        TEST(files_that_are_no_table_are_refused),
        TEST(every_allocation_of_opening_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
