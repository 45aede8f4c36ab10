// SPDX-License-Identifier: Apache-2.0
// Why a tensor is alive: the uses of its block, step by step, what it waits for between them, in memory or in the swap file,
// and what keeps it to the end.
#include "base/size.h"
#include "base/text.h"
#include "compile/compile.h"

#include <stdio.h>
#include <string.h>

/// So many slices are told one by one; of more that are used alike the first and the last are.
#define SLICES_TOLD 4U

/// A tensor in one program.
typedef struct subject {
    const mote_compiled *compiled;
    size_t program;
    const mote_schedule *schedule;
    const mote_schedule_tensor *tensor;
    size_t first_step; // of the program, in the plan
    const mote_writer *writer;
    const mote_block *stay; // whose uses are told; NULL: the tensor is in memory at all steps
    size_t next;            // the first step that is not told yet
    bool is_used;           // a use of the stay is told
    uint64_t pattern;       // of the uses of a slice
    size_t last;            // step at which the block ends,
    size_t before;          // and the last step of those in front that uses it; MOTE_NONE
} subject;

static bool is_in_block(const subject *s, size_t tensor)
{
    return s->schedule->tensors[tensor].block == s->tensor->block;
}

/// Whether a use is of what is told: of the stay with its slice, or of a tensor that has no block.
static bool is_told(const subject *s, size_t tensor, size_t step)
{
    const mote_block *stay = s->stay;
    if (!stay)
        return &s->schedule->tensors[tensor] == s->tensor;
    return is_in_block(s, tensor) && stay->used_first <= step && step <= stay->used_last &&
           (stay->slice.count == 0 || stay->slice.first == s->schedule->steps[step].slice.first);
}

static void note_end(void *user, size_t tensor, size_t step, mote_use use)
{
    subject *s = (subject *)user;
    (void)use;
    if (!is_in_block(s, tensor) || step == s->last)
        return;
    s->before = s->last;
    s->last = step;
}

/// Begins a line about steps [first, end) of the program; false: there are none.
static bool print_steps(const subject *s, size_t first, size_t end)
{
    if (first >= end)
        return false;
    if (first + 1 == end)
        mote_write(s->writer, "%13zu  ", s->first_step + first);
    else
        mote_write(s->writer, "%5zu - %5zu  ", s->first_step + first, s->first_step + end - 1);
    return true;
}

static void print_use(void *user, size_t tensor, size_t step, mote_use use)
{
    subject *s = (subject *)user;
    const mote_schedule_tensor *used = &s->schedule->tensors[tensor];
    const bool is_awaited = s->stay && s->stay->is_loaded && !s->is_used;
    char text[256];
    if (!is_told(s, tensor, step))
        return;
    if (print_steps(s, s->next, step))
        mote_write(s->writer, "%s for step %zu\n", is_awaited ? "loaded" : "kept",
                   s->first_step + step);
    mote_write(s->writer, "%13zu  %s %s", s->first_step + step,
               mote_step_text(s->schedule, step, text, sizeof text), mote_use_text(use));
    mote_write(s->writer, used == s->tensor ? "%s\n" : " (%s)\n",
               used == s->tensor ? "" : used->name);
    s->next = step + 1;
    s->is_used = true;
}

static void print_last_use(void *user, size_t tensor, size_t step, mote_use use)
{
    const subject *s = (const subject *)user;
    char text[256];
    if (!is_in_block(s, tensor) || step != s->last)
        return;
    mote_write(s->writer, "    %s %s", mote_step_text(s->schedule, step, text, sizeof text),
               mote_use_text(use));
    mote_write(s->writer, " (%s)\n", s->schedule->tensors[tensor].name);
}

static void print_shared(const subject *s)
{
    const mote_schedule *schedule = s->schedule;
    bool has_others = false;
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        const mote_schedule_tensor *other = &schedule->tensors[i];
        if (other == s->tensor || other->block != s->tensor->block || other->first == MOTE_NONE)
            continue;
        mote_write(s->writer, has_others ? ", " : "  the same bytes have: ");
        mote_write(s->writer, "%s (steps %zu to %zu)", other->name, s->first_step + other->first,
                   s->first_step + other->last);
        has_others = true;
    }
    if (has_others)
        mote_write(s->writer, "\n");
}

static void print_end(subject *s)
{
    char text[256];
    if (s->tensor->last < s->last)
        mote_write(s->writer, "  %s alone would end at step %zu\n", s->tensor->name,
                   s->first_step + s->tensor->last);
    mote_write(s->writer, "  it lives to step %zu because\n", s->first_step + s->last);
    mote_schedule_visit_uses(s->schedule, print_last_use, s);
    if (s->before != MOTE_NONE)
        mote_write(s->writer, "  otherwise it would end at step %zu, %s\n",
                   s->first_step + s->before,
                   mote_step_text(s->schedule, s->before, text, sizeof text));
}

static void print_tensor(const mote_compiled *compiled, const mote_schedule_tensor *tensor,
                         const mote_writer *writer)
{
    char shape[MOTE_SHAPE_TEXT_BYTES];
    mote_write(writer, "%s: %s, ", tensor->name, mote_block_kind_name(tensor->kind));
    if (tensor->spec->shape.rank > 0)
        mote_write(writer, "%s of %s, ", mote_dtype_text(tensor->spec->dtype),
                   mote_shape_text(&tensor->spec->shape, shape, sizeof shape));
    if (tensor->slice_samples > 0)
        mote_write(writer, "%zu of ", tensor->slice_samples);
    if (tensor->spec->batched)
        mote_write(writer, "%zu samples, ", compiled->info.batch_size);
    mote_write(writer, "%zu bytes\n", tensor->bytes);
}

/// Where a stay lies, and its steps, from its first to its last.
static void print_stay(subject *s, const mote_block *stay)
{
    const size_t index = (size_t)(stay - s->schedule->blocks);
    const size_t offset =
        s->compiled->plan.offsets[s->compiled->first_placements[s->program] + index];
    mote_write(s->writer, "  lies at bytes %zu to %zu, steps %zu to %zu of program %s", offset,
               offset + stay->bytes - 1, s->first_step + stay->first, s->first_step + stay->last,
               s->schedule->name);
    if (stay->slice.count > 0)
        mote_write(s->writer, ", slice [%zu, %zu)", stay->slice.first,
                   stay->slice.first + stay->slice.count);
    mote_write(s->writer, "%s%s\n", stay->is_loaded ? ", loaded before" : "",
               stay->is_stored ? ", stored behind" : "");
    s->stay = stay;
    s->next = stay->first;
    s->is_used = false;
    if (stay->root == index)
        print_shared(s);
    mote_schedule_visit_uses(s->schedule, print_use, s);
    if (print_steps(s, s->next, stay->last + 1))
        mote_write(s->writer, stay->is_stored ? "stored\n" : "kept for other parts of its run\n");
    s->next = stay->last + 1;
}

static void print_absence(const subject *s, size_t first, size_t end)
{
    if (print_steps(s, first, end))
        mote_write(s->writer, "in the swap file\n");
}

static const mote_block *next_stay(const subject *s, const mote_block *stay)
{
    return stay->next == MOTE_NONE ? NULL : &s->schedule->blocks[stay->next];
}

static bool is_of_slice(const mote_block *stay, const mote_block *slice)
{
    return stay && stay->slice.first == slice->slice.first;
}

/// The first stay of the next slice, or NULL.
static const mote_block *next_slice(const subject *s, const mote_block *slice)
{
    const mote_block *stay = slice;
    while (is_of_slice(stay, slice))
        stay = next_stay(s, stay);
    return stay;
}

/// All stays of a slice, or of a block that is whole, with what is between them.
static void print_slice(subject *s, const mote_block *slice)
{
    size_t end = s->tensor->persistent ? 0 : slice->first;
    for (const mote_block *stay = slice; is_of_slice(stay, slice); stay = next_stay(s, stay)) {
        print_absence(s, end, stay->first);
        print_stay(s, stay);
        end = stay->last + 1;
    }
    if (s->tensor->persistent)
        print_absence(s, end, s->schedule->step_count);
}

static void add_to_pattern(subject *s, uint64_t number)
{
    s->pattern = s->pattern * 31 + number + 1;
}

static void note_use(void *user, size_t tensor, size_t step, mote_use use)
{
    subject *s = (subject *)user;
    if (!is_told(s, tensor, step))
        return;
    add_to_pattern(s, s->schedule->steps[step].kind);
    add_to_pattern(s, use);
}

/// Equal for slices that are used alike.
static uint64_t find_pattern(subject *s, const mote_block *slice)
{
    s->pattern = 0;
    for (const mote_block *stay = slice; is_of_slice(stay, slice); stay = next_stay(s, stay)) {
        add_to_pattern(s, stay->is_loaded);
        add_to_pattern(s, stay->is_stored);
        s->stay = stay;
        mote_schedule_visit_uses(s->schedule, note_use, s);
    }
    return s->pattern;
}

/// Those between two slices, of which there are `count`, in a line.
static void print_alike(const subject *s, const mote_block *slice, const mote_block *last,
                        size_t count)
{
    size_t begin = s->schedule->step_count;
    size_t end = 0;
    for (const mote_block *stay = next_stay(s, slice); stay && stay != last;
         stay = next_stay(s, stay)) {
        if (is_of_slice(stay, slice))
            continue;
        begin = mote_size_min(begin, stay->first);
        end = mote_size_max(end, stay->last);
    }
    mote_write(s->writer,
               "  in the same way %zu more slices, [%zu, %zu), at steps %zu to %zu of program %s\n",
               count, slice->slice.first + slice->slice.count, last->slice.first,
               s->first_step + begin, s->first_step + end, s->schedule->name);
}

/// Slices that are used alike, from `slice` on; gives the one behind them.
static const mote_block *print_slices(subject *s, const mote_block *slice)
{
    const uint64_t pattern = find_pattern(s, slice);
    const mote_block *last = slice;
    const mote_block *behind = next_slice(s, slice);
    size_t count = 1;
    for (; behind && find_pattern(s, behind) == pattern; behind = next_slice(s, behind)) {
        last = behind;
        count++;
    }
    if (count > SLICES_TOLD) {
        print_slice(s, slice);
        print_alike(s, slice, last, count - 2);
        print_slice(s, last);
        return behind;
    }
    for (const mote_block *each = slice; each && each != behind; each = next_slice(s, each))
        print_slice(s, each);
    return behind;
}

/// In memory for some steps only, or not used by all: its stays.
static void explain_block(subject *s)
{
    mote_schedule_visit_uses(s->schedule, note_end, s);
    for (const mote_block *slice = &s->schedule->blocks[s->tensor->block]; slice;)
        slice = print_slices(s, slice);
    if (s->tensor->persistent)
        mote_write(s->writer, "  it persists from step to step, at home in the swap file\n");
    else
        print_end(s);
}

/// What persists and has no stay in the program.
static void explain_state(subject *s)
{
    const mote_state state = {.blocks = s->compiled->state_blocks,
                              .block_count = s->compiled->state_block_count};
    const mote_state_block *block = &state.blocks[mote_state_find(&state, s->tensor->name)];
    if (block->is_swapped) {
        mote_write(s->writer, "  no step of program %s uses it: it persists in the swap file\n",
                   s->schedule->name);
        return;
    }
    mote_write(
        s->writer,
        "  lies at bytes %zu to %zu at all steps of all programs, here those of program %s\n",
        block->offset, block->offset + block->bytes - 1, s->schedule->name);
    mote_schedule_visit_uses(s->schedule, print_use, s);
    if (print_steps(s, s->next, s->schedule->step_count))
        mote_write(s->writer, "kept: it persists\n");
    mote_write(s->writer, "  it persists from step to step\n");
}

/// Whether `name` is the tensor's, alone or as a placement of this program is called.
static bool is_named(const mote_schedule *schedule, const mote_schedule_tensor *tensor,
                     const char *name)
{
    const size_t length = strlen(tensor->name);
    if (strncmp(name, tensor->name, length) != 0)
        return false;
    if (!name[length])
        return true;
    const size_t rest = strlen(schedule->name);
    return strncmp(name + length, " (", 2) == 0 &&
           strncmp(name + length + 2, schedule->name, rest) == 0 &&
           strcmp(name + length + 2 + rest, ")") == 0;
}

static const char *tensor_name(const void *user, size_t index)
{
    const mote_compiled *compiled = (const mote_compiled *)user;
    size_t i = 0;
    while (index >= compiled->schedules[i].tensor_count)
        index -= compiled->schedules[i++].tensor_count;
    return compiled->schedules[i].tensors[index].name;
}

static mote_status raise_unknown(const mote_compiled *compiled, const char *name)
{
    char hint[320];
    size_t count = 0;
    for (size_t i = 0; i < compiled->program_count; i++)
        count += compiled->schedules[i].tensor_count;
    const char *nearest = mote_text_nearest(name, tensor_name, compiled, count);
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "the plan has no tensor '%.100s'%s", name,
                      mote_text_hint(nearest, hint, sizeof hint));
}

static void explain_in(subject *s)
{
    print_tensor(s->compiled, s->tensor, s->writer);
    if (s->tensor->block != MOTE_NONE)
        explain_block(s);
    else if (s->tensor->persistent)
        explain_state(s);
    else
        mote_write(s->writer, "  no step of program %s uses it: it has no memory\n",
                   s->schedule->name);
}

mote_status mote_compiled_explain(const mote_compiled *compiled, const char *name,
                                  const mote_writer *writer)
{
    size_t first_step = 0;
    bool is_found = false;
    for (size_t i = 0; i < compiled->program_count; i++) {
        const mote_schedule *schedule = &compiled->schedules[i];
        for (size_t j = 0; j < schedule->tensor_count; j++) {
            subject s = {.compiled = compiled,
                         .program = i,
                         .schedule = schedule,
                         .tensor = &schedule->tensors[j],
                         .first_step = first_step,
                         .writer = writer,
                         .last = MOTE_NONE,
                         .before = MOTE_NONE};
            if (!is_named(schedule, s.tensor, name))
                continue;
            is_found = true;
            explain_in(&s);
        }
        first_step += schedule->step_count;
    }
    return is_found ? MOTE_OK : raise_unknown(compiled, name);
}
