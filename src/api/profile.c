// SPDX-License-Identifier: Apache-2.0
// What the processor of a context could do.
#include "api/api.h"

#include "mote/profile.h"

mote_status mote_context_measure_peak(const mote_context *context, mote_peak *peak)
{
    MOTE_TRY(mote_argument_require(context, "mote_context_measure_peak"));
    MOTE_TRY(mote_argument_require(peak, "mote_context_measure_peak"));
    const mote_parallel *parallel = &context->parallel;
    *peak = (mote_peak){.one_thread = mote_cpu_measure_peak(parallel, 1),
                        .all_threads = mote_cpu_measure_peak(parallel, parallel->thread_count)};
    return MOTE_OK;
}
