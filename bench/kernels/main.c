// SPDX-License-Identifier: Apache-2.0
// bench_kernels [NAME]: the speed of every kernel at every level. With NAME, only of those whose name
// contains it.
#include "bench.h"

#include "base/arena.h"
#include "os/os.h"

#include <stdio.h>

static mote_status run(bench_setup *setup)
{
    for (size_t level = 0; level <= (size_t)mote_kernels_highest_level(); level++) {
        // a build has no tables of other processor families
        if (level > (size_t)mote_cpu_detect() ||
            mote_kernels_get((mote_cpu_level)level, &setup->tables[level]) != MOTE_OK)
            setup->tables[level] = NULL;
    }
    mote_thread_pool *pool = NULL;
    MOTE_TRY(mote_thread_pool_create(mote_allocator_default(), mote_cpu_count(), &pool,
                                     &setup->parallel));
    mote_status status = bench_products(setup);
    if (status == MOTE_OK)
        status = bench_depthwise(setup);
    if (status == MOTE_OK)
        status = bench_elements(setup);
    if (status == MOTE_OK)
        status = bench_passes(setup);
    mote_thread_pool_destroy(&pool);
    return status;
}

int main(int argument_count, char **arguments)
{
    bench_setup setup = {.filter = argument_count > 1 ? arguments[1] : NULL};
    if (run(&setup) == MOTE_OK)
        return 0;
    (void)fprintf(stderr, "bench_kernels: %s\n", mote_last_error()->message);
    return 1;
}
