// SPDX-License-Identifier: Apache-2.0
// Runs of steps for some samples of the batch after the others.
#include "program.h"

#define MODEL "[Model]\nloss = cross\nbatch_size = 12\n"
#define ROWS  "[in]\ntype = input\ninput_shape = 1:64:4\n" // a group of sums has one sample
#define FEW   "[in]\ntype = input\ninput_shape = 1:10:4\n" // 7
#define SEQUENCE \
    "[head]\ntype = lstm\nunit = 50\nreturn_sequences = true\n" // the same for one sum, 8 for another
#define HEAD "[head]\ntype = fully_connected\nunit = 50\nactivation = softmax\n"

/// Slices of what losses read, if that has so many bytes.
/// Bytes of what the head makes of a sample.
#define HEAD_SAMPLE ((size_t)64 * 50 * sizeof(mote_real))

static mote_strategy of_losses(program_kind kind, size_t bytes)
{
    mote_strategy strategy = program_strategy(kind);
    strategy.techniques = MOTE_TECHNIQUE_ALIASES | MOTE_TECHNIQUE_BATCH_SLICES;
    strategy.batch_slices_of_losses = true;
    strategy.batch_slice_bytes = bytes;
    return strategy;
}

static void build(void **state, const char *text, const mote_strategy *strategy, program *p)
{
    test_network_build(state, text, false, &p->network);
    expect_ok(mote_schedule_build(&p->network.graph, strategy, &p->network.arena, &p->schedule));
    replay_check(&p->schedule);
}

static const mote_schedule_tensor *get_tensor(const program *p, const char *name)
{
    return &p->schedule.tensors[program_tensor(p, name)];
}

static void assert_run(const program *p, const char *first, const char *last, size_t count)
{
    char text[256];
    for (size_t i = 0; i < p->schedule.step_count; i++) {
        const mote_step_run *const run = &p->schedule.steps[i].run;
        if (!run->by_samples)
            continue;
        assert_string_equal(mote_step_text(&p->schedule, run->first, text, sizeof text), first);
        assert_string_equal(mote_step_text(&p->schedule, run->end - 1, text, sizeof text), last);
        assert_int_equal(run->count, count);
        return;
    }
    fail_msg("no step runs for some samples after the others");
}

static void assert_no_run(const program *p)
{
    for (size_t i = 0; i < p->schedule.step_count; i++)
        assert_false(p->schedule.steps[i].run.by_samples);
}

static void a_head_runs_from_its_output_to_its_derivatives(void **state)
{
    program p;
    const mote_strategy strategy = of_losses(TRAIN, 1);
    build(state, MODEL ROWS FC("a") HEAD, &strategy, &p);
    assert_steps(&p, "read in batch\nforward a\nread head/loss label\n"
                     "forward head\nforward head/loss\ncalc_derivative head/loss\n"
                     "calc_gradient head\ncalc_derivative head\n"
                     "apply head.weight\napply head.bias\n"
                     "calc_gradient a\napply a.weight\napply a.bias\n");
    assert_run(&p, "forward head", "calc_derivative head", 12);
    assert_shared(&p, "head", "head derivative");
    assert_int_equal(get_tensor(&p, "head")->slice_samples, 1);
    assert_int_equal(program_block(&p, "head")->bytes, HEAD_SAMPLE);
    assert_int_equal(get_tensor(&p, "a derivative")->slice_samples, 0);
    assert_int_equal(get_tensor(&p, "head.weight gradient")->slice_samples, 0);
    assert_life(&p, "head.weight gradient", "forward head", "apply head.weight");
    assert_life(&p, "head/loss", "forward head", "apply a.bias");
    program_release(&p);
}

static void there_are_no_more_slices_than_it_takes(void **state)
{
    program p;
    const size_t sample = HEAD_SAMPLE;
    mote_strategy strategy = of_losses(TRAIN, 12 * sample);
    build(state, MODEL ROWS FC("a") HEAD, &strategy, &p);
    assert_int_equal(get_tensor(&p, "head")->slice_samples, 3);
    program_release(&p);
    strategy = of_losses(TRAIN, 12 * sample + 1);
    build(state, MODEL ROWS FC("a") HEAD, &strategy, &p);
    assert_no_run(&p);
    program_release(&p);
    strategy = of_losses(TRAIN, 1);
    strategy.batch_slice = 5;
    build(state, MODEL ROWS FC("a") HEAD, &strategy, &p);
    assert_int_equal(get_tensor(&p, "head")->slice_samples, 5);
    assert_run(&p, "forward head", "calc_derivative head", 3);
    program_release(&p);
}

static void groups_of_sums_are_not_parted(void **state)
{
    program p;
    const mote_strategy strategy = of_losses(TRAIN, 1);
    build(state, MODEL FEW FC("a") HEAD, &strategy, &p);
    assert_int_equal(get_tensor(&p, "head")->slice_samples, 7);
    assert_run(&p, "forward head", "calc_derivative head", 2);
    program_release(&p);
    build(state, "[Model]\nloss = mse\nbatch_size = 7\n" FEW FC("a") SEQUENCE, &strategy, &p);
    assert_no_run(&p);
    program_release(&p);
}

static void a_group_that_is_all_of_the_batch_may_be_parted(void **state)
{
    program p;
    const mote_strategy strategy = of_losses(TRAIN, 1);
    build(state, "[Model]\nloss = cross\nbatch_size = 7\n" FEW FC("a") HEAD, &strategy, &p);
    assert_run(&p, "forward head", "calc_derivative head", 7);
    program_release(&p);
}

static void what_is_made_again_for_a_step_is_in_its_run(void **state)
{
    program p;
    mote_strategy strategy = of_losses(TRAIN, 1);
    strategy.techniques |= MOTE_TECHNIQUE_RECOMPUTE;
    build(state, MODEL ROWS FC("a") "[g]\ntype = activation\nactivation = gelu\n" HEAD, &strategy,
          &p);
    for (size_t i = 0; i < p.schedule.step_count; i++) {
        if (p.schedule.steps[i].kind == MOTE_STEP_RECOMPUTE)
            assert_true(p.schedule.steps[i].run.by_samples);
    }
    program_release(&p);
}

static void slices_of_its_gradient_give_way(void **state)
{
    program p;
    mote_strategy strategy = of_losses(TRAIN, 1);
    strategy.techniques = ~0U;
    build(state, MODEL ROWS FC("a") HEAD, &strategy, &p);
    assert_run(&p, "forward head", "calc_derivative head", 12);
    program_release(&p);
}

static void what_the_caller_reads_is_whole(void **state)
{
    program p;
    mote_strategy strategy = of_losses(TRAIN, 1);
    strategy.pauses = true;
    build(state, MODEL ROWS FC("a") HEAD, &strategy, &p);
    assert_int_equal(get_tensor(&p, "head")->slice_samples, 0);
    program_release(&p);
}

static void an_evaluation_runs_its_head_so(void **state)
{
    program p;
    const mote_strategy strategy = of_losses(EVALUATE, 1);
    build(state, MODEL ROWS FC("a") HEAD, &strategy, &p);
    assert_run(&p, "forward head", "forward head/loss", 12);
    assert_int_equal(get_tensor(&p, "head")->slice_samples, 1);
    program_release(&p);
}

static void any_steps_that_do_not_couple_samples_may_run_so(void **state)
{
    static const char model[] = "[Model]\nloss = mse\nbatch_size = 4\n" INPUT
                                "[c]\ntype = conv2d\nfilters = 90\nkernel_size = 3\n"
                                "padding = same\n" RELU("r") "[flat]\ntype = flatten\n" FC("out");
    program p;
    mote_strategy strategy = of_losses(EVALUATE, 1);
    build(state, model, &strategy, &p);
    assert_no_run(&p);
    program_release(&p);
    strategy.batch_slices_of_losses = false;
    build(state, model, &strategy, &p);
    assert_run(&p, "forward c", "forward out", 4);
    assert_int_equal(get_tensor(&p, "c")->slice_samples, 1);
    assert_int_equal(get_tensor(&p, "flat")->slice_samples, 1);
    program_release(&p);
}

static void all_of_a_network_may_run_so(void **state)
{
    program p;
    mote_strategy strategy = of_losses(TRAIN, 1);
    strategy.batch_slices_of_losses = false;
    build(state, MODEL ROWS FC("a") FC("b") HEAD, &strategy, &p);
    assert_run(&p, "forward a", "calc_gradient a", 12);
    assert_int_equal(get_tensor(&p, "a")->slice_samples, 1);
    assert_int_equal(get_tensor(&p, "b derivative")->slice_samples, 1);
    program_release(&p);
}

/// Where gradients and what is kept may be out of memory, a run has of them what one of its steps needs in memory.
static void where_what_is_kept_may_go_a_run_does_not_lead_into_backward(void **state)
{
    program p;
    mote_strategy strategy = of_losses(TRAIN, 1);
    strategy.batch_slices_of_losses = false;
    strategy.swaps = true;
    build(state, MODEL ROWS FC("a") FC("b") FC("c") HEAD, &strategy, &p);
    assert_int_equal(get_tensor(&p, "a")->slice_samples, 0);
    assert_int_equal(get_tensor(&p, "b")->slice_samples, 0);
    program_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_runs_from_its_output_to_its_derivatives),
        cmocka_unit_test(there_are_no_more_slices_than_it_takes),
        cmocka_unit_test(groups_of_sums_are_not_parted),
        cmocka_unit_test(a_group_that_is_all_of_the_batch_may_be_parted),
        cmocka_unit_test(what_is_made_again_for_a_step_is_in_its_run),
        cmocka_unit_test(slices_of_its_gradient_give_way),
        cmocka_unit_test(what_the_caller_reads_is_whole),
        cmocka_unit_test(an_evaluation_runs_its_head_so),
        cmocka_unit_test(any_steps_that_do_not_couple_samples_may_run_so),
        cmocka_unit_test(all_of_a_network_may_run_so),
        cmocka_unit_test(where_what_is_kept_may_go_a_run_does_not_lead_into_backward),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
