// SPDX-License-Identifier: Apache-2.0
// The program: a flat array of operations on resolved memory, and the executor that runs it. Nothing is decided
// here: what runs, when and where was settled by the schedule and the plan.
#ifndef MOTE_EXEC_EXEC_H
#define MOTE_EXEC_EXEC_H

#include "layer/layer.h"
#include "mote/profile.h"
#include "mote/writer.h"
#include "optim/optim.h"
#include "os/os.h"
#include "state/state.h"
#include "tensor/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOTE_ABSENT SIZE_MAX

typedef struct mote_operation mote_operation;

/// A thread that reads batches ahead.
typedef struct mote_ahead mote_ahead;

/// A thread that moves blocks between the arena and a swap file.
typedef struct mote_transfers mote_transfers;

#define MOTE_WATCH_NAME_BYTES 96U

/// How long operations took, from one yield to the next.
typedef struct mote_operation_watch {
    uint64_t deadline_ns;
    uint64_t late_count; // operations that took longer
    uint64_t longest_ns;
    char longest[MOTE_WATCH_NAME_BYTES]; // the name of the one that did
} mote_operation_watch;

/// What changes from one run of a program to the next.
typedef struct mote_execution {
    const mote_kernels *kernels;
    const mote_parallel *parallel;
    const mote_source *source;
    uint64_t first_sample;     // of the source: where the batch begins
    size_t batch;              // samples in it
    size_t next_batch;         // samples behind it that may be read ahead; 0: none
    mote_ahead *ahead;         // NULL: every batch is read in its own time
    mote_transfers *transfers; // NULL where the program has none
    uint64_t seed;
    uint64_t iteration; // steps before this one, in this training
    uint64_t update;    // weight updates before this one, plus 1
    double learning_rate;
    const mote_optimizer *optimizer;
    const void *optimizer_state;
    mote_profiler profiler;
    bool
        *has_changed; // becomes true where weights or statistics begin to change; NULL: nobody asks
    bool (*yield)(void *user); // asked in front of each operation whether to end there; may be NULL
    void *yield_user;
    mote_operation_watch *watch; // NULL: nobody asks
} mote_execution;

/// Runs one operation.
typedef mote_status mote_operation_run(const mote_operation *operation,
                                       const mote_execution *execution);

/// A range of the arena whose content is not needed after an operation.
typedef struct mote_dead_range {
    size_t offset, bytes;
} mote_dead_range;

/// Samples of a batch that can be read from the beginning of an operation on, of the run before the one that reads them,
/// and where they are put.
typedef struct mote_read_part {
    size_t operation; // MOTE_ABSENT: not before the READ
    size_t first, count;
    size_t offset; // in the arena: where they belong, or beside
} mote_read_part;

/// A block that comes into memory or leaves it.
typedef struct mote_transfer {
    bool is_store;
    size_t offset, bytes; // in the arena
    uint64_t home;        // in the swap file
    size_t state;         // block of the state, as a whole, or MOTE_ABSENT
} mote_transfer;

/// What a layer's operations call: the same for all of a node.
typedef struct mote_callee {
    const mote_layer *layer;
    const void *state;
    const mote_declaration *declaration;
    size_t input_count;
    mote_real loss_weight;
    uint64_t random_name; // of the node, for its random numbers
} mote_callee;

struct mote_operation {
    mote_operation_run *run;
    const char *name;          // "calc_gradient conv1"
    const char *phase, *layer; // "calc_gradient"; "conv1", or "" when it is of none
    double multiply_adds;      // of a sample
    bool changes;              // weights or running statistics
    mote_layer_callback *callback;
    const mote_callee *callee; // of a layer's operation
    bool training;
    size_t port;              // of a READ
    mote_read_part *parts;    // of its batch: each sample in one; by ascending operation
    size_t part_count;        // 0: all is read by the READ
    mote_integer_range range; // of its integers
    double limit;             // of gradients
    double kept_share;        // of a moving average
    mote_slice slice;         // of the weight, or of the channels of a band; count 0: whole
    mote_slice samples;       // of the batch that a layer runs for; count 0: all
    size_t scratch_bytes;     // of a layer
    mote_tensor *tensors;     // all tensors of the operation, bound to the arena
    size_t *offsets;          // of each, or MOTE_ABSENT
    size_t tensor_count;
    const mote_dead_range *dead;
    size_t dead_count;
    size_t begun;          // transfers of the program that may begin before it runs
    size_t awaited_before; // of these, so many are done before it runs,
    size_t awaited_behind; // and so many before the next one does
};

typedef struct mote_program {
    const char *name;
    mote_operation *operations;
    size_t operation_count;
    size_t *reads; // the READs
    size_t read_count;
    const mote_transfer *transfers; // in their order
    size_t transfer_count;
    size_t pause;           // operation at which the caller reads outputs, or MOTE_ABSENT
    bool poison;            // fill dead ranges with NaN: shows uses after the end of a life
    unsigned char *base;    // set by mote_program_bind
    size_t *result_offsets; // of what the caller reads after the run: metrics or outputs
    size_t result_count;
    size_t *output_offsets; // with a pause: of each output of the graph, or MOTE_ABSENT
} mote_program;

/// The kinds of operation. READ uses as many threads as its source takes; it fails as the first sample does that
/// cannot be read, and with MOTE_ERROR_DATA when an integer is out of its port's range. A loss's forward fails with
/// MOTE_ERROR_NONFINITE when its mean is not finite: known before the first weight changes, so that the state is as
/// if the step had not been.
mote_operation_run mote_operation_read;
mote_operation_run mote_operation_layer;
mote_operation_run mote_operation_loss;
mote_operation_run mote_operation_apply;

/// average = kept_share * average + (1 - kept_share) * weight; the weight itself after the first update.
mote_operation_run mote_operation_average;

/// Does nothing: the place where mote_program_begin ends.
mote_operation_run mote_operation_pause;

/// Adds a layer's part to the gradient of a shared weight.
mote_operation_run mote_operation_add;

/// The factor that brings the norm of all gradients down to the limit; fails with MOTE_ERROR_NONFINITE when it is
/// not finite, before the first weight changes. Then one gradient times that factor; or, without a norm, its
/// elements between -limit and limit.
mote_operation_run mote_operation_norm;
mote_operation_run mote_operation_scale;
mote_operation_run mote_operation_limit;

/// Tensors of an APPLY operation, by index. Rows are there when the gradient has some rows only, with memory for
/// a part of the whole gradient.
enum {
    MOTE_APPLY_WEIGHT,
    MOTE_APPLY_GRADIENT,
    MOTE_APPLY_ROWS,
    MOTE_APPLY_PART,
    MOTE_APPLY_SLOTS
};

/// Tensors of an AVERAGE operation, by index.
enum {
    MOTE_AVERAGE_AVERAGE,
    MOTE_AVERAGE_WEIGHT,
    MOTE_AVERAGE_TENSORS
};

/// Tensors of an ADD operation, by index.
enum {
    MOTE_ADD_SUM,
    MOTE_ADD_PART,
    MOTE_ADD_TENSORS
};

/// Tensors of a NORM operation, by index; its gradients follow, with the rows of each.
enum {
    MOTE_NORM_SCRATCH,
    MOTE_NORM_FACTOR,
    MOTE_NORM_GRADIENTS
};

/// Tensors of a CLIP operation, by index; the factor is there when it is by norm.
enum {
    MOTE_CLIP_GRADIENT,
    MOTE_CLIP_ROWS,
    MOTE_CLIP_FACTOR,
    MOTE_CLIP_TENSORS
};

/// For programs with so many ports at most, that compute on `thread_count` threads; belongs to the thread that runs them.
/// It reads where a processor has nothing to compute or had to wait for data just before, unless there is little to read:
/// whether it does changes no result.
mote_status mote_ahead_create(const mote_allocator *allocator, size_t port_count,
                              size_t thread_count, mote_ahead **ahead) MOTE_MUST_CHECK;

/// Safe on NULL.
void mote_ahead_destroy(mote_ahead **ahead);

/// Waits for what is being read and forgets what was: before the source changes or goes, before another program runs, and
/// when one has failed. Safe on NULL.
void mote_ahead_halt(mote_ahead *ahead);

/// What transfers did so far.
typedef struct mote_transfer_count {
    uint64_t loaded_bytes, stored_bytes;
    uint64_t wait_ns; // in which nothing was computed
} mote_transfer_count;

/// For programs with transfers, from and to where `state` is at home; belongs to the thread that runs them. `state` is borrowed.
mote_status mote_transfers_create(const mote_allocator *allocator, const mote_state *state,
                                  mote_transfers **transfers) MOTE_MUST_CHECK;

/// Ends what is being moved. Safe on NULL.
void mote_transfers_destroy(mote_transfers **transfers);

/// Waits for what was begun and forgets the rest: where a run of a program ends before its end, since its transfers would go on
/// beneath whatever comes next. Safe on NULL.
void mote_transfers_halt(mote_transfers *transfers);

/// Of NULL: nothing.
mote_transfer_count mote_transfers_count(mote_transfers *transfers);

/// What a layer's callback gets that does not change from one run to the next. The operation's tensors are those of its lists,
/// one list after the other as they stand in mote_layer_run, then the scratch.
mote_layer_run mote_operation_make_run(const mote_operation *operation);

/// How many samples of a batch a layer's operation runs for; 0 where the batch ends before them.
size_t mote_operation_batch(const mote_operation *operation, size_t batch);

/// Bytes that a run of the program writes to the swap file; of NULL: none.
uint64_t mote_program_stored_bytes(const mote_program *program);

/// Resolves all tensors against the arena that starts at `base`.
void mote_program_bind(mote_program *program, unsigned char *base);

/// Runs all operations; stops at the first failure, and with MOTE_STOPPED where yield says so and nothing has changed yet.
mote_status mote_program_run(const mote_program *program,
                             const mote_execution *execution) MOTE_MUST_CHECK;

/// The same in two parts, of a program with a pause: the operations before it, and it and all behind it. Between
/// them no other program of the arena may run.
mote_status mote_program_begin(const mote_program *program,
                               const mote_execution *execution) MOTE_MUST_CHECK;
mote_status mote_program_finish(const mote_program *program,
                                const mote_execution *execution) MOTE_MUST_CHECK;

/// After a step that failed before it changed anything: runs it again and gives the name of the first operation that wrote
/// what is not finite; NULL where there is none in front of the one that fails.
const char *mote_program_find_nonfinite(const mote_program *program,
                                        const mote_execution *execution);

/// Where output `index` of the graph lies at the pause; NULL when the program does not compute it.
const void *mote_program_output(const mote_program *program, size_t index);

/// Where result `index` lies: metrics of a loss (mote_real), or an output.
void *mote_program_result(const mote_program *program, size_t index);

/// One line an operation: name, and the offset of each tensor that it has.
void mote_program_print(const mote_program *program, const mote_writer *writer);

#endif
