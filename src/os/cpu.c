// SPDX-License-Identifier: Apache-2.0
// Which instruction sets the processor has and the operating system saves.
#include "os/os.h"

#if defined(__x86_64__)

mote_cpu_level mote_cpu_detect(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? MOTE_CPU_AVX2
                                                                           : MOTE_CPU_SCALAR;
}

#else

mote_cpu_level mote_cpu_detect(void)
{
    return MOTE_CPU_SCALAR;
}

#endif
