// SPDX-License-Identifier: Apache-2.0
// The only mutable globals of the program: what a signal handler may touch.
#include "signals.h"

#include "cli.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t is_deferring;
static volatile sig_atomic_t signal_seen;

static void handle(int number)
{
    if (!is_deferring || signal_seen)
        _exit(CLI_SIGNALLED + number);
    signal_seen = number;
}

void cli_signals_init(void)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    // also where SIGINT was ignored, as in a script's background jobs: `kill -INT` shall stop these
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    // a closed pipe and a file beyond the limit of its size are errors of write, with a message
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
}

void cli_signals_defer(void)
{
    is_deferring = 1;
}

bool cli_signals_stop(void *user)
{
    (void)user;
    return signal_seen != 0;
}

int cli_signals_exit_code(void)
{
    return CLI_SIGNALLED + signal_seen;
}
