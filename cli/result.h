// SPDX-License-Identifier: Apache-2.0
// What training and benchmark report alike.
#ifndef MOTE_CLI_RESULT_H
#define MOTE_CLI_RESULT_H

#include "output.h"
#include "session.h"

typedef struct cli_result {
    mote_train_result trained;
    mote_plan_info plan;
    size_t peak_bytes; // most the process had resident
    double step_ms;    // median; not a number where no step was done
    double samples_per_second;
    char digest[65]; // SHA-256 of the weights
} cli_result;

/// Completes `result` after training: the memory used, the digest.
mote_status cli_result_finish(const cli_session *session, cli_result *result) MOTE_MUST_CHECK;

void cli_result_print(const cli_session *session, const cli_result *result);

void cli_result_add_json(const cli_session *session, const cli_result *result, cli_json *json);

#endif
