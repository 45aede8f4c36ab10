// SPDX-License-Identifier: Apache-2.0
// Completion for zsh.
#include "completion.h"
#include "output.h"

/// What ends a description or a word in the arguments of _arguments, in single quotes.
static void print_text(const char *text)
{
    for (; *text; text++) {
        char letter[2] = {*text, '\0'};
        if (*text == '\'')
            cli_print("'\\''");
        else
            cli_print_escaped(letter, "[]:\\");
    }
}

static void print_option(const cli_option *option)
{
    const char *value = option->argument ? "=" : "";
    if (option->takes_none)
        value = "=-";
    cli_print("      '%s--%s%s[", option->read && !option->key && !option->argument ? "" : "*",
              option->name, value);
    print_text(option->help);
    cli_print("]");
    if (option->argument)
        cli_print("%s:%s:", option->takes_none ? ":" : "", option->argument);
    if (cli_option_is_file(option))
        cli_print("_files");
    else if (option->choices)
        cli_print("(%s)", option->choices);
    cli_print("' \\\n");
}

static void print_operands(const cli_command *command, const char *names)
{
    if (command->bit == CLI_LAYERS)
        cli_print("      '1:name:(%s)' ;;\n", names);
    else if (command->bit == CLI_COMPLETION)
        cli_print("      '1:shell:(bash zsh fish)' ;;\n");
    else if (command->bit == CLI_INFO)
        cli_print("      '1:file:_files -g \"*.safetensors\"' ;;\n");
    else if (command->bit == CLI_INIT)
        cli_print("      '1:data:_files' ;;\n");
    else if (cli_operand_is_file(command))
        cli_print("      '1:model:_files -g \"*.ini\"'%s ;;\n",
                  command->maximum > 1 ? " '*:file:_files'" : "");
    else
        cli_print("      ;;\n");
}

void cli_completion_zsh(const char *names)
{
    cli_print("#compdef mote\n# completion of mote for zsh, printed by: mote completion zsh\n"
              "_mote()\n{\n  local -a commands\n  commands=(\n");
    for (size_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        cli_print("    '%s:", cli_commands[i].name);
        print_text(cli_commands[i].summary);
        cli_print("'\n");
    }
    cli_print("  )\n  if ((CURRENT == 2)); then\n"
              "    _describe -t commands command commands\n    return\n  fi\n"
              "  local command=$words[2]\n  shift words\n  ((CURRENT--))\n"
              "  case $command in\n");
    for (size_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        cli_print("    %s) _arguments \\\n", cli_commands[i].name);
        for (size_t j = 0; j < cli_option_count; j++) {
            if (cli_takes(&cli_commands[i], &cli_option_table[j]))
                print_option(&cli_option_table[j]);
        }
        print_operands(&cli_commands[i], names);
    }
    cli_print("  esac\n}\n\n"
              "# a file of $fpath is the function itself; sourced, it has to be made known\n"
              "if [[ $funcstack[1] == _mote ]]; then\n  _mote \"$@\"\nelse\n"
              "  compdef _mote mote\nfi\n");
}
