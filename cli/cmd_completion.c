// SPDX-License-Identifier: Apache-2.0
// mote completion: what a shell needs to complete command lines.
#include "commands.h"
#include "completion.h"
#include "output.h"
#include "session.h"

#include <string.h>

typedef struct cli_shell {
    const char *name;
    void (*print)(const char *names);
} cli_shell;

static const cli_shell shells[] = {
    {"bash", cli_completion_bash},
    {"zsh", cli_completion_zsh},
    {"fish", cli_completion_fish},
};

enum {
    SHELL_COUNT = sizeof shells / sizeof shells[0],
    NAMES_LENGTH = 8192
};

bool cli_takes(const cli_command *command, const cli_option *option)
{
    return (option->commands & command->bit) != 0;
}

bool cli_option_is_file(const cli_option *option)
{
    return option->argument && strcmp(option->argument, "FILE") == 0;
}

bool cli_operand_is_file(const cli_command *command)
{
    return strstr(command->operands, "MODEL") || strstr(command->operands, "FILE") ||
           strstr(command->operands, "DATA");
}

void cli_print_escaped(const char *text, const char *special)
{
    for (; *text; text++)
        cli_print(strchr(special, *text) ? "\\%c" : "%c", *text);
}

static const char *shell_name(const void *user, size_t index)
{
    (void)user;
    return shells[index].name;
}

static const cli_shell *find_shell(const char *name)
{
    for (size_t i = 0; i < SHELL_COUNT; i++) {
        if (strcmp(shells[i].name, name) == 0)
            return &shells[i];
    }
    const char *nearest = cli_nearest(name, shell_name, NULL, SHELL_COUNT);
    cli_error("completion: there is no shell '%s', %s%s", name,
              nearest ? "did you mean " : "it must be bash, zsh or fish", nearest ? nearest : "");
    return NULL;
}

/// Names that the command layers knows.
static mote_status list_names(const mote_context *context, char *names)
{
    size_t length = 0;
    mote_status status = MOTE_OK;
    for (size_t i = 0; i < mote_component_count(context) && status == MOTE_OK; i++) {
        mote_component_info component;
        status = mote_component_get(context, i, &component);
        if (status == MOTE_OK)
            length += cli_format(names + length, NAMES_LENGTH - length, "%s%s", i ? " " : "",
                                 component.name);
    }
    return status;
}

int cli_run_completion(const cli_options *options)
{
    mote_context *context = NULL;
    char names[NAMES_LENGTH] = "";
    const cli_shell *shell = find_shell(options->operands[0]);
    if (!shell)
        return CLI_USAGE;
    if (cli_context_create(options, 1, &context) != MOTE_OK)
        return cli_fail();
    const mote_status status = list_names(context, names);
    mote_context_destroy(&context);
    if (status != MOTE_OK)
        return cli_fail();
    shell->print(names);
    return CLI_OK;
}
