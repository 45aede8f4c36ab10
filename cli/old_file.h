// SPDX-License-Identifier: Apache-2.0
// Files that an option names: nothing of another kind is written over.
#ifndef MOTE_CLI_OLD_FILE_H
#define MOTE_CLI_OLD_FILE_H

#include "output.h"

/// Whether `path` is free, empty, or begins with `head`, as files of this kind do; no model, weights or data get lost by
/// a slip. Otherwise tells the user, who gave --option, that it is no `kind`.
bool cli_old_file_check(const char *option, const char *path, const char *head, const char *kind);

#endif
