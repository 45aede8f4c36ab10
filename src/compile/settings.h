// SPDX-License-Identifier: Apache-2.0
// The parts of compiling that are not a stage of their own.
#ifndef MOTE_COMPILE_SETTINGS_H
#define MOTE_COMPILE_SETTINGS_H

#include "budget/budget.h"
#include "compile/compile.h"

/// What is compiled, into what.
typedef struct mote_compiler {
    const mote_compile_request *request;
    mote_arena *arena;
    mote_compiled *compiled;
    mote_decisions decisions; // for the next schedules
    bool
        is_alternative; // to schedules that were planned: of use only where they are faster, or these are too large
    size_t known_floor; // smallest budget of what was planned before, where none fits; 0: none
    double limit_ms;    // that it must be predicted to take less than; 0: any
} mote_compiler;

/// From schedules to offsets, within the budget where there is one.
mote_status mote_compile_plan(const mote_compiler *c) MOTE_MUST_CHECK;

/// Memory to look at swapped blocks in; `may_swap`: as if all were.
size_t mote_compile_staging_bytes(const mote_compiled *compiled, bool may_swap);

/// Finds the places of what persists, in memory or in the swap file, by what of it is swapped.
mote_status mote_compile_place_state(const mote_compiler *c) MOTE_MUST_CHECK;

/// Finds the offsets of the schedules as they are. `is_rough`: where more bytes live at a step than the budget allows, any
/// offsets do.
mote_status mote_compile_place(const mote_compiler *c, bool is_rough) MOTE_MUST_CHECK;

/// Where they need more memory than the budget allows: has blocks come and go until they do not. Raises
/// MOTE_ERROR_BUDGET with the smallest budget that works.
mote_status mote_compile_fit(const mote_compiler *c) MOTE_MUST_CHECK;

/// Reads the stays of the request's saved plan, by the schedules as they are; `choice` lives in `arena`. Raises
/// MOTE_ERROR_FORMAT, with the line, for what is not of them.
mote_status mote_saved_plan_choose(const mote_compiler *c, const mote_budget_problem *problem,
                                   mote_arena *arena, mote_budget_choice *choice) MOTE_MUST_CHECK;

/// Writes the sections of what leaves memory.
void mote_saved_plan_print_parts(const mote_compiled *compiled, const mote_writer *writer);

/// Behind planning, with what came of it: raises MOTE_ERROR_ARGUMENT unless the plan is the one that was saved, with what
/// differs; an error of planning (MOTE_ERROR_FORMAT) gets that behind its message.
mote_status mote_saved_plan_check(const mote_compiler *c, const char *model_hash,
                                  mote_status status) MOTE_MUST_CHECK;

/// Predicts which operation takes longest, and how many take longer than [Model] operation_deadline_ms.
mote_status mote_compile_time_operations(const mote_compiler *c) MOTE_MUST_CHECK;

/// The device's cost table, or what is assumed.
mote_cost mote_compile_find_cost(const mote_compiler *c);

/// Turns schedule and offsets into the program.
mote_status mote_compile_link(const mote_compiled *compiled, size_t index, mote_arena *arena,
                              mote_program *program);

/// Makes the transfers of program `index`, whose operations are linked.
mote_status mote_compile_transfers(const mote_compiled *compiled, size_t index, mote_arena *arena,
                                   mote_program *program) MOTE_MUST_CHECK;

/// Finds what of the swapped state no program stores, behind their transfers. What comes and goes in slices is not looked at.
void mote_compile_find_frozen(const mote_compiled *compiled);

/// Finds what program `index` can read ahead: parts of its READs.
mote_status mote_compile_ahead(mote_compiled *compiled, size_t index, mote_arena *arena);

/// The first operation of the program behind all those of the steps before `step`: of a step that runs band by band there is
/// one a band, and its run is not parted. For step_count: how many there are.
size_t mote_compile_find_operation(const mote_schedule *schedule, size_t step);

/// Offset of a tensor of schedule `index` at a step, or MOTE_ABSENT.
size_t mote_compile_tensor_offset(const mote_compiled *compiled, size_t index, size_t tensor,
                                  size_t step);

#endif
