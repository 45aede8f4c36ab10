// SPDX-License-Identifier: Apache-2.0
// Names of the instruction-set levels.
#include "base/cpu.h"

#include "base/text.h"

#include <assert.h>
#include <stddef.h>

static const char *const level_names[] = {
#define LEVEL_NAME(name, text) [MOTE_CPU_##name] = (text),
    MOTE_CPU_LEVEL_MAP(LEVEL_NAME)
#undef LEVEL_NAME
};

const char *mote_cpu_level_name(mote_cpu_level level)
{
    assert((unsigned)level < MOTE_CPU_LEVEL_COUNT);
    return level_names[level];
}

mote_status mote_cpu_level_find(const char *name, mote_cpu_level *level)
{
    for (size_t i = 0; i < MOTE_CPU_LEVEL_COUNT; i++) {
        if (mote_text_equal(name, level_names[i])) {
            *level = (mote_cpu_level)i;
            return MOTE_OK;
        }
    }
#define LEVEL_TEXT(name, text) " " text
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "unknown CPU level '%.200s', expected one of:%s", name,
                      MOTE_CPU_LEVEL_MAP(LEVEL_TEXT));
#undef LEVEL_TEXT
}
