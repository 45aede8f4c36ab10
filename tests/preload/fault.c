// SPDX-License-Identifier: Apache-2.0
// Preloaded into a process: makes the n-th operation of a kind fail, or kills the process there. Memory, pages, threads and
// calls on files are counted each by itself; `files` stands for all of the latter.
//   MOTE_FAULT=OPERATION:N:MODE[:ERRNO]   which one, from 1 on, and how; ERRNO is a name, EIO if not given
//     once   it fails            torn       half is written, then it fails
//     from   all from it on fail torn-kill  half is written, then the process is killed
//     short  half is done        kill       the process is killed before it
//     all-short  half, always    power      as kill, and what was not synced is lost
//   MOTE_FAULT_REPORT=FILE                written when the process ends: the counts by operation, "fired 1" where the fault
//                                         was met, memory blocks not given back ("live"), and what a loss of power
//                                         would take ("unsynced")
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/// Defines what the process calls by the name of `symbol`.
#define INTERPOSE(symbol) __asm__(symbol) __attribute__((visibility("default")))

/// Operations that are no calls on files come first.
#define OPERATION_MAP(X)    \
    X(MEMORY, "memory")     \
    X(PAGES, "pages")       \
    X(THREAD, "thread")     \
    X(FILES, "files")       \
    X(OPEN, "open")         \
    X(READ, "read")         \
    X(WRITE, "write")       \
    X(SYNC, "sync")         \
    X(RENAME, "rename")     \
    X(TRUNCATE, "truncate") \
    X(RESERVE, "reserve")   \
    X(LOCK, "lock")         \
    X(MODE, "mode")         \
    X(STATUS, "status")     \
    X(LIST, "list")         \
    X(UNLINK, "unlink")

typedef enum operation {
#define OPERATION_ENUM(name, text) OPERATION_##name,
    OPERATION_MAP(OPERATION_ENUM)
#undef OPERATION_ENUM
    OPERATION_COUNT
} operation;

static const char *const operation_names[] = {
#define OPERATION_TEXT(name, text) text,
    OPERATION_MAP(OPERATION_TEXT)
#undef OPERATION_TEXT
};

#define MODE_MAP(X)           \
    X(ONCE, "once")           \
    X(FROM, "from")           \
    X(SHORT, "short")         \
    X(ALL_SHORT, "all-short") \
    X(TORN, "torn")           \
    X(TORN_KILL, "torn-kill") \
    X(KILL, "kill")           \
    X(POWER, "power")

typedef enum fault_mode {
    MODE_NONE,
#define MODE_ENUM(name, text) MODE_##name,
    MODE_MAP(MODE_ENUM)
#undef MODE_ENUM
} fault_mode;

static const char *const mode_names[] = {"",
#define MODE_TEXT(name, text) text,
                                         MODE_MAP(MODE_TEXT)
#undef MODE_TEXT
};

static const struct {
    const char *name;
    int number;
} error_names[] = {
    {"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EINTR", EINTR},
    {"ENOMEM", ENOMEM}, {"EAGAIN", EAGAIN}, {"EACCES", EACCES},
    {"EMFILE", EMFILE}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS},
};

/// What is to happen; set before main.
static struct {
    operation operation;
    fault_mode mode;
    size_t at;
    int error;
    const char *report;
} fault;

static bool is_armed;
static atomic_size_t counts[OPERATION_COUNT];
static atomic_size_t fired;
static atomic_bool is_dying;
static atomic_long live;

#define DIRTY_MAX 32U

/// Files with names that were written to and not synced since, each with a descriptor of this library's own; and
/// renames since the last sync of a folder. Changed by the thread that saves.
static struct dirty_file {
    dev_t device;
    ino_t inode;
    int descriptor;
} dirty[DIRTY_MAX];

static size_t dirty_count;
static size_t renames;

/// Where calls go on to.
void *libc_malloc(size_t bytes) __asm__("__libc_malloc");
void *libc_calloc(size_t count, size_t bytes) __asm__("__libc_calloc");
void *libc_realloc(void *memory, size_t bytes) __asm__("__libc_realloc");
void *libc_memalign(size_t alignment, size_t bytes) __asm__("__libc_memalign");
void libc_free(void *memory) __asm__("__libc_free");
void *libc_mmap(void *address, size_t bytes, int protection, int flags, int descriptor,
                off_t offset) __asm__("mmap64");

/// What the process calls.
void *fault_malloc(size_t bytes) INTERPOSE("malloc");
void *fault_calloc(size_t count, size_t bytes) INTERPOSE("calloc");
void *fault_realloc(void *memory, size_t bytes) INTERPOSE("realloc");
void fault_free(void *memory) INTERPOSE("free");
int fault_posix_memalign(void **memory, size_t alignment, size_t bytes) INTERPOSE("posix_memalign");
void *fault_aligned_alloc(size_t alignment, size_t bytes) INTERPOSE("aligned_alloc");
void *fault_mmap(void *address, size_t bytes, int protection, int flags, int descriptor,
                 off_t offset) INTERPOSE("mmap");
int fault_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                         void *(*start)(void *), void *argument) INTERPOSE("pthread_create");
int fault_open(const char *path, int flags, ...) INTERPOSE("open");
int fault_open_2(const char *path, int flags) INTERPOSE("__open_2");
int fault_mkostemp(char *path, int flags) INTERPOSE("mkostemp");
FILE *fault_fopen(const char *path, const char *mode) INTERPOSE("fopen");
DIR *fault_opendir(const char *path) INTERPOSE("opendir");
struct dirent *fault_readdir(DIR *folder) INTERPOSE("readdir");
ssize_t fault_pread(int descriptor, void *data, size_t bytes, off_t offset) INTERPOSE("pread");
ssize_t fault_pwrite(int descriptor, const void *data, size_t bytes, off_t offset)
    INTERPOSE("pwrite");
int fault_fsync(int descriptor) INTERPOSE("fsync");
int fault_rename(const char *from, const char *to) INTERPOSE("rename");
int fault_ftruncate(int descriptor, off_t bytes) INTERPOSE("ftruncate");
int fault_fallocate(int descriptor, int mode, off_t first, off_t bytes) INTERPOSE("fallocate");
int fault_flock(int descriptor, int how) INTERPOSE("flock");
int fault_fchmod(int descriptor, mode_t mode) INTERPOSE("fchmod");
int fault_stat(const char *path, struct stat *info) INTERPOSE("stat");
int fault_lstat(const char *path, struct stat *info) INTERPOSE("lstat");
int fault_fstat(int descriptor, struct stat *info) INTERPOSE("fstat");
int fault_fstatat(int folder, const char *path, struct stat *info, int flags) INTERPOSE("fstatat");
int fault_unlink(const char *path) INTERPOSE("unlink");

static int file_status(int folder, const char *path, struct stat *info, int flags)
{
    return (int)syscall(SYS_newfstatat, folder, path, info, flags);
}

/// The index of the text that `length` bytes of `name` are; `count` when there is none.
static size_t find(const char *const *texts, size_t count, const char *name, size_t length)
{
    size_t i = 0;
    while (i < count && (strlen(texts[i]) != length || strncmp(texts[i], name, length) != 0))
        i++;
    return i;
}

static void __attribute__((noreturn)) refuse(const char *text)
{
    (void)fprintf(stderr, "MOTE_FAULT=%s: not OPERATION:N:MODE[:ERRNO]\n", text);
    _exit(99);
}

static int find_error(const char *text, const char *name)
{
    for (size_t i = 0; i < sizeof error_names / sizeof error_names[0]; i++) {
        if (strcmp(error_names[i].name, name) == 0)
            return error_names[i].number;
    }
    refuse(text);
}

static void read_fault(const char *text)
{
    const size_t mode_count = sizeof mode_names / sizeof mode_names[0];
    const size_t operation_length = strcspn(text, ":");
    const size_t named = find(operation_names, OPERATION_COUNT, text, operation_length);
    char *end = NULL;
    if (named == OPERATION_COUNT || text[operation_length] != ':')
        refuse(text);
    fault.operation = (operation)named;
    fault.at = (size_t)strtoul(text + operation_length + 1, &end, 10);
    if (*end != ':')
        refuse(text);
    const size_t mode_length = strcspn(end + 1, ":");
    const size_t mode = find(mode_names, mode_count, end + 1, mode_length);
    const char *const rest = end + 1 + mode_length;
    if (mode == mode_count || mode == MODE_NONE)
        refuse(text);
    fault.mode = (fault_mode)mode;
    fault.error = *rest == ':' ? find_error(text, rest + 1) : EIO;
}

static void __attribute__((constructor)) arm(void)
{
    const char *const text = getenv("MOTE_FAULT");
    fault.report = getenv("MOTE_FAULT_REPORT");
    if (text)
        read_fault(text);
    is_armed = true;
}

static bool has_name(int descriptor)
{
    struct stat info;
    return file_status(descriptor, "", &info, AT_EMPTY_PATH) == 0 && info.st_nlink > 0;
}

static size_t count_unsynced(void)
{
    size_t count = renames;
    for (size_t i = 0; i < dirty_count; i++)
        count += has_name(dirty[i].descriptor);
    return count;
}

static void __attribute__((destructor)) report(void)
{
    char text[1024];
    size_t length = 0;
    is_armed = false;
    if (!fault.report)
        return;
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s %zu\n",
                                   operation_names[i], atomic_load(&counts[i]));
    length +=
        (size_t)snprintf(text + length, sizeof text - length, "fired %zu\nlive %ld\nunsynced %zu\n",
                         atomic_load(&fired), atomic_load(&live), count_unsynced());
    const int file = (int)syscall(SYS_openat, AT_FDCWD, fault.report,
                                  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || syscall(SYS_write, file, text, length) != (long)length)
        _exit(98);
    (void)syscall(SYS_close, file);
}

/// Other threads do nothing to files any more: what is lost would be renamed by them.
static void __attribute__((noreturn)) die(void)
{
    atomic_store(&is_dying, true);
    for (size_t i = 0; fault.mode == MODE_POWER && i < dirty_count; i++)
        (void)syscall(SYS_ftruncate, dirty[i].descriptor, 0L);
    for (;;)
        (void)syscall(SYS_kill, getpid(), SIGKILL);
}

/// Counts a call that belongs to `one`; whether it is the one, or one of those, that the fault is for.
static bool is_hit(operation one)
{
    const size_t number = atomic_fetch_add(&counts[one], 1) + 1;
    if (fault.mode == MODE_NONE || one != fault.operation)
        return false;
    return fault.mode == MODE_FROM || fault.mode == MODE_ALL_SHORT ? number >= fault.at
                                                                   : number == fault.at;
}

/// What is to become of a call: MODE_NONE, or that it fails, is short or torn. Does not return where it is the last one.
static fault_mode meet(operation one)
{
    if (!is_armed)
        return MODE_NONE;
    while (one >= OPERATION_FILES && atomic_load(&is_dying))
        (void)pause();
    bool hit = is_hit(one);
    if (one >= OPERATION_FILES)
        hit = is_hit(OPERATION_FILES) || hit;
    if (!hit)
        return MODE_NONE;
    atomic_store(&fired, 1);
    if (fault.mode == MODE_KILL || fault.mode == MODE_POWER)
        die();
    return fault.mode == MODE_FROM ? MODE_ONCE : fault.mode;
}

/// Whether a call that cannot be done by halves fails.
static bool fails(operation one)
{
    const fault_mode mode = meet(one);
    if (mode == MODE_TORN_KILL)
        die();
    if (mode != MODE_ONCE && mode != MODE_TORN)
        return false;
    errno = fault.error;
    return true;
}

void *fault_malloc(size_t bytes)
{
    if (fails(OPERATION_MEMORY))
        return NULL;
    void *const memory = libc_malloc(bytes);
    atomic_fetch_add(&live, memory != NULL);
    return memory;
}

void *fault_calloc(size_t count, size_t bytes)
{
    if (fails(OPERATION_MEMORY))
        return NULL;
    void *const memory = libc_calloc(count, bytes);
    atomic_fetch_add(&live, memory != NULL);
    return memory;
}

void *fault_realloc(void *memory, size_t bytes)
{
    if (fails(OPERATION_MEMORY))
        return NULL;
    void *const moved = libc_realloc(memory, bytes);
    atomic_fetch_add(&live, (moved != NULL) - (memory != NULL && (moved != NULL || bytes == 0)));
    return moved;
}

void fault_free(void *memory)
{
    atomic_fetch_sub(&live, memory != NULL);
    libc_free(memory);
}

int fault_posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    void *const made = fails(OPERATION_MEMORY) ? NULL : libc_memalign(alignment, bytes);
    if (!made)
        return ENOMEM;
    atomic_fetch_add(&live, 1);
    *memory = made;
    return 0;
}

void *fault_aligned_alloc(size_t alignment, size_t bytes)
{
    void *memory = NULL;
    return fault_posix_memalign(&memory, alignment, bytes) == 0 ? memory : NULL;
}

void *fault_mmap(void *address, size_t bytes, int protection, int flags, int descriptor,
                 off_t offset)
{
    if (fails(OPERATION_PAGES))
        return MAP_FAILED;
    return libc_mmap(address, bytes, protection, flags, descriptor, offset);
}

/// The next definition of a function behind this library's.
#define NEXT(type, name) (__extension__(type) dlsym(RTLD_NEXT, name))

typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int fault_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                         void *(*start)(void *), void *argument)
{
    if (fails(OPERATION_THREAD))
        return EAGAIN;
    return NEXT(create_function *, "pthread_create")(thread, attributes, start, argument);
}

int fault_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (fails(OPERATION_OPEN))
        return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int fault_open_2(const char *path, int flags)
{
    return fault_open(path, flags, 0);
}

int fault_mkostemp(char *path, int flags)
{
    if (fails(OPERATION_OPEN))
        return -1;
    return NEXT(int (*)(char *, int), "mkostemp")(path, flags);
}

FILE *fault_fopen(const char *path, const char *mode)
{
    if (fails(OPERATION_OPEN))
        return NULL;
    return NEXT(FILE * (*)(const char *, const char *), "fopen")(path, mode);
}

DIR *fault_opendir(const char *path)
{
    if (fails(OPERATION_OPEN))
        return NULL;
    return NEXT(DIR * (*)(const char *), "opendir")(path);
}

struct dirent *fault_readdir(DIR *folder)
{
    if (fails(OPERATION_LIST))
        return NULL;
    return NEXT(struct dirent * (*)(DIR *), "readdir")(folder);
}

/// Bytes that a call does where the fault cuts it.
static size_t cut(fault_mode mode, size_t bytes)
{
    return mode == MODE_NONE || bytes < 2 ? bytes : bytes / 2;
}

ssize_t fault_pread(int descriptor, void *data, size_t bytes, off_t offset)
{
    const fault_mode mode = meet(OPERATION_READ);
    if (mode == MODE_ONCE || mode == MODE_TORN) {
        errno = fault.error;
        return -1;
    }
    return syscall(SYS_pread64, descriptor, data, cut(mode, bytes), offset);
}

/// A name in /proc makes a descriptor of its own, which holds none of the process's locks.
static void mark_dirty(int descriptor)
{
    struct stat info;
    char path[32];
    if (file_status(descriptor, "", &info, AT_EMPTY_PATH) != 0 || info.st_nlink == 0)
        return;
    for (size_t i = 0; i < dirty_count; i++) {
        if (dirty[i].device == info.st_dev && dirty[i].inode == info.st_ino)
            return;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    const int own = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
    if (own < 0 || dirty_count == DIRTY_MAX)
        return;
    dirty[dirty_count++] = (struct dirty_file){info.st_dev, info.st_ino, own};
}

ssize_t fault_pwrite(int descriptor, const void *data, size_t bytes, off_t offset)
{
    const fault_mode mode = meet(OPERATION_WRITE);
    if (mode == MODE_ONCE) {
        errno = fault.error;
        return -1;
    }
    mark_dirty(descriptor);
    const ssize_t count = syscall(SYS_pwrite64, descriptor, data, cut(mode, bytes), offset);
    if (mode == MODE_TORN_KILL)
        die();
    if (mode != MODE_TORN)
        return count;
    errno = fault.error;
    return -1;
}

static void mark_clean(int descriptor)
{
    struct stat info;
    if (file_status(descriptor, "", &info, AT_EMPTY_PATH) != 0)
        return;
    if (S_ISDIR(info.st_mode))
        renames = 0;
    for (size_t i = 0; i < dirty_count; i++) {
        if (dirty[i].device != info.st_dev || dirty[i].inode != info.st_ino)
            continue;
        (void)syscall(SYS_close, dirty[i].descriptor);
        dirty[i] = dirty[--dirty_count];
        return;
    }
}

int fault_fsync(int descriptor)
{
    if (fails(OPERATION_SYNC))
        return -1;
    const int result = (int)syscall(SYS_fsync, descriptor);
    if (result == 0)
        mark_clean(descriptor);
    return result;
}

int fault_rename(const char *from, const char *to)
{
    if (fails(OPERATION_RENAME))
        return -1;
    const int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    renames += result == 0;
    return result;
}

int fault_ftruncate(int descriptor, off_t bytes)
{
    return fails(OPERATION_TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, descriptor, bytes);
}

int fault_fallocate(int descriptor, int mode, off_t first, off_t bytes)
{
    return fails(OPERATION_RESERVE) ? -1
                                    : (int)syscall(SYS_fallocate, descriptor, mode, first, bytes);
}

int fault_flock(int descriptor, int how)
{
    return fails(OPERATION_LOCK) ? -1 : (int)syscall(SYS_flock, descriptor, how);
}

int fault_fchmod(int descriptor, mode_t mode)
{
    return fails(OPERATION_MODE) ? -1 : (int)syscall(SYS_fchmod, descriptor, mode);
}

int fault_stat(const char *path, struct stat *info)
{
    return fails(OPERATION_STATUS) ? -1 : file_status(AT_FDCWD, path, info, 0);
}

int fault_lstat(const char *path, struct stat *info)
{
    return fails(OPERATION_STATUS) ? -1 : file_status(AT_FDCWD, path, info, AT_SYMLINK_NOFOLLOW);
}

int fault_fstat(int descriptor, struct stat *info)
{
    return fails(OPERATION_STATUS) ? -1 : file_status(descriptor, "", info, AT_EMPTY_PATH);
}

int fault_fstatat(int folder, const char *path, struct stat *info, int flags)
{
    return fails(OPERATION_STATUS) ? -1 : file_status(folder, path, info, flags);
}

int fault_unlink(const char *path)
{
    return fails(OPERATION_UNLINK) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
