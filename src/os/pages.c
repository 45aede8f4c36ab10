// SPDX-License-Identifier: Apache-2.0
// Pages from the operating system.
#include "os/os.h"

#include <stdint.h>
#include <sys/mman.h>

mote_status mote_pages_allocate(size_t bytes, void **memory)
{
    if (bytes == 0) {
        *memory = NULL;
        return MOTE_OK;
    }
    void *const pages =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of pages could not be had", bytes);
    // large pages, where whole ones fit, save faults at first and misses of addresses later; if not, it is no failure
    (void)madvise(pages, bytes, MADV_HUGEPAGE);
    *memory = pages;
    return MOTE_OK;
}

void mote_pages_free(void *memory, size_t bytes)
{
    if (memory)
        (void)munmap(memory, bytes);
}
