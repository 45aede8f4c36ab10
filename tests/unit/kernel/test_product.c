// SPDX-License-Identifier: Apache-2.0
// Products of plain factors equal the rule of product.h bit for bit, at every level and on any number of
// threads; and what scratch they need.
#include "product_rule.h"

/// One of the eight ways to store both factors by rows or by columns, with or without biases.
static void check_plain(const level_state *levels, const size_t extents[4], unsigned how,
                        uint64_t seed)
{
    const size_t rows = extents[0];
    const size_t columns = extents[1];
    const size_t depth = extents[2];
    float *left = random_numbers(rows * depth, &seed);
    float *right = random_numbers(columns * depth, &seed);
    float *row_bias = random_numbers(rows, &seed);
    float *column_bias = random_numbers(columns, &seed);
    mote_product product = {
        .rows = rows,
        .columns = columns,
        .depth = depth,
        .group = extents[3],
        .left = {.data = left, .outer = {.step = depth}, .inner = {.step = 1}},
        .right = {.data = right, .outer = {.step = depth}, .inner = {.step = 1}},
        .row_step = columns + how % 3,
        .column_axis = {.step = 1},
        .row_bias = how & 1U ? row_bias : NULL,
        .column_bias = how & 2U ? column_bias : NULL,
    };
    if (how & 4U) {
        product.left.outer.step = 1;
        product.left.inner.step = rows;
    }
    if (how & 8U) {
        product.right.outer.step = 1;
        product.right.inner.step = columns;
    }
    check_product(levels, &product);
    free(column_bias);
    free(row_bias);
    free(right);
    free(left);
}

static void plain_products_of_any_extent_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    uint64_t seed = 1;
    for (unsigned i = 0; i < 160; i++) {
        const size_t extents[4] = {next_size(&seed, 1, 40), next_size(&seed, 1, 70),
                                   next_size(&seed, 1, i % 4 == 0 ? 700 : 40), 0};
        check_plain(levels, extents, i % 16, seed);
    }
}

static void edges_of_tiles_and_blocks_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const size_t rows[] = {1, 5, 6, 7, 12, 431, 432, 433};
    const size_t columns[] = {1, 15, 16, 17, 511, 512, 513};
    const size_t depths[] = {1, 255, 256, 257, 512, 513};
    for (unsigned i = 0; i < 8 * 7; i++) {
        const size_t extents[4] = {rows[i % 8], columns[i / 8], depths[i % 6], 0};
        const bool large = extents[0] > 100 && extents[1] > 100;
        if (!large || extents[2] < 257)
            check_plain(levels, extents, i % 16, i);
    }
}

static void skinny_products_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const size_t extents[][4] = {{1, 1, 20000, 0},   {64, 10, 3000, 0}, {1, 300, 700, 0},
                                 {300, 1, 700, 0},   {2, 3, 9999, 64},  {1000, 2, 3, 0},
                                 {3, 2000, 2, 0},    {4, 513, 777, 0},  {5, 513, 777, 0},
                                 {3, 257, 900, 50},  {200, 65, 300, 0}, {200, 65, 300, 64},
                                 {90, 10, 600, 300}, {4, 3, 100000, 0}};
    for (unsigned i = 0; i < sizeof extents / sizeof extents[0]; i++) {
        check_plain(levels, extents[i], 0, i);
        check_plain(levels, extents[i], 10, i);
        check_plain(levels, extents[i], 15, i);
    }
}

static void groups_are_summed_apart(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const size_t groups[] = {1,   2,   63,  64,  65,  100, 128,  129,
                             255, 256, 257, 300, 512, 600, 1000, 4000};
    for (unsigned i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const size_t few[4] = {7, 37, 1300, groups[i]};
        check_plain(levels, few, i, i);
        const size_t exact[4] = {13, 16, groups[i] * 2, groups[i]};
        check_plain(levels, exact, i, i);
    }
    const size_t many[4] = {100, 300, 1100, 520};
    check_plain(levels, many, 12, 99);
    const size_t many_small[4] = {150, 530, 130, 50};
    check_plain(levels, many_small, 12, 98);
}

static void axes_with_periods_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    uint64_t seed = 5;
    for (unsigned i = 0; i < 40; i++) {
        const size_t period[4] = {next_size(&seed, 1, 20), next_size(&seed, 1, 20),
                                  next_size(&seed, 1, 40), next_size(&seed, 1, 60)};
        float *left = random_numbers(40000, &seed);
        float *right = random_numbers(40000, &seed);
        const mote_product product = {
            .rows = next_size(&seed, 1, 30),
            .columns = next_size(&seed, 1, 60),
            .depth = next_size(&seed, 1, 300),
            .left = {.data = left,
                     .outer = {.period = period[0], .step = 3, .jump = 100},
                     .inner = {.period = period[1], .step = i % 2 + 1, .jump = 61}},
            .right = {.data = right,
                      .outer = {.period = period[2], .step = i % 3 + 1, .jump = 130},
                      .inner = {.period = period[1], .step = 1, .jump = 50}},
            .row_step = 12100, // beyond the farthest column
            .column_axis = {.period = period[3], .step = i % 2 + 1, .jump = 200},
        };
        check_product(levels, &product);
        free(right);
        free(left);
    }
}

static void scratch_grows_with_every_extent(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (unsigned i = 0; i < 3000; i++) {
        mote_product small = {
            .rows = next_size(&seed, 1, 300),
            .columns = next_size(&seed, 1, 900),
            .depth = next_size(&seed, 1, 900),
            .group = i % 3 == 0 ? 0 : next_size(&seed, 1, 700),
        };
        mote_product large = small;
        large.rows += next_size(&seed, 0, 100);
        large.columns += next_size(&seed, 0, 100);
        large.depth += next_size(&seed, 0, 800);
        for (size_t threads = 1; threads < 5; threads++) {
            const size_t bytes = mote_product_scratch_bytes(&large, threads);
            assert_true(mote_product_scratch_bytes(&small, threads) <= bytes);
            assert_true(bytes <= threads * 524288);
        }
    }
}

static void small_products_stay_on_the_calling_thread(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const float numbers[64] = {1};
    float out[64];
    mote_product product = {
        .rows = 8,
        .columns = 8,
        .depth = 8,
        .left = {.data = numbers, .outer = {.step = 8}, .inner = {.step = 1}},
        .right = {.data = numbers, .outer = {.step = 8}, .inner = {.step = 1}},
        .out = out,
        .row_step = 8,
        .column_axis = {.step = 1},
    };
    const size_t bytes = mote_product_scratch_bytes(&product, 1);
    assert_int_equal(mote_product_scratch_bytes(&product, 64), bytes);
    assert_true(bytes < 4096);
    shuffled order = {0};
    const mote_parallel parallel = shuffled_parallel(&order, 64);
    float *scratch = aligned_alloc(64, bytes);
    levels->tables[0]->product(&product, &parallel, scratch);
    assert_int_equal(order.calls, 0);
    free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_products_of_any_extent_follow_the_rule),
        cmocka_unit_test(edges_of_tiles_and_blocks_follow_the_rule),
        cmocka_unit_test(skinny_products_follow_the_rule),
        cmocka_unit_test(groups_are_summed_apart),
        cmocka_unit_test(axes_with_periods_follow_the_rule),
        cmocka_unit_test(scratch_grows_with_every_extent),
        cmocka_unit_test(small_products_stay_on_the_calling_thread),
    };
    return cmocka_run_group_tests_name("product", tests, find_levels, NULL);
}
