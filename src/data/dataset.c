// SPDX-License-Identifier: Apache-2.0
// A data set: which samples it has and in which order, and the source of batches.
#include "base/hash.h"
#include "base/size.h"
#include "base/text.h"
#include "data/augment.h"
#include "data/dataset_keys.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

struct mote_dataset {
    mote_arena arena; // holds this struct too
    mote_dataset_keys keys;
    const mote_reader *reader;
    void *state;    // of the reader
    bool is_shared; // the reader is another set's
    mote_selection selection;
    mote_knowledge knowledge;
    size_t input_count;
    bool has_order;
    mote_random_key order;
    uint64_t first; // the selected batch
    size_t count;
    bool augments;
    mote_random_key augmentation;
    mote_real *scratch;      // of augmentation, a sample a reader; NULL: needs none
    size_t scratch_elements; // of each
    mote_source source;
};

static mote_status limit_samples(const mote_dataset_config *config, mote_dataset *dataset,
                                 uint64_t *record_count)
{
    char problem[96];
    const uint64_t samples = dataset->keys.samples;
    if (samples > *record_count) {
        (void)snprintf(problem, sizeof problem, " = %llu, but there are %llu",
                       (unsigned long long)samples, (unsigned long long)*record_count);
        return mote_dataset_keys_raise(config, "samples", problem);
    }
    if (samples > 0)
        *record_count = samples;
    return MOTE_OK;
}

static mote_status raise_no_split(const mote_dataset_config *config)
{
    return mote_dataset_keys_raise(config, "validation_split", " is 0 and there is no [valid_set]");
}

/// Places 0 .. n - 1 of the permutation are for validation.
static mote_status split_samples(const mote_dataset_config *config, mote_dataset *dataset,
                                 uint64_t record_count)
{
    char problem[96];
    const double share = dataset->keys.validation_split;
    const uint64_t kept = (uint64_t)floor(share * (double)record_count + 0.5);
    mote_selection *const selection = &dataset->selection;
    *selection = (mote_selection){.count = record_count};
    if (share <= 0.0)
        return config->is_split_off ? raise_no_split(config) : MOTE_OK;
    if (kept == 0 || kept == record_count) {
        (void)snprintf(problem, sizeof problem,
                       " = %.9g leaves %llu of %llu samples for validation", share,
                       (unsigned long long)kept, (unsigned long long)record_count);
        return mote_dataset_keys_raise(config, "validation_split", problem);
    }
    *selection = (mote_selection){
        .count = config->is_split_off ? kept : record_count - kept,
        .record_count = record_count,
        .first = config->is_split_off ? 0 : kept,
        .key = {.seed = config->seed, .name = mote_hash_name("validation split")},
    };
    return MOTE_OK;
}

static uint64_t record_of(const mote_dataset *dataset, size_t sample)
{
    const uint64_t place = dataset->first + sample;
    const uint64_t count = dataset->selection.count;
    return mote_selection_record(
        &dataset->selection,
        dataset->has_order ? mote_random_permute(&dataset->order, count, place) : place);
}

static bool is_augmented(const mote_dataset *dataset, const mote_source_piece *piece)
{
    return dataset->augments && piece->port < dataset->input_count &&
           piece->spec->dtype == MOTE_DTYPE_REAL;
}

static mote_status augment(const mote_dataset *dataset, const mote_source_piece *piece,
                           void *destination)
{
    const size_t elements = mote_shape_elements(&piece->spec->shape);
    if (piece->element_count != elements)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "samples are augmented as a whole only");
    mote_real *const scratch = dataset->scratch // only `crop` has some
                                   ? dataset->scratch + piece->reader * dataset->scratch_elements
                                   : NULL;
    for (size_t i = 0; i < piece->sample_count; i++) {
        const mote_augmented_sample sample = {.key = &dataset->augmentation,
                                              .number = record_of(dataset, piece->first_sample + i),
                                              .port = piece->port};
        mote_augment(&dataset->keys.augmentation, &sample, &piece->spec->shape, scratch,
                     (mote_real *)destination + i * elements);
    }
    return MOTE_OK;
}

static mote_status read_piece(void *user, const mote_source_piece *piece, void *destination)
{
    const mote_dataset *const dataset = user;
    assert(piece->first_sample + piece->sample_count <= dataset->count);
    const bool is_whole = piece->element_count == mote_shape_elements(&piece->spec->shape);
    const bool is_in_order = !dataset->has_order && dataset->selection.record_count == 0;
    const size_t run = is_in_order && is_whole ? piece->sample_count : 1;
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
    return is_augmented(dataset, piece) ? augment(dataset, piece, destination) : MOTE_OK;
}

/// Memory for augmentation, which needs an input of real numbers of three dimensions.
static mote_status reserve_scratch(const mote_dataset_config *config, mote_dataset *dataset)
{
    size_t elements = 0;
    dataset->input_count = config->ports.input_count;
    if (!mote_augmentation_is_on(&dataset->keys.augmentation))
        return MOTE_OK;
    for (size_t i = 0; i < dataset->input_count; i++) {
        const mote_tensor_spec *const spec = &config->ports.items[i].spec;
        if (spec->dtype == MOTE_DTYPE_REAL && spec->shape.rank == 3)
            elements = mote_size_max(elements, mote_shape_elements(&spec->shape));
    }
    if (elements == 0)
        return mote_dataset_keys_raise(config, "flip, shift, crop, noise",
                                       ": the network has no input of real numbers");
    if (dataset->keys.augmentation.crop >= 1.0)
        return MOTE_OK;
    dataset->scratch_elements = elements;
    MOTE_TRY(mote_size_multiply(elements, dataset->source.reader_count, "augmentation", &elements));
    return mote_arena_array(&dataset->arena, elements, sizeof *dataset->scratch,
                            (void **)&dataset->scratch);
}

static mote_status choose_samples(const mote_dataset_config *config, mote_dataset *dataset,
                                  uint64_t record_count)
{
    MOTE_TRY(limit_samples(config, dataset, &record_count));
    MOTE_TRY(split_samples(config, dataset, record_count));
    MOTE_TRY(reserve_scratch(config, dataset));
    if (!dataset->reader->learn)
        return MOTE_OK;
    return dataset->reader->learn(dataset->state, config, &dataset->selection, &dataset->arena,
                                  &dataset->knowledge);
}

static mote_status open_files(const mote_dataset_config *config, mote_dataset *dataset)
{
    uint64_t record_count = 0;
    MOTE_TRY(dataset->reader->open(dataset->state, config, &dataset->arena, &record_count));
    const mote_status status = choose_samples(config, dataset, record_count);
    if (status != MOTE_OK)
        dataset->reader->close(dataset->state);
    return status;
}

/// What a callback's owner said, in the place of keys.
static mote_status take_callback(const mote_dataset_config *config, mote_dataset *dataset)
{
    const mote_data_source *const callback = config->callback;
    dataset->reader = &mote_reader_callback;
    dataset->keys =
        (mote_dataset_keys){.shuffle = !callback->in_order,
                            .class_names = callback->class_names ? callback->class_names : "",
                            .augmentation = {.crop = 1.0}};
    return mote_arena_allocate(&dataset->arena, dataset->reader->state_bytes, &dataset->state);
}

/// Names in the section win over those of the weights' file.
static mote_status open_with(const mote_dataset_config *config, mote_dataset *dataset)
{
    mote_dataset_config resolved = *config;
    mote_knowledge *const known = &resolved.known;
    MOTE_TRY(config->callback ? take_callback(config, dataset)
                              : mote_dataset_keys_read(config, &dataset->arena, &dataset->keys,
                                                       &dataset->reader, &dataset->state));
    MOTE_TRY(mote_dataset_keys_name(config, &dataset->arena, &dataset->keys));
    if (!known->class_names)
        known->class_names = "";
    if (!known->preparation)
        known->preparation = "";
    if (dataset->keys.class_names[0] != '\0')
        known->class_names = dataset->keys.class_names;
    dataset->knowledge = (mote_knowledge){dataset->keys.class_names, ""};
    dataset->source.reader_count =
        dataset->reader->is_serial ? 1 : mote_size_max(config->reader_count, 1);
    return open_files(&resolved, dataset);
}

static mote_status make_dataset(const mote_allocator *allocator, mote_dataset **dataset)
{
    mote_arena arena;
    void *memory = NULL;
    mote_arena_init(&arena, allocator);
    MOTE_TRY(mote_arena_allocate(&arena, sizeof(mote_dataset), &memory));
    *dataset = memory;
    (*dataset)->arena = arena;
    (*dataset)->source = (mote_source){.user = *dataset, .read = read_piece};
    return MOTE_OK;
}

/// The struct lies in the arena that is released.
static void release_dataset(mote_dataset *dataset)
{
    mote_arena arena = dataset->arena;
    mote_arena_release(&arena);
}

mote_status mote_dataset_open(const mote_dataset_config *config, mote_dataset **dataset)
{
    mote_dataset *opened = NULL;
    MOTE_TRY(make_dataset(config->allocator, &opened));
    const mote_status status = open_with(config, opened);
    if (status == MOTE_OK)
        *dataset = opened;
    else
        release_dataset(opened);
    return status;
}

mote_status mote_dataset_open_split(mote_dataset *training, mote_dataset **validation)
{
    const mote_selection *const rest = &training->selection;
    mote_dataset *opened = NULL;
    *validation = NULL;
    if (rest->record_count == 0)
        return MOTE_OK;
    MOTE_TRY(make_dataset(training->arena.allocator, &opened));
    opened->keys = training->keys;
    opened->reader = training->reader;
    opened->state = training->state;
    opened->is_shared = true;
    opened->source.reader_count = training->source.reader_count;
    opened->knowledge = training->knowledge;
    opened->selection = *rest;
    opened->selection.count = rest->record_count - rest->count;
    opened->selection.first = rest->first == 0 ? rest->count : 0;
    *validation = opened;
    return MOTE_OK;
}

mote_status mote_dataset_check(const mote_dataset_config *config)
{
    mote_dataset probe = {.reader = NULL};
    mote_arena_init(&probe.arena, config->allocator);
    const mote_status status =
        mote_dataset_keys_read(config, &probe.arena, &probe.keys, &probe.reader, &probe.state);
    mote_arena_release(&probe.arena);
    return status;
}

void mote_dataset_close(mote_dataset **dataset)
{
    mote_dataset *const open = *dataset;
    if (!open)
        return;
    if (!open->is_shared)
        open->reader->close(open->state);
    release_dataset(open);
    *dataset = NULL;
}

uint64_t mote_dataset_sample_count(const mote_dataset *dataset)
{
    return dataset->selection.count;
}

bool mote_dataset_shuffles(const mote_dataset *dataset)
{
    return dataset->keys.shuffle;
}

void mote_dataset_select(mote_dataset *dataset, const mote_random_key *order, uint64_t first,
                         size_t count)
{
    assert(first <= dataset->selection.count && count <= dataset->selection.count - first);
    dataset->has_order = order != NULL;
    if (order)
        dataset->order = *order;
    dataset->first = first;
    dataset->count = count;
}

void mote_dataset_augment(mote_dataset *dataset, const mote_random_key *key)
{
    dataset->augments = key && mote_augmentation_is_on(&dataset->keys.augmentation);
    if (key)
        dataset->augmentation = *key;
}

const mote_source *mote_dataset_source(mote_dataset *dataset)
{
    return &dataset->source;
}

double mote_dataset_scale(const mote_dataset *dataset)
{
    return dataset->reader->scale ? dataset->reader->scale(dataset->state) : MOTE_IMAGE_SCALE;
}

void mote_dataset_describe(const mote_dataset *dataset, const mote_writer *writer)
{
    for (const mote_property *row = mote_dataset_properties(); row->name; row++) {
        char value[256];
        if (row->offset == offsetof(mote_dataset_keys, type) ||
            row->offset == offsetof(mote_dataset_keys, class_names))
            continue;
        mote_property_get(row, &dataset->keys, value, sizeof value);
        mote_write(writer, " %s=%s", row->name, value);
    }
    mote_write(writer, " classes=%s", dataset->knowledge.class_names);
}

mote_knowledge mote_dataset_knowledge(const mote_dataset *dataset)
{
    return dataset->knowledge;
}
