// SPDX-License-Identifier: Apache-2.0
// The context and the model of a command.
#include "session.h"

#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

mote_status cli_context_create(const cli_options *options, size_t threads, mote_context **context)
{
    const char *environment = getenv("MOTE_CPU");
    if (environment && !environment[0])
        environment = NULL;
    const mote_context_config config = {
        .thread_count = threads,
        .cpu = options->cpu ? options->cpu : environment,
    };
    return mote_context_create(&config, context);
}

mote_status cli_session_load(cli_session *session)
{
    const cli_options *options = session->options;
    session->path = options->operands[0];
    session->planner = options->planner;
    session->without = options->without;
    mote_status status = cli_context_create(options, (size_t)options->threads, &session->context);
    if (status != MOTE_OK)
        return status;
    return mote_model_load(session->context, session->path, options->settings,
                           options->setting_count, &session->model);
}

mote_status cli_session_compile(cli_session *session, unsigned modes, const char *weights)
{
    const mote_compile_config config = {
        .modes = modes,
        .planner = session->options->planner,
        .weights = weights,
        .without = session->options->without,
        .cost = session->options->cost,
        .plan = session->options->plan,
    };
    session->rss_before_bytes = mote_process_resident_bytes();
    return mote_model_compile(session->model, &config);
}

mote_status cli_session_plan(const cli_session *session, unsigned without, uint64_t budget,
                             mote_plan_info *plan)
{
    const mote_compile_config config = {
        .planner = session->planner,
        .without = without,
        .memory_budget = budget,
        .cost = session->options->cost,
    };
    const mote_status status = mote_model_compile(session->model, &config);
    return status == MOTE_OK ? mote_model_get_plan(session->model, plan) : status;
}

int cli_session_fail(const cli_session *session)
{
    char message[sizeof mote_last_error()->message];
    cli_format(message, sizeof message, "%s", mote_last_error()->message);
    const int exit_code = cli_fail();
    if (exit_code != CLI_BUDGET || !session->options->json)
        return exit_code;
    cli_json json = cli_json_make();
    cli_json_add_text(&json, "error", message);
    cli_json_add_size(&json, "smallest_budget_bytes", mote_model_smallest_budget(session->model));
    return cli_json_print(&json) == CLI_OK ? exit_code : CLI_FAILED;
}

void cli_session_release(cli_session *session)
{
    mote_model_destroy(&session->model);
    mote_context_destroy(&session->context);
}

bool cli_session_find_weights(const cli_session *session, const char **weights)
{
    const char *given = session->options->weights;
    const char *saved = mote_model_save_path(session->model);
    if (!given && !saved && !mote_model_load_path(session->model)) {
        cli_error("%s: no trained weights: [Model] has no save_path, give --weights FILE",
                  session->path);
        return false;
    }
    if (!given && saved && access(saved, F_OK) != 0) {
        cli_error(
            "%s: no trained weights yet: '%s' ([Model] save_path) is missing, train the model "
            "or give --weights FILE",
            session->path, saved);
        return false;
    }
    *weights = given ? given : saved;
    return true;
}
