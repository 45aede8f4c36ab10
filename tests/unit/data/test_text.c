// SPDX-License-Identifier: Apache-2.0
// Windows of bytes and the bytes that follow.
#include "sets.h"

#define PROSE "the cat sat on\xFF"

/// Windows of 4 bytes with a label of `labels` bytes.
static void text_set(void **state, set_config *set, const char *text, size_t labels)
{
    (void)mote_test_write_text(state, "t.txt", text);
    file_set_init(state, set, "text", "t.txt");
    add_port(set, index_port("in", 4, 255), false);
    if (labels > 0)
        add_port(set, index_port("next", labels, 255), true);
}

static void assert_tokens(mote_dataset *dataset, const set_config *set, size_t port,
                          const char *expected)
{
    int32_t tokens[64] = {0};
    const size_t count = (size_t)mote_dataset_sample_count(dataset);
    const mote_tensor_spec *const spec = &set->ports[port].spec;
    assert_true(strlen(expected) <= 64);
    assert_int_equal(strlen(expected), count * mote_shape_elements(&spec->shape));
    mote_dataset_select(dataset, NULL, 0, count);
    expect_ok(read_batch(dataset, port, spec, 0, count, tokens));
    for (size_t i = 0; i < strlen(expected); i++)
        assert_int_equal(tokens[i], (unsigned char)expected[i]);
}

static void windows_do_not_overlap_and_labels_are_the_next_bytes(void **state)
{
    set_config set;
    text_set(state, &set, PROSE, 4);
    mote_dataset *dataset = open_set(&set);
    assert_tokens(dataset, &set, 0, "the cat sat ");
    assert_tokens(dataset, &set, 1, "he cat sat o");
    mote_dataset_close(&dataset);
}

static void stride_moves_the_windows(void **state)
{
    set_config set;
    text_set(state, &set, "abcdefgh", 4);
    add_key(&set, "stride", "3");
    mote_dataset *dataset = open_set(&set);
    assert_tokens(dataset, &set, 0, "abcddefg");
    assert_tokens(dataset, &set, 1, "bcdeefgh");
    mote_dataset_close(&dataset);
}

static void a_single_label_is_the_byte_behind_the_window(void **state)
{
    set_config set;
    text_set(state, &set, "abcdefghi", 1);
    mote_dataset *dataset = open_set(&set);
    assert_tokens(dataset, &set, 1, "ei");
    mote_dataset_close(&dataset);
}

static void without_a_label_the_last_byte_is_used_too(void **state)
{
    set_config set;
    text_set(state, &set, "abcdefgh", 0);
    mote_dataset *dataset = open_set(&set);
    assert_tokens(dataset, &set, 0, "abcdefgh");
    mote_dataset_close(&dataset);
}

static void a_file_shorter_than_a_sample_is_refused(void **state)
{
    set_config set;
    text_set(state, &set, "abcd", 4);
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "m.ini:10: [train_set]: path: '@/t.txt' has 4 bytes, a sample takes 5");
}

static void bytes_that_the_network_does_not_know_are_refused(void **state)
{
    set_config set;
    text_set(state, &set, PROSE, 4);
    set.ports[0].index_last = 127;
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "'@/t.txt': byte 14 is 255; 'in' takes an index from 0 to 127");
}

static void networks_it_cannot_feed_are_refused(void **state)
{
    set_config set;
    text_set(state, &set, PROSE, 3);
    assert_set_refused(state, &set, MOTE_ERROR_UNSUPPORTED,
                       "m.ini:9: [train_set]: type text feeds one input of indices 1:1:length and "
                       "one label of 1 or length indices; the network's label is neither");
    set.ports[1] = real_port("y", 1, 1, 4);
    assert_set_refused(state, &set, MOTE_ERROR_UNSUPPORTED, "the network's label is no indices");
    set.ports[0] = real_port("x", 1, 1, 4);
    assert_set_refused(state, &set, MOTE_ERROR_UNSUPPORTED, "the network's input is no indices");
    set.config.ports.input_count = 2;
    assert_set_refused(state, &set, MOTE_ERROR_UNSUPPORTED, "the network takes more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_do_not_overlap_and_labels_are_the_next_bytes),
        cmocka_unit_test(stride_moves_the_windows),
        cmocka_unit_test(a_single_label_is_the_byte_behind_the_window),
        cmocka_unit_test(without_a_label_the_last_byte_is_used_too),
        cmocka_unit_test(a_file_shorter_than_a_sample_is_refused),
        cmocka_unit_test(bytes_that_the_network_does_not_know_are_refused),
        cmocka_unit_test(networks_it_cannot_feed_are_refused),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
