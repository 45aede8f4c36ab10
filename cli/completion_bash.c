// SPDX-License-Identifier: Apache-2.0
// Completion for bash; it needs nothing of the package bash-completion.
#include "completion.h"
#include "output.h"

static void print_values(void)
{
    for (size_t i = 0; i < cli_option_count; i++) {
        const cli_option *option = &cli_option_table[i];
        if (cli_option_is_file(option)) // a value that may be left out: an operand is a file, too
            cli_print("    --%s) _mote_files '' \"$word\" ;;\n", option->name);
        else if (option->argument)
            cli_print("    --%s) _mote_words '%s' \"$word\" ;;\n", option->name,
                      option->choices ? option->choices : "");
    }
}

static void print_options(const cli_command *command)
{
    cli_print("    %s:-*) _mote_words '", command->name);
    for (size_t i = 0; i < cli_option_count; i++) {
        if (cli_takes(command, &cli_option_table[i]))
            cli_print(" --%s", cli_option_table[i].name);
    }
    cli_print("' \"$word\" ;;\n");
}

static void print_operands(const cli_command *command, const char *names)
{
    if (command->bit == CLI_LAYERS)
        cli_print("    %s:*) _mote_words '%s' \"$word\" ;;\n", command->name, names);
    else if (command->bit == CLI_COMPLETION)
        cli_print("    %s:*) _mote_words 'bash zsh fish' \"$word\" ;;\n", command->name);
    else if (command->bit == CLI_INFO)
        cli_print("    %s:*) _mote_files safetensors \"$word\" ;;\n", command->name);
    else if (cli_operand_is_file(command))
        cli_print("    %s:*) _mote_files '%s' \"$word\" ;;\n", command->name,
                  command->maximum == 1 && command->bit != CLI_INIT ? "ini" : "");
}

void cli_completion_bash(const char *names)
{
    cli_print(
        "# completion of mote for bash, printed by: mote completion bash\n"
        "_mote_words()\n{\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\")\n}\n\n"
        "_mote_files()\n{\n"
        "    compopt -o filenames 2>/dev/null\n"
        "    mapfile -t COMPREPLY < <(\n"
        "        compgen -d -- \"$2\"\n"
        "        if [[ $1 ]]; then compgen -f -X \"!*.$1\" -- \"$2\"; else compgen -f -- \"$2\"; "
        "fi | while IFS= read -r file; do\n"
        "            [[ -d $file ]] || printf '%%s\\n' \"$file\"\n"
        "        done)\n}\n\n"
        "_mote()\n{\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "    COMPREPLY=()\n"
        "    if ((COMP_CWORD == 1)); then\n        _mote_words '");
    for (size_t i = 0; i < CLI_COMMAND_COUNT; i++)
        cli_print("%s ", cli_commands[i].name);
    cli_print("--help --version' \"$word\"\n        return\n    fi\n"
              "    # bash cuts --name=value at the equals sign\n"
              "    if [[ $word == = ]]; then\n        word=\n"
              "    elif [[ $previous == = ]]; then\n"
              "        previous=${COMP_WORDS[COMP_CWORD - 2]}\n    fi\n"
              "    case $previous in\n");
    print_values();
    cli_print("    *)\n    case ${COMP_WORDS[1]}:$word in\n");
    for (size_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        print_options(&cli_commands[i]);
        print_operands(&cli_commands[i], names);
    }
    cli_print("    esac ;;\n    esac\n}\n\ncomplete -F _mote mote\n");
}
