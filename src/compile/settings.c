// SPDX-License-Identifier: Apache-2.0
// How weights change: the optimizer and its learning rate, from their sections.
#include "compile/settings.h"

#include <stdio.h>
#include <string.h>

/// The keys that every optimizer and every schedule has.
typedef struct common_keys {
    const char *type;
    double learning_rate;
} common_keys;

static const mote_property optimizer_properties[] = {
    {"type", MOTE_PROPERTY_TEXT, NULL, .offset = offsetof(common_keys, type),
     .help = "kind of optimizer"},
    {"learning_rate", MOTE_PROPERTY_REAL, "0", .minimum = 0.0, .maximum = 1e6,
     .offset = offsetof(common_keys, learning_rate),
     .help = "learning rate; when absent the optimizer's own default"},
    {.name = NULL},
};

static const mote_property schedule_properties[] = {
    {"type", MOTE_PROPERTY_TEXT, NULL, .offset = offsetof(common_keys, type),
     .help = "kind of schedule"},
    {.name = NULL},
};

static const mote_property no_properties[] = {{.name = NULL}};

static mote_status read_section(const mote_section *section, const char *owner,
                                const mote_property *common, common_keys *keys,
                                const mote_property *own, void *state)
{
    const mote_property_target targets[] = {{own ? own : no_properties, state}, {common, keys}};
    return mote_property_read(targets, 2, owner, &section->origin, section->entries,
                              section->entry_count);
}

/// What may stand in `type`: ", did you mean 'X'?", or all names there are.
typedef struct type_hint {
    const char *nearest;
    const char *(*name)(const void *user, size_t index);
    const void *user;
    size_t count;
} type_hint;

static void write_hint(const type_hint *hint, char *text, size_t bytes)
{
    size_t length = 0;
    mote_text_hint(hint->nearest, text, bytes);
    for (size_t i = 0; !hint->nearest && i < hint->count && length < bytes; i++)
        length += (size_t)snprintf(text + length, bytes - length, "%s %s",
                                   i > 0 ? "," : ", expected one of:", hint->name(hint->user, i));
}

static mote_status raise_unknown_type(const mote_section *section, const char *owner,
                                      const type_hint *hint)
{
    const mote_entry *type = mote_section_find(section, "type");
    char place[256];
    char text[256];
    if (!type)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%s: key 'type' is missing",
                          mote_origin_text(&section->origin, place, sizeof place), owner);
    write_hint(hint, text, sizeof text);
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%s: unknown type '%s'%s",
                      mote_origin_text(&type->origin, place, sizeof place), owner, type->value,
                      text);
}

static const char *optimizer_name(const void *user, size_t index)
{
    return ((const mote_optimizer_registry *)user)->optimizers[index]->name;
}

static const char *rate_name(const void *user, size_t index)
{
    return ((const mote_schedule_rate *const *)user)[index]->name;
}

/// Puts the section in front of a message that knows the values only.
static mote_status raise_at(const mote_section *section, mote_status status)
{
    const mote_error *error = mote_last_error();
    char place[256];
    char message[sizeof error->message];
    memcpy(message, error->message, sizeof message);
    mote_raise(status, error->file, error->line, "%s[%s]: %s",
               mote_origin_text(&section->origin, place, sizeof place), section->name, message);
    return status;
}

static mote_status read_optimizer(const mote_compile_request *request, mote_arena *arena,
                                  mote_training_settings *settings)
{
    const mote_section *section = request->description->optimizer;
    if (!section)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s: training needs an [Optimizer] section",
                          request->description->path);
    const mote_entry *type = mote_section_find(section, "type");
    const char *name = type ? type->value : "";
    const mote_optimizer *optimizer = mote_optimizer_find(request->context->optimizers, name);
    if (!optimizer) {
        const mote_optimizer_registry *all = request->context->optimizers;
        const type_hint hint = {mote_optimizer_nearest(all, name), optimizer_name, all, all->count};
        return raise_unknown_type(section, "[Optimizer]", &hint);
    }
    void *state = NULL;
    common_keys keys;
    MOTE_TRY(mote_arena_allocate(arena, optimizer->state_bytes, &state));
    MOTE_TRY(read_section(section, "[Optimizer]", optimizer_properties, &keys,
                          optimizer->properties, state));
    settings->optimizer = optimizer;
    settings->optimizer_state = state;
    settings->learning_rate =
        mote_section_find(section, "learning_rate") ? keys.learning_rate : optimizer->learning_rate;
    return MOTE_OK;
}

static mote_status read_schedule(const mote_compile_request *request, mote_arena *arena,
                                 mote_training_settings *settings)
{
    const mote_section *section = request->description->schedule;
    const mote_entry *type = section ? mote_section_find(section, "type") : NULL;
    const char *name = type ? type->value : section ? "" : "constant";
    settings->rate = mote_schedule_rate_find(name);
    if (!settings->rate) {
        size_t count = 0;
        const mote_schedule_rate *const *all = mote_schedule_rates(&count);
        const type_hint hint = {mote_schedule_rate_nearest(name), rate_name, all, count};
        return raise_unknown_type(section, "[LearningRateScheduler]", &hint);
    }
    void *state = NULL;
    common_keys keys;
    MOTE_TRY(mote_arena_allocate(arena, settings->rate->state_bytes, &state));
    settings->rate_state = state;
    if (!section) {
        mote_property_set_defaults(
            settings->rate->properties ? settings->rate->properties : no_properties, state);
        return MOTE_OK;
    }
    MOTE_TRY(read_section(section, "[LearningRateScheduler]", schedule_properties, &keys,
                          settings->rate->properties, state));
    const mote_status status = settings->rate->check ? settings->rate->check(state) : MOTE_OK;
    return status == MOTE_OK ? MOTE_OK : raise_at(section, status);
}

mote_status mote_compile_settings(const mote_compile_request *request, mote_arena *arena,
                                  mote_training_settings *settings)
{
    MOTE_TRY(read_optimizer(request, arena, settings));
    return read_schedule(request, arena, settings);
}
