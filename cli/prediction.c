// SPDX-License-Identifier: Apache-2.0
// Results of a network for one sample, as text and as JSON.
#include "prediction.h"

#include <math.h>
#include <string.h>

enum {
    CLASS_NAME_LENGTH = 128
};

bool cli_is_distribution(const float *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(values[i] >= 0))
            return false;
        sum += (double)values[i];
    }
    return count > 1 && fabs(sum - 1) < 1e-3;
}

size_t cli_find_largest(const float *values, size_t count)
{
    size_t largest = 0;
    for (size_t i = 1; i < count; i++) {
        if (values[i] > values[largest])
            largest = i;
    }
    return largest;
}

/// What class `index` is called: the name that the weights' file gives it, or its number.
static void format_class(const mote_model *model, size_t index, char *text, size_t bytes)
{
    const char *name = mote_model_class_names(model);
    for (size_t i = 0; i < index && *name; i++) {
        name += strcspn(name, ",");
        name += *name == ',';
    }
    const int length = (int)strcspn(name, ",");
    if (length > 0)
        cli_format(text, bytes, "%.*s", length, name);
    else
        cli_format(text, bytes, "%zu", index);
}

void cli_print_prediction(const mote_model *model, const float *values, size_t count)
{
    if (cli_is_distribution(values, count)) {
        const size_t class = cli_find_largest(values, count);
        char name[CLASS_NAME_LENGTH];
        format_class(model, class, name, sizeof name);
        cli_print(" %s (%.1f %%)", name, 100 * (double)values[class]);
        return;
    }
    for (size_t i = 0; i < count; i++)
        cli_print(" %.6g", (double)values[i]);
}

void cli_json_add_prediction(cli_json *json, const mote_model *model, const float *values,
                             size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json->failed |= json_array_append_new(array, cli_json_real((double)values[i])) != 0;
    if (!cli_is_distribution(values, count)) {
        cli_json_add(json, "outputs", array);
        return;
    }
    const size_t class = cli_find_largest(values, count);
    char name[CLASS_NAME_LENGTH];
    format_class(model, class, name, sizeof name);
    cli_json_add_size(json, "class", class);
    cli_json_add_text(json, "class_name", name);
    cli_json_add_real(json, "probability", (double)values[class]);
    cli_json_add(json, "probabilities", array);
}
