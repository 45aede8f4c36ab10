// SPDX-License-Identifier: Apache-2.0
// One layer by itself, run as the executor would, but with every promise of its declaration watched:
// before a phase all that it has not declared is filled with NaN, after it all that it may not write
// must be as before, and guards stand around each tensor. A broken promise fails the running test.
#ifndef MOTE_TESTS_SUPPORT_LAYER_HARNESS_H
#define MOTE_TESTS_SUPPORT_LAYER_HARNESS_H

#include "layer/layer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYER_ENTRIES_MAX 8U
#define LAYER_TENSORS_MAX 8U
#define LAYER_NODE        "node"

/// Which tensors share memory, as far as the layer declares that they may.
enum {
    LAYER_IN_PLACE = 1,                          // output 0 over input 0
    LAYER_DERIVATIVE_OVER_OUTPUT_DERIVATIVE = 2, // input derivative 0 over output derivative 0
    LAYER_DERIVATIVE_OVER_INPUT = 4,             // input derivative 0 over input 0
};

typedef struct layer_config {
    const char *layer;                      // row of layers.def
    const char *entries[LAYER_ENTRIES_MAX]; // "key=value"
    size_t input_count;                     // without a loss's label, which is added
    size_t inputs[LAYER_TENSORS_MAX][3];    // shapes
    unsigned integer_inputs;                // bits: these inputs hold MOTE_DTYPE_I32
    unsigned shared_inputs;                 // bits: these are one tensor for all samples
    size_t batch;                           // planned samples
    size_t run_batch;                       // samples of a step; 0: batch
    size_t fill_batch;                      // samples that values are spread over; 0: batch
    bool frozen;
    bool evaluation;
    bool derivative_first; // before the gradient
    unsigned aliases;
    double loss_weight;  // of losses; 0: 1
    size_t thread_count; // 0: 1
    mote_cpu_level level;
} layer_config;

typedef enum layer_tensor_kind {
    LAYER_INPUT,
    LAYER_OUTPUT,
    LAYER_INPUT_DERIVATIVE,
    LAYER_OUTPUT_DERIVATIVE,
    LAYER_WEIGHT,
    LAYER_GRADIENT,
    LAYER_STATISTIC,
    LAYER_TEMPORARY,
    LAYER_TENSOR_KINDS,
} layer_tensor_kind;

#define LAYER_GUARD_BYTES 64U
#define LAYER_GUARD_BYTE  0xA5
#define LAYER_POISON_BYTE 0xFF // four or eight of them are a NaN
#define LAYER_NO_BUFFER   SIZE_MAX

/// Memory between guards, poisoned where no value stands.
typedef struct layer_buffer {
    unsigned char *memory; // begins with a guard
    size_t bytes;          // of the planned batch, between the guards
    size_t used_bytes;     // of the run's batch
} layer_buffer;

layer_buffer layer_buffer_make(size_t bytes, size_t used_bytes);

void layer_buffer_release(layer_buffer *buffer);

unsigned char *layer_buffer_bytes(const layer_buffer *buffer);

typedef struct layer_slot {
    mote_tensor tensor;
    size_t buffer; // LAYER_NO_BUFFER: none
} layer_slot;

typedef struct layer_harness {
    layer_config config;
    const mote_layer *layer;
    void *state;
    mote_arena arena;
    mote_setup setup;
    mote_declaration declaration;
    mote_tensor_spec input_specs[LAYER_TENSORS_MAX];
    const mote_kernels *kernels;
    mote_parallel parallel;
    mote_slice slice; // of the next phases; whole when built
    size_t samples;   // in a run of phases that may have some; 0: all
    bool cuts;        // forward and derivative run slice by slice, with weight 0 of the slice alone
    size_t slot_counts[LAYER_TENSOR_KINDS];
    layer_slot slots[LAYER_TENSOR_KINDS][LAYER_TENSORS_MAX];
    size_t buffer_count;
    layer_buffer buffers[LAYER_TENSOR_KINDS * LAYER_TENSORS_MAX];
} layer_harness;

/// Reads the entries, sets the layer up and makes its tensors. On failure nothing has to be released.
mote_status layer_harness_init(layer_harness *harness, const layer_config *config) MOTE_MUST_CHECK;

/// As init, but failure fails the test.
void layer_harness_build(layer_harness *harness, const layer_config *config);

void layer_harness_release(layer_harness *harness);

/// Distinct values between -1 and 1 in inputs, weights and output derivatives, never 0; integers in the
/// range that the layer declares, or classes of input 0; statistics between 0.5 and 1.5. Values of the first samples do not depend on the batch.
void layer_harness_fill(layer_harness *harness);

/// Elements of a tensor; NULL when the layer has no such tensor.
mote_real *layer_harness_data(const layer_harness *harness, layer_tensor_kind kind, size_t index);

/// How many of these the run's batch has.
size_t layer_harness_elements(const layer_harness *harness, layer_tensor_kind kind, size_t index);

/// Values that an integer tensor may have.
mote_integer_range layer_harness_range(const layer_harness *harness, layer_tensor_kind kind,
                                       size_t index);

/// "input derivative"
const char *layer_harness_text(layer_tensor_kind kind);

/// Copies values to the start of a tensor.
void layer_harness_set(const layer_harness *harness, layer_tensor_kind kind, size_t index,
                       size_t count, const double *values);

/// Fails unless the tensor begins with these values.
void layer_harness_expect(const layer_harness *harness, layer_tensor_kind kind, size_t index,
                          size_t count, const double *values, double tolerance);

/// Runs one phase. Without a callback nothing happens.
void layer_harness_run(layer_harness *harness, unsigned phase);

/// True where a step of this layer has the phase.
bool layer_harness_has(const layer_harness *harness, unsigned phase);

/// Copies of what a step made, by kind and index; NULL: not made.
typedef struct layer_record {
    size_t bytes[LAYER_TENSOR_KINDS][LAYER_TENSORS_MAX];
    unsigned char *copies[LAYER_TENSOR_KINDS][LAYER_TENSORS_MAX];
} layer_record;

/// Copies the tensors of one kind.
void layer_record_add(const layer_harness *harness, layer_tensor_kind kind, layer_record *record);

/// Forward, gradient and derivative in the configured order, update; outputs, gradients, input
/// derivatives and statistics are copied when they are made. In place, backward phases that need what
/// was written over are left out.
void layer_harness_step(layer_harness *harness, layer_record *record);

/// Fills, runs a step and releases all but the record.
void layer_record_make(const layer_config *config, layer_record *record);

void layer_record_release(layer_record *record);

/// Kind of the first tensor that both have and that differs, as text, or NULL.
const char *layer_record_find_difference(const layer_record *a, const layer_record *b);

/// Equal bits in all tensors that both have; `what` says in a failure what was compared.
void layer_record_assert_equal(const layer_record *a, const layer_record *b, const char *what);

#endif
