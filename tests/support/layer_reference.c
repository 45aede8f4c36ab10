// SPDX-License-Identifier: Apache-2.0
// Reads the cases and their values, and runs a layer for each.
#include "support/layer_reference.h"

#include "support/layer_harness.h"

#include <dirent.h>
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

/// A key's bias changes no probability of attention: its gradient is a sum of terms that cancel.
#define CANCELLING "key.bias_gradient"

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
    char path[4 * LINE_BYTES];
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

static reference read_reference(const char *folder, const char *group, double tolerance)
{
    char name[2 * LINE_BYTES];
    (void)snprintf(name, sizeof name, "%s.safetensors", group);
    reference r = {.bytes = read_file(folder, name), .tolerance = tolerance};
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

/// Words like 1:3:5, 1:1:5/int32, 1:3:5/shared.
static void read_shapes(char *field, layer_config *config)
{
    char *save = NULL;
    for (char *word = strtok_r(field, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        size_t *const dims = config->inputs[config->input_count];
        for (size_t i = 0; i < 3; i++) {
            dims[i] = strtoull(word, &word, 10);
            word += *word == ':';
        }
        const unsigned bit = 1U << config->input_count++;
        config->integer_inputs |= strcmp(word, "/int32") == 0 ? bit : 0;
        config->shared_inputs |= strcmp(word, "/shared") == 0 ? bit : 0;
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

/// "input" for 0, "input1", ...; of weights and statistics the declared name; then the suffix.
static void write_tensor_name(const layer_harness *harness, layer_tensor_kind kind, size_t index,
                              const char *suffix, char *name)
{
    const bool is_output = kind == LAYER_OUTPUT || kind == LAYER_OUTPUT_DERIVATIVE;
    const mote_declaration *const declaration = &harness->declaration;
    if (kind == LAYER_WEIGHT || kind == LAYER_GRADIENT)
        (void)snprintf(name, NAME_BYTES, "%s%s", declaration->weights[index].name, suffix);
    else if (kind == LAYER_STATISTIC)
        (void)snprintf(name, NAME_BYTES, "%s%s", declaration->statistics[index].name, suffix);
    else if (kind == LAYER_INPUT && index == harness->setup.label_port)
        (void)snprintf(name, NAME_BYTES, "label%s", suffix);
    else if (index == 0)
        (void)snprintf(name, NAME_BYTES, "%s%s", is_output ? "output" : "input", suffix);
    else
        (void)snprintf(name, NAME_BYTES, "%s%zu%s", is_output ? "output" : "input", index, suffix);
}

static const struct tensor_set {
    layer_tensor_kind kind;
    const char *suffix;
} given[] =
    {
        {LAYER_INPUT, ""},
        {LAYER_WEIGHT, ""},
        {LAYER_OUTPUT_DERIVATIVE, "_derivative"},
        {LAYER_STATISTIC, ""},
},
  expected[] = {
      {LAYER_OUTPUT, ""},
      {LAYER_INPUT_DERIVATIVE, "_derivative"},
      {LAYER_GRADIENT, "_gradient"},
      {LAYER_STATISTIC, "_after"},
};

static void set_integers(const mote_tensor *tensor, const double *values, size_t count)
{
    int32_t *const data = tensor->data;
    for (size_t i = 0; i < count; i++)
        data[i] = (int32_t)values[i];
}

/// A label by index, where the layer takes it so, has a name of its own.
static void set_tensor(const reference *r, const char *name, const layer_harness *harness,
                       const struct tensor_set *set, size_t index)
{
    char tensor_name[NAME_BYTES];
    size_t count = 0;
    const layer_slot *const slot = &harness->slots[set->kind][index];
    if (slot->buffer == LAYER_NO_BUFFER)
        return;
    const bool is_integer = slot->tensor.spec->dtype == MOTE_DTYPE_I32;
    const bool is_label = set->kind == LAYER_INPUT && index == harness->setup.label_port;
    write_tensor_name(harness, set->kind, index, is_integer && is_label ? "_index" : set->suffix,
                      tensor_name);
    const double *const values = find_values(r, name, tensor_name, &count);
    if (!values)
        fail_msg("%s/%s is not in the file", name, tensor_name);
    else if (is_integer)
        set_integers(&slot->tensor, values, count);
    else
        layer_harness_set(harness, set->kind, index, count, values);
}

static void set_given(const reference *r, const char *name, const layer_harness *harness)
{
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        for (size_t j = 0; j < harness->slot_counts[given[i].kind]; j++)
            set_tensor(r, name, harness, &given[i], j);
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

/// All that a step makes must be in the file, but for a loss's metrics, which have names of their own.
static void compare_tensor(const reference *r, const char *name, const layer_harness *harness,
                           const struct tensor_set *set, size_t index)
{
    char tensor_name[NAME_BYTES];
    size_t count = 0;
    const bool is_metrics = set->kind == LAYER_OUTPUT && harness->layer->kind == MOTE_LAYER_LOSS;
    if (is_metrics || harness->slots[set->kind][index].buffer == LAYER_NO_BUFFER)
        return;
    write_tensor_name(harness, set->kind, index, set->suffix, tensor_name);
    if (strcmp(tensor_name, CANCELLING) != 0 && !find_values(r, name, tensor_name, &count))
        fail_msg("%s/%s is not in the file", name, tensor_name);
    compare(r, name, tensor_name, layer_harness_data(harness, set->kind, index));
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
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (size_t j = 0; j < harness.slot_counts[expected[i].kind]; j++)
            compare_tensor(r, name, &harness, &expected[i], j);
    }
    if (harness.layer->kind == MOTE_LAYER_LOSS) {
        const mote_real *const metrics = layer_harness_data(&harness, LAYER_OUTPUT, 0);
        compare(r, name, "loss", metrics + MOTE_LOSS_MEAN);
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

static void check_group(const char *folder, const char *group, double tolerance)
{
    char name[2 * LINE_BYTES];
    (void)snprintf(name, sizeof name, "%s.txt", group);
    reference r = read_reference(folder, group, tolerance);
    char *const text = (char *)read_file(folder, name);
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

void layer_reference_check(const char *folder, double tolerance)
{
    DIR *const directory = opendir(folder);
    assert_non_null(directory);
    size_t count = 0;
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        char group[LINE_BYTES];
        (void)snprintf(group, sizeof group, "%s", entry->d_name);
        char *const ending = strrchr(group, '.');
        if (!ending || strcmp(ending, ".txt") != 0)
            continue;
        *ending = '\0';
        check_group(folder, group, tolerance);
        count++;
    }
    (void)closedir(directory);
    assert_true(count > 0);
}
