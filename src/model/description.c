// SPDX-License-Identifier: Apache-2.0
// From sections to the description: overrides, which section is what, the settings of [Model].
#include "model/model.h"

#include "base/number.h"
#include "model/sections.h"

#include <string.h>

#define SPECIAL_NAMES "Model, Optimizer, LearningRateScheduler, train_set, valid_set, test_set"

/// Sections that are no layers.
static const char *const specials[] = {
    "Model", "Optimizer", "LearningRateScheduler", "train_set", "valid_set", "test_set",
};

#define FILE_BYTES_MAX  ((size_t)16 << 20)
#define PERIOD_MAXIMUM  1000000000
#define DEFAULT_SECONDS 30

#define SPECIAL_COUNT (sizeof specials / sizeof specials[0])

/// Row of the special section of that name, or SPECIAL_COUNT.
static size_t find_special(const char *name)
{
    size_t row = 0;
    while (row < SPECIAL_COUNT && !mote_text_equal(specials[row], name))
        row++;
    return row;
}

static const char *special_name(const void *user, size_t index)
{
    (void)user;
    return specials[index];
}

/// Names a section may have: those of the list, then the special ones.
static const char *known_name(const void *user, size_t index)
{
    const mote_section_list *const list = user;
    return index < list->count ? list->items[index].name : specials[index - list->count];
}

static mote_status find_overridden(mote_section_list *list,
                                   const mote_description_override *override,
                                   const mote_origin *origin, mote_section_draft **section)
{
    *section = mote_section_list_find(list, override->section);
    if (*section)
        return MOTE_OK;
    const size_t special = find_special(override->section);
    if (special < SPECIAL_COUNT) {
        const char *const name = specials[special];
        return mote_section_list_add(list, name, strlen(name), origin, section);
    }
    char place[MOTE_MODEL_PLACE_BYTES];
    char hint[128];
    const char *const nearest =
        mote_text_nearest(override->section, known_name, list, list->count + SPECIAL_COUNT);
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%sthere is no section '%.100s'%s",
                      mote_origin_text(origin, place, sizeof place), override->section,
                      mote_text_hint(nearest, hint, sizeof hint));
}

static mote_status apply_override(mote_section_list *list,
                                  const mote_description_override *override)
{
    const mote_entry entry = {
        .key = override->key, .value = override->value, .origin = {.file = "--set", .line = 0}};
    mote_section_draft *section = NULL;
    MOTE_TRY(find_overridden(list, override, &entry.origin, &section));
    return mote_section_draft_set(list, section, &entry);
}

static mote_status check_layer(const mote_section *section)
{
    if (mote_section_find(section, "type"))
        return MOTE_OK;
    char place[MOTE_MODEL_PLACE_BYTES];
    char hint[128];
    (void)mote_origin_text(&section->origin, place, sizeof place);
    const char *const nearest = mote_text_nearest(section->name, special_name, NULL, SPECIAL_COUNT);
    if (nearest)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%sunknown section [%.100s]%s", place, section->name,
                          mote_text_hint(nearest, hint, sizeof hint));
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "%ssection [%.100s] has no key 'type': every section but " SPECIAL_NAMES
                      " is a layer and needs one",
                      place, section->name);
}

/// Layers get the front of one array of all sections, special ones its back.
static mote_status sort_sections(const mote_section_list *list, mote_description *description)
{
    const mote_section **const fields[SPECIAL_COUNT] = {
        &description->model,     &description->optimizer, &description->schedule,
        &description->train_set, &description->valid_set, &description->test_set,
    };
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(list->arena, list->count, sizeof(mote_section), &memory));
    mote_section *const sections = memory;
    size_t special_place = list->count;
    for (size_t i = 0; i < list->count; i++) {
        const mote_section_draft *const draft = &list->items[i];
        const size_t special = find_special(draft->name);
        const bool is_layer = special == SPECIAL_COUNT;
        const size_t place = is_layer ? description->layer_count++ : --special_place;
        MOTE_TRY(mote_section_keep(list, draft, &sections[place]));
        if (!is_layer)
            *fields[special] = &sections[place];
    }
    for (size_t i = 0; i < description->layer_count; i++)
        MOTE_TRY(check_layer(&sections[i]));
    description->layers = sections;
    return MOTE_OK;
}

/// "5 steps" or "30 s". Without it, 30 s where there is a path for checkpoints.
static mote_status read_period(mote_description *description)
{
    mote_model_settings *const settings = &description->settings;
    const mote_entry *const entry = mote_section_find(description->model, "checkpoint_every");
    char place[MOTE_MODEL_PLACE_BYTES];
    uint64_t number = 0;
    if (!entry) {
        settings->checkpoint_seconds = settings->checkpoint_path[0] ? DEFAULT_SECONDS : 0;
        return MOTE_OK;
    }
    const size_t length = strspn(entry->value, "0123456789");
    const char *const unit = entry->value + length + strspn(entry->value + length, " ");
    const bool is_steps = mote_text_equal(unit, "steps") || mote_text_equal(unit, "step");
    if ((!is_steps && !mote_text_equal(unit, "s")) ||
        !mote_number_parse_integer(entry->value, length, &number) || number == 0 ||
        number > PERIOD_MAXIMUM) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s[Model]: checkpoint_every = %s: expected a number from 1 to %d of "
                          "steps or seconds, like '5 steps' or '30 s'",
                          mote_origin_text(&entry->origin, place, sizeof place), entry->value,
                          PERIOD_MAXIMUM);
    }
    *(is_steps ? &settings->checkpoint_steps : &settings->checkpoint_seconds) = number;
    return MOTE_OK;
}

static mote_status check_settings(const mote_description *description)
{
    const mote_entry *const delta = mote_section_find(description->model, "min_delta");
    if (!delta || description->settings.patience)
        return MOTE_OK;
    char place[MOTE_MODEL_PLACE_BYTES];
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s[Model]: min_delta needs patience",
                      mote_origin_text(&delta->origin, place, sizeof place));
}

static mote_status read_settings(mote_description *description)
{
    const mote_section *const model = description->model;
    if (!model)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s: there is no section [Model]",
                          description->path);
    if (description->layer_count == 0)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s: there is no layer: every section but " SPECIAL_NAMES " is one",
                          description->path);
    const mote_property_target target = {.table = mote_model_properties(),
                                         .state = &description->settings};
    MOTE_TRY(mote_property_read(&target, 1, "[Model]", &model->origin, model->entries,
                                model->entry_count));
    const mote_entry *const loss = mote_section_find(model, "loss");
    description->loss_origin = loss ? loss->origin : model->origin;
    MOTE_TRY(read_period(description));
    return check_settings(description);
}

static mote_status copy_path(const char *path, mote_arena *arena, mote_description *description)
{
    char *copy = NULL;
    char *folder = NULL;
    const char *const slash = strrchr(path, '/');
    const size_t folder_length = slash && slash > path ? (size_t)(slash - path) : 1;
    MOTE_TRY(mote_arena_text(arena, path, strlen(path), &copy));
    MOTE_TRY(mote_arena_text(arena, slash ? path : ".", folder_length, &folder));
    description->path = copy;
    description->folder = folder;
    return MOTE_OK;
}

static mote_status read_sections(mote_section_list *list,
                                 const mote_description_override *overrides, size_t override_count,
                                 mote_description *description)
{
    MOTE_TRY(mote_ini_read(description->path, FILE_BYTES_MAX, list));
    for (size_t i = 0; i < override_count; i++)
        MOTE_TRY(apply_override(list, &overrides[i]));
    return sort_sections(list, description);
}

mote_status mote_description_load(const char *path, const mote_description_override *overrides,
                                  size_t override_count, mote_arena *arena,
                                  mote_description *description)
{
    mote_description result = {0};
    MOTE_TRY(copy_path(path, arena, &result));
    mote_arena scratch;
    mote_arena_init(&scratch, arena->allocator);
    mote_section_list list = {.arena = arena, .scratch = &scratch};
    const mote_status status = read_sections(&list, overrides, override_count, &result);
    mote_arena_release(&scratch);
    if (status != MOTE_OK)
        return status;
    MOTE_TRY(read_settings(&result));
    *description = result;
    return MOTE_OK;
}

mote_status mote_description_path(const mote_description *description, const char *path,
                                  mote_arena *arena, const char **result)
{
    const bool is_plain = path[0] == '/' || strcmp(description->folder, ".") == 0;
    const char *const folder = is_plain ? "" : description->folder;
    const size_t length = strlen(folder);
    const char *const separator = length > 0 && folder[length - 1] != '/' ? "/" : "";
    char *text = NULL;
    MOTE_TRY(mote_arena_format(arena, &text, "%s%s%s", folder, separator, path));
    *result = text;
    return MOTE_OK;
}

const mote_entry *mote_section_find(const mote_section *section, const char *key)
{
    for (size_t i = 0; i < section->entry_count; i++) {
        if (mote_text_equal(section->entries[i].key, key))
            return &section->entries[i];
    }
    return NULL;
}

bool mote_description_validates(const mote_description *description)
{
    const mote_section *const training = description->train_set;
    return description->valid_set ||
           (training && mote_section_find(training, "validation_split") != NULL);
}
