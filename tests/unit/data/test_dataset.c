// SPDX-License-Identifier: Apache-2.0
// Data sets as the rest of mote sees them: keys, order of the samples, pieces of batches.
#include "sets.h"

static const mote_random_key order = {.seed = 1, .name = 2, .iteration = 3};

static void samples_come_in_file_order_without_a_key(void **state)
{
    set_config set;
    set_init(state, &set);
    mote_dataset *dataset = open_set(&set);
    float values[5 * PIXELS];
    int32_t labels[5];
    assert_int_equal(mote_dataset_sample_count(dataset), COUNT);
    mote_dataset_select(dataset, NULL, 2, 5);
    expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, 5, values));
    expect_ok(read_batch(dataset, 1, &set.ports[1].spec, 0, 5, labels));
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(labels[i], (2 + i) % CLASSES);
        for (size_t p = 0; p < PIXELS; p++)
            assert_true(values[i * PIXELS + p] == pixel_value(2 + i, p));
    }
    mote_dataset_close(&dataset);
    assert_null(dataset);
}

static void a_key_permutes_images_and_labels_alike(void **state)
{
    set_config set;
    set_init(state, &set);
    mote_dataset *dataset = open_set(&set);
    float values[COUNT * PIXELS];
    int32_t labels[COUNT];
    bool is_seen[COUNT] = {false};
    mote_dataset_select(dataset, &order, 0, COUNT);
    expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, COUNT, values));
    expect_ok(read_batch(dataset, 1, &set.ports[1].spec, 0, COUNT, labels));
    for (size_t i = 0; i < COUNT; i++) {
        const uint64_t record = mote_random_permute(&order, COUNT, i);
        assert_false(is_seen[record]);
        is_seen[record] = true;
        assert_int_equal(labels[i], record % CLASSES);
        assert_true(values[i * PIXELS + 5] == pixel_value(record, 5));
    }
    mote_dataset_close(&dataset);
}

static void the_order_does_not_depend_on_the_cut_into_batches(void **state)
{
    set_config set;
    set_init(state, &set);
    mote_dataset *dataset = open_set(&set);
    int32_t whole[COUNT];
    int32_t parts[COUNT];
    mote_dataset_select(dataset, &order, 0, COUNT);
    expect_ok(read_batch(dataset, 1, &set.ports[1].spec, 0, COUNT, whole));
    for (size_t first = 0; first < COUNT; first += 3) {
        const size_t count = COUNT - first < 3 ? COUNT - first : 3;
        mote_dataset_select(dataset, &order, first, count);
        expect_ok(read_batch(dataset, 1, &set.ports[1].spec, 0, count, parts + first));
    }
    assert_memory_equal(whole, parts, sizeof whole);
    mote_dataset_close(&dataset);
}

static void pieces_of_samples_and_elements_equal_the_whole(void **state)
{
    set_config set;
    set_init(state, &set);
    mote_dataset *dataset = open_set(&set);
    const mote_random_key *const orders[] = {NULL, &order};
    const mote_source *const source = mote_dataset_source(dataset);
    for (size_t o = 0; o < 2; o++) {
        float whole[5 * PIXELS];
        float part[2 * 4];
        mote_dataset_select(dataset, orders[o], 1, 5);
        expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, 5, whole));
        const mote_source_piece piece = {.port = 0,
                                         .spec = &set.ports[0].spec,
                                         .first_sample = 3,
                                         .sample_count = 2,
                                         .first_element = 1,
                                         .element_count = 4};
        expect_ok(source->read(source->user, &piece, part));
        assert_memory_equal(part, whole + 3 * PIXELS + 1, 4 * sizeof(float));
        assert_memory_equal(part + 4, whole + 4 * PIXELS + 1, 4 * sizeof(float));
    }
    mote_dataset_close(&dataset);
}

static void labels_become_one_hot_rows(void **state)
{
    set_config set;
    set_init(state, &set);
    set.ports[1].spec = (mote_tensor_spec){
        .dtype = MOTE_DTYPE_F32, .batched = true, .shape = mote_shape_image(1, 1, CLASSES)};
    mote_dataset *dataset = open_set(&set);
    float rows[COUNT * CLASSES];
    const mote_random_key *const orders[] = {NULL, &order};
    for (size_t o = 0; o < 2; o++) {
        mote_dataset_select(dataset, orders[o], 0, COUNT);
        expect_ok(read_batch(dataset, 1, &set.ports[1].spec, 0, COUNT, rows));
        for (size_t i = 0; i < COUNT * CLASSES; i++) {
            const uint64_t place = i / CLASSES;
            const uint64_t record = o == 0 ? place : mote_random_permute(&order, COUNT, place);
            assert_true(rows[i] == (i % CLASSES == record % CLASSES ? 1.0F : 0.0F));
        }
    }
    mote_dataset_close(&dataset);
}

static void samples_limits_the_set(void **state)
{
    set_config set;
    set_init(state, &set);
    add_key(&set, "samples", "3");
    mote_dataset *dataset = open_set(&set);
    int32_t labels[3];
    int32_t sum = 0;
    assert_int_equal(mote_dataset_sample_count(dataset), 3);
    mote_dataset_select(dataset, &order, 0, 3);
    expect_ok(read_batch(dataset, 1, &set.ports[1].spec, 0, 3, labels));
    for (size_t i = 0; i < 3; i++)
        sum += labels[i];
    assert_int_equal(sum, 0 + 1 + 2);
    mote_dataset_close(&dataset);
}

static void more_samples_than_there_are_is_refused(void **state)
{
    set_config set;
    set_init(state, &set);
    add_key(&set, "samples", "8");
    set.entries[3].origin.line = 14;
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "m.ini:14: [train_set]: samples = 8, but there are 7");
}

static void shuffle_is_on_unless_switched_off(void **state)
{
    set_config set;
    set_init(state, &set);
    mote_dataset *dataset = open_set(&set);
    assert_true(mote_dataset_shuffles(dataset));
    mote_dataset_close(&dataset);
    add_key(&set, "Shuffle", "false");
    dataset = open_set(&set);
    assert_false(mote_dataset_shuffles(dataset));
    mote_dataset_close(&dataset);
}

static void the_scale_is_one_255th_unless_given(void **state)
{
    set_config set;
    set_init(state, &set);
    mote_dataset *dataset = open_set(&set);
    assert_true(mote_dataset_scale(dataset) == MOTE_IMAGE_SCALE);
    mote_dataset_close(&dataset);
    add_key(&set, "scale", "0.5");
    dataset = open_set(&set);
    float values[PIXELS];
    assert_true(mote_dataset_scale(dataset) == 0.5);
    mote_dataset_select(dataset, NULL, 3, 1);
    expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, 1, values));
    assert_true(values[1] == 60.5F);
    mote_dataset_close(&dataset);
}

static void class_names_are_kept(void **state)
{
    set_config set;
    set_init(state, &set);
    mote_dataset *dataset = open_set(&set);
    assert_string_equal(mote_dataset_knowledge(dataset).class_names, "");
    mote_dataset_close(&dataset);
    char names[] = "cat, dog,a b,x";
    add_key(&set, "class_names", names);
    dataset = open_set(&set);
    memset(names, '!', sizeof names - 1); // the section does not outlive the opening
    assert_string_equal(mote_dataset_knowledge(dataset).class_names, "cat, dog,a b,x");
    mote_dataset_close(&dataset);
}

static void class_names_must_be_as_many_as_classes(void **state)
{
    set_config set;
    set_init(state, &set);
    add_key(&set, "class_names", "a,b,c");
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "m.ini:10: [train_set]: class_names = a,b,c: 3 names, the network tells 4 "
                       "classes apart");
    static const char *const blank[] = {"a,,b,c", ",a,b,c", "a,b,c,", "a, ,b,c"};
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++) {
        set.entries[3].value = blank[i];
        char message[128];
        (void)snprintf(message, sizeof message, "class_names = %s: a name is empty", blank[i]);
        assert_set_refused(state, &set, MOTE_ERROR_PROPERTY, message);
    }
}

static void a_missing_type_is_refused(void **state)
{
    set_config set;
    set_init(state, &set);
    set.entries[0].key = "shuffle";
    set.entries[0].value = "true";
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "m.ini:9: [train_set]: key 'type' is missing, expected one of ");
}

static void an_unknown_type_is_refused(void **state)
{
    set_config set;
    set_init(state, &set);
    set.entries[0].value = "id";
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "m.ini:10: [train_set]: type = id: expected one of ");
}

static void unknown_keys_are_refused_with_a_guess_over_all_tables(void **state)
{
    set_config set;
    set_init(state, &set);
    add_key(&set, "label_pat", "x");
    assert_set_refused(
        state, &set, MOTE_ERROR_PROPERTY,
        "m.ini:10: [train_set]: unknown key 'label_pat', did you mean 'label_path'?");
    set.entries[3].key = "shufle";
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "unknown key 'shufle', did you mean 'shuffle'?");
}

static void missing_paths_are_refused(void **state)
{
    set_config set;
    set_init(state, &set);
    set.config.entry_count = 2;
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "m.ini:9: [train_set]: key 'label_path' is missing");
    set.config.entry_count = 1;
    assert_set_refused(state, &set, MOTE_ERROR_PROPERTY,
                       "m.ini:9: [train_set]: key 'path' is missing");
}

static void readers_and_common_keys_are_documented(void **state)
{
    (void)state;
    const mote_property *table = NULL;
    const char *summary = NULL;
    assert_string_equal(mote_dataset_reader(0, &table, &summary), "idx");
    assert_non_null(mote_property_find(table, "label_path"));
    for (size_t i = 0; mote_dataset_reader(i, &table, &summary); i++) {
        assert_non_null(mote_property_find(table, "path"));
        assert_true(strlen(summary) > 0);
    }
    assert_int_equal(mote_property_count(mote_dataset_properties()), 9);
    for (const mote_property *row = mote_dataset_properties(); row->name; row++)
        assert_true(strlen(row->help) > 0);
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    mote_dataset *dataset = NULL;
    mote_dataset_close(&dataset);
    assert_null(dataset);
}

static mote_status open_and_read(const mote_allocator *allocator, void *user)
{
    set_config set = *(const set_config *)user;
    mote_dataset *dataset = NULL;
    set.config.entries = set.entries;
    set.config.ports.items = set.ports;
    set.config.allocator = allocator;
    mote_status status = mote_dataset_open(&set.config, &dataset);
    if (status == MOTE_OK) {
        float values[PIXELS];
        mote_dataset_select(dataset, &order, 0, 1);
        status = read_batch(dataset, 0, &set.ports[0].spec, 0, 1, values);
    }
    mote_dataset_close(&dataset);
    return status;
}

static void every_allocation_of_opening_may_fail(void **state)
{
    set_config set;
    set_init(state, &set);
    assert_true(failing_allocator_sweep(open_and_read, &set) >= 1);
}

static void reading_allocates_nothing(void **state)
{
    failing_allocator counter;
    set_config set;
    set_init(state, &set);
    failing_allocator_init(&counter, 0, false);
    set.config.allocator = &counter.allocator;
    mote_dataset *dataset = open_set(&set);
    const size_t requests = counter.request_count;
    float values[COUNT * PIXELS];
    mote_dataset_select(dataset, &order, 0, COUNT);
    expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, COUNT, values));
    mote_dataset_select(dataset, NULL, 0, COUNT);
    expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, COUNT, values));
    assert_int_equal(counter.request_count, requests);
    mote_dataset_close(&dataset);
    assert_int_equal(counter.live_count, 0);
}

static int setup(void **state)
{
    const int result = mote_test_folder_setup(state);
    write_files(state);
    return result;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_come_in_file_order_without_a_key),
        cmocka_unit_test(a_key_permutes_images_and_labels_alike),
        cmocka_unit_test(the_order_does_not_depend_on_the_cut_into_batches),
        cmocka_unit_test(pieces_of_samples_and_elements_equal_the_whole),
        cmocka_unit_test(labels_become_one_hot_rows),
        cmocka_unit_test(samples_limits_the_set),
        cmocka_unit_test(more_samples_than_there_are_is_refused),
        cmocka_unit_test(shuffle_is_on_unless_switched_off),
        cmocka_unit_test(the_scale_is_one_255th_unless_given),
        cmocka_unit_test(class_names_are_kept),
        cmocka_unit_test(class_names_must_be_as_many_as_classes),
        cmocka_unit_test(a_missing_type_is_refused),
        cmocka_unit_test(an_unknown_type_is_refused),
        cmocka_unit_test(unknown_keys_are_refused_with_a_guess_over_all_tables),
        cmocka_unit_test(missing_paths_are_refused),
        cmocka_unit_test(readers_and_common_keys_are_documented),
        cmocka_unit_test(closing_nothing_is_fine),
        cmocka_unit_test(every_allocation_of_opening_may_fail),
        cmocka_unit_test(reading_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, setup, mote_test_folder_teardown);
}
