// SPDX-License-Identifier: Apache-2.0
// JSON results. What cannot be represented is null, never an error.
#include "cli.h"
#include "output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cli_json cli_json_make(void)
{
    json_t *root = json_object();
    return (cli_json){.root = root, .failed = !root};
}

cli_json cli_json_make_array(void)
{
    json_t *root = json_array();
    return (cli_json){.root = root, .failed = !root};
}

void cli_json_append(cli_json *json, json_t *value)
{
    if (json_array_append_new(json->root, value) != 0)
        json->failed = true;
}

void cli_json_add(cli_json *json, const char *key, json_t *value)
{
    if (json_object_set_new(json->root, key, value) != 0)
        json->failed = true;
}

void cli_json_add_size(cli_json *json, const char *key, uint64_t value)
{
    cli_json_add(json, key, json_integer((json_int_t)value));
}

json_t *cli_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

void cli_json_add_real(cli_json *json, const char *key, double value)
{
    cli_json_add(json, key, cli_json_real(value));
}

/// Names of files may be any bytes, JSON is UTF-8: what is not becomes '?'.
static json_t *make_text(const char *value)
{
    json_t *text = json_string(value);
    char *copy = text ? NULL : strdup(value);
    if (text || !copy)
        return text;
    for (char *byte = copy; *byte; byte++) {
        if ((unsigned char)*byte >= 128)
            *byte = '?';
    }
    text = json_string(copy);
    free(copy);
    return text;
}

void cli_json_add_text(cli_json *json, const char *key, const char *value)
{
    cli_json_add(json, key, value ? make_text(value) : json_null());
}

void cli_json_add_bool(cli_json *json, const char *key, bool value)
{
    cli_json_add(json, key, json_boolean(value));
}

/// Where a result's text goes; only counted while `text` is NULL.
typedef struct json_text {
    char *text;
    size_t length;
} json_text;

/// json_dump_callback_t. Never fails: the library goes on behind a name that could not be written.
static int put(const char *bytes, size_t count, void *user)
{
    json_text *const to = user;
    if (to->text)
        memcpy(to->text + to->length, bytes, count);
    to->length += count;
    return 0;
}

/// NULL when there is no memory; freed by the caller.
static char *make_dump(const json_t *root)
{
    json_text to = {.text = NULL};
    if (json_dump_callback(root, put, &to, JSON_INDENT(2)) != 0)
        return NULL;
    to.text = calloc(to.length + 1, 1);
    to.length = 0;
    if (!to.text || json_dump_callback(root, put, &to, JSON_INDENT(2)) == 0)
        return to.text;
    free(to.text);
    return NULL;
}

/// As a whole or not at all: half of a result would be taken for one.
int cli_json_print(cli_json *json)
{
    char *const text = json->failed ? NULL : make_dump(json->root);
    const bool is_made = text != NULL;
    if (is_made)
        cli_print("%s\n", text);
    else
        cli_error("out of memory for the JSON result");
    free(text);
    json_decref(json->root);
    json->root = NULL;
    return is_made ? CLI_OK : CLI_FAILED;
}
