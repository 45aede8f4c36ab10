// SPDX-License-Identifier: Apache-2.0
// A data set: the keys all kinds of data share, the order of the samples, and the source of batches.
#include "data/data.h"

#include "data/reader.h"

#include <assert.h>
#include <string.h>

#define PLACE_BYTES 512U

typedef struct dataset_keys {
    uint32_t type; // row of readers.def
    bool shuffle;
    uint64_t samples;
    const char *class_names;
} dataset_keys;

struct mote_dataset {
    mote_arena arena; // holds this struct too
    dataset_keys keys;
    const mote_reader *reader;
    void *state; // of the reader
    uint64_t sample_count;
    mote_knowledge knowledge;
    bool has_order;
    mote_random_key order;
    uint64_t first; // the selected batch
    size_t count;
    mote_source source;
};

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

static const mote_property properties[] = {
    {.name = "type",
     .kind = MOTE_PROPERTY_CHOICE,
     .choices = reader_names,
     .offset = offsetof(dataset_keys, type),
     .help = "kind of data"},
    {.name = "shuffle",
     .kind = MOTE_PROPERTY_BOOL,
     .initial = "true",
     .offset = offsetof(dataset_keys, shuffle),
     .help = "training takes the samples in another order each epoch"},
    {.name = "samples",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "0",
     .offset = offsetof(dataset_keys, samples),
     .help = "use only the first n samples; 0: all"},
    {.name = "class_names",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(dataset_keys, class_names),
     .help = "names of the classes, a,b,c, in the order of their indices"},
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

/// The kind of data has to be known before its keys can be.
static mote_status choose_reader(const mote_dataset_config *config, mote_dataset *dataset)
{
    const mote_entry *const type = find_entry(config, "type");
    const mote_property_target common = {.table = properties, .state = &dataset->keys};
    MOTE_TRY(mote_property_read(&common, 1, config->owner, &config->origin, type, type ? 1 : 0));
    dataset->reader = readers[dataset->keys.type];
    return MOTE_OK;
}

static mote_status read_keys(const mote_dataset_config *config, mote_dataset *dataset)
{
    MOTE_TRY(choose_reader(config, dataset));
    MOTE_TRY(mote_arena_allocate(&dataset->arena, dataset->reader->state_bytes, &dataset->state));
    const mote_property_target targets[2] = {
        {.table = properties, .state = &dataset->keys},
        {.table = dataset->reader->properties, .state = dataset->state},
    };
    return mote_property_read(targets, 2, config->owner, &config->origin, config->entries,
                              config->entry_count);
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

static mote_status check_class_names(const mote_dataset_config *config, mote_dataset *dataset)
{
    char place[PLACE_BYTES];
    const char *const names = dataset->keys.class_names;
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
    MOTE_TRY(mote_arena_text(&dataset->arena, names, strlen(names), &copy));
    dataset->keys.class_names = copy;
    return MOTE_OK;
}

static mote_status limit_samples(const mote_dataset_config *config, mote_dataset *dataset)
{
    char place[PLACE_BYTES];
    const uint64_t samples = dataset->keys.samples;
    if (samples > dataset->sample_count)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%s: samples = %llu, but there are %llu",
                          place_text(config, "samples", place), config->owner,
                          (unsigned long long)samples, (unsigned long long)dataset->sample_count);
    if (samples > 0)
        dataset->sample_count = samples;
    return MOTE_OK;
}

static uint64_t record_of(const mote_dataset *dataset, size_t sample)
{
    const uint64_t place = dataset->first + sample;
    return dataset->has_order ? mote_random_permute(&dataset->order, dataset->sample_count, place)
                              : place;
}

static mote_status read_piece(void *user, const mote_source_piece *piece, void *destination)
{
    const mote_dataset *const dataset = user;
    assert(piece->first_sample + piece->sample_count <= dataset->count);
    const bool is_whole = piece->element_count == mote_shape_elements(&piece->spec->shape);
    const size_t run = !dataset->has_order && is_whole ? piece->sample_count : 1;
    size_t row_bytes = 0;
    MOTE_TRY(mote_dtype_bytes(piece->spec->dtype, piece->element_count, &row_bytes));
    for (size_t i = 0; i < piece->sample_count; i += run) {
        const mote_reader_range range = {.port = piece->port,
                                         .spec = piece->spec,
                                         .first_record =
                                             record_of(dataset, piece->first_sample + i),
                                         .record_count = run,
                                         .first_element = piece->first_element,
                                         .element_count = piece->element_count};
        MOTE_TRY(dataset->reader->read(dataset->state, &range,
                                       (unsigned char *)destination + i * row_bytes));
    }
    return MOTE_OK;
}

static mote_status learn(const mote_dataset_config *config, mote_dataset *dataset)
{
    MOTE_TRY(limit_samples(config, dataset));
    const mote_selection selection = {.count = dataset->sample_count};
    if (!dataset->reader->learn)
        return MOTE_OK;
    MOTE_TRY(dataset->reader->learn(dataset->state, config, &selection, &dataset->arena,
                                    &dataset->knowledge));
    return MOTE_OK;
}

static mote_status open_files(const mote_dataset_config *config, mote_dataset *dataset)
{
    MOTE_TRY(
        dataset->reader->open(dataset->state, config, &dataset->arena, &dataset->sample_count));
    const mote_status status = learn(config, dataset);
    if (status != MOTE_OK)
        dataset->reader->close(dataset->state);
    return status;
}

/// Names in the section win over those of the weights' file.
static mote_status open_with(const mote_dataset_config *config, mote_dataset *dataset)
{
    mote_dataset_config resolved = *config;
    MOTE_TRY(read_keys(config, dataset));
    MOTE_TRY(check_class_names(config, dataset));
    MOTE_TRY(check_known_names(config, dataset->keys.class_names));
    if (!config->known.class_names)
        resolved.known.class_names = "";
    if (!config->known.preparation)
        resolved.known.preparation = "";
    if (dataset->keys.class_names[0] != '\0')
        resolved.known.class_names = dataset->keys.class_names;
    dataset->knowledge = (mote_knowledge){dataset->keys.class_names, ""};
    return open_files(&resolved, dataset);
}

mote_status mote_dataset_open(const mote_dataset_config *config, mote_dataset **dataset)
{
    mote_arena arena;
    mote_arena_init(&arena, config->allocator);
    void *memory = NULL;
    MOTE_TRY(mote_arena_allocate(&arena, sizeof(mote_dataset), &memory));
    mote_dataset *const opened = memory;
    opened->arena = arena;
    opened->source = (mote_source){.user = opened, .read = read_piece};
    const mote_status status = open_with(config, opened);
    if (status == MOTE_OK) {
        *dataset = opened;
        return MOTE_OK;
    }
    arena = opened->arena;
    mote_arena_release(&arena);
    return status;
}

mote_status mote_dataset_check(const mote_dataset_config *config)
{
    mote_dataset probe = {.reader = NULL};
    mote_arena_init(&probe.arena, config->allocator);
    const mote_status status = read_keys(config, &probe);
    mote_arena_release(&probe.arena);
    return status;
}

void mote_dataset_close(mote_dataset **dataset)
{
    mote_dataset *const open = *dataset;
    if (!open)
        return;
    open->reader->close(open->state);
    mote_arena arena = open->arena;
    mote_arena_release(&arena);
    *dataset = NULL;
}

uint64_t mote_dataset_sample_count(const mote_dataset *dataset)
{
    return dataset->sample_count;
}

bool mote_dataset_shuffles(const mote_dataset *dataset)
{
    return dataset->keys.shuffle;
}

void mote_dataset_select(mote_dataset *dataset, const mote_random_key *order, uint64_t first,
                         size_t count)
{
    assert(first <= dataset->sample_count && count <= dataset->sample_count - first);
    dataset->has_order = order != NULL;
    if (order)
        dataset->order = *order;
    dataset->first = first;
    dataset->count = count;
}

const mote_source *mote_dataset_source(mote_dataset *dataset)
{
    return &dataset->source;
}

double mote_dataset_scale(const mote_dataset *dataset)
{
    return dataset->reader->scale ? dataset->reader->scale(dataset->state) : MOTE_IMAGE_SCALE;
}

mote_knowledge mote_dataset_knowledge(const mote_dataset *dataset)
{
    return dataset->knowledge;
}
