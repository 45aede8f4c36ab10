// SPDX-License-Identifier: Apache-2.0
// Single layers against values of PyTorch: tests/data/reference/README.md says what is compared.
#ifndef MOTE_TESTS_SUPPORT_LAYER_REFERENCE_H
#define MOTE_TESTS_SUPPORT_LAYER_REFERENCE_H

/// Runs all cases of every group of the folder: of `x.txt`, with the values in x.safetensors. No tensor may
/// lie further from its value than `tolerance`: norm of the difference over norm of the value or 1/16,
/// whichever is greater.
void layer_reference_check(const char *folder, double tolerance);

#endif
