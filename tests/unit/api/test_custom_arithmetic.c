// SPDX-License-Identifier: Apache-2.0
// The arithmetic that layers of a program's own are given: copies of addition, multiply and dropout made of it have the
// bits of these, sums are in the documented order.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BATCH  ((size_t)64)
#define HEIGHT ((size_t)8)
#define WIDTH  ((size_t)96)
#define COUNT  (HEIGHT * WIDTH)
#define RATE   0.3

static mote_status two_setup(void *user, void *state, mote_layer_setup *setup)
{
    mote_status status = mote_layer_setup_output(setup, mote_layer_setup_input(setup, 0));
    (void)user;
    (void)state;
    for (size_t i = 0; status == MOTE_OK && i < mote_layer_setup_input_count(setup); i++)
        status = mote_layer_setup_need_input(setup, i, MOTE_PHASE_DERIVATIVE);
    return status;
}

static size_t count_elements(const mote_layer_run *run)
{
    return mote_layer_run_batch(run) * COUNT;
}

static mote_status plus_forward(void *user, const void *state, const mote_layer_run *run)
{
    (void)user;
    (void)state;
    return mote_layer_run_add(run, count_elements(run), mote_layer_run_input(run, 0),
                              mote_layer_run_input(run, 1), mote_layer_run_output(run));
}

static mote_status plus_derivative(void *user, const void *state, const mote_layer_run *run)
{
    mote_status status = MOTE_OK;
    (void)user;
    (void)state;
    for (size_t i = 0; status == MOTE_OK && i < 2; i++) {
        float *to = mote_layer_run_input_derivative(run, i);
        if (to)
            status = mote_layer_run_scale(run, count_elements(run), 1,
                                          mote_layer_run_output_derivative(run), to);
    }
    return status;
}

static const mote_custom_layer plus = {.name = "plus",
                                       .summary = "addition again",
                                       .input_minimum = 2,
                                       .input_maximum = 2,
                                       .setup = two_setup,
                                       .forward = plus_forward,
                                       .calc_derivative = plus_derivative};

static mote_status times_forward(void *user, const void *state, const mote_layer_run *run)
{
    (void)user;
    (void)state;
    return mote_layer_run_multiply(run, count_elements(run), mote_layer_run_input(run, 0),
                                   mote_layer_run_input(run, 1), mote_layer_run_output(run));
}

static mote_status times_derivative(void *user, const void *state, const mote_layer_run *run)
{
    mote_status status = MOTE_OK;
    (void)user;
    (void)state;
    for (size_t i = 0; status == MOTE_OK && i < 2; i++)
        status = mote_layer_run_multiply(
            run, count_elements(run), mote_layer_run_output_derivative(run),
            mote_layer_run_input(run, 1 - i), mote_layer_run_input_derivative(run, i));
    return status;
}

static const mote_custom_layer times = {.name = "times",
                                        .summary = "multiply again",
                                        .input_minimum = 2,
                                        .input_maximum = 2,
                                        .setup = two_setup,
                                        .forward = times_forward,
                                        .calc_derivative = times_derivative};

typedef struct drop_call {
    const mote_layer_run *run;
    const float *x;
    float *y;
} drop_call;

/// In pieces that begin anywhere in a block of random numbers.
static void drop_part(void *argument, size_t first, size_t count)
{
    const drop_call *call = argument;
    const float scale = (float)(1.0 / (1.0 - RATE));
    uint32_t words[7];
    for (size_t i = first; i < first + count; i++) {
        const size_t at = (i - first) % 7;
        if (at == 0)
            mote_layer_run_random(call->run, i, 7, words);
        call->y[i] = words[at] >= (uint32_t)(RATE * 0x1p32) ? call->x[i] * scale : 0;
    }
}

static mote_status drop_forward(void *user, const void *state, const mote_layer_run *run)
{
    drop_call call = {run, mote_layer_run_input(run, 0), mote_layer_run_output(run)};
    (void)user;
    (void)state;
    if (!mote_layer_run_is_training(run))
        return mote_layer_run_scale(run, count_elements(run), 1, call.x, call.y);
    return mote_layer_run_parallel(run, count_elements(run), 1, drop_part, &call);
}

static mote_status drop_derivative(void *user, const void *state, const mote_layer_run *run)
{
    drop_call call = {run, mote_layer_run_output_derivative(run),
                      mote_layer_run_input_derivative(run, 0)};
    (void)user;
    (void)state;
    return mote_layer_run_parallel(run, count_elements(run), 1, drop_part, &call);
}

static const mote_custom_layer drop = {.name = "drop",
                                       .summary = "dropout again",
                                       .setup = two_setup,
                                       .forward = drop_forward,
                                       .calc_derivative = drop_derivative};

/// Rule (c), term by term; b NULL: a plain sum.
static float sum_by_lanes(size_t count, const float *a, const float *b)
{
    float lanes[16] = {0};
    for (size_t i = 0; i < count; i++)
        lanes[i % 16] = b ? fmaf(a[i], b[i], lanes[i % 16]) : lanes[i % 16] + a[i];
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 0; i < width; i++)
            lanes[i] += lanes[i + width];
    }
    return lanes[0];
}

static mote_status look_forward(void *user, const void *state, const mote_layer_run *run)
{
    const float *x = mote_layer_run_input(run, 0);
    const float *next = x + COUNT;
    (void)state;
    *(size_t *)user += 1;
    for (size_t count = COUNT - 17; count <= COUNT; count++) {
        assert_true(mote_layer_run_sum(run, count, x) == sum_by_lanes(count, x, NULL));
        assert_true(mote_layer_run_sum_products(run, count, x, next) ==
                    sum_by_lanes(count, x, next));
    }
    return mote_layer_run_scale(run, count_elements(run), 1, x, mote_layer_run_output(run));
}

/// A sample's rows of a column, by rule (c).
static float sum_sample(const float *x, size_t sample, size_t column)
{
    float rows[HEIGHT];
    for (size_t row = 0; row < HEIGHT; row++)
        rows[row] = x[(sample * HEIGHT + row) * WIDTH + column];
    return sum_by_lanes(HEIGHT, rows, NULL);
}

/// Rule (b): samples in groups that have 64 terms.
static float sum_column(const float *x, size_t batch, size_t column)
{
    const size_t group = 64 / HEIGHT;
    float total = 0;
    for (size_t first = 0; first < batch; first += group) {
        float sum = sum_sample(x, first, column);
        for (size_t i = first + 1; i < first + group; i++)
            sum += sum_sample(x, i, column);
        total = first == 0 ? sum : total + sum;
    }
    return total;
}

static void check_batch_sum(const mote_layer_run *run)
{
    const float *x = mote_layer_run_output_derivative(run);
    float sums[WIDTH];
    expect_ok(mote_layer_run_sum_batch(run, HEIGHT, WIDTH, x, sums));
    for (size_t column = 0; column < WIDTH; column++)
        assert_true(sums[column] == sum_column(x, mote_layer_run_batch(run), column));
}

static mote_status look_derivative(void *user, const void *state, const mote_layer_run *run)
{
    (void)state;
    *(size_t *)user += 1;
    check_batch_sum(run);
    return mote_layer_run_scale(run, count_elements(run), 1, mote_layer_run_output_derivative(run),
                                mote_layer_run_input_derivative(run, 0));
}

static int read_sample(void *user, uint64_t sample, size_t port, void *values, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++)
        ((float *)values)[i] =
            (float)((sample * 7919 + port * 104729 + i * 31337) % 1013) / 1013.0F - 0.5F;
    return 0;
}

typedef struct digest {
    char text[65];
} digest;

static digest train(void **state, const char *const names[3], size_t threads, size_t *looks)
{
    mote_custom_layer look = {.name = "look",
                              .summary = "checks sums",
                              .setup = two_setup,
                              .forward = look_forward,
                              .calc_derivative = look_derivative};
    const mote_custom_layer *const layers[] = {&plus, &times, &drop, &look};
    const mote_context_config config = {.thread_count = threads};
    const mote_data_source source = {.sample_count = 2 * BATCH, .read = read_sample};
    mote_context *context = NULL;
    mote_model *model = NULL;
    digest d;
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "[Model]\nbatch_size = %zu\nepochs = 2\nloss = mse\n"
                   "[Optimizer]\ntype = sgd\nlearning_rate = 0.1\n"
                   "[in]\ntype = input\ninput_shape = 1:%zu:%zu\n"
                   "[left]\ntype = fully_connected\nunit = %zu\n"
                   "[right]\ntype = fully_connected\nunit = %zu\ninput_layers = in\n"
                   "[sum]\ntype = %s\ninput_layers = left, right\n"
                   "[product]\ntype = %s\ninput_layers = sum, left\n"
                   "[dropped]\ntype = %s\n[looked_at]\ntype = %s\n[flat]\ntype = flatten\n"
                   "[out]\ntype = fully_connected\nunit = 2\n",
                   BATCH, HEIGHT, WIDTH, WIDTH, WIDTH, names[0], names[1], names[2],
                   looks ? "look" : "identity");
    look.user = looks;
    expect_ok(mote_context_create(&config, &context));
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        expect_ok(mote_context_add_layer(context, layers[i]));
    expect_ok(
        mote_model_load(context, mote_test_write_text(state, "sums.ini", text), NULL, 0, &model));
    expect_ok(mote_model_set_data(model, "train_set", &source));
    expect_ok(mote_model_compile(model, NULL));
    expect_ok(mote_model_train(model, NULL, NULL));
    expect_ok(mote_model_digest(model, d.text));
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return d;
}

static const char *const own[] = {"addition", "multiply", "dropout\ndropout_rate = 0.3"};
static const char *const copies[] = {"plus", "times", "drop"};

static void copies_have_the_bits_of_what_they_copy(void **state)
{
    const digest expected = train(state, own, 1, NULL);
    for (size_t threads = 1; threads <= 3; threads++) {
        const digest got = train(state, copies, threads, NULL);
        assert_string_equal(got.text, expected.text);
    }
}

static void sums_have_the_documented_order(void **state)
{
    for (size_t threads = 1; threads <= 3; threads += 2) {
        size_t looks = 0;
        const digest expected = train(state, own, threads, NULL);
        const digest got = train(state, own, threads, &looks);
        assert_string_equal(got.text, expected.text);
        assert_int_equal(looks, 2 * 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_have_the_bits_of_what_they_copy),
        cmocka_unit_test(sums_have_the_documented_order),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
