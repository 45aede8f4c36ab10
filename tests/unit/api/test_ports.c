// SPDX-License-Identifier: Apache-2.0
// Inputs, labels, outputs and losses of a network with several of each, and running it.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TEXT                                                              \
    "[Model]\nbatch_size = 4\nseed = 5\n[Optimizer]\ntype = sgd\n"        \
    "[train_set]\ntype = raw\npath = records\n"                           \
    "[rows]\ntype = input\ninput_shape = 1:3:2\n"                         \
    "[lengths]\ntype = input\ninput_shape = 1\ndtype = int32\n"           \
    "[memory]\ntype = lstm\nunit = 4\ninput_layers = rows, lengths\n"     \
    "[classes]\ntype = fully_connected\nunit = 3\n"                       \
    "[which]\ntype = cross_softmax\nloss_weight = 0.5\n"                  \
    "[values]\ntype = fully_connected\nunit = 2\ninput_layers = memory\n" \
    "[how_much]\ntype = mse\nloss_weight = 2\n"

#define RECORD  12U // 6 of rows, a length, 3 of a class, 2 of values
#define RECORDS 6U

typedef struct session {
    mote_context *context;
    mote_model *model;
} session;

static void write_records(void **state, float last)
{
    float values[RECORDS][RECORD] = {{0}};
    for (size_t i = 0; i < RECORDS; i++) {
        for (size_t j = 0; j < 6; j++)
            values[i][j] = (float)(i + j) / 10.0F;
        values[i][6] = (float)(1 + i % 3);
        values[i][7 + i % 3] = 1;
        values[i][10] = 0.5F;
    }
    values[RECORDS - 1][RECORD - 1] = last;
    (void)mote_test_write(state, "records", values, sizeof values);
}

static void start_with(void **state, unsigned modes, const mote_setting *settings, size_t count,
                       session *s)
{
    const mote_context_config context = {.thread_count = 1};
    const mote_compile_config config = {.modes = modes};
    const char *const path = mote_test_write_text(state, "model.ini", TEXT);
    *s = (session){.context = NULL};
    expect_ok(mote_context_create(&context, &s->context));
    expect_ok(mote_model_load(s->context, path, settings, count, &s->model));
    expect_ok(mote_model_compile(s->model, &config));
}

static void start(void **state, unsigned modes, session *s)
{
    start_with(state, modes, NULL, 0, s);
}

static void end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static void expect_port(const mote_port_info *port, const char *name, mote_port_type type,
                        size_t elements)
{
    assert_string_equal(port->name, name);
    assert_int_equal(port->type, type);
    assert_int_equal(port->rank, 3);
    assert_int_equal(port->dims[0] * port->dims[1] * port->dims[2], elements);
    assert_int_equal(port->element_count, elements);
}

static void ports_are_named_and_described_in_file_order(void **state)
{
    session s;
    mote_port_info port;
    start(state, MOTE_MODE_TRAIN | MOTE_MODE_INFER, &s);
    assert_int_equal(mote_model_input_count(s.model), 2);
    assert_int_equal(mote_model_label_count(s.model), 2);
    assert_int_equal(mote_model_output_count(s.model), 2);
    expect_ok(mote_model_get_input(s.model, 0, &port));
    expect_port(&port, "rows", MOTE_PORT_FLOAT, 6);
    expect_ok(mote_model_get_input(s.model, 1, &port));
    expect_port(&port, "lengths", MOTE_PORT_INT32, 1);
    assert_int_equal(port.smallest, 1);
    assert_int_equal(port.greatest, 3);
    expect_ok(mote_model_get_label(s.model, 0, &port));
    expect_port(&port, "which", MOTE_PORT_INT32, 1);
    assert_int_equal(port.smallest, 0);
    assert_int_equal(port.greatest, 2);
    expect_ok(mote_model_get_label(s.model, 1, &port));
    expect_port(&port, "how_much", MOTE_PORT_FLOAT, 2);
    expect_ok(mote_model_get_output(s.model, 0, &port));
    expect_port(&port, "classes", MOTE_PORT_FLOAT, 3);
    expect_ok(mote_model_get_output(s.model, 1, &port));
    expect_port(&port, "values", MOTE_PORT_FLOAT, 2);
    end(&s);
}

static void a_port_that_is_not_there_is_refused(void **state)
{
    session s;
    mote_port_info port;
    start(state, MOTE_MODE_INFER, &s);
    assert_int_equal(mote_model_label_count(s.model), 0);
    expect_raises(mote_model_get_input(s.model, 2, &port), MOTE_ERROR_ARGUMENT,
                  "input 2: the network has 2");
    expect_raises(mote_model_get_label(s.model, 0, &port), MOTE_ERROR_ARGUMENT,
                  "label 0: the network has 0");
    expect_raises(mote_model_get_output(s.model, 0, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_get_output: an argument is NULL");
    assert_int_equal(mote_model_input_count(NULL), 0);
    assert_int_equal(mote_model_output_count(NULL), 0);
    end(&s);
}

/// Two samples; `length` is that of the second.
static mote_status run(session *s, int32_t length, float classes[6], float values[4])
{
    static const float rows[2][6] = {{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 9, 9}};
    const int32_t lengths[2] = {2, length};
    const void *const inputs[] = {rows, lengths};
    void *const outputs[] = {classes, values};
    return mote_model_run_all(s->model, inputs, 2, 2, outputs, 2);
}

static void a_network_runs_on_all_its_inputs_and_gives_all_its_outputs(void **state)
{
    session s;
    float classes[6];
    float values[4];
    start(state, MOTE_MODE_INFER, &s);
    expect_ok(run(&s, 2, classes, values));
    assert_memory_equal(classes, classes + 3, 3 * sizeof(float)); // what lies behind the end
    assert_memory_equal(values, values + 2, 2 * sizeof(float));
    assert_true(fabsf(classes[0] + classes[1] + classes[2] - 1.0F) < 1e-6F);
    expect_ok(run(&s, 3, classes, values));
    assert_memory_not_equal(values, values + 2, 2 * sizeof(float));
    end(&s);
}

static void an_integer_that_no_layer_takes_is_refused_by_place(void **state)
{
    session s;
    float classes[6];
    float values[4];
    start(state, MOTE_MODE_INFER, &s);
    expect_raises(run(&s, 0, classes, values), MOTE_ERROR_DATA,
                  "read lengths batch: element 0 of sample 1 is 0, expected 1 to 3");
    expect_raises(run(&s, 4, classes, values), MOTE_ERROR_DATA, "is 4, expected 1 to 3");
    end(&s);
}

static void counts_and_pointers_are_checked(void **state)
{
    session s;
    float room[64] = {0};
    const void *inputs[] = {room, room};
    void *outputs[] = {room, room};
    start(state, MOTE_MODE_INFER, &s);
    expect_raises(mote_model_run_all(s.model, inputs, 1, 1, outputs, 2), MOTE_ERROR_ARGUMENT,
                  "mote_model_run_all: 1 inputs and 2 outputs, the network has 2 and 2");
    expect_raises(mote_model_run_all(s.model, inputs, 2, 5, outputs, 2), MOTE_ERROR_ARGUMENT,
                  "mote_model_run_all: takes 1 to 4 samples, got 5");
    expect_raises(mote_model_run_all(s.model, NULL, 2, 1, outputs, 2), MOTE_ERROR_ARGUMENT,
                  "mote_model_run_all: an argument is NULL");
    expect_raises(mote_model_run(s.model, room, 1, room), MOTE_ERROR_UNSUPPORTED,
                  "takes one input and one output of float; this network has 2 and 2: use "
                  "mote_model_run_all");
    outputs[1] = NULL;
    expect_raises(mote_model_run_all(s.model, inputs, 2, 1, outputs, 2), MOTE_ERROR_ARGUMENT,
                  "mote_model_run_all: output 1 is NULL");
    end(&s);
}

static void each_loss_is_told_and_their_weighted_sum_is_the_loss(void **state)
{
    session s;
    mote_train_result result;
    write_records(state, 1);
    start(state, MOTE_MODE_TRAIN, &s);
    expect_ok(mote_model_train(s.model, NULL, &result));
    const mote_metrics *const metrics = &result.training;
    assert_int_equal(metrics->samples, RECORDS);
    assert_int_equal(metrics->loss_count, 2);
    assert_string_equal(metrics->losses[0].name, "which");
    assert_string_equal(metrics->losses[1].name, "how_much");
    assert_true(metrics->losses[0].accuracy >= 0 && metrics->losses[0].accuracy <= 1);
    assert_true(isnan(metrics->losses[1].accuracy));
    assert_true(isnan(metrics->accuracy));
    assert_true(fabs(metrics->loss - 0.5 * metrics->losses[0].loss - 2 * metrics->losses[1].loss) <
                1e-12);
    end(&s);
}

static void a_step_is_not_applied_when_any_loss_is_not_finite(void **state)
{
    session s;
    char before[65];
    char after[65];
    const mote_setting all = {"Model", "batch_size", "6"};
    write_records(state, 3e38F);
    start_with(state, MOTE_MODE_TRAIN, &all, 1, &s);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_digest(s.model, before));
    expect_raises(mote_model_train(s.model, NULL, NULL), MOTE_ERROR_NONFINITE,
                  "epoch 1, batch 1: the loss is not finite (forward how_much); this step was not "
                  "applied");
    expect_ok(mote_model_digest(s.model, after));
    assert_string_equal(before, after);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_are_named_and_described_in_file_order),
        cmocka_unit_test(a_port_that_is_not_there_is_refused),
        cmocka_unit_test(a_network_runs_on_all_its_inputs_and_gives_all_its_outputs),
        cmocka_unit_test(an_integer_that_no_layer_takes_is_refused_by_place),
        cmocka_unit_test(counts_and_pointers_are_checked),
        cmocka_unit_test(each_loss_is_told_and_their_weighted_sum_is_the_loss),
        cmocka_unit_test(a_step_is_not_applied_when_any_loss_is_not_finite),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
