// SPDX-License-Identifier: Apache-2.0
// "did you mean": the nearest of some names by edit distance.
#include "cli.h"

#include <string.h>

enum {
    LONGEST = 32
};

static size_t smallest(size_t a, size_t b, size_t c)
{
    const size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/// Insertions, deletions and replacements between two words of at most LONGEST letters.
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[LONGEST + 1];
    const size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = smallest(replaced, row[j] + 1, row[j - 1] + 1);
        }
    }
    return row[length];
}

const char *cli_nearest(const char *word, const char *(*name)(const void *user, size_t index),
                        const void *user, size_t count)
{
    const size_t length = strlen(word);
    const char *nearest = NULL;
    size_t least = 3; // at most two edits, fewer than half of the letters
    if (length > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const char *candidate = name(user, i);
        if (!candidate[0] || strlen(candidate) > LONGEST)
            continue;
        const size_t distance = edit_distance(word, candidate);
        if (distance < least && 2 * distance < length) {
            least = distance;
            nearest = candidate;
        }
    }
    return nearest;
}
