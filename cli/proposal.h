// SPDX-License-Identifier: Apache-2.0
// A small model for data that were inspected: its model file.
#ifndef MOTE_CLI_PROPOSAL_H
#define MOTE_CLI_PROPOSAL_H

#include "cli.h"

#include <stdio.h>

typedef struct cli_proposal {
    const mote_data_info *info;
    const char *data;               // paths as the model file is to name them
    const char *labels;             // file of labels; NULL: none
    const char *weights;            // save_path
    size_t channels, height, width; // of the network's input; images
    size_t frames;                  // of the network's input; wav
    double frame_length; // wav: milliseconds that a frame sees, twice those from one to the next
    size_t window;       // text: bytes that the network sees
    size_t blocks, features; // text: of the Transformer
    uint64_t sample_count;
    size_t batch_size, epochs, step_count;
    double validation_split;
} cli_proposal;

/// Decides sizes from proposal->info. False, said with cli_error: there is no network for such data.
bool cli_proposal_decide(cli_proposal *proposal);

/// "convolutional network", ...
const char *cli_proposal_network(const cli_proposal *proposal);

/// Seconds of sound that the network's input takes.
double cli_proposal_seconds(const cli_proposal *proposal);

/// Writes the model file; errors are kept by the stream.
void cli_proposal_write(const cli_proposal *proposal, FILE *file);

#endif
