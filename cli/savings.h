// SPDX-License-Identifier: Apache-2.0
// What each technique saves: the arena that the model would take without it, and with all others.
#ifndef MOTE_CLI_SAVINGS_H
#define MOTE_CLI_SAVINGS_H

#include "output.h"
#include "session.h"

typedef struct cli_savings {
    bool is_used[MOTE_TECHNIQUE_COUNT];       // not left out by --without
    size_t arena_bytes[MOTE_TECHNIQUE_COUNT]; // without it; but for swap, with any memory
    size_t full_bytes;                        // with all of them and any memory
    bool swaps; // the plan does; to be set before any of this is printed
} cli_savings;

/// Compiles the model once for each technique. What was compiled before is gone.
mote_status cli_savings_measure(const cli_session *session, cli_savings *savings) MOTE_MUST_CHECK;

/// The difference of the arenas without technique `index` and with all; where that is less than 0, which packing may make
/// it by a little, without its sign. Of swap it is what the budget takes away; of the others, what they do without one.
size_t cli_savings_bytes(const cli_savings *savings, size_t index, size_t arena_bytes,
                         bool *is_more);

/// A line for each, and the same as JSON, beside the `arena_bytes` with all of them.
void cli_savings_print(const cli_savings *savings, size_t arena_bytes);
void cli_savings_add_json(const cli_savings *savings, size_t arena_bytes, cli_json *json);

#endif
