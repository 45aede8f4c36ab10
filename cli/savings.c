// SPDX-License-Identifier: Apache-2.0
// Plans a model without each technique.
#include "savings.h"

#include <string.h>

/// Only one planner searches.
static unsigned left_out(const cli_session *session)
{
    const bool searches = !session->planner || strcmp(session->planner, "exact") == 0;
    return session->without | (searches ? 0 : MOTE_TECHNIQUE_EXACT);
}

/// The arena with any memory.
static mote_status measure(const cli_session *session, unsigned without, size_t *arena_bytes)
{
    mote_plan_info plan;
    const mote_status status = cli_session_plan(session, without, UINT64_MAX, &plan);
    if (status == MOTE_OK)
        *arena_bytes = plan.arena_bytes;
    return status;
}

/// With any memory such a technique has nothing to do.
static bool is_for_budgets(size_t index)
{
    return index == MOTE_TECHNIQUE_INDEX_SWAP || index == MOTE_TECHNIQUE_INDEX_BLOCK_RECOMPUTE;
}

mote_status cli_savings_measure(const cli_session *session, cli_savings *savings)
{
    const unsigned without = left_out(session);
    *savings = (cli_savings){.full_bytes = 0};
    mote_status status = measure(session, without, &savings->full_bytes);
    for (size_t i = 0; i < MOTE_TECHNIQUE_COUNT && status == MOTE_OK; i++) {
        savings->is_used[i] = !(without & 1U << i);
        if (savings->is_used[i] && is_for_budgets(i))
            savings->arena_bytes[i] = savings->full_bytes;
        else if (savings->is_used[i])
            status = measure(session, without | 1U << i, &savings->arena_bytes[i]);
    }
    return status;
}

size_t cli_savings_bytes(const cli_savings *savings, size_t index, size_t arena_bytes,
                         bool *is_more)
{
    const size_t without = savings->arena_bytes[index];
    const bool swaps = index == MOTE_TECHNIQUE_INDEX_SWAP && savings->swaps;
    const size_t with = swaps ? arena_bytes : savings->full_bytes;
    *is_more = without < with;
    return *is_more ? with - without : without - with;
}

void cli_savings_print(const cli_savings *savings, size_t arena_bytes)
{
    cli_print("saved by, as the arena is larger without\n");
    for (size_t i = 0; i < MOTE_TECHNIQUE_COUNT; i++) {
        bool is_more = false;
        const size_t bytes = cli_savings_bytes(savings, i, arena_bytes, &is_more);
        char exact[CLI_BYTES_LENGTH];
        char rounded[CLI_BYTES_LENGTH];
        char text[CLI_BYTES_LENGTH + 1];
        cli_format(exact, sizeof exact, "%s%zu", is_more ? "-" : "", bytes);
        cli_format(text, sizeof text, "%s%s", is_more ? "-" : "", cli_format_bytes(bytes, rounded));
        if (savings->is_used[i])
            cli_print("  %-15s %11s bytes  %8s   %s\n", mote_technique_name(i), exact, text,
                      mote_technique_summary(i));
        else
            cli_print("  %-15s %17s\n", mote_technique_name(i), "left out");
    }
}

void cli_savings_add_json(const cli_savings *savings, size_t arena_bytes, cli_json *json)
{
    cli_json techniques = cli_json_make();
    for (size_t i = 0; i < MOTE_TECHNIQUE_COUNT; i++) {
        cli_json technique = cli_json_make();
        const size_t without = savings->is_used[i] ? savings->arena_bytes[i] : arena_bytes;
        cli_json_add_bool(&technique, "used", savings->is_used[i]);
        cli_json_add_size(&technique, "arena_bytes_without", without);
        techniques.failed = techniques.failed || technique.failed;
        cli_json_add(&techniques, mote_technique_name(i), technique.root);
    }
    json->failed = json->failed || techniques.failed;
    cli_json_add(json, "techniques", techniques.root);
}
