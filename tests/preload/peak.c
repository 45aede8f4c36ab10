// SPDX-License-Identifier: Apache-2.0
// Preloaded into a process: when it ends, writes the bytes of address space that it had at most to the file MOTE_PEAK_REPORT.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long read_peak_kib(void)
{
    static const char name[] = "VmPeak:";
    char line[256];
    long kib = -1;
    FILE *const status = fopen("/proc/self/status", "r");
    while (status && kib < 0 && fgets(line, sizeof line, status))
        kib = strncmp(line, name, sizeof name - 1) == 0 ? strtol(line + sizeof name - 1, NULL, 10)
                                                        : -1;
    if (status)
        (void)fclose(status);
    return kib;
}

__attribute__((destructor)) static void report(void)
{
    const char *const path = getenv("MOTE_PEAK_REPORT");
    FILE *const file = path ? fopen(path, "w") : NULL;
    if (!file)
        return;
    (void)fprintf(file, "%ld\n", read_peak_kib() * 1024);
    (void)fclose(file);
}
