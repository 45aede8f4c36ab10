// SPDX-License-Identifier: Apache-2.0
// mote layers: what a model file can be made of, from the library's own tables.
#include "commands.h"
#include "output.h"
#include "session.h"

#include <float.h>
#include <math.h>
#include <strings.h>

static json_t *make_choices(const mote_property_info *property, bool *failed)
{
    if (!property->choices)
        return json_null();
    cli_json choices = cli_json_make_array();
    for (size_t i = 0; property->choices[i]; i++)
        cli_json_append(&choices, json_string(property->choices[i]));
    *failed |= choices.failed;
    return choices.root;
}

/// A limit of whole numbers is one; what is no limit is null.
static json_t *make_limit(const mote_property_info *property, double limit)
{
    const bool is_whole =
        property->kind != MOTE_PROPERTY_REAL && property->kind != MOTE_PROPERTY_REALS;
    if (!property->has_limits || fabs(limit) >= (is_whole ? 0x1p63 : DBL_MAX))
        return json_null();
    return is_whole ? json_integer((json_int_t)limit) : json_real(limit);
}

static json_t *make_property(const mote_property_info *property, bool *failed)
{
    cli_json json = cli_json_make();
    cli_json_add_text(&json, "name", property->name);
    cli_json_add_text(&json, "kind", mote_property_kind_name(property->kind));
    cli_json_add_bool(&json, "required", !property->initial);
    cli_json_add_text(&json, "default", property->initial);
    cli_json_add(&json, "minimum", make_limit(property, property->minimum));
    cli_json_add(&json, "maximum", make_limit(property, property->maximum));
    cli_json_add_size(&json, "count_minimum", property->count_minimum);
    cli_json_add_size(&json, "count_maximum", property->count_maximum);
    cli_json_add(&json, "choices", make_choices(property, &json.failed));
    cli_json_add_text(&json, "accepts", property->accepts);
    cli_json_add_text(&json, "help", property->help);
    *failed |= json.failed;
    return json.root;
}

static mote_status add_component(const mote_context *context, size_t index, cli_json *components)
{
    mote_component_info component;
    mote_status status = mote_component_get(context, index, &component);
    if (status != MOTE_OK)
        return status;
    cli_json properties = cli_json_make_array();
    for (size_t i = 0; i < component.property_count && status == MOTE_OK; i++) {
        mote_property_info property;
        status = mote_component_get_property(context, index, i, &property);
        if (status == MOTE_OK)
            cli_json_append(&properties, make_property(&property, &properties.failed));
    }
    cli_json json = cli_json_make();
    cli_json_add_text(&json, "name", component.name);
    cli_json_add_text(&json, "kind", mote_component_kind_name(component.kind));
    cli_json_add_text(&json, "summary", component.summary);
    if (!isnan(component.learning_rate))
        cli_json_add_real(&json, "learning_rate", component.learning_rate);
    cli_json_add(&json, "properties", properties.root);
    components->failed |= json.failed || properties.failed;
    cli_json_append(components, json.root);
    return status;
}

static bool is_wanted(const mote_context *context, size_t index, const char *name)
{
    mote_component_info component;
    return mote_component_get(context, index, &component) == MOTE_OK &&
           (!name || strcasecmp(component.name, name) == 0);
}

static void write_nothing(void *user, const char *text, size_t length)
{
    (void)user;
    (void)text;
    (void)length;
}

static int print_json(const mote_context *context, const char *name)
{
    const mote_writer nowhere = {.write = write_nothing};
    if (mote_describe(context, name, &nowhere) != MOTE_OK) // an unknown name is refused alike
        return cli_fail();
    cli_json components = cli_json_make_array();
    mote_status status = MOTE_OK;
    for (size_t i = 0; i < mote_component_count(context) && status == MOTE_OK; i++) {
        if (is_wanted(context, i, name))
            status = add_component(context, i, &components);
    }
    if (status == MOTE_OK)
        return cli_json_print(&components);
    json_decref(components.root);
    return cli_fail();
}

static int print_text(const mote_context *context, const char *name)
{
    const mote_writer writer = cli_stdout_writer();
    return mote_describe(context, name, &writer) == MOTE_OK ? CLI_OK : cli_fail();
}

int cli_run_layers(const cli_options *options)
{
    mote_context *context = NULL;
    if (cli_context_create(options, 1, &context) != MOTE_OK)
        return cli_fail();
    const char *name = options->operand_count > 0 ? options->operands[0] : NULL;
    const int exit_code = options->json ? print_json(context, name) : print_text(context, name);
    mote_context_destroy(&context);
    return exit_code;
}
