// SPDX-License-Identifier: Apache-2.0
// Writing weights: the bytes of the header, the order of the data, replacing the old file.
#include "tensors.h"

typedef struct saving {
    mote_arena arena;
    mote_weights_header header;
    mote_file_replacement replacement;
} saving;

static void begin(saving *s, const tensors *t, const mote_weights_metadata *metadata, size_t count,
                  const char *path)
{
    mote_arena_init(&s->arena, mote_allocator_default());
    expect_ok(mote_weights_make_header(&t->state, metadata, count, &s->arena, &s->header));
    expect_ok(mote_file_replacement_init(&s->replacement, path, mote_allocator_default()));
}

static void end(saving *s)
{
    mote_file_replacement_release(&s->replacement);
    mote_arena_release(&s->arena);
}

static const unsigned char *save(void **state, const char *name, const tensors *t,
                                 const mote_weights_metadata *metadata, size_t count, size_t *bytes)
{
    saving s;
    const char *const path = mote_test_path(state, name);
    begin(&s, t, metadata, count, path);
    expect_ok(mote_weights_save(&t->state, &s.header, &s.replacement, s.replacement.path));
    end(&s);
    return mote_test_read(state, path, bytes);
}

static void the_file_is_length_header_spaces_and_tensors_in_name_order(void **state)
{
    tensors t;
    tensors_init(&t, 7);
    size_t bytes = 0;
    const unsigned char *const file = save(state, "w.safetensors", &t, NULL, 0, &bytes);
    const unsigned char length[8] = {0xF8, 0x0F};
    assert_int_equal(bytes, 4096 + DATA_BYTES);
    assert_memory_equal(file, length, 8);
    assert_memory_equal(file + 8, GOOD_HEADER, strlen(GOOD_HEADER));
    for (size_t i = 8 + strlen(GOOD_HEADER); i < 4096; i++)
        assert_int_equal(file[i], ' ');
    assert_memory_equal(file + 4096, t.memory + 128, 12);
    assert_memory_equal(file + 4108, t.memory, 8);
    assert_memory_equal(file + 4116, t.memory + 64, 32);
}

static void metadata_are_escaped_and_keep_their_order(void **state)
{
    tensors t;
    tensors_init(&t, 0);
    const mote_weights_metadata metadata[] = {
        {"mote", "0.1.0"}, {"b", "q\" s\\ n\n e\x1B u\xC3\xBC"}, {"a", ""}};
    const char expected[] = "{\"__metadata__\":{\"mote\":\"0.1.0\",\"b\":\"q\\\" s\\\\ n\\u000a "
                            "e\\u001b u\xC3\xBC\",\"a\":\"\"}," ENTRY_BN;
    size_t bytes = 0;
    const unsigned char *const file = save(state, "m.safetensors", &t, metadata, 3, &bytes);
    assert_memory_equal(file + 8, expected, strlen(expected));
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    char *value = NULL;
    expect_ok(
        mote_weights_get_metadata(mote_test_path(state, "m.safetensors"), "b", &arena, &value));
    assert_string_equal(value, metadata[1].value);
    mote_arena_release(&arena);
}

static void a_long_header_still_ends_at_a_multiple_of_4096(void **state)
{
    tensors t;
    tensors_init(&t, 0);
    char value[4000];
    for (size_t length = 3700; length < 3900; length++) {
        memset(value, 'v', length);
        value[length] = '\0';
        const mote_weights_metadata metadata = {"k", value};
        mote_arena arena;
        mote_weights_header header;
        mote_arena_init(&arena, mote_allocator_default());
        expect_ok(mote_weights_make_header(&t.state, &metadata, 1, &arena, &header));
        const size_t used =
            8 + strlen("{\"__metadata__\":{\"k\":\"\"},") + length + strlen(GOOD_HEADER) - 1;
        assert_int_equal(header.bytes, used <= 4096 ? 4096 : 8192);
        assert_int_equal(header.text[used - 1], '}');
        mote_arena_release(&arena);
    }
    (void)state;
}

static void a_state_without_weights_has_an_empty_header(void **state)
{
    (void)state;
    mote_arena arena;
    mote_weights_header header;
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_weights_make_header(&(mote_state){.block_count = 0}, NULL, 0, &arena, &header));
    assert_int_equal(header.bytes, 4096);
    assert_memory_equal(header.text + 8, "{} ", 3);
    mote_arena_release(&arena);
}

static void equal_states_give_equal_bytes(void **state)
{
    tensors t;
    tensors_init(&t, 3);
    const mote_weights_metadata metadata = {"classes", "0,1"};
    size_t bytes[2];
    const unsigned char *const first = save(state, "1.safetensors", &t, &metadata, 1, &bytes[0]);
    t.memory[192] ^= 1U; // the optimizer's
    const unsigned char *const second = save(state, "2.safetensors", &t, &metadata, 1, &bytes[1]);
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(first, second, bytes[0]);
}

static void what_was_saved_is_loaded(void **state)
{
    tensors written;
    tensors read;
    size_t bytes = 0;
    tensors_init(&written, 9);
    tensors_init(&read, 100);
    (void)save(state, "r.safetensors", &written, NULL, 0, &bytes);
    expect_ok(mote_weights_load(mote_test_path(state, "r.safetensors"), &read.state,
                                mote_allocator_default()));
    assert_memory_equal(read.memory, written.memory, 8);
    assert_memory_equal(read.memory + 64, written.memory + 64, 32);
    assert_memory_equal(read.memory + 128, written.memory + 128, 12);
    assert_int_equal(read.memory[192], (100 + 192) % 256);
}

static void saving_again_replaces_the_file_and_allocates_nothing(void **state)
{
    tensors t;
    tensors_init(&t, 1);
    saving s;
    size_t bytes = 0;
    const char *const path = mote_test_path(state, "twice.safetensors");
    failing_allocator counter;
    failing_allocator_init(&counter, 0, false);
    mote_arena_init(&s.arena, &counter.allocator);
    expect_ok(mote_weights_make_header(&t.state, NULL, 0, &s.arena, &s.header));
    expect_ok(mote_file_replacement_init(&s.replacement, path, &counter.allocator));
    const size_t requests = counter.request_count;
    expect_ok(mote_weights_save(&t.state, &s.header, &s.replacement, s.replacement.path));
    t.memory[0] = 99;
    expect_ok(mote_weights_save(&t.state, &s.header, &s.replacement, s.replacement.path));
    assert_int_equal(counter.request_count, requests);
    end(&s);
    assert_int_equal(mote_test_read(state, path, &bytes)[4108], 99);
    assert_int_equal(bytes, 4096 + DATA_BYTES);
}

static void a_failed_save_leaves_the_old_file(void **state)
{
    tensors t;
    tensors_init(&t, 1);
    saving s;
    const char *const path = mote_test_path(state, "no/such/folder.safetensors");
    begin(&s, &t, NULL, 0, path);
    expect_raises(mote_weights_save(&t.state, &s.header, &s.replacement, s.replacement.path),
                  MOTE_ERROR_IO, path);
    end(&s);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    tensors t;
    tensors_init(&t, 1);
    mote_arena arena;
    mote_weights_header header = {.bytes = 5};
    mote_arena_init(&arena, mote_allocator_default());
    const mote_weights_metadata key = {"a\xFF", "b"};
    expect_raises(mote_weights_make_header(&t.state, &key, 1, &arena, &header), MOTE_ERROR_ARGUMENT,
                  "the metadata key 'a\xFF' is not UTF-8");
    const mote_weights_metadata value = {"a", "b\xC0\x80"};
    expect_raises(mote_weights_make_header(&t.state, &value, 1, &arena, &header),
                  MOTE_ERROR_ARGUMENT, "the metadata value 'b\xC0\x80' is not UTF-8");
    const mote_state_block block = {.name = "\xED\xA0\x80"};
    const mote_state state_of_one = {.blocks = &block, .block_count = 1};
    expect_raises(mote_weights_make_header(&state_of_one, NULL, 0, &arena, &header),
                  MOTE_ERROR_ARGUMENT, "the tensor name '\xED\xA0\x80' is not UTF-8");
    const mote_weights_metadata twice[] = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
    expect_raises(mote_weights_make_header(&t.state, twice, 3, &arena, &header),
                  MOTE_ERROR_ARGUMENT, "the metadata key 'a' is there twice");
    assert_int_equal(header.bytes, 5);
    mote_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_length_header_spaces_and_tensors_in_name_order),
        cmocka_unit_test(metadata_are_escaped_and_keep_their_order),
        cmocka_unit_test(a_long_header_still_ends_at_a_multiple_of_4096),
        cmocka_unit_test(a_state_without_weights_has_an_empty_header),
        cmocka_unit_test(equal_states_give_equal_bytes),
        cmocka_unit_test(what_was_saved_is_loaded),
        cmocka_unit_test(saving_again_replaces_the_file_and_allocates_nothing),
        cmocka_unit_test(a_failed_save_leaves_the_old_file),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
