// SPDX-License-Identifier: Apache-2.0
// Where a model's data come from: sections of its file, or the program.
#include "api/api.h"

#include "mote/mote.h"

#include <string.h>

static const char *const set_names[MOTE_SET_COUNT] = {"train_set", "valid_set", "test_set"};

enum {
    TRAIN_SET,
    VALID_SET
};

/// MOTE_SET_COUNT when there is no such set.
static size_t find_index(const char *name)
{
    size_t i = 0;
    while (i < MOTE_SET_COUNT && !mote_text_equal(set_names[i], name))
        i++;
    return i;
}

/// A model without [valid_set] may keep a part of its [train_set].
static bool find_split(const mote_model *model, mote_run_set *set)
{
    const mote_section *const section = mote_model_get_set(model, TRAIN_SET);
    if (model->sources[TRAIN_SET].read || !mote_description_validates(&model->description))
        return false;
    *set = (mote_run_set){
        .section = section, .owner = mote_model_set_owner(TRAIN_SET), .is_split_off = true};
    return true;
}

bool mote_model_find_set(const mote_model *model, const char *name, mote_run_set *set)
{
    const size_t index = find_index(name);
    if (index == MOTE_SET_COUNT)
        return false;
    *set = (mote_run_set){.owner = mote_model_set_owner(index)};
    if (model->sources[index].read)
        set->callback = &model->sources[index];
    else
        set->section = mote_model_get_set(model, index);
    return set->callback || set->section || (index == VALID_SET && find_split(model, set));
}

bool mote_model_has_set(const mote_model *model, const char *set)
{
    mote_run_set found;
    return model && set && mote_model_find_set(model, set, &found);
}

mote_status mote_model_set_data(mote_model *model, const char *set, const mote_data_source *source)
{
    MOTE_TRY(mote_argument_require(model, "mote_model_set_data"));
    MOTE_TRY(mote_argument_require(set, "mote_model_set_data"));
    const size_t index = find_index(set);
    char *names = NULL;
    if (index == MOTE_SET_COUNT)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "mote_model_set_data: '%.60s' is none of train_set, valid_set, test_set",
                          set);
    if (source && (!source->read || source->sample_count == 0))
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "mote_model_set_data: %s has no read or no samples",
                          set);
    if (source && source->class_names)
        MOTE_TRY(mote_arena_text(&model->arena, source->class_names, strlen(source->class_names),
                                 &names));
    model->sources[index] = source ? *source : (mote_data_source){.read = NULL};
    model->sources[index].class_names = names;
    return MOTE_OK;
}
