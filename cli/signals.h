// SPDX-License-Identifier: Apache-2.0
// Ctrl-C (SIGINT) and SIGTERM.
#ifndef MOTE_CLI_SIGNALS_H
#define MOTE_CLI_SIGNALS_H

#include <stdbool.h>

/// From now on both end the process at once, with exit code CLI_SIGNALLED + signal.
void cli_signals_init(void);

/// From now on the first one only asks work to stop (cli_signals_stop); the second ends the
/// process.
void cli_signals_defer(void);

/// The stop callback of the library: whether one came.
bool cli_signals_stop(void *user);

/// Exit code for work that was stopped.
int cli_signals_exit_code(void);

#endif
