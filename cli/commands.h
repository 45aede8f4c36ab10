// SPDX-License-Identifier: Apache-2.0
// The function of each command: gives the exit code, having printed results and errors.
#ifndef MOTE_CLI_COMMANDS_H
#define MOTE_CLI_COMMANDS_H

#include "cli.h"

#define COMMAND(NAME, function, ...) int cli_run_##function(const cli_options *options);
#include "commands.def"
#undef COMMAND

#endif
