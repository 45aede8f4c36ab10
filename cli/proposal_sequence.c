// SPDX-License-Identifier: Apache-2.0
// Proposals for sequences: an LSTM that reads sounds, a Transformer that reads text.
#include "output.h"
#include "proposal_row.h"

#include <math.h>

// Of sounds.
#define RATE_MIN          1000U // else a frame has too few samples for bands of frequencies
#define FRAMES_MAX        300U
#define FRAME_SAMPLES_MIN 256.0
#define FRAME_LENGTH_MIN  32.0 // milliseconds
#define FRAME_LENGTH_MAX  200.0
#define COEFFICIENTS      13U
#define MEMORY_UNITS      64U

/// The longest sound unless it is much longer than others.
static size_t get_samples(const mote_data_info *info)
{
    const uint64_t usual = info->usual;
    const uint64_t samples = info->longest <= usual + usual / 2 ? info->longest : usual;
    return samples < UINT32_MAX ? (size_t)samples : UINT32_MAX;
}

static size_t count_samples(const cli_proposal *p, double milliseconds)
{
    return (size_t)floor(milliseconds * (double)p->info->sample_rate / 1000.0 + 0.5);
}

static bool decide_wav(cli_proposal *p)
{
    const size_t samples = get_samples(p->info);
    if (p->info->sample_rate < RATE_MIN) {
        cli_error("'%s' has %zu samples a second; a network is proposed for sounds of at least %u",
                  p->data, p->info->sample_rate, RATE_MIN);
        return false;
    }
    const double least = ceil(FRAME_SAMPLES_MIN * 1000.0 / (double)p->info->sample_rate);
    p->frame_length = fmin(fmax(least, FRAME_LENGTH_MIN), FRAME_LENGTH_MAX);
    const size_t frame = count_samples(p, p->frame_length);
    const size_t step = count_samples(p, p->frame_length / 2);
    p->frames =
        cli_proposal_limit(samples < frame ? 1 : 1 + (samples - frame) / step, 1, FRAMES_MAX);
    return true;
}

double cli_proposal_seconds(const cli_proposal *proposal)
{
    return proposal->frame_length / 2000.0 * ((double)proposal->frames + 1.0);
}

static void write_wav(const cli_proposal *p, FILE *file)
{
    cli_proposal_print_key(file, "path", p->data);
    cli_proposal_print(file, "sample_rate = %zu\n", p->info->sample_rate);
    cli_proposal_print(file,
                       "features = mfcc\nframe_length = %g\nframe_step = %g\nmel_count = 32\n"
                       "coefficient_count = %u\n",
                       p->frame_length, p->frame_length / 2, COEFFICIENTS);
    cli_proposal_print(file, "standardize = true\n");
}

static void write_lstm(const cli_proposal *p, FILE *file)
{
    cli_proposal_print(file,
                       "\n# Frames of a sound; longer ones are cut, shorter ones filled up.\n"
                       "[sound]\ntype = input\ninput_shape = 1:%zu:%u\n\n"
                       "# How many of them are the sound's own.\n"
                       "[length]\ntype = input\ninput_shape = 1:1:1\ndtype = int32\n\n"
                       "[memory]\ntype = lstm\nunit = %u\ninput_layers = sound, length\n\n"
                       "[drop]\ntype = dropout\ndropout_rate = 0.2\n",
                       p->frames, COEFFICIENTS, MEMORY_UNITS);
    cli_proposal_print_output(p->info->class_count, file);
}

const cli_proposal_row cli_proposal_wav = {
    .network = "LSTM",
    .optimizer = "type = adam\nlearning_rate = 0.003\nclip_norm = 1\n",
    .step_goal = 1500,
    .epochs_min = 5,
    .epochs_max = 60,
    .decide = decide_wav,
    .write_data = write_wav,
    .write_network = write_lstm,
};

// Of text: a row for each size of file.
static const struct {
    uint64_t bytes; // up to
    size_t window, blocks, features;
} sizes[] = {
    {4000, 16, 1, 32},
    {20000, 32, 1, 32},
    {200000, 64, 1, 64},
    {UINT64_MAX, 64, 2, 64},
};

static bool decide_text(cli_proposal *p)
{
    size_t row = 0;
    while (p->info->byte_count > sizes[row].bytes)
        row++;
    p->window = sizes[row].window;
    p->blocks = sizes[row].blocks;
    p->features = sizes[row].features;
    p->sample_count =
        (p->info->byte_count - 1) / p->window; // a byte behind the last one is its label
    return true;
}

static void write_text(const cli_proposal *p, FILE *file)
{
    cli_proposal_print_key(file, "path", p->data);
}

/// Attention and a perceptron, each behind a normalization and added to what went in.
static void write_block(const cli_proposal *p, size_t block, const char *input, FILE *file)
{
    cli_proposal_print(
        file,
        "\n[norm%zua]\ntype = layer_normalization\ninput_layers = %s\n\n"
        "[attention%zu]\ntype = multi_head_attention\nnum_heads = 4\ncausal = true\n\n"
        "[sum%zua]\ntype = addition\ninput_layers = %s, attention%zu\n",
        block, input, block, block, input, block);
    cli_proposal_print(file,
                       "\n[norm%zub]\ntype = layer_normalization\n\n"
                       "[up%zu]\ntype = fully_connected\nunit = %zu\nactivation = gelu\n\n"
                       "[down%zu]\ntype = fully_connected\nunit = %zu\n\n"
                       "[sum%zub]\ntype = addition\ninput_layers = sum%zua, down%zu\n",
                       block, block, 4 * p->features, block, p->features, block, block, block);
}

static void write_transformer(const cli_proposal *p, FILE *file)
{
    cli_proposal_print(
        file,
        "\n# The bytes that it sees; what is to be guessed is the byte behind each.\n"
        "[tokens]\ntype = input\ninput_shape = 1:1:%zu\ndtype = int32\n\n"
        "[bytes]\ntype = embedding\nin_dim = 256\nout_dim = %zu\n\n"
        "[places]\ntype = positional_encoding\nencoding = learned\n\n"
        "[start]\ntype = dropout\ndropout_rate = 0.1\n",
        p->window, p->features);
    for (size_t i = 1; i <= p->blocks; i++) {
        char input[32] = "start";
        if (i > 1)
            cli_format(input, sizeof input, "sum%zub", i - 1);
        write_block(p, i, input, file);
    }
    cli_proposal_print(file, "\n[norm]\ntype = layer_normalization\n\n"
                             "# Its matrix is the table of the bytes.\n"
                             "[output]\ntype = fully_connected\nunit = 256\nshared_from = bytes\n"
                             "activation = softmax\n");
}

const cli_proposal_row cli_proposal_text = {
    .network = "causal Transformer",
    .optimizer = "type = adamw\nlearning_rate = 0.003\nclip_norm = 1\n",
    .step_goal = 1500,
    .epochs_min = 1,
    .epochs_max = 30,
    .warm_up = 100,
    .decide = decide_text,
    .write_data = write_text,
    .write_network = write_transformer,
};
