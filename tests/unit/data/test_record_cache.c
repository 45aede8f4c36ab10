// SPDX-License-Identifier: Apache-2.0
// Decoded records in a temporary file: what was appended is read back, whole and in parts.
#include "data/record_cache.h"
#include "sets.h"

#define RECORDS 20000UL // more than the buffer takes

typedef struct fixture {
    mote_arena arena, scratch;
    mote_record_cache cache;
} fixture;

static const mote_record_field fields[] = {
    {.dtype = MOTE_DTYPE_U8, .elements = 3},
    {.dtype = MOTE_DTYPE_I32, .elements = 1},
    {.dtype = MOTE_DTYPE_F32, .elements = 2},
};

/// Record i: bytes i, i + 1, i + 2; index -i; floats i / 2 and i / 4.
static void append(mote_record_cache *cache, size_t i)
{
    void *places[3];
    expect_ok(mote_record_cache_append(cache, places));
    for (size_t b = 0; b < 3; b++)
        ((unsigned char *)places[0])[b] = (unsigned char)(i + b);
    *(int32_t *)places[1] = -(int32_t)i;
    ((float *)places[2])[0] = (float)i / 2;
    ((float *)places[2])[1] = (float)i / 4;
}

static void open_cache(fixture *f)
{
    mote_arena_init(&f->arena, mote_allocator_default());
    mote_arena_init(&f->scratch, mote_allocator_default());
    expect_ok(mote_record_cache_open(fields, 3, "some.file", &f->arena, &f->scratch, &f->cache));
}

static void fill(fixture *f, size_t count)
{
    open_cache(f);
    for (size_t i = 0; i < count; i++)
        append(&f->cache, i);
    expect_ok(mote_record_cache_finish(&f->cache));
    mote_arena_release(&f->scratch);
}

static void release(fixture *f)
{
    mote_record_cache_close(&f->cache);
    mote_arena_release(&f->arena);
}

static void records_are_read_as_they_were_appended(void **state)
{
    (void)state;
    fixture f;
    fill(&f, RECORDS);
    assert_int_equal(f.cache.record_count, RECORDS);
    for (size_t i = 0; i < RECORDS; i += 777) {
        unsigned char bytes[2 * 3];
        int32_t indices[2];
        float values[2];
        const mote_record_range some = {.first_record = i, .record_count = 2, .element_count = 3};
        const mote_record_range index = {
            .field = 1, .first_record = i, .record_count = 2, .element_count = 1};
        const mote_record_range last = {.field = 2,
                                        .first_record = i,
                                        .record_count = 2,
                                        .first_element = 1,
                                        .element_count = 1};
        expect_ok(mote_record_cache_read(&f.cache, &some, bytes));
        expect_ok(mote_record_cache_read(&f.cache, &index, indices));
        expect_ok(mote_record_cache_read(&f.cache, &last, values));
        for (size_t r = 0; r < 2; r++) {
            assert_int_equal(bytes[3 * r + 2], (i + r + 2) % 256);
            assert_int_equal(indices[r], -(int32_t)(i + r));
            assert_true(values[r] == (float)(i + r) / 4);
        }
    }
    release(&f);
}

static void bytes_and_floats_become_reals(void **state)
{
    (void)state;
    fixture f;
    fill(&f, 10);
    mote_real values[6];
    const mote_record_range bytes = {.first_record = 4, .record_count = 2, .element_count = 3};
    expect_ok(mote_record_cache_read_reals(&f.cache, &bytes, 0.5, values));
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(2 * values[i], 4 + i / 3 + i % 3);
    const mote_record_range floats = {
        .field = 2, .first_record = 4, .record_count = 2, .element_count = 2};
    expect_ok(mote_record_cache_read_reals(&f.cache, &floats, 0.5, values));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal((i % 2 ? 4 : 2) * values[i], 4 + i / 2);
    release(&f);
}

static void a_dropped_record_leaves_no_gap(void **state)
{
    (void)state;
    fixture f;
    open_cache(&f);
    for (size_t i = 0; i < 10; i++) {
        append(&f.cache, i);
        if (i % 2)
            mote_record_cache_drop(&f.cache);
    }
    expect_ok(mote_record_cache_finish(&f.cache));
    mote_arena_release(&f.scratch);
    assert_int_equal(f.cache.record_count, 5);
    for (size_t i = 0; i < 5; i++) {
        int32_t index = 0;
        const mote_record_range range = {
            .field = 1, .first_record = i, .record_count = 1, .element_count = 1};
        expect_ok(mote_record_cache_read(&f.cache, &range, &index));
        assert_int_equal(index, -2 * (int32_t)i);
    }
    release(&f);
}

static void a_record_that_no_memory_holds_is_refused(void **state)
{
    (void)state;
    static const mote_record_field huge[] = {{.dtype = MOTE_DTYPE_F32, .elements = SIZE_MAX / 5}};
    fixture f;
    mote_arena_init(&f.arena, mote_allocator_default());
    mote_arena_init(&f.scratch, mote_allocator_default());
    expect_raises(mote_record_cache_open(huge, 1, "some.file", &f.arena, &f.scratch, &f.cache),
                  MOTE_ERROR_UNSUPPORTED, "'some.file': a sample of more than ");
    mote_arena_release(&f.scratch);
    mote_arena_release(&f.arena);
}

static mote_status open_and_append(const mote_allocator *allocator, void *user)
{
    (void)user;
    mote_arena arena;
    mote_arena scratch;
    mote_record_cache cache = {.file.descriptor = -1};
    void *places[3];
    mote_arena_init(&arena, allocator);
    mote_arena_init(&scratch, allocator);
    mote_status status = mote_record_cache_open(fields, 3, "some.file", &arena, &scratch, &cache);
    if (status == MOTE_OK)
        status = mote_record_cache_append(&cache, places);
    mote_record_cache_close(&cache);
    mote_arena_release(&scratch);
    mote_arena_release(&arena);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_allocator_sweep(open_and_append, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read_as_they_were_appended),
        cmocka_unit_test(bytes_and_floats_become_reals),
        cmocka_unit_test(a_dropped_record_leaves_no_gap),
        cmocka_unit_test(a_record_that_no_memory_holds_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
