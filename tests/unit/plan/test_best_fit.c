// SPDX-License-Identifier: Apache-2.0
// What the best-fit planner finds on problems whose answer is known.
#include "problems.h"

#define LAYERS 20U

static mote_plan plan_for(void **state, const mote_plan_problem *problem)
{
    mote_plan plan;
    assert_int_equal(mote_plan_run(planner_named("best_fit"), problem, *state, &plan), MOTE_OK);
    assert_int_equal(mote_plan_check(problem, &plan, *state), MOTE_OK);
    return plan;
}

static void blocks_that_never_meet_share_one_place(void **state)
{
    const mote_placement placements[] = {block(10, 0, 0), block(30, 1, 1), block(20, 2, 2)};
    const mote_plan_problem problem = PROBLEM(placements, 3);
    assert_int_equal(plan_for(state, &problem).arena_bytes, 30);
}

static void a_block_goes_into_the_gap_that_leaves_the_least_rest(void **state)
{
    // three fixed blocks leave gaps of 30 and of 12; 10 bytes belong into the second
    const mote_placement placements[] = {fixed_block(10, 0, 1, 0), fixed_block(10, 0, 1, 40),
                                         fixed_block(10, 0, 1, 62), block(10, 0, 0)};
    const mote_plan_problem problem = PROBLEM(placements, 2);
    const mote_plan plan = plan_for(state, &problem);
    assert_int_equal(plan.offsets[3], 50);
    assert_int_equal(plan.arena_bytes, 72);
}

static void a_gap_that_is_too_small_after_alignment_is_not_taken(void **state)
{
    const mote_placement placements[] = {
        fixed_block(10, 0, 0, 0), fixed_block(10, 0, 0, 30), {16, 16, 0, 0, MOTE_PLAN_ANY, false}};
    const mote_plan_problem problem = PROBLEM(placements, 1);
    assert_int_equal(plan_for(state, &problem).offsets[2], 48);
}

static void fixed_blocks_stay_and_may_share_a_place_in_time(void **state)
{
    const mote_placement placements[] = {block(8, 0, 1), fixed_block(8, 0, 0, 8),
                                         fixed_block(8, 1, 1, 8)};
    const mote_plan_problem problem = PROBLEM(placements, 2);
    const mote_plan plan = plan_for(state, &problem);
    assert_int_equal(plan.offsets[0], 0);
    assert_int_equal(plan.offsets[1], 8);
    assert_int_equal(plan.offsets[2], 8);
    assert_int_equal(plan.arena_bytes, 16);
}

static void a_wrapping_block_avoids_both_ends_of_the_iteration(void **state)
{
    const mote_placement placements[] = {
        {16, 1, 3, 0, MOTE_PLAN_ANY, true}, block(8, 0, 1), block(8, 2, 3), block(16, 1, 2)};
    const mote_plan_problem problem = PROBLEM(placements, 4);
    const mote_plan plan = plan_for(state, &problem);
    assert_int_equal(plan.lower_bound_bytes, 24);
    assert_int_equal(plan.arena_bytes, 24);
}

static void blocks_that_live_always_do_not_split_the_rest(void **state)
{
    const mote_placement placements[] = {block(1, 0, 2),  block(50, 0, 0), block(1, 0, 2),
                                         block(50, 1, 1), block(1, 0, 2),  block(50, 2, 2)};
    const mote_plan_problem problem = PROBLEM(placements, 3);
    assert_int_equal(plan_for(state, &problem).arena_bytes, 53);
}

static void a_block_that_wraps_around_to_its_own_start_lives_always(void **state)
{
    const mote_placement placements[] = {
        {16, 1, 2, 1, MOTE_PLAN_ANY, true}, block(8, 0, 1), block(8, 2, 3)};
    const mote_plan_problem problem = PROBLEM(placements, 4);
    assert_int_equal(plan_for(state, &problem).arena_bytes, 24);
}

/// Forward keeps an activation a layer until backward frees it; derivatives come in pairs.
static void a_chain_of_layers_needs_at_most_one_percent_more_than_the_lower_bound(void **state)
{
    const size_t layers = LAYERS;

    mote_placement placements[3 * LAYERS];
    for (size_t i = 0; i < layers; i++) {
        const size_t size = 1000 + (i * 7919) % 3000;
        placements[3 * i] = block(size, i, 2 * layers - i);
        placements[3 * i + 1] = block(size, 2 * layers - i, 2 * layers + 1 - i);
        placements[3 * i + 2] = block(300 + i, 0, 2 * layers + 1);
    }
    const mote_plan_problem problem = PROBLEM(placements, 2 * layers + 2);
    const mote_plan plan = plan_for(state, &problem);
    assert_true(plan.arena_bytes <= plan.lower_bound_bytes / 100 * 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_that_never_meet_share_one_place),
        cmocka_unit_test(a_block_goes_into_the_gap_that_leaves_the_least_rest),
        cmocka_unit_test(a_gap_that_is_too_small_after_alignment_is_not_taken),
        cmocka_unit_test(fixed_blocks_stay_and_may_share_a_place_in_time),
        cmocka_unit_test(a_wrapping_block_avoids_both_ends_of_the_iteration),
        cmocka_unit_test(blocks_that_live_always_do_not_split_the_rest),
        cmocka_unit_test(a_block_that_wraps_around_to_its_own_start_lives_always),
        cmocka_unit_test(a_chain_of_layers_needs_at_most_one_percent_more_than_the_lower_bound),
    };
    return cmocka_run_group_tests_name("best_fit", tests, start_arena, end_arena);
}
