// SPDX-License-Identifier: Apache-2.0
// mote plan: what memory training will take.
#include "commands.h"
#include "deadline.h"
#include "frontier.h"
#include "old_file.h"
#include "output.h"
#include "plan_page.h"
#include "plan_text.h"
#include "session.h"
#include "swap.h"

#include <string.h>

static void add_kinds(cli_json *json, const char *key, const size_t *bytes)
{
    cli_json kinds = cli_json_make();
    for (int kind = 0; kind < MOTE_BLOCK_KIND_COUNT; kind++)
        cli_json_add_size(&kinds, mote_block_kind_name((mote_block_kind)kind), bytes[kind]);
    json->failed = json->failed || kinds.failed;
    cli_json_add(json, key, kinds.root);
}

static void add_largest(cli_json *json, const cli_largest *largest)
{
    cli_json array = cli_json_make_array();
    for (size_t i = 0; i < largest->count; i++) {
        const mote_placement_info *block = &largest->blocks[i];
        cli_json object = cli_json_make();
        char shape[CLI_SHAPE_LENGTH];
        cli_json_add_text(&object, "name", block->name);
        cli_json_add_text(&object, "kind", mote_block_kind_name(block->kind));
        cli_json_add_text(&object, "shape", cli_format_shape(block, shape));
        cli_json_add_size(&object, "bytes", block->bytes);
        cli_json_add_size(&object, "lower", block->lower);
        cli_json_add_size(&object, "upper", block->upper);
        array.failed = array.failed || object.failed;
        cli_json_append(&array, object.root);
    }
    json->failed = json->failed || array.failed;
    cli_json_add(json, "largest", array.root);
}

static int print_json(const cli_session *session, const cli_findings *findings)
{
    const mote_plan_info *plan = &findings->plan;
    cli_json json = cli_json_make();
    cli_json_add_text(&json, "model", session->path);
    cli_json_add_size(&json, "arena_bytes", plan->arena_bytes);
    cli_json_add_size(&json, "lower_bound_bytes", plan->lower_bound_bytes);
    cli_json_add_bool(&json, "optimal", plan->is_optimal);
    cli_json_add_size(&json, "unplanned_bytes", plan->unplanned_bytes);
    cli_json_add_size(&json, "peak_step", plan->peak_step);
    cli_json_add_text(&json, "peak_step_name", plan->peak_step_name);
    add_kinds(&json, "kinds", plan->kind_bytes);
    add_kinds(&json, "kinds_of_all", plan->kind_all_bytes);
    add_largest(&json, &findings->largest);
    cli_json_add_size(&json, "batch_bytes", plan->batch_bytes);
    cli_json_add_size(&json, "ahead_bytes", plan->ahead_bytes);
    cli_json_add_size(&json, "ahead_step", plan->ahead_step);
    cli_json_add_text(&json, "ahead_step_name", plan->ahead_step_name);
    cli_swap_add_plan(plan, &json);
    cli_deadline_add_plan(plan, &json);
    cli_savings_add_json(&findings->savings, plan, &json);
    cli_json_add_text(&json, "planner", plan->planner);
    cli_json_add_text(&json, "plan_hash", plan->plan_hash);
    cli_json_add_size(&json, "layer_count", plan->layer_count);
    cli_json_add_size(&json, "step_count", plan->step_count);
    cli_json_add_size(&json, "placement_count", plan->placement_count);
    cli_json_add_size(&json, "batch_size", plan->batch_size);
    cli_json_add_size(&json, "parameter_count", plan->parameter_count);
    cli_json_add_size(&json, "threads", mote_context_thread_count(session->context));
    cli_json_add_text(&json, "cpu", mote_context_cpu(session->context));
    return cli_json_print(&json);
}

/// A field of CSV, in quotes where it needs them (RFC 4180).
static void print_field(const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        cli_print("%s", text);
        return;
    }
    cli_print("\"");
    for (const char *rest = text; *rest; rest++)
        cli_print(*rest == '"' ? "\"%c" : "%c", *rest);
    cli_print("\"");
}

static int print_csv(const cli_session *session, const mote_plan_info *plan)
{
    cli_print("id,lower,upper,size,offset,name,kind\n");
    for (size_t i = 0; i < plan->placement_count; i++) {
        mote_placement_info row;
        if (mote_model_get_placement(session->model, i, &row) != MOTE_OK)
            return cli_fail();
        cli_print("%zu,%zu,%zu,%zu,%zu,", row.id, row.lower, row.upper, row.bytes, row.offset);
        print_field(row.name);
        cli_print(",%s\n", mote_block_kind_name(row.kind));
    }
    return CLI_OK;
}

static mote_status measure(const cli_session *session)
{
    const cli_options *options = session->options;
    return options->measure ? mote_model_measure_cost(session->model, options->cost) : MOTE_OK;
}

/// What each technique saves depends on planner and techniques: a plan that is made again has its own.
static int measure_savings(cli_session *session, cli_findings *findings)
{
    const cli_options *options = session->options;
    if (options->csv && !options->html)
        return CLI_OK;
    if (options->plan) {
        if (cli_session_compile(session, MOTE_MODE_TRAIN, NULL) != MOTE_OK ||
            mote_model_get_plan(session->model, &findings->plan) != MOTE_OK)
            return cli_session_fail(session);
        session->planner = findings->plan.planner;
        session->without = findings->plan.without;
    }
    return cli_savings_measure(session, &findings->savings);
}

/// Whether --save-plan may write: nothing but a plan is written over.
static bool may_save(const cli_options *options)
{
    return !options->save_plan ||
           cli_old_file_check("save-plan", options->save_plan, "; A plan of mote", "plan");
}

static mote_status save_plan(const cli_session *session)
{
    const char *path = session->options->save_plan;
    return path ? mote_model_save_plan(session->model, path) : MOTE_OK;
}

static int plan_model(cli_session *session)
{
    const cli_options *options = session->options;
    cli_findings findings = {.savings = {.full_bytes = 0}};
    if (!may_save(options))
        return CLI_FAILED;
    if (cli_session_load(session) != MOTE_OK || measure(session) != MOTE_OK)
        return cli_fail();
    if (options->frontier)
        return cli_frontier_print(session);
    const int exit_code = measure_savings(session, &findings);
    if (exit_code != CLI_OK)
        return exit_code;
    if (cli_session_compile(session, MOTE_MODE_TRAIN, NULL) != MOTE_OK ||
        mote_model_get_plan(session->model, &findings.plan) != MOTE_OK ||
        cli_largest_find(session->model, &findings) != MOTE_OK || save_plan(session) != MOTE_OK)
        return cli_session_fail(session);
    if (options->html && !cli_plan_page_write(session, &findings, options->html))
        return CLI_FAILED;
    if (options->json)
        return print_json(session, &findings);
    if (options->csv)
        return print_csv(session, &findings.plan);
    cli_plan_print(&findings);
    return CLI_OK;
}

static bool has_budget(const cli_options *options)
{
    for (size_t i = 0; i < options->setting_count; i++) {
        if (strcmp(options->settings[i].key, "memory_budget") == 0)
            return true;
    }
    return false;
}

int cli_run_plan(const cli_options *options)
{
    if (options->json && options->csv) {
        cli_error("plan: --json and --csv exclude each other");
        return CLI_USAGE;
    }
    if (options->frontier && (options->csv || options->html)) {
        cli_error("plan: --frontier goes with neither --csv nor --html");
        return CLI_USAGE;
    }
    if (options->frontier && (has_budget(options) || options->without & MOTE_TECHNIQUE_SWAP)) {
        cli_error("plan: --frontier goes through all budgets: neither with one nor without swap");
        return CLI_USAGE;
    }
    if (options->frontier && (options->plan || options->save_plan)) {
        cli_error("plan: --frontier is of many plans: neither with --plan nor with --save-plan");
        return CLI_USAGE;
    }
    cli_session session = {.options = options};
    const int exit_code = plan_model(&session);
    cli_session_release(&session);
    return exit_code;
}
