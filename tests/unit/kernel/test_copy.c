// SPDX-License-Identifier: Apache-2.0
// Copies of boxes: every element comes from where its indices say, and nothing else is written.
#include "levels.h"

#define SPACE 40000U

typedef struct spaces {
    float x[SPACE], y[SPACE], expected[SPACE];
} spaces;

static void copy_by_definition(const mote_box *box, const float *x, float *y)
{
    for (size_t i = 0; i < box->counts[0]; i++) {
        for (size_t j = 0; j < box->counts[1]; j++) {
            for (size_t k = 0; k < box->counts[2]; k++)
                y[i * box->y_steps[0] + j * box->y_steps[1] + k * box->y_steps[2]] =
                    x[i * box->x_steps[0] + j * box->x_steps[1] + k * box->x_steps[2]];
        }
    }
}

static void expect_copy(const mote_box *box)
{
    static spaces s;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        const mote_kernels *const table = level_table((mote_cpu_level)level);
        if (!table)
            continue;
        for (size_t i = 0; i < SPACE; i++) {
            s.x[i] = (float)i;
            s.y[i] = s.expected[i] = -1;
        }
        copy_by_definition(box, s.x, s.expected);
        table->copy_box(box, s.x, s.y);
        assert_memory_equal(s.y, s.expected, sizeof s.y);
    }
}

static const size_t sizes[] = {1, 2, 15, 16, 17, 33};
#define SIZES (sizeof sizes / sizeof sizes[0])

/// Calls expect_copy for boxes of all sizes whose input axes lie in the order given, dense, and whose output axes
/// lie as counted.
static void expect_order(size_t a, size_t b, size_t c)
{
    for (size_t n = 0; n < SIZES * SIZES * SIZES; n++) {
        mote_box box = {
            .counts = {sizes[n % SIZES], sizes[n / SIZES % SIZES], sizes[n / (SIZES * SIZES)]}};
        box.y_steps[0] = box.counts[1] * box.counts[2];
        box.y_steps[1] = box.counts[2];
        box.y_steps[2] = 1;
        box.x_steps[a] = box.counts[b] * box.counts[c];
        box.x_steps[b] = box.counts[c];
        box.x_steps[c] = 1;
        expect_copy(&box);
    }
}

static void axes_come_in_every_order(void **state)
{
    (void)state;
    expect_order(0, 1, 2);
    expect_order(0, 2, 1);
    expect_order(1, 0, 2);
    expect_order(1, 2, 0);
    expect_order(2, 0, 1);
    expect_order(2, 1, 0);
}

static void rows_may_have_gaps_on_both_sides(void **state)
{
    (void)state;
    for (size_t width = 1; width < 40; width++) {
        const mote_box box = {.counts = {3, 5, width},
                              .x_steps = {5 * (width + 2), width + 2, 1},
                              .y_steps = {5 * (width + 7) + 1, width + 7, 1}};
        expect_copy(&box);
    }
}

static void columns_may_have_gaps_on_both_sides(void **state)
{
    (void)state;
    const mote_box gathered = {.counts = {1, 20, 37}, .x_steps = {0, 1, 53}, .y_steps = {0, 37, 1}};
    const mote_box scattered = {
        .counts = {1, 20, 37}, .x_steps = {0, 37, 1}, .y_steps = {0, 1, 53}};
    expect_copy(&gathered);
    expect_copy(&scattered);
}

static void a_box_of_nothing_writes_nothing(void **state)
{
    (void)state;
    const mote_box box = {.counts = {2, 0, 5}, .x_steps = {5, 5, 1}, .y_steps = {5, 5, 1}};
    expect_copy(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_come_in_every_order),
        cmocka_unit_test(rows_may_have_gaps_on_both_sides),
        cmocka_unit_test(columns_may_have_gaps_on_both_sides),
        cmocka_unit_test(a_box_of_nothing_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
