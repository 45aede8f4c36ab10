// SPDX-License-Identifier: Apache-2.0
// What is done to need less memory, where the most bytes live: one step, the peak. Once something is done there the peak
// is elsewhere, and the search goes on from there. What had the lowest peak is used.
//
// - Outputs are made again in backward instead of being kept: those whose layers say that it is cheap, that would live
//   at the peak only because backward reads them, and whose sources live there anyway. What is made again and lives at
//   the peak for later readers, too, is made anew for each of them.
// - Where a budget asks for it, layers that are not cheap are run again as well, those with the least work for the bytes.
// - The gradient of a weight that lives at the peak is made and applied slice by slice.
// - Steps around the peak run band by band, so that what only they use holds a band (bands.c),
// - or slice by slice of the batch, so that what only they use holds a slice (batches.c).
//
// Before that, the order of independent branches (order.c).
#include "schedule/build.h"

#include "base/size.h"

#include <string.h>

/// Slices cost time, so that there are no more than it takes.
#define FEWEST_SLICES ((size_t)4)
#define SLICES_MAX    ((size_t)256)

/// Techniques that the search for peaks is for, of programs that train and of all.
#define OF_ALL MOTE_TECHNIQUE_BATCH_SLICES
#define OF_TRAINING \
    (OF_ALL | MOTE_TECHNIQUE_RECOMPUTE | MOTE_TECHNIQUE_BLOCK_RECOMPUTE | MOTE_TECHNIQUE_SLICES)

/// What forward makes may be made again to so many times the share of memory that this saves.
#define REMADE_FOR_SAVED 16.0

/// A byte that is made again takes about the time of so many multiply-adds.
#define WORK_OF_BYTE 5.0

/// A value that is no view, as it is kept from forward.
typedef struct value_life {
    size_t forward_end;    // last step of forward that uses it
    size_t backward_begin; // first step of backward that reads it, or MOTE_NONE
    size_t end;            // last step that uses it
    size_t behind_peak;    // first step of backward behind the peak that reads it, or MOTE_NONE
    bool is_read_at_peak;
} value_life;

typedef struct search {
    const mote_schedule_builder *b; // whose choices grow
    const mote_schedule *trial;     // with what is chosen by now
    size_t *values;                 // by tensor of it: the value that it has, or MOTE_NONE
    value_life *lives;              // in it, by value
    size_t peak;                    // its step at which most bytes live
    bool repeats; // all layers that can be are run again; otherwise those that are cheap or chosen
} search;

static bool is_backward(mote_step_kind kind)
{
    return kind == MOTE_STEP_GRADIENT || kind == MOTE_STEP_DERIVATIVE;
}

static void note_read(const search *s, size_t value, size_t step)
{
    value_life *life = &s->lives[value];
    if (life->backward_begin == MOTE_NONE)
        life->backward_begin = step;
    if (life->behind_peak == MOTE_NONE && step > s->peak &&
        s->trial->steps[step].node != s->trial->steps[s->peak].node)
        life->behind_peak = step;
    life->is_read_at_peak |= step == s->peak;
    life->end = step;
}

static void note_use(void *user, size_t tensor, size_t step, mote_use how)
{
    const search *s = (const search *)user;
    const size_t value = s->values[tensor];
    if (value == MOTE_NONE)
        return;
    const bool is_source = how == MOTE_USE_SOURCE && s->b->strategy->recompute_above > 0;
    if (how == MOTE_USE_INPUT)
        s->lives[value].forward_end = step;
    else if (how == MOTE_USE_INPUT_NEEDED || how == MOTE_USE_OUTPUT_NEEDED || is_source)
        note_read(s, value, step);
    else if (how == MOTE_USE_RESULT) // what the caller reads lives to the end
        s->lives[value].end = step;
}

/// The value of each tensor that has one, kept or made again.
static mote_status find_values(search *s, mote_arena *arena)
{
    const mote_schedule *trial = s->trial;
    MOTE_TRY(mote_arena_array(arena, trial->tensor_count, sizeof *s->values, (void **)&s->values));
    for (size_t i = 0; i < trial->tensor_count; i++)
        s->values[i] = MOTE_NONE;
    for (size_t i = 0; i < s->b->graph->value_count; i++)
        s->values[trial->values[i]] = mote_schedule_source(s->b->graph, i);
    for (size_t i = 0; i < trial->step_count; i++) {
        const mote_step *step = &trial->steps[i];
        if (step->made != MOTE_NONE)
            s->values[step->made] = s->b->graph->nodes[step->node].outputs[0];
    }
    return MOTE_OK;
}

static mote_status find_lives(search *s, mote_arena *arena)
{
    const size_t count = s->b->graph->value_count;
    MOTE_TRY(mote_arena_array(arena, count, sizeof *s->lives, (void **)&s->lives));
    for (size_t i = 0; i < count; i++) {
        s->lives[i].backward_begin = MOTE_NONE;
        s->lives[i].behind_peak = MOTE_NONE;
    }
    MOTE_TRY(find_values(s, arena));
    mote_schedule_visit_uses(s->trial, note_use, s);
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
    if (node == MOTE_NONE)
        return MOTE_NONE;
    const mote_declaration *declaration = &s->b->graph->nodes[node].declaration;
    const bool may_repeat = declaration->repeats && (s->repeats || s->b->chosen.recomputed[node]) &&
                            mote_schedule_count_weight_slices(s->b, node) == 0;
    return declaration->recomputes || may_repeat ? node : MOTE_NONE;
}

/// Whether a value is kept to `step` of backward.
static bool is_kept(const search *s, size_t value, size_t step)
{
    const size_t maker = find_maker(s, value);
    return s->lives[value].end >= step && (maker == MOTE_NONE || !s->b->chosen.recomputed[maker]);
}

/// Whether a value is there at `step` of backward, kept or made again from what is.
static bool can_reach(const search *s, size_t value, size_t step)
{
    while (!is_kept(s, value, step)) {
        const size_t maker = find_maker(s, value);
        if (maker == MOTE_NONE)
            return false;
        value = input_of(s, maker);
    }
    return true;
}

/// Chooses a node and those that its input is made again by at `step`; `renewed` as in the builder, but what is not cheap
/// stays from its first reader to the last.
static void choose_chain(const search *s, size_t node, size_t step, size_t renewed)
{
    while (renewed == 0 || s->b->graph->nodes[node].declaration.recomputes) {
        s->b->chosen.recomputed[node] = true;
        s->b->chosen.renewed[node] = renewed;
        if (is_kept(s, input_of(s, node), step))
            return;
        node = find_maker(s, input_of(s, node));
    }
}

/// Whether the node's output lives at the peak only because backward reads it, and can be made again for that.
static bool can_recompute(const search *s, size_t index)
{
    const mote_node *node = &s->b->graph->nodes[index];
    if (!node->runs || s->b->chosen.recomputed[index])
        return false;
    const value_life *life = &s->lives[node->outputs[0]];
    return life->backward_begin != MOTE_NONE && life->forward_end < s->peak &&
           life->backward_begin > s->peak && life->end < s->trial->step_count - 1 &&
           can_reach(s, input_of(s, index), life->backward_begin);
}

static void recompute(const search *s, size_t index)
{
    choose_chain(s, index, s->lives[s->b->graph->nodes[index].outputs[0]].backward_begin, 0);
}

/// Chooses a node that is cheap.
static bool choose_recomputed(const search *s, size_t index)
{
    if (!s->b->graph->nodes[index].declaration.recomputes || !can_recompute(s, index))
        return false;
    recompute(s, index);
    return true;
}

static double output_bytes(const search *s, size_t node)
{
    const size_t tensor = s->trial->values[s->b->graph->nodes[node].outputs[0]];
    return (double)s->trial->tensors[tensor].bytes;
}

/// What it takes to make the node's output again, by all that has to be for it.
static double work_of(const search *s, size_t node)
{
    const size_t step = s->lives[s->b->graph->nodes[node].outputs[0]].backward_begin;
    double work = 0.0;
    for (;;) {
        const mote_declaration *declaration = &s->b->graph->nodes[node].declaration;
        if (!s->b->chosen.recomputed[node])
            work += WORK_OF_BYTE * output_bytes(s, node) +
                    mote_declaration_work(declaration, MOTE_PHASE_RECOMPUTE) *
                        (double)s->b->graph->batch;
        if (is_kept(s, input_of(s, node), step))
            return work;
        node = find_maker(s, input_of(s, node));
    }
}

/// The node that is not cheap whose output takes the least work for its bytes, or MOTE_NONE.
static size_t find_repeated(const search *s)
{
    size_t best = MOTE_NONE;
    double least = 0.0;
    for (size_t i = 0; i < s->b->graph->node_count; i++) {
        if (!s->b->graph->nodes[i].declaration.repeats || !can_recompute(s, i) ||
            mote_schedule_count_weight_slices(s->b, i) > 0)
            continue;
        const double work = work_of(s, i) / output_bytes(s, i);
        if (best == MOTE_NONE || work < least) {
            best = i;
            least = work;
        }
    }
    return best;
}

/// Chooses such nodes for half of the bytes that are too many at the peak: what is too many then is seen anew.
static bool choose_repeated(search *s, size_t live)
{
    const mote_strategy *strategy = s->b->strategy;
    double excess = (double)live - (double)strategy->recompute_above;
    bool any = false;
    if (!(strategy->techniques & MOTE_TECHNIQUE_BLOCK_RECOMPUTE) || strategy->recompute_above == 0)
        return false;
    s->repeats = true;
    for (double half = excess / 2.0; excess > half;) {
        const size_t node = find_repeated(s);
        if (node == MOTE_NONE)
            break;
        recompute(s, node);
        excess -= output_bytes(s, node);
        any = true;
    }
    s->repeats = false;
    return any;
}

/// The run of bands that the steps around the peak may be; count 0: none.
static mote_step_run find_run(const search *s)
{
    if (!(s->b->strategy->techniques & MOTE_TECHNIQUE_BANDS))
        return (mote_step_run){0};
    return mote_schedule_find_run(s->trial, s->b->strategy->band_height, s->peak);
}

/// Whether the peak is at a band of what the node makes again: with no readers elsewhere it needs no more than that.
static bool is_made_in_bands(const search *s, size_t node)
{
    const mote_step_run run = find_run(s);
    for (size_t i = run.first; run.count > 0 && i < run.end; i++) {
        const mote_step *step = &s->trial->steps[i];
        if (step->kind == MOTE_STEP_RECOMPUTE && step->node == node)
            return true;
    }
    return false;
}

/// Chooses a recomputed node whose output lives at the peak because of readers in front of the node at work there, and not
/// for that node, unless that needs parts of it: slices, whose derivative may then take its place, or bands.
static bool choose_renewed(const search *s, size_t index)
{
    if (!s->b->chosen.recomputed[index] || s->b->chosen.renewed[index] > 0 ||
        !s->b->graph->nodes[index].declaration.recomputes)
        return false;
    const mote_step *peak = &s->trial->steps[s->peak];
    const value_life *life = &s->lives[s->b->graph->nodes[index].outputs[0]];
    const bool needs_parts = peak->slice.count > 0 || is_made_in_bands(s, index);
    if (peak->node == MOTE_NONE || (life->is_read_at_peak && !needs_parts) ||
        life->backward_begin > s->peak || life->behind_peak == MOTE_NONE ||
        s->b->ranks[s->trial->steps[life->behind_peak].node] >= s->b->ranks[peak->node] ||
        !can_reach(s, input_of(s, index), life->behind_peak))
        return false;
    choose_chain(s, index, life->behind_peak, s->b->ranks[peak->node]);
    return true;
}

/// How many slices the backward of a node may have; 0: it is not worth them, or must be whole.
static size_t count_slices(const mote_schedule_builder *b, size_t index)
{
    const mote_node *node = &b->graph->nodes[index];
    const size_t extent = node->declaration.cut_extent;
    // whole gradients are what it takes to clip or apply them all together
    if (extent == 0 || b->strategy->apply != MOTE_APPLY_EARLY || !node->has_gradient ||
        !(b->strategy->techniques & MOTE_TECHNIQUE_SLICES) ||
        !mote_schedule_owns_alone(b->graph, index))
        return 0;
    const mote_shape *shape = &node->declaration.weights[0].spec.shape;
    const size_t taps = mote_shape_elements(shape) / shape->dims[0] / extent;
    const size_t least = mote_size_max(mote_size_ceil_divide(b->strategy->slice_extent, taps),
                                       b->strategy->slice_extent / 4);
    const size_t bytes = mote_shape_elements(shape) * sizeof(mote_real);
    const size_t slices = mote_size_min(mote_size_ceil_divide(bytes, b->strategy->slice_bytes),
                                        extent / mote_size_max(least, 1));
    return slices > 1 ? mote_size_min(slices, SLICES_MAX) : 0;
}

/// Chooses a node that makes a large gradient which lives at the peak: few slices, and more when it still does.
static bool choose_sliced(const search *s, size_t index)
{
    const mote_schedule *trial = s->trial;
    const size_t most = count_slices(s->b, index);
    size_t *slices = &s->b->chosen.slices[index];
    if (*slices >= most || (s->b->chosen.sampled[index] & MOTE_PHASE_BACKWARD) ||
        mote_schedule_count_weight_slices(s->b, index) > 0)
        return false;
    const mote_schedule_tensor *gradient = &trial->tensors[trial->nodes[index].gradients[0]];
    if (gradient->first > s->peak || gradient->last < s->peak)
        return false;
    *slices = mote_size_min(most, *slices == 0 ? FEWEST_SLICES : 2 * *slices);
    return true;
}

/// Whether a tensor that lives at the peak is used by the run's steps alone.
static bool has_inside(const mote_schedule *trial, const mote_step_run *run, size_t peak)
{
    for (size_t i = 0; i < trial->tensor_count; i++) {
        const mote_schedule_tensor *tensor = &trial->tensors[i];
        if (tensor->spec->batched && !tensor->persistent && tensor->first != MOTE_NONE &&
            tensor->first >= run->first && tensor->first <= peak && tensor->last >= peak &&
            tensor->last < run->end)
            return true;
    }
    return false;
}

/// Chooses the steps around the peak, where that makes something smaller.
static bool choose_banded(const search *s)
{
    const mote_schedule *trial = s->trial;
    const mote_step_run run = find_run(s);
    if (run.count == 0 || trial->steps[s->peak].run.count > 0 || !has_inside(trial, &run, s->peak))
        return false;
    for (size_t i = run.first; i < run.end; i++) {
        const mote_step *step = &trial->steps[i];
        if (step->kind != MOTE_STEP_RECOMPUTE)
            s->b->chosen.banded[step->node] |= mote_step_phase(step->kind);
    }
    return true;
}

/// Sums up what each step uses.
typedef struct use_sum {
    const mote_schedule *trial;
    size_t *bytes; // by step
    size_t *
        counted; // by tensor that persists, then by block: behind the last step that has it, 0 for none
} use_sum;

static void add_use(void *user, size_t tensor, size_t step, mote_use how)
{
    const use_sum *sum = (const use_sum *)user;
    const mote_schedule_tensor *used = &sum->trial->tensors[tensor];
    const mote_step_run *run = &sum->trial->steps[step].run;
    size_t first = run->count > 0 ? run->first : step;
    size_t end = run->count > 0 ? run->end : step + 1;
    const size_t bytes = used->persistent ? mote_schedule_used_bytes(sum->trial, tensor, step, how)
                                          : sum->trial->blocks[used->block].bytes;
    size_t *counted =
        &sum->counted[used->persistent ? tensor : sum->trial->tensor_count + used->block];
    if (!used->persistent) { // what each slice of the batch makes anew is not in all of a run
        first = mote_size_max(first, sum->trial->blocks[used->block].first);
        end = mote_size_min(end, sum->trial->blocks[used->block].last + 1);
    }
    for (first = mote_size_max(first, *counted); first < end; first++)
        sum->bytes[first] += mote_size_align(bytes, MOTE_ALIGNMENT);
    *counted = end;
}

/// Bytes that each step uses: what it needs where all else may be out of memory.
static mote_status find_used(const mote_schedule *trial, mote_arena *arena, size_t **used)
{
    use_sum sum = {.trial = trial};
    MOTE_TRY(mote_arena_array(arena, trial->tensor_count + trial->block_count, sizeof *sum.counted,
                              (void **)&sum.counted));
    MOTE_TRY(mote_arena_array(arena, trial->step_count, sizeof **used, (void **)used));
    sum.bytes = *used;
    mote_schedule_visit_uses(trial, add_use, &sum);
    return MOTE_OK;
}

/// Bytes alive at each step.
static mote_status find_live(const mote_schedule_builder *b, const mote_schedule *trial,
                             mote_arena *arena, size_t **live)
{
    mote_placement *placements = NULL;
    if (b->strategy->swaps)
        return find_used(trial, arena, live);
    MOTE_TRY(mote_arena_array(arena, trial->block_count, sizeof *placements, (void **)&placements));
    MOTE_TRY(mote_arena_array(arena, trial->step_count, sizeof **live, (void **)live));
    mote_schedule_place(trial, 0, placements);
    const mote_plan_problem problem = {.placements = placements,
                                       .placement_count = trial->block_count,
                                       .step_count = trial->step_count};
    mote_plan_live_bytes(&problem, *live);
    return MOTE_OK;
}

/// The step at which most bytes live.
static size_t find_peak(const mote_schedule *trial, const size_t *live)
{
    size_t peak = 0;
    for (size_t i = 1; i < trial->step_count; i++) {
        if (live[i] > live[peak])
            peak = i;
    }
    return peak;
}

/// Builds into an arena that does not last.
static mote_status build_trial(const mote_schedule_builder *b, mote_arena *arena,
                               mote_schedule *trial)
{
    mote_schedule_builder builder = *b;
    *trial = *b->schedule;
    builder.arena = arena;
    builder.scratch = arena;
    builder.schedule = trial;
    return mote_schedule_build_chosen(&builder);
}

static void copy_choices(size_t node_count, const mote_choices *from, const mote_choices *to)
{
    memcpy(to->recomputed, from->recomputed, node_count * sizeof *to->recomputed);
    memcpy(to->renewed, from->renewed, node_count * sizeof *to->renewed);
    memcpy(to->slices, from->slices, node_count * sizeof *to->slices);
    memcpy(to->banded, from->banded, node_count * sizeof *to->banded);
    memcpy(to->sampled, from->sampled, node_count * sizeof *to->sampled);
    memcpy(to->samples, from->samples, node_count * sizeof *to->samples);
}

/// What only training can do.
static bool choose_training(const search *s)
{
    const size_t count = s->b->graph->node_count;
    bool any = false;
    bool any_sliced = false;
    for (size_t i = 0; i < count && (s->b->strategy->techniques & MOTE_TECHNIQUE_RECOMPUTE); i++)
        any |= choose_recomputed(s, i) || choose_renewed(s, i);
    for (size_t i = 0; i < count && !any; i++)
        any_sliced |= choose_sliced(s, i);
    return any || any_sliced || choose_banded(s);
}

/// Slices of the batch, where nothing cheaper is left.
static bool choose_batches(const search *s)
{
    mote_schedule_builder trial = *s->b;
    mote_schedule schedule = *s->trial;
    trial.schedule = &schedule;
    return mote_schedule_choose_batches(&trial, s->peak);
}

/// Bytes that are made again, as a share of what forward makes: of so much more time steps are, at most.
static double find_remade(const mote_schedule *trial)
{
    double made = 0.0;
    double remade = 0.0;
    for (size_t i = 0; i < trial->graph->value_count; i++)
        made += (double)trial->tensors[trial->values[i]].bytes;
    for (size_t i = 0; i < trial->step_count; i++) {
        if (trial->steps[i].made != MOTE_NONE)
            remade += (double)trial->tensors[trial->steps[i].made].bytes;
    }
    return remade / made;
}

/// Whether a lower peak is worth what is made again for it, beyond the best so far. Where a budget asks for it, time is
/// weighed otherwise.
static bool is_worth(const mote_schedule_builder *b, size_t bytes, double remade)
{
    const double saved = (double)(b->best_bytes - bytes) / (double)b->best_bytes;
    return b->best_bytes == SIZE_MAX || b->strategy->recompute_above > 0 || b->strategy->swaps ||
           remade - b->best_remade <= REMADE_FOR_SAVED * saved;
}

/// Chooses more for the peak of what is chosen by now; the best so far is kept apart.
static mote_status choose_more(mote_schedule_builder *b, mote_arena *arena, bool *has_more)
{
    mote_schedule trial;
    search s = {.b = b, .trial = &trial};
    const size_t count = b->graph->node_count;
    size_t *live = NULL;
    MOTE_TRY(build_trial(b, arena, &trial));
    MOTE_TRY(find_live(b, &trial, arena, &live));
    s.peak = find_peak(&trial, live);
    MOTE_TRY(find_lives(&s, arena));
    const double remade = find_remade(&trial);
    if (live[s.peak] < b->best_bytes && is_worth(b, live[s.peak], remade)) {
        b->best_bytes = live[s.peak];
        b->best_remade = remade;
        copy_choices(count, &b->chosen, &b->best);
    }
    *has_more = b->strategy->training && choose_training(&s);
    if (!*has_more)
        *has_more = choose_batches(&s);
    if (!*has_more && b->strategy->training)
        *has_more = choose_repeated(&s, live[s.peak]);
    return MOTE_OK;
}

/// What is made again is made for the node whose step comes next.
static void find_needs(const mote_schedule *trial, const size_t *live, size_t *needs)
{
    size_t node = MOTE_NONE;
    memset(needs, 0, trial->graph->node_count * sizeof *needs);
    for (size_t i = trial->step_count; i-- > 0;) {
        if (trial->steps[i].kind != MOTE_STEP_RECOMPUTE)
            node = trial->steps[i].node;
        if (node != MOTE_NONE)
            needs[node] = mote_size_max(needs[node], live[i]);
    }
}

static mote_status measure(const mote_schedule_builder *b, mote_arena *arena, size_t *needs,
                           size_t *bytes)
{
    mote_schedule trial;
    size_t *live = NULL;
    MOTE_TRY(build_trial(b, arena, &trial));
    MOTE_TRY(find_live(b, &trial, arena, &live));
    *bytes = live[find_peak(&trial, live)];
    find_needs(&trial, live, needs);
    return MOTE_OK;
}

mote_status mote_schedule_measure(const mote_schedule_builder *b, size_t *needs, size_t *bytes)
{
    mote_arena arena;
    mote_arena_init(&arena, b->arena->allocator);
    const mote_status status = measure(b, &arena, needs, bytes);
    mote_arena_release(&arena);
    return status;
}

/// Everything that recomputing and slices could do, whether or not it lowers a peak: what they choose is known only when
/// the order is.
static mote_status choose_all(mote_schedule_builder *b, mote_arena *arena, bool *has_more)
{
    mote_schedule trial;
    search s = {.b = b, .trial = &trial};
    *has_more = false;
    MOTE_TRY(build_trial(b, arena, &trial));
    while (s.peak + 1 < trial.step_count && !is_backward(trial.steps[s.peak + 1].kind))
        s.peak++;
    MOTE_TRY(find_lives(&s, arena));
    for (size_t i = 0; i < b->graph->node_count; i++) {
        if (b->strategy->techniques & MOTE_TECHNIQUE_RECOMPUTE)
            (void)choose_recomputed(&s, i);
        if (b->chosen.slices[i] == 0)
            b->chosen.slices[i] = count_slices(b, i);
    }
    for (size_t i = 0; i < b->graph->node_count; i++)
        b->chosen.renewed[i] = b->chosen.recomputed[i] ? b->graph->node_count : 0;
    return MOTE_OK;
}

static void forget_choices(const mote_schedule_builder *b)
{
    for (size_t i = 0; i < b->graph->node_count; i++) {
        b->chosen.recomputed[i] = false;
        b->chosen.renewed[i] = 0;
        b->chosen.slices[i] = mote_schedule_count_weight_slices(b, i);
        b->chosen.banded[i] = 0;
        b->chosen.sampled[i] = 0;
        b->chosen.samples[i] = 0;
    }
}

/// One part of choosing, with an arena that does not last.
typedef mote_status choose_part(mote_schedule_builder *b, mote_arena *arena, bool *has_more);

static mote_status run_part(mote_schedule_builder *b, choose_part *part)
{
    mote_status status = MOTE_OK;
    for (bool has_more = true; status == MOTE_OK && has_more;) {
        mote_arena arena;
        mote_arena_init(&arena, b->arena->allocator);
        status = part(b, &arena, &has_more);
        mote_arena_release(&arena);
    }
    return status;
}

mote_status mote_schedule_choose(mote_schedule_builder *b)
{
    forget_choices(b);
    if ((b->strategy->techniques & MOTE_TECHNIQUE_ORDER) && mote_schedule_may_reorder(b->graph)) {
        if (b->strategy->training)
            MOTE_TRY(run_part(b, choose_all));
        MOTE_TRY(mote_schedule_choose_order(b));
        forget_choices(b);
    }
    if (!(b->strategy->techniques & (b->strategy->training ? OF_TRAINING : OF_ALL)))
        return MOTE_OK;
    b->best_bytes = SIZE_MAX;
    MOTE_TRY(run_part(b, choose_more));
    copy_choices(b->graph->node_count, &b->best, &b->chosen);
    return MOTE_OK;
}
