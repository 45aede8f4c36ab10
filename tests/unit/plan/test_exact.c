// SPDX-License-Identifier: Apache-2.0
// The exact planner against all orders of small problems, and on problems that greedy planners do not solve.
#include "problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_MOST 6U
#define HARD_MOST  256U

static mote_plan plan_with(void **state, const char *planner, const mote_plan_problem *problem)
{
    mote_plan plan;
    assert_int_equal(mote_plan_run(planner_named(planner), problem, *state, &plan), MOTE_OK);
    if (mote_plan_check(problem, &plan, *state) != MOTE_OK)
        fail_msg("%s", mote_last_error()->message);
    return plan;
}

static bool lives_at(const mote_placement *placement, size_t step)
{
    if (placement->wraps)
        return step >= placement->first || step <= placement->last;
    return placement->first <= step && step <= placement->last;
}

static size_t aligned_bytes(const mote_placement *placement)
{
    return (placement->bytes + placement->alignment - 1) / placement->alignment *
           placement->alignment;
}

static bool meet(const mote_plan_problem *problem, size_t i, size_t j)
{
    for (size_t step = 0; step < problem->step_count; step++) {
        if (lives_at(&problem->placements[i], step) && lives_at(&problem->placements[j], step))
            return true;
    }
    return false;
}

/// Whether block `index` at `offset` leaves those in `placed` alone.
static bool is_free(const mote_plan_problem *problem, const size_t *offsets, const bool *placed,
                    size_t index, size_t offset)
{
    const size_t end = offset + aligned_bytes(&problem->placements[index]);
    for (size_t i = 0; i < problem->placement_count; i++) {
        if (placed[i] && meet(problem, i, index) &&
            offset < offsets[i] + aligned_bytes(&problem->placements[i]) && offsets[i] < end)
            return false;
    }
    return true;
}

/// The smallest arena over all orders in which the blocks left are placed, each at the lowest free offset.
static size_t try_orders(const mote_plan_problem *problem, size_t *offsets, bool *placed,
                         size_t end)
{
    size_t best = SIZE_MAX;
    bool all_placed = true;
    for (size_t i = 0; i < problem->placement_count; i++) {
        if (placed[i])
            continue;
        all_placed = false;
        const mote_placement *placement = &problem->placements[i];
        offsets[i] = 0;
        while (!is_free(problem, offsets, placed, i, offsets[i]))
            offsets[i] += placement->alignment;
        const size_t new_end = offsets[i] + aligned_bytes(placement);
        placed[i] = true;
        const size_t found = try_orders(problem, offsets, placed, new_end > end ? new_end : end);
        placed[i] = false;
        best = found < best ? found : best;
    }
    return all_placed ? end : best;
}

static size_t smallest_arena(const mote_plan_problem *problem)
{
    size_t offsets[SMALL_MOST];
    bool placed[SMALL_MOST];
    size_t end = 0;
    for (size_t i = 0; i < problem->placement_count; i++) {
        offsets[i] = problem->placements[i].fixed;
        placed[i] = offsets[i] != MOTE_PLAN_ANY;
        if (placed[i] && offsets[i] + aligned_bytes(&problem->placements[i]) > end)
            end = offsets[i] + aligned_bytes(&problem->placements[i]);
    }
    return try_orders(problem, offsets, placed, end);
}

static void small_problems_get_the_smallest_arena_and_a_proof(void **state)
{
    for (uint64_t seed = 0; seed < 3000; seed++) {
        mote_placement placements[SMALL_MOST];
        const mote_arena_mark mark = mote_arena_get_mark(*state);
        random_shape shape = {
            .placement_count = 1 + seed % SMALL_MOST,
            .step_count = 2 + seed % 7,
            .life_most = 1 + seed % 5,
            .bytes_most = 2 + seed % 11,
            .alignment = seed % 3,
            .with_wraps = seed % 2 == 0,
        };
        shape.alignment = shape.alignment == 2 ? 4 : shape.alignment;
        fill_random(&shape, seed, placements);
        if (seed % 5 == 0)
            placements[0].fixed = placements[0].alignment * (seed % 4);
        const mote_plan_problem problem = {.placements = placements,
                                           .placement_count = shape.placement_count,
                                           .step_count = shape.step_count};
        const mote_plan plan = plan_with(state, "exact", &problem);
        if (plan.arena_bytes != smallest_arena(&problem) || !plan.is_optimal)
            fail_msg("seed %zu: %zu bytes, %zu are possible", (size_t)seed, plan.arena_bytes,
                     smallest_arena(&problem));
        mote_arena_release_to(*state, mark);
    }
}

static void no_plan_is_larger_than_that_of_best_fit_nor_takes_more_nodes_than_allowed(void **state)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        mote_placement placements[64];
        const mote_arena_mark mark = mote_arena_get_mark(*state);
        const random_shape shape = {
            .placement_count = 1 + seed % 64,
            .step_count = 1 + seed % 40,
            .life_most = 1 + seed % 23,
            .bytes_most = 1 + seed % 300,
            .alignment = seed % 5 == 0 ? 0 : 4,
            .with_fixed = seed % 3 == 0,
            .with_wraps = seed % 4 == 0,
        };
        fill_random(&shape, seed, placements);
        const mote_plan_problem problem = {.placements = placements,
                                           .placement_count = shape.placement_count,
                                           .step_count = shape.step_count,
                                           .node_limit = 1 + seed * 10};
        const mote_plan exact = plan_with(state, "exact", &problem);
        assert_true(exact.arena_bytes <= plan_with(state, "best_fit", &problem).arena_bytes);
        assert_true(exact.node_count <= problem.node_limit);
        assert_true(exact.is_optimal || exact.arena_bytes > exact.lower_bound_bytes);
        assert_string_equal(exact.hash, plan_with(state, "exact", &problem).hash);
        mote_arena_release_to(*state, mark);
    }
}

/// Fixed blocks leave no place for the third below the second.
static void an_arena_above_the_bound_can_be_proven_optimal(void **state)
{
    const mote_placement placements[] = {fixed_block(1, 0, 0, 2), fixed_block(1, 2, 2, 3),
                                         block(3, 0, 2)};
    const mote_plan_problem problem = PROBLEM(placements, 3);
    const mote_plan plan = plan_with(state, "exact", &problem);
    assert_int_equal(plan.lower_bound_bytes, 4);
    assert_int_equal(plan.arena_bytes, 7);
    assert_true(plan.is_optimal);
    assert_false(plan_with(state, "best_fit", &problem).is_optimal);
}

static mote_plan_problem read_hard(const char *name, mote_placement *placements)
{
    char path[1024];
    char line[128];
    (void)snprintf(path, sizeof path, "%s/tests/data/planner/%s", MOTE_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    mote_plan_problem problem = {.placements = placements};
    while (fgets(line, sizeof line, file)) {
        char *at = strchr(line, ',');
        assert_non_null(at);
        const size_t lower = strtoul(at + 1, &at, 10);
        const size_t upper = strtoul(at + 1, &at, 10);
        assert_true(problem.placement_count < HARD_MOST);
        placements[problem.placement_count++] = block(strtoul(at + 1, NULL, 10), lower, upper - 1);
        problem.step_count = upper > problem.step_count ? upper : problem.step_count;
    }
    assert_int_equal(fclose(file), 0);
    return problem;
}

/// Rectangles cut into pieces: no byte may be lost at any step.
static void problems_without_a_byte_to_lose_are_solved(void **state)
{
    const char *const names[] = {"cut_40.4096.csv", "cut_60.4096.csv", "cut_90.65536.csv"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        mote_placement placements[HARD_MOST];
        const mote_plan_problem problem = read_hard(names[i], placements);
        const mote_plan plan = plan_with(state, "exact", &problem);
        assert_int_equal(plan.arena_bytes, plan.lower_bound_bytes);
        assert_true(plan.is_optimal);
        assert_true(plan_with(state, "best_fit", &problem).arena_bytes > plan.lower_bound_bytes);
    }
}

static void the_search_stops_at_an_arena_that_is_enough(void **state)
{
    mote_placement placements[HARD_MOST];
    mote_plan_problem problem = read_hard("cut_60.4096.csv", placements);
    const size_t nodes = plan_with(state, "exact", &problem).node_count;
    problem.enough_bytes = plan_with(state, "best_fit", &problem).arena_bytes - 1;
    const mote_plan plan = plan_with(state, "exact", &problem);
    assert_true(plan.arena_bytes <= problem.enough_bytes);
    assert_true(plan.node_count <= nodes);
    problem.enough_bytes++;
    assert_int_equal(plan_with(state, "exact", &problem).node_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_problems_get_the_smallest_arena_and_a_proof),
        cmocka_unit_test(no_plan_is_larger_than_that_of_best_fit_nor_takes_more_nodes_than_allowed),
        cmocka_unit_test(an_arena_above_the_bound_can_be_proven_optimal),
        cmocka_unit_test(problems_without_a_byte_to_lose_are_solved),
        cmocka_unit_test(the_search_stops_at_an_arena_that_is_enough),
    };
    return cmocka_run_group_tests_name("exact", tests, start_arena, end_arena);
}
