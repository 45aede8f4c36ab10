// SPDX-License-Identifier: Apache-2.0
// In the place of libFuzzer: feeds a target each file that it is given, and each file of each folder.
#include "fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define BYTES_MAX (1U << 20U)

static size_t fed;

static bool feed_file(const char *path)
{
    static uint8_t bytes[BYTES_MAX];
    FILE *const file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return false;
    }
    const size_t count = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    // of exactly that size, so that tools see a read behind its end
    uint8_t *const copy = malloc(count + 1);
    if (!copy)
        return false;
    for (size_t i = 0; i < count; i++)
        copy[i] = bytes[i];
    (void)LLVMFuzzerTestOneInput(copy, count);
    free(copy);
    fed++;
    return true;
}

static bool feed_folder(DIR *folder, const char *path)
{
    char file[PATH_MAX];
    bool is_fed = true;
    for (const struct dirent *entry = readdir(folder); entry && is_fed; entry = readdir(folder)) {
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            is_fed = feed_file(file);
    }
    return is_fed;
}

static bool feed(const char *path)
{
    DIR *const folder = opendir(path);
    if (!folder)
        return feed_file(path);
    const bool is_fed = feed_folder(folder, path);
    (void)closedir(folder);
    return is_fed;
}

int main(int argument_count, char **arguments)
{
    for (int i = 1; i < argument_count; i++) {
        if (!feed(arguments[i]))
            return 1;
    }
    (void)printf("%zu inputs\n", fed);
    return fed > 0 ? 0 : 1;
}
