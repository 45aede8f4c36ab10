// SPDX-License-Identifier: Apache-2.0
// Finding blocks by name and the digest of a state.
#include "state/state.h"

#include "support/expect.h"
#include "support/files.h"

#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define BLOCK(block_name, block_role, block_bytes, block_offset)            \
    {                                                                       \
        .name = (block_name), .role = (block_role), .bytes = (block_bytes), \
        .offset = (block_offset)                                            \
    }

static const mote_state_block blocks[] = {
    BLOCK("bn.running_mean", MOTE_STATE_STATISTIC, 2, 64),
    BLOCK("fc.bias", MOTE_STATE_WEIGHT, 3, 0),
    BLOCK("fc.bias.velocity", MOTE_STATE_OPTIMIZER, 3, 16),
    BLOCK("fc.weight", MOTE_STATE_WEIGHT, 1, 32),
};

static mote_state state_over(unsigned char *memory)
{
    memset(memory, 'x', 128);
    memset(memory + 64, 'a', 2);
    memset(memory, 'b', 3);
    memset(memory + 16, 'c', 3);
    memset(memory + 32, 'd', 1);
    return (mote_state){.blocks = blocks, .block_count = 4, .base = memory};
}

static void every_block_is_found_by_its_name(void **unused)
{
    (void)unused;
    unsigned char memory[128];
    const mote_state state = state_over(memory);
    for (size_t i = 0; i < state.block_count; i++)
        assert_int_equal(mote_state_find(&state, blocks[i].name), i);
}

static void an_unknown_name_gives_the_count(void **unused)
{
    (void)unused;
    unsigned char memory[128];
    const mote_state state = state_over(memory);
    const char *const names[] = {"", "a", "bn", "fc.bias.", "FC.bias", "fc.weight2", "z"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(mote_state_find(&state, names[i]), 4);
    assert_int_equal(mote_state_find(&(mote_state){.block_count = 0}, "fc.bias"), 0);
}

static void data_lie_at_the_offset(void **unused)
{
    (void)unused;
    unsigned char memory[128];
    const mote_state state = state_over(memory);
    assert_ptr_equal(mote_state_data(&state, 0), memory + 64);
    assert_ptr_equal(mote_state_data(&state, 3), memory + 32);
}

static void the_digest_is_over_weights_and_statistics_in_name_order(void **unused)
{
    (void)unused;
    unsigned char memory[128];
    const mote_state state = state_over(memory);
    char text[MOTE_SHA256_TEXT_BYTES];
    char expected[MOTE_SHA256_TEXT_BYTES];
    mote_sha256 hash;
    mote_sha256_init(&hash);
    mote_sha256_add(&hash, "aabbbd", 6);
    mote_sha256_finish(&hash, expected);
    expect_ok(mote_state_digest(&state, text));
    assert_string_equal(text, expected);
}

static void the_digest_does_not_see_the_optimizer_or_the_place(void **unused)
{
    (void)unused;
    unsigned char memory[128];
    const mote_state state = state_over(memory);
    char before[MOTE_SHA256_TEXT_BYTES];
    char after[MOTE_SHA256_TEXT_BYTES];
    expect_ok(mote_state_digest(&state, before));
    memory[16] = 'y';
    memory[127] = 'y';
    expect_ok(mote_state_digest(&state, after));
    assert_string_equal(before, after);
    memory[64] = 'y';
    expect_ok(mote_state_digest(&state, after));
    assert_string_not_equal(before, after);
}

#define VALUES(block_name, block_role, count, block_offset)                               \
    {                                                                                     \
        .name = (block_name), .role = (block_role), .bytes = (count) * sizeof(mote_real), \
        .offset = (block_offset), .spec = {                                               \
            .dtype = MOTE_DTYPE_REAL,                                                     \
            .shape = {.rank = 1, .dims = {(count)}}                                       \
        }                                                                                 \
    }

static void a_value_that_is_not_finite_is_found_in_weights_and_statistics(void **unused)
{
    (void)unused;
    static const mote_state_block real_blocks[] = {
        VALUES("a", MOTE_STATE_WEIGHT, 3, 0),
        VALUES("a.velocity", MOTE_STATE_OPTIMIZER, 3, 64),
        VALUES("b", MOTE_STATE_STATISTIC, 2, 128),
    };
    static const mote_real bad[] = {(mote_real)NAN, (mote_real)INFINITY, (mote_real)-INFINITY};
    mote_real memory[64];
    const mote_state state = {
        .blocks = real_blocks, .block_count = 3, .base = (unsigned char *)memory};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(memory, 0, sizeof memory);
        ((mote_real *)mote_state_data(&state, 1))[0] = bad[i];
        expect_ok(mote_state_check_finite(&state));
        ((mote_real *)mote_state_data(&state, 2))[1] = bad[i];
        expect_raises(mote_state_check_finite(&state), MOTE_ERROR_NONFINITE,
                      "tensor 'b' has values that are not finite");
        ((mote_real *)mote_state_data(&state, 0))[0] = bad[i];
        expect_raises(mote_state_check_finite(&state), MOTE_ERROR_NONFINITE,
                      "tensor 'a' has values that are not finite");
    }
}

static void the_largest_values_are_finite(void **unused)
{
    (void)unused;
    static const mote_state_block block = VALUES("a", MOTE_STATE_WEIGHT, 4, 0);
    mote_real memory[4] = {FLT_MAX, FLT_MAX, -FLT_MAX, FLT_MIN};
    const mote_state state = {.blocks = &block, .block_count = 1, .base = (unsigned char *)memory};
    expect_ok(mote_state_check_finite(&state));
}

static void what_is_kept_of_an_averaged_weight_is_its_average(void **unused)
{
    (void)unused;
    static const mote_state_block two[] = {
        {.name = "a", .role = MOTE_STATE_WEIGHT, .bytes = 4, .offset = 0, .average = 1},
        {.name = "a.average", .role = MOTE_STATE_OPTIMIZER, .bytes = 4, .offset = 64},
    };
    static const mote_state_block one[] = {
        {.name = "a", .role = MOTE_STATE_WEIGHT, .bytes = 4, .offset = 64},
    };
    unsigned char memory[128] = "new";
    char averaged[MOTE_SHA256_TEXT_BYTES];
    char plain[MOTE_SHA256_TEXT_BYTES];
    const mote_state state = {.blocks = two, .block_count = 2, .base = memory};
    const mote_state of_average = {.blocks = one, .block_count = 1, .base = memory};
    memcpy(memory + 64, "old", 4);
    assert_int_equal(mote_state_kept(&state, 0), 1);
    assert_int_equal(mote_state_kept(&of_average, 0), 0);
    expect_ok(mote_state_digest(&state, averaged));
    expect_ok(mote_state_digest(&of_average, plain));
    assert_string_equal(averaged, plain);
    expect_ok(mote_state_reset_averages(&state));
    assert_string_equal(mote_state_data(&state, 1), "new");
}

/// A block in memory and one in a file, of a size that takes two parts.
static void swapped_blocks_are_looked_at_in_parts(void **state)
{
    enum {
        BYTES = MOTE_STATE_STAGING_BYTES + 1000
    };

    static _Alignas(4096) unsigned char staging[MOTE_STATE_STAGING_BYTES];
    static unsigned char memory[BYTES];
    static unsigned char copy[BYTES];
    const mote_state_block two[] = {
        {.name = "a", .role = MOTE_STATE_WEIGHT, .bytes = BYTES},
        {.name = "b", .role = MOTE_STATE_WEIGHT, .bytes = BYTES, .is_swapped = true, .home = 4096},
    };
    mote_swap_file file;
    expect_ok(mote_swap_file_open(mote_test_folder(state), (uint64_t)1 << 20, &file));
    const mote_state s = {.blocks = two,
                          .block_count = 2,
                          .base = memory,
                          .swap = &file,
                          .staging = staging,
                          .staging_bytes = sizeof staging};
    for (size_t i = 0; i < BYTES; i++)
        memory[i] = (unsigned char)(i * 11 + i / 256);
    assert_null(mote_state_data(&s, 1));
    expect_ok(mote_state_copy(&s, 0, &s, 1));
    expect_ok(mote_state_read(&s, 1, 0, copy, BYTES));
    assert_memory_equal(copy, memory, BYTES);
    expect_ok(mote_state_read(&s, 1, MOTE_STATE_STAGING_BYTES - 5, copy, 10));
    assert_memory_equal(copy, memory + MOTE_STATE_STAGING_BYTES - 5, 10);
    memcpy(copy, memory, BYTES);
    memset(memory, 0, BYTES);
    expect_ok(mote_state_copy(&s, 1, &s, 0));
    assert_memory_equal(copy, memory, BYTES);
    size_t parts = 0;
    for (mote_state_part part = {.block = 1}; mote_state_advance(&s, &part);)
        parts++;
    assert_int_equal(parts, 2);
    mote_swap_file_close(&file);
}

/// A block that is frozen, in a file of weights at an odd place, and room for it in the swap file.
typedef struct borrowed {
    mote_state_block block;
    mote_swap_file swap;
    mote_state_source source;
    mote_file file;
    mote_state state;
} borrowed;

enum {
    BORROWED_AT = 4099,
    BORROWED_BYTES = MOTE_STATE_STAGING_BYTES + 1000
};

static unsigned char borrowed_values[BORROWED_AT + BORROWED_BYTES + 5];

static void borrowed_open(void **state, const char *path, borrowed *b)
{
    static _Alignas(4096) unsigned char staging[MOTE_STATE_STAGING_BYTES];
    b->block = (mote_state_block){.name = "b",
                                  .role = MOTE_STATE_WEIGHT,
                                  .bytes = BORROWED_BYTES,
                                  .is_swapped = true,
                                  .is_frozen = true};
    expect_ok(mote_swap_file_open(mote_test_folder(state), (uint64_t)1 << 20, &b->swap));
    expect_ok(mote_state_source_init(mote_allocator_default(), 1, &b->source));
    expect_ok(mote_file_open_read(path, &b->file));
    b->state = (mote_state){.blocks = &b->block,
                            .block_count = 1,
                            .swap = &b->swap,
                            .source = &b->source,
                            .staging = staging,
                            .staging_bytes = sizeof staging};
}

static mote_status open_source(const borrowed *b)
{
    mote_file_stamp stamp;
    expect_ok(mote_file_get_stamp(&b->file, &stamp));
    return mote_state_open_source(&b->state, b->file.path, &stamp);
}

static void borrowed_close(borrowed *b)
{
    mote_file_close(&b->file);
    mote_swap_file_close(&b->swap);
    mote_state_source_release(&b->source);
}

static const char *write_source(void **state)
{
    for (size_t i = 0; i < sizeof borrowed_values; i++)
        borrowed_values[i] = (unsigned char)(i * 11 + i / 256);
    const char *const path =
        mote_test_write(state, "source", borrowed_values, sizeof borrowed_values);
    // long enough ago that a change is told by a clock that ticks some times a second
    const struct timespec times[] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    return path;
}

static void assert_borrowed(const borrowed *b)
{
    static unsigned char copy[BORROWED_BYTES];
    expect_ok(mote_state_read(&b->state, 0, 0, copy, BORROWED_BYTES));
    assert_memory_equal(copy, borrowed_values + BORROWED_AT, BORROWED_BYTES);
}

static void a_borrowed_block_is_read_from_its_source_until_it_is_written(void **state)
{
    static const unsigned char changed[] = {'n', 'e', 'w'};
    borrowed b;
    borrowed_open(state, write_source(state), &b);
    assert_false(mote_state_borrow(&b.state, 0, BORROWED_AT)); // from what?
    expect_ok(open_source(&b));
    assert_true(mote_state_borrow(&b.state, 0, BORROWED_AT));
    assert_borrowed(&b);
    expect_ok(
        mote_state_write(&b.state, 0, 7232, changed, sizeof changed)); // the rest comes home, too
    assert_false(mote_state_is_borrowed(&b.state, 0));
    memcpy(borrowed_values + BORROWED_AT + 7232, changed, sizeof changed);
    assert_borrowed(&b);
    assert_true(mote_state_borrow(&b.state, 0, BORROWED_AT));
    expect_ok(mote_state_clear(&b.state, 0));
    memset(borrowed_values, 0, sizeof borrowed_values);
    assert_borrowed(&b);
    borrowed_close(&b);
}

static void only_what_is_frozen_and_whole_is_borrowed(void **state)
{
    static const mote_slice slices[] = {{0, 1}};
    borrowed b;
    borrowed_open(state, write_source(state), &b);
    expect_ok(open_source(&b));
    b.block.is_frozen = false;
    assert_false(mote_state_borrow(&b.state, 0, BORROWED_AT));
    b.block.is_frozen = true;
    b.block.slices = (mote_slices){slices, 1};
    assert_false(mote_state_borrow(&b.state, 0, BORROWED_AT));
    b.block.slices.count = 0;
    b.block.is_swapped = false;
    assert_false(mote_state_borrow(&b.state, 0, BORROWED_AT));
    borrowed_close(&b);
}

static void a_copy_borrows_from_the_same_file(void **state)
{
    borrowed from;
    borrowed to;
    const char *const path = write_source(state);
    borrowed_open(state, path, &from);
    borrowed_open(state, path, &to);
    expect_ok(open_source(&from));
    assert_true(mote_state_borrow(&from.state, 0, BORROWED_AT));
    expect_ok(mote_state_copy(&from.state, 0, &to.state, 0));
    assert_true(mote_state_is_borrowed(&to.state, 0));
    to.block.is_frozen = false;
    mote_state_return(&to.state, 0);
    expect_ok(mote_state_copy(&from.state, 0, &to.state, 0));
    assert_false(mote_state_is_borrowed(&to.state, 0));
    borrowed_close(&from);
    assert_borrowed(&to);
    borrowed_close(&to);
}

static void assert_written_to(const borrowed *b)
{
    static unsigned char copy[BORROWED_BYTES];
    assert_int_equal(mote_state_read(&b->state, 0, 0, copy, BORROWED_BYTES), MOTE_ERROR_IO);
    assert_non_null(strstr(mote_last_error()->message,
                           "source' was written to while weights were read from it"));
}

static void a_source_that_is_written_to_is_noticed(void **state)
{
    unsigned char start[4];
    borrowed b;
    const char *const path = write_source(state);
    borrowed_open(state, path, &b);
    expect_ok(open_source(&b));
    assert_true(mote_state_borrow(&b.state, 0, BORROWED_AT));
    assert_borrowed(&b);
    (void)mote_test_write(state, "source", borrowed_values, sizeof borrowed_values); // in place
    assert_written_to(&b);
    (void)mote_test_write(state, "source", borrowed_values, 5); // which ends before the block
    assert_written_to(&b);
    expect_ok(mote_state_clear(&b.state, 0));
    expect_ok(mote_state_read(&b.state, 0, 0, start, sizeof start));
    borrowed_close(&b);
}

/// It may be anything that is copied then.
static void a_source_that_is_written_to_is_not_copied(void **state)
{
    static const unsigned char changed[] = {1, 2, 3};
    borrowed b;
    const char *const path = write_source(state);
    borrowed_open(state, path, &b);
    expect_ok(open_source(&b));
    assert_true(mote_state_borrow(&b.state, 0, BORROWED_AT));
    (void)mote_test_write(state, "source", borrowed_values, sizeof borrowed_values);
    assert_int_equal(mote_state_write(&b.state, 0, 0, changed, sizeof changed), MOTE_ERROR_IO);
    assert_true(mote_state_is_borrowed(&b.state, 0));
    borrowed_close(&b);
}

static void a_source_that_is_written_to_before_it_is_opened_again_is_refused(void **state)
{
    borrowed b;
    mote_file_stamp stamp;
    const char *const path = write_source(state);
    borrowed_open(state, path, &b);
    expect_ok(mote_file_get_stamp(&b.file, &stamp));
    (void)mote_test_write(state, "source", borrowed_values, sizeof borrowed_values);
    assert_int_equal(mote_state_open_source(&b.state, path, &stamp), MOTE_ERROR_IO);
    assert_non_null(
        strstr(mote_last_error()->message, "source' was replaced or written to while it was read"));
    borrowed_close(&b);
}

static void a_source_that_nothing_can_be_borrowed_from_is_not_opened(void **state)
{
    borrowed b;
    borrowed_open(state, write_source(state), &b);
    b.block.is_frozen = false;
    expect_ok(open_source(&b));
    assert_int_equal(b.source.file.file.descriptor, -1);
    borrowed_close(&b);
}

static void a_source_that_is_opened_again_takes_no_more_memory(void **state)
{
    borrowed b;
    const char *const path = write_source(state);
    borrowed_open(state, path, &b);
    expect_ok(open_source(&b));
    const size_t used = b.source.arena.used;
    expect_ok(open_source(&b));
    assert_int_equal(b.source.arena.used, used);
    borrowed_close(&b);
}

static void a_source_that_is_replaced_before_it_is_opened_again_is_refused(void **state)
{
    borrowed b;
    const char *const path = write_source(state);
    borrowed_open(state, path, &b);
    assert_int_equal(remove(path), 0);
    (void)write_source(state);
    assert_int_equal(open_source(&b), MOTE_ERROR_IO);
    assert_non_null(
        strstr(mote_last_error()->message, "source' was replaced or written to while it was read"));
    assert_false(mote_state_borrow(&b.state, 0, BORROWED_AT));
    borrowed_close(&b);
}

enum {
    ROWS = 40,
    INDICES = 50,
    TAPS = 9,
    SLICED_BYTES = ROWS * INDICES * TAPS * 4
};

/// A block in memory, one of its shape that lies in the file in three slices, and one that lies there as in memory.
typedef struct sliced {
    mote_state_block blocks[3];
    mote_swap_file file;
    mote_state state;
    unsigned char values[SLICED_BYTES];
} sliced;

static void sliced_open(void **state, sliced *s)
{
    static const mote_slice slices[] = {{0, 16}, {16, 16}, {32, 18}};
    static _Alignas(4096) unsigned char staging[8192]; // a part is half of that, which two rows are
    static unsigned char memory[SLICED_BYTES];
    const mote_state_block block = {
        .name = "a",
        .role = MOTE_STATE_WEIGHT,
        .spec = {.dtype = MOTE_DTYPE_F32, .shape = {.rank = 3, .dims = {ROWS, INDICES, TAPS}}},
        .bytes = SLICED_BYTES};
    for (size_t i = 0; i < 3; i++)
        s->blocks[i] = block;
    s->blocks[1].is_swapped = s->blocks[2].is_swapped = true;
    s->blocks[1].home = 4096;
    s->blocks[1].slices = (mote_slices){slices, 3};
    s->blocks[2].home = 4096 + mote_state_home_bytes(&s->blocks[1]);
    expect_ok(mote_swap_file_open(mote_test_folder(state), (uint64_t)1 << 20, &s->file));
    s->state = (mote_state){.blocks = s->blocks,
                            .block_count = 3,
                            .base = memory,
                            .swap = &s->file,
                            .staging = staging,
                            .staging_bytes = sizeof staging};
    for (size_t i = 0; i < SLICED_BYTES; i++)
        s->values[i] = (unsigned char)(i * 11 + i / 256);
    expect_ok(mote_state_write(&s->state, 0, 0, s->values, SLICED_BYTES));
}

static void assert_values(const sliced *s, size_t block)
{
    static unsigned char read[SLICED_BYTES];
    expect_ok(mote_state_read(&s->state, block, 0, read, SLICED_BYTES));
    assert_memory_equal(read, s->values, SLICED_BYTES);
}

static void slices_lie_one_behind_the_other(void **state)
{
    static _Alignas(4096) unsigned char found[4096 * 6];
    static sliced s;
    sliced_open(state, &s);
    const size_t width = (size_t)16 * TAPS * 4;
    const size_t row = (size_t)INDICES * TAPS * 4;
    expect_ok(mote_state_copy(&s.state, 0, &s.state, 1));
    assert_int_equal(mote_state_slice_home(&s.blocks[1], 0), 4096);
    assert_int_equal(mote_state_slice_home(&s.blocks[1], 1), 4096 + sizeof found);
    assert_int_equal(mote_state_home_bytes(&s.blocks[1]), 2 * sizeof found + (size_t)4096 * 7);
    expect_ok(mote_swap_file_read(&s.file, 4096 + sizeof found, found, sizeof found));
    for (size_t i = 0; i < ROWS; i++)
        assert_memory_equal(found + i * width, s.values + i * row + width, width);
    mote_swap_file_close(&s.file);
}

static void a_block_in_slices_is_looked_at_as_a_whole(void **state)
{
    static sliced s;
    unsigned char read[3000];
    sliced_open(state, &s);
    expect_ok(mote_state_copy(&s.state, 0, &s.state, 1));
    assert_values(&s, 1);
    expect_ok(mote_state_copy(&s.state, 1, &s.state, 2));
    assert_values(&s, 2);
    expect_ok(mote_state_clear(&s.state, 0));
    expect_ok(mote_state_copy(&s.state, 1, &s.state, 0));
    assert_values(&s, 0);
    for (size_t first = 1; first + sizeof read < SLICED_BYTES; first += 2345) {
        expect_ok(mote_state_read(&s.state, 1, first, read, sizeof read));
        assert_memory_equal(read, s.values + first, sizeof read);
        memset(s.values + first, (int)first, 7);
        expect_ok(mote_state_write(&s.state, 1, first, s.values + first, 7));
        assert_values(&s, 1);
    }
    static _Alignas(4096) unsigned char staging[4096];
    mote_state other = s.state;
    other.staging = staging;
    other.staging_bytes = sizeof staging;
    expect_ok(mote_state_copy(&other, 2, &s.state, 1));
    expect_ok(mote_state_read(&s.state, 0, 0, s.values, SLICED_BYTES));
    assert_values(&s, 1);
    mote_swap_file_close(&s.file);
}

static void a_cleared_block_is_zero_wherever_it_lies(void **state)
{
    static sliced s;
    sliced_open(state, &s);
    memset(s.values, 0xff, SLICED_BYTES);
    for (size_t i = 0; i < 3; i++)
        expect_ok(mote_state_write(&s.state, i, 0, s.values, SLICED_BYTES));
    expect_ok(mote_state_clear(&s.state, 1));
    assert_values(&s, 0);
    assert_values(&s, 2);
    expect_ok(mote_state_clear(&s.state, 0));
    expect_ok(mote_state_clear(&s.state, 2));
    memset(s.values, 0, SLICED_BYTES);
    for (size_t i = 0; i < 3; i++)
        assert_values(&s, i);
    mote_swap_file_close(&s.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_is_found_by_its_name),
        cmocka_unit_test(an_unknown_name_gives_the_count),
        cmocka_unit_test(data_lie_at_the_offset),
        cmocka_unit_test(the_digest_is_over_weights_and_statistics_in_name_order),
        cmocka_unit_test(the_digest_does_not_see_the_optimizer_or_the_place),
        cmocka_unit_test(a_value_that_is_not_finite_is_found_in_weights_and_statistics),
        cmocka_unit_test(the_largest_values_are_finite),
        cmocka_unit_test(swapped_blocks_are_looked_at_in_parts),
        cmocka_unit_test(a_borrowed_block_is_read_from_its_source_until_it_is_written),
        cmocka_unit_test(only_what_is_frozen_and_whole_is_borrowed),
        cmocka_unit_test(a_copy_borrows_from_the_same_file),
        cmocka_unit_test(a_source_that_is_written_to_is_noticed),
        cmocka_unit_test(a_source_that_is_written_to_is_not_copied),
        cmocka_unit_test(a_source_that_is_written_to_before_it_is_opened_again_is_refused),
        cmocka_unit_test(a_source_that_nothing_can_be_borrowed_from_is_not_opened),
        cmocka_unit_test(a_source_that_is_opened_again_takes_no_more_memory),
        cmocka_unit_test(a_source_that_is_replaced_before_it_is_opened_again_is_refused),
        cmocka_unit_test(slices_lie_one_behind_the_other),
        cmocka_unit_test(a_block_in_slices_is_looked_at_as_a_whole),
        cmocka_unit_test(a_cleared_block_is_zero_wherever_it_lies),
        cmocka_unit_test(what_is_kept_of_an_averaged_weight_is_its_average),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
