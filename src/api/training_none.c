// SPDX-License-Identifier: Apache-2.0
// Stands in for check.c in a build without training: what it checks is whether a model can be trained.
#include "mote/mote.h"

#include "base/status.h"

mote_status mote_model_check(mote_context *context, const mote_check_config *config,
                             size_t *failed_count)
{
    (void)context;
    (void)config;
    (void)failed_count;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "mote_model_check: this build of mote is without "
                                              "training");
}

const char *mote_check_result_name(mote_check_result result)
{
    static const char *const names[] = {
#define RESULT_NAME(name, text) text,
        MOTE_CHECK_RESULT_MAP(RESULT_NAME)
#undef RESULT_NAME
    };
    return (size_t)result < MOTE_CHECK_RESULT_COUNT ? names[result] : "unknown";
}
