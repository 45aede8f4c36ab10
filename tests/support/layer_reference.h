// SPDX-License-Identifier: Apache-2.0
// Single layers against values of PyTorch: tests/data/reference/README.md says what is compared.
#ifndef MOTE_TESTS_SUPPORT_LAYER_REFERENCE_H
#define MOTE_TESTS_SUPPORT_LAYER_REFERENCE_H

/// Runs all cases of the folder's cases.txt; no tensor may lie further from its value in
/// layers.safetensors than `tolerance`: norm of the difference over norm of the value or 1/16,
/// whichever is greater.
void layer_reference_check(const char *folder, double tolerance);

#endif
