// SPDX-License-Identifier: Apache-2.0
// Tables of costs, for plans of one device or another.
#ifndef MOTE_TESTS_UNIT_API_COST_TABLE_H
#define MOTE_TESTS_UNIT_API_COST_TABLE_H

#include "support/files.h"

#include <stdio.h>

/// A product makes `speed` multiply-adds in a nanosecond; `stored` bytes go to the file and back in one, behind `transfer_ns`.
static inline const char *write_cost_table(void **state, const char *name, const char *processor,
                                           double speed, double stored, double transfer_ns)
{
    static const char rates[] =
        "product_multiply_adds = %g\nproduct_elements = 8\nconvolution_multiply_adds = 90\n"
        "convolution_elements = 12\ndepthwise_multiply_adds = 30\npooled_cells = 4\n"
        "normalized_elements = 6\nfunction_values = 1\napplied_elements = 6\nnear_bytes = 60\n"
        "far_bytes = 25\n";
    char rate_text[512];
    char text[4096];
    (void)snprintf(rate_text, sizeof rate_text, rates, speed);
    (void)snprintf(text, sizeof text,
                   "[Cost]\nversion = 1\nprocessor = \"%s\"\ncpu = scalar\nthreads = 1\n"
                   "operation_ns = 200\nsplit_ns = 0\ncache_bytes = 1e6\n[one_thread]\n%s"
                   "[all_threads]\n%s[swap]\nloaded_bytes = %g\nstored_bytes = %g\n"
                   "load_ns = %g\nstore_ns = %g\ntransfer_share = 0.25\n",
                   processor, rate_text, rate_text, stored, stored, transfer_ns, transfer_ns);
    return mote_test_write_text(state, name, text);
}

#endif
