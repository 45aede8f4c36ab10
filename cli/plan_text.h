// SPDX-License-Identifier: Apache-2.0
// A memory plan for people.
#ifndef MOTE_CLI_PLAN_TEXT_H
#define MOTE_CLI_PLAN_TEXT_H

#include "output.h"
#include "savings.h"

/// How many blocks of the peak are listed.
enum {
    CLI_LARGEST_COUNT = 10
};

/// The largest blocks that live at the peak, the largest first.
typedef struct cli_largest {
    mote_placement_info blocks[CLI_LARGEST_COUNT];
    size_t count;
} cli_largest;

/// "16x32x48x48"; "" for scratch. `text` takes CLI_SHAPE_LENGTH characters.
enum {
    CLI_SHAPE_LENGTH = 160
};

const char *cli_format_shape(const mote_placement_info *block, char *text);

/// What there is to say of a plan.
typedef struct cli_findings {
    mote_plan_info plan;
    cli_savings savings;
    cli_largest largest;
} cli_findings;

/// Finds the largest blocks at the peak of `plan`.
mote_status cli_largest_find(const mote_model *model, cli_findings *findings) MOTE_MUST_CHECK;

/// Prints sizes, what was saved, who holds the peak.
void cli_plan_print(const cli_findings *findings);

/// The same in one line, as talk.
void cli_plan_talk(const mote_plan_info *plan);

#endif
