// SPDX-License-Identifier: Apache-2.0
// Stands in for check.c, inspection.c and samples.c in a build without training: it does not read data sections.
#include "mote/mote.h"

#include "base/status.h"
#include "data/data.h"

// NOLINTBEGIN(readability-non-const-parameter): the signatures are those of the public headers

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

mote_status mote_samples_open(mote_model *model, const char *path, mote_samples **samples)
{
    (void)model;
    (void)samples;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s': this build of mote reads no files of samples",
                      path ? path : "");
}

void mote_samples_close(mote_samples **samples)
{
    (void)samples; // none was opened
}

uint64_t mote_samples_count(const mote_samples *samples)
{
    (void)samples;
    return 0;
}

mote_status mote_samples_read(mote_samples *samples, uint64_t first, size_t count, float *inputs)
{
    (void)samples;
    (void)first;
    (void)count;
    (void)inputs;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "this build of mote reads no files of samples");
}

mote_status mote_samples_read_all(mote_samples *samples, uint64_t first, size_t count,
                                  void *const *inputs, size_t input_count)
{
    (void)samples;
    (void)first;
    (void)count;
    (void)inputs;
    (void)input_count;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "this build of mote reads no files of samples");
}

mote_status mote_inspection_create(const mote_context *context, const char *path,
                                   const mote_inspection_config *config,
                                   mote_inspection **inspection)
{
    (void)context;
    (void)config;
    (void)inspection;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s': this build of mote is without training",
                      path ? path : "");
}

void mote_inspection_destroy(mote_inspection **inspection)
{
    (void)inspection; // none was made
}

const mote_data_info *mote_inspection_get(const mote_inspection *inspection)
{
    (void)inspection;
    return NULL;
}

const char *mote_data_kind_name(mote_data_kind kind)
{
    return (size_t)kind < MOTE_DATA_KIND_COUNT ? mote_data_kind_names[kind] : "unknown";
}

// NOLINTEND(readability-non-const-parameter)
