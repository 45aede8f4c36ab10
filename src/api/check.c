// SPDX-License-Identifier: Apache-2.0
// All that can be known of a model without training it, each part on its own so that one failure does not hide
// the others.
#include "api/api.h"

#include "graph/graph.h"
#include "mote/mote.h"
#include "optim/optim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 1024U

/// Indices of sets.
enum {
    TRAIN_SET,
    VALID_SET
};

typedef struct checker {
    const mote_check_config *config;
    mote_model *model;
    bool has_network, has_loss, has_bad_optimizer, is_planned, has_bad_training;
    mote_run run; // a copy of the model's, or one without memory; `arena` is its own
    size_t failed_count;
} checker;

static void tell(checker *c, const char *name, mote_check_result result, const char *format, ...)
    MOTE_PRINTF(4, 5);

static void tell(checker *c, const char *name, mote_check_result result, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const mote_check check = {.name = name, .result = result, .message = message};
    c->failed_count += result == MOTE_CHECK_FAILED;
    if (c->config->report)
        c->config->report(c->config->user, &check);
}

/// Tells of a failure; false for MOTE_OK.
static bool has_failed(checker *c, const char *name, mote_status status)
{
    if (status != MOTE_OK)
        tell(c, name, MOTE_CHECK_FAILED, "%s", mote_last_error()->message);
    return status != MOTE_OK;
}

static bool check_description(checker *c)
{
    const mote_check_config *config = c->config;
    static const char name[] = "description";
    if (has_failed(
            c, name,
            mote_model_read(c->model, config->path, config->settings, config->setting_count)))
        return false;
    const size_t layers = c->model->description.layer_count;
    tell(c, name, MOTE_CHECK_OK, "%zu layer section%s", layers, layers == 1 ? "" : "s");
    return true;
}

static mote_compile_request make_request(const checker *c)
{
    return (mote_compile_request){.context = c->model->context,
                                  .description = &c->model->description};
}

static mote_status build_graph(const checker *c, bool inference, mote_graph *graph)
{
    const mote_context *context = c->model->context;
    const mote_graph_config config = {.description = &c->model->description,
                                      .layers = context->layers,
                                      .thread_count = context->parallel.thread_count,
                                      .inference = inference};
    return mote_graph_build(&config, &c->model->compilation.arena, graph);
}

static void tell_network(checker *c, const mote_graph *graph)
{
    char input[MOTE_SHAPE_TEXT_BYTES];
    char output[MOTE_SHAPE_TEXT_BYTES];
    const mote_shape *in = &graph->values[graph->ports[0]].spec.shape;
    const mote_shape *out = &graph->values[graph->outputs[0]].spec.shape;
    tell(c, "network", MOTE_CHECK_OK,
         "%zu nodes, %zu parameters, input %s%s, output %s%s, loss %s%s", graph->node_count,
         mote_graph_parameter_count(graph), mote_shape_text(in, input, sizeof input),
         graph->input_count > 1 ? " and more" : "", mote_shape_text(out, output, sizeof output),
         graph->output_count > 1 ? " and more" : "",
         graph->loss_count == 0 ? "none" : graph->nodes[graph->losses[0].node].layer->name,
         graph->loss_count > 1 ? " and more" : "");
}

static void check_network(checker *c)
{
    mote_graph graph;
    mote_status status = build_graph(c, true, &graph); // without its loss, as for inference
    if (status == MOTE_OK)
        status = build_graph(c, false, &graph);
    c->has_network = !has_failed(c, "network", status);
    if (c->has_network) {
        c->has_loss = graph.loss_count > 0;
        tell_network(c, &graph);
    }
    mote_arena_release(&c->model->compilation.arena);
}

/// What does not need a bad optimizer is checked without it.
static void check_optimizer(checker *c)
{
    mote_description *description = &c->model->description;
    const mote_compile_request request = make_request(c);
    mote_training_settings settings = {.optimizer = NULL};
    static const char name[] = "optimizer";
    if (!description->optimizer && !description->schedule) {
        tell(c, name, MOTE_CHECK_SKIPPED, "there is no [Optimizer]: the model cannot be trained");
        return;
    }
    c->has_bad_optimizer = has_failed(
        c, name, mote_compile_settings(&request, &c->model->compilation.arena, &settings));
    if (c->has_bad_optimizer) {
        description->optimizer = description->schedule = NULL;
    } else {
        tell(c, name, MOTE_CHECK_OK, "%s, learning rate %g at first, schedule %s",
             settings.optimizer->name,
             settings.rate->rate(settings.rate_state, settings.learning_rate, 0),
             settings.rate->name);
    }
    mote_arena_release(&c->model->compilation.arena);
}

/// Whether `name` cannot be checked since the network is not known; tells so.
static bool is_blocked(checker *c, const char *name)
{
    if (!c->is_planned)
        tell(c, name, MOTE_CHECK_SKIPPED, "not checked: %s",
             c->has_network ? "there is no plan" : "the network is not valid");
    return !c->is_planned;
}

/// What training would take; where it cannot be, what can be instead: data and weights are checked with that.
static void check_plan(checker *c)
{
    static const char name[] = "plan";
    const bool can_train = c->model->description.optimizer != NULL;
    const unsigned other = c->has_loss ? MOTE_MODE_EVALUATE : MOTE_MODE_INFER;
    const mote_compile_config config = {.modes = can_train ? MOTE_MODE_TRAIN : other};
    if (!c->has_network) {
        tell(c, name, MOTE_CHECK_SKIPPED, "not checked: the network is not valid");
        return;
    }
    c->is_planned = !has_failed(c, name, mote_model_compile(c->model, &config));
    if (c->is_planned && c->has_bad_optimizer) {
        tell(c, name, MOTE_CHECK_SKIPPED, "not checked: the optimizer is not valid");
    } else if (c->is_planned) {
        const char *other_name = c->has_loss ? "evaluation" : "inference";
        tell(c, name, MOTE_CHECK_OK, "%s takes an arena of %zu bytes",
             can_train ? "training" : other_name, c->model->compilation.compiled->info.arena_bytes);
    }
}

static void check_weights(checker *c)
{
    static const char name[] = "weights";
    const char *given = c->config->weights;
    const char *path = given ? given : c->model->load_path;
    if (!path) {
        tell(c, name, MOTE_CHECK_SKIPPED, "there is no load_path: training starts from the seed");
        return;
    }
    if (is_blocked(c, name) || has_failed(c, name, mote_model_allocate_from(c->model, path)))
        return;
    tell(c, name, MOTE_CHECK_OK, "'%s' fits: %zu tensors, all values finite", path,
         mote_model_tensor_count(c->model));
}

/// What data and the files to save to are checked with.
static void start_run(checker *c)
{
    mote_model *model = c->model;
    const mote_run without_memory = {.context = model->context,
                                     .description = &model->description,
                                     .compiled = model->compilation.compiled,
                                     .save_path = model->save_path,
                                     .best_path = model->best_path,
                                     .knowledge = {.class_names = "", .preparation = ""}};
    c->run = model->allocated ? model->run : without_memory;
    mote_arena_init(&c->run.arena, &model->context->allocator);
}

static mote_status read_data(checker *c, size_t index, mote_data_report *report)
{
    return mote_run_check_data(&c->run, mote_model_get_set(c->model, index),
                               mote_model_set_owner(index), report);
}

/// Of a set that is not there; early stopping and the best epoch need one to validate with.
static void check_absence(checker *c, size_t index, const char *name)
{
    const bool validates = index != VALID_SET || mote_description_validates(&c->model->description);
    if (!has_failed(c, name, mote_run_check_validation(&c->run, validates)))
        tell(c, name, MOTE_CHECK_SKIPPED, "not in the model file");
}

/// Reads a set through; false when that is told of. What a bad [train_set] would have taught is no fault of another set.
static bool check_samples(checker *c, size_t index, const char *name, mote_data_report *report)
{
    const mote_status status = read_data(c, index, report);
    if (status != MOTE_OK && report->lacks_training && c->has_bad_training) {
        tell(c, name, MOTE_CHECK_SKIPPED, "not checked: it is prepared as train_set, which failed");
        return false;
    }
    return !has_failed(c, name, status);
}

static void check_set(checker *c, size_t index)
{
    static const char *const names[MOTE_SET_COUNT] = {"train_set", "valid_set", "test_set"};
    const char *name = names[index];
    mote_data_report report;
    if (!mote_model_get_set(c->model, index)) {
        check_absence(c, index, name);
        return;
    }
    if (has_failed(c, name, mote_model_check_set(c->model, index)) || is_blocked(c, name))
        return;
    if (!c->has_loss) {
        tell(c, name, MOTE_CHECK_SKIPPED, "not checked: without a loss nothing reads labels");
        return;
    }
    if (!check_samples(c, index, name, &report))
        return;
    const unsigned long long samples = report.samples;
    if (report.class_count)
        tell(c, name, MOTE_CHECK_OK, "%llu samples of %zu of %zu classes", samples,
             report.classes_seen, report.class_count);
    else
        tell(c, name, MOTE_CHECK_OK, "%llu samples", samples);
}

static void check_data(checker *c)
{
    const size_t failed_before = c->failed_count;
    check_set(c, TRAIN_SET);
    c->has_bad_training = c->failed_count > failed_before;
    for (size_t i = VALID_SET; i < MOTE_SET_COUNT; i++)
        check_set(c, i);
}

static void check_path(checker *c, const char *name, const char *path, const char *other)
{
    mote_status status = mote_model_check_path(c->model, name, path);
    if (status == MOTE_OK)
        status = mote_run_check_saving(&c->run, path, other);
    if (!has_failed(c, name, status))
        tell(c, name, MOTE_CHECK_OK, "'%s' can be written", path);
}

static void check_checkpoints(checker *c)
{
    static const char name[] = "checkpoint_path";
    const mote_model_settings *settings = &c->model->description.settings;
    const char *path = NULL;
    if (settings->checkpoint_steps == 0 && settings->checkpoint_seconds == 0)
        tell(c, name, MOTE_CHECK_SKIPPED,
             "not in the model file: training would write no checkpoints");
    else if (!has_failed(c, name, mote_run_check_checkpoints(&c->run, &path)))
        tell(c, name, MOTE_CHECK_OK, "'%s.<step>' can be written", path);
}

/// A budget may be asked for later, so that a folder that is named is tried anyway.
static void check_swap(checker *c)
{
    static const char name[] = "swap_path";
    const uint64_t bytes = c->run.compiled ? c->run.compiled->swap_bytes : 0;
    const char *chosen = c->model->description.settings.swap_path;
    if (bytes == 0 && !chosen[0])
        tell(c, name, MOTE_CHECK_SKIPPED, "not in the model file, and nothing is swapped");
    else if (!has_failed(c, name, mote_run_check_swap(&c->run)))
        tell(c, name, MOTE_CHECK_OK, "a swap file of %llu bytes can be made%s%s%s",
             (unsigned long long)bytes, chosen[0] ? " in '" : "", chosen, chosen[0] ? "'" : "");
}

static void check_paths(checker *c)
{
    static const char last[] = "save_path";
    static const char best[] = "save_best_path";
    if (c->model->save_path)
        check_path(c, last, c->model->save_path, NULL);
    else
        tell(c, last, MOTE_CHECK_SKIPPED, "not in the model file: training would save %s",
             c->model->best_path ? "the best epoch alone" : "nothing");
    if (c->model->best_path)
        check_path(c, best, c->model->best_path, c->model->save_path);
    else
        tell(c, best, MOTE_CHECK_SKIPPED, "not in the model file");
    check_checkpoints(c);
    check_swap(c);
}

static void check_all(checker *c)
{
    if (!check_description(c))
        return;
    check_network(c);
    check_optimizer(c);
    check_plan(c);
    check_weights(c);
    start_run(c);
    check_data(c);
    check_paths(c);
    mote_arena_release(&c->run.arena);
}

mote_status mote_model_check(mote_context *context, const mote_check_config *config,
                             size_t *failed_count)
{
    MOTE_TRY(mote_argument_require(context, "mote_model_check"));
    MOTE_TRY(mote_argument_require(config, "mote_model_check"));
    MOTE_TRY(mote_argument_require(config->path, "mote_model_check"));
    if (config->setting_count)
        MOTE_TRY(mote_argument_require(config->settings, "mote_model_check"));
    checker c = {.config = config};
    MOTE_TRY(mote_model_make(context, &c.model));
    check_all(&c);
    mote_model_destroy(&c.model);
    if (failed_count)
        *failed_count = c.failed_count;
    return MOTE_OK;
}

const char *mote_check_result_name(mote_check_result result)
{
    static const char *const names[] = {
#define RESULT_NAME(name, text) text,
        MOTE_CHECK_RESULT_MAP(RESULT_NAME)
#undef RESULT_NAME
    };
    return (size_t)result < MOTE_CHECK_RESULT_COUNT ? names[result] : "unknown";
}
