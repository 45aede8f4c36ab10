// SPDX-License-Identifier: Apache-2.0
// Completion scripts, each made from the tables of commands and options.
#ifndef MOTE_CLI_COMPLETION_H
#define MOTE_CLI_COMPLETION_H

#include "option_table.h"

/// `names`: of all components of model files, with blanks between them.
void cli_completion_bash(const char *names);
void cli_completion_zsh(const char *names);
void cli_completion_fish(const char *names);

/// Whether the command takes the option.
bool cli_takes(const cli_command *command, const cli_option *option);

/// Whether the option's value, or the command's argument, is a file.
bool cli_option_is_file(const cli_option *option);
bool cli_operand_is_file(const cli_command *command);

/// Prints `text` with a backslash before each of `special`.
void cli_print_escaped(const char *text, const char *special);

#endif
