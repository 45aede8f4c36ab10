// SPDX-License-Identifier: Apache-2.0
// Files of a whole state: the optimizer's blocks too, with checksums that find every flipped bit.
#include "tensors.h"

#include "base/checksum.h"

static mote_checksum_table table;

static int setup(void **state)
{
    mote_checksum_init(&table);
    return mote_test_folder_setup(state);
}

static void whole_init(tensors *t, unsigned seed)
{
    tensors_init(t, seed);
    t->state.is_whole = true;
}

static const char *save_whole(void **state, const char *name, const tensors *t, const char *value)
{
    const char *const path = mote_test_path(state, name);
    const mote_weights_metadata metadata[] = {{"mote.step", "0000"},
                                              {"mote.note", "\"mote.step\":"}};
    mote_arena arena;
    mote_weights_header header;
    mote_file_replacement replacement;
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_file_replacement_init(&replacement, path, mote_allocator_default()));
    expect_ok(mote_weights_make_header(&t->state, metadata, 2, &arena, &header));
    mote_weights_set_metadata(&header, "mote.step", value);
    expect_ok(mote_weights_seal(&t->state, &table, &header));
    expect_ok(mote_weights_save(&t->state, &header, &replacement, path));
    mote_file_replacement_release(&replacement);
    mote_arena_release(&arena);
    return path;
}

static void all_blocks_come_back(void **state)
{
    tensors written;
    tensors read;
    whole_init(&written, 3);
    whole_init(&read, 99);
    const char *const path = save_whole(state, "whole", &written, "0042");
    expect_ok(mote_weights_load(path, &read.state, mote_allocator_default()));
    for (size_t i = 0; i < 4; i++)
        assert_memory_equal(mote_state_data(&read.state, i), mote_state_data(&written.state, i),
                            tensor_blocks[i].bytes);
}

static void metadata_of_the_same_length_can_be_written_later(void **state)
{
    tensors t;
    char *value = NULL;
    mote_arena arena;
    whole_init(&t, 3);
    mote_arena_init(&arena, mote_allocator_default());
    const char *const path = save_whole(state, "step", &t, "0042");
    expect_ok(mote_weights_get_metadata(path, "mote.step", &arena, &value));
    assert_string_equal(value, "0042");
    expect_ok(mote_weights_get_metadata(path, "mote.note", &arena, &value));
    assert_string_equal(value, "\"mote.step\":");
    mote_arena_release(&arena);
}

static void a_file_of_weights_alone_is_none_of_a_whole_state(void **state)
{
    tensors t;
    whole_init(&t, 0);
    const char *const path = write_tensors(state, GOOD_HEADER, strlen(GOOD_HEADER), DATA_BYTES);
    expect_raises(mote_weights_load(path, &t.state, mote_allocator_default()), MOTE_ERROR_FORMAT,
                  "tensor 'conv.bias.velocity' is missing");
}

/// In the header and in the tensors alike. Spaces behind the JSON text count as well.
static void every_flipped_bit_is_found_and_changes_nothing(void **state)
{
    tensors t;
    whole_init(&t, 3);
    size_t count = 0;
    const char *const path = save_whole(state, "flipped", &t, "0042");
    unsigned char *const bytes = mote_test_read(state, path, &count);
    for (size_t at = 0; at < count; at += at < 1200 ? 3 : at < 4096 ? 331 : 1) {
        tensors read;
        tensors before;
        whole_init(&read, 50);
        whole_init(&before, 50);
        bytes[at] ^= (unsigned char)(1U << at % 8);
        (void)mote_test_write(state, "flipped", bytes, count);
        if (mote_weights_load(path, &read.state, mote_allocator_default()) == MOTE_OK)
            fail_msg("a flipped bit of byte %zu was not seen", at);
        assert_memory_equal(read.memory, before.memory, sizeof read.memory);
        bytes[at] ^= (unsigned char)(1U << at % 8);
    }
}

static void a_damaged_tensor_is_named(void **state)
{
    tensors t;
    whole_init(&t, 3);
    size_t count = 0;
    const char *const path = save_whole(state, "named", &t, "0042");
    unsigned char *const bytes = mote_test_read(state, path, &count);
    bytes[4096 + 12 + 8 + 1] ^= 4U; // behind running_mean and bias
    (void)mote_test_write(state, "named", bytes, count);
    expect_raises(mote_weights_load(path, &t.state, mote_allocator_default()), MOTE_ERROR_FORMAT,
                  "is damaged: the checksum of tensor 'conv.bias.velocity' is ");
}

static void every_shorter_file_is_refused(void **state)
{
    tensors t;
    whole_init(&t, 3);
    size_t count = 0;
    const char *const path = save_whole(state, "short", &t, "0042");
    const unsigned char *const bytes = mote_test_read(state, path, &count);
    for (size_t length = 0; length < count; length += length < 4000 ? 97 : 1) {
        (void)mote_test_write(state, "short", bytes, length);
        assert_int_not_equal(mote_weights_load(path, &t.state, mote_allocator_default()), MOTE_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_blocks_come_back),
        cmocka_unit_test(metadata_of_the_same_length_can_be_written_later),
        cmocka_unit_test(a_file_of_weights_alone_is_none_of_a_whole_state),
        cmocka_unit_test(every_flipped_bit_is_found_and_changes_nothing),
        cmocka_unit_test(a_damaged_tensor_is_named),
        cmocka_unit_test(every_shorter_file_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, mote_test_folder_teardown);
}
