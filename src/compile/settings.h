// SPDX-License-Identifier: Apache-2.0
// The parts of compiling that are not a stage of their own.
#ifndef MOTE_COMPILE_SETTINGS_H
#define MOTE_COMPILE_SETTINGS_H

#include "compile/compile.h"

/// Turns schedule and offsets into the program.
mote_status mote_compile_link(const mote_compiled *compiled, size_t index, mote_arena *arena,
                              mote_program *program);

/// Finds what program `index` can read ahead: parts of its READs.
mote_status mote_compile_ahead(mote_compiled *compiled, size_t index, mote_arena *arena);

/// The first operation of the program behind all those of the steps before `step`: of a step that runs band by band there is
/// one a band, and its run is not parted. For step_count: how many there are.
size_t mote_compile_find_operation(const mote_schedule *schedule, size_t step);

/// Offset of a tensor of schedule `index`, or MOTE_ABSENT.
size_t mote_compile_tensor_offset(const mote_compiled *compiled, size_t index, size_t tensor);

#endif
