// SPDX-License-Identifier: Apache-2.0
// mote init: a model file to start with, for data that are there.
#include "commands.h"
#include "new_file.h"
#include "output.h"
#include "proposal.h"
#include "session.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/// Names of the files as a model file can say them.
typedef struct init_names {
    const char *output;
    char data[PATH_MAX], labels[PATH_MAX];
    char weights[PATH_MAX];
} init_names;

/// Paths in a model file are relative to its folder: `path` as it is where that is the current one.
static bool make_path(const char *output, const char *path, char *made)
{
    if (strlen(path) < PATH_MAX && (!strchr(output, '/') || path[0] == '/')) {
        cli_format(made, PATH_MAX, "%s", path);
        return true;
    }
    if (realpath(path, made))
        return true;
    cli_error("cannot find '%s': %s", path, strerror(errno));
    return false;
}

/// The output's name without folder and ending.
static void make_weights(const char *output, char *made)
{
    const char *const slash = strrchr(output, '/');
    const char *const name = slash ? slash + 1 : output;
    const char *const dot = strrchr(name, '.');
    const size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    cli_format(made, PATH_MAX, "%.*s.safetensors", (int)length, name);
}

static bool make_names(const mote_data_info *info, const char *data, init_names *names)
{
    make_weights(names->output, names->weights);
    return make_path(names->output, data, names->data) &&
           (info->kind != MOTE_DATA_IDX || make_path(names->output, info->label, names->labels));
}

/// A file that is there stays as it is.
static int write_model(mote_context *context, const cli_proposal *proposal, const char *path)
{
    struct stat status;
    cli_new_file file;
    if (lstat(path, &status) == 0) {
        cli_error("'%s' is already there and stays as it is; --output names another file", path);
        return CLI_FAILED;
    }
    if (!cli_new_file_begin(&file))
        return CLI_FAILED;
    cli_proposal_write(proposal, file.stream);
    return cli_new_file_write(&file, context, path) ? CLI_OK : CLI_FAILED;
}

/// What was written can be read. Not so where a path is too long for a line, for example.
static int check_model(mote_context *context, const char *path)
{
    mote_model *model = NULL;
    if (mote_model_load(context, path, NULL, 0, &model) == MOTE_OK) {
        mote_model_destroy(&model);
        return CLI_OK;
    }
    (void)remove(path);
    return cli_fail();
}

static void add_input(const cli_proposal *p, cli_json *json)
{
    const mote_data_info *const info = p->info;
    switch (info->kind) {
    case MOTE_DATA_IMAGES:
    case MOTE_DATA_IDX:
        cli_json_add_size(json, "channels", p->channels);
        cli_json_add_size(json, "height", p->height);
        cli_json_add_size(json, "width", p->width);
        break;
    case MOTE_DATA_WAV:
        cli_json_add_size(json, "sample_rate", info->sample_rate);
        cli_json_add_real(json, "longest_seconds",
                          (double)info->longest / (double)info->sample_rate);
        cli_json_add_size(json, "frames", p->frames);
        break;
    case MOTE_DATA_CSV:
        cli_json_add_size(json, "input_count", info->input_count);
        break;
    case MOTE_DATA_TEXT:
        cli_json_add_size(json, "byte_count", info->byte_count);
        cli_json_add_size(json, "window", p->window);
        break;
    case MOTE_DATA_KIND_COUNT:
        break;
    }
}

static int print_json(const cli_proposal *p, const char *data, const char *output)
{
    const mote_data_info *const info = p->info;
    cli_json json = cli_json_make();
    cli_json_add_text(&json, "data", data);
    cli_json_add_text(&json, "kind", mote_data_kind_name(info->kind));
    cli_json_add_size(&json, "sample_count", p->sample_count);
    cli_json_add_size(&json, "class_count", info->class_count);
    cli_json_add_text(&json, "class_names", info->class_names[0] ? info->class_names : NULL);
    cli_json_add_text(&json, "label", info->label[0] ? info->label : NULL);
    cli_json_add_text(&json, "ignored", info->ignored[0] ? info->ignored : NULL);
    add_input(p, &json);
    cli_json_add_text(&json, "network", cli_proposal_network(p));
    cli_json_add_size(&json, "batch_size", p->batch_size);
    cli_json_add_size(&json, "epochs", p->epochs);
    cli_json_add_text(&json, "model", output);
    return cli_json_print(&json);
}

static void print_images(const cli_proposal *p)
{
    const mote_data_info *const info = p->info;
    cli_print("%llu %s images", (unsigned long long)info->sample_count,
              info->channels == 1 ? "grey" : "colour");
    cli_print(info->sizes_differ ? ", most of %zux%zu (width x height)" : " of %zux%zu",
              info->width, info->height);
    if (info->sizes_differ || p->width != info->width || p->height != info->height)
        cli_print(", fitted to %zux%zu", p->width, p->height);
}

static void print_sounds(const cli_proposal *p)
{
    const mote_data_info *const info = p->info;
    const double longest = (double)info->longest / (double)info->sample_rate;
    const double taken = cli_proposal_seconds(p);
    cli_print("%llu sounds of %zu samples a second%s, the longest of %.2f s",
              (unsigned long long)info->sample_count, info->sample_rate,
              info->channels == 1 ? "" : " (the mean of their channels)", longest);
    if (longest > 1.1 * taken)
        cli_print(", cut to %.2f s", taken);
}

static void print_text(const cli_proposal *p)
{
    cli_print("%llu bytes of text, %llu windows of %zu", (unsigned long long)p->info->byte_count,
              (unsigned long long)p->sample_count, p->window);
}

static void print_columns(const cli_proposal *p)
{
    const mote_data_info *const info = p->info;
    cli_print("%llu rows of %zu numbers", (unsigned long long)info->sample_count,
              info->input_count);
    if (info->ignored[0])
        cli_print(", without the columns of texts %s", info->ignored);
    if (info->class_count == 0)
        cli_print("; label '%s' is a number, %.4g on average, deviation %.4g", info->label,
                  info->label_mean, info->label_deviation);
    else
        cli_print("; label '%s'", info->label);
}

/// What is printed of each kind.
static const struct {
    void (*print)(const cli_proposal *proposal);
    const char *sample; // for infer
} sights[] = {
    [MOTE_DATA_IMAGES] = {print_images, " FILE"},
    [MOTE_DATA_WAV] = {print_sounds, " FILE.wav"},
    [MOTE_DATA_IDX] = {print_images, " FILE"},
    [MOTE_DATA_CSV] = {print_columns, " FILE.csv"},
    [MOTE_DATA_TEXT] = {print_text, " --text 'The ' --generate 60"},
};

static void print_found(const cli_proposal *p, const char *data)
{
    const mote_data_info *const info = p->info;
    cli_print("%s: ", data);
    sights[info->kind].print(p);
    if (info->class_count > 0)
        cli_print(", %zu classes%s%.200s", info->class_count, info->class_names[0] ? ": " : "",
                  info->class_names);
    cli_print("\n");
}

static void print_next(const cli_proposal *p, const char *output)
{
    const struct {
        const char *command, *rest, *meaning;
    } next[] = {
        {"check", "", "finds what is wrong, reads every sample"},
        {"plan", "", "says what memory training takes"},
        {"train", "", "trains and writes the weights"},
        {"eval", " --data valid_set", "measures on samples that training did not see"},
        {"infer", sights[p->info->kind].sample, "answers for a new sample"},
    };

    cli_print("%s: %s, %zu epochs in batches of %zu, %g %% of the samples for validation\n\n",
              output, cli_proposal_network(p), p->epochs, p->batch_size, 100 * p->validation_split);
    for (size_t i = 0; i < sizeof next / sizeof next[0]; i++) {
        cli_print("mote %s ", next[i].command);
        cli_quote(cli_print, output);
        cli_print("%s   # %s\n", next[i].rest, next[i].meaning);
    }
}

static int propose(mote_context *context, const cli_options *options, const mote_data_info *info)
{
    const char *const data = options->operands[0];
    init_names names = {.output = options->output ? options->output : "model.ini"};
    if (!make_names(info, data, &names))
        return CLI_FAILED;
    cli_proposal proposal = {.info = info,
                             .data = names.data,
                             .labels = info->kind == MOTE_DATA_IDX ? names.labels : NULL,
                             .weights = names.weights};
    if (!cli_proposal_decide(&proposal) ||
        write_model(context, &proposal, names.output) != CLI_OK ||
        check_model(context, names.output) != CLI_OK)
        return CLI_FAILED;
    if (options->json)
        return print_json(&proposal, data, names.output);
    print_found(&proposal, data);
    print_next(&proposal, names.output);
    return CLI_OK;
}

int cli_run_init(const cli_options *options)
{
    const mote_inspection_config config = {.type = options->type, .label = options->label};
    mote_context *context = NULL;
    mote_inspection *inspection = NULL;
    int exit_code = CLI_FAILED;
    if (cli_context_create(options, 1, &context) != MOTE_OK ||
        mote_inspection_create(context, options->operands[0], &config, &inspection) != MOTE_OK)
        exit_code = cli_fail();
    else
        exit_code = propose(context, options, mote_inspection_get(inspection));
    mote_inspection_destroy(&inspection);
    mote_context_destroy(&context);
    return exit_code;
}
