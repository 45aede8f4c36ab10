// SPDX-License-Identifier: Apache-2.0
// mote eval: loss and accuracy of a trained model on a data set.
#include "commands.h"
#include "metrics.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "signals.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const set_names[] = {"test_set", "valid_set", "train_set"};

static const char *set_name(const void *user, size_t index)
{
    (void)user;
    return set_names[index];
}

static const char *find_set(const char *name)
{
    const size_t count = sizeof set_names / sizeof set_names[0];
    if (!name)
        return set_names[0];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(set_names[i], name) == 0)
            return set_names[i];
    }
    const char *nearest = cli_nearest(name, set_name, NULL, count);
    if (nearest)
        cli_error("eval: there is no data set '%s', did you mean '%s'?", name, nearest);
    else
        cli_error("eval: there is no data set '%s', it must be test_set, valid_set or train_set",
                  name);
    return NULL;
}

static int print_json(const cli_session *session, const char *set, const char *weights,
                      const mote_metrics *metrics)
{
    cli_json json = cli_json_make();
    cli_json_add_text(&json, "model", session->path);
    cli_json_add_text(&json, "data", set);
    cli_json_add_text(&json, "weights", weights ? weights : mote_model_load_path(session->model));
    cli_json_add_real(&json, "loss", metrics->loss);
    cli_json_add_real(&json, "accuracy", metrics->accuracy);
    cli_metrics_add_losses(&json, "losses", metrics);
    cli_json_add_size(&json, "samples", metrics->samples);
    cli_json_add_size(&json, "threads", mote_context_thread_count(session->context));
    cli_json_add_text(&json, "cpu", mote_context_cpu(session->context));
    return cli_json_print(&json);
}

static int print_text(const char *set, const mote_metrics *metrics)
{
    const int length = (int)strcspn(set, "_");
    cli_print("%.*s loss %.6g over %" PRIu64 " samples\n", length, set, metrics->loss,
              metrics->samples);
    if (!isnan(metrics->accuracy))
        cli_print("%.*s accuracy %.1f %%\n", length, set, 100 * metrics->accuracy);
    for (size_t i = 0; metrics->loss_count > 1 && i < metrics->loss_count; i++) {
        const mote_loss_metrics *loss = &metrics->losses[i];
        cli_print("%.*s %s loss %.6g\n", length, set, loss->name, loss->loss);
        if (!isnan(loss->accuracy))
            cli_print("%.*s %s accuracy %.1f %%\n", length, set, loss->name, 100 * loss->accuracy);
    }
    return CLI_OK;
}

static int evaluate_model(cli_session *session, const char *set)
{
    const char *weights = NULL;
    if (cli_session_load(session) != MOTE_OK)
        return cli_fail();
    if (!cli_session_find_weights(session, &weights))
        return CLI_FAILED;
    if (cli_session_compile(session, MOTE_MODE_EVALUATE, weights) != MOTE_OK)
        return cli_session_fail(session);
    cli_progress progress;
    cli_progress_init(&progress, session->options, "batch");
    const mote_train_config config = {.user = &progress, .progress = cli_progress_report};
    mote_metrics metrics;
    const mote_status status = mote_model_evaluate(session->model, set, &config, &metrics);
    cli_progress_finish(&progress);
    if (status != MOTE_OK)
        return cli_fail();
    return session->options->json ? print_json(session, set, weights, &metrics)
                                  : print_text(set, &metrics);
}

int cli_run_eval(const cli_options *options)
{
    const char *set = find_set(options->data);
    if (!set)
        return CLI_USAGE;
    cli_session session = {.options = options};
    const int exit_code = evaluate_model(&session, set);
    cli_session_release(&session);
    return exit_code;
}
