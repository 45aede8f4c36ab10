// SPDX-License-Identifier: Apache-2.0
// Plans a model without each technique, and without what makes it keep its gradients.
#include "savings.h"

#include <stdlib.h>
#include <string.h>

/// Only one planner searches.
static unsigned left_out(const cli_session *session)
{
    const bool searches = !session->planner || strcmp(session->planner, "exact") == 0;
    return session->without | (searches ? 0 : MOTE_TECHNIQUE_EXACT);
}

/// The arena with any memory.
static mote_status measure(const cli_session *session, unsigned without, size_t *arena_bytes,
                           bool *keeps_gradients)
{
    mote_plan_info plan;
    const mote_status status = cli_session_plan(session, without, UINT64_MAX, &plan);
    if (status != MOTE_OK)
        return status;
    *arena_bytes = plan.arena_bytes;
    *keeps_gradients = plan.gradients_kept_by[0] != '\0';
    return MOTE_OK;
}

/// With any memory such a technique has nothing to do.
static bool is_for_budgets(size_t index)
{
    return index == MOTE_TECHNIQUE_INDEX_SWAP || index == MOTE_TECHNIQUE_INDEX_BLOCK_RECOMPUTE;
}

static mote_status measure_techniques(const cli_session *session, unsigned without,
                                      cli_savings *savings, bool *keeps_gradients)
{
    mote_status status = measure(session, without, &savings->full_bytes, keeps_gradients);
    for (size_t i = 0; i < MOTE_TECHNIQUE_COUNT && status == MOTE_OK; i++) {
        savings->is_used[i] = !(without & 1U << i);
        if (i == MOTE_TECHNIQUE_INDEX_SLICES && *keeps_gradients)
            savings->is_used[i] = false;
        if (savings->is_used[i] && is_for_budgets(i))
            savings->arena_bytes[i] = savings->full_bytes;
        else if (savings->is_used[i])
            status = measure(session, without | 1U << i, &savings->arena_bytes[i], keeps_gradients);
    }
    return status;
}

/// The model with each gradient applied as soon as it is made.
static mote_status measure_early(const cli_session *session, unsigned without,
                                 const mote_setting *settings, size_t setting_count,
                                 size_t *arena_bytes)
{
    cli_session early = *session;
    bool keeps_gradients = false;
    mote_status status =
        mote_model_load(session->context, session->path, settings, setting_count, &early.model);
    if (status == MOTE_OK)
        status = measure(&early, without, arena_bytes, &keeps_gradients);
    mote_model_destroy(&early.model);
    return status;
}

static int measure_kept(const cli_session *session, unsigned without, cli_savings *savings)
{
    static const mote_setting early[] = {{"Model", "apply", "early"},
                                         {"Optimizer", "clip_norm", "0"}};
    const cli_options *options = session->options;
    const size_t count = options->setting_count;
    mote_setting *settings = calloc(count + 2, sizeof *settings);
    if (!settings) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    if (count > 0)
        memcpy(settings, options->settings, count * sizeof *settings);
    memcpy(settings + count, early, sizeof early);
    const mote_status status =
        measure_early(session, without, settings, count + 2, &savings->early_bytes);
    free(settings);
    return status == MOTE_OK ? CLI_OK : cli_session_fail(session);
}

int cli_savings_measure(const cli_session *session, cli_savings *savings)
{
    const unsigned without = left_out(session);
    bool keeps_gradients = false;
    *savings = (cli_savings){.full_bytes = 0};
    if (measure_techniques(session, without, savings, &keeps_gradients) != MOTE_OK)
        return cli_session_fail(session);
    return keeps_gradients ? measure_kept(session, without, savings) : CLI_OK;
}

/// Whether the plan keeps its budget by it.
static bool keeps_budget(size_t index, const mote_plan_info *plan)
{
    return (index == MOTE_TECHNIQUE_INDEX_SWAP && plan->swap_bytes > 0) ||
           (index == MOTE_TECHNIQUE_INDEX_BLOCK_RECOMPUTE && plan->recomputed_flops > 0);
}

int64_t cli_savings_bytes(const cli_savings *savings, size_t index, const mote_plan_info *plan)
{
    const size_t with = keeps_budget(index, plan) ? plan->arena_bytes : savings->full_bytes;
    return savings->is_used[index] ? (int64_t)savings->arena_bytes[index] - (int64_t)with : 0;
}

int64_t cli_savings_kept_bytes(const cli_savings *savings, const mote_plan_info *plan)
{
    return plan->gradients_kept_by[0] ? (int64_t)savings->full_bytes - (int64_t)savings->early_bytes
                                      : 0;
}

const char *cli_format_change(int64_t bytes, char *text)
{
    char rounded[CLI_BYTES_LENGTH];
    cli_format(text, CLI_CHANGE_LENGTH, "%s %s", cli_format_bytes((size_t)llabs(bytes), rounded),
               bytes < 0 ? "less" : "more");
    return text;
}

const char *cli_savings_reason(size_t index, const mote_plan_info *plan)
{
    return index == MOTE_TECHNIQUE_INDEX_SLICES && plan->gradients_kept_by[0]
               ? "not with kept gradients"
               : "left out";
}

static void print_change(const char *name, int64_t bytes, const char *remark)
{
    char text[CLI_CHANGE_LENGTH];
    cli_print("  %-15s %11llu bytes  %13s   %s\n", name, (unsigned long long)llabs(bytes),
              cli_format_change(bytes, text), remark);
}

static void print_kept(const cli_savings *savings, const mote_plan_info *plan)
{
    const int64_t bytes = cli_savings_kept_bytes(savings, plan);
    char rounded[CLI_BYTES_LENGTH];
    if (!plan->gradients_kept_by[0])
        return;
    cli_print("%-16s %12llu bytes  %8s   %s, since %s keeps all gradients to the end of "
              "backward\n",
              "kept gradients", (unsigned long long)llabs(bytes),
              cli_format_bytes((size_t)llabs(bytes), rounded), bytes < 0 ? "less" : "more",
              plan->gradients_kept_by);
}

void cli_savings_print(const cli_savings *savings, const mote_plan_info *plan)
{
    print_kept(savings, plan);
    cli_print("without a technique the arena would take%s\n",
              plan->arena_bytes == savings->full_bytes
                  ? ""
                  : " (swap, block_recompute: beside this one; others: as without a budget)");
    for (size_t i = 0; i < MOTE_TECHNIQUE_COUNT; i++) {
        if (savings->is_used[i])
            print_change(mote_technique_name(i), cli_savings_bytes(savings, i, plan),
                         mote_technique_summary(i));
        else
            cli_print("  %-15s %17s\n", mote_technique_name(i), cli_savings_reason(i, plan));
    }
}

static void add_signed(cli_json *json, const char *key, int64_t value)
{
    cli_json_add(json, key, json_integer(value));
}

void cli_savings_add_json(const cli_savings *savings, const mote_plan_info *plan, cli_json *json)
{
    const char *kept_by = plan->gradients_kept_by;
    cli_json techniques = cli_json_make();
    for (size_t i = 0; i < MOTE_TECHNIQUE_COUNT; i++) {
        cli_json technique = cli_json_make();
        const size_t without = savings->is_used[i] ? savings->arena_bytes[i] : plan->arena_bytes;
        cli_json_add_bool(&technique, "used", savings->is_used[i]);
        cli_json_add_size(&technique, "arena_bytes_without", without);
        add_signed(&technique, "saved_bytes", cli_savings_bytes(savings, i, plan));
        techniques.failed = techniques.failed || technique.failed;
        cli_json_add(&techniques, mote_technique_name(i), technique.root);
    }
    json->failed = json->failed || techniques.failed;
    cli_json_add(json, "techniques", techniques.root);
    cli_json_add_text(json, "gradients_kept_by", kept_by[0] ? kept_by : NULL);
    add_signed(json, "gradients_kept_bytes", cli_savings_kept_bytes(savings, plan));
}
