// SPDX-License-Identifier: Apache-2.0
// The schedule of one program: which steps run in which order, and from which step to which every block lives.
// It follows from the graph and the layers' declarations alone.
#ifndef MOTE_SCHEDULE_SCHEDULE_H
#define MOTE_SCHEDULE_SCHEDULE_H

#include "base/arena.h"
#include "graph/graph.h"
#include "mote/model.h"
#include "optim/optim.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// READ fills a source's value; RECOMPUTE makes an output again that backward reads; UPDATE changes running statistics; ADD adds a layer's part to the gradient of
/// a shared weight; PAUSE is where the caller reads outputs; NORM makes the norm of all gradients, CLIP limits one; APPLY is the optimizer on one weight; AVERAGE moves
/// its average.
#define MOTE_STEP_KIND_MAP(X)        \
    X(READ, "read")                  \
    X(FORWARD, "forward")            \
    X(GRADIENT, "calc_gradient")     \
    X(DERIVATIVE, "calc_derivative") \
    X(RECOMPUTE, "recompute")        \
    X(UPDATE, "update")              \
    X(PAUSE, "pause")                \
    X(ADD, "add_gradient")           \
    X(NORM, "gradient_norm")         \
    X(CLIP, "clip")                  \
    X(APPLY, "apply")                \
    X(AVERAGE, "average")

/// Name of the moving average of a weight.
#define MOTE_AVERAGE_NAME "%s.average"

typedef enum mote_step_kind {
#define MOTE_STEP_KIND_ENUM(name, text) MOTE_STEP_##name,
    MOTE_STEP_KIND_MAP(MOTE_STEP_KIND_ENUM)
#undef MOTE_STEP_KIND_ENUM
} mote_step_kind;

/// Steps [first, end) that run part by part: for some channels after the others, a band, or for some samples of the batch,
/// a slice. What only they use holds a part.
typedef struct mote_step_run {
    size_t first, end;
    bool by_samples; // otherwise by channels
    size_t extent;   // channels or samples that there are
    size_t height;   // of them in a part, but for the last
    size_t count;    // of parts; 0: the step is in no such run
} mote_step_run;

typedef struct mote_step {
    mote_step_kind kind;
    size_t node; // MOTE_NONE: PAUSE, NORM
    size_t
        index; // READ: port; ADD: weight of the node; CLIP, APPLY, AVERAGE: of the owner; otherwise 0
    size_t scratch; // tensor, or MOTE_NONE
    size_t made;    // RECOMPUTE: tensor of the output; otherwise MOTE_NONE
    mote_slice
        slice; // FORWARD, GRADIENT, DERIVATIVE, CLIP, APPLY of a part of weight 0; count 0: whole
    mote_step_run run;
} mote_step;

/// One use of memory by the graph: what a node names. Several tensors may share a block.
typedef struct mote_schedule_tensor {
    const char *name;
    const mote_tensor_spec *spec; // of the declaration, where that has it
    size_t bytes;
    size_t first, last; // steps; persistent tensors: unused
    size_t
        slice_samples; // that it has room for: those of a slice, of the run that uses it; 0: all of the batch
    size_t block; // of the first stay; MOTE_NONE: it persists in memory, or nothing uses it
    mote_block_kind kind;
    bool persistent;
    bool holds_band; // of the run that uses it; its spec is of the first
} mote_schedule_tensor;

/// Bytes that are placed once: of tensors that share them, at all steps of their life or at those of one stay. Where there are
/// several stays, what the block holds is in its home outside of memory between them.
typedef struct mote_block {
    const char *name; // of its first tensor; of a later stay, with its number
    mote_block_kind kind;
    size_t tensor; // the first of them
    size_t bytes;
    size_t first, last;
    size_t used_first, used_last; // steps that use it: before and behind them it comes and goes
    size_t root;                  // block of the first stay
    size_t next;                  // the one of the next, or MOTE_NONE
    bool is_loaded, is_stored;    // from and to its home
    uint64_t home;                // offset there
    mote_slice slice;             // of dimension 1 of the tensor, all that there is; count 0: whole
} mote_block;

/// Tensors of a node, by the index that the layer uses; MOTE_NONE where this program has none.
typedef struct mote_node_tensors {
    size_t *weights;   // of a shared weight its owner's
    size_t *gradients; // what calc_gradient writes: the sum, or a part that is added to it
    size_t *sums;      // of a weight's gradients: what is applied; of owners only, as slots
    size_t *rows;      // the list of rows that a gradient holds, or MOTE_NONE: all
    size_t *averages;  // of owners only
    size_t *slots;     // MOTE_OPTIMIZER_SLOTS_MAX a weight
    size_t *statistics;
    size_t *temporaries;
} mote_node_tensors;

typedef struct mote_schedule {
    const char *name; // "train", "evaluate", "infer"
    const mote_graph *graph;
    bool training;
    mote_step *steps;
    size_t step_count;
    mote_schedule_tensor *tensors;
    size_t tensor_count;
    mote_block *blocks;
    size_t block_count;
    size_t *values;      // tensor of each value
    bool *again;         // by value: backward reads what RECOMPUTE steps make
    bool *cut;           // by node: all steps use weight 0 in the same slices
    size_t *derivatives; // tensor of each value's derivative, or MOTE_NONE
    mote_node_tensors *nodes;
    mote_clip clip;
    size_t clip_factor; // tensor that NORM writes and CLIP reads, or MOTE_NONE
} mote_schedule;

/// Everything that may be decided.
typedef struct mote_strategy {
    const char *name;
    bool training;
    bool pauses;             // between forward and backward, for callers with their own loop
    mote_apply_policy apply; // AFTER_ALL where gradients are clipped by norm
    mote_clip clip;
    bool averages;        // weights have moving averages, which all but training reads
    bool whole_gradients; // store all rows of all gradients
    unsigned techniques;  // MOTE_TECHNIQUE_*
    size_t slice_bytes;   // of a gradient, about; smaller ones save little
    size_t slice_extent;  // indices of the input dimension with their taps; fewer would cost time
    size_t weight_slice_bytes;   // of a weight that all steps are to use slice by slice; 0: none
    size_t band_height;          // fewest channels of a band
    size_t batch_slice;          // fewest samples of a slice of the batch
    size_t batch_slice_bytes;    // of a tensor that such slices are worth
    bool batch_slices_of_losses; // only of what losses read
    size_t
        recompute_above; // bytes alive: above them whole blocks of layers are run again; 0: never
    bool swaps; // what a step does not use may be out of memory: what each uses is to be little
    size_t slot_count;             // tensors of optimizer state a weight
    const char *const *slot_names; // their names, "<weight>.<slot>"
} mote_strategy;

/// How a step uses a tensor, and by which declaration: what stands behind the step's text.
#define MOTE_USE_MAP(X)                                          \
    X(FILL, "fills it")                                          \
    X(INPUT, "reads its input")                                  \
    X(OUTPUT, "writes its output")                               \
    X(INPUT_NEEDED, "needs its input")                           \
    X(OUTPUT_NEEDED, "needs its output")                         \
    X(OUTPUT_DERIVATIVE, "reads its output's derivative")        \
    X(INPUT_DERIVATIVE, "writes its input's derivative")         \
    X(GRADIENT, "writes its weight's gradient")                  \
    X(ROWS, "lists the rows of its weight's gradient")           \
    X(TEMPORARY, "uses its temporary, which is declared for it") \
    X(SCRATCH, "uses its scratch")                               \
    X(SOURCE, "makes an output again from it")                   \
    X(AGAIN, "makes it again")                                   \
    X(PART, "adds it to the gradient of a shared weight")        \
    X(SUM, "adds a part to it")                                  \
    X(NORM, "takes it into the norm of all gradients")           \
    X(NORM_FACTOR, "makes it of the norm")                       \
    X(CLIP, "limits it")                                         \
    X(CLIP_FACTOR, "limits a gradient by it")                    \
    X(APPLY, "changes its weight by it")                         \
    X(WEIGHT, "reads its weight")                                \
    X(STATISTIC, "reads its statistic")                          \
    X(STATISTIC_UPDATE, "changes its statistic")                 \
    X(WEIGHT_CHANGE, "changes it")                               \
    X(STATE, "changes the optimizer's state")                    \
    X(AVERAGE, "moves the average")                              \
    X(PAUSE, "lets the caller read it")                          \
    X(RESULT, "is the last; the caller reads its results behind it")

typedef enum mote_use {
#define MOTE_USE_ENUM(name, text) MOTE_USE_##name,
    MOTE_USE_MAP(MOTE_USE_ENUM)
#undef MOTE_USE_ENUM
} mote_use;

/// "needs its input", ...
const char *mote_use_text(mote_use use);

/// Whether the bytes may be others behind the step.
bool mote_use_writes(mote_use use);

typedef void mote_use_visitor(void *user, size_t tensor, size_t step, mote_use use);

/// Bytes that a step uses of a tensor: of what the optimizer keeps beside a weight, and of a weight that is cut, those of the
/// step's slice.
size_t mote_schedule_used_bytes(const mote_schedule *schedule, size_t tensor, size_t step,
                                mote_use how);

/// Calls `visit` for each use that a step makes of a tensor, step by step. The life of one that does not persist is from the
/// first to the last.
void mote_schedule_visit_uses(const mote_schedule *schedule, mote_use_visitor *visit, void *user);

/// Raises MOTE_ERROR_SHAPE when sizes do not fit into memory's address range.
mote_status mote_schedule_build(const mote_graph *graph, const mote_strategy *strategy,
                                mote_arena *arena, mote_schedule *schedule) MOTE_MUST_CHECK;

/// The placements of its blocks, when its steps begin at `first_step`.
void mote_schedule_place(const mote_schedule *schedule, size_t first_step,
                         mote_placement *placements);

/// The slices that steps use of a tensor that persists, where none uses more: the optimizer's state of a weight that is
/// applied in slices, and a weight that is cut.
mote_status mote_schedule_find_slices(const mote_schedule *schedule, size_t tensor,
                                      mote_arena *arena, mote_slices *slices) MOTE_MUST_CHECK;

/// A stay of a block, or of a tensor that persists and shall not do so in memory.
typedef struct mote_stay {
    size_t block;     // of the whole schedule; MOTE_NONE: it is of a tensor that persists
    size_t tensor;    // the first of the block
    mote_slice slice; // of it; count 0: whole
    size_t first, last;
    size_t used_first, used_last;
    bool is_loaded, is_stored;
    uint64_t home;
} mote_stay;

/// Bytes in memory during a stay.
size_t mote_schedule_stay_bytes(const mote_schedule *whole, const mote_stay *stay);

/// Whether a stay is of the same block, or tensor, as the one before it.
bool mote_stay_continues(const mote_stay *stay, const mote_stay *before);

/// Whether it is of the same bytes as well, and so begins when the other one has ended.
bool mote_stay_follows(const mote_stay *stay, const mote_stay *before);

/// Whether it neither begins nor ends within a run of parts.
bool mote_stay_is_apart(const mote_schedule *schedule, const mote_stay *stay);

/// The same schedule with blocks in memory for some stays only: those of a block, or of a tensor, stand side by side, slice by
/// slice and by the steps that use them, and none begins or ends within a run of parts. All other blocks stay as they are. Shares with `whole` what does not change.
mote_status mote_schedule_split(const mote_schedule *whole, const mote_stay *stays,
                                size_t stay_count, mote_arena *arena,
                                mote_schedule *split) MOTE_MUST_CHECK;

/// The block that holds the tensor, or the step's slice of it, at a step that uses it: MOTE_NONE where it has none.
size_t mote_schedule_find_block(const mote_schedule *schedule, size_t tensor, size_t step);

/// The value whose bytes a value has: through views.
size_t mote_schedule_source(const mote_graph *graph, size_t value);

/// The tensor of a value that a step of backward reads: recomputed, or kept from forward. Of a view it may be the tensor
/// that it is a view of.
size_t mote_schedule_kept(const mote_schedule *schedule, size_t value, size_t step);

/// Channels or samples of part `index` of a run.
mote_slice mote_schedule_part(const mote_step_run *run, size_t index);

/// "calc_gradient", ...
const char *mote_step_kind_text(mote_step_kind kind);

/// The phase bit of a layer's step; 0 for all other steps.
unsigned mote_step_phase(mote_step_kind kind);

/// "calc_gradient conv1", written into `text`.
const char *mote_step_text(const mote_schedule *schedule, size_t step, char *text, size_t bytes);

/// Steps, then blocks with their lives.
void mote_schedule_print(const mote_schedule *schedule, const mote_writer *writer);

#endif
