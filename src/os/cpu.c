// SPDX-License-Identifier: Apache-2.0
// Which instruction sets the processor has and the operating system saves.
#include "os/os.h"

#if defined(__x86_64__)

mote_cpu_level mote_cpu_detect(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return MOTE_CPU_SCALAR;
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return avx512 ? MOTE_CPU_AVX512 : MOTE_CPU_AVX2;
}

#elif defined(__aarch64__)

mote_cpu_level mote_cpu_detect(void)
{
    return MOTE_CPU_NEON;
}

#else

mote_cpu_level mote_cpu_detect(void)
{
    return MOTE_CPU_SCALAR;
}

#endif
