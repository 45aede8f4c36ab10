// SPDX-License-Identifier: Apache-2.0
// The table of options: a row each.
#ifndef MOTE_CLI_OPTION_TABLE_H
#define MOTE_CLI_OPTION_TABLE_H

#include "cli.h"

typedef struct cli_option cli_option;

struct cli_option {
    const char *name;
    const char *argument; // as help prints it; NULL: a flag
    const char *help;
    unsigned commands;   // bits of those that take it
    size_t offset;       // of its field in cli_options
    const char *key;     // of [Model], for an option that stands for a setting
    const char *choices; // values that a shell can offer, with blanks between them; NULL: none
    uint64_t minimum, maximum;
    bool takes_none; // the value may be left out; then only --name=value gives it
    /// Puts the value into `options`; having told the user, false when it is not acceptable.
    bool (*read)(const cli_option *option, const char *value, cli_options *options);
};

extern const cli_option cli_option_table[];
extern const size_t cli_option_count;

#endif
