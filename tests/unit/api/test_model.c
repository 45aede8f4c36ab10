// SPDX-License-Identifier: Apache-2.0
// The public handles: what may be called when, bad arguments, and what comes back.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT                                                                           \
    "[Model]\nloss = cross\nbatch_size = 4\nepochs = 2\nseed = 5\nsave_path = saved\n" \
    "[Optimizer]\ntype = adam\nlearning_rate = 0.01\n"                                 \
    "[train_set]\ntype = idx\npath = images\nlabel_path = labels\n"                    \
    "[test_set]\ntype = idx\npath = images\nlabel_path = labels\n"                     \
    "[in]\ntype = input\ninput_shape = 1:4:4\nflatten = true\n"                        \
    "[hidden]\ntype = fully_connected\nunit = 5\nactivation = relu\n"                  \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"

#define ALL (MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE | MOTE_MODE_INFER)

/// A context of one thread and the model, loaded and not compiled.
typedef struct session {
    mote_context *context;
    mote_model *model;
} session;

static mote_status start_with(void **state, const mote_setting *settings, size_t count, session *s)
{
    const mote_context_config config = {.thread_count = 1};
    const char *const path = mote_test_write_text(state, "model.ini", TEXT);
    *s = (session){.context = NULL};
    expect_ok(mote_context_create(&config, &s->context));
    return mote_model_load(s->context, path, settings, count, &s->model);
}

static void start(void **state, unsigned modes, session *s)
{
    const mote_compile_config config = {.modes = modes};
    expect_ok(start_with(state, NULL, 0, s));
    if (modes)
        expect_ok(mote_model_compile(s->model, &config));
}

static void end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

#define ARGUMENT(call, text) expect_raises((call), MOTE_ERROR_ARGUMENT, (text))

static void a_context_takes_its_defaults_from_the_machine(void **unused)
{
    (void)unused;
    mote_context *context = NULL;
    expect_ok(mote_context_create(NULL, &context));
    assert_int_equal(mote_context_thread_count(context), mote_processor_count());
    assert_non_null(mote_context_cpu(context));
    mote_context_destroy(&context);
    assert_null(context);
    mote_context_destroy(&context);
    mote_context_destroy(NULL);
}

static void a_context_refuses_what_it_cannot_be(void **unused)
{
    (void)unused;
    mote_context *context = NULL;
    ARGUMENT(mote_context_create(NULL, NULL), "mote_context_create: context is NULL");
    ARGUMENT(mote_context_create(&(mote_context_config){.cpu = "sse9"}, &context),
             "unknown CPU level 'sse9', expected one of: scalar avx2 avx512 neon");
    ARGUMENT(mote_context_create(&(mote_context_config){.thread_count = 257}, &context),
             "257 threads: expected 1 to 256");
    assert_null(context);
}

static void a_context_has_the_level_and_threads_asked_for(void **unused)
{
    (void)unused;
    mote_context *context = NULL;
    expect_ok(
        mote_context_create(&(mote_context_config){.thread_count = 3, .cpu = "scalar"}, &context));
    assert_int_equal(mote_context_thread_count(context), 3);
    assert_string_equal(mote_context_cpu(context), "scalar");
    mote_context_destroy(&context);
}

static void loading_checks_its_arguments(void **state)
{
    session s;
    start(state, 0, &s);
    mote_model *model = NULL;
    static const char text[] = "mote_model_load: an argument is NULL";
    ARGUMENT(mote_model_load(NULL, "x", NULL, 0, &model), text);
    ARGUMENT(mote_model_load(s.context, NULL, NULL, 0, &model), text);
    ARGUMENT(mote_model_load(s.context, "x", NULL, 1, &model), text);
    ARGUMENT(mote_model_load(s.context, "x", NULL, 0, NULL), text);
    expect_raises(mote_model_load(s.context, mote_test_path(state, "none.ini"), NULL, 0, &model),
                  MOTE_ERROR_IO, "none.ini");
    assert_null(model);
    mote_model_destroy(&model);
    mote_model_destroy(NULL);
    end(&s);
    assert_null(s.model);
}

static void loading_finds_errors_of_the_graph(void **state)
{
    session s;
    const mote_setting setting = {"hidden", "input_layers", "inn"};
    expect_raises(start_with(state, &setting, 1, &s), MOTE_ERROR_GRAPH,
                  "--set: layer 'hidden': input_layers: there is no layer 'inn', did you mean "
                  "'in'?");
    assert_null(s.model);
    end(&s);
}

static void settings_win_over_the_file(void **state)
{
    session s;
    const mote_setting settings[] = {{"model", "epochs", "7"}, {"Model", "batch_size", "3"}};
    mote_plan_info info;
    expect_ok(start_with(state, settings, 2, &s));
    assert_int_equal(mote_model_epoch_count(s.model), 7);
    expect_ok(mote_model_compile(s.model, NULL));
    expect_ok(mote_model_get_plan(s.model, &info));
    assert_int_equal(info.batch_size, 3);
    end(&s);
}

static void paths_and_sets_are_known_after_loading(void **state)
{
    session s;
    start(state, 0, &s);
    assert_string_equal(mote_model_save_path(s.model), mote_test_path(state, "saved"));
    assert_null(mote_model_load_path(s.model));
    assert_true(mote_model_has_set(s.model, "test_set"));
    assert_false(mote_model_has_set(s.model, "valid_set"));
    assert_false(mote_model_has_set(s.model, "Model"));
    assert_string_equal(mote_model_class_names(s.model), "");
    end(&s);
}

static void most_calls_need_a_compiled_model(void **state)
{
    session s;
    static const char text[] = "the model is not compiled";
    mote_plan_info plan;
    mote_placement_info placement;
    mote_tensor_info tensor;
    mote_metrics metrics;
    size_t sizes[2];
    float values[16];
    char digest[65];
    start(state, 0, &s);
    const mote_train_config config = {.steps = 1};
    ARGUMENT(mote_model_allocate(s.model), text);
    ARGUMENT(mote_model_get_plan(s.model, &plan), text);
    ARGUMENT(mote_model_get_placement(s.model, 0, &placement), text);
    ARGUMENT(mote_model_train(s.model, NULL, NULL), text);
    ARGUMENT(mote_model_bench(s.model, &config, NULL), text);
    ARGUMENT(mote_model_evaluate(s.model, "test_set", NULL, &metrics), text);
    ARGUMENT(mote_model_get_sizes(s.model, &sizes[0], &sizes[1]), text);
    ARGUMENT(mote_model_read_image(s.model, "x", values), text);
    ARGUMENT(mote_model_run(s.model, values, 1, values), text);
    ARGUMENT(mote_model_save(s.model, "x"), text);
    ARGUMENT(mote_model_load_weights(s.model, "x"), text);
    ARGUMENT(mote_model_get_tensor(s.model, 0, &tensor), text);
    ARGUMENT(mote_model_find_tensor(s.model, "x", &tensor), text);
    ARGUMENT(mote_model_digest(s.model, digest), text);
    assert_int_equal(mote_model_tensor_count(s.model), 0);
    end(&s);
}

static void no_call_takes_null_for_a_model(void **unused)
{
    (void)unused;
    mote_plan_info plan;
    const mote_train_config config = {.steps = 1};
    ARGUMENT(mote_model_compile(NULL, NULL), "mote_model_compile: model is NULL");
    ARGUMENT(mote_model_allocate(NULL), "model is NULL");
    ARGUMENT(mote_model_get_plan(NULL, &plan), "model is NULL");
    ARGUMENT(mote_model_train(NULL, NULL, NULL), "model is NULL");
    ARGUMENT(mote_model_bench(NULL, &config, NULL), "model is NULL");
    ARGUMENT(mote_model_save(NULL, "x"), "model is NULL");
}

static void no_call_takes_null_for_a_result(void **state)
{
    session s;
    size_t size = 0;
    float values[16];
    mote_tensor_info tensor;
    const mote_writer writer = {.user = NULL};
    start(state, ALL, &s);
    expect_ok(mote_model_allocate(s.model));
    ARGUMENT(mote_model_get_plan(s.model, NULL), "mote_model_get_plan: an argument is NULL");
    ARGUMENT(mote_model_get_placement(s.model, 0, NULL),
             "mote_model_get_placement: an argument is NULL");
    ARGUMENT(mote_model_evaluate(s.model, NULL, NULL, NULL),
             "mote_model_evaluate: an argument is NULL");
    ARGUMENT(mote_model_get_sizes(s.model, &size, NULL),
             "mote_model_get_sizes: an argument is NULL");
    ARGUMENT(mote_model_read_image(s.model, NULL, values),
             "mote_model_read_image: an argument is NULL");
    ARGUMENT(mote_model_get_tensor(s.model, 0, NULL), "mote_model_get_tensor: an argument is NULL");
    ARGUMENT(mote_model_find_tensor(s.model, NULL, &tensor),
             "mote_model_find_tensor: an argument is NULL");
    ARGUMENT(mote_model_digest(s.model, NULL), "mote_model_digest: an argument is NULL");
    ARGUMENT(mote_model_save(s.model, NULL), "mote_model_save: an argument is NULL");
    ARGUMENT(mote_model_load_weights(s.model, NULL),
             "mote_model_load_weights: an argument is NULL");
    ARGUMENT(mote_model_explain(s.model, MOTE_STAGE_PLAN, NULL),
             "mote_model_explain: an argument is NULL, or stage 3 is none");
    ARGUMENT(mote_model_explain(s.model, MOTE_STAGE_COUNT, &writer),
             "mote_model_explain: an argument is NULL, or stage 5 is none");
    ARGUMENT(mote_model_explain_tensor(s.model, NULL, &writer),
             "mote_model_explain_tensor: an argument is NULL");
    ARGUMENT(mote_model_explain_tensor(s.model, "hidden", NULL),
             "mote_model_explain_tensor: an argument is NULL");
    ARGUMENT(mote_context_write_file(s.context, NULL, values, 1),
             "mote_context_write_file: an argument is NULL");
    ARGUMENT(mote_context_write_file(s.context, "x", NULL, 1),
             "mote_context_write_file: an argument is NULL");
    ARGUMENT(mote_context_write_file(NULL, "x", values, 1),
             "mote_context_write_file: an argument is NULL");
    end(&s);
}

static void compiling_refuses_unknown_modes_and_planners(void **state)
{
    session s;
    mote_plan_info plan;
    start(state, 0, &s);
    ARGUMENT(mote_model_compile(s.model, &(mote_compile_config){.modes = 16}),
             "mote_model_compile: unknown mode in 0x10");
    ARGUMENT(
        mote_model_compile(s.model, &(mote_compile_config){.without = 1U << MOTE_TECHNIQUE_COUNT}),
        "mote_model_compile: unknown technique in 0x");
    ARGUMENT(mote_model_compile(s.model, &(mote_compile_config){.planner = "bestfit"}),
             "unknown planner 'bestfit', did you mean 'best_fit'?");
    ARGUMENT(mote_model_get_plan(s.model, &plan), "the model is not compiled");
    end(&s);
}

static void techniques_are_found_by_name(void **unused)
{
    unsigned found = 0;
    (void)unused;
    for (unsigned i = 0; i < MOTE_TECHNIQUE_COUNT; i++) {
        expect_ok(mote_techniques_find(mote_technique_name(i), &found));
        assert_int_equal(found, 1U << i);
        assert_true(mote_technique_summary(i)[0] != '\0');
    }
    expect_ok(mote_techniques_find("slices,recompute", &found));
    assert_int_equal(found, MOTE_TECHNIQUE_RECOMPUTE | MOTE_TECHNIQUE_SLICES);
    assert_string_equal(mote_technique_name(MOTE_TECHNIQUE_COUNT), "");
    assert_string_equal(mote_technique_summary(MOTE_TECHNIQUE_COUNT), "");
    ARGUMENT(mote_techniques_find("slices,slice", &found),
             "there is no technique 'slice', did you mean 'slices'?");
    ARGUMENT(mote_techniques_find("slices,", &found), "there is no technique ''");
    ARGUMENT(mote_techniques_find("slices", NULL), "mote_techniques_find: an argument is NULL");
    ARGUMENT(mote_techniques_find(NULL, &found), "mote_techniques_find: an argument is NULL");
}

static void steps_have_names(void **state)
{
    session s;
    mote_plan_info plan;
    char text[64];
    start(state, ALL, &s);
    expect_ok(mote_model_get_plan(s.model, &plan));
    expect_ok(mote_model_get_step_name(s.model, plan.peak_step, text, sizeof text));
    assert_string_equal(text, plan.peak_step_name);
    expect_ok(mote_model_get_step_name(s.model, plan.step_count - 1, text, sizeof text));
    assert_non_null(strstr(text, " (infer)"));
    expect_ok(mote_model_get_step_name(s.model, 0, text, 5));
    assert_string_equal(text, "read");
    ARGUMENT(mote_model_get_step_name(s.model, plan.step_count, text, sizeof text), "the plan has");
    ARGUMENT(mote_model_get_step_name(s.model, 0, text, 0), "takes 0 bytes");
    ARGUMENT(mote_model_get_step_name(s.model, 0, NULL, 9), "text is NULL");
    end(&s);
}

static void a_model_does_what_it_is_compiled_for(void **state)
{
    session s;
    float values[16];
    mote_metrics metrics;
    start(state, MOTE_MODE_EVALUATE, &s);
    ARGUMENT(mote_model_train(s.model, NULL, NULL),
             "the model is compiled for modes 0x2; this needs 0x1");
    ARGUMENT(mote_model_run(s.model, values, 1, values),
             "the model is compiled for modes 0x2; this needs 0x4");
    end(&s);
    start(state, MOTE_MODE_TRAIN, &s);
    ARGUMENT(mote_model_evaluate(s.model, "test_set", NULL, &metrics),
             "the model is not compiled for evaluation");
    end(&s);
}

static void a_model_may_be_compiled_again(void **state)
{
    session s;
    mote_plan_info train;
    mote_plan_info infer;
    start(state, MOTE_MODE_TRAIN, &s);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_get_plan(s.model, &train));
    const size_t train_bytes = train.arena_bytes;
    expect_ok(mote_model_compile(s.model, &(mote_compile_config){.modes = MOTE_MODE_INFER}));
    expect_ok(mote_model_get_plan(s.model, &infer));
    assert_true(infer.arena_bytes < train_bytes);
    ARGUMENT(mote_model_train(s.model, NULL, NULL), "the model is compiled for modes 0x4");
    end(&s);
}

static void placements_tell_the_whole_plan(void **state)
{
    session s;
    mote_plan_info plan;
    mote_placement_info placement;
    size_t arena_end = 0;
    start(state, ALL, &s);
    expect_ok(mote_model_get_plan(s.model, &plan));
    for (size_t i = 0; i < plan.placement_count; i++) {
        expect_ok(mote_model_get_placement(s.model, i, &placement));
        assert_int_equal(placement.id, i);
        assert_true(placement.rank <= 7 &&
                    (placement.rank > 0 || placement.kind == MOTE_BLOCK_KIND_SCRATCH));
        assert_true(placement.lower < placement.upper && placement.upper <= plan.step_count);
        if (placement.offset + placement.bytes > arena_end)
            arena_end = placement.offset + placement.bytes;
    }
    assert_int_equal(arena_end, plan.arena_bytes);
    assert_null(mote_model_placement_tensor(s.model, 0, 0)); // a weight
    assert_null(mote_model_placement_tensor(s.model, plan.placement_count, 0));
    assert_null(mote_model_placement_tensor(NULL, 0, 0));
    char text[64];
    (void)snprintf(text, sizeof text, "placement %zu: the plan has %zu", plan.placement_count,
                   plan.placement_count);
    ARGUMENT(mote_model_get_placement(s.model, plan.placement_count, &placement), text);
    end(&s);
}

static void tensors_are_found_by_index_and_by_name(void **state)
{
    static const char *const names[] = {"hidden.bias", "hidden.weight", "out.bias", "out.weight"};
    session s;
    mote_tensor_info by_index;
    mote_tensor_info by_name;
    start(state, MOTE_MODE_TRAIN, &s);
    ARGUMENT(mote_model_get_tensor(s.model, 0, &by_index),
             "the model has no values yet: call mote_model_allocate first");
    expect_ok(mote_model_allocate(s.model));
    assert_int_equal(mote_model_tensor_count(s.model), 4);
    for (size_t i = 0; i < 4; i++) {
        expect_ok(mote_model_get_tensor(s.model, i, &by_index));
        expect_ok(mote_model_find_tensor(s.model, names[i], &by_name));
        assert_string_equal(by_index.name, names[i]);
        assert_ptr_equal(by_index.values, by_name.values);
    }
    assert_int_equal(by_index.rank, 2);
    assert_int_equal(by_index.dims[0], 3);
    assert_int_equal(by_index.dims[1], 5);
    assert_int_equal(by_index.element_count, 15);
    ARGUMENT(mote_model_get_tensor(s.model, 4, &by_index), "tensor 4: the model has 4");
    ARGUMENT(mote_model_find_tensor(s.model, "out.weigth", &by_name),
             "the model has no tensor 'out.weigth', did you mean 'out.weight'?");
    ARGUMENT(mote_model_find_tensor(s.model, "out.weight.mean", &by_name),
             "the model has no tensor 'out.weight.mean'"); // the optimizer's
    end(&s);
}

static void values_written_by_the_caller_count(void **state)
{
    session s;
    mote_tensor_info tensor;
    char before[65];
    char after[65];
    start(state, MOTE_MODE_INFER, &s);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_digest(s.model, before));
    expect_ok(mote_model_find_tensor(s.model, "out.bias", &tensor));
    tensor.values[0] = 1.5F;
    expect_ok(mote_model_digest(s.model, after));
    assert_string_not_equal(before, after);
    end(&s);
}

static void a_model_trains_saves_evaluates_and_infers(void **state)
{
    session s;
    mote_train_result result;
    mote_metrics metrics;
    size_t input = 0;
    size_t output = 0;
    float images[2 * 16] = {0};
    float shares[2 * 3];
    char trained[65];
    char loaded[65];
    start(state, ALL, &s);
    expect_ok(mote_model_train(s.model, NULL, &result));
    assert_int_equal(result.epochs, 2);
    expect_ok(mote_model_digest(s.model, trained));
    expect_ok(mote_model_evaluate(s.model, "test_set", NULL, &metrics));
    assert_int_equal(metrics.samples, NOISE_COUNT);
    expect_ok(mote_model_get_sizes(s.model, &input, &output));
    assert_int_equal(input, 16);
    assert_int_equal(output, 3);
    expect_ok(mote_model_run(s.model, images, 2, shares));
    assert_memory_equal(shares, shares + 3, 3 * sizeof(float));
    expect_ok(mote_model_save(s.model, mote_test_path(state, "copy")));
    end(&s);
    start(state, MOTE_MODE_INFER, &s);
    expect_ok(mote_model_load_weights(s.model, mote_test_path(state, "copy")));
    expect_ok(mote_model_digest(s.model, loaded));
    assert_string_equal(trained, loaded);
    end(&s);
}

static void compiling_may_name_the_weights_to_start_from(void **state)
{
    session s;
    char first[65];
    char second[65];
    start(state, MOTE_MODE_TRAIN, &s);
    expect_ok(mote_model_train(s.model, NULL, NULL));
    expect_ok(mote_model_digest(s.model, first));
    const mote_compile_config config = {.modes = MOTE_MODE_INFER,
                                        .weights = mote_test_path(state, "saved")};
    expect_ok(mote_model_compile(s.model, &config));
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_digest(s.model, second));
    assert_string_equal(first, second);
    const mote_compile_config missing = {.weights = mote_test_path(state, "none")};
    expect_ok(mote_model_compile(s.model, &missing));
    expect_raises(mote_model_allocate(s.model), MOTE_ERROR_IO, "none");
    end(&s);
}

static void running_needs_one_sample_to_a_batch(void **state)
{
    session s;
    float values[16] = {0};
    start(state, MOTE_MODE_INFER, &s);
    ARGUMENT(mote_model_run(s.model, values, 0, values),
             "mote_model_run: needs inputs, outputs and 1 to 4 samples, got 0");
    ARGUMENT(mote_model_run(s.model, values, 5, values),
             "mote_model_run: needs inputs, outputs and 1 to 4 samples, got 5");
    ARGUMENT(mote_model_run(s.model, NULL, 1, values), "mote_model_run: needs inputs, outputs");
    end(&s);
}

static void a_benchmark_needs_steps(void **state)
{
    session s;
    start(state, MOTE_MODE_TRAIN, &s);
    ARGUMENT(mote_model_bench(s.model, NULL, NULL), "mote_model_bench: steps must be at least 1");
    expect_ok(mote_model_bench(s.model, &(mote_train_config){.steps = 2}, NULL));
    end(&s);
}

static void a_set_that_is_not_there_cannot_be_evaluated(void **state)
{
    session s;
    mote_metrics metrics;
    start(state, MOTE_MODE_EVALUATE, &s);
    expect_raises(mote_model_evaluate(s.model, "valid_set", NULL, &metrics), MOTE_ERROR_PROPERTY,
                  "model.ini: there is no section [valid_set]");
    end(&s);
}

static void training_does_not_overwrite_what_it_starts_from(void **state)
{
    session s;
    const mote_setting setting = {"Model", "load_path", "./saved"};
    start(state, MOTE_MODE_TRAIN, &s);
    expect_ok(mote_model_train(s.model, NULL, NULL)); // now the file is there
    end(&s);
    expect_ok(start_with(state, &setting, 1, &s));
    expect_ok(mote_model_compile(s.model, NULL));
    expect_raises(mote_model_train(s.model, NULL, NULL), MOTE_ERROR_PROPERTY,
                  "[Model]: load_path and save_path name the same file (./saved); training would "
                  "overwrite what it started from");
    end(&s);
}

static mote_status use_all(const mote_allocator *allocator, void *user)
{
    const mote_context_config config = {.thread_count = 1, .allocator = allocator};
    const mote_compile_config compile = {.modes = ALL};
    mote_context *context = NULL;
    mote_model *model = NULL;
    mote_metrics metrics;
    mote_status status = mote_context_create(&config, &context);
    if (status == MOTE_OK)
        status = mote_model_load(context, user, NULL, 0, &model);
    if (status == MOTE_OK)
        status = mote_model_compile(model, &compile);
    if (status == MOTE_OK)
        status = mote_model_train(model, NULL, NULL);
    if (status == MOTE_OK)
        status = mote_model_evaluate(model, "test_set", NULL, &metrics);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return status;
}

static void memory_that_cannot_be_had_is_an_error_and_nothing_leaks(void **state)
{
    char *const path = mote_test_memory(state, 512);
    (void)snprintf(path, 512, "%s", mote_test_write_text(state, "model.ini", TEXT));
    assert_true(failing_allocator_sweep(use_all, path) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_takes_its_defaults_from_the_machine),
        cmocka_unit_test(a_context_refuses_what_it_cannot_be),
        cmocka_unit_test(a_context_has_the_level_and_threads_asked_for),
        cmocka_unit_test(loading_checks_its_arguments),
        cmocka_unit_test(loading_finds_errors_of_the_graph),
        cmocka_unit_test(settings_win_over_the_file),
        cmocka_unit_test(paths_and_sets_are_known_after_loading),
        cmocka_unit_test(most_calls_need_a_compiled_model),
        cmocka_unit_test(no_call_takes_null_for_a_model),
        cmocka_unit_test(no_call_takes_null_for_a_result),
        cmocka_unit_test(compiling_refuses_unknown_modes_and_planners),
        cmocka_unit_test(techniques_are_found_by_name),
        cmocka_unit_test(steps_have_names),
        cmocka_unit_test(a_model_does_what_it_is_compiled_for),
        cmocka_unit_test(a_model_may_be_compiled_again),
        cmocka_unit_test(placements_tell_the_whole_plan),
        cmocka_unit_test(tensors_are_found_by_index_and_by_name),
        cmocka_unit_test(values_written_by_the_caller_count),
        cmocka_unit_test(a_model_trains_saves_evaluates_and_infers),
        cmocka_unit_test(compiling_may_name_the_weights_to_start_from),
        cmocka_unit_test(running_needs_one_sample_to_a_batch),
        cmocka_unit_test(a_benchmark_needs_steps),
        cmocka_unit_test(a_set_that_is_not_there_cannot_be_evaluated),
        cmocka_unit_test(training_does_not_overwrite_what_it_starts_from),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
