// SPDX-License-Identifier: Apache-2.0
// The ladder of instruction sets. A higher level contains the lower ones of its processor family.
#ifndef MOTE_BASE_CPU_H
#define MOTE_BASE_CPU_H

#include "base/status.h"

#include <stdbool.h>

#define MOTE_CPU_LEVEL_MAP(X) \
    X(SCALAR, "scalar")       \
    X(AVX2, "avx2")           \
    X(AVX512, "avx512")       \
    X(NEON, "neon")

typedef enum mote_cpu_level {
#define MOTE_CPU_LEVEL_ENUM(name, text) MOTE_CPU_##name,
    MOTE_CPU_LEVEL_MAP(MOTE_CPU_LEVEL_ENUM)
#undef MOTE_CPU_LEVEL_ENUM
    MOTE_CPU_LEVEL_COUNT
} mote_cpu_level;

/// "scalar", "avx2", ...
const char *mote_cpu_level_name(mote_cpu_level level);

/// The level of that name; raises MOTE_ERROR_ARGUMENT with the accepted names.
mote_status mote_cpu_level_find(const char *name, mote_cpu_level *level) MOTE_MUST_CHECK;

#endif
