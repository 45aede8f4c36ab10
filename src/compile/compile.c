// SPDX-License-Identifier: Apache-2.0
// The pipeline, stage by stage. All programs of a run are planned as one: their steps one after the other, so
// that their transient blocks overlap and what persists lies at the same place for all.
#include "compile/compile.h"

#include "base/size.h"
#include "compile/settings.h"

#include <stdio.h>
#include <string.h>

#ifdef NDEBUG
static const bool poison_dead_blocks = false;
#else
static const bool poison_dead_blocks = true;
#endif

/// Slices of gradients: what is read for all of the input dimension is packed anew for each.
#define SLICE_BYTES  ((size_t)3 << 19)
#define SLICE_EXTENT 512U
/// Channels of a band, at least: rows of products that fill vectors.
#define BAND_HEIGHT 16U
/// Slices of the batch: weights are read and packed anew for each, so only for what is large.
#define BATCH_SLICE_BYTES ((size_t)8 << 20)

static mote_status build_graph(const mote_compiler *c, bool inference, mote_graph *graph)
{
    const mote_graph_config config = {.description = c->request->description,
                                      .layers = c->request->context->layers,
                                      .thread_count = c->request->context->parallel.thread_count,
                                      .inference = inference};
    MOTE_TRY(mote_graph_build(&config, c->arena, graph));
    if (!inference && graph->loss_count == 0)
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "%s: the model has no loss: give [Model] a key 'loss' (mse, cross)",
                          c->request->description->path);
    return MOTE_OK;
}

static mote_status check_trainable(const mote_compiler *c)
{
    const mote_graph *graph = &c->compiled->graphs[0];
    for (size_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i].has_gradient)
            return MOTE_OK;
    }
    return MOTE_RAISE(MOTE_ERROR_GRAPH,
                      "%s: there is nothing to train: no layer has weights, or all "
                      "have trainable = false",
                      c->request->description->path);
}

/// Below these, slices of gradients and of the batch cost time, but where a budget asks for it they make a step use less.
#define TIGHT_SLICE_BYTES       ((size_t)1 << 19)
#define TIGHT_SLICE_EXTENT      128U
#define TIGHT_BATCH_SLICE_BYTES ((size_t)1 << 16)
/// Larger weights are used in slices where nothing else fits.
#define WEIGHT_SLICE_BYTES       ((size_t)1 << 21)
#define SMALL_WEIGHT_SLICE_BYTES ((size_t)1 << 19)

static void tighten(mote_strategy *strategy)
{
    strategy->swaps = true;
    strategy->slice_bytes = TIGHT_SLICE_BYTES;
    strategy->slice_extent = TIGHT_SLICE_EXTENT;
}

/// Averages, and gradients that are kept to the end of a step, are of whole weights.
static bool can_cut_weights(const mote_compiler *c)
{
    const mote_training_settings *settings = &c->compiled->settings;
    return !c->compiled->train ||
           (settings->apply == MOTE_APPLY_EARLY && settings->moving_average == 0.0);
}

static mote_status add_schedule(const mote_compiler *c, const mote_graph *graph, const char *name,
                                bool training)
{
    mote_compiled *compiled = c->compiled;
    const mote_training_settings *settings = &compiled->settings;
    const mote_decisions *decisions = &c->decisions;
    mote_strategy strategy = {
        .name = name,
        .training = training,
        .averages = settings->moving_average > 0.0,
        .techniques = ((1U << MOTE_TECHNIQUE_COUNT) - 1U) & ~c->request->without,
        .slice_bytes = SLICE_BYTES,
        .slice_extent = SLICE_EXTENT,
        .band_height = BAND_HEIGHT,
        .batch_slice = 1,
        .batch_slice_bytes = BATCH_SLICE_BYTES,
        .batch_slices_of_losses = true,
        .recompute_above = (size_t)decisions->recompute_above,
    };
    if (decisions->is_tight)
        tighten(&strategy);
    if (can_cut_weights(c))
        strategy.weight_slice_bytes = (size_t)decisions->weight_slice_bytes;
    if (decisions->is_tight || decisions->is_sliced) {
        strategy.batch_slice_bytes = TIGHT_BATCH_SLICE_BYTES;
        strategy.batch_slices_of_losses = false;
    }
    if (training) {
        strategy.pauses = (c->request->modes & MOTE_MODE_STEP) != 0;
        strategy.apply = settings->apply;
        strategy.clip = settings->clip;
        strategy.whole_gradients = c->request->whole_gradients;
        strategy.slot_count =
            settings->optimizer->slot_count(settings->optimizer, settings->optimizer_state);
        strategy.slot_names = settings->optimizer->slot_names;
    }
    return mote_schedule_build(graph, &strategy, c->arena,
                               &compiled->schedules[compiled->program_count++]);
}

static mote_status schedule_training(const mote_compiler *c)
{
    mote_compiled *compiled = c->compiled;
    MOTE_TRY(check_trainable(c));
    MOTE_TRY(mote_compile_settings(c->request, c->arena, &compiled->settings));
    compiled->train = &compiled->programs[compiled->program_count];
    return add_schedule(c, &compiled->graphs[0], "train", true);
}

static mote_status schedule_inference(const mote_compiler *c)
{
    mote_compiled *compiled = c->compiled;
    MOTE_TRY(build_graph(c, true, &compiled->graphs[1]));
    compiled->infer = &compiled->programs[compiled->program_count];
    return add_schedule(c, &compiled->graphs[1], "infer", false);
}

static mote_status make_schedules(const mote_compiler *c)
{
    mote_compiled *compiled = c->compiled;
    const unsigned modes = c->request->modes;
    const bool train = (modes & (MOTE_MODE_TRAIN | MOTE_MODE_STEP)) != 0;
    const bool evaluate = (modes & MOTE_MODE_EVALUATE) ||
                          (train && mote_description_validates(c->request->description));
    if (train || evaluate)
        MOTE_TRY(build_graph(c, false, &compiled->graphs[0]));
    if (train)
        MOTE_TRY(schedule_training(c));
    if (evaluate) {
        compiled->evaluate = &compiled->programs[compiled->program_count];
        MOTE_TRY(add_schedule(c, &compiled->graphs[0], "evaluate", false));
    }
    return modes & MOTE_MODE_INFER ? schedule_inference(c) : MOTE_OK;
}

static mote_status link_programs(const mote_compiler *c)
{
    mote_compiled *compiled = c->compiled;
    for (size_t i = 0; i < compiled->program_count; i++) {
        compiled->programs[i].poison = poison_dead_blocks;
        MOTE_TRY(mote_compile_link(compiled, i, c->arena, &compiled->programs[i]));
        if (&compiled->programs[i] != compiled->infer) // which has no next batch
            MOTE_TRY(mote_compile_ahead(compiled, i, c->arena));
    }
    mote_compile_find_frozen(compiled);
    return MOTE_OK;
}

static mote_status schedule_and_plan(const mote_compiler *c)
{
    *c->compiled = (mote_compiled){.decisions = c->decisions};
    MOTE_TRY(make_schedules(c));
    return mote_compile_plan(c);
}

/// A way to schedule where a budget is too small for the usual one, or makes it wait.
typedef struct alternative {
    mote_decisions decisions; // but recompute_above, which goes by the model
    double repeated;          // share of the bytes that are too many which layers are run again for
    bool repeats_all;
} alternative;

static const alternative alternatives[] = {
    {.repeated = 0.0},
    {.decisions = {.is_tight = true}},
    {.decisions = {.is_tight = true, .weight_slice_bytes = WEIGHT_SLICE_BYTES}},
    {.decisions = {.is_tight = true, .weight_slice_bytes = SMALL_WEIGHT_SLICE_BYTES}},
    {.decisions = {.is_sliced = true}},
    {.repeated = 0.5},
    {.repeated = 1.0},
    {.repeats_all = true},
};

#define ALTERNATIVE_COUNT (sizeof alternatives / sizeof alternatives[0])

/// What came of one.
typedef struct outcome {
    mote_status status; // MOTE_OK or MOTE_ERROR_BUDGET
    double ms;          // as predicted
    size_t bytes;       // of the smallest budget, where this one is too small
} outcome;

static bool is_better(const outcome *a, const outcome *b)
{
    if (a->status != b->status)
        return a->status == MOTE_OK;
    return a->status == MOTE_OK ? a->ms < b->ms : a->bytes < b->bytes;
}

/// Bytes of blocks above which layers are run again, by what the model takes with any memory.
static size_t find_limit(const mote_compiler *c, const mote_compiled *whole,
                         const alternative *tried)
{
    size_t blocks = whole->whole_bytes;
    for (size_t i = 0; i < whole->state_block_count; i++)
        blocks -= mote_size_min(blocks, whole->state_blocks[i].bytes);
    const size_t excess =
        mote_size_min(whole->whole_bytes - (size_t)c->request->memory_budget, blocks - blocks / 8);
    if (tried->repeats_all)
        return 1;
    return tried->repeated > 0.0 ? blocks - (size_t)((double)excess * tried->repeated) : 0;
}

static mote_status try_alternative(mote_compiler *c, const mote_arena_mark *mark,
                                   const alternative *tried, size_t limit, outcome *result)
{
    mote_arena_release_to(c->arena, *mark);
    c->decisions = tried->decisions;
    c->decisions.recompute_above = limit;
    const mote_status status = schedule_and_plan(c);
    *result = (outcome){status, c->compiled->info.predicted_ms, c->compiled->smallest_budget};
    return status == MOTE_ERROR_BUDGET ? MOTE_OK : status;
}

static bool has_large_weight(const mote_compiled *compiled, uint64_t bytes)
{
    for (size_t i = 0; i < compiled->state_block_count; i++) {
        if (compiled->state_blocks[i].bytes > bytes)
            return true;
    }
    return false;
}

static bool may_try(const mote_compiler *c, const alternative *tried, const outcome *best)
{
    const mote_decisions *decisions = &tried->decisions;
    const bool cuts = decisions->weight_slice_bytes > 0;
    const unsigned techniques = (decisions->is_tight    ? MOTE_TECHNIQUE_SWAP
                                 : decisions->is_sliced ? MOTE_TECHNIQUE_BATCH_SLICES
                                                        : MOTE_TECHNIQUE_BLOCK_RECOMPUTE) |
                                (cuts ? MOTE_TECHNIQUE_SLICES : 0U);
    if (c->request->without & techniques)
        return false;
    if (cuts)
        return best->status != MOTE_OK &&
               has_large_weight(c->compiled, decisions->weight_slice_bytes);
    return decisions->is_tight || decisions->is_sliced ||
           (c->compiled->train && (!tried->repeats_all || best->status != MOTE_OK));
}

/// What was tried, and the best of it.
typedef struct trials {
    size_t limits[ALTERNATIVE_COUNT];
    outcome best;
    size_t chosen, last;
} trials;

/// Behind the usual one. A floor counts where it does not go by the budget, so that it can be kept.
static mote_status try_others(mote_compiler *c, const mote_arena_mark *mark, trials *t)
{
    for (size_t i = 1; i < ALTERNATIVE_COUNT; i++)
        t->limits[i] = find_limit(c, c->compiled, &alternatives[i]);
    for (size_t i = 1; i < ALTERNATIVE_COUNT; i++) {
        outcome tried;
        if (!may_try(c, &alternatives[i], &t->best))
            continue;
        c->is_alternative = t->best.status == MOTE_OK; // floors are exact
        c->limit_ms = c->is_alternative ? t->best.ms : 0.0;
        c->known_floor = c->is_alternative ? 0 : t->best.bytes;
        MOTE_TRY(try_alternative(c, mark, &alternatives[i], t->limits[i], &tried));
        t->last = i;
        if (!is_better(&tried, &t->best) ||
            (tried.status != MOTE_OK && alternatives[i].repeated > 0.0))
            continue;
        t->best = tried;
        t->chosen = i;
    }
    c->is_alternative = false;
    c->limit_ms = 0.0;
    c->known_floor = 0;
    return MOTE_OK;
}

/// Schedules whose steps use less memory, or that run layers again, take more time, but where a budget is too small for the
/// usual one, or makes it wait, what is predicted to be faster is taken, or what has the smallest floor.
static mote_status choose_schedules(mote_compiler *c)
{
    const mote_arena_mark mark = mote_arena_get_mark(c->arena);
    trials t = {.chosen = 0};
    MOTE_TRY(try_alternative(c, &mark, &alternatives[0], 0, &t.best));
    if (t.best.status == MOTE_OK && c->compiled->swap_bytes == 0)
        return MOTE_OK;
    MOTE_TRY(try_others(c, &mark, &t));
    if (t.chosen != t.last)
        MOTE_TRY(try_alternative(c, &mark, &alternatives[t.chosen], t.limits[t.chosen], &t.best));
    return t.best.status;
}

/// What was decided before, instead of a search; the plan has to be the one of then.
static mote_status take_saved(mote_compiler *c, const char *model_hash)
{
    c->decisions = c->request->saved->record.decisions;
    const mote_status status = schedule_and_plan(c);
    if (status != MOTE_OK && status != MOTE_ERROR_FORMAT)
        return status;
    return mote_saved_plan_check(c, model_hash, status);
}

mote_status mote_compile(const mote_compile_request *request, mote_arena *arena,
                         mote_compiled *compiled)
{
    mote_compiler c = {.request = request, .arena = arena, .compiled = compiled};
    char model_hash[MOTE_SHA256_TEXT_BYTES];
    *compiled = (mote_compiled){.program_count = 0};
    MOTE_TRY(mote_compile_check(request, arena, model_hash));
    MOTE_TRY(request->saved ? take_saved(&c, model_hash) : choose_schedules(&c));
    memcpy(compiled->model_hash, model_hash, sizeof model_hash);
    MOTE_TRY(mote_compile_time_operations(&c));
    return link_programs(&c);
}

static mote_status make_in_arena(mote_compilation *compilation)
{
    void *memory = NULL;
    MOTE_TRY(mote_arena_allocate(&compilation->arena, sizeof *compilation->compiled, &memory));
    compilation->compiled = memory;
    const mote_status status =
        mote_compile(&compilation->request, &compilation->arena, compilation->compiled);
    if (status == MOTE_ERROR_BUDGET)
        compilation->smallest_budget = compilation->compiled->smallest_budget;
    return status;
}

mote_status mote_compilation_make(mote_compilation *compilation)
{
    compilation->smallest_budget = 0;
    const mote_status status = make_in_arena(compilation);
    if (status != MOTE_OK)
        mote_compilation_release(compilation);
    return status;
}

void mote_compilation_release(mote_compilation *compilation)
{
    mote_arena_release(&compilation->arena);
    compilation->compiled = NULL;
}

const mote_graph *mote_compiled_graph(const mote_compiled *compiled)
{
    return compiled->graphs[0].node_count ? &compiled->graphs[0] : &compiled->graphs[1];
}

const char *mote_compiled_step_text(const mote_compiled *compiled, size_t step, char *text,
                                    size_t bytes)
{
    size_t i = 0;
    while (step >= compiled->schedules[i].step_count)
        step -= compiled->schedules[i++].step_count;
    const mote_schedule *schedule = &compiled->schedules[i];
    const size_t length = strlen(mote_step_text(schedule, step, text, bytes));
    if (i > 0)
        (void)snprintf(text + length, bytes - length, " (%s)", schedule->name);
    return text;
}

const mote_weight_declaration *mote_compiled_find_weight(const mote_compiled *compiled,
                                                         const char *name)
{
    const mote_graph *graph = mote_compiled_graph(compiled);
    for (size_t i = 0; i < graph->node_count; i++) {
        const mote_node *node = &graph->nodes[i];
        for (size_t j = 0; j < node->declaration.weight_count; j++) {
            if (mote_graph_owns(graph, i, j) && strcmp(node->weight_names[j], name) == 0)
                return &node->declaration.weights[j];
        }
        for (size_t j = 0; j < node->declaration.statistic_count; j++) {
            if (strcmp(node->statistic_names[j], name) == 0)
                return &node->declaration.statistics[j];
        }
    }
    return NULL;
}
