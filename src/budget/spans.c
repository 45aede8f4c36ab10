// SPDX-License-Identifier: Apache-2.0
// From schedules to spans: which steps use what, and how long each step takes.
#include "budget/spans.h"

#include "base/size.h"

#include <assert.h>
#include <string.h>

/// What is smaller costs more time to move than it gives room.
#define SMALLEST_BYTES ((size_t)16384)

size_t mote_span_transfer_bytes(const mote_span *span)
{
    return mote_size_align(span->bytes, MOTE_TRANSFER_ALIGNMENT);
}

bool mote_span_is_parted(const mote_spans *spans, const mote_span *span)
{
    if (span->state != MOTE_NONE)
        return spans->is_swapped[span->state];
    for (size_t i = 0; i < span->use_count; i++) {
        if (mote_gap_is_cut(&span->uses[i].gap))
            return true;
    }
    return false;
}

void mote_spans_add(const mote_spans *spans, mote_steps steps, size_t bytes)
{
    for (size_t i = steps.first; i < steps.end; i++)
        spans->live[i] += bytes;
}

void mote_spans_take(const mote_spans *spans, mote_steps steps, size_t bytes)
{
    for (size_t i = steps.first; i < steps.end; i++) {
        assert(spans->live[i] >= bytes);
        spans->live[i] -= bytes;
    }
}

bool mote_spans_have_room(const mote_spans *spans, mote_steps steps, size_t bytes, size_t target)
{
    for (size_t i = steps.first; i < steps.end; i++) {
        if (bytes > target || spans->live[i] > target - bytes)
            return false;
    }
    return true;
}

/// A walk over the uses of one program, twice: to count, then to fill in.
typedef struct walk {
    const mote_budget_program *program;
    mote_spans *spans;
    mote_span *items;    // of the program: blocks, then what persists
    const size_t *index; // by tensor that persists: the first of the latter
    size_t first_step;
    bool fills;
} walk;

/// How a tensor that persists is cut.
static mote_slices slices_of(const walk *w, size_t tensor)
{
    return w->spans->problem->state_slices[w->program->states[tensor]];
}

static mote_span *span_of(const walk *w, size_t tensor, size_t step)
{
    const mote_schedule *schedule = w->program->schedule;
    const mote_schedule_tensor *used = &schedule->tensors[tensor];
    if (!used->persistent)
        return &w->items[used->block];
    mote_span *span = &w->items[schedule->block_count + w->index[tensor]];
    while (span->slice.count > 0 && span->slice.first < schedule->steps[step].slice.first)
        span++;
    assert(span->slice.first == (span->slice.count > 0 ? schedule->steps[step].slice.first : 0));
    return span;
}

/// Uses come by ascending steps; what a run of bands uses is used by all of it.
static void add_use(const walk *w, mote_span *span, size_t step, bool writes)
{
    const mote_step_run *run = &w->program->schedule->steps[step].run;
    const size_t first = w->first_step + (run->count > 0 ? run->first : step);
    const size_t last = w->first_step + (run->count > 0 ? run->end - 1 : step);
    if (!w->fills) {
        span->use_count++;
        return;
    }
    assert(span->uses);
    mote_span_use *before = span->use_count > 0 ? &span->uses[span->use_count - 1] : NULL;
    if (before && before->last >= first) {
        before->last = mote_size_max(before->last, last);
        before->writes = before->writes || writes;
        return;
    }
    span->uses[span->use_count++] = (mote_span_use){.first = first, .last = last, .writes = writes};
}

static void note_use(void *user, size_t tensor, size_t step, mote_use how)
{
    const walk *w = (const walk *)user;
    add_use(w, span_of(w, tensor, step), step, mote_use_writes(how));
}

static mote_span make_block_span(const mote_schedule *schedule, size_t program, size_t block)
{
    return (mote_span){.program = program,
                       .block = block,
                       .tensor = schedule->blocks[block].tensor,
                       .state = MOTE_NONE,
                       .bytes = mote_size_align(schedule->blocks[block].bytes, MOTE_ALIGNMENT)};
}

static mote_span make_state_span(const walk *w, size_t program, size_t tensor, mote_slice slice)
{
    const mote_schedule_tensor *used = &w->program->schedule->tensors[tensor];
    const size_t bytes = mote_shape_slice_bytes(&used->spec->shape, used->bytes, slice);
    return (mote_span){.program = program,
                       .block = MOTE_NONE,
                       .tensor = tensor,
                       .state = w->program->states[tensor],
                       .slice = slice,
                       .bytes = mote_size_align(bytes, MOTE_ALIGNMENT)};
}

/// One, or one for each slice.
static void make_state_spans(walk *w, size_t program, size_t tensor)
{
    const mote_slices slices = slices_of(w, tensor);
    mote_span *spans = &w->items[w->program->schedule->block_count + w->index[tensor]];
    spans[0] = make_state_span(w, program, tensor, (mote_slice){0, 0});
    for (size_t i = 0; i < slices.count; i++)
        spans[i] = make_state_span(w, program, tensor, slices.items[i]);
}

/// One for each block, and those of tensors that persist.
static mote_status make_items(walk *w, size_t program)
{
    const mote_schedule *schedule = w->program->schedule;
    size_t *index = NULL;
    size_t count = schedule->block_count;
    MOTE_TRY(
        mote_arena_array(w->spans->arena, schedule->tensor_count, sizeof *index, (void **)&index));
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        if (!schedule->tensors[i].persistent)
            continue;
        index[i] = count - schedule->block_count;
        count += mote_size_max(slices_of(w, i).count, 1);
    }
    w->index = index;
    w->items = w->spans->items + w->spans->count;
    for (size_t i = 0; i < schedule->block_count; i++)
        w->items[i] = make_block_span(schedule, program, i);
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        if (schedule->tensors[i].persistent)
            make_state_spans(w, program, i);
    }
    w->spans->count += count;
    return MOTE_OK;
}

static mote_status fill_uses(walk *w, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mote_span *span = &w->items[i];
        MOTE_TRY(mote_arena_array(w->spans->arena, span->use_count, sizeof *span->uses,
                                  (void **)&span->uses));
        span->use_count = 0;
        span->may_go = span->bytes >= SMALLEST_BYTES;
    }
    w->fills = true;
    mote_schedule_visit_uses(w->program->schedule, note_use, w);
    return MOTE_OK;
}

/// The first step from `first` on that begins at `ns` or later, and the last up to `end` that begins at `ns` or before.
static size_t find_behind(const mote_spans *spans, size_t first, size_t end, double ns)
{
    while (first < end && spans->begin_ns[first] < ns)
        first++;
    return first;
}

static size_t find_before(const mote_spans *spans, size_t first, size_t end, double ns)
{
    while (end > first && spans->begin_ns[end] > ns)
        end--;
    return end;
}

/// Steps [first, end) between two uses, the one before perhaps to be stored, the one behind to be loaded for.
static mote_gap make_gap(const mote_spans *spans, mote_steps all, double store_ns, double load_ns)
{
    mote_gap gap = {.all = all};
    if (all.first >= all.end)
        return gap;
    gap.calm.first = find_behind(spans, all.first, all.end, spans->begin_ns[all.first] + store_ns);
    gap.calm.end = find_before(spans, all.first, all.end, spans->begin_ns[all.end] - load_ns);
    return gap;
}

static void find_gaps(const mote_spans *spans, mote_span *span, double stretch)
{
    const mote_cost *cost = &spans->problem->cost;
    const size_t bytes = mote_span_transfer_bytes(span);
    const double load_ns = stretch * mote_cost_load_ns(cost, bytes);
    const double store_ns = stretch * mote_cost_store_ns(cost, bytes);
    const bool persists = span->state != MOTE_NONE;
    bool is_dirty = false;
    if (span->use_count == 0)
        return;
    if (persists)
        span->head =
            make_gap(spans, (mote_steps){spans->first_steps[span->program], span->uses[0].first},
                     0.0, load_ns);
    for (size_t i = 0; i < span->use_count; i++) {
        const bool is_last = i + 1 == span->use_count;
        const size_t end =
            is_last ? spans->first_steps[span->program + 1] : span->uses[i + 1].first;
        const mote_steps all = {span->uses[i].last + 1, end};
        is_dirty = is_dirty || span->uses[i].writes;
        if (!is_last || persists)
            span->uses[i].gap =
                make_gap(spans, all, is_dirty ? store_ns : 0.0, is_last ? 0.0 : load_ns);
    }
}

static mote_status find_program(mote_spans *spans, size_t program)
{
    const mote_budget_program *at = &spans->problem->programs[program];
    walk w = {.program = at, .spans = spans, .first_step = spans->first_steps[program]};
    const size_t first = spans->count;
    MOTE_TRY(make_items(&w, program));
    mote_schedule_visit_uses(at->schedule, note_use, &w);
    MOTE_TRY(fill_uses(&w, spans->count - first));
    memcpy(spans->step_ns + w.first_step, at->step_ns,
           at->schedule->step_count * sizeof *at->step_ns);
    for (size_t i = 0; i < at->schedule->block_count; i++) {
        const mote_block *block = &at->schedule->blocks[i];
        mote_spans_add(spans,
                       (mote_steps){w.first_step + block->first, w.first_step + block->last + 1},
                       w.items[i].bytes);
    }
    return MOTE_OK;
}

static size_t count_items(const mote_budget_problem *problem, const mote_budget_program *program)
{
    const mote_schedule *schedule = program->schedule;
    size_t count = schedule->block_count;
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        if (schedule->tensors[i].persistent)
            count += mote_size_max(problem->state_slices[program->states[i]].count, 1);
    }
    return count;
}

static mote_status make_lists(mote_spans *spans)
{
    const mote_budget_problem *problem = spans->problem;
    mote_arena *arena = spans->arena;
    size_t count = 0;
    for (size_t i = 0; i < problem->program_count; i++) {
        const mote_schedule *schedule = problem->programs[i].schedule;
        spans->first_steps[i + 1] = spans->first_steps[i] + schedule->step_count;
        count += count_items(problem, &problem->programs[i]);
    }
    const size_t steps = mote_spans_step_count(spans);
    MOTE_TRY(mote_arena_array(arena, count, sizeof *spans->items, (void **)&spans->items));
    MOTE_TRY(mote_arena_array(arena, steps, sizeof *spans->live, (void **)&spans->live));
    MOTE_TRY(mote_arena_array(arena, steps, sizeof *spans->step_ns, (void **)&spans->step_ns));
    MOTE_TRY(mote_arena_array(arena, steps, sizeof *spans->idle_ns, (void **)&spans->idle_ns));
    MOTE_TRY(
        mote_arena_array(arena, steps + 1, sizeof *spans->begin_ns, (void **)&spans->begin_ns));
    return mote_arena_array(arena, problem->state_count, sizeof *spans->is_swapped,
                            (void **)&spans->is_swapped);
}

mote_status mote_spans_find(const mote_budget_problem *problem, double stretch, mote_arena *arena,
                            mote_spans *spans)
{
    *spans = (mote_spans){.problem = problem, .arena = arena};
    MOTE_TRY(make_lists(spans));
    const size_t steps = mote_spans_step_count(spans);
    for (size_t i = 0; i < problem->program_count; i++)
        MOTE_TRY(find_program(spans, i));
    for (size_t i = 0; i < problem->state_count; i++)
        mote_spans_add(spans, (mote_steps){0, steps},
                       mote_size_align(problem->state_bytes[i], MOTE_ALIGNMENT));
    for (size_t i = 0; i < steps; i++) {
        spans->begin_ns[i + 1] = spans->begin_ns[i] + spans->step_ns[i];
        spans->idle_ns[i] = spans->step_ns[i];
    }
    for (size_t i = 0; i < spans->count; i++)
        find_gaps(spans, &spans->items[i], stretch);
    return MOTE_OK;
}
