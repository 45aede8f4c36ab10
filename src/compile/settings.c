// SPDX-License-Identifier: Apache-2.0
// How weights change: the optimizer and its learning rate, from their sections.
#include "compile/settings.h"

#define CLIP_MAXIMUM    1e30
#define AVERAGE_MAXIMUM 0.999999

/// The keys that every optimizer and every schedule has.
typedef struct common_keys {
    const char *type;
    double learning_rate;
    double clip_norm, clip_value;
    double moving_average;
} common_keys;

static const mote_property optimizer_properties[] = {
    {"type", MOTE_PROPERTY_TEXT, NULL, .offset = offsetof(common_keys, type),
     .help = "kind of optimizer"},
    {"learning_rate", MOTE_PROPERTY_REAL, "0", .minimum = 0.0, .maximum = 1e6,
     .offset = offsetof(common_keys, learning_rate),
     .help = "learning rate; when absent the optimizer's own default"},
    {"clip_norm", MOTE_PROPERTY_REAL, "0", .minimum = 0.0, .maximum = CLIP_MAXIMUM,
     .offset = offsetof(common_keys, clip_norm),
     .help = "limit of the norm of all gradients together, to which they are scaled down; 0: none"},
    {"clip_value", MOTE_PROPERTY_REAL, "0", .minimum = 0.0, .maximum = CLIP_MAXIMUM,
     .offset = offsetof(common_keys, clip_value),
     .help = "limit of each element of a gradient, up and down; 0: none"},
    {"moving_average", MOTE_PROPERTY_REAL, "0", .minimum = 0.0, .maximum = AVERAGE_MAXIMUM,
     .offset = offsetof(common_keys, moving_average),
     .help =
         "share of the weights' moving average that is kept in each step; the average is validated "
         "and saved instead of the weights; 0: none"},
    {.name = NULL},
};

static const mote_property schedule_properties[] = {
    {"type", MOTE_PROPERTY_TEXT, NULL, .offset = offsetof(common_keys, type),
     .help = "kind of schedule"},
    {.name = NULL},
};

static const mote_property no_properties[] = {{.name = NULL}};

const mote_property *mote_compile_optimizer_properties(void)
{
    return optimizer_properties;
}

const mote_property *mote_compile_schedule_properties(void)
{
    return schedule_properties;
}

static mote_status read_section(const mote_section *section, const char *owner,
                                const mote_property *common, common_keys *keys,
                                const mote_property *own, void *state)
{
    const mote_property_target targets[] = {{own ? own : no_properties, state}, {common, keys}};
    return mote_property_read(targets, 2, owner, &section->origin, section->entries,
                              section->entry_count);
}

static mote_status raise_unknown_type(const mote_section *section, const char *owner,
                                      const char *expected)
{
    const mote_entry *type = mote_section_find(section, "type");
    char place[256];
    if (!type)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%s: key 'type' is missing",
                          mote_origin_text(&section->origin, place, sizeof place), owner);
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%s: unknown type '%s'%s",
                      mote_origin_text(&type->origin, place, sizeof place), owner, type->value,
                      expected);
}

/// One of the two limits, and a norm of all gradients only where all are there at once.
static mote_status check_clip(const mote_compile_request *request, const common_keys *keys)
{
    const mote_description *description = request->description;
    const mote_entry *norm = mote_section_find(description->optimizer, "clip_norm");
    const mote_entry *apply = mote_section_find(description->model, "apply");
    char place[256];
    if (keys->clip_norm <= 0.0)
        return MOTE_OK;
    (void)mote_origin_text(&norm->origin, place, sizeof place);
    if (keys->clip_value > 0.0) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s[Optimizer]: clip_norm = %s: there is a clip_value, too; remove one "
                          "of the two",
                          place, norm->value);
    }
    if (apply && description->settings.apply == MOTE_APPLY_EARLY) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s[Optimizer]: clip_norm = %s: the norm of all gradients is known when "
                          "all are made; [Model] apply = early cannot be had with it",
                          place, norm->value);
    }
    return MOTE_OK;
}

static mote_status take_clip(const mote_compile_request *request, const common_keys *keys,
                             mote_training_settings *settings)
{
    MOTE_TRY(check_clip(request, keys));
    settings->apply = (mote_apply_policy)request->description->settings.apply;
    settings->clip = MOTE_CLIP_NONE;
    if (keys->clip_value > 0.0) {
        settings->clip = MOTE_CLIP_VALUE;
        settings->clip_limit = keys->clip_value;
    }
    if (keys->clip_norm > 0.0) {
        settings->clip = MOTE_CLIP_NORM;
        settings->clip_limit = keys->clip_norm;
        settings->apply = MOTE_APPLY_AFTER_ALL;
    }
    return MOTE_OK;
}

/// Fields that do not fit together, in the optimizer's own words.
static mote_status check_optimizer(const mote_section *section, const mote_optimizer *optimizer,
                                   const void *state)
{
    char place[256];
    const mote_status status = optimizer->check ? optimizer->check(optimizer, state) : MOTE_OK;
    if (status == MOTE_OK)
        return MOTE_OK;
    return MOTE_RAISE(status, "%s[%s]: %s", mote_origin_text(&section->origin, place, sizeof place),
                      section->name, mote_last_error()->message);
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
    char expected[256];
    if (!optimizer)
        return raise_unknown_type(
            section, "[Optimizer]",
            mote_optimizer_expect(request->context->optimizers, name, expected, sizeof expected));
    void *state = NULL;
    common_keys keys;
    MOTE_TRY(mote_arena_allocate(arena, optimizer->state_bytes, &state));
    MOTE_TRY(read_section(section, "[Optimizer]", optimizer_properties, &keys,
                          optimizer->properties, state));
    MOTE_TRY(check_optimizer(section, optimizer, state));
    settings->moving_average = keys.moving_average;
    settings->optimizer = optimizer;
    settings->optimizer_state = state;
    settings->learning_rate =
        mote_section_find(section, "learning_rate") ? keys.learning_rate : optimizer->learning_rate;
    return take_clip(request, &keys, settings);
}

/// A schedule that sets the rates itself leaves no use for the optimizer's.
static mote_status check_rate_alone(const mote_compile_request *request,
                                    const mote_training_settings *settings)
{
    const mote_entry *rate = mote_section_find(request->description->optimizer, "learning_rate");
    const mote_property *own = settings->rate->properties;
    if (!rate || !own || !mote_property_find(own, "learning_rate"))
        return MOTE_OK;
    char place[256];
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "%s[Optimizer]: learning_rate = %s: the schedule '%s' sets all rates; remove "
                      "one of the two",
                      mote_origin_text(&rate->origin, place, sizeof place), rate->value,
                      settings->rate->name);
}

static mote_status read_schedule(const mote_compile_request *request, mote_arena *arena,
                                 mote_training_settings *settings)
{
    const mote_section *section = request->description->schedule;
    const mote_entry *type = section ? mote_section_find(section, "type") : NULL;
    const char *name = type ? type->value : section ? "" : "constant";
    settings->rate = mote_schedule_rate_find(name);
    char expected[256];
    if (!settings->rate)
        return raise_unknown_type(section, "[LearningRateScheduler]",
                                  mote_schedule_rate_expect(name, expected, sizeof expected));
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
    if (status == MOTE_OK)
        return check_rate_alone(request, settings);
    char place[256];
    return MOTE_RAISE(status, "%s[%s]: %s", mote_origin_text(&section->origin, place, sizeof place),
                      section->name, mote_last_error()->message);
}

mote_status mote_compile_settings(const mote_compile_request *request, mote_arena *arena,
                                  mote_training_settings *settings)
{
    MOTE_TRY(read_optimizer(request, arena, settings));
    return read_schedule(request, arena, settings);
}
