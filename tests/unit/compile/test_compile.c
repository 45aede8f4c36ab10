// SPDX-License-Identifier: Apache-2.0
// What compiling says of memory, and that it says the same for equal models.
#include "compilation.h"

#include "compile/settings.h"
#include "support/failing_allocator.h"
#include "support/network.h"

static const char *const models[] = {
    SMALL,
    MODEL "apply = after_all\n" ADAM SETS IMAGE BODY TAIL,
    MODEL "[Optimizer]\ntype = sgd\nmomentum = 0.9\n[train_set]\npath = a\n" IMAGE TAIL,
    MODEL ADAM SETS IMAGE "normalization = true\n" BODY
                          "[d]\ntype = dropout\ndropout_rate = .5\n" TAIL,
};

static const unsigned mode_sets[] = {
    MOTE_MODE_TRAIN,
    MOTE_MODE_EVALUATE,
    MOTE_MODE_INFER,
    MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE | MOTE_MODE_INFER,
};

static const char *const planners[] = {"naive", "best_fit", "exact"};

/// Calls `check` with a model compiled for each set of modes by each planner.
static void for_model(void **state, const char *text, void (*check)(const mote_compiled *compiled))
{
    for (size_t i = 0; i < sizeof mode_sets / sizeof mode_sets[0]; i++) {
        for (size_t j = 0; j < sizeof planners / sizeof planners[0]; j++) {
            compilation c;
            expect_ok(compile_as(state, "model.ini", text, mode_sets[i], planners[j], &c));
            check(&c.compiled);
            compilation_release(&c);
        }
    }
}

static void for_all(void **state, void (*check)(const mote_compiled *compiled))
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        for_model(state, models[i], check);
}

static void check_kinds(const mote_compiled *compiled)
{
    size_t sum = 0;
    for (size_t i = 0; i < MOTE_BLOCK_KIND_COUNT; i++)
        sum += compiled->info.kind_bytes[i];
    assert_int_equal(sum, compiled->info.lower_bound_bytes);
}

static void the_kinds_sum_to_the_lower_bound(void **state)
{
    for_all(state, check_kinds);
}

static size_t aligned(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static void check_arena(const mote_compiled *compiled)
{
    size_t end = 0;
    size_t all = 0;
    for (size_t i = 0; i < compiled->problem.placement_count; i++) {
        const size_t bytes = aligned(compiled->problem.placements[i].bytes);
        assert_int_equal(compiled->plan.offsets[i] % 64, 0);
        if (compiled->plan.offsets[i] + bytes > end)
            end = compiled->plan.offsets[i] + bytes;
        all += bytes;
    }
    assert_int_equal(compiled->info.arena_bytes, end);
    assert_int_equal(compiled->info.unplanned_bytes, all);
    assert_true(compiled->info.lower_bound_bytes <= end);
    if (strcmp(compiled->info.planner, "naive") == 0)
        assert_int_equal(end, all);
}

static void the_arena_ends_with_the_last_placement(void **state)
{
    for_all(state, check_arena);
}

static void check_counts(const mote_compiled *compiled)
{
    size_t steps = 0;
    size_t placements = compiled->state_block_count;
    for (size_t i = 0; i < compiled->program_count; i++) {
        assert_int_equal(compiled->programs[i].operation_count, compiled->schedules[i].step_count);
        steps += compiled->schedules[i].step_count;
        placements += compiled->schedules[i].block_count;
    }
    assert_int_equal(compiled->info.step_count, steps);
    assert_int_equal(compiled->info.placement_count, placements);
    assert_int_equal(compiled->info.batch_size, 8);
    assert_true(compiled->info.peak_step < steps);
    assert_int_equal(strlen(compiled->info.plan_hash), 64);
}

static void steps_and_placements_of_all_programs_are_counted(void **state)
{
    for_all(state, check_counts);
}

/// Bytes live at a step, and of which kind, counted from the placements alone.
static void check_peak(const mote_compiled *compiled)
{
    size_t kinds[MOTE_BLOCK_KIND_COUNT] = {0};
    size_t peak_bytes = 0;
    for (size_t step = 0; step < compiled->problem.step_count; step++) {
        size_t live = 0;
        for (size_t i = 0; i < compiled->problem.placement_count; i++) {
            const mote_placement *const placement = &compiled->problem.placements[i];
            if (placement->first > step || placement->last < step)
                continue;
            mote_block_kind kind;
            (void)mote_compiled_placement_name(compiled, i, &kind);
            live += aligned(placement->bytes);
            if (step == compiled->info.peak_step)
                kinds[kind] += aligned(placement->bytes);
        }
        if (live > peak_bytes)
            peak_bytes = live;
    }
    assert_int_equal(peak_bytes, compiled->info.lower_bound_bytes);
    assert_memory_equal(kinds, compiled->info.kind_bytes, sizeof kinds);
}

static void the_peak_is_where_most_bytes_live(void **state)
{
    for_all(state, check_peak);
}

static void check_state(const mote_compiled *compiled)
{
    size_t offset = 0;
    for (size_t i = 0; i < compiled->state_block_count; i++) {
        const mote_state_block *const block = &compiled->state_blocks[i];
        if (i > 0)
            assert_true(strcmp(compiled->state_blocks[i - 1].name, block->name) < 0);
        assert_int_equal(block->offset, offset);
        assert_int_equal(compiled->plan.offsets[i], offset);
        assert_int_equal(compiled->problem.placements[i].first, 0);
        assert_int_equal(compiled->problem.placements[i].last, compiled->problem.step_count - 1);
        offset += aligned(block->bytes);
    }
}

static void what_persists_lies_at_the_start_in_name_order(void **state)
{
    for_all(state, check_state);
}

/// Every persistent tensor of a program lies where the first program has it.
static void check_sharing(const mote_compiled *compiled)
{
    const mote_state blocks = {.blocks = compiled->state_blocks,
                               .block_count = compiled->state_block_count};
    for (size_t i = 0; i < compiled->program_count; i++) {
        const mote_schedule *const schedule = &compiled->schedules[i];
        for (size_t j = 0; j < schedule->tensor_count; j++) {
            if (!schedule->tensors[j].persistent)
                continue;
            const size_t block = mote_state_find(&blocks, schedule->tensors[j].name);
            assert_true(block < compiled->state_block_count);
            assert_int_equal(mote_compile_tensor_offset(compiled, i, j, 0),
                             compiled->state_blocks[block].offset);
        }
    }
}

static void all_programs_find_weights_at_one_place(void **state)
{
    for_all(state, check_sharing);
}

static void transient_memory_of_the_programs_overlaps(void **state)
{
    compilation train;
    compilation both;
    compile_text(state, MODEL ADAM "[train_set]\npath = a\n" IMAGE BODY TAIL, MOTE_MODE_TRAIN,
                 &train);
    compile_text(state, SMALL, MOTE_MODE_TRAIN | MOTE_MODE_INFER, &both);
    assert_int_equal(train.compiled.program_count, 1);
    assert_int_equal(both.compiled.program_count, 3);
    assert_int_equal(train.compiled.info.arena_bytes, both.compiled.info.arena_bytes);
    compilation_release(&train);
    compilation_release(&both);
}

static void training_evaluates_where_there_is_something_to_validate_on(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    assert_non_null(c.compiled.train);
    assert_non_null(c.compiled.evaluate);
    assert_null(c.compiled.infer);
    compilation_release(&c);
    compile_text(state, MODEL ADAM IMAGE BODY TAIL, MOTE_MODE_TRAIN, &c);
    assert_null(c.compiled.evaluate);
    compilation_release(&c);
}

static void programs_that_do_not_train_have_no_optimizer(void **state)
{
    compilation c;
    compile_text(state, MODEL IMAGE BODY TAIL, MOTE_MODE_EVALUATE | MOTE_MODE_INFER, &c);
    for (size_t i = 0; i < c.compiled.state_block_count; i++)
        assert_int_not_equal(c.compiled.state_blocks[i].role, MOTE_STATE_OPTIMIZER);
    assert_null(c.compiled.settings.optimizer);
    compilation_release(&c);
}

static void roles_tell_weights_statistics_and_optimizer_state_apart(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    const mote_state blocks = {.blocks = c.compiled.state_blocks,
                               .block_count = c.compiled.state_block_count};

    static const struct {
        const char *name;
        mote_state_role role;
    } expected[] = {
        {"c1.bias", MOTE_STATE_WEIGHT},           {"c1.bias.mean", MOTE_STATE_OPTIMIZER},
        {"n.running_mean", MOTE_STATE_STATISTIC}, {"n.running_var", MOTE_STATE_STATISTIC},
        {"n.weight", MOTE_STATE_WEIGHT},          {"out.weight.square", MOTE_STATE_OPTIMIZER},
    };

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const size_t block = mote_state_find(&blocks, expected[i].name);
        if (block == blocks.block_count)
            fail_msg("there is no block '%s'", expected[i].name);
        assert_int_equal(blocks.blocks[block].role, expected[i].role);
    }
    assert_int_equal(c.compiled.info.parameter_count, (27 + 3) + (81 + 3) + (3 + 3) + (4 * 48 + 4));
    compilation_release(&c);
}

static void initial_values_are_found_by_name(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    assert_int_equal(mote_compiled_find_weight(&c.compiled, "c1.weight")->initializer,
                     MOTE_INITIALIZER_XAVIER_UNIFORM);
    assert_int_equal(mote_compiled_find_weight(&c.compiled, "n.running_var")->initializer,
                     MOTE_INITIALIZER_ONES);
    assert_null(mote_compiled_find_weight(&c.compiled, "c1.weight.mean"));
    compilation_release(&c);
}

static void placements_are_named_after_their_first_tensor(void **state)
{
    compilation c;
    mote_block_kind kind;
    bool found = false;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    assert_string_equal(mote_compiled_placement_name(&c.compiled, 0, &kind), "c1.bias");
    assert_int_equal(kind, MOTE_BLOCK_KIND_WEIGHTS);
    for (size_t i = 0; i < c.compiled.problem.placement_count; i++) {
        if (strcmp(mote_compiled_placement_name(&c.compiled, i, &kind), "c2.weight gradient") == 0)
            found = kind == MOTE_BLOCK_KIND_GRADIENTS;
    }
    assert_true(found);
    compilation_release(&c);
}

static void the_peak_step_has_a_name(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    char text[256];
    assert_true(c.compiled.info.peak_step < c.compiled.schedules[0].step_count);
    assert_string_equal(
        c.compiled.info.peak_step_name,
        mote_step_text(&c.compiled.schedules[0], c.compiled.info.peak_step, text, sizeof text));
    compilation_release(&c);
}

static void the_loss_that_is_missing_is_asked_for(void **state)
{
    compilation c;
    char expected[512];
    const mote_status status = compile_as(state, "model.ini", "[Model]\n" ADAM IMAGE TAIL,
                                          MOTE_MODE_TRAIN, "best_fit", &c);
    (void)snprintf(expected, sizeof expected,
                   "%s: the model has no loss: give [Model] a key 'loss' (mse, cross)",
                   mote_test_path(state, "model.ini"));
    expect_raises(status, MOTE_ERROR_GRAPH, expected);
    compilation_release(&c);
}

static void training_nothing_is_refused(void **state)
{
    compilation c;
    char expected[512];
    const mote_status status =
        compile_as(state, "model.ini", MODEL ADAM IMAGE TAIL "trainable = false\n", MOTE_MODE_TRAIN,
                   "best_fit", &c);
    (void)snprintf(expected, sizeof expected,
                   "%s: there is nothing to train: no layer has weights, or all have trainable = "
                   "false",
                   mote_test_path(state, "model.ini"));
    expect_raises(status, MOTE_ERROR_GRAPH, expected);
    compilation_release(&c);
}

static void a_model_without_loss_can_still_infer(void **state)
{
    compilation c;
    compile_text(state, "[Model]\n" IMAGE TAIL, MOTE_MODE_INFER, &c);
    assert_non_null(c.compiled.infer);
    compilation_release(&c);
}

static mote_status compile_with(const mote_allocator *allocator, void *user)
{
    const compilation *const c = user;
    mote_arena arena;
    mote_compiled made;
    mote_compile_request request = {.context = &c->context,
                                    .description = &c->description,
                                    .modes = MOTE_MODE_TRAIN | MOTE_MODE_INFER};
    expect_ok(mote_planner_find("best_fit", &request.planner));
    mote_arena_init(&arena, allocator);
    const mote_status status = mote_compile(&request, &arena, &made);
    mote_arena_release(&arena);
    return status;
}

static void memory_that_cannot_be_had_is_an_error_and_nothing_leaks(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    assert_true(failing_allocator_sweep(compile_with, &c) > 0);
    compilation_release(&c);
}

static void every_stage_has_a_text(void **state)
{
    static const struct {
        mote_stage stage;
        const char *contains;
    } expected[] = {
        {MOTE_STAGE_GRAPH, "graph for training and evaluation:\nin "},
        {MOTE_STAGE_SCHEDULE, "program train: "},
        {MOTE_STAGE_PLAN, ", planner best_fit, hash "},
        {MOTE_STAGE_PROGRAM, "program evaluate: "},
    };

    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        test_text text;
        const mote_writer writer = test_text_writer(&text);
        mote_compiled_print(&c.compiled, expected[i].stage, &writer);
        assert_non_null(strstr(text.text, expected[i].contains));
    }
    compilation_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kinds_sum_to_the_lower_bound),
        cmocka_unit_test(the_arena_ends_with_the_last_placement),
        cmocka_unit_test(steps_and_placements_of_all_programs_are_counted),
        cmocka_unit_test(the_peak_is_where_most_bytes_live),
        cmocka_unit_test(what_persists_lies_at_the_start_in_name_order),
        cmocka_unit_test(all_programs_find_weights_at_one_place),
        cmocka_unit_test(transient_memory_of_the_programs_overlaps),
        cmocka_unit_test(training_evaluates_where_there_is_something_to_validate_on),
        cmocka_unit_test(programs_that_do_not_train_have_no_optimizer),
        cmocka_unit_test(roles_tell_weights_statistics_and_optimizer_state_apart),
        cmocka_unit_test(initial_values_are_found_by_name),
        cmocka_unit_test(placements_are_named_after_their_first_tensor),
        cmocka_unit_test(the_peak_step_has_a_name),
        cmocka_unit_test(the_loss_that_is_missing_is_asked_for),
        cmocka_unit_test(training_nothing_is_refused),
        cmocka_unit_test(a_model_without_loss_can_still_infer),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error_and_nothing_leaks),
        cmocka_unit_test(every_stage_has_a_text),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
