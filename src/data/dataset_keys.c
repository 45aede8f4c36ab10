// SPDX-License-Identifier: Apache-2.0
// The keys of data sections: those that all kinds of data share, and the kinds themselves.
#include "data/dataset_keys.h"

#include <string.h>

#define PLACE_BYTES 512U

static const mote_reader *const readers[] = {
#define READER(name) &mote_reader_##name,
#include "data/readers.def"
#undef READER
};

#define READER_COUNT (sizeof readers / sizeof readers[0])

static const char *const reader_names[] = {
#define READER(name) #name,
#include "data/readers.def"
#undef READER
    NULL,
};

static const char *const flip_names[] = {"none", "horizontal", "vertical", "both", NULL};

static const mote_property properties[] = {
    {.name = "type",
     .kind = MOTE_PROPERTY_CHOICE,
     .choices = reader_names,
     .offset = offsetof(mote_dataset_keys, type),
     .help = "kind of data"},
    {.name = "shuffle",
     .kind = MOTE_PROPERTY_BOOL,
     .initial = "true",
     .offset = offsetof(mote_dataset_keys, shuffle),
     .help = "training takes the samples in another order each epoch"},
    {.name = "samples",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "0",
     .offset = offsetof(mote_dataset_keys, samples),
     .help = "use only the first n samples; 0: all"},
    {.name = "class_names",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_dataset_keys, class_names),
     .help = "names of the classes, a,b,c, in the order of their indices"},
    {.name = "validation_split",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0",
     .minimum = 0.0,
     .maximum = 0.999999,
     .offset = offsetof(mote_dataset_keys, validation_split),
     .help = "[train_set]: the share of the samples that is kept for validation, drawn once by the "
             "model's seed; needs no [valid_set]"},
    {.name = "flip",
     .kind = MOTE_PROPERTY_CHOICE,
     .initial = "none",
     .choices = flip_names,
     .offset = offsetof(mote_dataset_keys, augmentation.flip),
     .help =
         "[train_set]: half of the samples are mirrored: left and right, top and bottom, or each "
         "of both"},
    {.name = "shift",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0",
     .minimum = 0.0,
     .maximum = 1.0,
     .offset = offsetof(mote_dataset_keys, augmentation.shift),
     .help = "[train_set]: samples are moved by whole pixels, up to this share of their height and "
             "width; zeroes come in"},
    {.name = "crop",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "1",
     .minimum = 0.01,
     .maximum = 1.0,
     .offset = offsetof(mote_dataset_keys, augmentation.crop),
     .help =
         "[train_set]: a window with at least this share of height and width is enlarged to the "
         "whole"},
    {.name = "noise",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0",
     .minimum = 0.0,
     .maximum = 1e30,
     .offset = offsetof(mote_dataset_keys, augmentation.noise),
     .help = "[train_set]: normal noise of this deviation is added to each value"},
    {.name = NULL},
};

const mote_property *mote_dataset_properties(void)
{
    return properties;
}

const char *mote_dataset_reader(size_t index, const mote_property **table, const char **summary)
{
    if (index >= READER_COUNT)
        return NULL;
    *table = readers[index]->properties;
    *summary = readers[index]->summary;
    return readers[index]->name;
}

static const mote_entry *find_entry(const mote_dataset_config *config, const char *key)
{
    for (size_t i = 0; i < config->entry_count; i++) {
        if (mote_text_equal(config->entries[i].key, key))
            return &config->entries[i];
    }
    return NULL;
}

/// Where the key was written, else where the section was.
static const char *place_text(const mote_dataset_config *config, const char *key,
                              char place[PLACE_BYTES])
{
    const mote_entry *const entry = find_entry(config, key);
    return mote_origin_text(entry ? &entry->origin : &config->origin, place, PLACE_BYTES);
}

mote_status mote_reader_blame(mote_status status, const mote_dataset_config *config,
                              const char *key)
{
    char place[PLACE_BYTES];
    return MOTE_RAISE(status, "%s%s: %s: %s", place_text(config, key, place), config->owner, key,
                      mote_last_error()->message);
}

mote_status mote_reader_raise_unknown(const mote_dataset_config *config, const char *unknown)
{
    char place[PLACE_BYTES];
    if (config->lacks_training)
        *config->lacks_training = true;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%s: %s not known: the weights' file does not say",
                      mote_origin_text(&config->origin, place, sizeof place), config->owner,
                      unknown);
}

mote_status mote_reader_path(const mote_dataset_config *config, const char *path, mote_arena *arena,
                             const char **result)
{
    const bool is_plain = path[0] == '/' || strcmp(config->folder, ".") == 0;
    char *text = NULL;
    MOTE_TRY(mote_arena_format(arena, &text, "%s%s%s", is_plain ? "" : config->folder,
                               is_plain ? "" : "/", path));
    *result = text;
    return MOTE_OK;
}

mote_status mote_dataset_keys_raise(const mote_dataset_config *config, const char *key,
                                    const char *problem)
{
    char place[PLACE_BYTES];
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%s: %s%s", place_text(config, key, place),
                      config->owner, key, problem);
}

/// Only a training set is split and changed at random.
static mote_status check_training_keys(const mote_dataset_config *config,
                                       const mote_dataset_keys *keys)
{
    static const char *const names[] = {"validation_split", "flip", "shift", "crop", "noise"};
    for (size_t i = 0; !config->is_train_set && i < sizeof names / sizeof names[0]; i++) {
        if (find_entry(config, names[i]))
            return mote_dataset_keys_raise(config, names[i], " is a key of [train_set]");
    }
    if (keys->validation_split > 0.0 && config->has_valid_set)
        return mote_dataset_keys_raise(config, "validation_split",
                                       ": there is a [valid_set], too; one of them has to go");
    return MOTE_OK;
}

mote_status mote_dataset_keys_read(const mote_dataset_config *config, mote_arena *arena,
                                   mote_dataset_keys *keys, const mote_reader **reader,
                                   void **state)
{
    // the kind of data has to be known before its keys can be
    const mote_entry *const type = find_entry(config, "type");
    const mote_property_target common = {.table = properties, .state = keys};
    MOTE_TRY(mote_property_read(&common, 1, config->owner, &config->origin, type, type ? 1 : 0));
    *reader = readers[keys->type];
    MOTE_TRY(mote_arena_allocate(arena, (*reader)->state_bytes, state));
    const mote_property_target targets[2] = {
        {.table = properties, .state = keys},
        {.table = (*reader)->properties, .state = *state},
    };
    MOTE_TRY(mote_property_read(targets, 2, config->owner, &config->origin, config->entries,
                                config->entry_count));
    return check_training_keys(config, keys);
}

/// Number of names in "a,b,c", or 0 when one of them is blank.
static size_t count_names(const char *names)
{
    size_t count = 1;
    bool is_blank = true;
    for (const char *at = names; *at; at++) {
        if (*at == ',' && is_blank)
            return 0;
        is_blank = *at == ',' || (is_blank && (*at == ' ' || *at == '\t'));
        count += *at == ',';
    }
    return is_blank ? 0 : count;
}

/// A class must be called the same wherever it occurs.
static mote_status check_known_names(const mote_dataset_config *config, const char *names)
{
    char place[PLACE_BYTES];
    const char *const known = config->known.class_names;
    if (config->is_training || !known || known[0] == '\0' || names[0] == '\0' ||
        strcmp(names, known) == 0)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "%s%s: class_names = %.200s, but the weights were trained on %.200s",
                      place_text(config, "class_names", place), config->owner, names, known);
}

mote_status mote_dataset_keys_name(const mote_dataset_config *config, mote_arena *arena,
                                   mote_dataset_keys *keys)
{
    char place[PLACE_BYTES];
    const char *const names = keys->class_names;
    const size_t class_count = config->ports.class_count;
    char *copy = NULL;
    if (names[0] != '\0') {
        const size_t count = count_names(names);
        (void)place_text(config, "class_names", place);
        if (count == 0)
            return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%s: class_names = %.100s: a name is empty",
                              place, config->owner, names);
        if (count != class_count) {
            return MOTE_RAISE(
                MOTE_ERROR_PROPERTY,
                "%s%s: class_names = %.100s: %zu names, the network tells %zu classes "
                "apart",
                place, config->owner, names, count, class_count);
        }
    }
    MOTE_TRY(mote_arena_text(arena, names, strlen(names), &copy));
    keys->class_names = copy;
    return check_known_names(config, copy);
}
