// SPDX-License-Identifier: Apache-2.0
// Private to kernel: the tables of all levels. Which of them exist is the build's choice.
#ifndef MOTE_KERNEL_TABLE_H
#define MOTE_KERNEL_TABLE_H

#include "kernel/kernel.h"

extern const mote_kernels mote_table_scalar;
extern const mote_kernels mote_table_avx2;
extern const mote_kernels mote_table_avx512;
extern const mote_kernels mote_table_neon;

#endif
