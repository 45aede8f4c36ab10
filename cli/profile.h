// SPDX-License-Identifier: Apache-2.0
// Where the time of training steps went, as --profile tells it: a table, JSON, and a trace.
#ifndef MOTE_CLI_PROFILE_H
#define MOTE_CLI_PROFILE_H

#include "session.h"
#include "trace.h"

/// One operation of a step, or all of one layer and phase, over all steps.
typedef struct cli_profile_row {
    const char *name; // of an operation; NULL: there is none
    const char *layer, *phase;
    uint64_t ns;
    double multiply_adds;
} cli_profile_row;

/// Zero-initialized it is that of a command without --profile, for which the functions below do nothing.
typedef struct cli_profile {
    bool wanted;
    mote_peak peak;
    size_t thread_count;
    cli_profile_row *operations; // by index
    size_t operation_capacity;
    uint64_t steps;
    uint64_t ns;           // of all operations
    cli_profile_row *rows; // by layer and phase, the slowest first; made by cli_profile_finish
    size_t row_count;
    cli_trace trace;
} cli_profile;

/// Measures the processor, opens the trace and gets all memory that recording needs, if --profile was given. False when
/// that fails, having told the user.
bool cli_profile_init(cli_profile *profile, const cli_session *session, const mote_plan_info *plan);

/// What records into the profile.
mote_profiler cli_profile_profiler(cli_profile *profile);

/// Sums up and writes the trace, also of steps before one that failed. False when that fails, having told the user.
bool cli_profile_finish(cli_profile *profile);

void cli_profile_print(const cli_profile *profile);

/// The key "profile".
void cli_profile_add_json(const cli_profile *profile, cli_json *json);

void cli_profile_release(cli_profile *profile);

#endif
