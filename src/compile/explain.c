// SPDX-License-Identifier: Apache-2.0
// Why a tensor is alive: the uses of its block, step by step, and what keeps it to the end.
#include "base/text.h"
#include "compile/compile.h"

#include <stdio.h>
#include <string.h>

/// A tensor in one program.
typedef struct subject {
    const mote_schedule *schedule;
    const mote_schedule_tensor *tensor;
    size_t first_step; // of the program, in the plan
    const mote_writer *writer;
    size_t last;   // step at which the block ends,
    size_t before; // and the last step of those in front that uses it; MOTE_NONE
    size_t told;   // step that was printed last, or MOTE_NONE
} subject;

static bool is_in_block(const subject *s, size_t tensor)
{
    return s->schedule->tensors[tensor].block == s->tensor->block;
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

/// Steps between two uses, in which the bytes wait.
static void print_wait(const subject *s, size_t step)
{
    if (s->told == MOTE_NONE || step - s->told < 2)
        return;
    const size_t first = s->first_step + s->told + 1;
    const size_t last = s->first_step + step - 1;
    if (first == last)
        mote_write(s->writer, "%13zu  kept for step %zu\n", first, last + 1);
    else
        mote_write(s->writer, "%5zu - %5zu  kept for step %zu\n", first, last, last + 1);
}

static void print_use(void *user, size_t tensor, size_t step, mote_use use)
{
    subject *s = (subject *)user;
    const mote_schedule_tensor *used = &s->schedule->tensors[tensor];
    char text[256];
    if (!is_in_block(s, tensor))
        return;
    print_wait(s, step);
    mote_write(s->writer, "%13zu  %s %s", s->first_step + step,
               mote_step_text(s->schedule, step, text, sizeof text), mote_use_text(use));
    mote_write(s->writer, used == s->tensor ? "%s\n" : " (%s)\n",
               used == s->tensor ? "" : used->name);
    s->told = step;
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
    if (tensor->spec.shape.rank > 0)
        mote_write(writer, "%s of %s, ", mote_dtype_text(tensor->spec.dtype),
                   mote_shape_text(&tensor->spec.shape, shape, sizeof shape));
    if (tensor->slice_samples > 0)
        mote_write(writer, "%zu of ", tensor->slice_samples);
    if (tensor->spec.batched)
        mote_write(writer, "%zu samples, ", compiled->info.batch_size);
    mote_write(writer, "%zu bytes\n", tensor->bytes);
}

static void explain_block(const mote_compiled *compiled, size_t program, subject *s)
{
    mote_schedule_visit_uses(s->schedule, note_end, s);
    for (size_t i = s->tensor->block; i != MOTE_NONE; i = s->schedule->blocks[i].next) {
        const size_t offset = compiled->plan.offsets[compiled->first_placements[program] + i];
        const mote_block *block = &s->schedule->blocks[i];
        mote_write(s->writer, "  lies at bytes %zu to %zu, steps %zu to %zu of program %s%s%s\n",
                   offset, offset + block->bytes - 1, s->first_step + block->first,
                   s->first_step + block->last, s->schedule->name,
                   block->is_loaded ? ", loaded before" : "",
                   block->is_stored ? ", stored behind" : "");
    }
    print_shared(s);
    mote_schedule_visit_uses(s->schedule, print_use, s);
    print_end(s);
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

/// The tensor in one program; gives whether it persists, which is all that there is to say then.
static bool explain_in(const mote_compiled *compiled, size_t program, subject *s)
{
    print_tensor(compiled, s->tensor, s->writer);
    if (s->tensor->persistent && s->tensor->block == MOTE_NONE) {
        mote_write(s->writer, "  persists: it goes on from step to step, so it has its own place "
                              "at all steps of all programs\n");
        return true;
    }
    if (s->tensor->block == MOTE_NONE)
        mote_write(s->writer, "  no step of program %s uses it: it has no memory\n",
                   s->schedule->name);
    else
        explain_block(compiled, program, s);
    return false;
}

mote_status mote_compiled_explain(const mote_compiled *compiled, const char *name,
                                  const mote_writer *writer)
{
    size_t first_step = 0;
    bool is_found = false;
    bool is_done = false;
    for (size_t i = 0; i < compiled->program_count && !is_done; i++) {
        const mote_schedule *schedule = &compiled->schedules[i];
        for (size_t j = 0; j < schedule->tensor_count && !is_done; j++) {
            subject s = {.schedule = schedule,
                         .tensor = &schedule->tensors[j],
                         .first_step = first_step,
                         .writer = writer,
                         .last = MOTE_NONE,
                         .before = MOTE_NONE,
                         .told = MOTE_NONE};
            if (!is_named(schedule, s.tensor, name))
                continue;
            is_found = true;
            is_done = explain_in(compiled, i, &s);
        }
        first_step += schedule->step_count;
    }
    return is_found ? MOTE_OK : raise_unknown(compiled, name);
}
