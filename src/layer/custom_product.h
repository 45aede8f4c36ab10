// SPDX-License-Identifier: Apache-2.0
// The public description of a product as the kernel's.
#ifndef MOTE_LAYER_CUSTOM_PRODUCT_H
#define MOTE_LAYER_CUSTOM_PRODUCT_H

#include "kernel/product.h"
#include "mote/layer.h"

/// What is wrong with the extents, or NULL.
const char *mote_custom_find_problem(const mote_custom_product *product);

mote_product mote_custom_make_product(const mote_custom_product *product);

#endif
