// SPDX-License-Identifier: Apache-2.0
// What a memory budget costs: as planned, and as it was.
#ifndef MOTE_CLI_SWAP_H
#define MOTE_CLI_SWAP_H

#include "output.h"

/// What keeps the budget of a plan: "kept by swapping".
const char *cli_swap_budget_text(const mote_plan_info *plan);

/// Lines of a plan with a budget; nothing for others.
void cli_swap_print_plan(const mote_plan_info *plan);

/// All keys, with zeros where everything fits.
void cli_swap_add_plan(const mote_plan_info *plan, cli_json *json);

/// The same of steps that were done, for each of them.
void cli_swap_print_result(const mote_plan_info *plan, const mote_train_result *result);
void cli_swap_add_result(const mote_plan_info *plan, const mote_train_result *result,
                         cli_json *json);

#endif
