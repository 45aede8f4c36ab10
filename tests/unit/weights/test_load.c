// SPDX-License-Identifier: Apache-2.0
// Reading weights: foreign files that are right, and every way in which a file can be wrong.
#include "tensors.h"

#include <jansson.h>
#include <stdlib.h>

/// The file is refused with its quoted path and then `message`, and the state keeps its bytes.
static void assert_refused_file(const char *path, mote_status status, const char *message)
{
    tensors t;
    tensors before;
    char expected[1024];
    tensors_init(&t, 50);
    tensors_init(&before, 50);
    (void)snprintf(expected, sizeof expected, "'%s'%s", path, message);
    expect_raises(mote_weights_load(path, &t.state, mote_allocator_default()), status, expected);
    assert_memory_equal(t.memory, before.memory, sizeof t.memory);
}

static void assert_refused(void **state, const char *header, size_t data_bytes, mote_status status,
                           const char *message)
{
    const char *const path = write_tensors(state, header, strlen(header), data_bytes);
    assert_refused_file(path, status, message);
}

static void a_file_in_another_order_without_padding_is_loaded(void **state)
{
    const char header[] =
        "{\"conv.weight\" : {\"shape\": [2, 1, 2, 2], \"data_offsets\": [8, 40], \"dtype\": \"F32\"},"
        "\"__metadata__\":{\"format\":\"pt\"},"
        "\"bn.running_mean\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[40,52]},"
        "\"conv.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}  \n";
    tensors t;
    tensors_init(&t, 200);
    const char *const path = write_tensors(state, header, strlen(header), DATA_BYTES);
    expect_ok(mote_weights_load(path, &t.state, mote_allocator_default()));
    assert_int_equal(t.memory[0], 0);
    assert_int_equal(t.memory[7], 7);
    assert_int_equal(t.memory[64], 8);
    assert_int_equal(t.memory[95], 39);
    assert_int_equal(t.memory[128], 40);
    assert_int_equal(t.memory[139], 51);
    assert_int_equal(t.memory[192], (200 + 192) % 256);
}

static void a_missing_file_is_refused(void **state)
{
    const char *const path = mote_test_path(state, "none.safetensors");
    tensors t;
    tensors_init(&t, 0);
    expect_raises(mote_weights_load(path, &t.state, mote_allocator_default()), MOTE_ERROR_IO, path);
}

static void a_file_of_seven_bytes_is_refused(void **state)
{
    assert_refused_file(mote_test_write(state, "short.safetensors", "1234567", 7),
                        MOTE_ERROR_FORMAT, " is no safetensors file: 7 bytes cannot hold a header");
}

static void a_header_longer_than_the_limit_is_refused(void **state)
{
    assert_refused_file(write_tensors(state, "{}", UINT64_MAX, 0), MOTE_ERROR_FORMAT,
                        " is no safetensors file: a header of 18446744073709551615 bytes (at most "
                        "100000000)");
    assert_refused_file(write_tensors(state, "{}", 100000001, 0), MOTE_ERROR_FORMAT,
                        " is no safetensors file: a header of 100000001 bytes (at most 100000000)");
}

static void a_header_longer_than_the_file_is_refused(void **state)
{
    assert_refused_file(write_tensors(state, "{}", 3, 0), MOTE_ERROR_FORMAT,
                        " is truncated: its header of 3 bytes does not fit in 10");
    assert_refused_file(write_tensors(state, "{}", 100000000, 0), MOTE_ERROR_FORMAT,
                        " is truncated: its header of 100000000 bytes does not fit in 10");
}

static void headers_that_are_no_json_object_are_refused(void **state)
{
    assert_refused(state, "", 4, MOTE_ERROR_FORMAT, ": the header does not begin with '{'");
    assert_refused(state, "[]", 4, MOTE_ERROR_FORMAT, ": the header does not begin with '{'");
    assert_refused(state, " {}", 4, MOTE_ERROR_FORMAT, ": the header does not begin with '{'");
    assert_refused(state, "{\"a\":}", 4, MOTE_ERROR_FORMAT,
                   ": the header is not valid JSON at byte ");
    assert_refused(state, "{} {}", 4, MOTE_ERROR_FORMAT, ": the header is not valid JSON at byte ");
    assert_refused(state, "{\"\xFF\":1}", 4, MOTE_ERROR_FORMAT,
                   ": the header is not valid JSON at byte ");
    assert_refused(state, "{\"a\\u0000b\":1}", 4, MOTE_ERROR_FORMAT,
                   ": the header is not valid JSON at byte ");
    assert_refused(state, "{\"a\":123456789012345678901234567890}", 4, MOTE_ERROR_FORMAT,
                   ": the header is not valid JSON at byte ");
}

static void a_name_twice_is_refused(void **state)
{
    assert_refused(state, "{" ENTRY_BN "," ENTRY_BIAS "," ENTRY_WEIGHT "," ENTRY_BIAS "}",
                   DATA_BYTES, MOTE_ERROR_FORMAT, ": the header is not valid JSON at byte ");
}

static void deeply_nested_json_is_refused(void **state)
{
    const size_t depth = 100000;
    char *const header = mote_test_memory(state, depth + 16);
    memcpy(header, "{\"a\":", 6);
    memset(header + 5, '[', depth);
    assert_refused(state, header, 0, MOTE_ERROR_FORMAT, ": the header is not valid JSON at byte ");
}

static void metadata_that_are_no_strings_are_refused(void **state)
{
    assert_refused(state, "{\"__metadata__\":[]}", 0, MOTE_ERROR_FORMAT,
                   ": '__metadata__' is not an object");
    assert_refused(state, "{\"__metadata__\":{\"a\":\"b\",\"c\":1}}", 0, MOTE_ERROR_FORMAT,
                   ": the value of 'c' in '__metadata__' is not a text");
}

static void entries_of_another_form_are_refused(void **state)
{
    static const char *const entries[] = {
        "1",
        "{}",
        "{\"dtype\":\"F32\",\"shape\":[2]}",
        "{\"dtype\":1,\"shape\":[2],\"data_offsets\":[0,8]}",
        "{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}",
        "{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}",
        "{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-1,8]}",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"scale\":1}",
    };
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        char header[256];
        (void)snprintf(header, sizeof header, "{\"conv.bias\":%s}", entries[i]);
        assert_refused(state, header, 8, MOTE_ERROR_FORMAT,
                       ": the entry of tensor 'conv.bias' is not {\"dtype\": text, \"shape\": "
                       "[numbers], \"data_offsets\": [begin, end]}");
    }
}

static void an_unexpected_tensor_is_refused(void **state)
{
    assert_refused(
        state, "{\"conv.wieght\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
        MOTE_ERROR_FORMAT, ": the model has no tensor 'conv.wieght', did you mean 'conv.weight'?");
    assert_refused(state, "{\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                   4, MOTE_ERROR_FORMAT, ": the model has no tensor 'fc.bias'");
}

static void state_of_the_optimizer_is_not_expected(void **state)
{
    assert_refused(
        state, "{\"conv.bias.velocity\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        8, MOTE_ERROR_FORMAT, ": the model has no tensor 'conv.bias.velocity'");
}

static void a_missing_tensor_is_named(void **state)
{
    assert_refused(state, "{" ENTRY_BN "," ENTRY_BIAS "}", 20, MOTE_ERROR_FORMAT,
                   ": tensor 'conv.weight' is missing");
    assert_refused(state, "{}", 0, MOTE_ERROR_FORMAT, ": tensor 'bn.running_mean' is missing");
}

static void another_dtype_is_refused(void **state)
{
    assert_refused(state,
                   "{\"conv.bias\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
                   MOTE_ERROR_FORMAT, ": tensor 'conv.bias' is of dtype BF16, the model needs F32");
}

static void another_shape_is_refused(void **state)
{
    assert_refused(
        state, "{\"conv.weight\":{\"dtype\":\"F32\",\"shape\":[2,1,4],\"data_offsets\":[0,32]}}",
        32, MOTE_ERROR_SHAPE,
        ": tensor 'conv.weight' has shape [2:1:4], the model needs [2:1:2:2]");
    assert_refused(
        state,
        "{\"conv.bias\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,0,1,1,1,1,1,1],"
        "\"data_offsets\":[0,0]}}",
        0, MOTE_ERROR_SHAPE,
        ": tensor 'conv.bias' has shape [9223372036854775807:0:1:1:1:1:...], the model needs [2]");
    assert_refused(state, "{\"conv.bias\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
                   4, MOTE_ERROR_SHAPE, ": tensor 'conv.bias' has shape [], the model needs [2]");
}

static void offsets_outside_the_file_are_refused(void **state)
{
    assert_refused(state, GOOD_HEADER, DATA_BYTES - 1, MOTE_ERROR_FORMAT,
                   ": tensor 'conv.weight' is at bytes 20 to 52 of the data, which are 51");
    assert_refused(
        state,
        "{\"conv.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[9223372036854775799,"
        "9223372036854775807]}}",
        8, MOTE_ERROR_FORMAT,
        ": tensor 'conv.bias' is at bytes 9223372036854775799 to 9223372036854775807 of the data, "
        "which are 8");
    assert_refused(
        state, "{\"conv.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8,
        MOTE_ERROR_FORMAT, ": tensor 'conv.bias' is at bytes 8 to 0 of the data, which are 8");
}

static void offsets_that_do_not_fit_the_shape_are_refused(void **state)
{
    assert_refused(
        state, "{\"conv.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 8,
        MOTE_ERROR_FORMAT, ": tensor 'conv.bias' has 4 bytes, its shape and dtype need 8");
}

static void overlapping_tensors_are_refused(void **state)
{
    assert_refused(
        state,
        "{" ENTRY_BN "," ENTRY_WEIGHT
        ",\"conv.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}",
        DATA_BYTES, MOTE_ERROR_FORMAT,
        ": tensor 'conv.bias' begins at byte 8 of the data, the one before it ends at 12 (overlap)");
    assert_refused(
        state,
        "{" ENTRY_BN "," ENTRY_BIAS
        ",\"conv.weight\":{\"dtype\":\"F32\",\"shape\":[2,1,2,2],\"data_offsets\":[0,32]}}",
        DATA_BYTES, MOTE_ERROR_FORMAT,
        ": tensor 'conv.weight' begins at byte 0 of the data, the one before it ends at 12 (overlap)");
}

static void holes_are_refused(void **state)
{
    assert_refused(
        state,
        "{" ENTRY_BN "," ENTRY_BIAS
        ",\"conv.weight\":{\"dtype\":\"F32\",\"shape\":[2,1,2,2],\"data_offsets\":[24,56]}}",
        56, MOTE_ERROR_FORMAT,
        ": tensor 'conv.weight' begins at byte 24 of the data, the one before it ends at 20 (hole)");
    assert_refused(state, GOOD_HEADER, DATA_BYTES + 3, MOTE_ERROR_FORMAT,
                   ": 3 bytes behind the last tensor belong to none");
}

/// Every file that is a right one cut short or with one byte changed is refused or loads; it does neither
/// crash nor, when refused, touch the state.
static void damaged_files_do_no_harm(void **state)
{
    const char header[] =
        "{\"__metadata__\":{\"a\":\"b\"}," ENTRY_BN "," ENTRY_BIAS "," ENTRY_WEIGHT "}";
    size_t count = 0;
    unsigned char *const bytes =
        mote_test_read(state, write_tensors(state, header, strlen(header), DATA_BYTES), &count);
    tensors before;
    tensors_init(&before, 50);
    for (size_t i = 0; i < count; i++) {
        tensors t;
        tensors_init(&t, 50);
        const char *path = mote_test_write(state, "damaged.safetensors", bytes, i);
        assert_int_not_equal(mote_weights_load(path, &t.state, mote_allocator_default()), MOTE_OK);
        assert_memory_equal(t.memory, before.memory, sizeof t.memory);
        bytes[i] ^= (unsigned char)(1U << i % 8);
        path = mote_test_write(state, "damaged.safetensors", bytes, count);
        if (mote_weights_load(path, &t.state, mote_allocator_default()) != MOTE_OK)
            assert_memory_equal(t.memory, before.memory, sizeof t.memory);
        bytes[i] ^= (unsigned char)(1U << i % 8);
    }
}

static void metadata_are_read_by_key(void **state)
{
    const char header[] = "{\"__metadata__\":{\"format\":\"pt\",\"mote\":\"0.1 \\u00fc\"}}";
    const char *const path = write_tensors(state, header, strlen(header), 0);
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    char unset[] = "unset";
    char *value = unset;
    expect_ok(mote_weights_get_metadata(path, "mote", &arena, &value));
    assert_string_equal(value, "0.1 \xC3\xBC");
    expect_ok(mote_weights_get_metadata(path, "Mote", &arena, &value));
    assert_null(value);
    mote_arena_release(&arena);
}

static void absent_metadata_are_null_and_a_broken_file_is_an_error(void **state)
{
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    char unset[] = "unset";
    char *value = unset;
    const char *const broken = mote_test_write_text(state, "broken.safetensors", "12345678");
    expect_raises(mote_weights_get_metadata(broken, "a", &arena, &value), MOTE_ERROR_FORMAT,
                  "is no safetensors file");
    assert_ptr_equal(value, unset);
    expect_ok(mote_weights_get_metadata(write_tensors(state, "{}", 2, 0), "a", &arena, &value));
    assert_null(value);
    mote_arena_release(&arena);
}

static mote_status load_once(const mote_allocator *allocator, void *user)
{
    tensors t;
    tensors_init(&t, 1);
    return mote_weights_load(user, &t.state, allocator);
}

static mote_status get_once(const mote_allocator *allocator, void *user)
{
    char *value = NULL;
    mote_arena arena;
    mote_arena_init(&arena, allocator);
    const mote_status status = mote_weights_get_metadata(user, "a", &arena, &value);
    mote_arena_release(&arena);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    const char header[] =
        "{\"__metadata__\":{\"a\":\"b\"}," ENTRY_BN "," ENTRY_BIAS "," ENTRY_WEIGHT "}";
    const char *const path = write_tensors(state, header, strlen(header), DATA_BYTES);
    char copy[512];
    (void)snprintf(copy, sizeof copy, "%s", path);
    assert_int_equal(failing_allocator_sweep(load_once, copy), 2);
    assert_int_equal(failing_allocator_sweep(get_once, copy), 2);
}

/// jansson has an allocator of its own; only tests may exchange it.
static size_t json_allocations_left;

static void *allocate_json(size_t bytes)
{
    if (json_allocations_left == 0)
        return NULL;
    json_allocations_left--;
    return malloc(bytes);
}

static void the_memory_of_the_parser_may_run_out(void **state)
{
    const char header[] =
        "{\"__metadata__\":{\"a\":\"b\"}," ENTRY_BN "," ENTRY_BIAS "," ENTRY_WEIGHT "}";
    const char *const path = write_tensors(state, header, strlen(header), DATA_BYTES);
    mote_status status = MOTE_ERROR_MEMORY;
    size_t allocations = 0;
    for (; status != MOTE_OK; allocations++) {
        tensors t;
        tensors before;
        tensors_init(&t, 50);
        tensors_init(&before, 50);
        json_allocations_left = allocations;
        json_set_alloc_funcs(allocate_json, free);
        status = mote_weights_load(path, &t.state, mote_allocator_default());
        json_set_alloc_funcs(malloc, free);
        if (status == MOTE_OK)
            break;
        // jansson takes a text it has no memory for as a syntax error
        assert_true(status == MOTE_ERROR_MEMORY || status == MOTE_ERROR_FORMAT);
        assert_memory_equal(t.memory, before.memory, sizeof t.memory);
    }
    assert_true(allocations > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_in_another_order_without_padding_is_loaded),
        cmocka_unit_test(a_missing_file_is_refused),
        cmocka_unit_test(a_file_of_seven_bytes_is_refused),
        cmocka_unit_test(a_header_longer_than_the_limit_is_refused),
        cmocka_unit_test(a_header_longer_than_the_file_is_refused),
        cmocka_unit_test(headers_that_are_no_json_object_are_refused),
        cmocka_unit_test(a_name_twice_is_refused),
        cmocka_unit_test(deeply_nested_json_is_refused),
        cmocka_unit_test(metadata_that_are_no_strings_are_refused),
        cmocka_unit_test(entries_of_another_form_are_refused),
        cmocka_unit_test(an_unexpected_tensor_is_refused),
        cmocka_unit_test(state_of_the_optimizer_is_not_expected),
        cmocka_unit_test(a_missing_tensor_is_named),
        cmocka_unit_test(another_dtype_is_refused),
        cmocka_unit_test(another_shape_is_refused),
        cmocka_unit_test(offsets_outside_the_file_are_refused),
        cmocka_unit_test(offsets_that_do_not_fit_the_shape_are_refused),
        cmocka_unit_test(overlapping_tensors_are_refused),
        cmocka_unit_test(holes_are_refused),
        cmocka_unit_test(damaged_files_do_no_harm),
        cmocka_unit_test(metadata_are_read_by_key),
        cmocka_unit_test(absent_metadata_are_null_and_a_broken_file_is_an_error),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_memory_of_the_parser_may_run_out),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
