// SPDX-License-Identifier: Apache-2.0
// Finding and running planners: bound, peak, hash, and what the naive planner does.
#include "problems.h"

#include <string.h>

static const char *const planners[] = {"naive", "best_fit", "exact"};
#define PLANNER_COUNT (sizeof planners / sizeof planners[0])

static void every_planner_is_found_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLANNER_COUNT; i++) {
        const mote_planner *planner = planner_named(planners[i]);
        assert_string_equal(planner->name, planners[i]);
        assert_true(strlen(planner->summary) > 0);
    }
}

static void a_mistyped_planner_is_refused_with_the_nearest_name(void **state)
{
    (void)state;
    const mote_planner *planner = NULL;
    assert_int_equal(mote_planner_find("best_fot", &planner), MOTE_ERROR_ARGUMENT);
    assert_string_equal(
        mote_last_error()->message,
        "unknown planner 'best_fot', did you mean 'best_fit'? (planners: naive, best_fit, exact)");
    assert_null(planner);
}

static void an_unknown_planner_is_refused_with_all_names(void **state)
{
    (void)state;
    const mote_planner *planner = NULL;
    assert_int_equal(mote_planner_find("quantum", &planner), MOTE_ERROR_ARGUMENT);
    assert_string_equal(mote_last_error()->message,
                        "unknown planner 'quantum' (planners: naive, best_fit, exact)");
}

static void live_bytes_are_the_aligned_sizes_of_what_lives_at_each_step(void **state)
{
    (void)state;
    const mote_placement placements[] = {
        {10, 16, 0, 1, MOTE_PLAN_ANY, false},
        {5, 1, 1, 3, MOTE_PLAN_ANY, false},
        {7, 1, 3, 0, MOTE_PLAN_ANY, true},
    };
    const mote_plan_problem problem = PROBLEM(placements, 4);
    size_t live[4];
    mote_plan_live_bytes(&problem, live);
    const size_t expected[4] = {16 + 7, 16 + 5, 5, 5 + 7};
    assert_memory_equal(live, expected, sizeof live);
}

static void lower_bound_and_peak_are_those_of_the_first_fullest_step(void **state)
{
    const mote_placement placements[] = {block(10, 0, 0), block(30, 2, 2), block(30, 4, 5)};
    const mote_plan_problem problem = PROBLEM(placements, 6);
    mote_plan plan;
    assert_int_equal(mote_plan_run(planner_named("naive"), &problem, *state, &plan), MOTE_OK);
    assert_int_equal(plan.lower_bound_bytes, 30);
    assert_int_equal(plan.peak_step, 2);
}

static void naive_gives_every_block_its_own_aligned_place(void **state)
{
    const mote_placement placements[] = {
        {10, 64, 0, 0, MOTE_PLAN_ANY, false},
        {10, 64, 1, 1, MOTE_PLAN_ANY, false},
        {1, 1, 2, 2, MOTE_PLAN_ANY, false},
    };
    const mote_plan_problem problem = PROBLEM(placements, 3);
    mote_plan plan;
    assert_int_equal(mote_plan_run(planner_named("naive"), &problem, *state, &plan), MOTE_OK);
    const size_t expected[] = {0, 64, 128};
    assert_memory_equal(plan.offsets, expected, sizeof expected);
    assert_int_equal(plan.arena_bytes, 129);
}

static void naive_places_the_others_behind_the_fixed_ones(void **state)
{
    const mote_placement placements[] = {block(10, 0, 1), fixed_block(20, 0, 1, 100),
                                         block(5, 0, 0)};
    const mote_plan_problem problem = PROBLEM(placements, 2);
    mote_plan plan;
    assert_int_equal(mote_plan_run(planner_named("naive"), &problem, *state, &plan), MOTE_OK);
    const size_t expected[] = {120, 100, 130};
    assert_memory_equal(plan.offsets, expected, sizeof expected);
    assert_int_equal(plan.arena_bytes, 135);
}

static void a_problem_without_placements_needs_no_bytes(void **state)
{
    const mote_plan_problem problem = {.step_count = 3};
    for (size_t i = 0; i < PLANNER_COUNT; i++) {
        mote_plan plan;
        assert_int_equal(mote_plan_run(planner_named(planners[i]), &problem, *state, &plan),
                         MOTE_OK);
        assert_int_equal(plan.arena_bytes, 0);
        assert_int_equal(plan.lower_bound_bytes, 0);
    }
}

static void the_hash_is_equal_for_equal_plans_and_differs_with_problem_or_offsets(void **state)
{
    mote_placement placements[] = {block(10, 0, 0), block(10, 1, 1)};
    const mote_plan_problem problem = PROBLEM(placements, 2);
    mote_plan plans[4];
    const mote_planner *best_fit = planner_named("best_fit");
    assert_int_equal(mote_plan_run(best_fit, &problem, *state, &plans[0]), MOTE_OK);
    assert_int_equal(mote_plan_run(best_fit, &problem, *state, &plans[1]), MOTE_OK);
    assert_int_equal(mote_plan_run(planner_named("naive"), &problem, *state, &plans[2]), MOTE_OK);
    placements[1].bytes = 9;
    assert_int_equal(mote_plan_run(best_fit, &problem, *state, &plans[3]), MOTE_OK);
    assert_string_equal(plans[0].hash, plans[1].hash);
    assert_string_not_equal(plans[0].hash, plans[2].hash);
    assert_string_not_equal(plans[0].hash, plans[3].hash);
    assert_int_equal(strlen(plans[0].hash), 64);
}

static void sizes_that_cannot_be_summed_are_refused(void **state)
{
    const mote_placement placements[] = {block(SIZE_MAX / 2, 0, 0), block(SIZE_MAX / 2, 1, 1)};
    const mote_plan_problem problem = PROBLEM(placements, 2);
    mote_plan plan = {.arena_bytes = 7};
    assert_int_equal(mote_plan_run(planner_named("best_fit"), &problem, *state, &plan),
                     MOTE_ERROR_SHAPE);
    assert_non_null(strstr(mote_last_error()->message, "the sum of all placements"));
    assert_int_equal(plan.arena_bytes, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_planner_is_found_by_its_name),
        cmocka_unit_test(a_mistyped_planner_is_refused_with_the_nearest_name),
        cmocka_unit_test(an_unknown_planner_is_refused_with_all_names),
        cmocka_unit_test(live_bytes_are_the_aligned_sizes_of_what_lives_at_each_step),
        cmocka_unit_test(lower_bound_and_peak_are_those_of_the_first_fullest_step),
        cmocka_unit_test(naive_gives_every_block_its_own_aligned_place),
        cmocka_unit_test(naive_places_the_others_behind_the_fixed_ones),
        cmocka_unit_test(a_problem_without_placements_needs_no_bytes),
        cmocka_unit_test(the_hash_is_equal_for_equal_plans_and_differs_with_problem_or_offsets),
        cmocka_unit_test(sizes_that_cannot_be_summed_are_refused),
    };
    return cmocka_run_group_tests_name("plan", tests, start_arena, end_arena);
}
