// SPDX-License-Identifier: Apache-2.0
// A run's memory and state: created, initialized, loaded, saved, released; and inference.
#include "train/train.h"

#include "base/text.h"
#include "os/os.h"
#include "train/loop.h"

#include <inttypes.h>
#include <string.h>

/// Pages, which take memory as far as there are steps.
#define STEP_TIMES_BYTES (MOTE_STEP_TIMES_MAX * sizeof(uint64_t))

static const char scale_key[] = "mote.image_scale";
static const char classes_key[] = "mote.class_names";
static const char preparation_key[] = "mote.preparation";

/// The metadata read as a property.
static const mote_property scale_properties[] = {
    {.name = scale_key,
     .kind = MOTE_PROPERTY_REAL,
     .initial = "1",
     .minimum = -1e30,
     .maximum = 1e30},
    {.name = NULL},
};

mote_status mote_run_find_checkpoints(const mote_description *description, mote_arena *arena,
                                      const char **path)
{
    static const char end[] = ".ini";
    const char *chosen = description->settings.checkpoint_path;
    char *made = NULL;
    size_t length = strlen(description->path);
    if (chosen[0])
        return mote_description_path(description, chosen, arena, path);
    if (mote_text_ends(description->path, end))
        length -= sizeof end - 1;
    MOTE_TRY(mote_arena_format(arena, &made, "%.*s.checkpoint", (int)length, description->path));
    *path = made;
    return MOTE_OK;
}

static mote_status keep_paths(mote_run *run)
{
    const mote_description *description = run->description;
    const mote_model_settings *settings = &description->settings;
    mote_arena *arena = &run->arena;
    if (settings->save_path[0])
        MOTE_TRY(mote_description_path(description, settings->save_path, arena, &run->save_path));
    if (settings->save_best_path[0])
        MOTE_TRY(
            mote_description_path(description, settings->save_best_path, arena, &run->best_path));
    MOTE_TRY(mote_run_find_checkpoints(description, arena, &run->checkpoint_path));
    MOTE_TRY(mote_run_find_swap(description, arena, &run->swap_path));
    return mote_arena_format(arena, &run->newest_checkpoint, "%s" MOTE_CHECKPOINT_END,
                             run->checkpoint_path, UINT64_MAX);
}

mote_status mote_run_find_swap(const mote_description *description, mote_arena *arena,
                               const char **path)
{
    const char *chosen = description->settings.swap_path;
    *path = NULL;
    return chosen[0] ? mote_description_path(description, chosen, arena, path) : MOTE_OK;
}

mote_status mote_run_open_swap(const mote_run *run, const char *folder, uint64_t bytes,
                               mote_swap_file *file)
{
    if (mote_swap_file_open(folder, bytes, file) == MOTE_OK)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_IO, "%s: [Model] swap_path: a swap file of %zu bytes: %.800s",
                      run->description->path, (size_t)bytes, mote_last_error()->message);
}

static const mote_swap_file closed = {.file = {.descriptor = -1}};

/// What does not fit into the arena has a file.
static mote_status open_swap(mote_run *run)
{
    const mote_compiled *compiled = run->compiled;
    if (compiled->swap_bytes == 0)
        return MOTE_OK;
    MOTE_TRY(mote_run_open_swap(run, run->swap_path, compiled->swap_bytes, &run->swap));
    run->state.swap = &run->swap;
    if (compiled->staging_bytes > 0)
        run->state.staging =
            (unsigned char *)run->memory + compiled->plan.offsets[compiled->held_count];
    run->state.staging_bytes = compiled->staging_bytes;
    MOTE_TRY(
        mote_state_source_init(&run->context->allocator, run->state.block_count, &run->source));
    run->state.source = &run->source;
    return mote_transfers_create(&run->context->allocator, &run->state, &run->transfers);
}

mote_status mote_run_open_memory(mote_run *run, mote_compiled *compiled)
{
    run->compiled = compiled;
    run->memory_bytes = compiled->plan.arena_bytes;
    if (mote_pages_allocate(run->memory_bytes, &run->memory) != MOTE_OK) {
        return MOTE_RAISE(
            MOTE_ERROR_MEMORY,
            "%s: the planned arena of %zu bytes could not be had; a smaller batch_size "
            "needs less",
            run->description->path, run->memory_bytes);
    }
    run->state = (mote_state){.blocks = compiled->state_blocks,
                              .block_count = compiled->state_block_count,
                              .base = (unsigned char *)run->memory,
                              .is_torn = &run->is_torn};
    MOTE_TRY(open_swap(run));
    for (size_t i = 0; i < compiled->program_count; i++)
        mote_program_bind(&compiled->programs[i], (unsigned char *)run->memory);
    return MOTE_OK;
}

void mote_run_close_memory(mote_run *run)
{
    run->moved = mote_run_count_moved(run);
    mote_transfers_destroy(&run->transfers);
    mote_swap_file_close(&run->swap);
    mote_state_source_release(&run->source);
    if (run->memory)
        mote_pages_free(run->memory, run->memory_bytes);
    run->memory = NULL;
    run->state = (mote_state){.block_count = 0};
}

mote_transfer_count mote_run_count_moved(const mote_run *run)
{
    const mote_transfer_count now = mote_transfers_count(run->transfers);
    return (mote_transfer_count){.loaded_bytes = run->moved.loaded_bytes + now.loaded_bytes,
                                 .stored_bytes = run->moved.stored_bytes + now.stored_bytes,
                                 .wait_ns = run->moved.wait_ns + now.wait_ns};
}

mote_status mote_run_create(const mote_context *context, const mote_description *description,
                            mote_compiled *compiled, mote_run *run)
{
    *run = (mote_run){.context = context,
                      .description = description,
                      .image_scale = MOTE_IMAGE_SCALE,
                      .knowledge = {"", ""},
                      .swap = closed,
                      .source = {.file = closed}};
    mote_arena_init(&run->arena, &context->allocator);
    void *times = NULL;
    MOTE_TRY(keep_paths(run));
    MOTE_TRY(mote_run_open_memory(run, compiled));
    MOTE_TRY(mote_pages_allocate(STEP_TIMES_BYTES, &times));
    run->step_times = times;
    return MOTE_OK;
}

void mote_run_release(mote_run *run)
{
    mote_run_restart(run);
    mote_run_close_memory(run);
    mote_kept_release(&run->kept);
    mote_pages_free(run->step_times, STEP_TIMES_BYTES);
    mote_arena_release(&run->arena);
    *run = (mote_run){.swap = closed, .source = {.file = closed}};
}

static mote_status initialize_block(const mote_run *run, size_t index)
{
    const mote_state_block *block = &run->state.blocks[index];
    const mote_weight_declaration *weight = mote_compiled_find_weight(run->compiled, block->name);
    for (mote_state_part part = {.block = index}; mote_state_advance(&run->state, &part);) {
        void *values = part.data;
        const mote_initial_part initial = {part.first / sizeof(mote_real),
                                           part.bytes / sizeof(mote_real), (mote_real *)values};
        mote_initialize(weight, block->name, run->description->settings.seed, &initial);
        MOTE_TRY(mote_state_flush(&run->state, &part));
    }
    return MOTE_OK;
}

static mote_status clear_optimizer(const mote_run *run)
{
    for (size_t i = 0; i < run->state.block_count; i++) {
        if (run->state.blocks[i].role == MOTE_STATE_OPTIMIZER)
            MOTE_TRY(mote_state_clear(&run->state, i));
    }
    return MOTE_OK;
}

mote_status mote_run_begin_with(mote_run *run, const char *path)
{
    MOTE_TRY(clear_optimizer(run));
    return mote_run_load(run, path);
}

mote_status mote_run_initialize(mote_run *run)
{
    run->is_torn = false;
    MOTE_TRY(clear_optimizer(run));
    for (size_t i = 0; i < run->state.block_count; i++) {
        if (run->state.blocks[i].role != MOTE_STATE_OPTIMIZER)
            MOTE_TRY(initialize_block(run, i));
    }
    return mote_state_reset_averages(&run->state);
}

mote_status mote_run_reset_optimizer(const mote_run *run)
{
    MOTE_TRY(clear_optimizer(run));
    return mote_state_reset_averages(&run->state);
}

/// Copied only when it is another text than that known: personalization trains often.
static mote_status keep_text(mote_run *run, const char *text, const char **kept)
{
    char *copy = NULL;
    if (strcmp(text, *kept) == 0)
        return MOTE_OK;
    MOTE_TRY(mote_arena_text(&run->arena, text, strlen(text), &copy));
    *kept = copy;
    return MOTE_OK;
}

static mote_status keep_class_names(mote_run *run, const char *names)
{
    return names[0] ? keep_text(run, names, &run->knowledge.class_names) : MOTE_OK;
}

mote_status mote_run_note_file(mote_run *run, const char *path, mote_arena *arena)
{
    char *scale = NULL;
    char *classes = NULL;
    char *preparation = NULL;
    MOTE_TRY(mote_weights_get_metadata(path, scale_key, arena, &scale));
    MOTE_TRY(mote_weights_get_metadata(path, classes_key, arena, &classes));
    MOTE_TRY(mote_weights_get_metadata(path, preparation_key, arena, &preparation));
    if (scale) {
        const mote_entry entry = {.key = scale_key, .value = scale, .origin.file = path};
        MOTE_TRY(mote_property_set(scale_properties, &run->image_scale, "metadata", &entry));
        run->scale_known = true;
    }
    MOTE_TRY(keep_text(run, preparation ? preparation : "", &run->knowledge.preparation));
    return classes ? keep_class_names(run, classes) : MOTE_OK;
}

/// Also one that has no tensors but weights: what is accepted does not depend on the optimizer.
static mote_status refuse_checkpoint(const char *path, mote_arena *arena)
{
    char *format = NULL;
    MOTE_TRY(mote_weights_get_metadata(path, MOTE_CHECKPOINT_FORMAT_KEY, arena, &format));
    if (!format)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s' is a checkpoint, not a file of weights: `mote train --resume` goes on "
                      "from it, `mote rollback` saves its weights to save_path",
                      path);
}

static mote_status load(mote_run *run, const char *path, mote_arena *arena)
{
    MOTE_TRY(refuse_checkpoint(path, arena));
    MOTE_TRY(mote_weights_load(path, &run->state, &run->context->allocator));
    run->is_torn = false;
    run->missing_weights = NULL;
    MOTE_TRY(mote_state_reset_averages(&run->state));
    return mote_run_note_file(run, path, arena);
}

mote_status mote_run_load(mote_run *run, const char *path)
{
    mote_arena arena;
    mote_arena_init(&arena, &run->context->allocator);
    const mote_status status = load(run, path, &arena);
    mote_arena_release(&arena);
    return status;
}

mote_status mote_run_note(mote_run *run, const mote_knowledge *knowledge, double scale)
{
    MOTE_TRY(keep_class_names(run, knowledge->class_names));
    MOTE_TRY(keep_text(run, knowledge->preparation, &run->knowledge.preparation));
    run->image_scale = scale;
    run->scale_known = true;
    return MOTE_OK;
}

static mote_status check_section(mote_run *run, const mote_section *section, const char *path)
{
    static const char *const keys[] = {"path", "label_path"};
    for (size_t i = 0; section && i < sizeof keys / sizeof keys[0]; i++) {
        const mote_entry *entry = mote_section_find(section, keys[i]);
        const char *data = NULL;
        if (!entry)
            continue;
        MOTE_TRY(mote_description_path(run->description, entry->value, &run->arena, &data));
        if (mote_path_same(path, data))
            return MOTE_RAISE(MOTE_ERROR_PROPERTY, "'%s' would be overwritten: it is %s of [%s]",
                              path, keys[i], section->name);
    }
    return MOTE_OK;
}

mote_status mote_run_check_save_path(mote_run *run, const char *path)
{
    const mote_description *description = run->description;
    const mote_section *const sections[] = {description->train_set, description->valid_set,
                                            description->test_set};
    if (mote_path_same(path, description->path))
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "'%s' would be overwritten: it is the model file",
                          path);
    const mote_arena_mark mark = mote_arena_get_mark(&run->arena);
    mote_status status = MOTE_OK;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0] && status == MOTE_OK; i++)
        status = check_section(run, sections[i], path);
    mote_arena_release_to(&run->arena, mark);
    return status;
}

mote_status mote_run_add_metadata(const mote_run *run, mote_arena *arena,
                                  mote_weights_metadata *metadata, size_t *count)
{
    char number[64];
    char *scale = NULL;
    const size_t length =
        mote_property_get(scale_properties, &run->image_scale, number, sizeof number);
    MOTE_TRY(mote_arena_text(arena, number, length, &scale));
    const mote_weights_metadata rows[] = {
        {"mote.version", MOTE_VERSION},
        {"mote.model_hash", run->compiled->model_hash},
        {scale_key, scale},
        {classes_key, run->knowledge.class_names},
        {preparation_key, run->knowledge.preparation},
    };
    const bool is_prepared = run->knowledge.preparation[0] != '\0';
    const size_t row_count = sizeof rows / sizeof rows[0] - !is_prepared;
    _Static_assert(sizeof rows / sizeof rows[0] == MOTE_RUN_METADATA_MAX, "room for all");
    memcpy(metadata + *count, rows, row_count * sizeof rows[0]);
    *count += row_count;
    return MOTE_OK;
}

mote_status mote_run_make_header(mote_run *run, mote_weights_header *header)
{
    mote_weights_metadata metadata[MOTE_RUN_METADATA_MAX];
    size_t count = 0;
    MOTE_TRY(mote_run_add_metadata(run, &run->arena, metadata, &count));
    return mote_weights_make_header(&run->state, metadata, count, &run->arena, header);
}

mote_status mote_run_check_torn(const mote_run *run)
{
    if (!run->is_torn)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_NONFINITE,
                      "a part of a step was applied: the weights are of no step and are not saved; "
                      "load weights, or train anew or from a checkpoint");
}

mote_status mote_run_save(mote_run *run, const char *path)
{
    mote_weights_header header;
    mote_file_replacement replacement;
    MOTE_TRY(mote_run_check_torn(run));
    MOTE_TRY(mote_state_check_finite(&run->state));
    const mote_arena_mark mark = mote_arena_get_mark(&run->arena);
    MOTE_TRY(mote_file_replacement_init(&replacement, path, &run->context->allocator));
    mote_status status = mote_run_check_save_path(run, path);
    if (status == MOTE_OK)
        status = mote_run_make_header(run, &header);
    if (status == MOTE_OK)
        status = mote_weights_save(&run->state, &header, &replacement, replacement.path);
    mote_file_replacement_release(&replacement);
    mote_arena_release_to(&run->arena, mark);
    return status;
}

mote_execution mote_run_execution(const mote_run *run)
{
    const mote_training_settings *settings = &run->compiled->settings;
    mote_control *const control = run->control;
    if (control)
        control->stops = false;
    return (mote_execution){
        .kernels = run->context->kernels,
        .parallel = &run->context->parallel,
        .seed = run->description->settings.seed,
        .optimizer = settings->optimizer,
        .optimizer_state = settings->optimizer_state,
        .transfers = run->transfers,
        .yield = control ? mote_control_yield : NULL,
        .yield_user = control,
    };
}

static mote_status read_batch(void *user, const mote_source_piece *piece, void *destination)
{
    const mote_run_batch *batch = (const mote_run_batch *)user;
    const bool is_label = piece->port >= batch->input_count;
    const unsigned char *from =
        (const unsigned char *)(is_label ? batch->labels[piece->port - batch->input_count]
                                         : batch->inputs[piece->port]);
    unsigned char *to = (unsigned char *)destination;
    size_t element = 0;
    MOTE_TRY(mote_dtype_bytes(piece->spec->dtype, 1, &element));
    const size_t sample_bytes = mote_shape_elements(&piece->spec->shape) * element;
    const size_t piece_bytes = piece->element_count * element;
    from += piece->first_sample * sample_bytes + piece->first_element * element;
    for (size_t i = 0; i < piece->sample_count; i++)
        memcpy(to + i * piece_bytes, from + i * sample_bytes, piece_bytes);
    return MOTE_OK;
}

mote_source mote_run_batch_source(const mote_run *run, mote_run_batch *batch)
{
    return (mote_source){
        .user = batch, .reader_count = run->context->parallel.thread_count, .read = read_batch};
}

mote_status mote_run_infer(mote_run *run, const mote_run_batch *batch, void *const *outputs)
{
    const mote_program *program = run->compiled->infer;
    const mote_graph *graph = &run->compiled->graphs[1];
    mote_run_batch memory = *batch;
    const mote_source source = mote_run_batch_source(run, &memory);
    mote_execution execution = mote_run_execution(run);
    execution.source = &source;
    execution.batch = batch->count;
    MOTE_TRY(mote_program_run(program, &execution));
    for (size_t i = 0; i < graph->output_count; i++) {
        size_t bytes = 0;
        MOTE_TRY(
            mote_tensor_spec_bytes(&graph->values[graph->outputs[i]].spec, batch->count, &bytes));
        memcpy(outputs[i], mote_program_result(program, i), bytes);
    }
    return MOTE_OK;
}
