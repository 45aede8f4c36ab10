// SPDX-License-Identifier: Apache-2.0
// Listing a folder, in an order that does not depend on the file system.
#include "os/os.h"

#include "os/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool mote_path_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool mote_path_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

typedef struct listing {
    const char *path;
    mote_arena *arena;
    mote_folder_entry *entries;
    size_t count, capacity;
} listing;

static mote_status visit_entries(DIR *directory, const char *path, void *user,
                                 mote_status (*visit)(void *user, const char *name))
{
    for (;;) {
        errno = 0;
        // a directory stream belongs to one thread: this one
        const struct dirent *const entry = readdir(directory); // NOLINT(concurrency-mt-unsafe)
        if (!entry)
            return errno == 0 ? MOTE_OK : mote_os_raise("read", path, errno);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            MOTE_TRY(visit(user, entry->d_name));
    }
}

mote_status mote_folder_visit(const char *path, void *user,
                              mote_status (*visit)(void *user, const char *name))
{
    DIR *directory = NULL;
    do {
        directory = opendir(path);
    } while (!directory && errno == EINTR);
    if (!directory && errno == ENOTDIR)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is no folder", path);
    if (!directory)
        return mote_os_raise("open", path, errno);
    const mote_status status = visit_entries(directory, path, user, visit);
    (void)closedir(directory);
    return status;
}

static mote_status add_entry(void *user, const char *name)
{
    listing *const l = user;
    struct stat info;
    void *entries = l->entries;
    char *path = NULL;
    if (name[0] == '.')
        return MOTE_OK;
    MOTE_TRY(mote_arena_format(l->arena, &path, "%s/%s", l->path, name));
    if (stat(path, &info) != 0)
        return mote_os_raise("read", path, errno);
    MOTE_TRY(mote_arena_grow(l->arena, &entries, &l->capacity, l->count, sizeof *l->entries));
    l->entries = entries;
    l->entries[l->count++] = (mote_folder_entry){
        .name = path + strlen(l->path) + 1, .path = path, .is_folder = S_ISDIR(info.st_mode) != 0};
    return MOTE_OK;
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
    MOTE_TRY(mote_folder_visit(path, &l, add_entry));
    sort_entries(l.entries, l.count);
    *entries = l.entries;
    *count = l.count;
    return MOTE_OK;
}

mote_status mote_folder_sync(const char *path)
{
    int descriptor = -1;
    int result = -1;
    do {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
        return mote_os_raise("open folder", path, errno);
    mote_file file = {.descriptor = descriptor, .path = path};
    do {
        result = fsync(descriptor);
    } while (result != 0 && errno == EINTR);
    // some file systems cannot sync folders, and then do not need it
    const mote_status status = result == 0 || errno == EINVAL || errno == ENOTSUP
                                   ? MOTE_OK
                                   : mote_os_raise("sync folder", path, errno);
    mote_file_close(&file);
    return status;
}
