// SPDX-License-Identifier: Apache-2.0
// Stacking alone: what best_fit does where too many lives meet for its orders.
#include "plan/planners.h"
#include "problems.h"

#define MOST 64U

/// Offsets and order of stacking; checks the plan.
static void stack(mote_arena *arena, const mote_plan_problem *problem, size_t short_steps,
                  size_t *offsets, mote_plan_item *order)
{
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    mote_plan plan;
    assert_int_equal(mote_plan_run(planner_named("naive"), problem, arena, &plan), MOTE_OK);
    assert_int_equal(mote_plan_stack(problem, short_steps, arena, order, offsets), MOTE_OK);
    plan.offsets = offsets;
    plan.arena_bytes = mote_plan_end(problem, offsets);
    if (mote_plan_check(problem, &plan, arena) != MOTE_OK)
        fail_msg("%s", mote_last_error()->message);
    mote_arena_release_to(arena, mark);
}

static void the_longest_life_that_fits_into_the_lowest_section_is_next(void **state)
{
    const mote_placement placements[] = {block(4, 1, 1), block(10, 0, 3), block(20, 2, 3),
                                         block(2, 1, 3), block(1, 0, 0)};
    const mote_plan_problem problem = PROBLEM(placements, 4);
    const size_t order[] = {1, 3, 4, 2, 0};
    const size_t offsets[] = {12, 0, 12, 10, 10};
    mote_plan_item items[5];
    size_t found[5];
    stack(*state, &problem, 0, found, items);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(found[i], offsets[i]);
        assert_int_equal(items[i].value, order[i]);
    }
}

static void fixed_blocks_and_those_that_wrap_come_first(void **state)
{
    const mote_placement placements[] = {
        block(8, 0, 3), fixed_block(8, 1, 2, 16), {4, 1, 3, 0, MOTE_PLAN_ANY, true}};
    const mote_plan_problem problem = PROBLEM(placements, 4);
    const size_t offsets[] = {24, 16, 0};
    mote_plan_item items[3];
    size_t found[3];
    stack(*state, &problem, 0, found, items);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(found[i], offsets[i]);
    assert_int_equal(items[2].value, 0);
}

static void short_lives_fill_the_room_beside_long_ones_as_long_as_there_are_long_ones(void **state)
{
    // the third waits until all is as high as the second; meanwhile the last fits beside that, the fourth does not
    const mote_placement placements[] = {block(10, 0, 3), block(20, 4, 6), block(5, 2, 5),
                                         block(25, 7, 7), block(12, 7, 7)};
    const mote_plan_problem problem = PROBLEM(placements, 8);
    const size_t offsets[] = {0, 0, 20, 20, 0};
    mote_plan_item items[5];
    size_t found[5];
    stack(*state, &problem, 2, found, items);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(found[i], offsets[i]);
}

static void any_random_problem_is_stacked_without_overlap(void **state)
{
    for (uint64_t seed = 0; seed < 1000; seed++) {
        mote_placement placements[MOST];
        const random_shape shape = {
            .placement_count = 1 + seed % MOST,
            .step_count = 1 + seed % 23,
            .life_most = 1 + seed % 23,
            .bytes_most = 1 + seed % 300,
            .alignment = seed % 5 == 0 ? 0 : 64,
            .with_fixed = seed % 3 == 0,
            .with_wraps = seed % 2 == 0,
        };
        fill_random(&shape, seed, placements);
        const mote_plan_problem problem = {.placements = placements,
                                           .placement_count = shape.placement_count,
                                           .step_count = shape.step_count};
        size_t offsets[MOST];
        mote_plan_item order[MOST];
        stack(*state, &problem, seed % 7, offsets, order);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_life_that_fits_into_the_lowest_section_is_next),
        cmocka_unit_test(fixed_blocks_and_those_that_wrap_come_first),
        cmocka_unit_test(short_lives_fill_the_room_beside_long_ones_as_long_as_there_are_long_ones),
        cmocka_unit_test(any_random_problem_is_stacked_without_overlap),
    };
    return cmocka_run_group_tests_name("stack", tests, start_arena, end_arena);
}
