// SPDX-License-Identifier: Apache-2.0
// Training steps on one generated batch, kept in a nameless file so that reading it costs what reading data
// costs, and no memory beyond the plan.
#include "base/hash.h"
#include "base/size.h"
#include "os/os.h"
#include "train/loop.h"
#include "train/train.h"

#include <math.h>

/// Elements that are written at once: the system keeps a file in pages as large as it was written in, and reads it out
/// of small ones at a third of the rate.
#define CHUNK 65536U

typedef union generated_chunk {
    mote_real reals[CHUNK];
    int32_t integers[CHUNK];
} generated_chunk;

/// One batch of all ports, one after the other; all batches are this one.
typedef struct generated_batch {
    const mote_graph *graph;
    mote_file file;
    uint64_t seed;
} generated_batch;

static size_t sample_bytes(const mote_tensor_spec *spec)
{
    size_t bytes = 0;
    // the same sizes were checked when the graph was scheduled
    const mote_status status = mote_tensor_spec_bytes(spec, 1, &bytes);
    return status == MOTE_OK ? bytes : 0;
}

static uint64_t port_offset(const mote_graph *graph, size_t port)
{
    uint64_t offset = 0;
    for (size_t i = 0; i < port; i++)
        offset += (uint64_t)sample_bytes(&graph->values[graph->ports[i]].spec) * graph->batch;
    return offset;
}

static mote_status read_generated(void *user, const mote_source_piece *piece, void *destination)
{
    const generated_batch *batch = (const generated_batch *)user;
    const size_t bytes = sample_bytes(piece->spec);
    const size_t element = bytes / mote_shape_elements(&piece->spec->shape);
    const size_t piece_bytes = piece->element_count * element;
    uint64_t offset = port_offset(batch->graph, piece->port) +
                      piece->first_sample % batch->graph->batch * bytes +
                      piece->first_element * element;
    if (piece_bytes == bytes)
        return mote_file_read(&batch->file, offset, destination, bytes * piece->sample_count);
    unsigned char *to = (unsigned char *)destination;
    for (size_t i = 0; i < piece->sample_count; i++, offset += bytes)
        MOTE_TRY(mote_file_read(&batch->file, offset, to + i * piece_bytes, piece_bytes));
    return MOTE_OK;
}

/// Uniform numbers in (0, 1), or integers of those that the port takes.
static mote_status generate_port(const generated_batch *batch, size_t port, generated_chunk *chunk)
{
    const mote_value *value = &batch->graph->values[batch->graph->ports[port]];
    const size_t elements = mote_shape_elements(&value->spec.shape);
    const size_t count = elements * batch->graph->batch;
    const size_t element = sample_bytes(&value->spec) / elements;
    const double span = (double)value->range.last - (double)value->range.first + 1.0;
    const mote_random_key key = {.seed = batch->seed, .name = mote_hash_name(value->name)};
    uint64_t offset = port_offset(batch->graph, port);
    for (size_t first = 0; first < count; first += CHUNK) {
        const size_t part = mote_size_min(CHUNK, count - first);
        for (size_t i = 0; i < part; i++) {
            const double uniform = mote_random_uniform(&key, first + i);
            if (value->spec.dtype == MOTE_DTYPE_I32)
                chunk->integers[i] = (int32_t)((double)value->range.first + floor(uniform * span));
            else
                chunk->reals[i] = (mote_real)uniform;
        }
        const size_t bytes = part * element;
        MOTE_TRY(mote_file_write(&batch->file, offset, chunk, bytes));
        offset += bytes;
    }
    return MOTE_OK;
}

/// In pages that are given back before the arena is touched.
static mote_status generate(generated_batch *batch)
{
    void *memory = NULL;
    mote_status status = MOTE_OK;
    MOTE_TRY(mote_file_open_temporary(&batch->file));
    MOTE_TRY(mote_pages_allocate(sizeof(generated_chunk), &memory));
    for (size_t i = 0; i < batch->graph->port_count && status == MOTE_OK; i++)
        status = generate_port(batch, i, memory);
    mote_pages_free(memory, sizeof(generated_chunk));
    return status;
}

static mote_status run_steps(mote_run *run, const mote_source *source,
                             const mote_train_config *config, mote_train_result *result)
{
    const mote_program *program = run->compiled->train;
    const mote_training_settings *settings = &run->compiled->settings;
    mote_step_times times = {.values = run->step_times};
    mote_progress progress = {.epoch = 1, .epochs = 1, .batches = config->steps};
    mote_operation_watch watch = {.late_count = 0};
    bool has_changed = false;
    mote_execution execution = mote_run_execution(run);
    execution.profiler = config->profiler;
    execution.has_changed = &has_changed;
    execution.watch = mote_run_watch(run, &watch);
    const uint64_t samples = config->steps * mote_compiled_graph(run->compiled)->batch;
    mote_run_set_source(run, source, &execution);
    for (; result->steps < config->steps && !result->stopped; result->steps++) {
        mote_tally tally = {.samples = 0};
        mote_run_set_batch(run, result->steps * execution.batch, samples, &execution);
        execution.iteration = result->steps;
        execution.update = result->steps + 1;
        execution.learning_rate = settings->rate->rate(
            settings->rate_state, settings->learning_rate, execution.iteration);
        const uint64_t begin = mote_clock_ns();
        has_changed = false;
        const mote_status status = mote_program_run(program, &execution);
        if (status == MOTE_STOPPED && mote_control_stops(run->control)) {
            result->stopped = true;
            break;
        }
        MOTE_TRY(status);
        progress.step_ns = mote_clock_ns() - begin;
        mote_step_times_add(&times, progress.step_ns);
        mote_tally_add(&tally, program, execution.batch);
        result->training = mote_tally_metrics(&tally, mote_compiled_graph(run->compiled));
        progress.batch = result->steps + 1;
        progress.training = result->training;
        if (config->progress)
            config->progress(config->user, &progress);
        result->stopped = mote_run_is_stopped(run, config);
    }
    mote_run_tell_watch(&watch, result);
    result->step_ms_median = mote_step_times_median(&times);
    return MOTE_OK;
}

/// A loop of the caller ends here: until now the call could fail without a trace.
static mote_status begin_steps(mote_run *run, const mote_source *source,
                               const mote_train_config *config, mote_train_result *result)
{
    mote_run_restart(run);
    MOTE_TRY(mote_run_reset_optimizer(run));
    const mote_transfer_count before = mote_run_count_moved(run);
    const mote_status status = run_steps(run, source, config, result);
    mote_run_count_transfers(run, before, result);
    return status;
}

mote_status mote_run_bench(mote_run *run, const mote_train_config *config,
                           mote_train_result *result)
{
    generated_batch batch = {.graph = mote_compiled_graph(run->compiled),
                             .file = {.descriptor = -1},
                             .seed = run->description->settings.seed};
    const mote_source source = {.user = &batch,
                                .reader_count = run->context->parallel.thread_count + 1,
                                .read = read_generated};
    *result = (mote_train_result){.epochs = 0};
    const mote_swap_use use = {.steps = config->steps};
    MOTE_TRY(mote_run_check_writes(run, run->compiled, &use));
    mote_status status = generate(&batch);
    if (status == MOTE_OK)
        status = mote_run_begin_ahead(run, &source);
    if (status == MOTE_OK)
        status = begin_steps(run, &source, config, result);
    mote_run_end_ahead(run);
    mote_file_close(&batch.file);
    return status;
}
