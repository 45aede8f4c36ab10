// SPDX-License-Identifier: Apache-2.0
// A stream into memory. Not open_memstream: when that has no memory, it tells nobody.
#include "new_file.h"

#include <stdlib.h>
#include <string.h>

/// cookie_write_function_t; 0 is a failure, which the stream keeps.
static ssize_t append(void *user, const char *bytes, size_t count)
{
    cli_new_file *const file = user;
    if (file->capacity - file->count < count) {
        const size_t capacity = 2 * (file->count + count);
        char *const grown = realloc(file->bytes, capacity);
        if (!grown)
            return 0;
        file->bytes = grown;
        file->capacity = capacity;
    }
    memcpy(file->bytes + file->count, bytes, count);
    file->count += count;
    return (ssize_t)count;
}

bool cli_new_file_begin(cli_new_file *file)
{
    *file = (cli_new_file){.stream = NULL};
    file->stream = fopencookie(file, "w", (cookie_io_functions_t){.write = append});
    if (!file->stream)
        cli_error("out of memory");
    return file->stream != NULL;
}

bool cli_new_file_write(cli_new_file *file, const mote_context *context, const char *path)
{
    const bool is_complete = !ferror(file->stream);
    bool is_written = false;
    if (fclose(file->stream) != 0 || !is_complete)
        cli_error("out of memory");
    else if (mote_context_write_file(context, path, file->bytes, file->count) == MOTE_OK)
        is_written = true;
    else
        (void)cli_fail();
    free(file->bytes);
    return is_written;
}
