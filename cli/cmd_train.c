// SPDX-License-Identifier: Apache-2.0
// mote train: trains, validates, saves; Ctrl-C stops after the current step and saves as well.
#include "commands.h"
#include "metrics.h"
#include "options.h"
#include "plan_text.h"
#include "profile.h"
#include "progress.h"
#include "result.h"
#include "signals.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/// One run, from the plan to the result.
typedef struct cli_training {
    cli_session session;
    cli_progress progress;
    cli_result result;
    cli_profile profile;
} cli_training;

static json_t *make_epochs(const cli_progress *progress, cli_json *json)
{
    json_t *epochs = json_array();
    for (size_t i = 0; i < cli_progress_kept(progress); i++) {
        const cli_epoch *epoch = cli_progress_epoch(progress, i);
        const bool validated = epoch->validation.samples > 0;
        cli_json row = cli_json_make();
        cli_json_add_size(&row, "epoch", epoch->number);
        cli_json_add_real(&row, "loss", epoch->training.loss);
        cli_json_add_real(&row, "accuracy", epoch->training.accuracy);
        cli_json_add_real(&row, "validation_loss",
                          validated ? epoch->validation.loss : (double)NAN);
        cli_json_add_real(&row, "validation_accuracy",
                          validated ? epoch->validation.accuracy : (double)NAN);
        cli_metrics_add_losses(&row, "losses", &epoch->training);
        cli_metrics_add_losses(&row, "validation_losses", &epoch->validation);
        if (json_array_append_new(epochs, row.root) != 0 || row.failed)
            json->failed = true;
    }
    return epochs;
}

static void add_best(const mote_train_result *trained, cli_json *json)
{
    const bool validated = trained->best_epoch > 0;
    cli_json_add(json, "best_epoch",
                 validated ? json_integer((json_int_t)trained->best_epoch) : json_null());
    cli_json_add_real(json, "best_validation_loss", validated ? trained->best_loss : (double)NAN);
    cli_json_add_text(json, "saved_best", trained->best_path);
}

static void add_checkpoints(const mote_train_result *trained, cli_json *json)
{
    cli_json_add(json, "resumed_step",
                 trained->resumed ? json_integer((json_int_t)trained->resumed_step) : json_null());
    cli_json_add_bool(json, "was_finished", trained->was_finished);
    cli_json_add_size(json, "skipped_steps", trained->skipped_steps);
    cli_json_add_size(json, "checkpoints_written", trained->checkpoint_count);
    cli_json_add_text(json, "checkpoint", trained->checkpoint_path);
}

static int print_json(const cli_training *training)
{
    const cli_result *result = &training->result;
    cli_json json = cli_json_make();
    cli_result_add_json(&training->session, result, &json);
    cli_json_add_size(&json, "samples", result->trained.samples);
    cli_json_add(&json, "epochs", make_epochs(&training->progress, &json));
    cli_json_add_text(&json, "saved", result->trained.saved_path);
    cli_json_add_bool(&json, "stopped", result->trained.stopped);
    cli_json_add_bool(&json, "stopped_early", result->trained.stopped_early);
    add_checkpoints(&result->trained, &json);
    add_best(&result->trained, &json);
    cli_profile_add_json(&training->profile, &json);
    return cli_json_print(&json);
}

static void print_best(const cli_training *training)
{
    const mote_train_result *trained = &training->result.trained;
    if (trained->stopped_early) {
        cli_print("%-15s after epoch %" PRIu64 " of %" PRIu64 ": for %" PRIu64
                  " epochs the validation loss did not fall\n",
                  "stopped early", trained->epochs, mote_model_epoch_count(training->session.model),
                  trained->epochs_waited);
    }
    if (trained->best_epoch) {
        cli_print("%-15s epoch %" PRIu64 ", validation loss %.6g\n", "best", trained->best_epoch,
                  trained->best_loss);
    }
}

static int print_text(const cli_training *training)
{
    const mote_train_result *trained = &training->result.trained;
    cli_print("%-15s %" PRIu64 " epochs, %" PRIu64 " steps, %" PRIu64 " samples\n", "trained",
              trained->epochs, trained->steps, trained->samples);
    if (trained->was_finished)
        cli_print("%-15s nothing was left to do behind the checkpoint of step %" PRIu64 "\n",
                  "finished", trained->resumed_step);
    else if (trained->resumed)
        cli_print("%-15s from the checkpoint of step %" PRIu64 "\n", "resumed",
                  trained->resumed_step);
    if (trained->skipped_steps)
        cli_print("%-15s %" PRIu64 " of %" PRIu64 " steps, which were not finite\n", "skipped",
                  trained->skipped_steps, trained->steps);
    if (trained->training.samples > 0)
        cli_metrics_print("training", &trained->training);
    if (trained->validation.samples > 0)
        cli_metrics_print("validation", &trained->validation);
    print_best(training);
    cli_result_print(&training->session, &training->result);
    if (trained->saved_path)
        cli_print("%-15s %s\n", "saved", trained->saved_path);
    if (trained->best_path)
        cli_print("%-15s %s\n", "saved best", trained->best_path);
    if (trained->checkpoint_path)
        cli_print("%-15s %s, the newest of %" PRIu64 " written\n", "checkpoint",
                  trained->checkpoint_path, trained->checkpoint_count);
    cli_profile_print(&training->profile);
    return CLI_OK;
}

static void explain_stop(const cli_training *training)
{
    const mote_train_result *trained = &training->result.trained;
    const char *best = trained->best_path;
    const char *saved = trained->saved_path;
    if (trained->checkpoint_path) {
        cli_talk("stopped after step %" PRIu64 ", checkpoint %s; to go on from there:\n  ",
                 trained->steps, trained->checkpoint_path);
        cli_options_print_resume(training->session.options, "--resume", NULL);
        return;
    }
    if (!saved && best) {
        cli_talk("stopped; only the best epoch is saved, to %s: [Model] has no save_path\n", best);
        return;
    }
    if (!saved) {
        cli_talk("stopped; nothing is saved: [Model] has no save_path\n");
        return;
    }
    cli_talk("stopped after step %" PRIu64 ", saved to %s; to go on from there:\n  ",
             trained->steps, saved);
    cli_options_print_resume(training->session.options, "--weights", saved);
}

/// `user` is the progress, whose live line may stand there.
static void tell_notice(void *user, const char *text)
{
    cli_progress *progress = user;
    cli_progress_finish(progress);
    cli_talk("mote: %s\n", text);
}

static mote_status run_training(cli_training *training)
{
    const mote_train_config config = {
        .user = &training->progress,
        .progress = cli_progress_report,
        .stop = cli_signals_stop,
        .resume = training->session.options->resume,
        .notice = tell_notice,
        .profiler = cli_profile_profiler(&training->profile),
    };
    mote_train_result *trained = &training->result.trained;
    cli_signals_defer();
    const mote_status status = mote_model_train(training->session.model, &config, trained);
    cli_progress_finish(&training->progress);
    if (status != MOTE_OK && trained->stopped && trained->saved_path)
        cli_talk("stopped; the weights are saved to %s\n", trained->saved_path);
    return status == MOTE_OK ? cli_result_finish(&training->session, &training->result) : status;
}

static int finish_training(const cli_training *training)
{
    const cli_options *options = training->session.options;
    const bool stopped = training->result.trained.stopped;
    const int exit_code = options->json ? print_json(training) : print_text(training);
    if (stopped && !options->quiet) {
        (void)fflush(stdout); // so that the talk stands below the result
        explain_stop(training);
    }
    return exit_code == CLI_OK && stopped ? cli_signals_exit_code() : exit_code;
}

static int train_model(cli_training *training)
{
    cli_session *session = &training->session;
    const cli_options *options = session->options;
    mote_plan_info *plan = &training->result.plan;
    if (cli_session_load(session) != MOTE_OK ||
        cli_session_compile(session, MOTE_MODE_TRAIN, options->weights) != MOTE_OK ||
        mote_model_get_plan(session->model, plan) != MOTE_OK)
        return cli_session_fail(session);
    if (!options->quiet)
        cli_plan_talk(plan);
    const uint64_t kept = options->json ? mote_model_epoch_count(session->model) : 0;
    if (!cli_progress_init_epochs(&training->progress, options, kept))
        return CLI_FAILED;
    if (!cli_profile_init(&training->profile, session, plan))
        return CLI_FAILED;
    const mote_status status = run_training(training);
    const bool is_profiled = cli_profile_finish(&training->profile);
    if (status != MOTE_OK)
        return cli_fail();
    return is_profiled ? finish_training(training) : CLI_FAILED;
}

int cli_run_train(const cli_options *options)
{
    cli_training training = {.session = {.options = options}};
    const int exit_code = train_model(&training);
    cli_progress_release(&training.progress);
    cli_profile_release(&training.profile);
    cli_session_release(&training.session);
    return exit_code;
}
