// SPDX-License-Identifier: Apache-2.0
// Loss and accuracy, of the whole and of each loss.
#ifndef MOTE_CLI_METRICS_H
#define MOTE_CLI_METRICS_H

#include "output.h"

/// Under `key` a list with each loss's name, weight, value and accuracy; null without samples.
void cli_metrics_add_losses(cli_json *json, const char *key, const mote_metrics *metrics);

/// "name   loss 0.1, accuracy 98 %", and where there are several losses a line for each.
void cli_metrics_print(const char *name, const mote_metrics *metrics);

#endif
