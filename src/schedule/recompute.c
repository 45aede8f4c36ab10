// SPDX-License-Identifier: Apache-2.0
// Which outputs are made again in backward instead of being kept: those whose layers say that it is cheap, that would
// live at the peak of memory between forward and backward, and whose sources live there anyway. The peak then is
// elsewhere, and the search goes on from there, so that nothing is made again that does not lower it.
#include "schedule/build.h"

/// What the schedule without recomputing says of a value that is no view.
typedef struct value_life {
    size_t forward_end;    // last step of forward that uses it
    size_t backward_begin; // first step of backward that reads it, or MOTE_NONE
    size_t end;            // last step that uses it
} value_life;

typedef struct search {
    mote_schedule_builder *b;
    const mote_schedule *plain; // without recomputing
    value_life *lives;          // by value
} search;

static bool is_backward(mote_step_kind kind)
{
    return kind == MOTE_STEP_GRADIENT || kind == MOTE_STEP_DERIVATIVE;
}

static void note_read(const search *s, size_t value, size_t step)
{
    value_life *life = &s->lives[mote_schedule_source(s->b->graph, value)];
    if (life->backward_begin == MOTE_NONE)
        life->backward_begin = step;
    life->end = step;
}

static void note_step(const search *s, size_t index)
{
    const mote_step *step = &s->plain->steps[index];
    if (step->kind != MOTE_STEP_FORWARD && !is_backward(step->kind))
        return;
    const mote_node *node = &s->b->graph->nodes[step->node];
    const unsigned phase = mote_step_phase(step->kind);
    for (size_t i = 0; i < node->input_count; i++) {
        if (step->kind == MOTE_STEP_FORWARD)
            s->lives[mote_schedule_source(s->b->graph, node->inputs[i])].forward_end = index;
        else if (node->declaration.input_needs[i] & phase)
            note_read(s, node->inputs[i], index);
    }
    if (is_backward(step->kind) && (node->declaration.output_needs & phase))
        note_read(s, node->outputs[0], index);
}

/// What the caller reads lives to the end.
static void note_results(const search *s)
{
    const mote_graph *graph = s->b->graph;
    for (size_t i = 0; i < mote_graph_result_count(graph); i++)
        s->lives[mote_schedule_source(graph, mote_graph_result(graph, i))].end =
            s->plain->step_count - 1;
}

static mote_status find_lives(search *s)
{
    const size_t count = s->b->graph->value_count;
    MOTE_TRY(mote_arena_array(s->b->scratch, count, sizeof *s->lives, (void **)&s->lives));
    for (size_t i = 0; i < count; i++)
        s->lives[i].backward_begin = MOTE_NONE;
    for (size_t i = 0; i < s->plain->step_count; i++)
        note_step(s, i);
    note_results(s);
    return MOTE_OK;
}

static size_t input_of(const search *s, size_t node)
{
    return mote_schedule_source(s->b->graph, s->b->graph->nodes[node].inputs[0]);
}

/// The node that can make the value again, or MOTE_NONE.
static size_t find_maker(const search *s, size_t value)
{
    const size_t node = s->b->graph->values[value].producer;
    return node != MOTE_NONE && s->b->graph->nodes[node].declaration.recomputes ? node : MOTE_NONE;
}

/// Whether a value is there at `step` of backward, kept or made again from what is; `choose` those that are made.
static bool reach(const search *s, size_t value, size_t step, bool choose)
{
    for (;;) {
        const size_t maker = find_maker(s, value);
        const bool is_kept = s->lives[value].end >= step;
        if (is_kept && (maker == MOTE_NONE || !s->b->recomputed[maker]))
            return true;
        if (maker == MOTE_NONE)
            return false;
        if (choose)
            s->b->recomputed[maker] = true;
        value = input_of(s, maker);
    }
}

/// Chooses a node whose output lives at `peak` only because backward reads it.
static bool choose(const search *s, size_t index, size_t peak)
{
    const mote_node *node = &s->b->graph->nodes[index];
    if (!node->runs || !node->declaration.recomputes || s->b->recomputed[index])
        return false;
    const value_life *life = &s->lives[node->outputs[0]];
    if (life->backward_begin == MOTE_NONE || life->forward_end >= peak ||
        life->backward_begin <= peak || life->end == s->plain->step_count - 1)
        return false;
    const size_t input = input_of(s, index);
    if (!reach(s, input, life->backward_begin, false))
        return false;
    s->b->recomputed[index] = true;
    (void)reach(s, input, life->backward_begin, true);
    return true;
}

/// The step of the schedule without recomputing at which most bytes live in `schedule`.
static mote_status find_peak(const mote_schedule *schedule, mote_arena *scratch, size_t *peak)
{
    size_t *changes = NULL; // what begins minus what ended, modulo the range of size_t
    MOTE_TRY(mote_arena_array(scratch, schedule->step_count + 1, sizeof *changes,
                              (void **)&changes));
    for (size_t i = 0; i < schedule->block_count; i++) {
        changes[schedule->blocks[i].first] += schedule->blocks[i].bytes;
        changes[schedule->blocks[i].last + 1] -= schedule->blocks[i].bytes;
    }
    size_t live = 0;
    size_t most = 0;
    size_t step = 0;
    for (size_t i = 0; i < schedule->step_count; i++) {
        live += changes[i];
        if (live > most) {
            most = live;
            *peak = step;
        }
        step += schedule->steps[i].kind != MOTE_STEP_RECOMPUTE;
    }
    return MOTE_OK;
}

/// Builds with what is chosen by now, and chooses more; false when there is no more.
static mote_status improve(const search *s, const mote_schedule *schedule, mote_arena *scratch,
                           bool *improved)
{
    size_t peak = 0;
    *improved = false;
    MOTE_TRY(find_peak(schedule, scratch, &peak));
    for (size_t i = 0; i < s->b->graph->node_count; i++)
        *improved |= choose(s, i, peak);
    return MOTE_OK;
}

/// Builds into an arena that does not last.
static mote_status build_trial(const search *s, mote_arena *arena, mote_schedule *schedule)
{
    mote_schedule_builder trial = *s->b;
    *schedule = *s->b->schedule;
    trial.arena = arena;
    trial.scratch = arena;
    trial.schedule = schedule;
    return mote_schedule_build_chosen(&trial);
}

static mote_status improve_trial(const search *s, bool *improved)
{
    mote_arena arena;
    mote_schedule trial;
    mote_arena_init(&arena, s->b->arena->allocator);
    mote_status status = build_trial(s, &arena, &trial);
    if (status == MOTE_OK)
        status = improve(s, &trial, &arena, improved);
    mote_arena_release(&arena);
    return status;
}

mote_status mote_schedule_choose_recomputed(mote_schedule_builder *b)
{
    mote_schedule plain;
    search s = {.b = b, .plain = &plain};
    bool improved = true;
    MOTE_TRY(build_trial(&s, b->scratch, &plain));
    MOTE_TRY(find_lives(&s));
    while (improved)
        MOTE_TRY(improve_trial(&s, &improved));
    return MOTE_OK;
}
