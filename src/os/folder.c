// SPDX-License-Identifier: Apache-2.0
// Listing a folder, in an order that does not depend on the file system.
#include "os/os.h"

#include "os/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

bool mote_path_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

typedef struct listing {
    const char *path;
    DIR *directory;
    mote_arena *arena;
    mote_folder_entry *entries;
    size_t count, capacity;
} listing;

static mote_status add_entry(listing *l, const char *name)
{
    struct stat info;
    void *entries = l->entries;
    char *path = NULL;
    if (name[0] == '.')
        return MOTE_OK;
    MOTE_TRY(mote_arena_format(l->arena, &path, "%s/%s", l->path, name));
    if (fstatat(dirfd(l->directory), name, &info, 0) != 0)
        return mote_os_raise("read", path, errno);
    MOTE_TRY(mote_arena_grow(l->arena, &entries, &l->capacity, l->count, sizeof *l->entries));
    l->entries = entries;
    l->entries[l->count++] = (mote_folder_entry){
        .name = path + strlen(l->path) + 1, .path = path, .is_folder = S_ISDIR(info.st_mode) != 0};
    return MOTE_OK;
}

static mote_status read_entries(listing *l)
{
    for (;;) {
        errno = 0;
        // a directory stream belongs to one thread: this one
        const struct dirent *const entry = readdir(l->directory); // NOLINT(concurrency-mt-unsafe)
        if (!entry)
            return errno == 0 ? MOTE_OK : mote_os_raise("read", l->path, errno);
        MOTE_TRY(add_entry(l, entry->d_name));
    }
}

/// Shell sort by name; names in a folder differ.
static void sort_entries(mote_folder_entry *entries, size_t count)
{
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            const mote_folder_entry moved = entries[i];
            size_t at = i;
            for (; at >= gap && strcmp(entries[at - gap].name, moved.name) > 0; at -= gap)
                entries[at] = entries[at - gap];
            entries[at] = moved;
        }
    }
}

mote_status mote_folder_list(const char *path, mote_arena *arena, const mote_folder_entry **entries,
                             size_t *count)
{
    listing l = {.path = path, .arena = arena};
    do {
        l.directory = opendir(path);
    } while (!l.directory && errno == EINTR);
    if (!l.directory && errno == ENOTDIR)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is no folder", path);
    if (!l.directory)
        return mote_os_raise("open", path, errno);
    const mote_status status = read_entries(&l);
    (void)closedir(l.directory);
    if (status != MOTE_OK)
        return status;
    sort_entries(l.entries, l.count);
    *entries = l.entries;
    *count = l.count;
    return MOTE_OK;
}
