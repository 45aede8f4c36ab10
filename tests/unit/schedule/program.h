// SPDX-License-Identifier: Apache-2.0
// The schedule of a model's text, and questions about it in words.
#ifndef MOTE_TESTS_UNIT_SCHEDULE_PROGRAM_H
#define MOTE_TESTS_UNIT_SCHEDULE_PROGRAM_H

#include "replay.h"
#include "support/expect.h"
#include "support/files.h"
#include "support/network.h"

#include <stdio.h>
#include <string.h>

#define INPUT      "[in]\ntype = input\ninput_shape = 2:6:6\n"
#define FC(name)   "[" name "]\ntype = fully_connected\nunit = 3\n"
#define CONV(name) "[" name "]\ntype = conv2d\nfilters = 2\nkernel_size = 3\npadding = same\n"
#define BN(name)   "[" name "]\ntype = batch_normalization\n"
#define RELU(name) "[" name "]\ntype = activation\nactivation = relu\n"
#define FROZEN     "trainable = false\n"

typedef enum program_kind {
    TRAIN,
    TRAIN_AFTER_ALL,
    TRAIN_CLIP_VALUE, // early
    TRAIN_CLIP_NORM,  // after all
    TRAIN_SAVING,     // with all techniques
    TRAIN_SAVING_AFTER_ALL,
    TRAIN_SAVING_CLIP_VALUE,
    TRAIN_REPEATING, // layers run again for every byte, and no slices of the batch
    EVALUATE,
    INFER,
    INFER_SAVING
} program_kind;

typedef struct program {
    test_network network;
    mote_schedule schedule;
} program;

static inline mote_strategy program_strategy(program_kind kind)
{
    static const char *const slot_names[] = {"velocity"};
    const bool training = kind < EVALUATE;
    const bool after_all =
        kind == TRAIN_AFTER_ALL || kind == TRAIN_CLIP_NORM || kind == TRAIN_SAVING_AFTER_ALL;
    const bool clips_value = kind == TRAIN_CLIP_VALUE || kind == TRAIN_SAVING_CLIP_VALUE;
    const bool saves = (kind >= TRAIN_SAVING && kind <= TRAIN_REPEATING) || kind == INFER_SAVING;
    return (mote_strategy){
        .name = training ? "train" : "test",
        .training = training,
        .apply = after_all ? MOTE_APPLY_AFTER_ALL : MOTE_APPLY_EARLY,
        .clip = kind == TRAIN_CLIP_NORM ? MOTE_CLIP_NORM
                : clips_value           ? MOTE_CLIP_VALUE
                                        : MOTE_CLIP_NONE,
        .techniques = kind == TRAIN_REPEATING ? ~(unsigned)MOTE_TECHNIQUE_BATCH_SLICES
                      : saves                 ? ~0U
                                              : MOTE_TECHNIQUE_ALIASES,
        .slice_bytes = 64,
        .slice_extent = 1,
        .band_height = 1,
        .batch_slice = 1,
        .batch_slice_bytes = 1,
        .recompute_above = kind == TRAIN_REPEATING ? 1 : 0,
        .slot_count = training ? 1 : 0,
        .slot_names = slot_names,
    };
}

/// Builds the schedule and replays it.
static inline void program_build(void **state, const char *text, program_kind kind, program *p)
{
    const mote_strategy strategy = program_strategy(kind);
    test_network_build(state, text, kind >= INFER, &p->network);
    expect_ok(mote_schedule_build(&p->network.graph, &strategy, &p->network.arena, &p->schedule));
    replay_check(&p->schedule);
}

static inline void program_release(program *p)
{
    test_network_release(&p->network);
}

/// Index of the tensor of that name, or MOTE_NONE.
static inline size_t program_find(const program *p, const char *tensor)
{
    for (size_t i = 0; i < p->schedule.tensor_count; i++) {
        if (strcmp(p->schedule.tensors[i].name, tensor) == 0)
            return i;
    }
    return MOTE_NONE;
}

static inline size_t program_tensor(const program *p, const char *tensor)
{
    const size_t found = program_find(p, tensor);
    if (found == MOTE_NONE)
        fail_msg("there is no tensor '%s'", tensor);
    return found;
}

static inline const mote_block *program_block(const program *p, const char *tensor)
{
    const size_t block = p->schedule.tensors[program_tensor(p, tensor)].block;
    if (block == MOTE_NONE)
        fail_msg("'%s' has no block", tensor);
    return &p->schedule.blocks[block];
}

static inline void assert_shared(const program *p, const char *a, const char *b)
{
    if (program_block(p, a) != program_block(p, b))
        fail_msg("'%s' and '%s' have blocks of their own", a, b);
}

static inline void assert_apart(const program *p, const char *a, const char *b)
{
    if (program_block(p, a) == program_block(p, b))
        fail_msg("'%s' and '%s' share a block", a, b);
}

/// The block of `tensor` lives from one step to the other, both in words.
static inline void assert_life(const program *p, const char *tensor, const char *first,
                               const char *last)
{
    const mote_block *const block = program_block(p, tensor);
    char first_text[256];
    char last_text[256];
    (void)mote_step_text(&p->schedule, block->first, first_text, sizeof first_text);
    (void)mote_step_text(&p->schedule, block->last, last_text, sizeof last_text);
    assert_string_equal(first_text, first);
    assert_string_equal(last_text, last);
}

/// All steps, one a line.
static inline void assert_steps(const program *p, const char *expected)
{
    test_text text;
    const mote_writer writer = test_text_writer(&text);
    for (size_t i = 0; i < p->schedule.step_count; i++) {
        char step[256];
        (void)mote_step_text(&p->schedule, i, step, sizeof step);
        writer.write(writer.user, step, strlen(step));
        writer.write(writer.user, "\n", 1);
    }
    assert_string_equal(text.text, expected);
}

#endif
