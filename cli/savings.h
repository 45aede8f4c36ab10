// SPDX-License-Identifier: Apache-2.0
// What each technique saves: the arena that the model would take without it, and with all others. And what it costs that
// gradients are kept, which no technique takes away.
#ifndef MOTE_CLI_SAVINGS_H
#define MOTE_CLI_SAVINGS_H

#include "output.h"
#include "session.h"

/// All with any memory: within a budget arenas would differ by what they leave of it.
typedef struct cli_savings {
    bool is_used[MOTE_TECHNIQUE_COUNT];       // neither left out by --without nor impossible
    size_t arena_bytes[MOTE_TECHNIQUE_COUNT]; // without it
    size_t full_bytes;                        // with all of them
    size_t early_bytes; // where gradients are kept: if each were applied as soon as it is made
} cli_savings;

/// Compiles the model once for each technique. What was compiled before is gone. Gives the exit code, having said what failed.
int cli_savings_measure(const cli_session *session, cli_savings *savings) MOTE_MUST_CHECK;

/// By how much the arena is larger without technique `index` than with all; packing may make it smaller, by a little. Of
/// what keeps the budget of `plan` it is what that takes away; of the others, what they do without a budget.
int64_t cli_savings_bytes(const cli_savings *savings, size_t index, const mote_plan_info *plan);

/// By how much it is larger for gradients that are kept.
int64_t cli_savings_kept_bytes(const cli_savings *savings, const mote_plan_info *plan);

/// Why technique `index`, which is not used, is not.
const char *cli_savings_reason(size_t index, const mote_plan_info *plan);

/// "16.0 kB less". `text` takes CLI_CHANGE_LENGTH characters.
enum {
    CLI_CHANGE_LENGTH = CLI_BYTES_LENGTH + 5
};

const char *cli_format_change(int64_t bytes, char *text);

/// A line for each, and the same as JSON.
void cli_savings_print(const cli_savings *savings, const mote_plan_info *plan);
void cli_savings_add_json(const cli_savings *savings, const mote_plan_info *plan, cli_json *json);

#endif
