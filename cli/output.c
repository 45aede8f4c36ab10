// SPDX-License-Identifier: Apache-2.0
// Where text goes: stdout has results only, so that it can be piped.
#include "output.h"

#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *cli_format_bytes(size_t bytes, char *text)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    if (bytes < 1000) {
        cli_format(text, CLI_BYTES_LENGTH, "%zu B", bytes);
        return text;
    }
    double value = (double)bytes / 1000;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1000;
        unit++;
    }
    const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    cli_format(text, CLI_BYTES_LENGTH, "%.*f %s", digits, value, units[unit]);
    return text;
}

void cli_quote(cli_printer *print, const char *text)
{
    static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "_./:=,+@%-";
    if (text[0] && !text[strspn(text, harmless)]) {
        print("%s", text);
        return;
    }
    print("'");
    for (const char *rest = text; *rest; rest++) {
        if (*rest == '\'')
            print("'\\''");
        else
            print("%c", *rest);
    }
    print("'");
}

bool cli_is_live(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && terminal && terminal[0] && strcmp(terminal, "dumb") != 0;
}

bool cli_has_colors(void)
{
    const char *no_color = getenv("NO_COLOR");
    return cli_is_live() && !(no_color && no_color[0]);
}

void cli_talk(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
}

void cli_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stdout, format, arguments); // a failure is kept by the stream
    va_end(arguments);
}

size_t cli_format(char *text, size_t bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, bytes, format, arguments);
    va_end(arguments);
    if (length < 0 || bytes == 0)
        return 0;
    return (size_t)length < bytes ? (size_t)length : bytes - 1;
}

void cli_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs(cli_has_colors() ? "\033[1;31mmote:\033[0m " : "mote: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
}

int cli_fail(void)
{
    const bool is_budget = mote_last_error()->status == MOTE_ERROR_BUDGET;
    cli_error("%s", mote_last_error()->message);
    return is_budget ? CLI_BUDGET : CLI_FAILED;
}

static void write_stdout(void *user, const char *text, size_t length)
{
    (void)user;
    (void)fwrite(text, 1, length, stdout);
}

mote_writer cli_stdout_writer(void)
{
    return (mote_writer){.write = write_stdout};
}

int cli_finish_output(int exit_code)
{
    errno = 0;
    const bool flushed = fflush(stdout) == 0;
    if (flushed && !ferror(stdout))
        return exit_code;
    cli_error("cannot write to standard output: %s",
              errno ? strerror(errno) : "an earlier write failed");
    return exit_code == CLI_OK ? CLI_FAILED : exit_code;
}
