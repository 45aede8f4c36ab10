// SPDX-License-Identifier: Apache-2.0
// How long operations hold the processor: as predicted, and as measured.
#ifndef MOTE_CLI_DEADLINE_H
#define MOTE_CLI_DEADLINE_H

#include "output.h"

/// A line where [Model] has an operation_deadline_ms; nothing for others.
void cli_deadline_print_plan(const mote_plan_info *plan);
void cli_deadline_print_result(const mote_plan_info *plan, const mote_train_result *result);

/// All keys, with zeros where nothing was measured.
void cli_deadline_add_plan(const mote_plan_info *plan, cli_json *json);
void cli_deadline_add_result(const mote_train_result *result, cli_json *json);

#endif
