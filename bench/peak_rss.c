// SPDX-License-Identifier: Apache-2.0
// peak_rss REPORT COMMAND...: runs a command and writes its peak resident bytes to the file REPORT.
// A small program of its own, because a child's peak starts with its parent's at the time of exec.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NOT_RUN = 127
};

static int write_report(const char *path, long kibibytes)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return NOT_RUN;
    const int printed = fprintf(file, "%ld\n", kibibytes * 1024);
    return fclose(file) == 0 && printed > 0 ? 0 : NOT_RUN;
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 3) {
        fprintf(stderr, "usage: peak_rss REPORT COMMAND...\n");
        return 2;
    }
    const pid_t child = fork();
    if (child == 0) {
        execvp(arguments[2], arguments + 2);
        fprintf(stderr, "peak_rss: cannot run '%s': %s\n", arguments[2], strerror(errno));
        _exit(NOT_RUN);
    }
    int status = 0;
    struct rusage usage;
    pid_t ended = child;
    do {
        ended = child < 0 ? child : wait4(child, &status, 0, &usage);
    } while (ended < 0 && child > 0 && errno == EINTR);
    if (ended < 0 || write_report(arguments[1], usage.ru_maxrss) != 0) {
        fprintf(stderr, "peak_rss: %s\n", strerror(errno));
        return NOT_RUN;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_RUN;
}
