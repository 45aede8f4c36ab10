// SPDX-License-Identifier: Apache-2.0
// Preloaded into a process: appends a line to the file named by MOTE_TRACE for each call that gets or
// gives back memory, and for each read, write and rename, so that these can be told to lie between
// steps. Calls go on to the C library's own entries and to the kernel; nothing here allocates.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INTERPOSE __attribute__((visibility("default")))

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *memory);

/// Opened before main; -1: no trace is wanted.
static int trace = -1;

static void __attribute__((constructor)) open_trace(void)
{
    const char *const path = getenv("MOTE_TRACE");
    if (path)
        trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                             0600);
}

/// One line, written at once, so that those of several threads do not mix.
static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
    char line[1024];
    const int kept_errno = errno;
    va_list arguments;
    if (trace < 0)
        return;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length < sizeof line)
        (void)syscall(SYS_write, trace, line, (size_t)length);
    errno = kept_errno;
}

INTERPOSE void *malloc(size_t bytes)
{
    note("memory malloc %zu\n", bytes);
    return __libc_malloc(bytes);
}

INTERPOSE void *calloc(size_t count, size_t bytes)
{
    note("memory calloc %zu\n", count * bytes);
    return __libc_calloc(count, bytes);
}

INTERPOSE void *realloc(void *memory, size_t bytes)
{
    note("memory realloc %zu\n", bytes);
    return __libc_realloc(memory, bytes);
}

INTERPOSE void free(void *memory)
{
    if (memory)
        note("memory free\n");
    __libc_free(memory);
}

INTERPOSE int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    note("memory posix_memalign %zu\n", bytes);
    void *const made = __libc_memalign(alignment, bytes);
    if (!made)
        return ENOMEM;
    *memory = made;
    return 0;
}

INTERPOSE void *aligned_alloc(size_t alignment, size_t bytes)
{
    note("memory aligned_alloc %zu\n", bytes);
    return __libc_memalign(alignment, bytes);
}

INTERPOSE void *mmap(void *address, size_t bytes, int protection, int flags, int descriptor,
                     off_t offset)
{
    note("memory mmap %zu\n", bytes);
    const long result = syscall(SYS_mmap, address, bytes, protection, flags, descriptor, offset);
    return (void *)result; // MAP_FAILED is -1
}

INTERPOSE int munmap(void *address, size_t bytes)
{
    note("memory munmap %zu\n", bytes);
    return (int)syscall(SYS_munmap, address, bytes);
}

INTERPOSE int brk(void *address)
{
    note("memory brk\n");
    return (void *)syscall(SYS_brk, address) == address ? 0 : -1;
}

INTERPOSE void *sbrk(intptr_t increment)
{
    note("memory sbrk %lld\n", (long long)increment);
    char *const end = (char *)syscall(SYS_brk, NULL);
    if (increment != 0 && (char *)syscall(SYS_brk, end + increment) != end + increment)
        return (void *)-1L;
    return end;
}

INTERPOSE ssize_t pread(int descriptor, void *data, size_t bytes, off_t offset)
{
    note("read %zu %lld\n", bytes, (long long)offset);
    return syscall(SYS_pread64, descriptor, data, bytes, offset);
}

INTERPOSE ssize_t pwrite(int descriptor, const void *data, size_t bytes, off_t offset)
{
    note("write %zu %lld\n", bytes, (long long)offset);
    return syscall(SYS_pwrite64, descriptor, data, bytes, offset);
}

INTERPOSE int rename(const char *from, const char *to)
{
    note("rename %s\n", to);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
