// SPDX-License-Identifier: Apache-2.0
// Which instruction sets the processor has and the operating system saves, and what it is called.
#include "os/os.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <ctype.h>
#include <string.h>

#define BRAND_FIRST 0x80000002U
#define BRAND_LAST  0x80000004U

mote_cpu_level mote_cpu_detect(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return MOTE_CPU_SCALAR;
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return avx512 ? MOTE_CPU_AVX512 : MOTE_CPU_AVX2;
}

/// What is neither letter nor digit becomes a blank; of blanks there is one, and none at the ends.
static void clean_name(char name[MOTE_CPU_NAME_BYTES])
{
    size_t length = 0;
    for (const char *from = name; *from; from++) {
        if (isalnum((unsigned char)*from))
            name[length++] = *from;
        else if (length > 0 && name[length - 1] != ' ')
            name[length++] = ' ';
    }
    if (length > 0 && name[length - 1] == ' ')
        length--;
    name[length] = '\0';
}

void mote_cpu_get_name(char name[MOTE_CPU_NAME_BYTES])
{
    memset(name, 0, MOTE_CPU_NAME_BYTES);
    for (unsigned leaf = BRAND_FIRST; leaf <= BRAND_LAST; leaf++) {
        unsigned words[4] = {0};
        if (!__get_cpuid(leaf, &words[0], &words[1], &words[2], &words[3]))
            break;
        memcpy(name + (leaf - BRAND_FIRST) * sizeof words, words, sizeof words);
    }
    clean_name(name);
}

#elif defined(__aarch64__)

mote_cpu_level mote_cpu_detect(void)
{
    return MOTE_CPU_NEON;
}

void mote_cpu_get_name(char name[MOTE_CPU_NAME_BYTES])
{
    name[0] = '\0';
}

#else

mote_cpu_level mote_cpu_detect(void)
{
    return MOTE_CPU_SCALAR;
}

void mote_cpu_get_name(char name[MOTE_CPU_NAME_BYTES])
{
    name[0] = '\0';
}

#endif
