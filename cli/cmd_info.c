// SPDX-License-Identifier: Apache-2.0
// mote info: what is in a file of weights, and whether it fits a model.
#include "commands.h"
#include "output.h"
#include "session.h"

#include <inttypes.h>
#include <string.h>

typedef struct cli_info {
    const cli_options *options;
    const char *path;
    mote_tensor_file *file;
    uint64_t bytes, elements, nonfinite; // of all tensors
    bool fits;                           // the model of --model
    char misfit[1024];                   // why it does not
} cli_info;

enum {
    SHAPE_LENGTH = 64
};

/// "16:8:3:3"; of a scalar "-".
static const char *format_shape(const mote_file_tensor *tensor, char *text)
{
    size_t length = cli_format(text, SHAPE_LENGTH, "%s", tensor->rank ? "" : "-");
    for (size_t i = 0; i < tensor->rank; i++)
        length += cli_format(text + length, SHAPE_LENGTH - length, "%s%" PRIu64, i ? ":" : "",
                             tensor->dims[i]);
    return text;
}

static mote_status get_tensor(const cli_info *info, size_t index, mote_file_tensor *tensor,
                              mote_tensor_summary *summary)
{
    const mote_status status = mote_tensor_file_get_tensor(info->file, index, tensor);
    return status == MOTE_OK ? mote_tensor_file_summarize(info->file, index, summary) : status;
}

static size_t find_name_width(const cli_info *info)
{
    size_t width = strlen("tensor");
    mote_file_tensor tensor;
    for (size_t i = 0; mote_tensor_file_get_tensor(info->file, i, &tensor) == MOTE_OK; i++)
        width = strlen(tensor.name) > width ? strlen(tensor.name) : width;
    return width;
}

static void count_tensor(cli_info *info, const mote_file_tensor *tensor,
                         const mote_tensor_summary *summary)
{
    info->bytes += tensor->bytes;
    info->elements += tensor->element_count;
    info->nonfinite += summary->nonfinite_count;
}

static mote_status print_tensors(cli_info *info)
{
    const int width = (int)find_name_width(info);
    const size_t count = mote_tensor_file_tensor_count(info->file);
    if (count)
        cli_print("%-*s  %-4s  %-14s %12s %10s %10s %10s %10s\n", width, "tensor", "type", "shape",
                  "bytes", "minimum", "maximum", "mean", "not finite");
    for (size_t i = 0; i < count; i++) {
        char shape[SHAPE_LENGTH];
        mote_file_tensor tensor;
        mote_tensor_summary summary;
        const mote_status status = get_tensor(info, i, &tensor, &summary);
        if (status != MOTE_OK)
            return status;
        count_tensor(info, &tensor, &summary);
        cli_print("%-*s  %-4s  %-14s %12" PRIu64 " %10.4g %10.4g %10.4g %10" PRIu64 "\n", width,
                  tensor.name, tensor.dtype, format_shape(&tensor, shape), tensor.bytes,
                  summary.minimum, summary.maximum, summary.mean, summary.nonfinite_count);
    }
    return MOTE_OK;
}

static int print_text(cli_info *info)
{
    char bytes[CLI_BYTES_LENGTH];
    const char *key = NULL;
    const char *value = NULL;
    if (print_tensors(info) != MOTE_OK)
        return cli_fail();
    for (size_t i = 0; i < mote_tensor_file_metadata_count(info->file); i++) {
        if (mote_tensor_file_get_metadata(info->file, i, &key, &value) == MOTE_OK)
            cli_print("%s%-20s %s\n", i ? "" : "\n", key, value);
    }
    cli_print("\n%zu tensors, %" PRIu64 " elements, %s, %" PRIu64 " not finite\n",
              mote_tensor_file_tensor_count(info->file), info->elements,
              cli_format_bytes((size_t)info->bytes, bytes), info->nonfinite);
    if (info->options->model && info->fits)
        cli_print("fits %s\n", info->options->model);
    else if (info->options->model)
        cli_print("does not fit %s: %s\n", info->options->model, info->misfit);
    return CLI_OK;
}

static mote_status add_tensor(cli_info *info, size_t index, cli_json *tensors)
{
    mote_file_tensor tensor;
    mote_tensor_summary summary;
    const mote_status status = get_tensor(info, index, &tensor, &summary);
    if (status != MOTE_OK)
        return status;
    count_tensor(info, &tensor, &summary);
    cli_json shape = cli_json_make_array();
    for (size_t i = 0; i < tensor.rank; i++)
        cli_json_append(&shape, json_integer((json_int_t)tensor.dims[i]));
    cli_json json = cli_json_make();
    cli_json_add_text(&json, "name", tensor.name);
    cli_json_add_text(&json, "dtype", tensor.dtype);
    cli_json_add(&json, "shape", shape.root);
    cli_json_add_size(&json, "bytes", tensor.bytes);
    cli_json_add_real(&json, "minimum", summary.minimum);
    cli_json_add_real(&json, "maximum", summary.maximum);
    cli_json_add_real(&json, "mean", summary.mean);
    cli_json_add_size(&json, "nonfinite_count", summary.nonfinite_count);
    tensors->failed |= json.failed || shape.failed;
    cli_json_append(tensors, json.root);
    return MOTE_OK;
}

static json_t *make_metadata(const cli_info *info, bool *failed)
{
    const char *key = NULL;
    const char *value = NULL;
    cli_json json = cli_json_make();
    for (size_t i = 0; i < mote_tensor_file_metadata_count(info->file); i++) {
        if (mote_tensor_file_get_metadata(info->file, i, &key, &value) == MOTE_OK)
            cli_json_add_text(&json, key, value);
    }
    *failed |= json.failed;
    return json.root;
}

static int print_json(cli_info *info)
{
    cli_json tensors = cli_json_make_array();
    mote_status status = MOTE_OK;
    const size_t count = mote_tensor_file_tensor_count(info->file);
    for (size_t i = 0; i < count && status == MOTE_OK; i++)
        status = add_tensor(info, i, &tensors);
    if (status != MOTE_OK) {
        json_decref(tensors.root);
        return cli_fail();
    }
    cli_json json = cli_json_make();
    json.failed |= tensors.failed;
    cli_json_add_text(&json, "file", info->path);
    cli_json_add(&json, "tensors", tensors.root);
    cli_json_add_size(&json, "tensor_count", count);
    cli_json_add_size(&json, "element_count", info->elements);
    cli_json_add_size(&json, "bytes", info->bytes);
    cli_json_add_size(&json, "nonfinite_count", info->nonfinite);
    cli_json_add(&json, "metadata", make_metadata(info, &json.failed));
    cli_json_add_text(&json, "model", info->options->model);
    cli_json_add(&json, "fits", info->options->model ? json_boolean(info->fits) : json_null());
    cli_json_add_text(&json, "misfit", info->misfit[0] ? info->misfit : NULL);
    return cli_json_print(&json);
}

/// Whether the model takes the file: an error of the model itself is told and gives false.
static bool try_model(cli_info *info, mote_context *context, mote_model **model)
{
    const cli_options *options = info->options;
    const mote_compile_config config = {.modes = MOTE_MODE_INFER};
    if (mote_model_load(context, options->model, options->settings, options->setting_count,
                        model) != MOTE_OK ||
        mote_model_compile(*model, &config) != MOTE_OK) {
        (void)cli_fail();
        return false;
    }
    info->fits = mote_model_load_weights(*model, info->path) == MOTE_OK;
    if (!info->fits)
        cli_format(info->misfit, sizeof info->misfit, "%s", mote_last_error()->message);
    return true;
}

static int inspect_file(cli_info *info, mote_context *context, mote_model **model)
{
    if (mote_tensor_file_open(context, info->path, &info->file) != MOTE_OK)
        return cli_fail();
    if (info->options->model && !try_model(info, context, model))
        return CLI_FAILED;
    const int exit_code = info->options->json ? print_json(info) : print_text(info);
    return info->misfit[0] && exit_code == CLI_OK ? CLI_FAILED : exit_code;
}

int cli_run_info(const cli_options *options)
{
    mote_context *context = NULL;
    mote_model *model = NULL;
    cli_info info = {.options = options, .path = options->operands[0]};
    if (cli_context_create(options, 1, &context) != MOTE_OK)
        return cli_fail();
    const int exit_code = inspect_file(&info, context, &model);
    mote_tensor_file_close(&info.file);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return exit_code;
}
