// SPDX-License-Identifier: Apache-2.0
// Files that are made in memory and then written as a whole: a full disk leaves no part of one.
#ifndef MOTE_CLI_NEW_FILE_H
#define MOTE_CLI_NEW_FILE_H

#include "output.h"

#include <stdio.h>

typedef struct cli_new_file {
    FILE *stream; // into memory; what fails on it is told when the file is written
    char *bytes;
    size_t count, capacity;
} cli_new_file;

/// Whoever begins one writes it. Tells the user when there is no memory.
bool cli_new_file_begin(cli_new_file *file);

/// Writes the file beside what is there, renames it, and frees all. Tells the user when that fails.
bool cli_new_file_write(cli_new_file *file, const mote_context *context, const char *path);

#endif
