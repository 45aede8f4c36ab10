// SPDX-License-Identifier: Apache-2.0
// A model: loaded from a model file, compiled for what it shall do, then trained, evaluated or run inside one
// arena whose size is known before the first step.
#ifndef MOTE_MODEL_H
#define MOTE_MODEL_H

#include "mote/context.h"
#include "mote/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A model belongs to one thread at a time: no two calls with it may overlap, and another thread may go on with it when
/// the call before has returned and the program has made that visible to it (a mutex, a join); mote/control.h is for any thread. What a call gives out
/// (strings, tensors, metrics' names) belongs to the model in that sense. Models of different contexts are independent.
/// Models of one context may be loaded, compiled, saved and inspected at once, but they share its threads: of
/// mote_model_train, _bench, _evaluate, _run, _run_all, _forward and _apply only one at a time. Callbacks run in the
/// thread that made the call and may use the model for what only reads it: the plan, ports, paths.
typedef struct mote_model mote_model;

/// `section.key = value`, wins over the model file.
typedef struct mote_setting {
    const char *section;
    const char *key;
    const char *value;
} mote_setting;

/// Reads a model file (INI) and checks everything in it that needs no data: sections, keys, values, shapes,
/// the graph. `settings` override the file; both are copied. Errors: MOTE_ERROR_IO, MOTE_ERROR_PROPERTY,
/// MOTE_ERROR_SHAPE, MOTE_ERROR_GRAPH, MOTE_ERROR_MEMORY, each with file and line.
MOTE_API mote_status mote_model_load(mote_context *context, const char *path,
                                     const mote_setting *settings, size_t setting_count,
                                     mote_model **model) MOTE_MUST_CHECK;

/// Frees everything; the context stays. A NULL model is fine.
MOTE_API void mote_model_destroy(mote_model **model);

/// What a compiled model will be able to do, as bits.
enum {
    MOTE_MODE_TRAIN = 1,    // with evaluation, when the model file has [valid_set]
    MOTE_MODE_EVALUATE = 2, // loss and accuracy on a data set
    MOTE_MODE_INFER = 4,    // outputs for given inputs; alone: its own, smaller arena
    MOTE_MODE_STEP = 8,     // training, also in the caller's own loop: mote/step.h
};

/// Ways to need less memory, and what each does. None of them changes a bit of a result.
#define MOTE_TECHNIQUE_MAP(X)                                                                   \
    X(RECOMPUTE, "recompute", "outputs that are cheap to make again are not kept for backward") \
    X(BLOCK_RECOMPUTE, "block_recompute",                                                       \
      "within a budget, convolutions and products may be run again for backward")               \
    X(SLICES, "slices", "large gradients are made and applied in slices")                       \
    X(ORDER, "order", "independent branches run in the order that needs least")                 \
    X(BANDS, "bands", "some channels go through several steps before the next ones do")         \
    X(BATCH_SLICES, "batch_slices",                                                             \
      "some samples go through several steps before the next ones do")                          \
    X(ALIASES, "aliases", "a tensor takes the place of one that nobody reads any more")         \
    X(EXACT, "exact", "offsets are searched for a smaller arena than best_fit's")               \
    X(SWAP, "swap", "what the budget has no room for waits in a file until it is needed")

enum {
#define MOTE_TECHNIQUE_ENUM(name, text, summary) MOTE_TECHNIQUE_INDEX_##name,
    MOTE_TECHNIQUE_MAP(MOTE_TECHNIQUE_ENUM)
#undef MOTE_TECHNIQUE_ENUM
    MOTE_TECHNIQUE_COUNT
};

/// The same as bits.
enum {
#define MOTE_TECHNIQUE_ENUM(name, text, summary) \
    MOTE_TECHNIQUE_##name = 1U << MOTE_TECHNIQUE_INDEX_##name,
    MOTE_TECHNIQUE_MAP(MOTE_TECHNIQUE_ENUM)
#undef MOTE_TECHNIQUE_ENUM
};

/// "recompute", and what it does, of technique 0 .. MOTE_TECHNIQUE_COUNT-1; "" behind the last.
MOTE_API const char *mote_technique_name(size_t index);
MOTE_API const char *mote_technique_summary(size_t index);

/// The bits of the techniques in a list like "recompute,slices". MOTE_ERROR_ARGUMENT for one that there is not.
MOTE_API mote_status mote_techniques_find(const char *names, unsigned *techniques) MOTE_MUST_CHECK;

/// Most samples of a step, and most epochs.
#define MOTE_BATCH_MAX  1048576U
#define MOTE_EPOCHS_MAX 1000000000U

/// Zero-initialize for the defaults.
typedef struct mote_compile_config {
    unsigned modes;      // 0: MOTE_MODE_TRAIN
    const char *planner; // "naive", "best_fit", "exact"; NULL: "exact"
    const char
        *weights; // file to start from; NULL: [Model] load_path, else initial values from the seed
    size_t batch; // most samples of a step, up to MOTE_BATCH_MAX; 0: [Model] batch_size
    uint64_t memory_budget; // most bytes of the arena; 0: [Model] memory_budget; UINT64_MAX: any
    unsigned without; // MOTE_TECHNIQUE_* bits that are not used; 0: all are. EXACT: the planner
                      // "exact" gives way to "best_fit"
    const char *cost; // file of a cost table to plan by, see mote_model_measure_cost; NULL: the one
                      // beside the swap file, if there is one
    const char
        *plan; // file of a plan to make again, see mote_model_save_plan; NULL: it is searched
} mote_compile_config;

/// Plans all memory. Nothing is allocated for tensors yet: that is done by mote_model_allocate or by the first
/// call that needs it.
///
/// A model may be compiled again, for other modes or with another batch: the memory of before is given back, what it
/// held of weights and running statistics is kept and goes on (unless config.weights names a file), and so does the
/// optimizer of a loop of the caller, where the model trains as before. For initial values load the model again. After an
/// error the model is not compiled; what it held is kept still.
///
/// With a memory budget, what it has no room for goes to a swap file while it is not needed ([Model] swap_path): the same
/// bits, in more time. MOTE_ERROR_BUDGET when nothing makes it fit: see mote_model_smallest_budget. Weights that no step
/// changes are read from the file that was loaded (`weights`, load_path, mote_model_load_weights), which is open meanwhile: it
/// may be replaced or removed, but where its bytes are changed in place, what reads them next raises MOTE_ERROR_IO: a step,
/// saving, mote_model_read_tensor. mote_model_load_weights mends that.
MOTE_API mote_status mote_model_compile(mote_model *model,
                                        const mote_compile_config *config) MOTE_MUST_CHECK;

/// Measures what computing takes on this device, and moving bytes to the folder of the swap file and back, and writes it as a
/// cost table: to the file `path`, or with NULL into that folder ([Model] swap_path), as mote-cost-LEVEL-THREADS.ini. By such a
/// table budgets are planned and times predicted: mote_model_compile takes it from there, when it is of this processor,
/// CPU level and number of threads, and otherwise assumes rates. A plan depends on nothing else that is of the device, so
/// nothing is measured unasked: with the same table the plan is the same, always.
///
/// Takes a second or two, 64 MiB of memory and 32 MiB of disk, and the context's threads, as training does. Prints nothing.
/// MOTE_ERROR_ARGUMENT without any path; MOTE_ERROR_IO of the folder or the file; MOTE_ERROR_MEMORY.
MOTE_API mote_status mote_model_measure_cost(mote_model *model, const char *path) MOTE_MUST_CHECK;

/// Writes the plan of a compiled model to the file `path`: what was decided, layer by layer, what it was decided for, and the
/// plan's hash. With mote_compile_config.plan a model is compiled to that plan again, without a search and whatever cost table
/// there is, on each device: the same recomputations, slices, swaps, offsets and arena. Planner, techniques and memory
/// budget are the file's; others that are asked for beside it are refused, and so is a memory budget below its arena
/// (MOTE_ERROR_BUDGET). Where the plan would be another one - of another network, batch or number of threads, for other modes,
/// or by a version of mote that plans otherwise - MOTE_ERROR_ARGUMENT says what differs. Another memory budget for a training
/// (mote_model_set_memory_budget) ends it.
///
/// The file is replaced as a whole. MOTE_ERROR_ARGUMENT when the model is not compiled; MOTE_ERROR_IO; MOTE_ERROR_MEMORY.
MOTE_API mote_status mote_model_save_plan(const mote_model *model,
                                          const char *path) MOTE_MUST_CHECK;

/// Gets the arena from the system and fills the weights: from compile_config.weights, [Model] load_path, or
/// initial values.
MOTE_API mote_status mote_model_allocate(mote_model *model) MOTE_MUST_CHECK;

/// Kinds of blocks in a plan.
#define MOTE_BLOCK_KIND_MAP(X)    \
    X(WEIGHTS, "weights")         \
    X(OPTIMIZER, "optimizer")     \
    X(ACTIVATIONS, "activations") \
    X(DERIVATIVES, "derivatives") \
    X(GRADIENTS, "gradients")     \
    X(SCRATCH, "scratch")         \
    X(BATCH, "batch")

typedef enum mote_block_kind {
#define MOTE_BLOCK_KIND_ENUM(name, text) MOTE_BLOCK_KIND_##name,
    MOTE_BLOCK_KIND_MAP(MOTE_BLOCK_KIND_ENUM)
#undef MOTE_BLOCK_KIND_ENUM
    MOTE_BLOCK_KIND_COUNT
} mote_block_kind;

/// "weights", ...
MOTE_API const char *mote_block_kind_name(mote_block_kind kind);

/// What the plan says. Strings live as long as the model and until it is compiled again.
typedef struct mote_plan_info {
    size_t arena_bytes;
    size_t lower_bound_bytes; // most bytes alive at one step
    bool is_optimal;          // no arena can be smaller: it is the bound, or a search has proven it
    size_t unplanned_bytes;   // arena of the planner that reuses nothing
    size_t peak_step;
    const char *peak_step_name; // "calc_gradient fc1"
    const char *plan_hash;      // 64 hexadecimal digits
    const char *planner;
    unsigned without;                         // MOTE_TECHNIQUE_* bits that were left out
    size_t kind_bytes[MOTE_BLOCK_KIND_COUNT]; // alive at peak_step; they sum to lower_bound_bytes
    size_t kind_all_bytes[MOTE_BLOCK_KIND_COUNT]; // of all steps; they sum to unplanned_bytes
    size_t layer_count; // nodes of the training graph (or of the graph compiled)
    size_t step_count;  // steps of all programs, one after the other
    size_t
        operation_count; // of a step of training (or of the first program): more than one for a step of bands
    size_t placement_count;
    size_t batch_size;
    size_t parameter_count; // elements of all weights
    size_t batch_bytes;     // inputs and labels of a batch
    size_t ahead_bytes;     // of these, what can be read in the step before, without more memory
    size_t ahead_step;      // from which on
    const char *ahead_step_name; // "" when nothing can be
    uint64_t swap_bytes;         // of the swap file; 0: all fits into memory, as the next two
    uint64_t loaded_bytes, stored_bytes; // from it and to it in a step
    uint64_t memory_budget;              // that was asked for; 0: none was
    double predicted_ms;                 // of a step, by the rates of a cost table
    double predicted_wait_ms;            // of these, for transfers
    double
        recomputed_flops; // of a step: in products and convolutions that are run again, a multiply-add as two
    const char *
        gradients_kept_by; // "clip_norm" or "apply = after_all", which has training apply all gradients when all are made; "": each as early as can be
    double operation_deadline_ms;  // of [Model]; 0: it has none
    size_t late_operation_count;   // of all programs, that are predicted to take longer,
    double longest_operation_ms;   // and the longest of all, without its transfers
    const char *longest_operation; // its step
    const char *cost_path;         // file of that table; "": its rates are assumed, not measured
} mote_plan_info;

/// After MOTE_ERROR_BUDGET from mote_model_compile: the smallest budget that it would take; else 0.
MOTE_API uint64_t mote_model_smallest_budget(const mote_model *model);

/// Its texts live until the model is compiled again. MOTE_ERROR_ARGUMENT when the model is not compiled.
MOTE_API mote_status mote_model_get_plan(const mote_model *model,
                                         mote_plan_info *info) MOTE_MUST_CHECK;

/// One block of the plan: it lies at bytes [offset, offset + bytes) in steps [lower, upper).
typedef struct mote_placement_info {
    size_t id;
    size_t lower, upper;
    size_t bytes; // a multiple of the alignment
    size_t offset;
    const char *name; // "conv1", "conv1.weight", "conv1.weight gradient", ...
    mote_block_kind kind;
    size_t rank;    // of the tensor that the block is named by; 0: it is scratch
    size_t dims[7]; // slowest first; where it has one, the batch, or a slice of it
} mote_placement_info;

/// Row `index` of the plan, 0 .. placement_count-1.
MOTE_API mote_status mote_model_get_placement(const mote_model *model, size_t index,
                                              mote_placement_info *info) MOTE_MUST_CHECK;

/// Name of the `other`-th of the other tensors that have the bytes of placement `index` (views, and what is written in place);
/// NULL behind the last.
MOTE_API const char *mote_model_placement_tensor(const mote_model *model, size_t index,
                                                 size_t other);

/// Writes what step 0 .. step_count-1 does, "calc_gradient conv2"; behind the first program with its name, "forward conv2
/// (evaluate)". `text` takes `bytes`; a longer name is cut.
MOTE_API mote_status mote_model_get_step_name(const mote_model *model, size_t step, char *text,
                                              size_t bytes) MOTE_MUST_CHECK;

/// Stages of the compiler that can be printed.
#define MOTE_STAGE_MAP(X)         \
    X(DESCRIPTION, "description") \
    X(GRAPH, "graph")             \
    X(SCHEDULE, "schedule")       \
    X(PLAN, "plan")               \
    X(PROGRAM, "program")

typedef enum mote_stage {
#define MOTE_STAGE_ENUM(name, text) MOTE_STAGE_##name,
    MOTE_STAGE_MAP(MOTE_STAGE_ENUM)
#undef MOTE_STAGE_ENUM
    MOTE_STAGE_COUNT
} mote_stage;

/// "description", ...
MOTE_API const char *mote_stage_name(mote_stage stage);

/// Writes what a stage of the compiler made, as text. The model must be compiled (but for DESCRIPTION).
MOTE_API mote_status mote_model_explain(const mote_model *model, mote_stage stage,
                                        const mote_writer *writer) MOTE_MUST_CHECK;

/// Writes why a tensor is alive in each step of its life, in each program that has it: which steps use it and by which
/// declaration, which tensors have the same bytes, where they lie, when they are in the swap file, and what keeps them to
/// the end. Names are those of placements and of what --stage=schedule lists. MOTE_ERROR_ARGUMENT for an unknown one.
MOTE_API mote_status mote_model_explain_tensor(const mote_model *model, const char *name,
                                               const mote_writer *writer) MOTE_MUST_CHECK;

/// A network may have that many losses.
#define MOTE_LOSSES_MAX 8U

/// One loss over some samples.
typedef struct mote_loss_metrics {
    const char *name; // of its layer; valid while the model is compiled
    double weight;    // its factor in the sum of all
    double loss;      // mean over samples, without that factor
    double accuracy;  // share of samples classified right, 0 .. 1; NAN where it has no meaning
} mote_loss_metrics;

/// Loss and accuracy over some samples.
typedef struct mote_metrics {
    double loss;     // sum of the losses, each times its weight: what training makes small
    double accuracy; // of the only loss; NAN where there are several, or it has no meaning
    uint64_t samples;
    size_t loss_count;
    mote_loss_metrics losses[MOTE_LOSSES_MAX]; // in the order of the model file
} mote_metrics;

/// What a progress callback is told, after each step and after each epoch's validation.
typedef struct mote_progress {
    uint64_t epoch, epochs;  // epoch counts from 1
    uint64_t batch, batches; // batches done in this epoch (or in this evaluation), of how many
    mote_metrics training;   // running over this epoch
    mote_metrics validation; // samples = 0 when there is none yet
    bool evaluating;         // a batch of validation, or of mote_model_evaluate
    bool epoch_done;         // the epoch's last call, with its validation
    uint64_t step_ns;        // time of the last step
    double learning_rate;
    uint64_t samples_left; // training samples still to come in all epochs
} mote_progress;

/// Zero-initialize for the defaults.
typedef struct mote_train_config {
    void *user;
    void (*progress)(void *user, const mote_progress *progress); // may not allocate if nobody shall
    bool (*stop)(void *user); // asked after each step and each batch of an evaluation; true ends it
    bool no_save;             // write neither save_path nor save_best_path, nor checkpoints
    bool resume;              // go on from the newest checkpoint, see mote_model_train
    /// Told what the user should know and is no failure: before the first step a damaged checkpoint that was passed
    /// over, that there is none, that an earlier training's were removed; in front of a step another memory budget
    /// (mote/control.h); the first step that is skipped; at the end that most steps were skipped, and files that have not
    /// the weights that they should have. May be NULL.
    void (*notice)(void *user, const char *text);
    uint64_t steps;         // stop after that many steps; 0: all epochs
    mote_profiler profiler; // of training steps: mote/profile.h
} mote_train_config;

typedef struct mote_train_result {
    mote_metrics training;   // of the last epoch
    mote_metrics validation; // of the last epoch; samples = 0 without [valid_set]
    uint64_t epochs;         // finished
    uint64_t steps;          // done, with those before the checkpoint that it went on from
    uint64_t samples;        // seen in these steps
    bool resumed;            // it went on from a checkpoint; else it began anew
    uint64_t resumed_step;   // of that checkpoint; the first is of step 0
    uint64_t skipped_steps;  // that were not finite ([Model] on_nonfinite = skip)
    bool was_finished;       // nothing was left to do behind that checkpoint, and nothing was done
    double step_ms_median;   // over all training steps (the last 4096); 0: none was done
    uint64_t swapped_in_bytes,
        swapped_out_bytes; // in these steps and evaluations, from and to the swap file
    double swap_wait_ms;   // in which nothing was computed because of that
    bool stopped;          // the stop or yield callback ended it
    uint64_t
        late_operations; // that took longer than [Model] operation_deadline_ms, with their transfers,
    double longest_operation_ms; // and the longest of all; 0 without that key
    char longest_operation[96];
    bool stopped_early;  // [Model] patience ended it before the last epoch
    uint64_t best_epoch; // with the lowest validation loss, the first of equals; 0: not validated
    double best_loss;    // its validation loss
    uint64_t epochs_waited; // since the validation loss fell (by more than [Model] min_delta)
    const char *saved_path; // save_path, NULL when neither written nor found to have these weights;
                            // valid while the model is compiled
    const char *best_path;  // save_best_path, as well, with the best epoch's weights
    uint64_t checkpoint_count;   // written by this call
    const char *checkpoint_path; // the newest of them, or NULL; valid until the next call
} mote_train_result;

/// Trains with [train_set] for [Model] epochs; after each epoch validates on [valid_set] and writes
/// [Model] save_path, and save_best_path when the validation loss is the lowest so far. Ends before the last epoch
/// when that loss has not fallen for [Model] patience epochs; the weights are then those of the last epoch, not of
/// the best. `config` may be NULL. Between the first and the last step nothing is allocated.
/// Each call starts the optimizer, the schedule, the order of the samples and the search for the best epoch anew,
/// from the weights as they are. With [Optimizer] moving_average training goes on from the weights, while their
/// averages are validated, evaluated, run and saved; mote_model_find_tensor gives the weights.
/// Stopped by the callback, it writes save_path as well, though in the middle of an epoch, before it gives back its lock.
/// MOTE_ERROR_NONFINITE when the loss is not finite (that step is not applied, and the message names the layer whose
/// output was the first; with [Model] on_nonfinite = skip training goes on with the next batch) or when weights are at
/// the end of an epoch (they are not saved). A stop is not an error.
///
/// With [Model] checkpoint_path or checkpoint_every, or config.resume, checkpoints are written: as often as
/// checkpoint_every says, at the end, and when training is stopped; without these, when a training with a save_path is
/// stopped (what keeps it from being written is told to config.notice), or begins where there are some. With
/// config.resume it goes on from the newest one that can be read, to exactly the bits of a training that was never
/// interrupted, whatever budget, planner, threads or processor it had before; a training that had ended is left alone. The
/// file to start from ([Model] load_path, compile_config.weights) need not exist then. MOTE_ERROR_PROPERTY says in what the
/// checkpoint's model or data differ. Without config.resume an earlier training's checkpoints of that path are removed before the
/// first step. One training at a time may write to a path: MOTE_ERROR_IO. A training that is refused before it begins leaves
/// the model, its files and a loop of the caller (mote/step.h) as they were.
MOTE_API mote_status mote_model_train(mote_model *model, const mote_train_config *config,
                                      mote_train_result *result) MOTE_MUST_CHECK;

/// A checkpoint that is there.
typedef struct mote_checkpoint_info {
    uint64_t step;
    uint64_t epoch; // that was trained then, from 1
    uint64_t epochs_done;
    bool is_readable; // its header is; else epoch and epochs_done are 0
} mote_checkpoint_info;

/// The checkpoints of a model compiled for training, oldest first: up to `capacity` of them, and how many there are.
/// Allocates the model, as mote_model_allocate does.
MOTE_API mote_status mote_model_list_checkpoints(mote_model *model, mote_checkpoint_info *infos,
                                                 size_t capacity, size_t *count) MOTE_MUST_CHECK;

/// In the place of a step: the model as shipped.
#define MOTE_ROLLBACK_FACTORY UINT64_MAX

/// What mote_model_roll_back did.
typedef struct mote_rollback_result {
    size_t removed_count;   // checkpoints behind that step
    const char *saved_path; // save_path, now with these weights; NULL: [Model] has none
    const char *best_path;  // save_best_path, which only MOTE_ROLLBACK_FACTORY writes
} mote_rollback_result;

/// Goes back to the kept checkpoint of `step`, or with MOTE_ROLLBACK_FACTORY to the model as shipped: the weights of
/// [Model] load_path, else the seed's initial ones. The checkpoint of step 0 has what the training began from, which may be
/// other weights. The model gets that state, save_path (and save_best_path with MOTE_ROLLBACK_FACTORY) its weights, and
/// then checkpoints of later steps are removed, so that a training that resumes goes on from there. A loop of the caller
/// ends. load_path is only read. Needs MOTE_MODE_TRAIN. MOTE_ERROR_ARGUMENT when there is no checkpoint of that step,
/// MOTE_ERROR_PROPERTY when these paths name one file, MOTE_ERROR_IO while a training writes to them: then nothing has
/// changed. When a file cannot be written or removed (MOTE_ERROR_IO), the model is back already, and the checkpoint is
/// there still.
MOTE_API mote_status mote_model_roll_back(mote_model *model, uint64_t step,
                                          mote_rollback_result *result) MOTE_MUST_CHECK;

/// Trains `steps` steps on one batch of generated data, made before the first step: what will it cost on this
/// device? Writes no file; the weights are trained on that noise. Where it cannot begin, these and a loop of the caller stay
/// as they were.
MOTE_API mote_status mote_model_bench(mote_model *model, const mote_train_config *config,
                                      mote_train_result *result) MOTE_MUST_CHECK;

/// Loss and accuracy on a data section: "test_set", "valid_set" or "train_set". Of `config` only the callbacks
/// count. MOTE_STOPPED when its stop ended it, MOTE_ERROR_NONFINITE when a loss is not finite.
MOTE_API mote_status mote_model_evaluate(mote_model *model, const char *set,
                                         const mote_train_config *config,
                                         mote_metrics *metrics) MOTE_MUST_CHECK;

/// Elements of one sample of input 0 and of output 0, for networks with one of each.
MOTE_API mote_status mote_model_get_sizes(const mote_model *model, size_t *input_elements,
                                          size_t *output_elements) MOTE_MUST_CHECK;

/// What elements of inputs, labels and outputs are in C.
typedef enum mote_port_type {
    MOTE_PORT_FLOAT, // float
    MOTE_PORT_INT32, // int32_t
} mote_port_type;

/// An input, a label or an output of the network. Strings live as long as the model is compiled.
typedef struct mote_port_info {
    const char *name; // of the layer; of a label: of its loss
    mote_port_type type;
    size_t rank;
    size_t dims[6];             // of one sample, slowest first
    size_t element_count;       // of one sample
    int32_t smallest, greatest; // integers: what the network takes
} mote_port_info;

/// How many there are; 0 when the model is not compiled. Inputs and labels are in the order of the model file. So
/// are outputs: for each loss what it reads (behind softmax or sigmoid, where the loss applies it), and the layers
/// that nobody reads.
MOTE_API size_t mote_model_input_count(const mote_model *model);
MOTE_API size_t mote_model_label_count(const mote_model *model);
MOTE_API size_t mote_model_output_count(const mote_model *model);

/// One of them. MOTE_ERROR_ARGUMENT when there is none.
MOTE_API mote_status mote_model_get_input(const mote_model *model, size_t index,
                                          mote_port_info *info) MOTE_MUST_CHECK;
MOTE_API mote_status mote_model_get_label(const mote_model *model, size_t index,
                                          mote_port_info *info) MOTE_MUST_CHECK;
MOTE_API mote_status mote_model_get_output(const mote_model *model, size_t index,
                                           mote_port_info *info) MOTE_MUST_CHECK;

/// What the classes are called, as "a,b,c", from the weights' file; "" when it does not say.
MOTE_API const char *mote_model_class_names(const mote_model *model);

/// Reads an image file as one sample, prepared as the training data were. Needs MOTE_MODE_INFER.
MOTE_API mote_status mote_model_read_image(mote_model *model, const char *path,
                                           float *sample) MOTE_MUST_CHECK;

/// Outputs for `count` samples (1 .. batch size), dense, of a network with one input and one output, both of
/// MOTE_PORT_FLOAT. Needs MOTE_MODE_INFER.
MOTE_API mote_status mote_model_run(mote_model *model, const float *inputs, size_t count,
                                    float *outputs) MOTE_MUST_CHECK;

/// The same for any network: a pointer for each input and for each output, to float or int32_t as mote_port_info
/// says, `count` samples each, dense. The counts must be those of the network. Nothing is computed from integers
/// that the network does not take: MOTE_ERROR_DATA.
MOTE_API mote_status mote_model_run_all(mote_model *model, const void *const *inputs,
                                        size_t input_count, size_t count, void *const *outputs,
                                        size_t output_count) MOTE_MUST_CHECK;

/// Writes weights and running statistics as safetensors: beside the old file, synced, renamed.
MOTE_API mote_status mote_model_save(mote_model *model, const char *path) MOTE_MUST_CHECK;

/// Reads them; every name, dtype and shape must fit. A checkpoint is refused: MOTE_ERROR_FORMAT.
MOTE_API mote_status mote_model_load_weights(mote_model *model, const char *path) MOTE_MUST_CHECK;

/// A tensor by name ("conv1.weight"): its values, valid until the model is destroyed or compiled again. Within a memory budget a
/// tensor may be at home in the swap file: then `values` is NULL, and mote_model_read_tensor and _write_tensor get at them.
typedef struct mote_tensor_info {
    const char *name;
    size_t rank;
    size_t dims[6];
    size_t element_count;
    float *values;
} mote_tensor_info;

MOTE_API size_t mote_model_tensor_count(const mote_model *model);

/// Tensor `index` in name order.
MOTE_API mote_status mote_model_get_tensor(const mote_model *model, size_t index,
                                           mote_tensor_info *info) MOTE_MUST_CHECK;

/// Tensor of that name.
MOTE_API mote_status mote_model_find_tensor(const mote_model *model, const char *name,
                                            mote_tensor_info *info) MOTE_MUST_CHECK;

/// Copies elements [first, first + count) of the tensor of that name to `values`, or from there into the model, wherever they
/// are. MOTE_ERROR_ARGUMENT for elements that there are not, and for writing while a step of the caller's own loop is open;
/// MOTE_ERROR_IO of the swap file.
MOTE_API mote_status mote_model_read_tensor(const mote_model *model, const char *name, size_t first,
                                            size_t count, float *values) MOTE_MUST_CHECK;
MOTE_API mote_status mote_model_write_tensor(mote_model *model, const char *name, size_t first,
                                             size_t count, const float *values) MOTE_MUST_CHECK;

/// SHA-256 over the bytes of weights and running statistics in name order; `text` takes 65 bytes.
MOTE_API mote_status mote_model_digest(const mote_model *model, char *text) MOTE_MUST_CHECK;

/// [Model] save_path and load_path as usable paths; NULL when absent.
MOTE_API const char *mote_model_save_path(const mote_model *model);
MOTE_API const char *mote_model_load_path(const mote_model *model);

/// [Model] epochs.
MOTE_API uint64_t mote_model_epoch_count(const mote_model *model);

/// Whether there are data for that set ("valid_set"): a section of the model file, a part that its train_set's
/// validation_split keeps, or what mote_model_set_data was given.
MOTE_API bool mote_model_has_set(const mote_model *model, const char *set);

/// Bytes this process has resident now, and had at most.
MOTE_API size_t mote_process_resident_bytes(void);
MOTE_API size_t mote_process_peak_bytes(void);

#ifdef __cplusplus
}
#endif

#endif
