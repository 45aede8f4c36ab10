// SPDX-License-Identifier: Apache-2.0
// Squares, and the distinct shapes of layers in bench/models.
#include "yardsticks.h"

static const yardstick_kind products = {"products", &yardstick_openblas, 1.0, 0.7};
static const yardstick_kind convolutions = {"convolutions", &yardstick_onednn, 0.95, 0.65};

static const bench_shape squares[] = {
    {.rows = 128, .columns = 128, .depth = 128},    {.rows = 256, .columns = 256, .depth = 256},
    {.rows = 512, .columns = 512, .depth = 512},    {.rows = 1024, .columns = 1024, .depth = 1024},
    {.rows = 2048, .columns = 2048, .depth = 2048},
};

static const bench_shape connected[] = {
    {.rows = 64, .columns = 300, .depth = 150528},  // linear
    {.rows = 2048, .columns = 4096, .depth = 784},  // fc_chain
    {.rows = 2048, .columns = 2048, .depth = 4096}, //
    {.rows = 2048, .columns = 100, .depth = 2048},  //
    {.rows = 64, .columns = 120, .depth = 400},     // lenet5
    {.rows = 64, .columns = 84, .depth = 120},      //
    {.rows = 3072, .columns = 1152, .depth = 384},  // nanogpt_char
    {.rows = 3072, .columns = 384, .depth = 384},   //
    {.rows = 3072, .columns = 1536, .depth = 384},  //
    {.rows = 3072, .columns = 65, .depth = 384},    //
    {.rows = 16, .columns = 1000, .depth = 1280},   // mobilenetv2
};

static const bench_shape few[] = {
    {.rows = 1, .columns = 512, .depth = 512},
    {.rows = 1, .columns = 1000, .depth = 1280},
    {.rows = 1, .columns = 4096, .depth = 4096},
    {.rows = 64, .columns = 10, .depth = 150528},
};

#define CONVOLUTION(channels_, filters_, extent_, kernel_, stride_, pad_)                 \
    {                                                                                     \
        .channels = channels_, .filters = filters_, .extent = extent_, .kernel = kernel_, \
        .stride = stride_, .pad = pad_, .groups = 1                                       \
    }
#define DEPTHWISE(channels_, extent_, stride_)                                       \
    {                                                                                \
        .channels = channels_, .filters = channels_, .extent = extent_, .kernel = 3, \
        .stride = stride_, .pad = 1, .groups = channels_                             \
    }

static const bench_shape resnet18[] = {
    CONVOLUTION(3, 64, 32, 3, 1, 1),    CONVOLUTION(64, 64, 32, 3, 1, 1),
    CONVOLUTION(64, 128, 32, 3, 2, 1),  CONVOLUTION(64, 128, 32, 1, 2, 0),
    CONVOLUTION(128, 128, 16, 3, 1, 1), CONVOLUTION(128, 256, 16, 3, 2, 1),
    CONVOLUTION(128, 256, 16, 1, 2, 0), CONVOLUTION(256, 256, 8, 3, 1, 1),
    CONVOLUTION(256, 512, 8, 3, 2, 1),  CONVOLUTION(256, 512, 8, 1, 2, 0),
    CONVOLUTION(512, 512, 4, 3, 1, 1),
};

static const bench_shape vgg16[] = {
    CONVOLUTION(3, 64, 32, 3, 1, 1),   CONVOLUTION(64, 64, 32, 3, 1, 1),
    CONVOLUTION(64, 128, 16, 3, 1, 1), CONVOLUTION(128, 128, 16, 3, 1, 1),
    CONVOLUTION(128, 256, 8, 3, 1, 1), CONVOLUTION(256, 256, 8, 3, 1, 1),
    CONVOLUTION(256, 512, 4, 3, 1, 1), CONVOLUTION(512, 512, 4, 3, 1, 1),
    CONVOLUTION(512, 512, 2, 3, 1, 1),
};

static const bench_shape mobilenetv2[] = {
    CONVOLUTION(3, 32, 96, 3, 2, 1),
    DEPTHWISE(32, 48, 1),
    CONVOLUTION(32, 16, 48, 1, 1, 0),
    CONVOLUTION(16, 96, 48, 1, 1, 0),
    DEPTHWISE(96, 48, 2),
    CONVOLUTION(96, 24, 24, 1, 1, 0),
    CONVOLUTION(24, 144, 24, 1, 1, 0),
    DEPTHWISE(144, 24, 1),
    CONVOLUTION(144, 24, 24, 1, 1, 0),
    DEPTHWISE(144, 24, 2),
    CONVOLUTION(144, 32, 12, 1, 1, 0),
    CONVOLUTION(32, 192, 12, 1, 1, 0),
    DEPTHWISE(192, 12, 1),
    CONVOLUTION(192, 32, 12, 1, 1, 0),
    DEPTHWISE(192, 12, 2),
    CONVOLUTION(192, 64, 6, 1, 1, 0),
    CONVOLUTION(64, 384, 6, 1, 1, 0),
    DEPTHWISE(384, 6, 1),
    CONVOLUTION(384, 64, 6, 1, 1, 0),
    CONVOLUTION(384, 96, 6, 1, 1, 0),
    CONVOLUTION(96, 576, 6, 1, 1, 0),
    DEPTHWISE(576, 6, 1),
    CONVOLUTION(576, 96, 6, 1, 1, 0),
    DEPTHWISE(576, 6, 2),
    CONVOLUTION(576, 160, 3, 1, 1, 0),
    CONVOLUTION(160, 960, 3, 1, 1, 0),
    DEPTHWISE(960, 3, 1),
    CONVOLUTION(960, 160, 3, 1, 1, 0),
    CONVOLUTION(960, 320, 3, 1, 1, 0),
    CONVOLUTION(320, 1280, 3, 1, 1, 0),
};

static const bench_shape lenet5[] = {
    CONVOLUTION(1, 6, 28, 5, 1, 2),
    CONVOLUTION(6, 16, 14, 5, 1, 0),
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const yardstick_group yardstick_groups[] = {
    {"squares", &products, 0, squares, COUNT(squares)},
    {"fully connected", &products, 0, connected, COUNT(connected)},
    {"few rows or columns", &products, 0, few, COUNT(few)},
    {"ResNet-18", &convolutions, 16, resnet18, COUNT(resnet18)},
    {"VGG16", &convolutions, 64, vgg16, COUNT(vgg16)},
    {"MobileNetV2", &convolutions, 16, mobilenetv2, COUNT(mobilenetv2)},
    {"LeNet-5", &convolutions, 64, lenet5, COUNT(lenet5)},
};
const size_t yardstick_group_count = COUNT(yardstick_groups);

bool yardstick_has_part(const yardstick_group *group, size_t shape, bench_part part)
{
    return part != BENCH_DERIVATIVE || shape > 0 || group->kind != &convolutions;
}
