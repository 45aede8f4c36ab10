// SPDX-License-Identifier: Apache-2.0
// Walks over the arguments by the table of options.
#include "options.h"

#include "option_table.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

/// An argument that is an option, cut at its "=".
typedef struct cli_argument {
    const char *name;
    size_t length;
    const char *value; // NULL without "="
} cli_argument;

static bool is_option(const char *text)
{
    return text[0] == '-' && text[1];
}

static cli_argument cut_argument(const char *text)
{
    if (strcmp(text, "-h") == 0)
        text = "--help";
    const char *name = strncmp(text, "--", 2) == 0 ? text + 2 : text;
    const size_t length = strcspn(name, "=");
    return (cli_argument){
        .name = name, .length = length, .value = name[length] ? name + length + 1 : NULL};
}

static bool is_named(const cli_argument *argument, const char *name)
{
    return strlen(name) == argument->length && memcmp(name, argument->name, argument->length) == 0;
}

static const cli_option *find_option(const cli_argument *argument)
{
    for (size_t i = 0; i < cli_option_count; i++) {
        if (is_named(argument, cli_option_table[i].name))
            return &cli_option_table[i];
    }
    return NULL;
}

/// Names of the options that a command takes, for suggestions.
static const char *option_name(const void *user, size_t index)
{
    const cli_command *command = user;
    return (cli_option_table[index].commands & command->bit) ? cli_option_table[index].name : "";
}

static int refuse_unknown(const cli_command *command, const char *text,
                          const cli_argument *argument)
{
    char word[64];
    cli_format(word, sizeof word, "%.*s", (int)(argument->length < 63 ? argument->length : 63),
               argument->name);
    const char *nearest = cli_nearest(word, option_name, command, cli_option_count);
    const int shown = (int)(argument->length + (size_t)(argument->name - text));
    if (nearest)
        cli_error("%s: unknown option '%.*s', did you mean '--%s'?", command->name, shown, text,
                  nearest);
    else
        cli_error("%s: unknown option '%.*s', see 'mote %s --help'", command->name, shown, text,
                  command->name);
    return CLI_USAGE;
}

/// Reads the option at arguments[*index] and moves *index to its value when that stands apart.
static int read_option(cli_options *options, int *index)
{
    const char *text = options->arguments[*index];
    cli_argument argument = cut_argument(text);
    const cli_option *option =
        text[1] == '-' || argument.name[0] != '-' ? find_option(&argument) : NULL;
    const cli_command *command = options->command;
    if (!option)
        return refuse_unknown(command, text, &argument);
    if (!(option->commands & command->bit)) {
        cli_error("%s: takes no option '--%s', see 'mote %s --help'", command->name, option->name,
                  command->name);
        return CLI_USAGE;
    }
    if (!option->argument && argument.value) {
        cli_error("%s: option '--%s' takes no value", command->name, option->name);
        return CLI_USAGE;
    }
    if (option->argument && !option->takes_none && !argument.value) {
        const char *next = options->arguments[*index + 1]; // NULL behind the last
        if (!next || strncmp(next, "--", 2) == 0) {
            cli_error("%s: option '--%s' needs a value: --%s %s", command->name, option->name,
                      option->name, option->argument);
            return CLI_USAGE;
        }
        argument.value = next;
        (*index)++;
    }
    return option->read(option, argument.value, options) ? CLI_OK : CLI_USAGE;
}

static int check_operands(const cli_options *options)
{
    const cli_command *command = options->command;
    if (options->operand_count < command->minimum) {
        cli_error("%s: an argument is missing, usage: mote %s [OPTION]... %s", command->name,
                  command->name, command->operands);
        return CLI_USAGE;
    }
    if (options->operand_count > command->maximum) {
        cli_error("%s: unexpected argument '%s'", command->name,
                  options->operands[command->maximum]);
        return CLI_USAGE;
    }
    return CLI_OK;
}

static int allocate(cli_options *options)
{
    const size_t count = (size_t)options->argument_count;
    size_t bytes = 1;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(options->arguments[i]) + 1;
    options->settings = calloc(count, sizeof *options->settings);
    options->operands = calloc(count, sizeof *options->operands);
    options->text = malloc(bytes);
    if (options->settings && options->operands && options->text)
        return CLI_OK;
    cli_error("out of memory");
    return CLI_FAILED;
}

int cli_options_init(cli_options *options, const cli_command *command, int argument_count,
                     char *const *arguments)
{
    *options =
        (cli_options){.command = command, .argument_count = argument_count, .arguments = arguments};
    int exit_code = allocate(options);
    bool only_operands = false;
    for (int i = 2; i < argument_count && exit_code == CLI_OK; i++) {
        if (!only_operands && strcmp(arguments[i], "--") == 0)
            only_operands = true;
        else if (!only_operands && is_option(arguments[i]))
            exit_code = read_option(options, &i);
        else
            options->operands[options->operand_count++] = arguments[i];
    }
    return exit_code == CLI_OK && !options->help ? check_operands(options) : exit_code;
}

void cli_options_release(cli_options *options)
{
    free(options->settings);
    free(options->operands);
    free(options->text);
}

static void print_option(const char *option, const char *value)
{
    cli_talk(" %s", option);
    if (!value)
        return;
    cli_talk(" ");
    cli_quote(cli_talk, value);
}

/// How many arguments from `index` on say where a training begins.
static int count_begin(char *const *arguments, int index)
{
    const cli_argument argument = cut_argument(arguments[index]);
    if (strncmp(arguments[index], "--", 2) != 0)
        return 0;
    if (is_named(&argument, "resume"))
        return 1;
    return !is_named(&argument, "weights") ? 0 : argument.value ? 1 : 2;
}

void cli_options_print_resume(const cli_options *options, const char *option, const char *value)
{
    bool only_operands = false;
    cli_quote(cli_talk, options->arguments[0]);
    for (int i = 1; i < options->argument_count; i++) {
        const char *argument = options->arguments[i];
        const int skipped = only_operands ? 0 : count_begin(options->arguments, i);
        if (skipped) {
            i += skipped - 1;
            continue;
        }
        if (!only_operands && strcmp(argument, "--") == 0) {
            only_operands = true;
            print_option(option, value);
        }
        cli_talk(" ");
        cli_quote(cli_talk, argument);
    }
    if (!only_operands)
        print_option(option, value);
    cli_talk("\n");
}
