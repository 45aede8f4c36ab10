// SPDX-License-Identifier: Apache-2.0
// Which samples make up the steps of an epoch.
#include "training.h"

#define STILL "[Optimizer]\ntype = sgd\nlearning_rate = 0\n"
#define ONE   "[Model]\nloss = cross\nbatch_size = 1\nepochs = 3\nseed = 5\n"
/// Without batch normalization a sample's loss depends on the sample alone.
#define PLAIN                                   \
    "[in]\ntype = input\ninput_shape = 1:4:4\n" \
    "flatten = true\n"                          \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"

/// The loss of each step, found from the means that progress reports.
typedef struct losses {
    double values[3][NOISE_COUNT];
    double sum;
} losses;

static void note_loss(void *user, const mote_progress *progress)
{
    losses *const l = user;
    if (progress->evaluating || progress->epoch_done)
        return;
    const double sum = progress->training.loss * (double)progress->batch;
    l->values[progress->epoch - 1][progress->batch - 1] = sum - (progress->batch == 1 ? 0 : l->sum);
    l->sum = sum;
}

static losses get_losses(void **state, const char *text)
{
    training t;
    losses l = {.sum = 0};
    const mote_train_config config = {.user = &l, .progress = note_loss};
    training_init(state, text, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    training_release(&t);
    return l;
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static bool same_order(const double *a, const double *b)
{
    for (size_t i = 0; i < NOISE_COUNT; i++) {
        if (!near(a[i], b[i]))
            return false;
    }
    return true;
}

static size_t count_near(const double *values, double value)
{
    size_t count = 0;
    for (size_t i = 0; i < NOISE_COUNT; i++)
        count += near(values[i], value);
    return count;
}

static void every_epoch_takes_every_sample_once(void **state)
{
    const losses plain = get_losses(state, ONE STILL DATA "shuffle = false\n" PLAIN);
    const losses shuffled = get_losses(state, ONE STILL DATA PLAIN);
    for (size_t epoch = 0; epoch < 3; epoch++) {
        for (size_t i = 0; i < NOISE_COUNT; i++)
            assert_int_equal(count_near(shuffled.values[epoch], plain.values[0][i]), 1);
    }
}

static void every_epoch_has_an_order_of_its_own(void **state)
{
    const losses l = get_losses(state, ONE STILL DATA PLAIN);
    assert_false(same_order(l.values[0], l.values[1]));
    assert_false(same_order(l.values[0], l.values[2]));
    assert_false(same_order(l.values[1], l.values[2]));
}

static void without_shuffling_every_epoch_has_file_order(void **state)
{
    const losses l = get_losses(state, ONE STILL DATA "shuffle = false\n" PLAIN);
    assert_true(same_order(l.values[0], l.values[1]));
    assert_true(same_order(l.values[0], l.values[2]));
}

static void the_order_follows_from_the_seed(void **state)
{
    const losses first = get_losses(state, ONE STILL DATA PLAIN "weight_initializer = zeros\n");
    const losses again = get_losses(state, ONE STILL DATA PLAIN "weight_initializer = zeros\n");
    assert_true(same_order(first.values[0], again.values[0]));
    const digest five = train_text(state, HEAD SGD DATA NET, NULL);
    const digest six = train_text(
        state, "[Model]\nloss = cross\nbatch_size = 4\nepochs = 2\nseed = 6\n" SGD DATA NET, NULL);
    assert_other(&five, &six);
}

static void the_last_partial_batch_is_trained(void **state)
{
    training t;
    training_init(state, HEAD SGD DATA NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, NULL));
    assert_int_equal(t.result.steps, 2 * 3); // 4 + 4 + 2 samples
    assert_int_equal(t.result.epochs, 2);
    assert_int_equal(t.result.training.samples, NOISE_COUNT);
    training_release(&t);
}

/// A step of 2 samples has the same bits whether the planned batch is 2 or 4.
static void a_partial_batch_trains_as_a_whole_one_of_its_size(void **state)
{
    const digest partial =
        train_text(state, HEAD ADAM DATA "samples = 2\nshuffle = false\n" NET, NULL);
    const digest whole =
        train_text(state,
                   "[Model]\nloss = cross\nbatch_size = 2\nepochs = 2\nseed = 5\n" ADAM DATA
                   "samples = 2\nshuffle = false\n" NET,
                   NULL);
    assert_same(&partial, &whole);
}

static void a_partial_batch_with_dropout_drops_what_a_whole_one_would(void **state)
{
    static const char drop[] = "[d]\ntype = dropout\ndropout_rate = 0.5\n";
    char small[1024];
    char large[1024];
    (void)snprintf(small, sizeof small,
                   "[Model]\nbatch_size = 2\nloss = cross_softmax\nseed = 5\n" SGD DATA
                   "samples = 2\nshuffle = false\n" PLAIN "%s",
                   drop);
    (void)snprintf(large, sizeof large,
                   "[Model]\nbatch_size = 4\nloss = cross_softmax\nseed = 5\n" SGD DATA
                   "samples = 2\nshuffle = false\n" PLAIN "%s",
                   drop);
    const digest whole = train_text(state, small, NULL);
    const digest partial = train_text(state, large, NULL);
    assert_same(&whole, &partial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_epoch_takes_every_sample_once),
        cmocka_unit_test(every_epoch_has_an_order_of_its_own),
        cmocka_unit_test(without_shuffling_every_epoch_has_file_order),
        cmocka_unit_test(the_order_follows_from_the_seed),
        cmocka_unit_test(the_last_partial_batch_is_trained),
        cmocka_unit_test(a_partial_batch_trains_as_a_whole_one_of_its_size),
        cmocka_unit_test(a_partial_batch_with_dropout_drops_what_a_whole_one_would),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
