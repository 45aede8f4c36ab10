// SPDX-License-Identifier: Apache-2.0
// Private to the proposals: one kind of data, and writing a model file.
#ifndef MOTE_CLI_PROPOSAL_ROW_H
#define MOTE_CLI_PROPOSAL_ROW_H

#include "proposal.h"

typedef struct cli_proposal_row {
    const char *network;
    const char *optimizer; // keys of [Optimizer]
    size_t step_goal, epochs_min, epochs_max;
    size_t warm_up; // steps, at most a tenth of all
    bool (*decide)(
        cli_proposal *proposal); // sizes of the input, sample_count; NULL: nothing to decide
    void (*write_data)(const cli_proposal *proposal, FILE *file); // keys of [train_set]
    void (*write_network)(const cli_proposal *proposal, FILE *file);
} cli_proposal_row;

extern const cli_proposal_row cli_proposal_wav;
extern const cli_proposal_row cli_proposal_text;

/// Formatted text; a failure is kept by the stream.
void cli_proposal_print(FILE *file, const char *format, ...) MOTE_PRINTF(2, 3);

/// "key = value", in quotes where the value would not be read as it is.
void cli_proposal_print_key(FILE *file, const char *key, const char *value);

/// The last layer: a share for each class, or one number.
void cli_proposal_print_output(size_t units, FILE *file);

size_t cli_proposal_limit(size_t value, size_t minimum, size_t maximum);

#endif
