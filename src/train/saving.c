// SPDX-License-Identifier: Apache-2.0
// The weights that a training saves, the last and the best, and whether files of before have them.
#include "base/number.h"
#include "train/trainer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BEST_BYTES 80U

/// Says in the best epoch's file which epoch that was: another training's file, or one of later steps that were rolled
/// back, has another text.
static const char best_key[] = "mote.best";

/// Always of one length.
static void describe_best(const mote_best *best, char text[BEST_BYTES])
{
    char loss[32];
    char words[BEST_BYTES];
    (void)mote_number_print_real(best->loss, loss, sizeof loss);
    (void)snprintf(words, sizeof words, "epoch %" PRIu64 ", validation loss %s", best->epoch, loss);
    (void)snprintf(text, BEST_BYTES, "%-*s", (int)BEST_BYTES - 1, words);
}

static mote_status make_best_header(mote_trainer *t)
{
    mote_run *run = t->run;
    mote_weights_metadata metadata[MOTE_RUN_METADATA_MAX + 1];
    char best[BEST_BYTES];
    size_t count = 0;
    describe_best(&(mote_best){.epoch = 0}, best);
    MOTE_TRY(mote_run_add_metadata(run, &run->arena, metadata, &count));
    metadata[count++] = (mote_weights_metadata){best_key, best};
    return mote_weights_make_header(&run->state, metadata, count, &run->arena, &t->best_header);
}

mote_status mote_trainer_make_headers(mote_trainer *t)
{
    if (t->saved.path)
        MOTE_TRY(mote_run_make_header(t->run, &t->header));
    return t->saved_best.path ? make_best_header(t) : MOTE_OK;
}

mote_status mote_trainer_save(mote_trainer *t)
{
    if (!t->saved.path)
        return MOTE_OK;
    MOTE_TRY(mote_weights_save(&t->run->state, &t->header, &t->saved, t->saved.path));
    t->result->saved_path = t->run->save_path;
    return MOTE_OK;
}

mote_status mote_trainer_save_best(mote_trainer *t)
{
    char best[BEST_BYTES];
    if (!t->saved_best.path)
        return MOTE_OK;
    describe_best(&t->at.best, best);
    mote_weights_set_metadata(&t->best_header, best_key, best);
    MOTE_TRY(
        mote_weights_save(&t->run->state, &t->best_header, &t->saved_best, t->saved_best.path));
    t->result->best_path = t->run->best_path;
    return MOTE_OK;
}

/// Whether a file of that epoch's weights, of this model, is there; raises what it is instead.
static mote_status check_best(const mote_trainer *t, mote_arena *arena)
{
    const mote_run *run = t->run;
    char best[BEST_BYTES];
    char *found = NULL;
    char *hash = NULL;
    describe_best(&t->at.best, best);
    MOTE_TRY(mote_weights_get_metadata(t->saved_best.path, best_key, arena, &found));
    MOTE_TRY(mote_weights_get_metadata(t->saved_best.path, "mote.model_hash", arena, &hash));
    if (found && hash && strcmp(found, best) == 0 && strcmp(hash, run->compiled->model_hash) == 0)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has other weights", run->best_path);
}

static void tell(const mote_trainer *t, const char *what)
{
    char notice[1400];
    (void)snprintf(notice, sizeof notice, "%.1000s; %s", mote_last_error()->message, what);
    mote_trainer_tell(t, notice);
}

static mote_status find_last(mote_trainer *t)
{
    char where[96];
    const mote_status status =
        mote_weights_check_equal(t->saved.path, &t->run->state, &t->run->context->allocator);
    if (status == MOTE_ERROR_MEMORY)
        return status;
    if (status == MOTE_OK)
        t->result->saved_path = t->run->save_path;
    (void)snprintf(where, sizeof where, "the weights of step %" PRIu64 " are in its checkpoint",
                   t->at.steps);
    if (status != MOTE_OK)
        tell(t, where);
    return MOTE_OK;
}

static mote_status find_best(mote_trainer *t)
{
    char where[96];
    mote_arena arena;
    mote_arena_init(&arena, &t->run->context->allocator);
    const mote_status status = check_best(t, &arena);
    mote_arena_release(&arena);
    if (status == MOTE_ERROR_MEMORY)
        return status;
    if (status == MOTE_OK)
        t->result->best_path = t->run->best_path;
    (void)snprintf(where, sizeof where,
                   "the weights of the best epoch, %" PRIu64 ", are in no file", t->at.best.epoch);
    if (status != MOTE_OK)
        tell(t, where);
    return MOTE_OK;
}

mote_status mote_trainer_find_saved(mote_trainer *t)
{
    if (t->saved.path && t->result->was_finished)
        MOTE_TRY(find_last(t));
    if (t->saved_best.path && t->at.best.epoch > 0 && !t->result->best_path)
        MOTE_TRY(find_best(t));
    return MOTE_OK;
}
