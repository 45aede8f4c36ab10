// SPDX-License-Identifier: Apache-2.0
// The context and the model of a command.
#ifndef MOTE_CLI_SESSION_H
#define MOTE_CLI_SESSION_H

#include "cli.h"

/// Start with {.options = options}.
typedef struct cli_session {
    const cli_options *options;
    mote_context *context;
    mote_model *model;
    const char *path;    // of the model file
    const char *planner; // of the options, or of the plan that is made again; as the next
    unsigned without;
    size_t rss_before_bytes; // resident before the model was compiled
} cli_session;

/// A context with the threads and the CPU level asked for (--cpu, else the environment's MOTE_CPU).
mote_status cli_context_create(const cli_options *options, size_t threads,
                               mote_context **context) MOTE_MUST_CHECK;

/// Makes the context and loads the model of the first operand, with the user's settings. Release
/// the session also when that fails.
mote_status cli_session_load(cli_session *session) MOTE_MUST_CHECK;

/// Compiles for `modes` with the planner and the weights asked for, or to the plan asked for.
mote_status cli_session_compile(cli_session *session, unsigned modes,
                                const char *weights) MOTE_MUST_CHECK;

/// Searches a plan within a budget (UINT64_MAX: any memory), without these techniques, by the session's planner.
mote_status cli_session_plan(const cli_session *session, unsigned without, uint64_t budget,
                             mote_plan_info *plan) MOTE_MUST_CHECK;

/// The library's last error, also where the JSON would be when the memory budget is too small; gives the exit code.
int cli_session_fail(const cli_session *session);

void cli_session_release(cli_session *session);

/// Trained weights: --weights, else [Model] save_path, else NULL for [Model] load_path. Says what
/// is wrong and gives false when there are none.
bool cli_session_find_weights(const cli_session *session, const char **weights);

#endif
