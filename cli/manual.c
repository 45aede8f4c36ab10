// SPDX-License-Identifier: Apache-2.0
// The manual page, made from the tables of commands and options.
#include "cli.h"
#include "option_table.h"
#include "output.h"

/// A row of a list in the page.
typedef struct cli_term {
    const char *name;
    const char *text;
} cli_term;

enum {
    LINE_LENGTH = 60 // of the page's source, at least
};

static const cli_term exit_codes[] = {
    {"0", "done"},
    {"1", "failed: a check, bad model, data or weights, a result that could not be written"},
    {"2", "wrong usage"},
    {"130, 143", "ended by SIGINT (Ctrl-C), by SIGTERM"},
};

static const cli_term variables[] = {
    {"MOTE_CPU", "CPU level, where --cpu is not given"},
    {"NO_COLOR", "when not empty: no colours"},
    {"TERM", "dumb: no live line"},
    {"TMPDIR", "where nameless temporary files lie, else /var/tmp, else /tmp"},
};

/// Text as troff takes it: lines are short, and none begins with a control character.
static void print_text(const char *text)
{
    size_t column = 0;
    for (; *text; text++) {
        if (column == 0 && (*text == '.' || *text == '\''))
            cli_print("\\&");
        const bool ends = *text == '\n' || (*text == ' ' && column >= LINE_LENGTH);
        if (ends)
            cli_print("\n");
        else if (*text == '\\')
            cli_print("\\e");
        else
            cli_print(*text == '-' ? "\\%c" : "%c", *text);
        column = ends ? 0 : column + 1;
    }
}

static void print_term(const char *name, const char *text)
{
    cli_print(".TP\n\\fB");
    print_text(name);
    cli_print("\\fR\n");
    print_text(text);
    cli_print("\n");
}

static void print_option(const cli_option *option)
{
    cli_print(".TP\n\\fB\\-\\-");
    print_text(option->name);
    cli_print("\\fR");
    if (option->argument)
        cli_print(option->takes_none ? "[=\\fI%s\\fR]" : " \\fI%s\\fR", option->argument);
    cli_print("\n");
    print_text(option->help);
    cli_print("\n");
}

static void print_terms(const char *title, const cli_term *terms, size_t count)
{
    cli_print(".SH %s\n", title);
    for (size_t i = 0; i < count; i++)
        print_term(terms[i].name, terms[i].text);
}

static void print_command(const cli_command *command)
{
    cli_print(".SS \"mote %s [OPTION]...%s%s\"\n%c", command->name, command->operands[0] ? " " : "",
              command->operands, command->summary[0] - 'a' + 'A');
    print_text(command->summary + 1);
    cli_print(".\n");
    if (command->about) {
        print_text(command->about);
        cli_print("\n");
    }
    for (size_t i = 0; i < cli_option_count; i++) {
        const cli_option *option = &cli_option_table[i];
        if (option->commands & command->bit)
            print_option(option);
    }
}

void cli_manual(void)
{
    cli_print(".\\\" printed by: mote --man\n"
              ".TH MOTE 1 \"\" \"mote %s\" \"User Commands\"\n"
              ".SH NAME\nmote \\- train neural networks in memory that is planned before the first "
              "step\n"
              ".SH SYNOPSIS\n\\fBmote\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]... "
              "[\\fIARGUMENT\\fR]...\n"
              ".SH DESCRIPTION\n"
              "A model file (INI) describes a network, its training and its data.\n"
              "Results go to standard output, talk and errors to standard error.\n"
              "Options may stand before or behind the arguments;\n"
              "\\fB\\-\\-name value\\fR and \\fB\\-\\-name=value\\fR are the same.\n.SH COMMANDS\n",
              mote_version());
    for (size_t i = 0; i < CLI_COMMAND_COUNT; i++)
        print_command(&cli_commands[i]);
    print_terms("EXIT STATUS", exit_codes, sizeof exit_codes / sizeof exit_codes[0]);
    print_terms("ENVIRONMENT", variables, sizeof variables / sizeof variables[0]);
}
