// SPDX-License-Identifier: Apache-2.0
// Cost tables: times by them, their files, and what measuring finds.
#include "cost/cost.h"

#include "os/os.h"
#include "support/expect.h"
#include "support/files.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static mote_cost_table make_table(void)
{
    mote_cost_table table = {
        .version = MOTE_COST_VERSION, .processor = "a b", .cpu = "scalar", .threads = 3};
    table.cost = mote_cost_assume(3);
    table.cost.one.amounts[MOTE_EFFORT_FUNCTION] = 1.0 / 3.0;
    return table;
}

static const char *write_table(void **state, const mote_cost_table *table)
{
    const char *path = mote_test_path(state, "cost.ini");
    expect_ok(mote_cost_write(table, path, mote_allocator_default()));
    return path;
}

static void times_follow_from_rates(void **state)
{
    (void)state;
    mote_cost cost = mote_cost_assume(2);
    cost.operation_ns = 10.0;
    cost.split_ns = 100.0;
    cost.one.amounts[MOTE_EFFORT_MULTIPLY] = 2.0;
    cost.all.amounts[MOTE_EFFORT_MULTIPLY] = 4.0;
    cost.one.near_bytes = cost.all.near_bytes = 8.0;
    cost.one.far_bytes = cost.all.far_bytes = 1.0;
    mote_effort effort = {{0.0}};
    assert_true(mote_cost_operation_ns(&cost, &effort, 0.0, 0.0) == 10.0);
    assert_true(mote_cost_operation_ns(&cost, &effort, 16.0, 3.0) == 15.0);
    effort.amounts[MOTE_EFFORT_MULTIPLY] = 200.0; // not worth a second thread
    assert_true(mote_cost_operation_ns(&cost, &effort, 0.0, 0.0) == 110.0);
    effort.amounts[MOTE_EFFORT_MULTIPLY] = 4000.0;
    assert_true(mote_cost_operation_ns(&cost, &effort, 0.0, 0.0) == 1110.0);
    cost.loaded_bytes = 2.0;
    cost.load_ns = 5.0;
    cost.stored_bytes = 1.0;
    cost.store_ns = 7.0;
    assert_true(mote_cost_load_ns(&cost, 100) == 55.0);
    assert_true(mote_cost_store_ns(&cost, 100) == 107.0);
}

static void what_is_read_is_what_was_written(void **state)
{
    mote_arena arena;
    mote_cost_table read;
    const mote_cost_table table = make_table();
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_cost_read(write_table(state, &table), &arena, &read));
    assert_int_equal(read.version, MOTE_COST_VERSION);
    assert_string_equal(read.processor, "a b");
    assert_string_equal(read.cpu, "scalar");
    assert_int_equal(read.threads, 3);
    assert_memory_equal(&read.cost, &table.cost, sizeof read.cost);
    mote_arena_release(&arena);
}

/// Reads the file with `from` replaced by `to`, which is not longer.
static void refuse(void **state, const char *from, const char *to, mote_status status,
                   const char *message)
{
    size_t count = 0;
    mote_arena arena;
    mote_cost_table read;
    const mote_cost_table table = make_table();
    char *text = (char *)mote_test_read(state, write_table(state, &table), &count);
    char *at = strstr(text, from);
    assert_non_null(at);
    const size_t length = strlen(from);
    assert_true(strlen(to) <= length);
    for (size_t i = 0; i < length; i++)
        at[i] = i < strlen(to) ? to[i] : ' ';
    const char *path = mote_test_write_text(state, "bad.ini", text);
    mote_arena_init(&arena, mote_allocator_default());
    expect_raises(mote_cost_read(path, &arena, &read), status, message);
    mote_arena_release(&arena);
}

static void a_wrong_file_is_refused_with_its_line(void **state)
{
    refuse(state, "version = 1", "version = 2", MOTE_ERROR_FORMAT,
           "bad.ini: version 2 of cost tables is not known, version 1 is");
    refuse(state, "threads = 3", "threads = 0", MOTE_ERROR_PROPERTY,
           "bad.ini:5: [Cost]: threads = 0: ");
    refuse(state, "far_bytes = 25", "far_bytes = 0", MOTE_ERROR_PROPERTY,
           "bad.ini:21: [one_thread]: far_bytes = 0: ");
    refuse(state, "load_ns = 60000", "load_ns = -1", MOTE_ERROR_PROPERTY, "[swap]: load_ns = -1: ");
    refuse(state, "load_ns = 60000", "load_ns = nan", MOTE_ERROR_PROPERTY, "load_ns = nan: ");
    refuse(state, "transfer_share = 0.25", "transfer_share = -1", MOTE_ERROR_PROPERTY,
           "[swap]: transfer_share = -1: ");
    refuse(state, "near_bytes", "near_byte", MOTE_ERROR_PROPERTY, "did you mean 'near_bytes'?");
    refuse(state, "split_ns = 5000", "", MOTE_ERROR_PROPERTY, "split_ns");
    refuse(state, "[swap]", "[swop]", MOTE_ERROR_PROPERTY,
           "a cost table has no section 'swop', did you mean 'swap'?");
    refuse(state, "[Cost]\n", "", MOTE_ERROR_PROPERTY, "stands before the first section");
}

static void a_file_without_a_section_is_refused(void **state)
{
    mote_arena arena;
    mote_cost_table read;
    mote_arena_init(&arena, mote_allocator_default());
    const char *path = mote_test_write_text(state, "part.ini", "");
    expect_raises(mote_cost_read(path, &arena, &read), MOTE_ERROR_PROPERTY,
                  "part.ini: no cost table: there is no section [Cost]");
    path = mote_test_path(state, "nothing.ini");
    expect_raises(mote_cost_read(path, &arena, &read), MOTE_ERROR_IO, "nothing.ini");
    mote_arena_release(&arena);
}

static void a_file_is_named_by_level_and_threads(void **state)
{
    (void)state;
    mote_arena arena;
    const char *name = NULL;
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_cost_file_name(MOTE_CPU_AVX2, 4, &arena, &name));
    assert_string_equal(name, "mote-cost-avx2-4.ini");
    mote_arena_release(&arena);
}

static void check_rates(const mote_rates *rates)
{
    for (size_t i = 0; i < MOTE_EFFORT_COUNT; i++)
        assert_true(isfinite(rates->amounts[i]) && rates->amounts[i] > 0.0);
    assert_true(isfinite(rates->near_bytes) && rates->near_bytes > 0.0);
    assert_true(isfinite(rates->far_bytes) && rates->far_bytes > 0.0);
}

static void what_is_measured_can_be_written_and_read(void **state)
{
    mote_arena arena;
    mote_cost_table table = make_table();
    mote_cost_table read;
    mote_thread_pool *pool = NULL;
    mote_parallel parallel;
    mote_cost_device device = {.parallel = &parallel, .swap_folder = mote_test_folder(state)};
    expect_ok(mote_thread_pool_create(mote_allocator_default(), 2, &pool, &parallel));
    expect_ok(mote_kernels_get(MOTE_CPU_SCALAR, &device.kernels));
    expect_ok(mote_cost_measure(&device, &table.cost));
    check_rates(&table.cost.one);
    check_rates(&table.cost.all);
    assert_true(table.cost.operation_ns > 0.0 && table.cost.split_ns >= 0.0);
    assert_true(table.cost.transfer_share >= 0.0 && table.cost.transfer_share <= 100.0);
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_cost_read(write_table(state, &table), &arena, &read));
    assert_memory_equal(&read.cost, &table.cost, sizeof read.cost);
    mote_arena_release(&arena);
    mote_thread_pool_destroy(&pool);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    mote_cost cost;
    const mote_parallel parallel = {.thread_count = 1};
    mote_cost_device device = {.parallel = &parallel,
                               .swap_folder = mote_test_path(state, "nowhere")};
    expect_ok(mote_kernels_get(MOTE_CPU_SCALAR, &device.kernels));
    expect_raises(mote_cost_measure(&device, &cost), MOTE_ERROR_IO, "nowhere");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_follow_from_rates),
        cmocka_unit_test(what_is_read_is_what_was_written),
        cmocka_unit_test(a_wrong_file_is_refused_with_its_line),
        cmocka_unit_test(a_file_without_a_section_is_refused),
        cmocka_unit_test(a_file_is_named_by_level_and_threads),
        cmocka_unit_test(what_is_measured_can_be_written_and_read),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
