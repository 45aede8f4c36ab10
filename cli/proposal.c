// SPDX-License-Identifier: Apache-2.0
// What model is proposed: a row for each kind of data.
#include "proposal.h"

#include <stdarg.h>
#include <string.h>

#define SIDE_MAX    64U // of images
#define BLOCKS_MAX  4U
#define FILTERS     16U // of the first block, doubled in each
#define HIDDEN_UNIT 64U

typedef struct proposal_row {
    mote_data_kind kind;
    const char *network;
    size_t step_goal, epochs_min, epochs_max;
    double learning_rate;
    void (*write_data)(const cli_proposal *proposal, FILE *file); // keys of [train_set]
    void (*write_network)(const cli_proposal *proposal, FILE *file);
} proposal_row;

static void print(FILE *file, const char *format, ...) MOTE_PRINTF(2, 3);

static void print(FILE *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(file, format, arguments); // a failure is kept by the stream
    va_end(arguments);
}

/// "key = value", in quotes where the value would not be read as it is.
static void print_key(FILE *file, const char *key, const char *value)
{
    const char *const quote = strpbrk(value, " \t;#\"") ? "\"" : "";
    print(file, "%s = %s%s%s\n", key, quote, value, quote);
}

static void write_images(const cli_proposal *p, FILE *file)
{
    print_key(file, "path", p->data);
}

static void write_idx(const cli_proposal *p, FILE *file)
{
    print_key(file, "path", p->data);
    print_key(file, "label_path", p->labels);
}

static void write_csv(const cli_proposal *p, FILE *file)
{
    const mote_data_info *const info = p->info;
    print_key(file, "path", p->data);
    print_key(file, "label", info->label);
    if (info->ignored[0])
        print_key(file, "ignore", info->ignored);
    if (!info->has_header)
        print(file, "header = false\n");
    if (strcmp(info->delimiter, "comma") != 0)
        print_key(file, "delimiter", info->delimiter);
    if (info->has_missing_labels || info->has_missing)
        print_key(file, "missing", info->has_missing_labels ? "drop" : "mean");
    print(file, "standardize = true\n");
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
    print(file,
          "\n[conv%zu]\ntype = conv2d\nfilters = %u\nkernel_size = 3,3\npadding = same\n"
          "disable_bias = true\n\n"
          "[norm%zu]\ntype = batch_normalization\nmomentum = 0.9\nactivation = relu\n",
          block + 1, FILTERS << block, block + 1);
    if (p->height > 1 && p->width > 1)
        print(file, "\n[pool%zu]\ntype = pooling2d\npooling = max\npool_size = 2,2\n", block + 1);
}

static void write_output(size_t units, FILE *file)
{
    print(file, "\n[output]\ntype = fully_connected\nunit = %zu\n", units);
    if (units > 1)
        print(file, "activation = softmax\n");
}

static void write_convolutions(const cli_proposal *p, FILE *file)
{
    const size_t blocks = count_blocks(p);
    print(file, "\n[input]\ntype = input\ninput_shape = %zu:%zu:%zu\n", p->channels, p->height,
          p->width);
    for (size_t i = 0; i < blocks; i++)
        write_block(p, i, file);
    print(file,
          "\n[flat]\ntype = flatten\n\n[drop]\ntype = dropout\ndropout_rate = 0.3\n\n"
          "[hidden]\ntype = fully_connected\nunit = %u\nactivation = relu\n",
          HIDDEN_UNIT);
    write_output(p->info->class_count, file);
}

static void write_layers(const cli_proposal *p, FILE *file)
{
    print(file, "\n[input]\ntype = input\ninput_shape = %zu\n", p->info->input_count);
    for (size_t i = 0; i < 2; i++)
        print(file, "\n[hidden%zu]\ntype = fully_connected\nunit = %u\nactivation = relu\n", i + 1,
              HIDDEN_UNIT >> i);
    write_output(p->info->class_count > 0 ? p->info->class_count : 1, file);
}

static const proposal_row rows[] = {
    {MOTE_DATA_IMAGES, "convolutional network", 1000, 5, 60, 2e-3, write_images,
     write_convolutions},
    {MOTE_DATA_IDX, "convolutional network", 1000, 5, 60, 2e-3, write_idx, write_convolutions},
    {MOTE_DATA_CSV, "network of fully connected layers", 3000, 10, 200, 2e-3, write_csv,
     write_layers},
};

static const proposal_row *find_row(const mote_data_info *info)
{
    const proposal_row *row = rows;
    while (row->kind != info->kind)
        row++;
    return row;
}

static size_t limit(size_t value, size_t minimum, size_t maximum)
{
    if (value < minimum)
        return minimum;
    return value > maximum ? maximum : value;
}

/// The longer side is at most SIDE_MAX, the ratio of the sides stays.
static void decide_input(cli_proposal *p)
{
    const mote_data_info *const info = p->info;
    const size_t longer = info->height > info->width ? info->height : info->width;
    p->channels = info->channels;
    p->height = info->height;
    p->width = info->width;
    if (longer <= SIDE_MAX)
        return;
    p->height = limit((info->height * SIDE_MAX + longer / 2) / longer, 1, SIDE_MAX);
    p->width = limit((info->width * SIDE_MAX + longer / 2) / longer, 1, SIDE_MAX);
}

void cli_proposal_decide(cli_proposal *proposal)
{
    const proposal_row *const row = find_row(proposal->info);
    const size_t samples = (size_t)proposal->info->sample_count;
    decide_input(proposal);
    proposal->validation_split = samples < 1000 ? 0.2 : 0.1;
    proposal->batch_size = samples < 400 ? 8 : samples < 10000 ? 16 : 32;
    const size_t trained = samples - (size_t)((double)samples * proposal->validation_split);
    const size_t steps = (trained + proposal->batch_size - 1) / proposal->batch_size;
    proposal->epochs =
        limit((row->step_goal + steps - 1) / steps, row->epochs_min, row->epochs_max);
    proposal->step_count = steps * proposal->epochs;
}

const char *cli_proposal_network(const cli_proposal *proposal)
{
    return find_row(proposal->info)->network;
}

void cli_proposal_write(const cli_proposal *proposal, FILE *file)
{
    const proposal_row *const row = find_row(proposal->info);
    print(file,
          "# A small %s for %s, proposed by mote init. docs/MODEL_FILE.md, or\n"
          "# mote layers, say what the keys mean and which others there are.\n\n"
          "[Model]\ntype = NeuralNetwork\nloss = %s\nbatch_size = %zu\nepochs = %zu\nseed = 1\n",
          row->network, mote_data_kind_name(row->kind),
          proposal->info->class_count > 0 ? "cross" : "mse", proposal->batch_size,
          proposal->epochs);
    print_key(file, "save_path", proposal->weights);
    print(file,
          "\n[Optimizer]\ntype = adam\nlearning_rate = %g\n\n"
          "# decay_steps are the steps of all epochs.\n"
          "[LearningRateScheduler]\ntype = cosine\ndecay_steps = %zu\n\n[train_set]\n",
          row->learning_rate, proposal->step_count);
    print_key(file, "type", mote_data_kind_name(row->kind));
    row->write_data(proposal, file);
    print(file, "validation_split = %g\n", proposal->validation_split);
    row->write_network(proposal, file);
}
