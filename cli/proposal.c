// SPDX-License-Identifier: Apache-2.0
// What model is proposed: a row for each kind of data.
#include "proposal_row.h"

#include <stdarg.h>
#include <string.h>

#define SIDE_MAX    64U // of images
#define BLOCKS_MAX  4U
#define FILTERS     16U // of the first block, doubled in each
#define HIDDEN_UNIT 64U

void cli_proposal_print(FILE *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(file, format, arguments);
    va_end(arguments);
}

void cli_proposal_print_key(FILE *file, const char *key, const char *value)
{
    const char *const quote = strpbrk(value, " \t;#\"") ? "\"" : "";
    cli_proposal_print(file, "%s = %s%s%s\n", key, quote, value, quote);
}

static void write_images(const cli_proposal *p, FILE *file)
{
    cli_proposal_print_key(file, "path", p->data);
}

static void write_idx(const cli_proposal *p, FILE *file)
{
    cli_proposal_print_key(file, "path", p->data);
    cli_proposal_print_key(file, "label_path", p->labels);
}

static void write_csv(const cli_proposal *p, FILE *file)
{
    const mote_data_info *const info = p->info;
    cli_proposal_print_key(file, "path", p->data);
    cli_proposal_print_key(file, "label", info->label);
    if (info->ignored[0])
        cli_proposal_print_key(file, "ignore", info->ignored);
    if (!info->has_header)
        cli_proposal_print(file, "header = false\n");
    if (strcmp(info->delimiter, "comma") != 0)
        cli_proposal_print_key(file, "delimiter", info->delimiter);
    if (info->has_missing_labels || info->has_missing)
        cli_proposal_print_key(file, "missing", info->has_missing_labels ? "drop" : "mean");
    cli_proposal_print(file, "standardize = true\n");
}

/// How often height and width can be halved until one is less than 8.
static size_t count_blocks(const cli_proposal *p)
{
    size_t side = p->height < p->width ? p->height : p->width;
    size_t count = 0;
    for (; side >= 8 && count < BLOCKS_MAX; side /= 2)
        count++;
    return count > 0 ? count : 1;
}

static void write_block(const cli_proposal *p, size_t block, FILE *file)
{
    cli_proposal_print(
        file,
        "\n[conv%zu]\ntype = conv2d\nfilters = %u\nkernel_size = 3,3\npadding = same\n"
        "disable_bias = true\n\n"
        "[norm%zu]\ntype = batch_normalization\nmomentum = 0.9\nactivation = relu\n",
        block + 1, FILTERS << block, block + 1);
    if (p->height > 1 && p->width > 1)
        cli_proposal_print(file, "\n[pool%zu]\ntype = pooling2d\npooling = max\npool_size = 2,2\n",
                           block + 1);
}

void cli_proposal_print_output(size_t units, FILE *file)
{
    cli_proposal_print(file, "\n[output]\ntype = fully_connected\nunit = %zu\n", units);
    if (units > 1)
        cli_proposal_print(file, "activation = softmax\n");
}

static void write_convolutions(const cli_proposal *p, FILE *file)
{
    const size_t blocks = count_blocks(p);
    cli_proposal_print(file, "\n[input]\ntype = input\ninput_shape = %zu:%zu:%zu\n", p->channels,
                       p->height, p->width);
    for (size_t i = 0; i < blocks; i++)
        write_block(p, i, file);
    cli_proposal_print(file,
                       "\n[flat]\ntype = flatten\n\n[drop]\ntype = dropout\ndropout_rate = 0.3\n\n"
                       "[hidden]\ntype = fully_connected\nunit = %u\nactivation = relu\n",
                       HIDDEN_UNIT);
    cli_proposal_print_output(p->info->class_count, file);
}

static void write_layers(const cli_proposal *p, FILE *file)
{
    cli_proposal_print(file, "\n[input]\ntype = input\ninput_shape = %zu\n", p->info->input_count);
    for (size_t i = 0; i < 2; i++)
        cli_proposal_print(file,
                           "\n[hidden%zu]\ntype = fully_connected\nunit = %u\nactivation = relu\n",
                           i + 1, HIDDEN_UNIT >> i);
    cli_proposal_print_output(p->info->class_count > 0 ? p->info->class_count : 1, file);
    if (p->info->class_count == 0) {
        cli_proposal_print(
            file,
            "\n# Deviation and mean of the labels: what is in front of it stays near 0 and 1.\n"
            "[unit]\ntype = rescale\nscale = %.9g\nshift = %.9g\n",
            p->info->label_deviation, p->info->label_mean);
    }
}

size_t cli_proposal_limit(size_t value, size_t minimum, size_t maximum)
{
    if (value < minimum)
        return minimum;
    return value > maximum ? maximum : value;
}

/// The longer side is at most SIDE_MAX, the ratio of the sides stays.
static bool decide_images(cli_proposal *p)
{
    const mote_data_info *const info = p->info;
    const size_t longer = info->height > info->width ? info->height : info->width;
    p->channels = info->channels;
    p->height = info->height;
    p->width = info->width;
    if (longer <= SIDE_MAX)
        return true;
    p->height = cli_proposal_limit((info->height * SIDE_MAX + longer / 2) / longer, 1, SIDE_MAX);
    p->width = cli_proposal_limit((info->width * SIDE_MAX + longer / 2) / longer, 1, SIDE_MAX);
    return true;
}

#define ADAM "type = adam\nlearning_rate = 0.002\n"

static const cli_proposal_row images = {
    .network = "convolutional network",
    .optimizer = ADAM,
    .step_goal = 1000,
    .epochs_min = 5,
    .epochs_max = 60,
    .decide = decide_images,
    .write_data = write_images,
    .write_network = write_convolutions,
};

static const cli_proposal_row idx = {
    .network = "convolutional network",
    .optimizer = ADAM,
    .step_goal = 1000,
    .epochs_min = 5,
    .epochs_max = 60,
    .decide = decide_images,
    .write_data = write_idx,
    .write_network = write_convolutions,
};

static const cli_proposal_row csv = {
    .network = "network of fully connected layers",
    .optimizer = ADAM,
    .step_goal = 3000,
    .epochs_min = 10,
    .epochs_max = 200,
    .write_data = write_csv,
    .write_network = write_layers,
};

static const cli_proposal_row *const rows[] = {
    [MOTE_DATA_IMAGES] = &images, [MOTE_DATA_WAV] = &cli_proposal_wav,   [MOTE_DATA_IDX] = &idx,
    [MOTE_DATA_CSV] = &csv,       [MOTE_DATA_TEXT] = &cli_proposal_text,
};

bool cli_proposal_decide(cli_proposal *proposal)
{
    const cli_proposal_row *const row = rows[proposal->info->kind];
    proposal->sample_count = proposal->info->sample_count;
    if (row->decide && !row->decide(proposal))
        return false;
    const size_t samples = (size_t)proposal->sample_count;
    proposal->validation_split = samples < 1000 ? 0.2 : 0.1;
    proposal->batch_size = samples < 400 ? 8 : samples < 10000 ? 16 : 32;
    const size_t trained = samples - (size_t)((double)samples * proposal->validation_split);
    const size_t steps = (trained + proposal->batch_size - 1) / proposal->batch_size;
    proposal->epochs =
        cli_proposal_limit((row->step_goal + steps - 1) / steps, row->epochs_min, row->epochs_max);
    proposal->step_count = steps * proposal->epochs;
    return true;
}

const char *cli_proposal_network(const cli_proposal *proposal)
{
    return rows[proposal->info->kind]->network;
}

void cli_proposal_write(const cli_proposal *proposal, FILE *file)
{
    const mote_data_info *const info = proposal->info;
    const cli_proposal_row *const row = rows[info->kind];
    const size_t warm_up = cli_proposal_limit(row->warm_up, 0, proposal->step_count / 10);
    cli_proposal_print(
        file,
        "# A small %s for data of type %s, proposed by mote init. docs/MODEL_FILE.md, or\n"
        "# mote layers, say what the keys mean and which others there are.\n\n"
        "[Model]\ntype = NeuralNetwork\nloss = %s\nbatch_size = %zu\nepochs = %zu\nseed = 1\n",
        row->network, mote_data_kind_name(info->kind),
        info->class_count > 0 || info->kind == MOTE_DATA_TEXT ? "cross" : "mse",
        proposal->batch_size, proposal->epochs);
    cli_proposal_print_key(file, "save_path", proposal->weights);
    cli_proposal_print(file,
                       "\n[Optimizer]\n%s\n"
                       "# decay_steps%s are the steps of all epochs.\n"
                       "[LearningRateScheduler]\ntype = cosine\ndecay_steps = %zu\n",
                       row->optimizer, warm_up > 0 ? " and warm_up" : "",
                       proposal->step_count - warm_up);
    if (warm_up > 0)
        cli_proposal_print(file, "warm_up = %zu\n", warm_up);
    cli_proposal_print(file, "\n[train_set]\n");
    cli_proposal_print_key(file, "type", mote_data_kind_name(info->kind));
    row->write_data(proposal, file);
    cli_proposal_print(file, "validation_split = %g\n", proposal->validation_split);
    row->write_network(proposal, file);
}
