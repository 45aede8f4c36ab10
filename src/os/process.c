// SPDX-License-Identifier: Apache-2.0
// What the process uses: memory, time, processors.
#include "os/os.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define STATUS_BYTES 4096U

/// The line "<key>  <number> kB" of /proc/self/status in bytes, 0 without it. Read on the stack,
/// since it is asked between steps. Not getrusage: its peak starts with the parent's.
static size_t read_status_bytes(const char *key)
{
    const int descriptor = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return 0;
    char text[STATUS_BYTES];
    size_t length = 0;
    ssize_t count = 0;
    do {
        length += (size_t)count;
        count = read(descriptor, text + length, sizeof text - 1 - length);
    } while (count > 0);
    (void)close(descriptor);
    text[length] = '\0';
    const char *const line = strstr(text, key);
    return line ? (size_t)strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
}

size_t mote_memory_peak_bytes(void)
{
    return read_status_bytes("\nVmHWM:");
}

size_t mote_memory_resident_bytes(void)
{
    return read_status_bytes("\nVmRSS:");
}

uint64_t mote_thread_wait_count(void)
{
    struct rusage usage = {.ru_nvcsw = 0};
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? (uint64_t)usage.ru_nvcsw : 0;
}

uint64_t mote_clock_ns(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

size_t mote_cpu_count(void)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 0)
        return (size_t)CPU_COUNT(&allowed);
    const long online = sysconf(_SC_NPROCESSORS_ONLN); // more of them than cpu_set_t holds
    return online > 0 ? (size_t)online : 1;
}
