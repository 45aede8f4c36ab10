// SPDX-License-Identifier: Apache-2.0
// Private to budget: what may leave memory, and the parts of the choice.
#ifndef MOTE_BUDGET_SPANS_H
#define MOTE_BUDGET_SPANS_H

#include "budget/budget.h"

/// Steps [first, end).
typedef struct mote_steps {
    size_t first, end;
} mote_steps;

/// Steps without the span: behind a use, or in front of the first of what persists.
typedef struct mote_gap {
    mote_steps all; // between the uses
    mote_steps
        calm; // of these, those that leave transfers the time they take; none where first >= end
    mote_steps out; // in which it is not in memory; none: it stays
} mote_gap;

/// Steps that use a span, of all programs one after the other: one step, or all of a run of bands.
typedef struct mote_span_use {
    size_t first, last;
    bool writes;
    mote_gap gap; // behind it
} mote_span_use;

/// A block, or a tensor that persists, or a slice of one, in one program.
typedef struct mote_span {
    size_t program;
    size_t block;     // in its schedule, or MOTE_NONE
    size_t tensor;    // in it
    size_t state;     // block of the state, or MOTE_NONE
    mote_slice slice; // of it; count 0: whole
    size_t bytes;     // in memory
    bool may_go;      // it is worth a transfer
    mote_gap head;    // of what persists
    mote_span_use *uses;
    size_t use_count;
} mote_span;

typedef struct mote_spans {
    const mote_budget_problem *problem;
    mote_arena *arena;
    size_t first_steps[MOTE_BUDGET_PROGRAMS_MAX + 1]; // of each program; behind the last, how many
    mote_span *items;
    size_t count;
    bool *is_swapped; // by block of the state
    size_t *live;     // by step: bytes in memory
    double *step_ns;  // by step
    double *idle_ns;  // by step: of these, in which nothing is transferred
    double *begin_ns; // by step: the sum of those before; one more than there are steps
} mote_spans;

static inline size_t mote_spans_step_count(const mote_spans *spans)
{
    return spans->first_steps[spans->problem->program_count];
}

static inline bool mote_gap_is_cut(const mote_gap *gap)
{
    return gap->out.first < gap->out.end;
}

/// Finds spans, uses, gaps and the times of steps; nothing is cut. Transfers are given `stretch` times the time that they
/// take alone.
mote_status mote_spans_find(const mote_budget_problem *problem, double stretch, mote_arena *arena,
                            mote_spans *spans) MOTE_MUST_CHECK;

/// Bytes in memory while it comes and goes.
size_t mote_span_transfer_bytes(const mote_span *span);

/// Whether it is not in memory all its life.
bool mote_span_is_parted(const mote_spans *spans, const mote_span *span);

/// Adds to the bytes that live at steps, or takes from them.
void mote_spans_add(const mote_spans *spans, mote_steps steps, size_t bytes);
void mote_spans_take(const mote_spans *spans, mote_steps steps, size_t bytes);

/// Whether so many more bytes fit into each of the steps.
bool mote_spans_have_room(const mote_spans *spans, mote_steps steps, size_t bytes, size_t target);

/// Cuts gaps until no step has more than `target` bytes, or nothing is left to cut.
mote_status mote_spans_cut(mote_spans *spans, size_t target) MOTE_MUST_CHECK;

/// The stays of what is cut.
mote_status mote_spans_make_stays(mote_spans *spans, mote_budget_choice *choice) MOTE_MUST_CHECK;

/// The stay for uses [first, end) of a span, which is in memory in steps `held`.
mote_stay mote_spans_make_stay(const mote_spans *spans, const mote_span *span, size_t first,
                               size_t end, mote_steps held);

/// Lets transfers begin earlier and end later, so that nothing waits for them, where memory allows.
mote_status mote_spans_widen(const mote_spans *spans, size_t target,
                             mote_budget_choice *choice) MOTE_MUST_CHECK;

/// Runs of parts are not parted: what would begin or end within one begins behind it or ends in front of it.
void mote_spans_align(const mote_spans *spans, const mote_budget_choice *choice);

/// Fills in what a run of the first program takes.
mote_status mote_spans_predict(const mote_spans *spans, mote_budget_choice *choice) MOTE_MUST_CHECK;

#endif
