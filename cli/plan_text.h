// SPDX-License-Identifier: Apache-2.0
// A memory plan for people.
#ifndef MOTE_CLI_PLAN_TEXT_H
#define MOTE_CLI_PLAN_TEXT_H

#include "output.h"

/// Prints what the plan of a compiled model says: sizes, who holds the peak.
mote_status cli_plan_print(const mote_model *model, const mote_plan_info *plan) MOTE_MUST_CHECK;

/// The same in one line, as talk.
void cli_plan_talk(const mote_plan_info *plan);

#endif
