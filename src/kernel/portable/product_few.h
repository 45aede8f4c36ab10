// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: products of few rows.
#ifndef MOTE_KERNEL_PORTABLE_PRODUCT_FEW_H
#define MOTE_KERNEL_PORTABLE_PRODUCT_FEW_H

#include "kernel/portable/level.h"
#include "kernel/product.h"

/// Whether product_few makes it: rows are few, and no more than columns, which tasks have parts of.
bool MOTE_KERNEL(product_is_few)(const mote_product *product);

/// The columns from `first_column` to before `column_end`, without scratch.
void MOTE_KERNEL(product_few)(const mote_product *product, size_t first_column, size_t column_end);

#endif
