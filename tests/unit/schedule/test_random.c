// SPDX-License-Identifier: Apache-2.0
// Random networks: no step of any of their programs reads what another tensor has overwritten.
#include "program.h"
#include "random_model.h"

#define NETWORK_COUNT 800U

static void no_tensor_is_overwritten_between_its_write_and_its_last_read(void **state)
{
    static const program_kind kinds[] = {TRAIN,
                                         TRAIN_AFTER_ALL,
                                         TRAIN_CLIP_VALUE,
                                         TRAIN_CLIP_NORM,
                                         TRAIN_SAVING,
                                         TRAIN_SAVING_AFTER_ALL,
                                         TRAIN_SAVING_CLIP_VALUE,
                                         TRAIN_REPEATING,
                                         EVALUATE,
                                         INFER,
                                         INFER_SAVING};
    const uint64_t count =
        MOTE_IS_SANITIZED ? NETWORK_COUNT / 2 : NETWORK_COUNT; // which takes long
    random_model m;
    for (uint64_t seed = 0; seed < count; seed++) {
        random_model_make(&m, seed);
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            program p;
            program_build(state, m.text, kinds[i], &p);
            program_release(&p);
        }
    }
}

/// Moves the tensor to each other block that lives at the same time; returns how many there are.
static size_t misplace(const mote_schedule *schedule, mote_schedule_tensor *tensor)
{
    char problem[512];
    size_t moved = 0;
    const size_t before = tensor->block;
    for (size_t i = 0; i < schedule->block_count; i++) {
        const mote_block *const block = &schedule->blocks[i];
        if (i == before || block->first > tensor->last || block->last < tensor->first)
            continue;
        tensor->block = i;
        if (replay_is_right(schedule, problem, sizeof problem))
            fail_msg("'%s' in the block of '%s' goes unnoticed", tensor->name, block->name);
        moved++;
    }
    tensor->block = before;
    return moved;
}

static void check_misplaced(void **state, program_kind kind)
{
    program p;
    size_t noticed = 0;
    program_build(state, "[Model]\nloss = mse\n" INPUT CONV("c") BN("n") RELU("r") FC("out"), kind,
                  &p);
    for (size_t i = 0; i < p.schedule.tensor_count; i++) {
        mote_schedule_tensor *const tensor = &p.schedule.tensors[i];
        if (!tensor->persistent && tensor->block != MOTE_NONE)
            noticed += misplace(&p.schedule, tensor);
    }
    assert_true(noticed > 50);
    program_release(&p);
}

static void the_replay_notices_a_block_that_is_shared_wrongly(void **state)
{
    check_misplaced(state, TRAIN);
    check_misplaced(state, TRAIN_SAVING);
    check_misplaced(state, TRAIN_REPEATING);
}

static size_t count_repeated(const mote_schedule *schedule)
{
    size_t count = 0;
    for (size_t i = 0; i < schedule->step_count; i++) {
        const mote_step *step = &schedule->steps[i];
        count += step->kind == MOTE_STEP_RECOMPUTE &&
                 !schedule->graph->nodes[step->node].declaration.recomputes;
    }
    return count;
}

/// Every technique is met by the random networks, or they would show nothing.
static void the_random_networks_meet_every_technique(void **state)
{
    random_model m;
    size_t recomputed = 0;
    size_t sliced = 0;
    size_t banded = 0;
    size_t by_samples = 0;
    size_t repeated = 0;
    for (uint64_t seed = 0; seed < NETWORK_COUNT; seed++) {
        program p;
        random_model_make(&m, seed);
        program_build(state, m.text, TRAIN_SAVING, &p);
        for (size_t i = 0; i < p.schedule.step_count; i++) {
            recomputed += p.schedule.steps[i].kind == MOTE_STEP_RECOMPUTE;
            sliced += p.schedule.steps[i].slice.first > 0;
            banded += p.schedule.steps[i].run.count > 0 && !p.schedule.steps[i].run.by_samples;
            by_samples += p.schedule.steps[i].run.by_samples;
        }
        assert_int_equal(count_repeated(&p.schedule), 0); // nobody asked for it
        program_release(&p);
        program_build(state, m.text, TRAIN_REPEATING, &p);
        repeated += count_repeated(&p.schedule);
        program_release(&p);
    }
    assert_true(recomputed > 50);
    assert_true(sliced > 100);
    assert_true(banded > 0);
    assert_true(by_samples > 100);
    assert_true(repeated > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_tensor_is_overwritten_between_its_write_and_its_last_read),
        cmocka_unit_test(the_replay_notices_a_block_that_is_shared_wrongly),
        cmocka_unit_test(the_random_networks_meet_every_technique),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
