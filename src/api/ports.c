// SPDX-License-Identifier: Apache-2.0
// Inputs, labels and outputs: what they are, and running the network on them.
#include "api/api.h"

#include "mote/mote.h"

/// The graph whose outputs are meant: that of inference, where there is one.
static const mote_graph *get_output_graph(const mote_compiled *compiled)
{
    return compiled->infer ? &compiled->graphs[1] : mote_compiled_graph(compiled);
}

static const mote_graph *get_graph(const mote_model *model)
{
    return model && model->compilation.compiled ? mote_compiled_graph(model->compilation.compiled)
                                                : NULL;
}

size_t mote_model_input_count(const mote_model *model)
{
    const mote_graph *graph = get_graph(model);
    return graph ? graph->input_count : 0;
}

size_t mote_model_label_count(const mote_model *model)
{
    const mote_graph *graph = get_graph(model);
    return graph ? graph->port_count - graph->input_count : 0;
}

size_t mote_model_output_count(const mote_model *model)
{
    return get_graph(model) ? get_output_graph(model->compilation.compiled)->output_count : 0;
}

/// Value `values[first + index]` of the graph, of `count` that there are.
typedef struct port_list {
    const char *what;
    const mote_graph *graph;
    const size_t *values;
    size_t count;
} port_list;

static mote_status get_port(const port_list *list, size_t index, mote_port_info *info)
{
    if (!info)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "mote_model_get_%s: an argument is NULL",
                          list->what);
    if (index >= list->count)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s %zu: the network has %zu", list->what, index,
                          list->count);
    const mote_value *value = &list->graph->values[list->values[index]];
    const mote_shape *shape = &value->spec.shape;
    *info = (mote_port_info){.name = value->owner,
                             .type = value->spec.dtype == MOTE_DTYPE_I32 ? MOTE_PORT_INT32
                                                                         : MOTE_PORT_FLOAT,
                             .rank = shape->rank,
                             .element_count = mote_shape_elements(shape),
                             .smallest = value->range.first,
                             .greatest = value->range.last};
    for (size_t i = 0; i < shape->rank; i++)
        info->dims[i] = shape->dims[i];
    return MOTE_OK;
}

mote_status mote_model_get_input(const mote_model *model, size_t index, mote_port_info *info)
{
    MOTE_TRY(mote_model_require(model, 0));
    const mote_graph *graph = mote_compiled_graph(model->compilation.compiled);
    const port_list list = {"input", graph, graph->ports, graph->input_count};
    return get_port(&list, index, info);
}

mote_status mote_model_get_label(const mote_model *model, size_t index, mote_port_info *info)
{
    MOTE_TRY(mote_model_require(model, 0));
    const mote_graph *graph = mote_compiled_graph(model->compilation.compiled);
    const port_list list = {"label", graph, graph->ports + graph->input_count,
                            graph->port_count - graph->input_count};
    return get_port(&list, index, info);
}

mote_status mote_model_get_output(const mote_model *model, size_t index, mote_port_info *info)
{
    MOTE_TRY(mote_model_require(model, 0));
    const mote_graph *graph = get_output_graph(model->compilation.compiled);
    const port_list list = {"output", graph, graph->outputs, graph->output_count};
    return get_port(&list, index, info);
}

mote_status mote_model_get_sizes(const mote_model *model, size_t *input_elements,
                                 size_t *output_elements)
{
    mote_port_info input;
    mote_port_info output;
    MOTE_TRY(mote_model_require(model, 0));
    MOTE_TRY(mote_argument_require(input_elements, "mote_model_get_sizes"));
    MOTE_TRY(mote_argument_require(output_elements, "mote_model_get_sizes"));
    MOTE_TRY(mote_model_get_input(model, 0, &input));
    MOTE_TRY(mote_model_get_output(model, 0, &output));
    *input_elements = input.element_count;
    *output_elements = output.element_count;
    return MOTE_OK;
}

mote_status mote_model_check_samples(const mote_model *model, const char *call, size_t count)
{
    const size_t batch = model->compilation.compiled->info.batch_size;
    if (count > 0 && count <= batch)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s: takes 1 to %zu samples, got %zu", call, batch,
                      count);
}

mote_status mote_pointers_require(const void *const *pointers, size_t count, const char *call,
                                  const char *what)
{
    for (size_t i = 0; i < count; i++) {
        if (!pointers[i])
            return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s: %s %zu is NULL", call, what, i);
    }
    return MOTE_OK;
}

static mote_status check_arrays(const mote_model *model, const char *call,
                                const mote_run_batch *batch, const void *const *outputs,
                                size_t output_count)
{
    const mote_graph *graph = &model->compilation.compiled->graphs[1];
    if (batch->input_count != graph->input_count || output_count != graph->output_count)
        return MOTE_RAISE(
            MOTE_ERROR_ARGUMENT, "%s: %zu inputs and %zu outputs, the network has %zu and %zu",
            call, batch->input_count, output_count, graph->input_count, graph->output_count);
    MOTE_TRY(mote_pointers_require(batch->inputs, batch->input_count, call, "input"));
    MOTE_TRY(mote_pointers_require(outputs, output_count, call, "output"));
    return mote_model_check_samples(model, call, batch->count);
}

mote_status mote_model_run_all(mote_model *model, const void *const *inputs, size_t input_count,
                               size_t count, void *const *outputs, size_t output_count)
{
    static const char call[] = "mote_model_run_all";
    const mote_run_batch batch = {.inputs = inputs, .input_count = input_count, .count = count};
    MOTE_TRY(mote_model_require(model, MOTE_MODE_INFER));
    MOTE_TRY(mote_model_require_idle(model, call));
    MOTE_TRY(mote_argument_require(inputs, call));
    MOTE_TRY(mote_argument_require(outputs, call));
    MOTE_TRY(check_arrays(model, call, &batch, (const void *const *)outputs, output_count));
    MOTE_TRY(mote_model_allocate(model));
    return mote_run_infer(&model->run, &batch, outputs);
}

/// One input and one output, of float.
static mote_status check_simple(const mote_model *model)
{
    const mote_graph *graph = &model->compilation.compiled->graphs[1];
    const bool integers = graph->values[graph->ports[0]].spec.dtype == MOTE_DTYPE_I32 ||
                          graph->values[graph->outputs[0]].spec.dtype == MOTE_DTYPE_I32;
    if (graph->input_count == 1 && graph->output_count == 1 && !integers)
        return MOTE_OK;
    return MOTE_RAISE(
        MOTE_ERROR_UNSUPPORTED,
        "%s: mote_model_run takes one input and one output of float; this network has "
        "%zu and %zu%s: use mote_model_run_all",
        model->description.path, graph->input_count, graph->output_count,
        integers ? ", of integers" : "");
}

mote_status mote_model_run(mote_model *model, const float *inputs, size_t count, float *outputs)
{
    MOTE_TRY(mote_model_require(model, MOTE_MODE_INFER));
    if (!inputs || !outputs || count == 0 || count > model->compilation.compiled->info.batch_size)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "mote_model_run: needs inputs, outputs and 1 to %zu samples, got %zu",
                          model->compilation.compiled->info.batch_size, count);
    MOTE_TRY(check_simple(model));
    const void *input = inputs;
    void *output = outputs;
    return mote_model_run_all(model, &input, 1, count, &output, 1);
}
