// SPDX-License-Identifier: Apache-2.0
// Stands in for train.c, step.c, step_checkpoint.c, bench.c, rollback.c and loop.c in a build without training. No model can be compiled for what these
// need, see compile/training_none.c.
#include "train/train.h"

// NOLINTBEGIN(readability-non-const-parameter): the signatures are those of the headers

static mote_status raise_training(const mote_run *run)
{
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "%s: this build of mote is without training",
                      run->description->path);
}

mote_status mote_run_train(mote_run *run, const mote_train_config *config,
                           mote_train_result *result)
{
    (void)config;
    (void)result;
    return raise_training(run);
}

mote_status mote_run_bench(mote_run *run, const mote_train_config *config,
                           mote_train_result *result)
{
    (void)config;
    (void)result;
    return raise_training(run);
}

mote_status mote_run_evaluate(mote_run *run, const mote_run_set *set,
                              const mote_train_config *config, mote_metrics *metrics)
{
    (void)set;
    (void)config;
    (void)metrics;
    return raise_training(run);
}

mote_status mote_run_roll_back(mote_run *run, uint64_t step, const char *weights,
                               mote_rollback_result *result)
{
    (void)step;
    (void)weights;
    (void)result;
    return raise_training(run);
}

mote_status mote_run_list_checkpoints(mote_run *run, mote_checkpoint_info *infos, size_t capacity,
                                      size_t *count)
{
    (void)infos;
    (void)capacity;
    (void)count;
    return raise_training(run);
}

mote_status mote_run_forward(mote_run *run, const mote_run_batch *batch, mote_metrics *metrics)
{
    (void)batch;
    (void)metrics;
    return raise_training(run);
}

mote_status mote_run_apply(mote_run *run, double learning_rate)
{
    (void)learning_rate;
    return raise_training(run);
}

mote_status mote_run_resume(mote_run *run, const mote_train_config *config, uint64_t *data_position)
{
    (void)config;
    (void)data_position;
    return raise_training(run);
}

mote_status mote_run_write_checkpoint(mote_run *run, uint64_t data_position)
{
    (void)data_position;
    return raise_training(run);
}

void mote_run_restart(mote_run *run)
{
    (void)run; // no loop was begun
}

double mote_run_learning_rate(const mote_training_settings *settings, uint64_t applied)
{
    (void)settings;
    (void)applied;
    return 0.0;
}

// NOLINTEND(readability-non-const-parameter)
