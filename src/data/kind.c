// SPDX-License-Identifier: Apache-2.0
// How the kinds of data are called.
#include "data/data.h"

const char *const mote_data_kind_names[MOTE_DATA_KIND_COUNT] = {
#define KIND_NAME(name, text) text,
    MOTE_DATA_KIND_MAP(KIND_NAME)
#undef KIND_NAME
};
