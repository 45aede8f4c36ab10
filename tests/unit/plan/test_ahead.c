// SPDX-License-Identifier: Apache-2.0
// What can be read ahead within a plan, and where it is put.
#include "problems.h"

#define STEPS 6U

/// Pieces of one byte.
static mote_ahead_target target_of(size_t placement, size_t piece_count)
{
    return (mote_ahead_target){
        .placement = placement, .piece_bytes = 1, .piece_count = piece_count};
}

static void find(void **state, const mote_plan_problem *problem, const mote_plan *plan,
                 mote_ahead_target *targets, size_t target_count)
{
    const mote_ahead_problem ahead = {problem, plan, 0, problem->step_count};
    assert_int_equal(mote_plan_ahead(&ahead, targets, target_count, *state), MOTE_OK);
}

static void expect_part(const mote_ahead_part *part, const mote_ahead_part *expected)
{
    assert_true(part->step == expected->step);
    assert_int_equal(part->first, expected->first);
    assert_int_equal(part->count, expected->count);
    assert_int_equal(part->offset, expected->offset);
}

static void a_batch_is_read_into_its_own_place_once_that_is_free(void **state)
{
    const mote_placement placements[] = {block(8, 0, 3), block(8, 0, STEPS - 1)};
    const mote_plan_problem problem = PROBLEM(placements, STEPS);
    size_t offsets[] = {8, 0};
    const mote_plan plan = {.offsets = offsets, .arena_bytes = 16};
    mote_ahead_target target = target_of(0, 8);
    find(state, &problem, &plan, &target, 1);
    assert_int_equal(target.part_count, 1);
    expect_part(&target.parts[0], &(mote_ahead_part){4, 0, 8, 8});
}

static void what_is_free_earlier_is_used_though_it_has_to_be_copied(void **state)
{
    const mote_placement placements[] = {block(8, 0, 3), block(3, 1, 1)};
    const mote_plan_problem problem = PROBLEM(placements, STEPS);
    size_t offsets[] = {0, 8};
    const mote_plan plan = {.offsets = offsets, .arena_bytes = 11};
    mote_ahead_target target = target_of(0, 8);
    find(state, &problem, &plan, &target, 1);
    assert_int_equal(target.part_count, 2);
    expect_part(&target.parts[0], &(mote_ahead_part){2, 0, 3, 8});
    expect_part(&target.parts[1], &(mote_ahead_part){4, 3, 5, 3});
}

static void nothing_is_read_across_the_peak(void **state)
{
    const mote_placement placements[] = {block(8, 0, 2), block(4, 4, 4), block(4, 4, 4)};
    const mote_plan_problem problem = PROBLEM(placements, STEPS);
    size_t offsets[] = {0, 0, 4};
    const mote_plan plan = {.offsets = offsets, .arena_bytes = 8};
    mote_ahead_target target = target_of(0, 8);
    find(state, &problem, &plan, &target, 1);
    assert_int_equal(target.part_count, 1);
    expect_part(&target.parts[0], &(mote_ahead_part){5, 0, 8, 0});
}

static void what_lives_before_a_batch_is_in_its_way(void **state)
{
    // filled in step 2, where block 1 lay in step 1
    const mote_placement placements[] = {block(8, 2, 3), block(5, 1, 1)};
    const mote_plan_problem problem = PROBLEM(placements, STEPS);
    size_t offsets[] = {0, 0};
    const mote_plan plan = {.offsets = offsets, .arena_bytes = 8};
    mote_ahead_target target = target_of(0, 8);
    find(state, &problem, &plan, &target, 1);
    assert_int_equal(target.part_count, 2);
    expect_part(&target.parts[0], &(mote_ahead_part){4, 5, 3, 5});
    expect_part(&target.parts[1], &(mote_ahead_part){MOTE_AHEAD_NEVER, 0, 5, 0});
}

static void without_room_all_is_read_in_its_own_time(void **state)
{
    const mote_placement placements[] = {block(8, 0, STEPS - 1)};
    const mote_plan_problem problem = PROBLEM(placements, STEPS);
    size_t offsets[] = {0};
    const mote_plan plan = {.offsets = offsets, .arena_bytes = 8};
    mote_ahead_target target = target_of(0, 8);
    find(state, &problem, &plan, &target, 1);
    assert_int_equal(target.part_count, 1);
    expect_part(&target.parts[0], &(mote_ahead_part){MOTE_AHEAD_NEVER, 0, 8, 0});
}

static void only_steps_of_the_program_count(void **state)
{
    // the second program has steps 2 to 5; what only the first has is in nobody's way
    const mote_placement placements[] = {block(8, 0, 1), block(4, 2, 2), block(4, 0, STEPS - 1)};
    const mote_plan_problem problem = PROBLEM(placements, STEPS);
    size_t offsets[] = {4, 4, 0};
    const mote_plan plan = {.offsets = offsets, .arena_bytes = 12};
    const mote_ahead_problem ahead = {&problem, &plan, 2, STEPS};
    mote_ahead_target target = target_of(1, 4);
    assert_int_equal(mote_plan_ahead(&ahead, &target, 1, *state), MOTE_OK);
    assert_int_equal(target.part_count, 1);
    expect_part(&target.parts[0], &(mote_ahead_part){3, 0, 4, 4});
}

#define BLOCKS       24U
#define RANDOM_STEPS 12U
#define TARGETS      2U

typedef struct random_case {
    mote_placement placements[BLOCKS];
    mote_plan_problem problem;
    mote_plan plan;
    mote_ahead_target targets[TARGETS];
} random_case;

/// Targets come first, as placements.
static void make_case(void **state, uint64_t *random, random_case *c)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        const size_t first = next_number(random) % RANDOM_STEPS;
        const size_t last = first + next_number(random) % (RANDOM_STEPS - first);
        c->placements[i] = block(1 + next_number(random) % 200, first, last);
        c->placements[i].alignment = 8;
    }
    for (size_t i = 0; i < TARGETS; i++) {
        c->targets[i] = (mote_ahead_target){.placement = i,
                                            .piece_bytes = 1 + next_number(random) % 9,
                                            .piece_count = 1 + next_number(random) % 70};
        c->placements[i].bytes = c->targets[i].piece_bytes * c->targets[i].piece_count;
    }
    c->problem = (mote_plan_problem){
        .placements = c->placements, .placement_count = BLOCKS, .step_count = RANDOM_STEPS};
    assert_int_equal(mote_plan_run(planner_named("best_fit"), &c->problem, *state, &c->plan),
                     MOTE_OK);
}

static bool overlap(size_t a, size_t a_bytes, size_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

/// Whether a block lives at one of the steps at which what was read ahead waits, its own but when it is in place.
static bool is_in_the_way(const random_case *c, size_t target, const mote_ahead_part *part,
                          size_t index)
{
    const mote_placement *placement = &c->placements[index];
    const size_t filled = c->placements[target].first;
    const size_t own = c->plan.offsets[target] + part->first * c->targets[target].piece_bytes;
    const bool is_in_place = index == target && part->offset == own;
    for (size_t step = 0; step < RANDOM_STEPS; step++) {
        if ((step >= part->step || step < filled + !is_in_place) && placement->first <= step &&
            step <= placement->last)
            return true;
    }
    return false;
}

static void check_part(const random_case *c, size_t target, const mote_ahead_part *part)
{
    const size_t bytes = part->count * c->targets[target].piece_bytes;
    assert_true(part->step > c->placements[target].first);
    assert_true(part->offset + bytes <= c->plan.arena_bytes);
    for (size_t i = 0; i < BLOCKS; i++) {
        if (overlap(part->offset, bytes, c->plan.offsets[i], c->placements[i].bytes))
            assert_false(is_in_the_way(c, target, part, i));
    }
    for (size_t i = 0; i < TARGETS; i++) {
        for (size_t j = 0; j < c->targets[i].part_count; j++) {
            const mote_ahead_part *other = &c->targets[i].parts[j];
            if (other != part && other->step != MOTE_AHEAD_NEVER)
                assert_false(overlap(part->offset, bytes, other->offset,
                                     other->count * c->targets[i].piece_bytes));
        }
    }
}

static void check_target(const random_case *c, size_t index)
{
    const mote_ahead_target *target = &c->targets[index];
    unsigned seen[70] = {0};
    for (size_t i = 0; i < target->part_count; i++) {
        const mote_ahead_part *part = &target->parts[i];
        assert_true(i == 0 || target->parts[i - 1].step <= part->step);
        for (size_t j = 0; j < part->count; j++)
            seen[part->first + j]++;
        if (part->step != MOTE_AHEAD_NEVER)
            check_part(c, index, part);
    }
    for (size_t i = 0; i < target->piece_count; i++)
        assert_int_equal(seen[i], 1);
}

static void parts_are_disjoint_and_nothing_is_in_their_way(void **state)
{
    uint64_t random = 7;
    size_t ahead = 0;
    for (size_t round = 0; round < 400; round++) {
        random_case c;
        make_case(state, &random, &c);
        find(state, &c.problem, &c.plan, c.targets, TARGETS);
        for (size_t i = 0; i < TARGETS; i++) {
            check_target(&c, i);
            ahead += c.targets[i].parts[0].step != MOTE_AHEAD_NEVER;
        }
    }
    assert_in_range(ahead, 100, 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_batch_is_read_into_its_own_place_once_that_is_free,
                                        start_arena, end_arena),
        cmocka_unit_test_setup_teardown(what_is_free_earlier_is_used_though_it_has_to_be_copied,
                                        start_arena, end_arena),
        cmocka_unit_test_setup_teardown(nothing_is_read_across_the_peak, start_arena, end_arena),
        cmocka_unit_test_setup_teardown(what_lives_before_a_batch_is_in_its_way, start_arena,
                                        end_arena),
        cmocka_unit_test_setup_teardown(without_room_all_is_read_in_its_own_time, start_arena,
                                        end_arena),
        cmocka_unit_test_setup_teardown(only_steps_of_the_program_count, start_arena, end_arena),
        cmocka_unit_test_setup_teardown(parts_are_disjoint_and_nothing_is_in_their_way, start_arena,
                                        end_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
