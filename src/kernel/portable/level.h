// SPDX-License-Identifier: Apache-2.0
// Private to the sources of src/kernel that are compiled once for each level of the CPU ladder: the build
// defines MOTE_LEVEL (scalar, avx2, avx512, neon), which becomes part of every name.
//
// These sources say nothing of instruction sets. Their bits are the same at every level by construction:
// operations are IEEE 754's, in the order written (contraction is off, fused multiply-adds are explicit).
#ifndef MOTE_KERNEL_PORTABLE_LEVEL_H
#define MOTE_KERNEL_PORTABLE_LEVEL_H

#include "kernel/elementary.h"
#include "kernel/kernel.h"

#define MOTE_KERNEL_JOIN(name, level)   mote_##name##_##level
#define MOTE_KERNEL_EXPAND(name, level) MOTE_KERNEL_JOIN(name, level)

/// mote_<name>_<level>
#define MOTE_KERNEL(name) MOTE_KERNEL_EXPAND(name, MOTE_LEVEL)

#define KERNEL(name, parameters) void MOTE_KERNEL(name) parameters;
#include "kernel/kernels.def"
#undef KERNEL

/// Before an element-wise loop whose output may be an input: elements do not depend on one another.
#if defined(MOTE_REAL_DOUBLE)
#define MOTE_ELEMENTWISE
#elif defined(__clang__)
#define MOTE_ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")
#else
#define MOTE_ELEMENTWISE _Pragma("GCC ivdep")
#endif

/// Before a loop of 16, likewise: gcc must not unroll it before it has become one or two vector operations.
#if defined(__AVX2__) && !defined(__clang__)
#define MOTE_VECTOR_LOOP _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#else
#define MOTE_VECTOR_LOOP
#endif

#endif
