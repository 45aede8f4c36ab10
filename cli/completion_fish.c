// SPDX-License-Identifier: Apache-2.0
// Completion for fish.
#include "completion.h"
#include "output.h"

static void print_quoted(const char *text)
{
    cli_print("'");
    cli_print_escaped(text, "'\\");
    cli_print("'");
}

static void print_option(const cli_command *command, const cli_option *option)
{
    cli_print("complete -c mote -n '__fish_seen_subcommand_from %s' -l %s", command->name,
              option->name);
    if (cli_option_is_file(option))
        cli_print(option->takes_none ? " -F" : " -r -F");
    else if (option->choices)
        cli_print(" -x -a '%s'", option->choices);
    else if (option->argument)
        cli_print(" -x");
    cli_print(" -d ");
    print_quoted(option->help);
    cli_print("\n");
}

static void print_operands(const cli_command *command, const char *names)
{
    const char *words = "";
    if (command->bit == CLI_LAYERS)
        words = names;
    else if (command->bit == CLI_COMPLETION)
        words = "bash zsh fish";
    else if (cli_operand_is_file(command))
        cli_print("complete -c mote -n '__fish_seen_subcommand_from %s' -F\n", command->name);
    if (words[0])
        cli_print("complete -c mote -n '__fish_seen_subcommand_from %s' -a '%s'\n", command->name,
                  words);
}

void cli_completion_fish(const char *names)
{
    cli_print("# completion of mote for fish, printed by: mote completion fish\n"
              "complete -c mote -f\n");
    for (size_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        cli_print("complete -c mote -n __fish_use_subcommand -a %s -d ", cli_commands[i].name);
        print_quoted(cli_commands[i].summary);
        cli_print("\n");
    }
    for (size_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        for (size_t j = 0; j < cli_option_count; j++) {
            if (cli_takes(&cli_commands[i], &cli_option_table[j]))
                print_option(&cli_commands[i], &cli_option_table[j]);
        }
        print_operands(&cli_commands[i], names);
    }
}
