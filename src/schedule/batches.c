// SPDX-License-Identifier: Apache-2.0
// Runs of steps for some samples of the batch after the others: a slice of them through all steps of a run, then the next
// ones. What only these steps use holds a slice. So the output of a large head, its loss and the derivatives need never
// be there for the whole batch. Gradients and metrics go on from slice to slice in whole groups of their sums, so that
// the bits are those of the whole batch.
#include "schedule/build.h"

#include "base/size.h"

#include <string.h>

/// Slices cost time, so that there are no more than it takes.
#define FEWEST_SLICES ((size_t)4)

/// What a step between others of a run is to it.
typedef enum step_part {
    OUTSIDE, // it ends the run
    INSIDE,
    BEFORE, // it may as well stand in front of the run,
    BEHIND  // or behind it
} step_part;

/// Steps [first, last].
typedef struct step_range {
    size_t first, last;
} step_range;

static bool is_batched(const mote_graph *graph, const mote_node *node)
{
    for (size_t i = 0; i < node->input_count; i++) {
        if (!graph->values[node->inputs[i]].spec.batched)
            return false;
    }
    for (size_t i = 0; node->layer->kind != MOTE_LAYER_LOSS && i < node->declaration.output_count;
         i++) {
        if (!node->declaration.outputs[i].batched)
            return false;
    }
    return true;
}

static bool can_slice(const mote_schedule *schedule, const mote_step *step)
{
    const mote_node *node = &schedule->graph->nodes[step->node];
    return (node->declaration.sample_phases & mote_step_phase(step->kind)) != 0 &&
           !schedule->cut[step->node] && is_batched(schedule->graph, node);
}

/// A source may be read earlier, and weights be changed later: after the gradients of all slices.
static step_part part_of(const mote_schedule *schedule, size_t index)
{
    const mote_step *step = &schedule->steps[index];
    switch (step->kind) {
    case MOTE_STEP_READ:
        return BEFORE;
    case MOTE_STEP_FORWARD:
    case MOTE_STEP_GRADIENT:
    case MOTE_STEP_DERIVATIVE:
    case MOTE_STEP_RECOMPUTE:
        return can_slice(schedule, step) ? INSIDE : OUTSIDE;
    case MOTE_STEP_ADD:
    case MOTE_STEP_CLIP:
    case MOTE_STEP_APPLY:
    case MOTE_STEP_AVERAGE:
        return BEHIND;
    case MOTE_STEP_UPDATE:
    case MOTE_STEP_PAUSE:
    case MOTE_STEP_NORM:
        break;
    }
    return OUTSIDE;
}

/// Samples of a slice by the choice for a step; 0: it is not chosen.
static size_t chosen_samples(const mote_schedule_builder *b, size_t index)
{
    const mote_step *step = &b->schedule->steps[index];
    const bool is_chosen = step->node != MOTE_NONE &&
                           (b->chosen.sampled[step->node] & mote_step_phase(step->kind)) != 0;
    return is_chosen && part_of(b->schedule, index) == INSIDE ? b->chosen.samples[step->node] : 0;
}

/// The run that the chosen step begins. What is made again for a step is in its run.
static step_range find_chosen(const mote_schedule_builder *b, size_t index)
{
    const mote_schedule *schedule = b->schedule;
    const size_t samples = chosen_samples(b, index);
    step_range range = {index, index};
    for (size_t i = index + 1; i < schedule->step_count && part_of(schedule, i) != OUTSIDE; i++) {
        const size_t here = chosen_samples(b, i);
        if (here == samples)
            range.last = i;
        else if (here > 0 ||
                 (part_of(schedule, i) == INSIDE && schedule->steps[i].kind != MOTE_STEP_RECOMPUTE))
            break;
    }
    while (range.first > 0 && schedule->steps[range.first - 1].kind == MOTE_STEP_RECOMPUTE &&
           part_of(schedule, range.first - 1) == INSIDE)
        range.first--;
    return range;
}

static void move_step(mote_step *steps, size_t from, size_t to)
{
    const mote_step moved = steps[from];
    if (from > to)
        memmove(&steps[to + 1], &steps[to], (from - to) * sizeof *steps);
    else
        memmove(&steps[from], &steps[from + 1], (to - from) * sizeof *steps);
    steps[to] = moved;
}

/// Moves what need not be between the steps of a run; the range becomes that of the others.
static void part_steps(const mote_schedule *schedule, step_range *range)
{
    const size_t end = range->last + 1;
    for (size_t i = range->first; i < end; i++) {
        if (part_of(schedule, i) == BEFORE)
            move_step(schedule->steps, i, range->first++);
    }
    size_t behind = end;
    for (size_t i = end; i-- > range->first;) {
        if (part_of(schedule, i) == BEHIND)
            move_step(schedule->steps, i, --behind);
    }
    range->last = behind - 1;
}

void mote_schedule_make_batches(const mote_schedule_builder *b)
{
    const mote_schedule *schedule = b->schedule;
    if (!(b->strategy->techniques & MOTE_TECHNIQUE_BATCH_SLICES))
        return;
    for (size_t i = 0; i < schedule->step_count; i++) {
        const size_t samples = chosen_samples(b, i);
        if (samples == 0)
            continue;
        step_range range = find_chosen(b, i);
        const size_t last = range.last;
        part_steps(schedule, &range);
        const mote_step_run run = {.first = range.first,
                                   .end = range.last + 1,
                                   .by_samples = true,
                                   .extent = b->graph->batch,
                                   .height = samples,
                                   .count = mote_size_ceil_divide(b->graph->batch, samples)};
        for (size_t j = run.first; run.count > 1 && run.end - run.first > 1 && j < run.end; j++)
            schedule->steps[j].run = run;
        i = last;
    }
}

/// All steps around one that may be in its run.
static bool find_most(const mote_schedule *schedule, size_t step, step_range *range)
{
    *range = (step_range){step, step};
    if (part_of(schedule, step) == OUTSIDE)
        return false;
    while (range->first > 0 && part_of(schedule, range->first - 1) != OUTSIDE)
        range->first--;
    while (range->last + 1 < schedule->step_count && part_of(schedule, range->last + 1) != OUTSIDE)
        range->last++;
    return true;
}

/// Whether the caller reads the tensor after the last step.
static bool is_result(const mote_schedule *schedule, size_t tensor)
{
    for (size_t i = 0; i < mote_graph_result_count(schedule->graph); i++) {
        if (schedule->values[mote_graph_result(schedule->graph, i)] == tensor)
            return true;
    }
    return false;
}

/// Whether a loss reads it, or makes it as a derivative.
static bool is_of_loss(const mote_schedule *schedule, size_t tensor)
{
    for (size_t i = 0; i < schedule->graph->node_count; i++) {
        const mote_node *node = &schedule->graph->nodes[i];
        if (node->layer->kind != MOTE_LAYER_LOSS)
            continue;
        const size_t prediction = node->inputs[0];
        if (schedule->values[prediction] == tensor || schedule->derivatives[prediction] == tensor ||
            schedule->values[mote_schedule_source(schedule->graph, prediction)] == tensor)
            return true;
    }
    return false;
}

/// Whether the steps go from forward into backward. Their gradients and all that they keep for others are in use at once.
static bool goes_back(const mote_schedule *schedule, const step_range *range)
{
    bool has_forward = false;
    bool has_backward = false;
    for (size_t i = range->first; i <= range->last; i++) {
        const unsigned phase = mote_step_phase(schedule->steps[i].kind);
        has_forward |= phase == MOTE_PHASE_FORWARD;
        has_backward |= (phase & MOTE_PHASE_BACKWARD) != 0;
    }
    return has_forward && has_backward;
}

/// Steps that use what a tensor's block has, where `most` are all of them; otherwise those that use the tensor.
static step_range find_life(const mote_schedule *schedule, size_t tensor, const step_range *most)
{
    const mote_schedule_tensor *at = &schedule->tensors[tensor];
    const mote_block *block = &schedule->blocks[at->block];
    if (block->first >= most->first && block->last <= most->last)
        return (step_range){block->first, block->last};
    return (step_range){at->first, at->last};
}

/// Whether the step makes sums over the batch.
static bool makes_sums(const mote_schedule *schedule, const mote_step *step)
{
    return step->kind == MOTE_STEP_GRADIENT ||
           (step->kind == MOTE_STEP_FORWARD &&
            schedule->graph->nodes[step->node].layer->kind == MOTE_LAYER_LOSS);
}

/// Samples that slices of the run must be multiples of; the batch's where that is more than the batch.
static size_t find_unit(const mote_schedule *schedule, const step_range *range)
{
    const size_t batch = schedule->graph->batch;
    size_t unit = 1;
    for (size_t i = range->first; i <= range->last && unit < batch; i++) {
        const mote_step *step = &schedule->steps[i];
        if (part_of(schedule, i) != INSIDE || !makes_sums(schedule, step))
            continue;
        const size_t group = schedule->graph->nodes[step->node].declaration.sample_group;
        if (group >= batch)
            return batch;
        if (group > 1)
            unit = mote_size_common_multiple(unit, group);
    }
    return mote_size_min(unit, batch);
}

/// Samples of a slice when there are so many slices at most.
static size_t find_samples(const mote_schedule_builder *b, const step_range *range, size_t slices)
{
    const size_t unit = find_unit(b->schedule, range);
    const size_t wanted =
        mote_size_max(mote_size_ceil_divide(b->graph->batch, slices), b->strategy->batch_slice);
    return mote_size_ceil_divide(wanted, unit) * unit;
}

static size_t count_inside(const mote_schedule *schedule, const step_range *range)
{
    size_t count = 0;
    for (size_t i = range->first; i <= range->last; i++)
        count += part_of(schedule, i) == INSIDE;
    return count;
}

/// A run that makes a tensor smaller which lives at the peak.
typedef struct batch_choice {
    step_range range;
    size_t samples; // of a slice; 0: there is none
    size_t bytes;   // of the tensor
} batch_choice;

/// Widens the range by what runs so far are in it.
static size_t join_runs(const mote_schedule *schedule, step_range *range)
{
    size_t samples = SIZE_MAX;
    for (size_t i = range->first; i <= range->last; i++) {
        const mote_step_run *run = &schedule->steps[i].run;
        if (!run->by_samples)
            continue;
        range->first = mote_size_min(range->first, run->first);
        range->last = mote_size_max(range->last, run->end - 1);
        samples = mote_size_min(samples, run->height);
    }
    return samples;
}

/// Whether the run would be new, and no slice larger than by now: so the search comes to an end.
static bool is_progress(const mote_schedule_builder *b, const step_range *range, size_t samples)
{
    bool is_new = false;
    for (size_t i = range->first; i <= range->last; i++) {
        const size_t node = b->schedule->steps[i].node;
        if (part_of(b->schedule, i) != INSIDE)
            continue;
        if (b->chosen.sampled[node] != 0 && b->chosen.samples[node] < samples)
            return false;
        is_new |= chosen_samples(b, i) != samples;
    }
    return is_new;
}

/// Considers a tensor that lives at the peak.
static void consider(const mote_schedule_builder *b, size_t tensor, const step_range *most,
                     batch_choice *choice)
{
    const mote_schedule *schedule = b->schedule;
    const mote_schedule_tensor *at = &schedule->tensors[tensor];
    if (at->slice_samples > 0 || at->bytes <= choice->bytes ||
        at->bytes < b->strategy->batch_slice_bytes || is_result(schedule, tensor) ||
        (b->strategy->batch_slices_of_losses && !is_of_loss(schedule, tensor)))
        return;
    step_range range = find_life(schedule, tensor, most);
    if (range.first < most->first || range.last > most->last ||
        (b->strategy->swaps && goes_back(schedule, &range) && !is_of_loss(schedule, tensor)))
        return;
    const size_t samples =
        mote_size_min(join_runs(schedule, &range), find_samples(b, &range, FEWEST_SLICES));
    const size_t unit = find_unit(schedule, &range);
    const size_t even = mote_size_ceil_divide(samples, unit) * unit;
    if (even < b->graph->batch && count_inside(schedule, &range) > 1 &&
        is_progress(b, &range, even))
        *choice = (batch_choice){range, even, at->bytes};
}

/// More slices of the run at the peak, while what it holds is large.
static void consider_more(const mote_schedule_builder *b, size_t peak, batch_choice *choice)
{
    const mote_schedule *schedule = b->schedule;
    const mote_step_run *run = &schedule->steps[peak].run;
    if (!run->by_samples)
        return;
    const step_range range = {run->first, run->end - 1};
    const size_t samples = find_samples(b, &range, 2 * run->count);
    const bool has_more = samples < run->height && is_progress(b, &range, samples);
    for (size_t i = 0; i < schedule->tensor_count && has_more; i++) {
        const mote_schedule_tensor *at = &schedule->tensors[i];
        if (at->slice_samples > 0 && at->first <= peak && at->last >= peak &&
            at->bytes > choice->bytes && at->bytes >= b->strategy->batch_slice_bytes)
            *choice = (batch_choice){range, samples, at->bytes};
    }
}

bool mote_schedule_choose_batches(const mote_schedule_builder *b, size_t peak)
{
    const mote_schedule *schedule = b->schedule;
    batch_choice choice = {.samples = 0};
    step_range most;
    if (!(b->strategy->techniques & MOTE_TECHNIQUE_BATCH_SLICES) ||
        !find_most(schedule, peak, &most))
        return false;
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        const mote_schedule_tensor *at = &schedule->tensors[i];
        if (!at->persistent && at->block != MOTE_NONE && at->spec->batched &&
            at->kind != MOTE_BLOCK_KIND_BATCH && schedule->blocks[at->block].first <= peak &&
            schedule->blocks[at->block].last >= peak)
            consider(b, i, &most, &choice);
    }
    if (choice.samples == 0)
        consider_more(b, peak, &choice);
    for (size_t i = choice.range.first; choice.samples > 0 && i <= choice.range.last; i++) {
        const mote_step *step = &schedule->steps[i];
        if (part_of(schedule, i) != INSIDE)
            continue;
        b->chosen.samples[step->node] = choice.samples;
        b->chosen.sampled[step->node] |= mote_step_phase(step->kind);
        if (mote_step_phase(step->kind) & MOTE_PHASE_BACKWARD)
            b->chosen.slices[step->node] = 0;
    }
    return choice.samples > 0;
}
