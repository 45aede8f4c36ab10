// SPDX-License-Identifier: Apache-2.0
// Layers, losses and optimizers of a program's own behave as mote's: copies of these have their bits, plans, files and
// documentation.
#include "copies.h"
#include "mote/mote.h"
#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BATCH   64U
#define SAMPLES 100U
#define INPUTS  192U
#define OUTPUTS 10U

/// Names of the four parts.
typedef struct parts {
    const char *dense, *rectify, *squares, *descend;
} parts;

static const parts own = {"fully_connected", "activation\nactivation = relu", "mse", "sgd"};
static const parts copies = {"dense", "rectify", "squares", "descend"};

typedef struct variant {
    const char *model, *optimizer, *hidden; // more keys
} variant;

/// How a model is run.
typedef struct setting {
    const parts *parts;
    const variant *variant;
    size_t threads;
    const char *cpu;
} setting;

/// What comes out.
typedef struct result {
    char digest[65];
    double loss;
    size_t arena_bytes;
    float outputs[SAMPLES * OUTPUTS];
} result;

static void write_text(void *user, const char *text, size_t length)
{
    char *all = user;
    const size_t used = strlen(all);
    assert_true(used + length < 65536);
    memcpy(all + used, text, length);
    all[used + length] = '\0';
}

static const char *write_model(void **state, const parts *p, const variant *v)
{
    char text[2048];
    (void)snprintf(text, sizeof text,
                   "[Model]\nbatch_size = %u\nepochs = 3\nseed = 7\n%s"
                   "[Optimizer]\ntype = %s\nlearning_rate = 0.05\n%s"
                   "[in]\ntype = input\ninput_shape = 1:2:%u\n"
                   "[hidden]\ntype = %s\nunit = 320\n%s"
                   "[bent]\ntype = %s\n"
                   "[flat]\ntype = flatten\n"
                   "[out]\ntype = %s\nunit = %u\n"
                   "[loss]\ntype = %s\n",
                   BATCH, v->model, p->descend, v->optimizer, INPUTS / 2, p->dense, v->hidden,
                   p->rectify, p->dense, OUTPUTS, p->squares);
    return mote_test_write_text(state, "model.ini", text);
}

/// Numbers from -0.5 to 0.5.
static float make_number(uint64_t sample, size_t port, size_t index)
{
    const uint64_t mixed = (sample * 2654435761U + port * 40503U + index * 2246822519U) % 1009U;
    return (float)mixed / 1009.0F - 0.5F;
}

static int read_sample(void *user, uint64_t sample, size_t port, void *values, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++)
        ((float *)values)[i] = make_number(sample, port, i);
    return 0;
}

static const mote_data_source source = {.sample_count = SAMPLES, .read = read_sample};

static void add_copies(mote_context *context)
{
    expect_ok(mote_context_add_layer(context, &dense));
    expect_ok(mote_context_add_layer(context, &rectify));
    expect_ok(mote_context_add_loss(context, &squares));
    expect_ok(mote_context_add_optimizer(context, &descend));
}

static void start(void **state, const setting *s, mote_context **context, mote_model **model)
{
    const mote_context_config config = {.thread_count = s->threads, .cpu = s->cpu};
    expect_ok(mote_context_create(&config, context));
    add_copies(*context);
    expect_ok(mote_model_load(*context, write_model(state, s->parts, s->variant), NULL, 0, model));
}

static void run_all(mote_model *model, result *r)
{
    float *inputs = malloc(sizeof(float) * SAMPLES * INPUTS);
    const mote_compile_config inference = {.modes = MOTE_MODE_INFER, .batch = SAMPLES};
    assert_non_null(inputs);
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t j = 0; j < INPUTS; j++)
            inputs[i * INPUTS + j] = make_number(i, 0, j);
    }
    expect_ok(mote_model_compile(model, &inference));
    expect_ok(mote_model_run(model, inputs, SAMPLES, r->outputs));
    free(inputs);
}

static void train(void **state, const setting *s, result *r)
{
    mote_context *context = NULL;
    mote_model *model = NULL;
    mote_train_result trained;
    mote_plan_info plan;
    *r = (result){.loss = 0};
    start(state, s, &context, &model);
    expect_ok(mote_model_set_data(model, "train_set", &source));
    expect_ok(mote_model_compile(model, NULL));
    expect_ok(mote_model_get_plan(model, &plan));
    expect_ok(mote_model_train(model, NULL, &trained));
    expect_ok(mote_model_digest(model, r->digest));
    r->loss = trained.training.loss;
    r->arena_bytes = plan.arena_bytes;
    run_all(model, r);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

static const variant variants[] = {
    {"", "", ""},
    {"apply = after_all\n", "momentum = 0.9\nweight_decay = 0.01\nclip_norm = 0.1\n", ""},
    {"", "momentum = 0.5\nmoving_average = 0.5\n", "trainable = false\n"},
};

static void compare(void **state, const setting *s, const result *expected)
{
    result *got = mote_test_memory(state, sizeof *got);
    train(state, s, got);
    assert_string_equal(got->digest, expected->digest);
    assert_memory_equal(&got->loss, &expected->loss, sizeof got->loss);
    assert_int_equal(got->arena_bytes, expected->arena_bytes);
    assert_memory_equal(got->outputs, expected->outputs, sizeof got->outputs);
}

static void copies_have_the_bits_and_the_arena_of_what_they_copy(void **state)
{
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        result *expected = mote_test_memory(state, sizeof *expected);
        for (size_t threads = 1; threads <= 3; threads++) {
            const setting theirs = {&own, &variants[i], threads, NULL};
            const setting ours = {&copies, &variants[i], threads, NULL};
            train(state, &theirs, expected);
            assert_true(expected->loss > 0.01);
            compare(state, &ours, expected);
        }
        const setting scalar = {&copies, &variants[i], 3, "scalar"};
        compare(state, &scalar, expected);
    }
}

static void their_weights_are_exchanged_by_name(void **state)
{
    const setting theirs = {&own, &variants[0], 1, NULL};
    const setting ours = {&copies, &variants[0], 1, NULL};
    const char *path = mote_test_path(state, "weights");
    mote_context *contexts[2] = {NULL};
    mote_model *models[2] = {NULL};
    char digests[2][65];
    mote_tensor_info tensor;
    start(state, &theirs, &contexts[0], &models[0]);
    start(state, &ours, &contexts[1], &models[1]);
    for (size_t i = 0; i < 2; i++)
        expect_ok(mote_model_compile(models[i], NULL));
    expect_ok(mote_model_set_data(models[0], "train_set", &source));
    expect_ok(mote_model_train(models[0], NULL, NULL));
    expect_ok(mote_model_save(models[0], path));
    expect_ok(mote_model_load_weights(models[1], path));
    for (size_t i = 0; i < 2; i++) {
        expect_ok(mote_model_digest(models[i], digests[i]));
        expect_ok(mote_model_find_tensor(models[i], "hidden.weight", &tensor));
        assert_int_equal(tensor.dims[1], INPUTS / 2);
    }
    assert_string_equal(digests[0], digests[1]);
    for (size_t i = 0; i < 2; i++) {
        mote_model_destroy(&models[i]);
        mote_context_destroy(&contexts[i]);
    }
}

static void they_are_documented_and_suggested(void **state)
{
    const mote_context_config config = {.thread_count = 1};
    mote_context *context = NULL;
    mote_model *model = NULL;
    mote_component_info info = {.name = NULL};
    char text[65536] = "";
    const mote_writer writer = {.user = text, .write = write_text};
    expect_ok(mote_context_create(&config, &context));
    const size_t count = mote_component_count(context);
    add_copies(context);
    assert_int_equal(mote_component_count(context), count + 4);
    expect_ok(mote_describe(context, "descend", &writer));
    assert_non_null(strstr(text, "descend (optimizer): sgd again\n"));
    assert_non_null(strstr(text, "share of the velocity that is kept"));
    for (size_t i = 0; !info.name || strcmp(info.name, "squares") != 0; i++)
        expect_ok(mote_component_get(context, i, &info));
    assert_int_equal(info.kind, MOTE_COMPONENT_LOSS);
    const parts wrong = {"densse", "rectify", "squares", "descend"};
    expect_raises(
        mote_model_load(context, write_model(state, &wrong, &variants[0]), NULL, 0, &model),
        MOTE_ERROR_PROPERTY,
        "model.ini:12: layer 'hidden': unknown type 'densse', did you mean 'dense'?");
    const parts away = {"dense", "rectify", "squares", "descent"};
    expect_raises(
        mote_model_load(context, write_model(state, &away, &variants[0]), NULL, 0, &model),
        MOTE_ERROR_PROPERTY,
        "model.ini:6: [Optimizer]: unknown type 'descent', did you mean 'descend'?");
    const variant bad = {"", "", "unitt = 3\n"};
    expect_raises(mote_model_load(context, write_model(state, &copies, &bad), NULL, 0, &model),
                  MOTE_ERROR_PROPERTY,
                  "model.ini:14: layer 'hidden': unknown key 'unitt', did you mean 'unit'?");
    mote_context_destroy(&context);
}

static void a_loss_is_named_by_the_model_too(void **state)
{
    const mote_context_config config = {.thread_count = 1};
    const mote_compile_config training = {.modes = MOTE_MODE_TRAIN};
    const char *text = "[Model]\nloss = SQUARES\n[Optimizer]\ntype = sgd\n[in]\ntype = input\n"
                       "input_shape = 3\n[out]\ntype = dense\nunit = 2\nactivation = relu\n";
    mote_context *context = NULL;
    mote_model *model = NULL;
    expect_ok(mote_context_create(&config, &context));
    add_copies(context);
    expect_ok(
        mote_model_load(context, mote_test_write_text(state, "loss.ini", text), NULL, 0, &model));
    expect_ok(mote_model_compile(model, &training));
    mote_model_destroy(&model);
    const mote_setting wrong = {"Model", "loss", "squaress"};
    expect_raises(mote_model_load(context, mote_test_path(state, "loss.ini"), &wrong, 1, &model),
                  MOTE_ERROR_PROPERTY, "there is no such loss, did you mean 'squares'?");
    mote_context_destroy(&context);
}

static void nothing_is_allocated_between_steps(void **state)
{
    static float inputs[BATCH][INPUTS];
    static float labels[BATCH][OUTPUTS];
    const void *const input_list[] = {inputs};
    const void *const label_list[] = {labels};
    const mote_batch batch = {input_list, 1, label_list, 1, BATCH};
    const mote_compile_config stepping = {.modes = MOTE_MODE_STEP};
    failing_allocator failing;
    failing_allocator_init(&failing, 0, false);
    const mote_context_config config = {.thread_count = 2, .allocator = &failing.allocator};
    mote_context *context = NULL;
    mote_model *model = NULL;
    expect_ok(mote_context_create(&config, &context));
    add_copies(context);
    expect_ok(mote_model_load(context, write_model(state, &copies, &variants[1]), NULL, 0, &model));
    expect_ok(mote_model_compile(model, &stepping));
    expect_ok(mote_model_allocate(model));
    const size_t requests = failing.request_count;
    for (size_t i = 0; i < 3; i++) {
        expect_ok(mote_model_forward(model, &batch, NULL));
        expect_ok(mote_model_apply(model, NULL));
    }
    assert_int_equal(failing.request_count, requests);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    assert_int_equal(failing.live_count, 0);
}

static mote_status register_with(const mote_allocator *allocator, void *user)
{
    const mote_context_config config = {.thread_count = 1, .allocator = allocator};
    mote_context *context = NULL;
    (void)user;
    mote_status status = mote_context_create(&config, &context);
    for (size_t i = 0; status == MOTE_OK && i < 40; i++) {
        char *name = mote_test_memory(user, 16);
        mote_custom_layer layer = dense;
        (void)snprintf(name, 16, "dense%zu", i);
        layer.name = name;
        status = mote_context_add_layer(context, &layer);
    }
    if (status == MOTE_OK)
        status = mote_context_add_optimizer(context, &descend);
    mote_context_destroy(&context);
    return status;
}

static void memory_that_runs_out_is_an_error(void **state)
{
    assert_true(failing_allocator_sweep(register_with, state) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_have_the_bits_and_the_arena_of_what_they_copy),
        cmocka_unit_test(their_weights_are_exchanged_by_name),
        cmocka_unit_test(they_are_documented_and_suggested),
        cmocka_unit_test(a_loss_is_named_by_the_model_too),
        cmocka_unit_test(nothing_is_allocated_between_steps),
        cmocka_unit_test(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
