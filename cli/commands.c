// SPDX-License-Identifier: Apache-2.0
// The table of commands.
#include "commands.h"

const cli_command cli_commands[CLI_COMMAND_COUNT] = {
#define COMMAND(NAME, function, text, fewest, most, line, paragraph) \
    {                                                                \
        .name = #function,                                           \
        .bit = CLI_##NAME,                                           \
        .operands = (text),                                          \
        .minimum = (fewest),                                         \
        .maximum = (most),                                           \
        .summary = (line),                                           \
        .about = (paragraph),                                        \
        .run = cli_run_##function,                                   \
    },
#include "commands.def"
#undef COMMAND
};
