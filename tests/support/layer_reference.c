// SPDX-License-Identifier: Apache-2.0
// Reads the cases and their values, and runs a layer for each.
#include "support/layer_reference.h"

#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE_BYTES   512U
#define NAME_BYTES   128U
#define LENGTH_BYTES 8U // of the header's length, at the start of a safetensors file

/// Derivatives of saturated functions are small differences of numbers around 1.
#define NORM_MINIMUM 0.0625

typedef struct reference {
    unsigned char *bytes;
    const char *header;
    const double *data;
    double tolerance;
} reference;

typedef struct reference_case {
    char line[LINE_BYTES];
    const char *name;
    layer_config config;
} reference_case;

static unsigned char *read_file(const char *folder, const char *name)
{
    char path[LINE_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *const file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const size_t count = (size_t)ftell(file);
    unsigned char *const bytes = malloc(count + 1);
    assert_non_null(bytes);
    assert_int_equal(fseek(file, 0, SEEK_SET), 0);
    assert_int_equal(fread(bytes, 1, count, file), count);
    bytes[count] = '\0';
    (void)fclose(file);
    return bytes;
}

static reference read_reference(const char *folder, double tolerance)
{
    reference r = {.bytes = read_file(folder, "layers.safetensors"), .tolerance = tolerance};
    uint64_t header_bytes = 0;
    memcpy(&header_bytes, r.bytes, sizeof header_bytes);
    r.header = (const char *)r.bytes + LENGTH_BYTES;
    r.data = (const double *)(const void *)(r.header + header_bytes);
    return r;
}

/// Values of "<case>/<tensor>", or NULL.
static const double *find_values(const reference *r, const char *name, const char *tensor,
                                 size_t *count)
{
    char key[NAME_BYTES];
    (void)snprintf(key, sizeof key, "\"%s/%s\"", name, tensor);
    const char *place = strstr(r->header, key);
    if (!place)
        return NULL;
    place = strchr(strstr(place, "data_offsets"), '[');
    char *end = NULL;
    const size_t first = strtoull(place + 1, &end, 10);
    const size_t last = strtoull(strpbrk(end, "0123456789"), NULL, 10);
    *count = (last - first) / sizeof(double);
    return r->data + first / sizeof(double);
}

/// The next field of a line, up to '|' or its end, without blanks around it.
static char *cut_field(char **rest)
{
    char *field = *rest;
    const size_t length = strcspn(field, "|\n");
    *rest = field + length + (field[length] != '\0');
    field[length] = '\0';
    field += strspn(field, " ");
    size_t used = strlen(field);
    while (used > 0 && field[used - 1] == ' ')
        used--;
    field[used] = '\0';
    return field;
}

static void read_shapes(char *field, layer_config *config)
{
    char *save = NULL;
    for (char *word = strtok_r(field, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        size_t *const dims = config->inputs[config->input_count++];
        for (size_t i = 0; i < 3; i++) {
            dims[i] = strtoull(word, &word, 10);
            word += *word == ':';
        }
    }
}

static void read_properties(char *field, layer_config *config)
{
    size_t count = 0;
    char *save = NULL;
    for (char *word = strtok_r(field, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if (strcmp(word, "trainable=false") == 0)
            config->frozen = true;
        else
            config->entries[count++] = word;
    }
}

/// name | layer | batch | shapes | properties
static void read_case(const char *line, reference_case *c)
{
    *c = (reference_case){.config = {.batch = 0}};
    (void)snprintf(c->line, sizeof c->line, "%s", line);
    char *rest = c->line;
    c->name = cut_field(&rest);
    c->config.layer = cut_field(&rest);
    c->config.batch = strtoull(cut_field(&rest), NULL, 10);
    read_shapes(cut_field(&rest), &c->config);
    read_properties(cut_field(&rest), &c->config);
}

static const struct tensor_name {
    const char *name;
    layer_tensor_kind kind;
    size_t index;
} given[] =
    {
        {"input", LAYER_INPUT, 0},
        {"input1", LAYER_INPUT, 1},
        {"input2", LAYER_INPUT, 2},
        {"label", LAYER_INPUT, 1},
        {"weight", LAYER_WEIGHT, 0},
        {"bias", LAYER_WEIGHT, 1},
        {"output_derivative", LAYER_OUTPUT_DERIVATIVE, 0},
        {"running_mean", LAYER_STATISTIC, 0},
        {"running_var", LAYER_STATISTIC, 1},
},
  expected[] = {
      {"output", LAYER_OUTPUT, 0},
      {"loss", LAYER_OUTPUT, 0},
      {"input_derivative", LAYER_INPUT_DERIVATIVE, 0},
      {"input1_derivative", LAYER_INPUT_DERIVATIVE, 1},
      {"input2_derivative", LAYER_INPUT_DERIVATIVE, 2},
      {"weight_gradient", LAYER_GRADIENT, 0},
      {"bias_gradient", LAYER_GRADIENT, 1},
      {"running_mean_after", LAYER_STATISTIC, 0},
      {"running_var_after", LAYER_STATISTIC, 1},
};

/// Labels by index where the layer takes them so.
static void set_label_index(const reference *r, const char *name, const layer_harness *harness)
{
    size_t count = 0;
    const double *const values = find_values(r, name, "label_index", &count);
    int32_t *const data = harness->slots[LAYER_INPUT][1].tensor.data;
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        data[i] = (int32_t)values[i];
}

static bool is_index(const layer_harness *harness, const struct tensor_name *tensor)
{
    return tensor->index < harness->slot_counts[tensor->kind] &&
           harness->slots[tensor->kind][tensor->index].tensor.spec.dtype == MOTE_DTYPE_I32;
}

static void set_given(const reference *r, const char *name, const layer_harness *harness)
{
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        size_t count = 0;
        const double *const values = find_values(r, name, given[i].name, &count);
        if (values && is_index(harness, &given[i]))
            set_label_index(r, name, harness);
        else if (values && layer_harness_data(harness, given[i].kind, given[i].index))
            layer_harness_set(harness, given[i].kind, given[i].index, count, values);
    }
}

static void compare(const reference *r, const char *name, const char *tensor, const mote_real *got)
{
    size_t count = 0;
    const double *const values = find_values(r, name, tensor, &count);
    if (!values)
        return;
    double difference = 0;
    double norm = 0;
    assert_non_null(got);
    for (size_t i = 0; i < count; i++) {
        difference += ((double)got[i] - values[i]) * ((double)got[i] - values[i]);
        norm += values[i] * values[i];
    }
    const double distance = sqrt(difference) / fmax(sqrt(norm), NORM_MINIMUM);
    if (!(distance <= r->tolerance))
        fail_msg("%s/%s: distance %.3g from PyTorch's", name, tensor, distance);
}

static void check_training(const reference *r, const char *name, const layer_config *config)
{
    layer_harness harness;
    layer_harness_build(&harness, config);
    set_given(r, name, &harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_GRADIENT);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_run(&harness, MOTE_PHASE_UPDATE);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        compare(r, name, expected[i].name,
                layer_harness_data(&harness, expected[i].kind, expected[i].index));
    if (harness.layer->kind == MOTE_LAYER_LOSS) {
        const mote_real *const metrics = layer_harness_data(&harness, LAYER_OUTPUT, 0);
        compare(r, name, "correct", metrics + MOTE_LOSS_CORRECT);
    }
    layer_harness_release(&harness);
}

/// Forward alone, by the layer of this configuration; its output is compared with `tensor`.
static void check_inference(const reference *r, const char *name, layer_config config,
                            const char *tensor)
{
    size_t count = 0;
    if (!find_values(r, name, tensor, &count))
        return;
    layer_harness harness;
    config.evaluation = true;
    layer_harness_build(&harness, &config);
    set_given(r, name, &harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    compare(r, name, tensor, layer_harness_data(&harness, LAYER_OUTPUT, 0));
    layer_harness_release(&harness);
}

static void check_case(const reference *r, const reference_case *c)
{
    check_training(r, c->name, &c->config);
    check_inference(r, c->name, c->config, "inference_output");
    if (strcmp(c->config.layer, "cross_softmax") != 0)
        return;
    layer_config shares = c->config;
    shares.entries[0] = "label=one_hot";
    check_training(r, c->name, &shares);
    layer_config softmax = c->config;
    softmax.layer = "activation";
    softmax.entries[0] = "activation=softmax";
    check_inference(r, c->name, softmax, "probabilities");
}

void layer_reference_check(const char *folder, double tolerance)
{
    reference r = read_reference(folder, tolerance);
    char *const text = (char *)read_file(folder, "cases.txt");
    size_t count = 0;
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (line[0] == '#')
            continue;
        reference_case c;
        read_case(line, &c);
        check_case(&r, &c);
        count++;
    }
    assert_true(count > 0);
    free(text);
    free(r.bytes);
}
