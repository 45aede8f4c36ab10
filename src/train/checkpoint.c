// SPDX-License-Identifier: Apache-2.0
// A checkpoint is a safetensors file of the whole state. Its header is made once, with room for what changes: position,
// step and checksums; writing one is then filling these in and plain writing of blocks.
#include "train/checkpoint.h"

#include "train/identity.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STEP_DIGITS     12U
#define STEP_DIGITS_MAX 19U // what any number of 64 bits is sure to fit

static const char format_key[] = "mote.format";
static const char format[] = "checkpoint 1";
static const char step_key[] = "mote.step";
static const char position_key[] = "mote.position";
static const char identity_key[] = "mote.identity";

const char *mote_checkpoints_path(mote_checkpoints *checkpoints, size_t index)
{
    assert(index < checkpoints->count);
    const size_t length = strlen(checkpoints->run->checkpoint_path);
    (void)snprintf(checkpoints->target + length, STEP_DIGITS_MAX + 2, MOTE_CHECKPOINT_END,
                   checkpoints->steps[index]);
    return checkpoints->target;
}

/// The steps that names of a folder say there are checkpoints of.
typedef struct listing {
    mote_arena *arena;
    const char *name; // of the checkpoints, without folder
    uint64_t *steps;  // ascending
    size_t count, capacity;
} listing;

/// The step of "<name>.<step>"; false for other names.
static bool read_step(const listing *l, const char *name, uint64_t *step)
{
    const size_t length = strlen(l->name);
    if (strncmp(name, l->name, length) != 0 || name[length] != '.')
        return false;
    const char *const digits = name + length + 1;
    const size_t digit_count = strspn(digits, "0123456789");
    if (digits[digit_count] != '\0' || digit_count < STEP_DIGITS || digit_count > STEP_DIGITS_MAX ||
        (digit_count > STEP_DIGITS && digits[0] == '0'))
        return false;
    *step = 0;
    for (size_t i = 0; i < digit_count; i++)
        *step = *step * 10 + (uint64_t)(digits[i] - '0');
    return true;
}

static mote_status add_step(void *user, const char *name)
{
    listing *const l = user;
    uint64_t step = 0;
    void *steps = l->steps;
    if (!read_step(l, name, &step))
        return MOTE_OK;
    MOTE_TRY(mote_arena_grow(l->arena, &steps, &l->capacity, l->count, sizeof *l->steps));
    l->steps = steps;
    size_t place = l->count++;
    for (; place > 0 && l->steps[place - 1] > step; place--)
        l->steps[place] = l->steps[place - 1];
    l->steps[place] = step;
    return MOTE_OK;
}

static const char *name_of(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/// Room for one more than are there or kept: the new one is written before the oldest goes.
static mote_status list_steps(mote_checkpoints *c)
{
    listing l = {.arena = &c->run->arena, .name = name_of(c->run->checkpoint_path)};
    MOTE_TRY(mote_folder_visit(c->replacement.folder, &l, add_step));
    const size_t most = l.count > c->keep ? l.count : c->keep;
    MOTE_TRY(mote_arena_array(&c->run->arena, most + 1, sizeof *c->steps, (void **)&c->steps));
    if (l.count > 0)
        memcpy(c->steps, l.steps, l.count * sizeof *c->steps);
    c->count = l.count;
    return MOTE_OK;
}

static mote_status open_path(mote_checkpoints *c, bool locks)
{
    mote_run *run = c->run;
    const char *path = run->checkpoint_path;
    void *memory = NULL;
    if (name_of(path)[0] == '\0') {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "[Model]: checkpoint_path = %s: expected the name of a file, not of a "
                          "folder",
                          path);
    }
    MOTE_TRY(mote_file_replacement_init(&c->replacement, path, &run->context->allocator));
    if (locks)
        MOTE_TRY(mote_file_lock_take(&c->lock, path, &run->context->allocator));
    MOTE_TRY(mote_arena_allocate(&run->arena, strlen(path) + STEP_DIGITS_MAX + 2, &memory));
    c->target = memory;
    memcpy(c->target, path, strlen(path));
    MOTE_TRY(mote_arena_allocate(&run->arena, sizeof(mote_checksum_table), &memory));
    mote_checksum_init(memory);
    c->table = memory;
    return list_steps(c);
}

mote_status mote_checkpoints_open(mote_run *run, bool locks, mote_checkpoints *checkpoints)
{
    *checkpoints = (mote_checkpoints){
        .run = run, .state = run->state, .keep = run->description->settings.checkpoint_keep};
    checkpoints->state.is_whole = true;
    const mote_status status = open_path(checkpoints, locks);
    if (status != MOTE_OK)
        mote_checkpoints_release(checkpoints);
    return status;
}

void mote_checkpoints_release(mote_checkpoints *checkpoints)
{
    if (checkpoints->replacement.path)
        mote_file_replacement_release(&checkpoints->replacement);
    mote_file_lock_release(&checkpoints->lock);
    *checkpoints = (mote_checkpoints){.run = NULL};
}

mote_status mote_checkpoints_begin(mote_checkpoints *checkpoints, const char *identity,
                                   uint64_t sample_count)
{
    mote_run *run = checkpoints->run;
    char position[MOTE_POSITION_TEXT_BYTES];
    mote_weights_metadata metadata[MOTE_RUN_METADATA_MAX + 5];
    size_t count = 0;
    mote_position_write(&(mote_position){.steps = 0}, position);
    checkpoints->identity = identity;
    checkpoints->sample_count = sample_count;
    metadata[count++] = (mote_weights_metadata){format_key, format};
    metadata[count++] = (mote_weights_metadata){step_key, "000000000000"};
    metadata[count++] = (mote_weights_metadata){position_key, position};
    metadata[count++] = (mote_weights_metadata){"mote.plan_hash", run->compiled->info.plan_hash};
    MOTE_TRY(mote_run_add_metadata(run, metadata, &count));
    metadata[count++] = (mote_weights_metadata){identity_key, identity};
    return mote_weights_make_header(&checkpoints->state, metadata, count, &run->arena,
                                    &checkpoints->header);
}

static void fill_header(mote_checkpoints *c, const mote_position *position)
{
    char text[MOTE_POSITION_TEXT_BYTES];
    char step[STEP_DIGITS_MAX + 2];
    mote_position_write(position, text);
    mote_weights_set_metadata(&c->header, position_key, text);
    (void)snprintf(step, sizeof step, "%012" PRIu64, position->steps);
    step[STEP_DIGITS] = '\0';
    mote_weights_set_metadata(&c->header, step_key, step);
    mote_weights_seal(&c->state, c->table, &c->header);
}

/// Appends a step; that of a file that is replaced moves to the end.
static void note_step(mote_checkpoints *c, uint64_t step)
{
    size_t left = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (c->steps[i] != step)
            c->steps[left++] = c->steps[i];
    }
    c->steps[left] = step;
    c->count = left + 1;
}

static mote_status remove_oldest(mote_checkpoints *c)
{
    while (c->count > c->keep) {
        MOTE_TRY(mote_file_remove(mote_checkpoints_path(c, 0)));
        c->count--;
        memmove(c->steps, c->steps + 1, c->count * sizeof *c->steps);
    }
    return MOTE_OK;
}

mote_status mote_checkpoints_write(mote_checkpoints *checkpoints, const mote_position *position)
{
    MOTE_TRY(mote_state_check_finite(&checkpoints->run->state));
    fill_header(checkpoints, position);
    const size_t length = strlen(checkpoints->run->checkpoint_path);
    (void)snprintf(checkpoints->target + length, STEP_DIGITS_MAX + 2, MOTE_CHECKPOINT_END,
                   position->steps);
    MOTE_TRY(mote_weights_save(&checkpoints->state, &checkpoints->header, &checkpoints->replacement,
                               checkpoints->target));
    note_step(checkpoints, position->steps);
    checkpoints->written++;
    return remove_oldest(checkpoints);
}

static mote_status get_text(const char *path, const char *key, mote_arena *arena, char **text)
{
    MOTE_TRY(mote_weights_get_metadata(path, key, arena, text));
    return *text
               ? MOTE_OK
               : MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is no checkpoint: it has no '%s'", path, key);
}

static mote_status check_identity(const mote_checkpoints *c, const char *path, mote_arena *arena)
{
    char *identity = NULL;
    char difference[512];
    MOTE_TRY(get_text(path, identity_key, arena, &identity));
    if (!c->identity || !mote_identity_differ(identity, c->identity, difference, sizeof difference))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "checkpoint '%s' is of another training: %s", path,
                      difference);
}

static mote_status read_position(const char *path, mote_arena *arena, mote_position *position)
{
    char *found = NULL;
    char *text = NULL;
    MOTE_TRY(get_text(path, format_key, arena, &found));
    if (strcmp(found, format) != 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has format '%.40s', this mote reads '%s'", path,
                          found, format);
    MOTE_TRY(get_text(path, position_key, arena, &text));
    if (mote_position_read(text, position))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': its '%s' is not of %zu hexadecimal digits", path,
                      position_key, MOTE_POSITION_TEXT_BYTES - 1);
}

mote_status mote_checkpoints_peek(mote_checkpoints *checkpoints, size_t index,
                                  mote_position *position)
{
    mote_arena arena;
    mote_arena_init(&arena, &checkpoints->run->context->allocator);
    const mote_status status =
        read_position(mote_checkpoints_path(checkpoints, index), &arena, position);
    mote_arena_release(&arena);
    return status;
}

/// A position of a training with as many samples: otherwise it would never come to its end.
static bool is_in_training(const mote_checkpoints *c, const mote_position *position)
{
    const bool is_done = position->epochs_done == position->epoch;
    return position->epoch > 0 && (is_done || position->epochs_done + 1 == position->epoch) &&
           (is_done ? position->sample == c->sample_count : position->sample <= c->sample_count);
}

static mote_status read_from(const mote_checkpoints *c, const char *path, mote_arena *arena,
                             mote_position *position)
{
    MOTE_TRY(read_position(path, arena, position));
    MOTE_TRY(check_identity(c, path, arena));
    if (c->identity && !is_in_training(c, position))
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' is damaged: its '%s' is no place in this training", path,
                          position_key);
    return mote_weights_load(path, &c->state, &c->run->context->allocator);
}

mote_status mote_checkpoints_read(mote_checkpoints *checkpoints, size_t index,
                                  mote_position *position)
{
    mote_arena arena;
    mote_position read;
    mote_arena_init(&arena, &checkpoints->run->context->allocator);
    const mote_status status =
        read_from(checkpoints, mote_checkpoints_path(checkpoints, index), &arena, &read);
    mote_arena_release(&arena);
    if (status == MOTE_OK) {
        *position = read;
        checkpoints->run->is_torn = false;
    }
    return status;
}

void mote_checkpoints_pass_over(mote_checkpoints *checkpoints, size_t index)
{
    // index + 1 readable ones come last
    for (size_t i = index + 1; i < checkpoints->count; i++) {
        const uint64_t step = checkpoints->steps[i];
        memmove(checkpoints->steps + 1, checkpoints->steps, i * sizeof step);
        checkpoints->steps[0] = step;
    }
}

mote_status mote_checkpoints_cut(mote_checkpoints *checkpoints, size_t count)
{
    while (checkpoints->count > count) {
        MOTE_TRY(mote_file_remove(mote_checkpoints_path(checkpoints, checkpoints->count - 1)));
        checkpoints->count--;
    }
    return MOTE_OK;
}
