// SPDX-License-Identifier: Apache-2.0
// The reader `wav`: a folder with one sub-folder of WAV files a class. Features are computed once, before step one,
// into a temporary file of floats; batches are standardized when they are read. For inference without labels the
// path is one WAV file.
#include "base/size.h"
#include "data/class_folder.h"
#include "data/dataset_keys.h"
#include "data/moments.h"
#include "data/record_cache.h"
#include "data/sound.h"
#include "data/wav_file.h"

#include <stdio.h>
#include <string.h>

enum {
    FIELD_ROWS,
    FIELD_LENGTH,
    FIELD_CLASS,
    FIELD_COUNT
};

enum {
    LONGER_CUT,
    LONGER_REFUSE,
};

#define LENGTH_PORT 1U
#define CHUNK       256U
#define WHAT_BYTES  512U

typedef struct wav_state {
    const char *path; // properties
    mote_sound_settings settings;
    uint32_t longer;
    mote_class_folder folder;
    size_t frame_count, width; // of a sample
    size_t input_count;
    mote_sound_scaling scaling;
    mote_record_cache cache;
} wav_state;

static const char *const longer_names[] = {"cut", "refuse", NULL};

static const mote_property properties[] = {
    {.name = "path",
     .kind = MOTE_PROPERTY_TEXT,
     .offset = offsetof(wav_state, path),
     .help = "folder with one sub-folder of WAV files a class"},
    {.name = "longer",
     .kind = MOTE_PROPERTY_CHOICE,
     .initial = "cut",
     .choices = longer_names,
     .offset = offsetof(wav_state, longer),
     .help = "a file with more frames than the input takes: cut its end off, or refuse it; shorter "
             "ones are filled up with zeros"},
    MOTE_SOUND_ROWS(offsetof(wav_state, settings)),
    {.name = NULL},
};

/// A key that the features do not read must not be given.
static mote_status check_keys(const wav_state *s, const mote_dataset_config *config)
{
    static const struct {
        const char *key;
        uint32_t features; // that read it, and those behind them
    } needs[] = {
        {"frame_length", MOTE_SOUND_LOG_MEL},   {"frame_step", MOTE_SOUND_LOG_MEL},
        {"mel_count", MOTE_SOUND_LOG_MEL},      {"low_frequency", MOTE_SOUND_LOG_MEL},
        {"high_frequency", MOTE_SOUND_LOG_MEL}, {"coefficient_count", MOTE_SOUND_MFCC},
    };

    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        const mote_property *property = properties;
        char problem[64];
        while (strcmp(property->name, needs[i].key) != 0)
            property++;
        if (s->settings.features >= needs[i].features || mote_property_is_initial(property, s))
            continue;
        (void)snprintf(problem, sizeof problem, " is no key of features = %s",
                       mote_sound_feature_names[s->settings.features]);
        return mote_dataset_keys_raise(config, needs[i].key, problem);
    }
    return MOTE_OK;
}

/// "file:line: [section]" for messages.
static const char *get_owner(const mote_dataset_config *config, char what[WHAT_BYTES])
{
    char place[WHAT_BYTES / 2];
    (void)snprintf(what, WHAT_BYTES, "%s%s", mote_origin_text(&config->origin, place, sizeof place),
                   config->owner);
    return what;
}

/// Raw sound may lie along the width or the height; features are rows.
static mote_status check_shape(wav_state *s, const mote_shape *shape, const char *what)
{
    char text[MOTE_SHAPE_TEXT_BYTES];
    const bool is_raw = s->settings.features == MOTE_SOUND_RAW;
    const size_t elements = mote_shape_elements(shape);
    size_t longest = 0;
    s->width = mote_sound_width(&s->settings);
    s->frame_count = elements / s->width;
    for (uint32_t i = 0; i < shape->rank; i++)
        longest = mote_size_max(longest, shape->dims[i]);
    if (is_raw && longest == elements)
        return MOTE_OK;
    if (!is_raw && shape->rank == 3 && shape->dims[0] == 1 && shape->dims[2] == s->width)
        return MOTE_OK;
    (void)mote_shape_text(shape, text, sizeof text);
    if (is_raw)
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "%s: features = raw feeds an input 1:1:n or 1:n:1, the network's is %s",
                          what, text);
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "%s: features = %s feeds an input 1:frames:%zu, the network's is %s", what,
                      mote_sound_feature_names[s->settings.features], s->width, text);
}

/// The second input is the length in frames.
static mote_status check_length(const wav_state *s, const mote_dataset_port *port, const char *what)
{
    char text[MOTE_SHAPE_TEXT_BYTES];
    if (port->spec.dtype != MOTE_DTYPE_I32 || mote_shape_elements(&port->spec.shape) != 1) {
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "%s: type wav feeds '%s' with one integer, the length in frames; the "
                          "network wants %s of %s",
                          what, port->name, mote_shape_text(&port->spec.shape, text, sizeof text),
                          mote_dtype_text(port->spec.dtype));
    }
    if (port->index_first > 1 || port->index_last < 1 ||
        (size_t)port->index_last < s->frame_count) {
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "%s: '%s' takes integers from %d to %d, but sounds have 1 to %zu frames",
                          what, port->name, (int)port->index_first, (int)port->index_last,
                          s->frame_count);
    }
    return MOTE_OK;
}

static mote_status check_ports(wav_state *s, const mote_dataset_config *config, const char *what)
{
    const mote_dataset_ports *const ports = &config->ports;
    const mote_dtype dtype = ports->items[0].spec.dtype;
    s->input_count = ports->input_count;
    if (ports->input_count > LENGTH_PORT + 1 || dtype != MOTE_DTYPE_REAL) {
        return MOTE_RAISE(
            MOTE_ERROR_UNSUPPORTED,
            "%s: type wav feeds an input of real numbers and one of their length, the "
            "network has %zu inputs, the first of %s",
            what, ports->input_count, mote_dtype_text(dtype));
    }
    MOTE_TRY(check_shape(s, &ports->items[0].spec.shape, what));
    if (s->frame_count > INT32_MAX)
        return MOTE_RAISE(MOTE_ERROR_SHAPE, "%s: sounds of %zu frames are too long", what,
                          s->frame_count);
    if (ports->input_count > LENGTH_PORT)
        MOTE_TRY(check_length(s, &ports->items[LENGTH_PORT], what));
    return mote_class_folder_check_label(config, "type wav");
}

/// What all files of a set are read with.
typedef struct extraction {
    mote_sound *sound;
    double *samples;
    size_t sample_capacity; // that the frames of a sample see
} extraction;

static mote_status add_sound(wav_state *s, const extraction *e, const mote_wav_file *wav,
                             size_t class_index)
{
    void *places[FIELD_COUNT];
    const int32_t class_value = (int32_t)class_index;
    const uint64_t frames = mote_sound_frame_count(e->sound, wav->sample_count);
    if (wav->sample_rate != s->settings.sample_rate)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has %u samples a second; expected %llu",
                          wav->file.path, (unsigned)wav->sample_rate,
                          (unsigned long long)s->settings.sample_rate);
    if (frames > s->frame_count && s->longer == LONGER_REFUSE)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' has %llu frames, the network takes %zu (longer = refuse)",
                          wav->file.path, (unsigned long long)frames, s->frame_count);
    const int32_t length = (int32_t)(frames > s->frame_count ? s->frame_count : frames);
    const size_t count =
        wav->sample_count < e->sample_capacity ? (size_t)wav->sample_count : e->sample_capacity;
    MOTE_TRY(mote_wav_read(wav, 0, count, e->samples));
    MOTE_TRY(mote_record_cache_append(&s->cache, places));
    memcpy(places[FIELD_LENGTH], &length, sizeof length);
    memcpy(places[FIELD_CLASS], &class_value, sizeof class_value);
    mote_sound_features(e->sound, e->samples, count, (size_t)length, places[FIELD_ROWS]);
    return MOTE_OK;
}

static mote_status add_file(wav_state *s, const extraction *e, const mote_class_file *file)
{
    mote_wav_file wav;
    MOTE_TRY(mote_wav_open(file->path, &wav));
    const mote_status status = add_sound(s, e, &wav, file->class_index);
    mote_wav_close(&wav);
    return status;
}

/// Where it is not known the sample rate is that of the first training file.
static mote_status find_rate(wav_state *s, const mote_dataset_config *config)
{
    mote_wav_file wav;
    if (s->settings.sample_rate > 0)
        return MOTE_OK;
    if (!config->is_training)
        return mote_reader_raise_unknown(config, "sample_rate is");
    MOTE_TRY(mote_wav_open(s->folder.files[0].path, &wav));
    s->settings.sample_rate = wav.sample_rate;
    mote_wav_close(&wav);
    return MOTE_OK;
}

static mote_status add_files(wav_state *s, const mote_dataset_config *config, mote_arena *scratch)
{
    char what[WHAT_BYTES];
    extraction e = {.sound = NULL};
    MOTE_TRY(find_rate(s, config));
    (void)snprintf(what, sizeof what, "'%s'", s->folder.path);
    MOTE_TRY(mote_sound_init(&s->settings, what, scratch, &e.sound));
    MOTE_TRY(mote_sound_sample_count(e.sound, s->frame_count, &e.sample_capacity));
    MOTE_TRY(mote_arena_array(scratch, e.sample_capacity, sizeof(double), (void **)&e.samples));
    for (size_t i = 0; i < s->folder.file_count; i++)
        MOTE_TRY(add_file(s, &e, &s->folder.files[i]));
    return mote_record_cache_finish(&s->cache);
}

static mote_status fill_cache(wav_state *s, const mote_dataset_config *config, mote_arena *arena)
{
    const mote_record_field fields[FIELD_COUNT] = {
        [FIELD_ROWS] = {.dtype = MOTE_DTYPE_F32, .elements = s->frame_count * s->width},
        [FIELD_LENGTH] = {.dtype = MOTE_DTYPE_I32, .elements = 1},
        [FIELD_CLASS] = {.dtype = MOTE_DTYPE_I32, .elements = 1},
    };
    mote_arena scratch;
    mote_arena_init(&scratch, config->allocator);
    mote_status status =
        mote_record_cache_open(fields, FIELD_COUNT, s->folder.path, arena, &scratch, &s->cache);
    if (status == MOTE_OK)
        status = add_files(s, config, &scratch);
    mote_arena_release(&scratch);
    return status;
}

static void close_wav(void *state)
{
    mote_record_cache_close(&((wav_state *)state)->cache);
}

/// One file without a class.
static mote_status read_file(wav_state *s, const char *path, mote_arena *listing)
{
    mote_class_file *file = NULL;
    MOTE_TRY(mote_arena_array(listing, 1, sizeof *file, (void **)&file));
    file->path = path;
    s->folder =
        (mote_class_folder){.path = path, .files = file, .file_count = 1, .class_names = ""};
    return MOTE_OK;
}

static mote_status read_path(wav_state *s, const mote_dataset_config *config, mote_arena *arena)
{
    const char *path = NULL;
    MOTE_TRY(mote_reader_path(config, s->path, arena, &path));
    mote_arena listing;
    mote_arena_init(&listing, config->allocator);
    mote_status status = config->ports.label_count > 0
                             ? mote_class_folder_read(config, path, arena, &listing, &s->folder)
                             : read_file(s, path, &listing);
    if (status == MOTE_OK)
        status = fill_cache(s, config, arena);
    mote_class_folder_forget_files(&s->folder);
    mote_arena_release(&listing);
    if (status != MOTE_OK)
        close_wav(s);
    return status;
}

static mote_status open_wav(void *state, const mote_dataset_config *config, mote_arena *arena,
                            uint64_t *sample_count)
{
    wav_state *const s = state;
    char what[WHAT_BYTES];
    s->cache.file.descriptor = -1;
    (void)get_owner(config, what);
    MOTE_TRY(check_keys(s, config));
    MOTE_TRY(check_ports(s, config, what));
    if (config->known.preparation[0] != '\0')
        MOTE_TRY(mote_sound_settings_recall(config->known.preparation, what, arena, &s->settings,
                                            &s->scaling));
    const mote_status status = read_path(s, config, arena);
    if (status != MOTE_OK)
        return mote_reader_blame(status, config, "path");
    *sample_count = s->cache.record_count;
    return MOTE_OK;
}

static mote_status get_length(const wav_state *s, uint64_t record, size_t *length)
{
    int32_t frames = 0;
    const mote_record_range range = {
        .field = FIELD_LENGTH, .first_record = record, .record_count = 1, .element_count = 1};
    MOTE_TRY(mote_record_cache_read(&s->cache, &range, &frames));
    *length = (size_t)frames;
    return MOTE_OK;
}

/// Counts the sound's own frames, not what it is filled up with.
static mote_status add_record(const wav_state *s, uint64_t record, mote_moments *moments)
{
    float values[CHUNK];
    size_t length = 0;
    MOTE_TRY(get_length(s, record, &length));
    const size_t elements = length * s->width;
    for (size_t first = 0; first < elements; first += CHUNK) {
        const size_t count = mote_size_min(CHUNK, elements - first);
        const mote_record_range range = {.field = FIELD_ROWS,
                                         .first_record = record,
                                         .record_count = 1,
                                         .first_element = first,
                                         .element_count = count};
        MOTE_TRY(mote_record_cache_read(&s->cache, &range, values));
        for (size_t i = 0; i < count; i++)
            mote_moments_add(&moments[(first + i) % s->width], (double)values[i]);
    }
    return MOTE_OK;
}

static mote_status learn_scaling(wav_state *s, const mote_selection *selection, mote_arena *arena)
{
    mote_moments *moments = NULL;
    MOTE_TRY(mote_arena_array(arena, s->width, sizeof *moments, (void **)&moments));
    MOTE_TRY(mote_arena_array(arena, s->width, sizeof(double), (void **)&s->scaling.means));
    MOTE_TRY(mote_arena_array(arena, s->width, sizeof(double), (void **)&s->scaling.deviations));
    for (uint64_t i = 0; i < selection->count; i++)
        MOTE_TRY(add_record(s, mote_selection_record(selection, i), moments));
    for (size_t i = 0; i < s->width; i++) {
        s->scaling.means[i] = moments[i].mean;
        s->scaling.deviations[i] = mote_moments_deviation(&moments[i]);
    }
    return MOTE_OK;
}

static mote_status learn(void *state, const mote_dataset_config *config,
                         const mote_selection *selection, mote_arena *arena,
                         mote_knowledge *knowledge)
{
    wav_state *const s = state;
    knowledge->class_names =
        config->ports.label_count > 0 ? s->folder.class_names : config->known.class_names;
    if (s->settings.standardize && !s->scaling.means) {
        if (!config->is_training)
            return mote_reader_raise_unknown(config, "the means of the coefficients are");
        MOTE_TRY(learn_scaling(s, selection, arena));
    }
    return mote_sound_settings_write(&s->settings, &s->scaling, arena, &knowledge->preparation);
}

/// Elements [first, +count) of a sound of `length` frames; what is behind it stays 0.
static void standardize(const wav_state *s, size_t length, size_t first, size_t count,
                        mote_real *values)
{
    const size_t end = length * s->width;
    for (size_t i = 0; i < count && first + i < end; i++) {
        const size_t coefficient = (first + i) % s->width;
        values[i] = (mote_real)(((double)values[i] - s->scaling.means[coefficient]) /
                                s->scaling.deviations[coefficient]);
    }
}

static mote_status read_rows(const wav_state *s, const mote_reader_range *range,
                             mote_real *destination)
{
    const mote_record_range records = {.field = FIELD_ROWS,
                                       .first_record = range->first_record,
                                       .record_count = range->record_count,
                                       .first_element = range->first_element,
                                       .element_count = range->element_count};
    MOTE_TRY(mote_record_cache_read_reals(&s->cache, &records, 1.0, destination));
    for (size_t i = 0; i < range->record_count && s->settings.standardize; i++) {
        size_t length = 0;
        MOTE_TRY(get_length(s, range->first_record + i, &length));
        standardize(s, length, range->first_element, range->element_count,
                    destination + i * range->element_count);
    }
    return MOTE_OK;
}

static mote_status read_lengths(const wav_state *s, const mote_reader_range *range,
                                int32_t *destination)
{
    const mote_record_range records = {.field = FIELD_LENGTH,
                                       .first_record = range->first_record,
                                       .record_count = range->record_count,
                                       .element_count = 1};
    return mote_record_cache_read(&s->cache, &records, destination);
}

static mote_status read_range(const void *state, const mote_reader_range *range, void *destination)
{
    const wav_state *const s = state;
    if (range->port == 0)
        return read_rows(s, range, destination);
    return range->port < s->input_count
               ? read_lengths(s, range, destination)
               : mote_class_folder_read_labels(&s->cache, FIELD_CLASS, range, destination);
}

const mote_reader mote_reader_wav = {
    .name = "wav",
    .summary =
        "a folder with one sub-folder of WAV files a class: samples, or features of frames; a second input, "
        "of integers, gets the length in frames",
    .properties = properties,
    .state_bytes = sizeof(wav_state),
    .open = open_wav,
    .learn = learn,
    .close = close_wav,
    .read = read_range,
};
