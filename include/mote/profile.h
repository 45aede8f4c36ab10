// SPDX-License-Identifier: Apache-2.0
// Where the time of training steps goes: each operation of a step, as it ends, and what the processor could do.
#ifndef MOTE_PROFILE_H
#define MOTE_PROFILE_H

#include "mote/context.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One operation of a training step, done. Strings live as long as the model is compiled.
typedef struct mote_operation_time {
    size_t index;      // of the operation in the step, from 0; the same one in every step
    const char *name;  // "calc_gradient conv1", "apply conv1.weight", as mote_model_explain prints
    const char *phase; // "read", "forward", "calc_gradient", "calc_derivative", "apply", ...
    const char *layer; // that it belongs to; "" for those of all layers
    uint64_t step;     // training steps before this one in this call
    uint64_t begin_ns; // of a clock that never goes back
    uint64_t ns;       // how long it took
    double multiply_adds; // in products, as the layer's formula counts them; 0 where there are none
} mote_operation_time;

/// Told of each operation of the training steps, in the order in which they run; those of a validation are not told.
/// With `operation` NULL no clock is read for it. Nothing that is computed depends on it. It is called in the thread that
/// made the call, between two operations, and may not allocate if nobody shall.
typedef struct mote_profiler {
    void *user;
    void (*operation)(void *user, const mote_operation_time *time);
} mote_profiler;

/// Fused multiply-adds of single precision in a second.
typedef struct mote_peak {
    double one_thread;
    double all_threads; // of the context, at once
} mote_peak;

/// Measures, in some hundredths of a second, what this processor reaches with the widest instructions that it has,
/// whether the context's level uses them or not. Needs the context's threads, as training does.
MOTE_API mote_status mote_context_measure_peak(const mote_context *context,
                                               mote_peak *peak) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
