// SPDX-License-Identifier: Apache-2.0
// Help, made from the tables of commands and options.
#include "cli.h"
#include "option_table.h"
#include "output.h"

#include <string.h>

/// Columns of an option's name, and of what is said about it.
#define LEFT_WIDTH 28
#define HELP_WIDTH 72

/// In lines; no word is longer.
static void print_about(const char *text)
{
    while (strlen(text) > HELP_WIDTH) {
        int length = HELP_WIDTH;
        while (length > 0 && text[length] != ' ')
            length--;
        if (length == 0)
            break;
        cli_print("%.*s\n%*s", length, text, LEFT_WIDTH, "");
        text += length + 1;
    }
    cli_print("%s\n", text);
}

static void print_option(const cli_option *option)
{
    char left[64];
    if (option->takes_none)
        cli_format(left, sizeof left, "--%s[=%s]", option->name, option->argument);
    else
        cli_format(left, sizeof left, "--%s%s%s", option->name, option->argument ? " " : "",
                   option->argument ? option->argument : "");
    cli_print("  %-*s", LEFT_WIDTH - 2, left);
    print_about(option->help);
}

void cli_help(void)
{
    cli_print("usage: mote COMMAND [OPTION]... [ARGUMENT]...\n\n"
              "Trains neural networks in memory that is planned before the first step.\n\n"
              "Commands:\n");
    for (size_t i = 0; i < CLI_COMMAND_COUNT; i++)
        cli_print("  %-10s  %s\n", cli_commands[i].name, cli_commands[i].summary);
    cli_print(
        "\n"
        "'mote COMMAND --help' lists the options of a command. Results go to stdout, talk and\n"
        "errors to stderr. Exit code: 0 done, 1 failed, 2 wrong usage, 3 too small a memory\n"
        "budget, 130 after Ctrl-C.\n");
}

void cli_command_help(const cli_command *command)
{
    cli_print("usage: mote %s [OPTION]...%s%s\n\n%c%s.\n", command->name,
              command->operands[0] ? " " : "", command->operands, command->summary[0] - 'a' + 'A',
              command->summary + 1);
    if (command->about)
        cli_print("%s\n", command->about);
    cli_print("\nOptions:\n");
    for (size_t i = 0; i < cli_option_count; i++) {
        if (cli_option_table[i].commands & command->bit)
            print_option(&cli_option_table[i]);
    }
}
