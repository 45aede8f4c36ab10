// SPDX-License-Identifier: Apache-2.0
// mote bench: what training costs on this machine.
#include "commands.h"
#include "profile.h"
#include "progress.h"
#include "result.h"

enum {
    DEFAULT_STEPS = 10
};

/// One run, from the plan to the result.
typedef struct cli_benchmark {
    cli_session session;
    cli_result result;
    cli_profile profile;
} cli_benchmark;

static int print_result(const cli_benchmark *benchmark)
{
    const cli_session *session = &benchmark->session;
    const cli_result *result = &benchmark->result;
    if (!session->options->json) {
        cli_result_print(session, result);
        cli_print("%-15s %.9g\n", "loss", result->trained.training.loss);
        cli_profile_print(&benchmark->profile);
        return CLI_OK;
    }
    cli_json json = cli_json_make();
    cli_result_add_json(session, result, &json);
    cli_json_add_text(&json, "saved", session->options->save);
    cli_profile_add_json(&benchmark->profile, &json);
    return cli_json_print(&json);
}

static mote_status run_steps(cli_benchmark *benchmark)
{
    cli_session *session = &benchmark->session;
    cli_result *result = &benchmark->result;
    const cli_options *options = session->options;
    cli_progress progress;
    cli_progress_init(&progress, options, "step");
    const mote_train_config config = {
        .user = &progress,
        .progress = cli_progress_report,
        .steps = options->steps ? options->steps : DEFAULT_STEPS,
        .profiler = cli_profile_profiler(&benchmark->profile),
    };
    mote_status status = mote_model_bench(session->model, &config, &result->trained);
    cli_progress_finish(&progress);
    if (status == MOTE_OK && options->save)
        status = mote_model_save(session->model, options->save);
    return status == MOTE_OK ? cli_result_finish(session, result) : status;
}

static int bench_model(cli_benchmark *benchmark)
{
    cli_session *session = &benchmark->session;
    mote_plan_info *plan = &benchmark->result.plan;
    if (cli_session_load(session) != MOTE_OK ||
        cli_session_compile(session, MOTE_MODE_TRAIN, session->options->weights) != MOTE_OK ||
        mote_model_get_plan(session->model, plan) != MOTE_OK)
        return cli_session_fail(session);
    if (!cli_profile_init(&benchmark->profile, session, plan))
        return CLI_FAILED;
    const mote_status status = run_steps(benchmark);
    const bool is_profiled = cli_profile_finish(&benchmark->profile);
    if (status != MOTE_OK)
        return cli_fail();
    return is_profiled ? print_result(benchmark) : CLI_FAILED;
}

int cli_run_bench(const cli_options *options)
{
    cli_benchmark benchmark = {.session = {.options = options}};
    const int exit_code = bench_model(&benchmark);
    cli_profile_release(&benchmark.profile);
    cli_session_release(&benchmark.session);
    return exit_code;
}
