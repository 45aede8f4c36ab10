// SPDX-License-Identifier: Apache-2.0
// mote check: all that can be known of a model without training it.
#include "commands.h"
#include "output.h"
#include "session.h"

typedef struct cli_checks {
    const cli_options *options;
    size_t count;
    cli_json list; // of results so far; its root is NULL for text
} cli_checks;

static void add_json(cli_checks *checks, const mote_check *check)
{
    cli_json json = cli_json_make();
    cli_json_add_text(&json, "name", check->name);
    cli_json_add_text(&json, "result", mote_check_result_name(check->result));
    cli_json_add_text(&json, "message", check->message);
    checks->list.failed |= json.failed;
    cli_json_append(&checks->list, json.root);
}

static void report(void *user, const mote_check *check)
{
    cli_checks *checks = user;
    checks->count++;
    if (checks->options->json)
        add_json(checks, check);
    else if (!checks->options->quiet || check->result == MOTE_CHECK_FAILED)
        cli_print("%-7s  %-11s  %s\n", mote_check_result_name(check->result), check->name,
                  check->message);
}

static int print_json(cli_checks *checks, size_t failed)
{
    cli_json json = cli_json_make();
    json.failed |= checks->list.failed;
    cli_json_add_text(&json, "model", checks->options->operands[0]);
    cli_json_add_bool(&json, "ok", failed == 0);
    cli_json_add(&json, "checks", checks->list.root);
    return cli_json_print(&json);
}

static int check_model(mote_context *context, cli_checks *checks)
{
    const cli_options *options = checks->options;
    const mote_check_config config = {
        .path = options->operands[0],
        .settings = options->settings,
        .setting_count = options->setting_count,
        .weights = options->weights,
        .user = checks,
        .report = report,
    };
    size_t failed = 0;
    if (mote_model_check(context, &config, &failed) != MOTE_OK) {
        json_decref(checks->list.root);
        return cli_fail();
    }
    if (options->json && print_json(checks, failed) != CLI_OK)
        return CLI_FAILED;
    if (failed)
        cli_error("%s: %zu of %zu checks failed", config.path, failed, checks->count);
    return failed ? CLI_FAILED : CLI_OK;
}

int cli_run_check(const cli_options *options)
{
    mote_context *context = NULL;
    cli_checks checks = {.options = options};
    if (cli_context_create(options, (size_t)options->threads, &context) != MOTE_OK)
        return cli_fail();
    if (options->json)
        checks.list = cli_json_make_array();
    const int exit_code = check_model(context, &checks);
    mote_context_destroy(&context);
    return exit_code;
}
