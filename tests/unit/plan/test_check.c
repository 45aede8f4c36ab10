// SPDX-License-Identifier: Apache-2.0
// The checker accepts right plans and catches each kind of wrong one.
#include "problems.h"

#include <string.h>

static mote_status check(void **state, const mote_plan_problem *problem, const size_t *offsets,
                         size_t arena_bytes)
{
    size_t copy[16];
    assert_in_range(problem->placement_count, 1, 16);
    memcpy(copy, offsets, problem->placement_count * sizeof *copy);
    const mote_plan plan = {.offsets = copy, .arena_bytes = arena_bytes};
    return mote_plan_check(problem, &plan, *state);
}

static void blocks_that_share_a_place_at_different_steps_are_accepted(void **state)
{
    const mote_placement placements[] = {block(10, 0, 1), block(10, 2, 3), block(5, 0, 3)};
    const mote_plan_problem problem = PROBLEM(placements, 4);
    size_t offsets[] = {5, 5, 0};
    assert_int_equal(check(state, &problem, offsets, 15), MOTE_OK);
}

static void blocks_that_touch_in_space_are_accepted(void **state)
{
    const mote_placement placements[] = {block(10, 0, 1), block(10, 1, 1), block(10, 0, 1)};
    const mote_plan_problem problem = PROBLEM(placements, 2);
    size_t offsets[] = {20, 10, 0};
    assert_int_equal(check(state, &problem, offsets, 30), MOTE_OK);
}

static void an_overlap_at_a_single_step_and_byte_is_caught(void **state)
{
    const mote_placement placements[] = {block(10, 0, 2), block(10, 2, 3)};
    const mote_plan_problem problem = PROBLEM(placements, 4);
    size_t offsets[] = {0, 9};
    assert_int_equal(check(state, &problem, offsets, 19), MOTE_ERROR_GRAPH);
    assert_string_equal(
        mote_last_error()->message,
        "plan: placements 0 (10 bytes at offset 0, steps 0 to 2) and 1 (10 bytes at "
        "offset 9, steps 2 to 3) overlap in time and in space");
}

static void two_blocks_at_the_same_offset_are_caught(void **state)
{
    const mote_placement placements[] = {block(1, 0, 0), block(1, 0, 0)};
    const mote_plan_problem problem = PROBLEM(placements, 1);
    size_t offsets[] = {0, 0};
    assert_int_equal(check(state, &problem, offsets, 1), MOTE_ERROR_GRAPH);
    assert_non_null(strstr(mote_last_error()->message, "overlap in time and in space"));
}

static void a_small_block_inside_a_large_one_is_caught(void **state)
{
    const mote_placement placements[] = {block(100, 0, 5), block(1, 1, 1), block(1, 3, 3)};
    const mote_plan_problem problem = PROBLEM(placements, 6);
    size_t offsets[] = {0, 100, 50};
    assert_int_equal(check(state, &problem, offsets, 101), MOTE_ERROR_GRAPH);
    assert_non_null(strstr(mote_last_error()->message, "placements 0 (100 bytes"));
}

static void a_wrapping_block_is_caught_on_both_sides_of_the_end(void **state)
{
    mote_placement placements[] = {{10, 1, 5, 1, MOTE_PLAN_ANY, true}, block(10, 1, 2)};
    const mote_plan_problem problem = PROBLEM(placements, 7);
    size_t offsets[] = {0, 5};
    assert_int_equal(check(state, &problem, offsets, 15), MOTE_ERROR_GRAPH);
    placements[1] = block(10, 3, 6);
    assert_int_equal(check(state, &problem, offsets, 15), MOTE_ERROR_GRAPH);
    placements[1] = block(10, 2, 4);
    assert_int_equal(check(state, &problem, offsets, 15), MOTE_OK);
}

static void an_offset_that_is_not_aligned_is_caught(void **state)
{
    const mote_placement placements[] = {{10, 16, 0, 0, MOTE_PLAN_ANY, false}};
    const mote_plan_problem problem = PROBLEM(placements, 1);
    size_t offsets[] = {8};
    assert_int_equal(check(state, &problem, offsets, 18), MOTE_ERROR_GRAPH);
    assert_string_equal(mote_last_error()->message,
                        "plan: placement 0 lies at offset 8, which is not a multiple of 16");
}

static void a_fixed_block_elsewhere_is_caught(void **state)
{
    const mote_placement placements[] = {fixed_block(10, 0, 0, 32)};
    const mote_plan_problem problem = PROBLEM(placements, 1);
    size_t offsets[] = {16};
    assert_int_equal(check(state, &problem, offsets, 64), MOTE_ERROR_GRAPH);
    assert_string_equal(mote_last_error()->message,
                        "plan: placement 0 lies at offset 16, but is fixed at 32");
}

static void a_block_beyond_the_arena_is_caught(void **state)
{
    const mote_placement placements[] = {block(10, 0, 0)};
    const mote_plan_problem problem = PROBLEM(placements, 1);
    size_t offsets[] = {8};
    assert_int_equal(check(state, &problem, offsets, 18), MOTE_OK);
    assert_int_equal(check(state, &problem, offsets, 17), MOTE_ERROR_GRAPH);
    assert_string_equal(
        mote_last_error()->message,
        "plan: placement 0 of 10 bytes at offset 8 ends beyond the arena of 17 bytes");
    offsets[0] = SIZE_MAX - 4;
    assert_int_equal(check(state, &problem, offsets, 18), MOTE_ERROR_GRAPH);
}

static void a_life_outside_the_steps_is_caught(void **state)
{
    mote_placement placements[] = {block(10, 0, 3)};
    const mote_plan_problem problem = PROBLEM(placements, 3);
    size_t offsets[] = {0};
    assert_int_equal(check(state, &problem, offsets, 10), MOTE_ERROR_GRAPH);
    assert_string_equal(mote_last_error()->message,
                        "plan: placement 0 lives from step 0 to 3, which 3 steps do not allow");
    placements[0] = block(10, 2, 1);
    assert_int_equal(check(state, &problem, offsets, 10), MOTE_ERROR_GRAPH);
    placements[0].wraps = true;
    assert_int_equal(check(state, &problem, offsets, 10), MOTE_OK);
    placements[0].last = 2;
    assert_int_equal(check(state, &problem, offsets, 10), MOTE_ERROR_GRAPH);
    assert_string_equal(
        mote_last_error()->message,
        "plan: placement 0 lives from step 2 to 2 around the end, which 3 steps do not allow");
}

static void an_empty_block_is_caught(void **state)
{
    const mote_placement placements[] = {block(0, 0, 0)};
    const mote_plan_problem problem = PROBLEM(placements, 1);
    size_t offsets[] = {0};
    assert_int_equal(check(state, &problem, offsets, 10), MOTE_ERROR_GRAPH);
    assert_string_equal(mote_last_error()->message,
                        "plan: placement 0 has 0 bytes, at least 1 is needed");
}

static bool lives_at(const mote_placement *placement, size_t step)
{
    if (placement->wraps)
        return step >= placement->first || step <= placement->last;
    return placement->first <= step && step <= placement->last;
}

/// The definition, pair by pair and step by step.
static bool overlap(const mote_plan_problem *problem, const size_t *offsets, size_t i, size_t j)
{
    const mote_placement *a = &problem->placements[i];
    const mote_placement *b = &problem->placements[j];
    if (offsets[i] + a->bytes <= offsets[j] || offsets[j] + b->bytes <= offsets[i])
        return false;
    for (size_t step = 0; step < problem->step_count; step++) {
        if (lives_at(a, step) && lives_at(b, step))
            return true;
    }
    return false;
}

static bool any_pair_overlaps(const mote_plan_problem *problem, const size_t *offsets)
{
    for (size_t i = 0; i < problem->placement_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (overlap(problem, offsets, i, j))
                return true;
        }
    }
    return false;
}

static void the_sweep_agrees_with_the_definition_on_random_plans(void **state)
{
    mote_placement placements[12];
    const mote_plan_problem problem = PROBLEM(placements, 9);
    const random_shape shape = {12, 9, 4, 6, 1, false, true};
    size_t overlapping = 0;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        fill_random(&shape, seed, placements);
        uint64_t numbers = seed ^ 0x5bd1e995U;
        size_t offsets[12];
        for (size_t i = 0; i < 12; i++) {
            placements[i].alignment = 1;
            offsets[i] = next_below(&numbers, 160);
        }
        const bool expected = any_pair_overlaps(&problem, offsets);
        overlapping += expected;
        assert_int_equal(check(state, &problem, offsets, 200),
                         expected ? MOTE_ERROR_GRAPH : MOTE_OK);
    }
    assert_in_range(overlapping, 400, 3600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_that_share_a_place_at_different_steps_are_accepted),
        cmocka_unit_test(blocks_that_touch_in_space_are_accepted),
        cmocka_unit_test(an_overlap_at_a_single_step_and_byte_is_caught),
        cmocka_unit_test(two_blocks_at_the_same_offset_are_caught),
        cmocka_unit_test(a_small_block_inside_a_large_one_is_caught),
        cmocka_unit_test(a_wrapping_block_is_caught_on_both_sides_of_the_end),
        cmocka_unit_test(an_offset_that_is_not_aligned_is_caught),
        cmocka_unit_test(a_fixed_block_elsewhere_is_caught),
        cmocka_unit_test(a_block_beyond_the_arena_is_caught),
        cmocka_unit_test(a_life_outside_the_steps_is_caught),
        cmocka_unit_test(an_empty_block_is_caught),
        cmocka_unit_test(the_sweep_agrees_with_the_definition_on_random_plans),
    };
    return cmocka_run_group_tests_name("plan check", tests, start_arena, end_arena);
}
