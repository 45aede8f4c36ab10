// SPDX-License-Identifier: Apache-2.0
// Properties that hold for every planner on any problem: random ones, very large ones, and published ones
// (CSV files id,lower,upper,size with half-open lives) where a folder of these is at hand.
#include "problems.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mote_placement *placements_of(mote_arena *arena, size_t count)
{
    void *memory = NULL;
    assert_int_equal(mote_arena_array(arena, count, sizeof(mote_placement), &memory), MOTE_OK);
    return memory;
}

/// What every plan must satisfy; returns its arena.
static size_t run_and_check(mote_arena *arena, const mote_planner *planner,
                            const mote_plan_problem *problem)
{
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    mote_plan plan;
    assert_int_equal(mote_plan_run(planner, problem, arena, &plan), MOTE_OK);
    if (mote_plan_check(problem, &plan, arena) != MOTE_OK)
        fail_msg("%s: %s", planner->name, mote_last_error()->message);
    assert_true(plan.arena_bytes >= plan.lower_bound_bytes);
    mote_plan again;
    assert_int_equal(mote_plan_run(planner, problem, arena, &again), MOTE_OK);
    assert_string_equal(again.hash, plan.hash);
    mote_arena_release_to(arena, mark);
    return plan.arena_bytes;
}

static void any_random_problem_gets_a_valid_plan_no_larger_than_the_naive_one(void **state)
{
    for (uint64_t seed = 0; seed < 400; seed++) {
        mote_placement placements[64];
        random_shape shape = {
            .placement_count = 1 + seed % 64,
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
        const size_t naive = run_and_check(*state, planner_named("naive"), &problem);
        const size_t best_fit = run_and_check(*state, planner_named("best_fit"), &problem);
        assert_true(best_fit <= naive || shape.alignment == 0);
    }
}

static void sixty_thousand_placements_are_planned_and_checked(void **state)
{
    const random_shape shapes[] = {
        {60000, 60000, 300, 100000, 64, false, true},  // short lives, 150 blocks at each step
        {60000, 2000, 40, 100000, 0, false, false},    // 600 blocks at each step
        {60000, 5000, 2500, 100000, 64, false, false}, // 15000 blocks at each step
    };
    const size_t most_percent[] = {110, 104, 104};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const mote_arena_mark mark = mote_arena_get_mark(*state);
        mote_placement *placements = placements_of(*state, shapes[i].placement_count);
        fill_random(&shapes[i], i, placements);
        const mote_plan_problem problem = {.placements = placements,
                                           .placement_count = shapes[i].placement_count,
                                           .step_count = shapes[i].step_count};
        mote_plan plan;
        assert_int_equal(mote_plan_run(planner_named("best_fit"), &problem, *state, &plan),
                         MOTE_OK);
        assert_int_equal(mote_plan_check(&problem, &plan, *state), MOTE_OK);
        assert_true(plan.arena_bytes < plan.lower_bound_bytes / 100 * most_percent[i]);
        mote_arena_release_to(*state, mark);
    }
}

/// Up to 1.
static double next_share(uint64_t *state)
{
    return next_number(state) / 4294967296.0;
}

/// Sizes from 64 B to 64 MB, lives from 1 to 5000 steps of 5000, the logarithms of both uniform, as bench_planner
/// --generate makes them.
static void fill_logarithmic(uint64_t seed, mote_placement *placements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t steps = (size_t)pow(5000, next_share(&seed));
        const size_t bytes = (size_t)(64 * exp2(20 * next_share(&seed)));
        const size_t first = next_below(&seed, 5000 - steps + 1);
        placements[i] = block(bytes, first, first + steps - 1);
        placements[i].alignment = 64;
    }
}

static void
sixty_thousand_of_all_sizes_and_lives_need_at_most_two_percent_more_than_the_bound(void **state)
{
    const size_t count = 60000;
    mote_placement *placements = placements_of(*state, count);
    const mote_plan_problem problem = {
        .placements = placements, .placement_count = count, .step_count = 5000};
    for (uint64_t seed = 1; seed <= 2; seed++) {
        fill_logarithmic(seed, placements, count);
        mote_plan plan;
        assert_int_equal(mote_plan_run(planner_named("best_fit"), &problem, *state, &plan),
                         MOTE_OK);
        assert_int_equal(mote_plan_check(&problem, &plan, *state), MOTE_OK);
        assert_true(plan.arena_bytes <= plan.lower_bound_bytes / 100 * 102);
    }
}

/// Reads one published problem; returns the number of placements.
static size_t read_problem(FILE *file, mote_placement *placements, size_t most, size_t *step_count)
{
    char line[256];
    size_t count = 0;
    assert_non_null(fgets(line, sizeof line, file));
    *step_count = 0;
    while (fgets(line, sizeof line, file)) {
        char *at = strchr(line, ',');
        assert_non_null(at);
        const size_t lower = strtoul(at + 1, &at, 10);
        const size_t upper = strtoul(at + 1, &at, 10);
        const size_t bytes = strtoul(at + 1, &at, 10);
        assert_true(count < most);
        placements[count++] = block(bytes, lower, upper - 1);
        *step_count = upper > *step_count ? upper : *step_count;
    }
    return count;
}

static void published_problems_get_valid_plans(void **state)
{
    const char *folder = getenv("MOTE_PLANNER_PROBLEMS");
    if (!folder)
        folder = "../shared/planner";
    DIR *list = opendir(folder);
    if (!list) {
        skip();
        return;
    }
    mote_placement *placements = placements_of(*state, 4096);
    for (const struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        if (!strstr(entry->d_name, ".csv"))
            continue;
        char path[4096];
        assert_true(snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        mote_plan_problem problem = {.placements = placements};
        problem.placement_count = read_problem(file, placements, 4096, &problem.step_count);
        assert_int_equal(fclose(file), 0);
        const size_t best_fit = run_and_check(*state, planner_named("best_fit"), &problem);
        print_message("%s: %zu placements, arena %zu\n", entry->d_name, problem.placement_count,
                      best_fit);
        assert_true(best_fit <= run_and_check(*state, planner_named("naive"), &problem));
        const char *capacity = strchr(entry->d_name, '.');
        problem.node_limit = 1000000;
        problem.enough_bytes = strtoul(capacity + 1, NULL, 10);
        mote_plan plan;
        assert_int_equal(mote_plan_run(planner_named("exact"), &problem, *state, &plan), MOTE_OK);
        assert_int_equal(mote_plan_check(&problem, &plan, *state), MOTE_OK);
        assert_true(plan.arena_bytes <= problem.enough_bytes);
    }
    assert_int_equal(closedir(list), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_random_problem_gets_a_valid_plan_no_larger_than_the_naive_one),
        cmocka_unit_test(sixty_thousand_placements_are_planned_and_checked),
        cmocka_unit_test(
            sixty_thousand_of_all_sizes_and_lives_need_at_most_two_percent_more_than_the_bound),
        cmocka_unit_test(published_problems_get_valid_plans),
    };
    return cmocka_run_group_tests_name("plan properties", tests, start_arena, end_arena);
}
