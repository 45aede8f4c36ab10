// SPDX-License-Identifier: Apache-2.0
// The program: each operation has the tensors of its phase and no others, and every block dies once.
#include "compilation.h"

static const mote_operation *find(const mote_program *program, const char *name)
{
    for (size_t i = 0; i < program->operation_count; i++) {
        if (strcmp(program->operations[i].name, name) == 0)
            return &program->operations[i];
    }
    fail_msg("there is no operation '%s'", name);
    return NULL;
}

/// Whether tensor `index` of a list inside the operation's tensors is there.
static bool has(const mote_operation *operation, const mote_tensor *list, size_t index)
{
    return operation->offsets[(size_t)(list - operation->tensors) + index] != MOTE_ABSENT;
}

static void a_gradient_has_input_and_output_derivative_but_no_weights(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    const mote_operation *const operation = find(c.compiled.train, "calc_gradient c2");
    const mote_layer_run run = mote_operation_make_run(operation);
    assert_true(has(operation, run.inputs, 0));
    assert_true(has(operation, run.output_derivatives, 0));
    assert_true(has(operation, run.gradients, 0));
    assert_true(has(operation, run.gradients, 1));
    assert_false(has(operation, run.weights, 0));
    assert_false(has(operation, run.outputs, 0));
    assert_false(has(operation, run.input_derivatives, 0));
    compilation_release(&c);
}

static void a_derivative_has_weights_and_derivatives_but_no_values(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    const mote_operation *const operation = find(c.compiled.train, "calc_derivative c2");
    const mote_layer_run run = mote_operation_make_run(operation);
    assert_true(has(operation, run.weights, 0));
    assert_false(has(operation, run.weights, 1)); // the bias
    assert_true(has(operation, run.output_derivatives, 0));
    assert_true(has(operation, run.input_derivatives, 0));
    assert_false(has(operation, run.inputs, 0));
    assert_false(has(operation, run.outputs, 0));
    assert_false(has(operation, run.gradients, 0));
    compilation_release(&c);
}

static void what_a_phase_does_not_need_still_has_its_shape(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    const mote_layer_run run =
        mote_operation_make_run(find(c.compiled.train, "calc_derivative c2"));
    const mote_shape shape = mote_shape_image(3, 8, 8);
    assert_true(mote_shape_equal(&run.inputs[0].spec->shape, &shape));
    assert_true(mote_shape_equal(&run.outputs[0].spec->shape, &shape));
    compilation_release(&c);
}

static void an_update_has_statistics_and_what_the_batch_showed(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    const mote_operation *const operation = find(c.compiled.train, "update n");
    const mote_layer_run run = mote_operation_make_run(operation);
    assert_true(has(operation, run.statistics, 0));
    assert_true(has(operation, run.statistics, 1));
    assert_true(has(operation, run.temporaries, 0));
    assert_false(has(operation, run.weights, 0));
    assert_false(has(operation, run.inputs, 0));
    compilation_release(&c);
}

static void evaluation_knows_that_it_does_not_train(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    const mote_operation *const trained = find(c.compiled.train, "forward n");
    const mote_operation *const evaluated = find(c.compiled.evaluate, "forward n");
    assert_true(trained->training);
    assert_false(evaluated->training);
    assert_true(trained->callee->random_name == evaluated->callee->random_name);
    assert_true(has(trained, mote_operation_make_run(trained).temporaries, 0));
    assert_false(has(evaluated, mote_operation_make_run(evaluated).temporaries, 0));
    compilation_release(&c);
}

static void random_numbers_are_keyed_by_the_name_of_the_node(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    assert_true(find(c.compiled.train, "forward c1")->callee->random_name == mote_hash_name("c1"));
    assert_true(find(c.compiled.train, "calc_derivative c2")->callee->random_name ==
                mote_hash_name("c2"));
    compilation_release(&c);
}

static void reads_and_the_loss_have_operations_of_their_own(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    assert_true(find(c.compiled.train, "read in batch")->run == mote_operation_read);
    assert_int_equal(find(c.compiled.train, "read out/loss label")->port, 1);
    assert_true(find(c.compiled.train, "forward out/loss")->run == mote_operation_loss);
    assert_true(find(c.compiled.train, "calc_derivative out/loss")->run == mote_operation_layer);
    assert_true(find(c.compiled.train, "apply c1.weight")->run == mote_operation_apply);
    compilation_release(&c);
}

/// Samples of a READ that can be read ahead; every one of the batch is in one part.
static size_t count_ahead(const mote_program *program, const char *name, size_t batch)
{
    const mote_operation *const operation = find(program, name);
    const size_t read = (size_t)(operation - program->operations);
    size_t count = 0;
    size_t ahead = 0;
    for (size_t i = 0; i < operation->part_count; i++) {
        const mote_read_part *const part = &operation->parts[i];
        count += part->count;
        if (part->operation != MOTE_ABSENT) {
            assert_in_range(part->operation, read + 1, program->operation_count - 1);
            ahead += part->count;
        }
    }
    assert_int_equal(count, batch);
    return ahead;
}

static void programs_with_a_next_batch_say_what_can_be_read_ahead(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN | MOTE_MODE_INFER, &c);
    const size_t batch = mote_compiled_graph(&c.compiled)->batch;
    const mote_plan_info *const info = &c.compiled.info;
    assert_int_equal(c.compiled.train->read_count, 2);
    assert_int_equal(c.compiled.infer->read_count, 0);
    assert_int_equal(find(c.compiled.infer, "read in batch")->part_count, 0);
    assert_true(count_ahead(c.compiled.train, "read in batch", batch) > 0);
    assert_int_equal(count_ahead(c.compiled.evaluate, "read in batch", batch), batch);
    assert_in_range(info->ahead_bytes, 1, info->batch_bytes);
    assert_string_equal(info->ahead_step_name, c.compiled.train->operations[info->ahead_step].name);
    compilation_release(&c);
}

static void an_update_of_a_weight_has_its_slots(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN, &c);
    const mote_operation *const operation = find(c.compiled.train, "apply c1.bias");
    const mote_state blocks = {.blocks = c.compiled.state_blocks,
                               .block_count = c.compiled.state_block_count};
    static const char *const names[] = {[MOTE_APPLY_WEIGHT] = "c1.bias",
                                        [MOTE_APPLY_SLOTS] = "c1.bias.mean",
                                        [MOTE_APPLY_SLOTS + 1] = "c1.bias.square"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i])
            assert_int_equal(operation->offsets[i],
                             blocks.blocks[mote_state_find(&blocks, names[i])].offset);
    }
    compilation_release(&c);
}

/// How often an operation of the program lets go of these bytes after `step`.
static size_t count_deaths(const mote_program *program, size_t step, size_t offset, size_t bytes)
{
    const mote_operation *const operation = &program->operations[step];
    size_t deaths = 0;
    for (size_t i = 0; i < operation->dead_count; i++)
        deaths += operation->dead[i].offset == offset && operation->dead[i].bytes == bytes;
    return deaths;
}

static size_t count_all_deaths(const mote_program *program)
{
    size_t deaths = 0;
    for (size_t i = 0; i < program->operation_count; i++)
        deaths += program->operations[i].dead_count;
    return deaths;
}

/// Blocks whose last use is the program's last step are read by the caller.
static void every_block_dies_once_after_its_last_step(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN | MOTE_MODE_INFER, &c);
    size_t placement = c.compiled.state_block_count;
    for (size_t i = 0; i < c.compiled.program_count; i++) {
        const mote_schedule *const schedule = &c.compiled.schedules[i];
        size_t mortal = 0;
        for (size_t j = 0; j < schedule->block_count; j++, placement++) {
            const mote_block *const block = &schedule->blocks[j];
            const bool dies = block->last + 1 < schedule->step_count;
            assert_int_equal(count_deaths(&c.compiled.programs[i], block->last,
                                          c.compiled.plan.offsets[placement], block->bytes),
                             dies);
            mortal += dies;
        }
        assert_int_equal(count_all_deaths(&c.compiled.programs[i]), mortal);
    }
    compilation_release(&c);
}

static void the_result_lives_when_the_program_ends(void **state)
{
    compilation c;
    compile_text(state, SMALL, MOTE_MODE_TRAIN | MOTE_MODE_INFER, &c);
    for (size_t i = 0; i < c.compiled.program_count; i++) {
        const mote_program *const program = &c.compiled.programs[i];
        for (size_t j = 0; j < program->operation_count; j++) {
            const mote_operation *const operation = &program->operations[j];
            const bool writes = strcmp(operation->name, "forward out/loss") == 0;
            for (size_t k = 0; writes && k < operation->dead_count; k++)
                assert_int_not_equal(operation->dead[k].offset, program->result_offsets[0]);
        }
        assert_true(program->result_offsets[0] < c.compiled.plan.arena_bytes);
    }
    compilation_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gradient_has_input_and_output_derivative_but_no_weights),
        cmocka_unit_test(a_derivative_has_weights_and_derivatives_but_no_values),
        cmocka_unit_test(what_a_phase_does_not_need_still_has_its_shape),
        cmocka_unit_test(an_update_has_statistics_and_what_the_batch_showed),
        cmocka_unit_test(evaluation_knows_that_it_does_not_train),
        cmocka_unit_test(random_numbers_are_keyed_by_the_name_of_the_node),
        cmocka_unit_test(reads_and_the_loss_have_operations_of_their_own),
        cmocka_unit_test(programs_with_a_next_batch_say_what_can_be_read_ahead),
        cmocka_unit_test(an_update_of_a_weight_has_its_slots),
        cmocka_unit_test(every_block_dies_once_after_its_last_step),
        cmocka_unit_test(the_result_lives_when_the_program_ends),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
