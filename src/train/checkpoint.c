// SPDX-License-Identifier: Apache-2.0
// A checkpoint is a safetensors file of the whole state. Its header is made once, with room for what changes: position,
// step and checksums; writing one is then filling these in and plain writing of blocks.
#include "train/checkpoint.h"

#include "base/number.h"
#include "train/identity.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STEP_DIGITS     12U
#define STEP_DIGITS_MAX 19U // what any number of 64 bits is sure to fit

// of a file by which a damaged checkpoint is known
#define REMNANT_BYTES_MIN 16U
#define REMNANT_BYTES_MAX 4096U

static const char format_key[] = MOTE_CHECKPOINT_FORMAT_KEY;
static const char format[] = "checkpoint 1";
static const char step_key[] = "mote.step";
static const char position_key[] = "mote.position";
static const char plan_key[] = "mote.plan_hash";
static const char identity_key[] = "mote.identity";

/// The path, and `step` behind it.
static const char *make_target(mote_checkpoints *c, uint64_t step)
{
    const size_t length = strlen(c->replacement.path);
    (void)snprintf(c->target + length, STEP_DIGITS_MAX + 2, MOTE_CHECKPOINT_END, step);
    return c->target;
}

const char *mote_checkpoints_path(mote_checkpoints *checkpoints, size_t index)
{
    assert(index < checkpoints->count);
    return make_target(checkpoints, checkpoints->files[index].step);
}

static mote_status get_text(const char *path, const char *key, mote_arena *arena, char **text)
{
    MOTE_TRY(mote_weights_get_metadata(path, key, arena, text));
    return *text
               ? MOTE_OK
               : MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is no checkpoint: it has no '%s'", path, key);
}

/// `is_other`: the file can be read and is no checkpoint.
static mote_status read_position(const char *path, mote_arena *arena, bool *is_other,
                                 mote_position *position)
{
    char *found = NULL;
    char *text = NULL;
    MOTE_TRY(mote_weights_get_metadata(path, format_key, arena, &found));
    *is_other = !found;
    if (!found)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is no checkpoint", path);
    if (strcmp(found, format) != 0)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "'%s' has format '%.40s', this mote reads '%s'",
                          path, found, format);
    MOTE_TRY(get_text(path, position_key, arena, &text));
    if (mote_position_read(text, position))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': its '%s' is not of %zu hexadecimal digits", path,
                      position_key, MOTE_POSITION_TEXT_BYTES - 1);
}

static mote_status peek(mote_checkpoints *c, size_t index, bool *is_other, mote_position *position)
{
    mote_arena arena;
    mote_arena_init(&arena, &c->run->context->allocator);
    const mote_status status =
        read_position(mote_checkpoints_path(c, index), &arena, is_other, position);
    mote_arena_release(&arena);
    return status;
}

/// Files whose names are those of checkpoints.
typedef struct listing {
    mote_arena *arena;
    const char *name;            // of the checkpoints, without folder
    mote_checkpoint_file *files; // steps ascend
    size_t count, capacity;
} listing;

/// The step of "<prefix>.<step>"; false for other names.
static bool read_step(const char *prefix, const char *name, uint64_t *step)
{
    const size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0 || name[length] != '.')
        return false;
    const char *const digits = name + length + 1;
    const size_t digit_count = strspn(digits, "0123456789");
    if (digits[digit_count] != '\0' || digit_count < STEP_DIGITS || digit_count > STEP_DIGITS_MAX ||
        (digit_count > STEP_DIGITS && digits[0] == '0'))
        return false;
    return mote_number_parse_integer(digits, digit_count, step);
}

mote_status mote_checkpoints_check_apart(const char *checkpoints, const char *key, const char *path)
{
    uint64_t step = 0;
    if (mote_path_same(path, checkpoints))
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "[Model]: checkpoint_path and %s name the same file (%s)", key, path);
    if (read_step(checkpoints, path, &step))
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "[Model]: %s = '%s' is the name of a checkpoint at '%s'; save elsewhere",
                          key, path, checkpoints);
    return MOTE_OK;
}

static mote_status add_file(void *user, const char *name)
{
    listing *const l = user;
    uint64_t step = 0;
    void *files = l->files;
    if (!read_step(l->name, name, &step))
        return MOTE_OK;
    MOTE_TRY(mote_arena_grow(l->arena, &files, &l->capacity, l->count, sizeof *l->files));
    l->files = files;
    size_t place = l->count++;
    for (; place > 0 && l->files[place - 1].step > step; place--)
        l->files[place] = l->files[place - 1];
    l->files[place] = (mote_checkpoint_file){.step = step};
    return MOTE_OK;
}

static const char *name_of(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/// Whether a file that is damaged was a checkpoint: a header begins with its metadata. So little that nothing can be told by it
/// is nobody else's either.
static bool is_remnant(const char *path)
{
    char start[REMNANT_BYTES_MAX + 1] = "";
    mote_file file;
    uint64_t bytes = 0;
    if (mote_file_open_read(path, &file) != MOTE_OK)
        return false;
    mote_status status = mote_file_size(&file, &bytes);
    const size_t length = bytes < REMNANT_BYTES_MAX ? (size_t)bytes : REMNANT_BYTES_MAX;
    if (status == MOTE_OK && length > 0)
        status = mote_file_read(&file, 0, start, length);
    mote_file_close(&file);
    if (status != MOTE_OK)
        return false;
    for (size_t i = 0; i < length; i++)
        start[i] = start[i] == '\0' ? ' ' : start[i];
    return bytes < REMNANT_BYTES_MIN || strstr(start, format_key) || strstr(start, position_key);
}

/// Looks at a file. `is_one`: it is a checkpoint, or may be a damaged one. What can be read and is something else is none: a
/// copy under another name, weights, data; nor what was removed meanwhile by who writes them.
static mote_status look(mote_checkpoints *c, size_t index, bool *is_one)
{
    mote_checkpoint_file *file = &c->files[index];
    mote_position position = {.steps = 0};
    bool is_other = false;
    const mote_status status = peek(c, index, &is_other, &position);
    *is_one = !is_other;
    if (status == MOTE_OK) {
        *is_one = position.steps == file->step;
        file->is_readable = file->is_own = true;
        file->updates = position.updates;
        file->epoch = position.epoch;
        file->epochs_done = position.epochs_done;
        return MOTE_OK;
    }
    if (status == MOTE_ERROR_IO)
        *is_one = mote_path_exists(mote_checkpoints_path(c, index));
    file->is_own = status != MOTE_ERROR_IO && is_remnant(mote_checkpoints_path(c, index));
    return status;
}

static mote_status keep_own(mote_checkpoints *c, mote_checkpoint_access access)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        bool is_one = false;
        const mote_status status = look(c, i, &is_one);
        if (status == MOTE_ERROR_MEMORY ||
            (status == MOTE_ERROR_IO && is_one && access == MOTE_CHECKPOINTS_ROLL_BACK))
            return status;
        if (is_one)
            c->files[count++] = c->files[i];
    }
    c->count = count;
    return MOTE_OK;
}

/// Room for two more than are there or kept: the new one is written before the oldest goes, and the one before it may have
/// failed behind its renaming.
static mote_status list_files(mote_checkpoints *c, mote_checkpoint_access access)
{
    listing l = {.arena = &c->arena, .name = name_of(c->replacement.path)};
    MOTE_TRY(mote_folder_visit(c->replacement.folder, &l, add_file));
    c->most = l.count > c->keep ? l.count : c->keep;
    MOTE_TRY(mote_arena_array(&c->arena, c->most + 2, sizeof *c->files, (void **)&c->files));
    if (l.count > 0)
        memcpy(c->files, l.files, l.count * sizeof *c->files);
    c->count = l.count;
    return keep_own(c, access);
}

mote_status mote_checkpoints_check_path(mote_run *run, const char *path)
{
    if (name_of(path)[0] == '\0' || mote_path_is_folder(path)) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "[Model]: checkpoint_path = %s: expected the name of a file, not of a "
                          "folder",
                          path);
    }
    return mote_run_check_save_path(run, path);
}

static mote_status open_path(mote_checkpoints *c, mote_checkpoint_access access)
{
    const mote_allocator *allocator = &c->run->context->allocator;
    void *memory = NULL;
    MOTE_TRY(mote_checkpoints_check_path(c->run, c->run->checkpoint_path));
    MOTE_TRY(mote_file_replacement_init(&c->replacement, c->run->checkpoint_path, allocator));
    const char *const path = c->replacement.path; // a link is followed
    const bool has_lock = c->run->stepping.checkpoints != NULL;
    if (access != MOTE_CHECKPOINTS_LOOK && !has_lock)
        MOTE_TRY(mote_file_lock_take(&c->lock, path, allocator));
    MOTE_TRY(mote_arena_allocate(&c->arena, strlen(path) + STEP_DIGITS_MAX + 2, &memory));
    c->target = memory;
    memcpy(c->target, path, strlen(path));
    MOTE_TRY(mote_arena_allocate(&c->arena, sizeof(mote_checksum_table), &memory));
    mote_checksum_init(memory);
    c->table = memory;
    return list_files(c, access);
}

mote_status mote_checkpoints_open(mote_run *run, mote_checkpoint_access access,
                                  mote_checkpoints *checkpoints)
{
    *checkpoints =
        (mote_checkpoints){.run = run, .keep = run->description->settings.checkpoint_keep};
    mote_checkpoints_follow(checkpoints);
    mote_arena_init(&checkpoints->arena, &run->context->allocator);
    const mote_status status = open_path(checkpoints, access);
    if (status != MOTE_OK)
        mote_checkpoints_release(checkpoints);
    return status;
}

void mote_checkpoints_take_lock(mote_checkpoints *checkpoints)
{
    mote_checkpoints *loop = checkpoints->run->stepping.checkpoints;
    if (!loop)
        return;
    checkpoints->lock = loop->lock;
    loop->lock = (mote_file_lock){.path = NULL};
}

void mote_checkpoints_release(mote_checkpoints *checkpoints)
{
    if (checkpoints->replacement.path)
        mote_file_replacement_release(&checkpoints->replacement);
    mote_file_lock_release(&checkpoints->lock);
    mote_arena_release(&checkpoints->arena);
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
    metadata[count++] = (mote_weights_metadata){plan_key, run->compiled->info.plan_hash};
    MOTE_TRY(mote_run_add_metadata(run, &checkpoints->arena, metadata, &count));
    metadata[count++] = (mote_weights_metadata){identity_key, identity};
    return mote_weights_make_header(&checkpoints->state, metadata, count, &checkpoints->arena,
                                    &checkpoints->header);
}

void mote_checkpoints_follow(mote_checkpoints *checkpoints)
{
    checkpoints->state = checkpoints->run->state;
    checkpoints->state.is_whole = true;
}

static mote_status fill_header(mote_checkpoints *c, const mote_position *position)
{
    char text[MOTE_POSITION_TEXT_BYTES];
    char step[STEP_DIGITS_MAX + 2];
    mote_position_write(position, text);
    mote_weights_set_metadata(&c->header, position_key, text);
    (void)snprintf(step, sizeof step, "%012" PRIu64, position->steps);
    step[STEP_DIGITS] = '\0';
    mote_weights_set_metadata(&c->header, step_key, step);
    mote_weights_set_metadata(&c->header, plan_key, c->run->compiled->info.plan_hash);
    return mote_weights_seal(&c->state, c->table, &c->header);
}

/// Appends a step; that of a file that is replaced moves to the end.
static void note_step(mote_checkpoints *c, const mote_position *position)
{
    size_t left = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (c->files[i].step != position->steps)
            c->files[left++] = c->files[i];
    }
    c->files[left] = (mote_checkpoint_file){
        .step = position->steps, .updates = position->updates, .is_readable = true, .is_own = true};
    c->count = left + 1;
}

/// A checkpoint whose writing failed behind its renaming may be gone after a loss of power. It takes the place of one before
/// that is no surer; those that are safe stay.
static void note_unsure(mote_checkpoints *c, const mote_position *position)
{
    if (c->count > c->most) {
        const mote_status removed = mote_file_remove(mote_checkpoints_path(c, c->count - 1));
        (void)removed;
        c->count--;
    }
    note_step(c, position);
}

/// Steps that were skipped changed no weight: the checkpoint before them is of no use beside the new one, and goes before
/// those of other weights do.
static void remove_equal(mote_checkpoints *c)
{
    if (c->count < 2 || !c->files[c->count - 2].is_readable ||
        c->files[c->count - 2].updates != c->files[c->count - 1].updates)
        return;
    const mote_status removed = mote_file_remove(mote_checkpoints_path(c, c->count - 2));
    (void)removed;
    c->files[c->count - 2] = c->files[c->count - 1];
    c->count--;
}

/// What cannot be removed is forgotten: the training has what it needs.
void mote_checkpoints_keep_newest(mote_checkpoints *checkpoints, size_t count)
{
    mote_checkpoint_file *files = checkpoints->files;
    for (; checkpoints->count > count; checkpoints->count--) {
        mote_status removed = MOTE_OK;
        if (files[0].is_own)
            removed = mote_file_remove(mote_checkpoints_path(checkpoints, 0));
        (void)removed;
        memmove(files, files + 1, (checkpoints->count - 1) * sizeof *files);
    }
}

static bool has_own(const mote_checkpoints *c, uint64_t step)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->files[i].step == step)
            return c->files[i].is_own;
    }
    return false;
}

/// What is not known for a checkpoint is not replaced by one.
static mote_status check_target(mote_checkpoints *c, uint64_t step)
{
    const char *path = make_target(c, step);
    if (has_own(c, step) || !mote_path_exists(path))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_IO,
                      "'%s' is there and is no checkpoint of this path; move it, or set another "
                      "checkpoint_path",
                      path);
}

mote_status mote_checkpoints_write(mote_checkpoints *checkpoints, const mote_position *position)
{
    MOTE_TRY(mote_run_check_torn(checkpoints->run));
    MOTE_TRY(mote_state_check_finite(&checkpoints->run->state));
    MOTE_TRY(check_target(checkpoints, position->steps));
    MOTE_TRY(fill_header(checkpoints, position));
    const bool is_again = has_own(checkpoints, position->steps);
    const mote_status status =
        mote_weights_save(&checkpoints->state, &checkpoints->header, &checkpoints->replacement,
                          make_target(checkpoints, position->steps));
    if (status != MOTE_OK) {
        if (!is_again && mote_path_exists(checkpoints->target))
            note_unsure(checkpoints, position);
        return status;
    }
    note_step(checkpoints, position);
    checkpoints->written++;
    remove_equal(checkpoints);
    mote_checkpoints_keep_newest(checkpoints, checkpoints->keep);
    return MOTE_OK;
}

/// `here` is of a training, or of a model only.
static mote_status check_identity(const char *path, const char *here, bool has_data,
                                  mote_arena *arena)
{
    char *identity = NULL;
    char difference[512];
    MOTE_TRY(get_text(path, identity_key, arena, &identity));
    if (!has_data)
        mote_identity_drop_data(identity);
    if (!mote_identity_differ(identity, here, difference, sizeof difference))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "checkpoint '%s' is of another training: %s", path,
                      difference);
}

mote_status mote_checkpoints_check_model(mote_checkpoints *checkpoints, size_t index)
{
    const char *path = mote_checkpoints_path(checkpoints, index);
    char *model = NULL;
    MOTE_TRY(mote_identity_make(checkpoints->run, NULL, NULL, checkpoints->table,
                                &checkpoints->arena, &model));
    return check_identity(path, model, false, &checkpoints->arena);
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
    bool is_other = false;
    MOTE_TRY(read_position(path, arena, &is_other, position));
    if (c->identity)
        MOTE_TRY(check_identity(path, c->identity, true, arena));
    if (c->identity && !is_in_training(c, position))
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' is damaged: its '%s' is no place in this training", path,
                          position_key);
    if (c->accept)
        MOTE_TRY(c->accept(c->accept_user, position));
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
        checkpoints->run->missing_weights = NULL;
    }
    return status;
}

static void pass_over(mote_checkpoints *c, size_t index)
{
    mote_checkpoint_file *files = c->files;
    for (size_t i = index + 1; i < c->count; i++) {
        const mote_checkpoint_file passed = files[i];
        memmove(files + 1, files, i * sizeof passed);
        files[0] = passed;
    }
}

static void tell(const mote_train_config *config, const char *text)
{
    if (config->notice)
        config->notice(config->user, text);
}

static void tell_none(const mote_checkpoints *c, const mote_train_config *config)
{
    char notice[1024];
    (void)snprintf(notice, sizeof notice,
                   "there is no checkpoint at '%s': training starts from the beginning",
                   c->run->checkpoint_path);
    tell(config, notice);
}

/// What is wrong with the newest, how many before it are damaged, too, and where it goes on.
static void tell_damage(mote_checkpoints *c, const mote_train_config *config, const char *damage,
                        size_t index)
{
    char notice[2048];
    char others[64] = "";
    const size_t more = c->count - index - 2;
    if (more > 0)
        (void)snprintf(others, sizeof others, "; %zu before it cannot be read either", more);
    (void)snprintf(notice, sizeof notice, "%s%s; going on from the one before, '%s'", damage,
                   others, mote_checkpoints_path(c, index));
    tell(config, notice);
}

/// The caller gets what no older one can mend.
static mote_status read_newest(mote_checkpoints *c, const mote_train_config *config,
                               mote_position *position)
{
    char damage[1024] = "";
    for (size_t i = c->count; i > 0; i--) {
        const mote_status status = mote_checkpoints_read(c, i - 1, position);
        if (status == MOTE_ERROR_PROPERTY || status == MOTE_ERROR_MEMORY)
            return status;
        if (status != MOTE_OK) {
            if (i == c->count)
                (void)snprintf(damage, sizeof damage, "%.1000s", mote_last_error()->message);
            continue;
        }
        if (i < c->count)
            tell_damage(c, config, damage, i - 1);
        pass_over(c, i - 1);
        return MOTE_OK;
    }
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "none of the %zu checkpoints at '%s' can be read: %s",
                      c->count, c->run->checkpoint_path, damage);
}

mote_status mote_checkpoints_resume(mote_checkpoints *checkpoints, const mote_train_config *config,
                                    mote_position *position, bool *found)
{
    *found = checkpoints->count > 0;
    if (*found)
        return read_newest(checkpoints, config, position);
    tell_none(checkpoints, config);
    return MOTE_OK;
}

mote_status mote_checkpoints_cut(mote_checkpoints *checkpoints, size_t count, size_t *removed)
{
    *removed = 0;
    for (; checkpoints->count > count; checkpoints->count--) {
        if (!checkpoints->files[checkpoints->count - 1].is_own)
            continue;
        MOTE_TRY(mote_file_remove(mote_checkpoints_path(checkpoints, checkpoints->count - 1)));
        (*removed)++;
    }
    return mote_folder_sync(checkpoints->replacement.folder);
}
