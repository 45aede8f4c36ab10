// SPDX-License-Identifier: Apache-2.0
// mote rollback: lists a model's checkpoints, or goes back to one of them or to the model as shipped.
#include "commands.h"
#include "output.h"
#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static json_t *make_row(const mote_checkpoint_info *info, bool *failed)
{
    cli_json row = cli_json_make();
    cli_json_add_size(&row, "step", info->step);
    cli_json_add_size(&row, "epoch", info->epoch);
    cli_json_add_size(&row, "epochs_done", info->epochs_done);
    cli_json_add_bool(&row, "readable", info->is_readable);
    *failed |= row.failed;
    return row.root;
}

static int print_json(const cli_session *session, const mote_checkpoint_info *infos, size_t count)
{
    cli_json json = cli_json_make();
    cli_json list = cli_json_make_array();
    for (size_t i = 0; i < count; i++)
        cli_json_append(&list, make_row(&infos[i], &list.failed));
    json.failed |= list.failed;
    cli_json_add_text(&json, "model", session->path);
    cli_json_add(&json, "checkpoints", list.root);
    return cli_json_print(&json);
}

static void print_text(const mote_checkpoint_info *infos, size_t count)
{
    if (count == 0)
        cli_print("there are no checkpoints\n");
    for (size_t i = 0; i < count; i++) {
        if (infos[i].is_readable)
            cli_print("step %" PRIu64 ", epoch %" PRIu64 "%s\n", infos[i].step, infos[i].epoch,
                      infos[i].epochs_done == infos[i].epoch ? ", at its end" : "");
        else
            cli_print("step %" PRIu64 ", damaged\n", infos[i].step);
    }
}

static int list(const cli_session *session)
{
    size_t count = 0;
    size_t capacity = 0;
    if (mote_model_list_checkpoints(session->model, NULL, 0, &capacity) != MOTE_OK)
        return cli_fail();
    mote_checkpoint_info *infos = calloc(capacity + 1, sizeof *infos);
    if (!infos) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    int exit_code = CLI_OK;
    if (mote_model_list_checkpoints(session->model, infos, capacity, &count) != MOTE_OK)
        exit_code = cli_fail();
    else if (session->options->json)
        exit_code = print_json(session, infos, count < capacity ? count : capacity);
    else
        print_text(infos, count < capacity ? count : capacity);
    free(infos);
    return exit_code;
}

static bool read_step(const char *text, uint64_t *step)
{
    char *end = NULL;
    *step = MOTE_ROLLBACK_FACTORY;
    if (strcmp(text, "factory") == 0)
        return true;
    errno = 0;
    *step = strtoull(text, &end, 10);
    if (errno == 0 && *end == '\0' && *step < MOTE_ROLLBACK_FACTORY &&
        strspn(text, "0123456789") == strlen(text))
        return true;
    cli_error("option --to: '%s' is neither 'factory' nor the step of a checkpoint", text);
    return false;
}

static int print_result(const cli_session *session, uint64_t step,
                        const mote_rollback_result *result)
{
    char digest[65];
    const bool is_shipped = step == MOTE_ROLLBACK_FACTORY;
    if (mote_model_digest(session->model, digest) != MOTE_OK)
        return cli_fail();
    if (session->options->json) {
        cli_json json = cli_json_make();
        cli_json_add_text(&json, "model", session->path);
        cli_json_add(&json, "step", is_shipped ? json_null() : json_integer((json_int_t)step));
        cli_json_add_size(&json, "checkpoints_removed", result->removed_count);
        cli_json_add_text(&json, "saved", result->saved_path);
        cli_json_add_text(&json, "saved_best", result->best_path);
        cli_json_add_text(&json, "weights_sha256", digest);
        return cli_json_print(&json);
    }
    if (is_shipped)
        cli_print("%-15s the model as shipped\n", "back at");
    else
        cli_print("%-15s step %" PRIu64 "\n", "back at", step);
    cli_print("%-15s %zu later ones\n", "removed", result->removed_count);
    if (result->saved_path)
        cli_print("%-15s %s\n", "saved", result->saved_path);
    if (result->best_path)
        cli_print("%-15s %s\n", "saved best", result->best_path);
    cli_print("%-15s %s\n", "weights SHA-256", digest);
    return CLI_OK;
}

static int roll_back(const cli_session *session)
{
    uint64_t step = 0;
    mote_rollback_result result;
    if (!read_step(session->options->to, &step))
        return CLI_USAGE;
    if (mote_model_roll_back(session->model, step, &result) != MOTE_OK)
        return cli_fail();
    return print_result(session, step, &result);
}

static int run(cli_session *session)
{
    if (cli_session_load(session) != MOTE_OK ||
        cli_session_compile(session, MOTE_MODE_TRAIN, NULL) != MOTE_OK)
        return cli_fail();
    return session->options->to ? roll_back(session) : list(session);
}

int cli_run_rollback(const cli_options *options)
{
    cli_session session = {.options = options};
    const int exit_code = run(&session);
    cli_session_release(&session);
    return exit_code;
}
