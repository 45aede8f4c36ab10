// SPDX-License-Identifier: Apache-2.0
// What all parts of the command line share: exit codes, the table of commands, the options given.
#ifndef MOTE_CLI_CLI_H
#define MOTE_CLI_CLI_H

#include "mote/mote.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Exit codes; a signal adds its number to CLI_SIGNALLED.
enum {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_BUDGET = 3, // the memory budget is too small
    CLI_SIGNALLED = 128
};

/// Each command's bit: options say with it where they belong.
enum {
#define COMMAND(NAME, ...) CLI_INDEX_##NAME,
#include "commands.def"
#undef COMMAND
    CLI_COMMAND_COUNT
};

enum {
#define COMMAND(NAME, ...) CLI_##NAME = 1U << CLI_INDEX_##NAME,
#include "commands.def"
#undef COMMAND
};

typedef struct cli_options cli_options;

typedef struct cli_command {
    const char *name;
    unsigned bit;
    const char *operands; // as usage prints them
    size_t minimum, maximum;
    const char *summary;                    // a line for `mote --help`
    const char *about;                      // a paragraph for the command's own help
    int (*run)(const cli_options *options); // gives the exit code
} cli_command;

extern const cli_command cli_commands[CLI_COMMAND_COUNT];

/// The command line, read. Texts are borrowed from it, but those of the settings.
struct cli_options {
    const cli_command *command;
    int argument_count; // as main got them
    char *const *arguments;
    bool help, json, quiet, csv, profile, resume, frontier, measure;
    const char *cpu, *planner, *weights, *save, *stage, *data, *model, *output, *label, *type,
        *prompt, *trace, *why, *html, *to, *cost, *plan, *save_plan;
    unsigned without;                               // techniques, as bits
    uint64_t threads, steps, generate, sample_seed; // 0: not given
    mote_setting *settings; // --set and the options that stand for one, in their order
    size_t setting_count;
    const char **operands;
    size_t operand_count;
    char *text; // of the settings
    size_t text_length;
};

/// The nearest of `count` names that is near enough to be meant, or NULL.
const char *cli_nearest(const char *word, const char *(*name)(const void *user, size_t index),
                        const void *user, size_t count);

/// Prints the help of the program or of one command.
void cli_help(void);
void cli_command_help(const cli_command *command);

/// Prints the manual page mote(1), in the macros of man.
void cli_manual(void);

#endif
