// SPDX-License-Identifier: Apache-2.0
// What each memory budget costs, from the smallest that works to all the memory that is fastest.
#ifndef MOTE_CLI_FRONTIER_H
#define MOTE_CLI_FRONTIER_H

#include "session.h"

/// Prints it, as a table with a drawing or as JSON; gives the exit code. The session's model is loaded.
int cli_frontier_print(const cli_session *session);

#endif
