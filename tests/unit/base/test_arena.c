// SPDX-License-Identifier: Apache-2.0
// The compile-time arena and the default allocator.
#include "base/arena.h"

#include "support/expect.h"
#include "support/failing_allocator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed_and_aligned_to_16(void **unused)
{
    (void)unused;
    failing_allocator counting;
    failing_allocator_init(&counting, 0, false);
    mote_arena arena;
    mote_arena_init(&arena, &counting.allocator);
    for (size_t bytes = 0; bytes < 200; bytes++) {
        void *memory = NULL;
        expect_ok(mote_arena_allocate(&arena, bytes, &memory));
        assert_int_equal((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(((unsigned char *)memory)[i], 0);
        memset(memory, 0xFF, bytes);
    }
    mote_arena_release(&arena);
    assert_int_equal(counting.live_count, 0);
}

static void requests_of_nothing_get_places_of_their_own(void **unused)
{
    (void)unused;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    void *first = NULL;
    void *second = NULL;
    expect_ok(mote_arena_allocate(&arena, 0, &first));
    expect_ok(mote_arena_array(&arena, 0, 8, &second));
    assert_non_null(first);
    assert_ptr_not_equal(first, second);
    mote_arena_release(&arena);
}

static void many_small_requests_share_a_chunk(void **unused)
{
    (void)unused;
    failing_allocator counting;
    failing_allocator_init(&counting, 0, false);
    mote_arena arena;
    mote_arena_init(&arena, &counting.allocator);
    void *memory = NULL;
    for (size_t i = 0; i < 100; i++)
        expect_ok(mote_arena_allocate(&arena, 100, &memory));
    assert_int_equal(counting.request_count, 1);
    mote_arena_release(&arena);
}

static void a_request_larger_than_a_chunk_is_met(void **unused)
{
    (void)unused;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    void *memory = NULL;
    expect_ok(mote_arena_allocate(&arena, 1000000, &memory));
    memset(memory, 1, 1000000);
    expect_ok(mote_arena_allocate(&arena, 10, &memory));
    mote_arena_release(&arena);
}

static void a_large_request_leaves_the_room_in_the_chunk_to_others(void **unused)
{
    (void)unused;
    failing_allocator counting;
    failing_allocator_init(&counting, 0, false);
    mote_arena arena;
    mote_arena_init(&arena, &counting.allocator);
    void *memory = NULL;
    expect_ok(mote_arena_allocate(&arena, 100, &memory));
    expect_ok(mote_arena_allocate(&arena, 16000, &memory));
    expect_ok(mote_arena_allocate(&arena, 100000, &memory));
    assert_int_equal(counting.request_count, 2);
    for (size_t i = 0; i < 100; i++)
        expect_ok(mote_arena_allocate(&arena, 100, &memory));
    assert_int_equal(counting.request_count, 3);
    mote_arena_release(&arena);
    assert_int_equal(counting.live_count, 0);
}

static void release_to_a_mark_keeps_what_is_older(void **unused)
{
    (void)unused;
    failing_allocator counting;
    failing_allocator_init(&counting, 0, false);
    mote_arena arena;
    mote_arena_init(&arena, &counting.allocator);
    char *text = NULL;
    expect_ok(mote_arena_text(&arena, "stays here", 5, &text));
    const mote_arena_mark mark = mote_arena_get_mark(&arena);
    const size_t live_bytes = counting.live_bytes;
    void *first = NULL;
    expect_ok(mote_arena_allocate(&arena, 64, &first));
    void *memory = NULL;
    for (size_t i = 0; i < 50; i++)
        expect_ok(mote_arena_allocate(&arena, 5000, &memory));
    assert_true(counting.live_bytes > live_bytes);

    mote_arena_release_to(&arena, mark);
    assert_int_equal(counting.live_bytes, live_bytes);
    assert_string_equal(text, "stays");
    expect_ok(mote_arena_allocate(&arena, 64, &memory));
    assert_ptr_equal(memory, first);
    mote_arena_release(&arena);
}

static void release_to_a_mark_of_an_empty_arena_frees_all(void **unused)
{
    (void)unused;
    failing_allocator counting;
    failing_allocator_init(&counting, 0, false);
    mote_arena arena;
    mote_arena_init(&arena, &counting.allocator);
    const mote_arena_mark mark = mote_arena_get_mark(&arena);
    void *memory = NULL;
    expect_ok(mote_arena_allocate(&arena, 1, &memory));
    mote_arena_release_to(&arena, mark);
    assert_int_equal(counting.live_count, 0);
    mote_arena_release(&arena);
}

static void an_arena_can_be_used_after_release(void **unused)
{
    (void)unused;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    void *memory = NULL;
    expect_ok(mote_arena_allocate(&arena, 1, &memory));
    mote_arena_release(&arena);
    expect_ok(mote_arena_allocate(&arena, 1, &memory));
    mote_arena_release(&arena);
    mote_arena_release(&arena);
}

static void an_array_that_overflows_is_refused(void **unused)
{
    (void)unused;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    void *memory = &arena;
    expect_raises(mote_arena_array(&arena, SIZE_MAX / 4, 8, &memory), MOTE_ERROR_MEMORY,
                  "4611686018427387903 elements of 8 bytes could not be had");
    expect_raises(mote_arena_allocate(&arena, SIZE_MAX, &memory), MOTE_ERROR_MEMORY,
                  "18446744073709551615 bytes of memory could not be had");
    assert_ptr_equal(memory, &arena);
    mote_arena_release(&arena);
}

static void formatted_text_may_be_longer_than_a_chunk(void **unused)
{
    (void)unused;
    static char long_text[40000];
    memset(long_text, 'y', sizeof long_text - 1);
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    char *text = NULL;
    expect_ok(mote_arena_format(&arena, &text, "%s/%d", "layer", 7));
    assert_string_equal(text, "layer/7");
    expect_ok(mote_arena_format(&arena, &text, "<%s>", long_text));
    assert_int_equal(strlen(text), sizeof long_text + 1);
    mote_arena_release(&arena);
}

static void a_growing_array_keeps_its_elements(void **unused)
{
    (void)unused;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    unsigned *items = NULL;
    size_t capacity = 0;
    for (unsigned i = 0; i < 3000; i++) {
        expect_ok(mote_arena_grow(&arena, (void **)&items, &capacity, i, sizeof *items));
        assert_true(capacity > i);
        items[i] = i;
    }
    for (unsigned i = 0; i < 3000; i++)
        assert_int_equal(items[i], i);
    mote_arena_release(&arena);
}

static void the_last_array_grows_where_it_lies_and_is_zeroed(void **unused)
{
    (void)unused;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    unsigned char *dirty = NULL;
    const mote_arena_mark mark = mote_arena_get_mark(&arena);
    expect_ok(mote_arena_allocate(&arena, 16, (void **)&dirty));
    const mote_arena_mark used = mote_arena_get_mark(&arena);
    expect_ok(mote_arena_allocate(&arena, 1024, (void **)&dirty));
    memset(dirty, 0xFF, 1024);
    mote_arena_release_to(&arena, used);

    unsigned *items = NULL;
    size_t capacity = 0;
    expect_ok(mote_arena_grow(&arena, (void **)&items, &capacity, 0, sizeof *items));
    const unsigned *const first = items;
    for (unsigned i = 0; i < 200; i++) {
        expect_ok(mote_arena_grow(&arena, (void **)&items, &capacity, i, sizeof *items));
        assert_int_equal(items[i], 0);
        items[i] = i + 1;
    }
    assert_ptr_equal(items, first);
    unsigned char *behind = NULL;
    expect_ok(mote_arena_allocate(&arena, 1, (void **)&behind));
    assert_ptr_equal(behind, (unsigned char *)items + capacity * sizeof *items);
    mote_arena_release_to(&arena, mark);
    mote_arena_release(&arena);
}

static void an_array_with_something_behind_it_moves(void **unused)
{
    (void)unused;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    uint64_t *items = NULL;
    char *text = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 40; i++) {
        const uint64_t *const before = items;
        const size_t held = capacity;
        expect_ok(mote_arena_grow(&arena, (void **)&items, &capacity, i, sizeof *items));
        if (held != capacity)
            assert_ptr_not_equal(items, before);
        items[i] = i;
        expect_ok(mote_arena_text(&arena, "behind it", 9, &text));
        assert_string_equal(text, "behind it");
    }
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(items[i], i);
    mote_arena_release(&arena);
}

static mote_status use_all_functions(const mote_allocator *allocator, void *unused)
{
    (void)unused;
    mote_arena arena;
    mote_arena_init(&arena, allocator);
    void *memory = NULL;
    char *text = NULL;
    size_t capacity = 0;
    mote_status status = mote_arena_allocate(&arena, 16000, &memory);
    if (status == MOTE_OK)
        status = mote_arena_array(&arena, 3000, 4, &memory);
    if (status == MOTE_OK)
        status = mote_arena_text(&arena, memory, 12000, &text);
    if (status == MOTE_OK)
        status = mote_arena_format(&arena, &text, "%16000d", 1);
    memory = NULL;
    for (size_t i = 0; status == MOTE_OK && i < 100; i++)
        status = mote_arena_grow(&arena, &memory, &capacity, i, 1000);
    mote_arena_release(&arena);
    return status;
}

static void every_failed_request_is_reported_and_nothing_leaks(void **unused)
{
    (void)unused;
    assert_true(failing_allocator_sweep(use_all_functions, NULL) > 6);
}

static void the_message_says_how_much_memory_was_asked_for(void **unused)
{
    (void)unused;
    failing_allocator failing;
    failing_allocator_init(&failing, 1, true);
    mote_arena arena;
    mote_arena_init(&arena, &failing.allocator);
    void *memory = NULL;
    expect_raises(mote_arena_allocate(&arena, 100, &memory), MOTE_ERROR_MEMORY,
                  "16384 bytes of memory could not be had");
    assert_null(memory);
    mote_arena_release(&arena);
}

static void the_default_allocator_resizes_and_keeps_content(void **unused)
{
    (void)unused;
    const mote_allocator *const allocator = mote_allocator_default();
    char *memory = allocator->reallocate(allocator->user, NULL, 0, 4);
    assert_non_null(memory);
    memcpy(memory, "abc", 4);
    memory = allocator->reallocate(allocator->user, memory, 4, 100000);
    assert_non_null(memory);
    assert_string_equal(memory, "abc");
    assert_null(allocator->reallocate(allocator->user, memory, 100000, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned_to_16),
        cmocka_unit_test(requests_of_nothing_get_places_of_their_own),
        cmocka_unit_test(many_small_requests_share_a_chunk),
        cmocka_unit_test(a_request_larger_than_a_chunk_is_met),
        cmocka_unit_test(a_large_request_leaves_the_room_in_the_chunk_to_others),
        cmocka_unit_test(release_to_a_mark_keeps_what_is_older),
        cmocka_unit_test(release_to_a_mark_of_an_empty_arena_frees_all),
        cmocka_unit_test(an_arena_can_be_used_after_release),
        cmocka_unit_test(an_array_that_overflows_is_refused),
        cmocka_unit_test(formatted_text_may_be_longer_than_a_chunk),
        cmocka_unit_test(a_growing_array_keeps_its_elements),
        cmocka_unit_test(the_last_array_grows_where_it_lies_and_is_zeroed),
        cmocka_unit_test(an_array_with_something_behind_it_moves),
        cmocka_unit_test(every_failed_request_is_reported_and_nothing_leaks),
        cmocka_unit_test(the_message_says_how_much_memory_was_asked_for),
        cmocka_unit_test(the_default_allocator_resizes_and_keeps_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
