// SPDX-License-Identifier: Apache-2.0
// What may be written over.
#include "old_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    HEAD_LENGTH = 256
};

bool cli_old_file_check(const char *option, const char *path, const char *head, const char *kind)
{
    char begin[HEAD_LENGTH];
    struct stat status;
    const size_t length = strlen(head);
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
        return true;
    FILE *file = fopen(path, "r");
    if (!file) {
        cli_error("cannot read '%s': %s", path, strerror(errno));
        return false;
    }
    const size_t count = fread(begin, 1, length < sizeof begin ? length : sizeof begin, file);
    (void)fclose(file);
    if (count == length && memcmp(begin, head, length) == 0)
        return true;
    cli_error("option --%s: '%s' is there and is no %s of mote; name another file, or remove it",
              option, path, kind);
    return false;
}
