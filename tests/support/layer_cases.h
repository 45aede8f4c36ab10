// SPDX-License-Identifier: Apache-2.0
// The cases that the contract tests run for each layer, in float and in double.
#ifndef MOTE_TESTS_SUPPORT_LAYER_CASES_H
#define MOTE_TESTS_SUPPORT_LAYER_CASES_H

#include "support/layer_harness.h"

typedef struct layer_case {
    const char *title;
    bool is_large; // enough work for several threads; too much for finite differences
    layer_config config;
} layer_case;

/// All cases, several a layer.
const layer_case *layer_cases(size_t *count);

#endif
