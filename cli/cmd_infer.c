// SPDX-License-Identifier: Apache-2.0
// mote infer: a trained model on images and on files of samples like those it was trained on. A file that cannot
// be read is reported and left out; the others are still done.
#include "commands.h"
#include "infer_text.h"
#include "output.h"
#include "prediction.h"
#include "session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    VALUE_BYTES = 4 // of float and int32_t
};

/// A sample of the batch: an image, or a sample of a file.
typedef struct cli_item {
    const char *path;
    uint64_t number; // in the file, from 1; 0: an image
    bool is_file;    // the only one that such a file can have
} cli_item;

/// An input of the network, and its values for a batch.
typedef struct cli_input {
    mote_port_info port;
    unsigned char *values; // float or int32_t
} cli_input;

/// An output of the network, and its values for a batch.
typedef struct cli_output {
    mote_port_info port;
    float *values;
} cli_output;

/// Buffers for a batch.
typedef struct cli_inference {
    cli_session session;
    const char *weights;
    size_t batch_size;
    size_t input_count;
    cli_input *inputs;
    void **input_values; // of each input, where a sample goes to
    size_t output_count;
    cli_output *outputs;
    void **output_values; // of each output, as the library takes them
    cli_item *items;      // in the batch
    size_t count;
    json_t *images, *samples; // results so far; NULL for text
    bool lacks_results;       // there was no memory for some of these
    bool failed;
} cli_inference;

/// One line a sample; several outputs follow their names.
static void print_text(const cli_inference *inference, const cli_item *item, size_t sample)
{
    cli_print("%s:", item->path);
    if (item->number && !item->is_file)
        cli_print("%" PRIu64 ":", item->number);
    for (size_t i = 0; i < inference->output_count; i++) {
        const cli_output *output = &inference->outputs[i];
        const size_t count = output->port.element_count;
        if (inference->output_count > 1)
            cli_print("%s %s", i ? ";" : "", output->port.name);
        cli_print_prediction(inference->session.model, output->values + sample * count, count);
    }
    cli_print("\n");
}

static cli_json make_item(const cli_item *item)
{
    cli_json json = cli_json_make();
    cli_json_add_text(&json, item->number ? "file" : "image", item->path);
    if (item->number)
        cli_json_add_size(&json, "sample", item->number);
    return json;
}

static void append_item(cli_inference *inference, const cli_item *item, cli_json *json)
{
    json_t *array = item->number ? inference->samples : inference->images;
    if (json_array_append_new(array, json->root) != 0 || json->failed)
        inference->lacks_results = true;
}

static json_t *make_outputs(const cli_inference *inference, size_t sample, cli_json *image)
{
    json_t *list = json_array();
    for (size_t i = 0; i < inference->output_count; i++) {
        const cli_output *output = &inference->outputs[i];
        const size_t count = output->port.element_count;
        cli_json json = cli_json_make();
        cli_json_add_text(&json, "name", output->port.name);
        cli_json_add_prediction(&json, inference->session.model, output->values + sample * count,
                                count);
        image->failed |= json_array_append_new(list, json.root) != 0 || json.failed;
    }
    return list;
}

/// One output in the sample's object, several in a list of objects with names.
static void add_json(cli_inference *inference, const cli_item *item, size_t sample)
{
    cli_json image = make_item(item);
    const cli_output *first = inference->outputs;
    const size_t count = first->port.element_count;
    if (inference->output_count == 1)
        cli_json_add_prediction(&image, inference->session.model, first->values + sample * count,
                                count);
    else
        cli_json_add(&image, "named_outputs", make_outputs(inference, sample, &image));
    append_item(inference, item, &image);
}

/// Where the inputs of sample `index` of the batch are.
static void **find_inputs(const cli_inference *inference, size_t index)
{
    for (size_t i = 0; i < inference->input_count; i++) {
        const cli_input *input = &inference->inputs[i];
        inference->input_values[i] =
            input->values + index * input->port.element_count * VALUE_BYTES;
    }
    return inference->input_values;
}

/// Runs the samples that were read.
static mote_status run_batch(cli_inference *inference)
{
    const size_t count = inference->count;
    inference->count = 0;
    if (count == 0)
        return MOTE_OK;
    const mote_status status = mote_model_run_all(
        inference->session.model, (const void *const *)find_inputs(inference, 0),
        inference->input_count, count, inference->output_values, inference->output_count);
    for (size_t i = 0; i < count && status == MOTE_OK; i++) {
        const cli_item item = inference->items[i];
        if (inference->images)
            add_json(inference, &item, i);
        else
            print_text(inference, &item, i);
    }
    return status;
}

/// Reports what could not be read, behind the results of what was before it.
static mote_status refuse_item(cli_inference *inference, const cli_item *item)
{
    const mote_error error = *mote_last_error();
    const mote_status status = run_batch(inference);
    if (status != MOTE_OK)
        return status;
    cli_error("%s", error.message);
    inference->failed = true;
    if (!inference->images)
        return MOTE_OK;
    cli_json json = make_item(item);
    cli_json_add_text(&json, "error", error.message);
    append_item(inference, item, &json);
    return MOTE_OK;
}

static mote_status add_item(cli_inference *inference, const cli_item *item)
{
    inference->items[inference->count++] = *item;
    return inference->count == inference->batch_size ? run_batch(inference) : MOTE_OK;
}

static mote_status run_image(cli_inference *inference, const char *path)
{
    const cli_item item = {.path = path};
    void **inputs = find_inputs(inference, inference->count);
    if (mote_model_read_image(inference->session.model, path, inputs[0]) != MOTE_OK)
        return refuse_item(inference, &item);
    return add_item(inference, &item);
}

static mote_status run_all(cli_inference *inference, cli_item item)
{
    mote_samples *samples = NULL;
    if (mote_samples_open(inference->session.model, item.path, &samples) != MOTE_OK)
        return refuse_item(inference, &item);
    mote_status status = MOTE_OK;
    for (; item.number <= mote_samples_count(samples) && status == MOTE_OK; item.number++) {
        status =
            mote_samples_read_all(samples, item.number - 1, 1,
                                  find_inputs(inference, inference->count), inference->input_count);
        status = status == MOTE_OK ? add_item(inference, &item) : refuse_item(inference, &item);
    }
    mote_samples_close(&samples);
    return status;
}

static mote_status run_samples(cli_inference *inference, const char *path)
{
    return run_all(inference, (cli_item){.path = path, .number = 1});
}

static mote_status run_sound(cli_inference *inference, const char *path)
{
    return run_all(inference, (cli_item){.path = path, .number = 1, .is_file = true});
}

/// What a file is, by how its name ends.
typedef struct cli_file_kind {
    const char *suffix;
    mote_status (*run)(cli_inference *inference, const char *path);
} cli_file_kind;

static const cli_file_kind file_kinds[] = {
    {".csv", run_samples}, {".tsv", run_samples}, {".txt", run_samples},
    {".raw", run_samples}, {".bin", run_samples}, {".data", run_samples},
    {".wav", run_sound},   {"", run_image}, // and what is none of these
};

static mote_status run_file(cli_inference *inference, const char *path)
{
    const cli_file_kind *kind = file_kinds;
    const size_t length = strlen(path);
    while (strlen(kind->suffix) > length ||
           strcasecmp(path + length - strlen(kind->suffix), kind->suffix) != 0)
        kind++;
    return kind->run(inference, path);
}

static mote_status run_files(cli_inference *inference)
{
    const cli_options *options = inference->session.options;
    mote_status status = MOTE_OK;
    for (size_t i = 1; i < options->operand_count && status == MOTE_OK; i++)
        status = run_file(inference, options->operands[i]);
    return status == MOTE_OK ? run_batch(inference) : status;
}

static bool allocate_inputs(cli_inference *inference)
{
    bool succeeded = inference->inputs && inference->input_values;
    for (size_t i = 0; i < inference->input_count && succeeded; i++) {
        cli_input *input = &inference->inputs[i];
        succeeded = mote_model_get_input(inference->session.model, i, &input->port) == MOTE_OK;
        input->values = calloc(inference->batch_size, input->port.element_count * VALUE_BYTES);
        succeeded = succeeded && input->values;
    }
    return succeeded;
}

static bool allocate_outputs(cli_inference *inference)
{
    bool succeeded = inference->outputs && inference->output_values;
    for (size_t i = 0; i < inference->output_count && succeeded; i++) {
        cli_output *output = &inference->outputs[i];
        succeeded = mote_model_get_output(inference->session.model, i, &output->port) == MOTE_OK;
        output->values =
            calloc(inference->batch_size, output->port.element_count * sizeof *output->values);
        inference->output_values[i] = output->values;
        succeeded = succeeded && output->values;
    }
    return succeeded;
}

static int allocate(cli_inference *inference)
{
    const size_t batch = inference->batch_size;
    inference->output_count = mote_model_output_count(inference->session.model);
    inference->input_count = mote_model_input_count(inference->session.model);
    inference->inputs = calloc(inference->input_count, sizeof *inference->inputs);
    inference->input_values = calloc(inference->input_count, sizeof *inference->input_values);
    inference->outputs = calloc(inference->output_count, sizeof *inference->outputs);
    inference->output_values = calloc(inference->output_count, sizeof *inference->output_values);
    inference->items = calloc(batch, sizeof *inference->items);
    const bool is_json = inference->session.options->json;
    inference->images = is_json ? json_array() : NULL;
    inference->samples = is_json ? json_array() : NULL;
    const bool has_results = !is_json || (inference->images && inference->samples);
    if (has_results && inference->items && allocate_inputs(inference) &&
        allocate_outputs(inference))
        return CLI_OK;
    cli_error("out of memory for a batch of %zu samples", batch);
    return CLI_FAILED;
}

static void release(cli_inference *inference)
{
    for (size_t i = 0; inference->outputs && i < inference->output_count; i++)
        free(inference->outputs[i].values);
    for (size_t i = 0; inference->inputs && i < inference->input_count; i++)
        free(inference->inputs[i].values);
    free(inference->inputs);
    free(inference->input_values);
    free(inference->outputs);
    free(inference->output_values);
    free(inference->items);
    json_decref(inference->images);
    json_decref(inference->samples);
}

static int print_json(cli_inference *inference)
{
    const cli_session *session = &inference->session;
    cli_json json = cli_json_make();
    json.failed |= inference->lacks_results;
    cli_json_add_text(&json, "model", session->path);
    cli_json_add_text(&json, "weights",
                      inference->weights ? inference->weights
                                         : mote_model_load_path(session->model));
    cli_json_add_size(&json, "threads", mote_context_thread_count(session->context));
    cli_json_add_text(&json, "cpu", mote_context_cpu(session->context));
    cli_json_add(&json, "images", json_incref(inference->images));
    cli_json_add(&json, "samples", json_incref(inference->samples));
    return cli_json_print(&json);
}

static int infer_files(cli_inference *inference)
{
    cli_session *session = &inference->session;
    mote_plan_info plan;
    if (cli_session_load(session) != MOTE_OK)
        return cli_fail();
    if (!cli_session_find_weights(session, &inference->weights))
        return CLI_FAILED;
    if (cli_session_compile(session, MOTE_MODE_INFER, inference->weights) != MOTE_OK ||
        mote_model_get_plan(session->model, &plan) != MOTE_OK)
        return cli_session_fail(session);
    if (cli_takes_text(session))
        return cli_infer_text(session, inference->weights);
    if (!cli_check_text_options(session))
        return CLI_FAILED;
    if (mote_model_allocate(session->model) != MOTE_OK)
        return cli_fail();
    inference->batch_size = plan.batch_size;
    int exit_code = allocate(inference);
    if (exit_code != CLI_OK)
        return exit_code;
    if (run_files(inference) != MOTE_OK)
        return cli_fail();
    if (inference->images)
        exit_code = print_json(inference);
    return inference->failed ? CLI_FAILED : exit_code;
}

/// Samples are run one at a time, in the least memory, unless the user sets a batch size.
static void set_batch(cli_options *options, mote_setting *settings)
{
    settings[0] = (mote_setting){.section = "Model", .key = "batch_size", .value = "1"};
    for (size_t i = 0; i < options->setting_count; i++)
        settings[i + 1] = options->settings[i];
    options->settings = settings;
    options->setting_count++;
}

int cli_run_infer(const cli_options *options)
{
    if (options->operand_count < 2 && !options->prompt) {
        cli_error("infer: a FILE or --text TEXT is missing, see 'mote infer --help'");
        return CLI_USAGE;
    }
    if (options->sample_seed && !options->generate) {
        cli_error("infer: option '--sample' needs '--generate'");
        return CLI_USAGE;
    }
    mote_setting *settings = calloc(options->setting_count + 1, sizeof *settings);
    if (!settings) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    cli_options with_batch = *options;
    set_batch(&with_batch, settings);
    cli_inference inference = {.session = {.options = &with_batch}};
    const int exit_code = infer_files(&inference);
    release(&inference);
    cli_session_release(&inference.session);
    free(settings);
    return exit_code;
}
