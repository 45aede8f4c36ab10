// SPDX-License-Identifier: Apache-2.0
// From sections to drafts: the layer's type, the keys every layer has, and who feeds whom.
#include "base/number.h"
#include "graph/draft.h"

#include <string.h>

#define OUTPUT_MAXIMUM      2147483647U
#define LOSS_WEIGHT_MAXIMUM 1e30

/// The keys every layer has.
typedef struct layer_keys {
    const char *type;
    const char *input_layers;
    const char *activation;
    bool flatten;
    bool trainable;
    const char *shared_from;
    double loss_weight;
} layer_keys;

static const mote_property layer_properties[] = {
    {"type", MOTE_PROPERTY_TEXT, NULL, .offset = offsetof(layer_keys, type),
     .help = "kind of layer"},
    {"input_layers", MOTE_PROPERTY_TEXT, "", .offset = offsetof(layer_keys, input_layers),
     .help =
         "names of the layers it reads, a,b,...; of several outputs a(0), a(1), ...; default: the "
         "layer above it in the file"},
    {"activation", MOTE_PROPERTY_TEXT, "", .offset = offsetof(layer_keys, activation),
     .help = "activation that follows it, by its name in the table of activation"},
    {"flatten", MOTE_PROPERTY_BOOL, "false", .offset = offsetof(layer_keys, flatten),
     .help = "its output (after the activation) becomes 1:1:n"},
    {"trainable", MOTE_PROPERTY_BOOL, "true", .offset = offsetof(layer_keys, trainable),
     .help = "false: its weights and running statistics stay as they are"},
    {"shared_from", MOTE_PROPERTY_TEXT, "", .offset = offsetof(layer_keys, shared_from),
     .help = "layer of the same type and sizes whose weights it uses instead of its own"},
    {"loss_weight", MOTE_PROPERTY_REAL, "1", .minimum = -LOSS_WEIGHT_MAXIMUM,
     .maximum = LOSS_WEIGHT_MAXIMUM, .offset = offsetof(layer_keys, loss_weight),
     .help = "losses: its share in the sum of all losses, which is what is minimized"},
    {.name = NULL},
};

const mote_property *mote_graph_layer_properties(void)
{
    return layer_properties;
}

static mote_status find_layer(const mote_draft_list *list, const mote_section *section,
                              const mote_entry *type, const mote_layer **layer)
{
    const mote_layer *found = mote_layer_find(list->config->layers, type->value);
    if (found && !found->internal) {
        *layer = found;
        return MOTE_OK;
    }
    char place[256];
    char hint[512];
    mote_layer_expect(list->config->layers, type->value, hint, sizeof hint);
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%slayer '%s': unknown type '%s'%s",
                      mote_origin_text(&type->origin, place, sizeof place), section->name,
                      type->value, hint);
}

/// One pass over the section fills the layer's own state and the common keys; a key that both have (an
/// activation layer's `activation`) is the layer's own.
static mote_status read_keys(mote_draft_list *list, const mote_section *section, mote_draft *draft,
                             layer_keys *keys)
{
    char *owner = NULL;
    MOTE_TRY(mote_arena_format(list->scratch, &owner, "layer '%s'", section->name));
    MOTE_TRY(mote_arena_allocate(list->arena, draft->layer->state_bytes, &draft->state));
    const mote_property_target targets[] = {
        {mote_draft_properties(draft->layer), draft->state},
        {layer_properties, keys},
    };
    return mote_property_read(targets, 2, owner, &section->origin, section->entries,
                              section->entry_count);
}

/// Keys of losses on other layers would have no effect.
static mote_status check_loss_keys(const mote_section *section, const mote_draft *draft)
{
    const mote_entry *weight = mote_section_find(section, "loss_weight");
    char place[256];
    if (!weight || draft->layer->kind == MOTE_LAYER_LOSS)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "%slayer '%s': loss_weight = %s: type '%s' is not a loss",
                      mote_origin_text(&weight->origin, place, sizeof place), section->name,
                      weight->value, draft->layer->name);
}

static mote_status read_section(mote_draft_list *list, size_t index, layer_keys *keys)
{
    const mote_section *section = &list->config->description->layers[index];
    const mote_entry *type = mote_section_find(section, "type");
    char place[256];
    if (!type)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%slayer '%s': key 'type' is missing",
                          mote_origin_text(&section->origin, place, sizeof place), section->name);
    if (strpbrk(section->name, "/.,("))
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%slayer '%s': a layer's name may not contain '/', '.', ',' or '('",
                          mote_origin_text(&section->origin, place, sizeof place), section->name);
    mote_draft *draft = &list->items[index];
    *draft =
        (mote_draft){.name = section->name, .origin = section->origin, .order = index, .rank = 1};
    MOTE_TRY(find_layer(list, section, type, &draft->layer));
    MOTE_TRY(read_keys(list, section, draft, keys));
    const mote_entry *activation = mote_section_find(section, "activation");
    draft->activation = keys->activation;
    draft->activation_origin = activation ? activation->origin : section->origin;
    draft->flatten = keys->flatten;
    draft->trainable = keys->trainable;
    draft->loss_weight = keys->loss_weight;
    return check_loss_keys(section, draft);
}

static const char *section_name(const void *user, size_t index)
{
    return ((const mote_section *)user)[index].name;
}

/// "split(2)" is output 2 of layer split: cuts the number off the name.
static size_t cut_output(char *name)
{
    char *const open = strchr(name, '(');
    const size_t length = open ? strlen(open) : 0;
    uint64_t output = 0;
    if (length < 3 || open[length - 1] != ')' ||
        !mote_number_parse_integer(open + 1, length - 2, &output) || output > OUTPUT_MAXIMUM)
        return 0;
    *open = '\0';
    return (size_t)output;
}

mote_status mote_draft_resolve(const mote_draft_list *list, size_t index, const char *key,
                               const char *name, size_t *draft)
{
    const mote_description *description = list->config->description;
    for (size_t i = 0; i < description->layer_count; i++) {
        if (strcmp(description->layers[i].name, name) == 0) {
            *draft = i;
            return MOTE_OK;
        }
    }
    char place[256];
    char hint[96];
    const mote_entry *entry = mote_section_find(&description->layers[index], key);
    mote_text_hint(
        mote_text_nearest(name, section_name, description->layers, description->layer_count), hint,
        sizeof hint);
    return MOTE_RAISE(MOTE_ERROR_GRAPH, "%slayer '%s': %s: there is no layer '%s'%s",
                      mote_origin_text(&entry->origin, place, sizeof place),
                      list->items[index].name, key, name, hint);
}

/// Length of the next name of a comma-separated list at *text, blanks stripped; moves *text behind its comma.
static size_t next_name(const char **text, const char **name)
{
    const char *at = *text + strspn(*text, " \t");
    const size_t part = strcspn(at, ",");
    size_t length = part;
    while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\t'))
        length--;
    *name = at;
    *text = at[part] == ',' ? at + part + 1 : at + part;
    return length;
}

static mote_status resolve_list(mote_draft_list *list, size_t index, const char *names)
{
    mote_draft *draft = &list->items[index];
    size_t count = 1;
    for (const char *at = names; *at; at++)
        count += *at == ',';
    MOTE_TRY(
        mote_arena_array(list->scratch, count, sizeof *draft->inputs, (void **)&draft->inputs));
    const char *rest = names;
    for (size_t i = 0; i < count; i++) {
        const char *name = NULL;
        char *copy = NULL;
        const size_t length = next_name(&rest, &name);
        MOTE_TRY(mote_arena_text(list->scratch, name, length, &copy));
        draft->inputs[i].output = cut_output(copy);
        MOTE_TRY(mote_draft_resolve(list, index, "input_layers", copy, &draft->inputs[i].draft));
    }
    draft->input_count = count;
    return MOTE_OK;
}

/// The chain: a layer without input_layers reads the one above it.
static mote_status resolve_chain(mote_draft_list *list, size_t index)
{
    mote_draft *draft = &list->items[index];
    if (draft->layer->input_maximum == 0 || draft->layer->kind == MOTE_LAYER_INPUT)
        return MOTE_OK;
    if (index == 0) {
        char place[256];
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "%slayer '%s': the first layer must be of type 'input' or name its "
                          "input_layers",
                          mote_origin_text(&draft->origin, place, sizeof place), draft->name);
    }
    MOTE_TRY(mote_arena_array(list->scratch, 1, sizeof *draft->inputs, (void **)&draft->inputs));
    draft->inputs[0] = (mote_edge){.draft = index - 1, .output = 0};
    draft->input_count = 1;
    return MOTE_OK;
}

static mote_status check_input_count(const mote_draft *draft)
{
    const mote_layer *layer = draft->layer;
    const size_t label = layer->kind == MOTE_LAYER_LOSS ? 1 : 0; // added later
    const bool is_input = layer->kind == MOTE_LAYER_INPUT;
    const size_t minimum = is_input ? 0 : layer->input_minimum - label;
    const size_t maximum = is_input ? 0 : layer->input_maximum - label;
    if (draft->input_count >= minimum && draft->input_count <= maximum)
        return MOTE_OK;
    char place[256];
    return MOTE_RAISE(MOTE_ERROR_GRAPH, "%slayer '%s': has %zu input%s; type '%s' takes %s%zu",
                      mote_origin_text(&draft->origin, place, sizeof place), draft->name,
                      draft->input_count, draft->input_count == 1 ? "" : "s", layer->name,
                      minimum == maximum ? "" : "at least ", minimum);
}

/// Here, while all drafts have names that the user gave.
static mote_status check_cycles(const mote_draft_list *list)
{
    size_t *sorted = NULL;
    size_t sorted_count = 0;
    MOTE_TRY(mote_arena_array(list->scratch, list->count, sizeof *sorted, (void **)&sorted));
    return mote_draft_sort(list, sorted, &sorted_count);
}

static mote_status resolve(mote_draft_list *list, size_t index, const char *input_layers)
{
    if (input_layers[0])
        MOTE_TRY(resolve_list(list, index, input_layers));
    else
        MOTE_TRY(resolve_chain(list, index));
    return check_input_count(&list->items[index]);
}

mote_status mote_draft_read(mote_draft_list *list)
{
    const mote_description *description = list->config->description;
    layer_keys *keys = NULL;
    list->capacity = description->layer_count;
    MOTE_TRY(mote_arena_array(list->scratch, list->capacity, sizeof *list->items,
                              (void **)&list->items));
    MOTE_TRY(mote_arena_array(list->scratch, list->capacity, sizeof *keys, (void **)&keys));
    for (size_t i = 0; i < description->layer_count; i++)
        MOTE_TRY(read_section(list, i, &keys[i]));
    list->count = description->layer_count;
    for (size_t i = 0; i < list->count; i++) {
        MOTE_TRY(resolve(list, i, keys[i].input_layers));
        MOTE_TRY(mote_draft_share(list, i, keys[i].shared_from));
    }
    return check_cycles(list);
}
