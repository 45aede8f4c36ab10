// SPDX-License-Identifier: Apache-2.0
// Preloaded into a process: appends a line to the file named by MOTE_TRACE for each call that gets or
// gives back memory, and for each read, write and rename, so that these can be told to lie between
// steps. Calls go on to other entries of the C library; nothing here allocates.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/// Defines what the process calls by the name of `symbol`.
#define INTERPOSE(symbol) __asm__(symbol) __attribute__((visibility("default")))

/// Where calls go on to.
void *libc_malloc(size_t bytes) __asm__("__libc_malloc");
void *libc_calloc(size_t count, size_t bytes) __asm__("__libc_calloc");
void *libc_realloc(void *memory, size_t bytes) __asm__("__libc_realloc");
void *libc_memalign(size_t alignment, size_t bytes) __asm__("__libc_memalign");
void libc_free(void *memory) __asm__("__libc_free");
void *libc_sbrk(intptr_t increment) __asm__("__sbrk");
void *libc_mmap(void *address, size_t bytes, int protection, int flags, int descriptor,
                off_t offset) __asm__("mmap64");
ssize_t libc_pread(int descriptor, void *data, size_t bytes, off_t offset) __asm__("pread64");
ssize_t libc_pwrite(int descriptor, const void *data, size_t bytes,
                    off_t offset) __asm__("pwrite64");
int libc_renameat(int from_folder, const char *from, int to_folder,
                  const char *to) __asm__("renameat");

/// What the process calls.
void *trace_malloc(size_t bytes) INTERPOSE("malloc");
void *trace_calloc(size_t count, size_t bytes) INTERPOSE("calloc");
void *trace_realloc(void *memory, size_t bytes) INTERPOSE("realloc");
void trace_free(void *memory) INTERPOSE("free");
int trace_posix_memalign(void **memory, size_t alignment, size_t bytes) INTERPOSE("posix_memalign");
void *trace_aligned_alloc(size_t alignment, size_t bytes) INTERPOSE("aligned_alloc");
void *trace_sbrk(intptr_t increment) INTERPOSE("sbrk");
void *trace_mmap(void *address, size_t bytes, int protection, int flags, int descriptor,
                 off_t offset) INTERPOSE("mmap");
ssize_t trace_pread(int descriptor, void *data, size_t bytes, off_t offset) INTERPOSE("pread");
ssize_t trace_pwrite(int descriptor, const void *data, size_t bytes, off_t offset)
    INTERPOSE("pwrite");
int trace_rename(const char *from, const char *to) INTERPOSE("rename");

/// Opened before main; -1: no trace is wanted.
static int trace = -1;

static void __attribute__((constructor)) open_trace(void)
{
    const char *const path = getenv("MOTE_TRACE");
    if (path)
        trace = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
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
    if (length <= 0 || (size_t)length >= sizeof line || write(trace, line, (size_t)length) < 0)
        trace = -1; // a trace with a hole would prove nothing: its end is missed
    errno = kept_errno;
}

void *trace_malloc(size_t bytes)
{
    note("memory malloc %zu\n", bytes);
    return libc_malloc(bytes);
}

void *trace_calloc(size_t count, size_t bytes)
{
    note("memory calloc %zu\n", count * bytes);
    return libc_calloc(count, bytes);
}

void *trace_realloc(void *memory, size_t bytes)
{
    note("memory realloc %zu\n", bytes);
    return libc_realloc(memory, bytes);
}

void trace_free(void *memory)
{
    if (memory)
        note("memory free\n");
    libc_free(memory);
}

int trace_posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    note("memory posix_memalign %zu\n", bytes);
    void *const made = libc_memalign(alignment, bytes);
    if (!made)
        return ENOMEM;
    *memory = made;
    return 0;
}

void *trace_aligned_alloc(size_t alignment, size_t bytes)
{
    note("memory aligned_alloc %zu\n", bytes);
    return libc_memalign(alignment, bytes);
}

void *trace_sbrk(intptr_t increment)
{
    note("memory sbrk %lld\n", (long long)increment);
    return libc_sbrk(increment);
}

void *trace_mmap(void *address, size_t bytes, int protection, int flags, int descriptor,
                 off_t offset)
{
    note("memory mmap %zu\n", bytes);
    return libc_mmap(address, bytes, protection, flags, descriptor, offset);
}

ssize_t trace_pread(int descriptor, void *data, size_t bytes, off_t offset)
{
    note("read %zu %lld\n", bytes, (long long)offset);
    return libc_pread(descriptor, data, bytes, offset);
}

ssize_t trace_pwrite(int descriptor, const void *data, size_t bytes, off_t offset)
{
    note("write %zu %lld\n", bytes, (long long)offset);
    return libc_pwrite(descriptor, data, bytes, offset);
}

int trace_rename(const char *from, const char *to)
{
    note("rename %s\n", to);
    return libc_renameat(AT_FDCWD, from, AT_FDCWD, to);
}
