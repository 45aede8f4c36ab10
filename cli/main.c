// SPDX-License-Identifier: Apache-2.0
// The command line mote: finds the command, reads its options, runs it.
#include "cli.h"
#include "options.h"
#include "output.h"
#include "signals.h"

#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
/// What compiling needs for a while goes back to the system, instead of lying beside the arena: glibc would raise the limit
/// from which it does that as it goes, and keep more at the heap's end.
static void bound_heap(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 65536);
    (void)mallopt(M_TRIM_THRESHOLD, 32768);
    (void)mallopt(M_TOP_PAD, 16384);
}
#else
static void bound_heap(void)
{
}
#endif

/// A standard stream that is closed must not become the first file that is opened: results would be
/// written into it. Reading and writing of the stand-in fail as they would on the closed one.
static bool open_standard_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        const int flags = stream == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", flags) != stream)
            return false;
    }
    return true;
}

static const char *command_name(const void *user, size_t index)
{
    const cli_command *commands = user;
    return commands[index].name;
}

static const cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    }
    return NULL;
}

static int refuse_command(const char *name)
{
    const char *nearest = cli_nearest(name, command_name, cli_commands, CLI_COMMAND_COUNT);
    if (nearest)
        cli_error("unknown command '%s', did you mean '%s'?", name, nearest);
    else
        cli_error("unknown command '%s', see 'mote --help'", name);
    return CLI_USAGE;
}

static int run_command(const cli_command *command, int argument_count, char *const *arguments)
{
    cli_options options;
    int exit_code = cli_options_init(&options, command, argument_count, arguments);
    if (exit_code == CLI_OK && options.help)
        cli_command_help(command);
    else if (exit_code == CLI_OK)
        exit_code = command->run(&options);
    cli_options_release(&options);
    return exit_code;
}

/// What is printed in the place of a command takes nothing behind it.
static int print_alone(void (*print)(void), int argument_count, char *const *arguments)
{
    if (argument_count > 2) {
        cli_error("%s: unexpected argument '%s'", arguments[1], arguments[2]);
        return CLI_USAGE;
    }
    print();
    return CLI_OK;
}

static int run(int argument_count, char *const *arguments)
{
    if (argument_count < 2) {
        cli_error("a command is missing, see 'mote --help'");
        return CLI_USAGE;
    }
    const char *name = arguments[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return print_alone(cli_help, argument_count, arguments);
    if (strcmp(name, "--man") == 0)
        return print_alone(cli_manual, argument_count, arguments);
    if (strcmp(name, "--version") == 0)
        name = "version";
    const cli_command *command = find_command(name);
    return command ? run_command(command, argument_count, arguments) : refuse_command(name);
}

int main(int argument_count, char **arguments)
{
    if (!open_standard_streams())
        return CLI_FAILED;
    bound_heap();
    cli_signals_init();
    return cli_finish_output(run(argument_count, arguments));
}
