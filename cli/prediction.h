// SPDX-License-Identifier: Apache-2.0
// What a network says of a sample: a class and how probable it is, or numbers.
#ifndef MOTE_CLI_PREDICTION_H
#define MOTE_CLI_PREDICTION_H

#include "output.h"

/// Whether values are probabilities of classes: none negative, sum 1.
bool cli_is_distribution(const float *values, size_t count);

size_t cli_find_largest(const float *values, size_t count);

/// Prints, each behind a blank, the class's name and probability, or all values.
void cli_print_prediction(const mote_model *model, const float *values, size_t count);

/// Adds class, class_name, probability and probabilities, or else outputs.
void cli_json_add_prediction(cli_json *json, const mote_model *model, const float *values,
                             size_t count);

#endif
