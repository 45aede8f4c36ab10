// SPDX-License-Identifier: Apache-2.0
// Reading the command line.
#ifndef MOTE_CLI_OPTIONS_H
#define MOTE_CLI_OPTIONS_H

#include "cli.h"

/// Reads what follows the command's name. Gives CLI_OK, or an exit code, having told the user.
int cli_options_init(cli_options *options, const cli_command *command, int argument_count,
                     char *const *arguments);

void cli_options_release(cli_options *options);

/// Prints, as a shell would take it, the command line with `option` (and its value, unless that is NULL) instead of the
/// --weights and --resume that were given.
void cli_options_print_resume(const cli_options *options, const char *option, const char *value);

#endif
