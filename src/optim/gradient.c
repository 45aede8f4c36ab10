// SPDX-License-Identifier: Apache-2.0
// Gradients of which some rows are stored, made whole a part at a time.
#include "base/size.h"
#include "optim/optim.h"

#include <string.h>

size_t mote_gradient_stored(const mote_gradient *gradient)
{
    return gradient->rows ? (size_t)gradient->rows[0] * gradient->width : gradient->count;
}

size_t mote_gradient_part_count(const mote_gradient *gradient, size_t first)
{
    const size_t rest = gradient->count - first;
    return gradient->rows ? mote_size_min(rest, MOTE_GRADIENT_PART) : rest;
}

/// Index of the first listed row that is `row` or behind it.
static size_t find_row(const int32_t *rows, size_t count, size_t row)
{
    size_t first = 0;
    size_t end = count;
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        if ((size_t)rows[middle] < row)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

const mote_real *mote_gradient_part(const mote_gradient *gradient, size_t first, size_t count,
                                    mote_real *part)
{
    if (!gradient->rows)
        return gradient->values + first;
    const size_t width = gradient->width;
    const int32_t *const rows = gradient->rows + 1;
    const size_t row_count = (size_t)gradient->rows[0];
    const size_t end = first + count;
    memset(part, 0, count * sizeof *part);
    for (size_t i = find_row(rows, row_count, first / width); i < row_count; i++) {
        const size_t row_first = mote_size_max((size_t)rows[i] * width, first);
        const size_t row_end = mote_size_min((size_t)rows[i] * width + width, end);
        if (row_first >= end)
            break;
        memcpy(part + (row_first - first),
               gradient->values + i * width + (row_first - (size_t)rows[i] * width),
               (row_end - row_first) * sizeof *part);
    }
    return part;
}
