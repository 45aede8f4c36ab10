// SPDX-License-Identifier: Apache-2.0
// mote bench: what training costs on this machine.
#include "commands.h"
#include "progress.h"
#include "result.h"

enum {
    DEFAULT_STEPS = 10
};

static int print_result(const cli_session *session, const cli_result *result)
{
    if (!session->options->json) {
        cli_result_print(session, result);
        cli_print("%-15s %.9g\n", "loss", result->trained.training.loss);
        return CLI_OK;
    }
    cli_json json = cli_json_make();
    cli_result_add_json(session, result, &json);
    cli_json_add_text(&json, "saved", session->options->save);
    return cli_json_print(&json);
}

static mote_status run_steps(cli_session *session, cli_result *result)
{
    const cli_options *options = session->options;
    cli_progress progress;
    cli_progress_init(&progress, options, "step");
    const mote_train_config config = {
        .user = &progress,
        .progress = cli_progress_report,
        .steps = options->steps ? options->steps : DEFAULT_STEPS,
    };
    mote_status status = mote_model_bench(session->model, &config, &result->trained);
    cli_progress_finish(&progress);
    if (status == MOTE_OK && options->save)
        status = mote_model_save(session->model, options->save);
    return status == MOTE_OK ? cli_result_finish(session, result) : status;
}

static int bench_model(cli_session *session)
{
    cli_result result;
    if (cli_session_load(session) != MOTE_OK ||
        cli_session_compile(session, MOTE_MODE_TRAIN, session->options->weights) != MOTE_OK ||
        mote_model_get_plan(session->model, &result.plan) != MOTE_OK ||
        run_steps(session, &result) != MOTE_OK)
        return cli_fail();
    return print_result(session, &result);
}

int cli_run_bench(const cli_options *options)
{
    cli_session session = {.options = options};
    const int exit_code = bench_model(&session);
    cli_session_release(&session);
    return exit_code;
}
