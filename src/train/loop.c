// SPDX-License-Identifier: Apache-2.0
// Tallies, step times, and evaluation over a data set.
#include "train/loop.h"

#include "base/size.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void mote_tally_add(mote_tally *tally, const mote_program *program, size_t batch)
{
    for (size_t i = 0; i < program->result_count; i++) {
        const mote_real *metrics = (const mote_real *)mote_program_result(program, i);
        tally->losses[i] += (double)metrics[MOTE_LOSS_MEAN] * (double)batch;
        tally->correct[i] += (double)metrics[MOTE_LOSS_CORRECT];
    }
    tally->samples += batch;
}

mote_metrics mote_tally_metrics(const mote_tally *tally, const mote_graph *graph)
{
    const double samples = (double)tally->samples;
    mote_metrics metrics = {
        .accuracy = (double)NAN, .samples = tally->samples, .loss_count = graph->loss_count};
    for (size_t i = 0; i < graph->loss_count; i++) {
        const mote_graph_loss *loss = &graph->losses[i];
        const bool has_accuracy = tally->samples && tally->correct[i] >= 0.0;
        metrics.losses[i] = (mote_loss_metrics){
            .name = graph->nodes[loss->node].name,
            .weight = loss->weight,
            .loss = tally->samples ? tally->losses[i] / samples : (double)NAN,
            .accuracy = has_accuracy ? tally->correct[i] / samples : (double)NAN};
        metrics.loss += loss->weight * metrics.losses[i].loss;
    }
    if (graph->loss_count == 1)
        metrics.accuracy = metrics.losses[0].accuracy;
    return metrics;
}

void mote_step_times_add(mote_step_times *times, uint64_t ns)
{
    times->values[times->count++ % MOTE_STEP_TIMES_MAX] = ns;
}

/// Shell sort: no allocation, unlike qsort.
static void sort_times(uint64_t *values, size_t count)
{
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            const uint64_t value = values[i];
            size_t at = i;
            for (; at >= gap && values[at - gap] > value; at -= gap)
                values[at] = values[at - gap];
            values[at] = value;
        }
    }
}

double mote_step_times_median(mote_step_times *times)
{
    const size_t count = mote_size_min(times->count, MOTE_STEP_TIMES_MAX);
    if (count == 0)
        return 0.0;
    sort_times(times->values, count);
    const uint64_t upper = times->values[count / 2];
    const uint64_t lower = times->values[(count - 1) / 2];
    return ((double)lower + (double)upper) / 2.0 * 1e-6;
}

/// a + b * c, or the largest number.
static uint64_t add_product(uint64_t a, uint64_t b, uint64_t c)
{
    return c > 0 && b > (UINT64_MAX - a) / c ? UINT64_MAX : a + b * c;
}

mote_status mote_run_check_writes(const mote_run *run, const mote_compiled *compiled,
                                  const mote_swap_use *use)
{
    const uint64_t limit = run->description->settings.swap_write_limit;
    const uint64_t step_bytes = mote_program_stored_bytes(compiled->train);
    const uint64_t batch_bytes = mote_program_stored_bytes(compiled->evaluate);
    uint64_t bytes = add_product(0, use->steps, step_bytes);
    bytes = add_product(bytes, use->batches, batch_bytes);
    if (bytes == 0 || add_product(bytes, use->written_bytes, 1) <= limit)
        return MOTE_OK;
    return MOTE_RAISE(
        MOTE_ERROR_PROPERTY,
        "%s: %llu steps that each write %llu bytes to the swap file and %llu batches of evaluation that "
        "each write %llu, behind %llu bytes before, are more than [Model] swap_write_limit = %llu bytes; "
        "a larger memory_budget writes less",
        run->description->path, (unsigned long long)use->steps, (unsigned long long)step_bytes,
        (unsigned long long)use->batches, (unsigned long long)batch_bytes,
        (unsigned long long)use->written_bytes, (unsigned long long)limit);
}

void mote_run_count_transfers(const mote_run *run, mote_transfer_count before,
                              mote_train_result *result)
{
    const mote_transfer_count now = mote_run_count_moved(run);
    result->swapped_in_bytes = now.loaded_bytes - before.loaded_bytes;
    result->swapped_out_bytes = now.stored_bytes - before.stored_bytes;
    result->swap_wait_ms = (double)(now.wait_ns - before.wait_ns) * 1e-6;
}

bool mote_run_is_stopped(const mote_run *run, const mote_train_config *config)
{
    return mote_control_stops(run->control) || (config->stop && config->stop(config->user));
}

mote_operation_watch *mote_run_watch(const mote_run *run, mote_operation_watch *watch)
{
    const double deadline_ms = run->description->settings.operation_deadline_ms;
    watch->deadline_ns = (uint64_t)(deadline_ms * 1e6);
    return watch->deadline_ns > 0 ? watch : NULL;
}

void mote_run_tell_watch(const mote_operation_watch *watch, mote_train_result *result)
{
    result->late_operations = watch->late_count;
    result->longest_operation_ms = (double)watch->longest_ns * 1e-6;
    _Static_assert(sizeof result->longest_operation == sizeof watch->longest, "room for its name");
    memcpy(result->longest_operation, watch->longest, sizeof result->longest_operation);
}

/// Callbacks are asked by the thread that trains: of these there is one reader.
static bool takes_another_reader(const mote_run *run, const mote_source *source)
{
    return source->reader_count > run->context->parallel.thread_count;
}

mote_status mote_run_begin_ahead(mote_run *run, const mote_source *source)
{
    if (run->ahead || !takes_another_reader(run, source))
        return MOTE_OK;
    return mote_ahead_create(&run->context->allocator,
                             mote_compiled_graph(run->compiled)->port_count,
                             run->context->parallel.thread_count, &run->ahead);
}

void mote_run_end_ahead(mote_run *run)
{
    mote_ahead_destroy(&run->ahead);
}

void mote_run_set_source(const mote_run *run, const mote_source *source, mote_execution *execution)
{
    execution->source = source;
    execution->ahead = takes_another_reader(run, source) ? run->ahead : NULL;
}

static size_t count_batch(const mote_run *run, uint64_t samples)
{
    const size_t batch = mote_compiled_graph(run->compiled)->batch;
    return samples < batch ? (size_t)samples : batch;
}

void mote_run_set_batch(const mote_run *run, uint64_t first, uint64_t samples,
                        mote_execution *execution)
{
    execution->first_sample = first;
    execution->batch = count_batch(run, samples - first);
    execution->next_batch = count_batch(run, samples - first - execution->batch);
}

static mote_dataset_port describe_port(const mote_graph *graph, size_t port)
{
    const mote_value *value = &graph->values[graph->ports[port]];
    return (mote_dataset_port){.name = value->name,
                               .spec = value->spec,
                               .index_first = value->range.first,
                               .index_last = value->range.last};
}

static mote_status open_ports(const mote_run *run, mote_dataset_config *config, mote_arena *scratch,
                              mote_dataset **dataset)
{
    const mote_graph *graph = mote_compiled_graph(run->compiled);
    const mote_shape *prediction = &graph->values[graph->outputs[0]].spec.shape;
    mote_dataset_port *ports = NULL;
    MOTE_TRY(mote_arena_array(scratch, graph->port_count, sizeof *ports, (void **)&ports));
    config->ports = (mote_dataset_ports){.items = ports,
                                         .input_count = graph->input_count,
                                         .label_count = graph->port_count - graph->input_count,
                                         .class_count = prediction->dims[prediction->rank - 1]};
    for (size_t i = 0; i < graph->port_count; i++)
        ports[i] = describe_port(graph, i);
    return mote_dataset_open(config, dataset);
}

mote_status mote_run_open(const mote_run *run, const mote_run_set *set, mote_dataset **dataset)
{
    mote_arena scratch;
    mote_dataset_config config = {
        .owner = set->owner,
        .folder = run->description->folder,
        .callback = set->callback,
        .seed = run->description->settings.seed,
        .is_train_set = set->section && set->section == run->description->train_set,
        .has_valid_set = run->description->valid_set != NULL,
        .is_split_off = set->is_split_off,
        .is_training = set->is_training,
        .lacks_training = set->lacks_training,
        .known = set->known,
        .reader_count = run->context->parallel.thread_count + 1, // one reads ahead
        .allocator = &run->context->allocator,
    };
    if (set->section) {
        config.origin = set->section->origin;
        config.entries = set->section->entries;
        config.entry_count = set->section->entry_count;
    }
    mote_arena_init(&scratch, &run->context->allocator);
    const mote_status status = open_ports(run, &config, &scratch, dataset);
    mote_arena_release(&scratch);
    return status;
}

mote_status mote_run_note_data(mote_run *run, const mote_dataset *dataset)
{
    const mote_knowledge knowledge = mote_dataset_knowledge(dataset);
    return mote_run_note(run, &knowledge, mote_dataset_scale(dataset));
}

mote_status mote_run_check_scale(const mote_run *run, const mote_dataset *dataset,
                                 const char *owner)
{
    const double scale = mote_dataset_scale(dataset);
    if (!run->scale_known || scale == run->image_scale)
        return MOTE_OK;
    return MOTE_RAISE(
        MOTE_ERROR_PROPERTY,
        "%s: %s: scale is %.9g, but the weights were trained on values scaled by %.9g",
        run->description->path, owner, scale, run->image_scale);
}

void mote_run_explain_nonfinite(const mote_run *run, const mote_program *program,
                                const mote_execution *execution, char *text, size_t bytes)
{
    char message[512];
    (void)snprintf(message, sizeof message, "%.500s", mote_last_error()->message);
    if (mote_state_check_finite(&run->state) == MOTE_ERROR_NONFINITE) {
        (void)snprintf(text, bytes, "%s: since an earlier step, %s", message,
                       mote_last_error()->message);
        return;
    }
    mote_execution again = *execution;
    mote_ahead_halt(again.ahead); // what it has read may lie where the step's tensors do
    again.ahead = NULL;
    const char *first = mote_program_find_nonfinite(program, &again);
    (void)snprintf(text, bytes, "%s%s%s%s", message, first ? "; the first that was not is '" : "",
                   first ? first : "", first ? "'" : "");
}

static mote_status raise_batch(const mote_run *run, const mote_execution *execution,
                               mote_status status)
{
    const size_t batch = mote_compiled_graph(run->compiled)->batch;
    char text[1800];
    if (status == MOTE_ERROR_NONFINITE)
        mote_run_explain_nonfinite(run, run->compiled->evaluate, execution, text, sizeof text);
    else if (status == MOTE_ERROR_DATA)
        (void)snprintf(text, sizeof text, "%.900s", mote_last_error()->message);
    else
        return status;
    return MOTE_RAISE(status, "evaluation, batch %llu: %s",
                      (unsigned long long)(execution->first_sample / batch + 1), text);
}

static mote_status evaluate_batches(const mote_run *run, mote_dataset *dataset,
                                    const mote_train_config *config, mote_progress *progress,
                                    mote_tally *tally)
{
    const mote_program *program = run->compiled->evaluate;
    const uint64_t samples = mote_dataset_sample_count(dataset);
    const size_t batch = mote_compiled_graph(run->compiled)->batch;
    mote_execution execution = mote_run_execution(run);
    mote_run_set_source(run, mote_dataset_source(dataset), &execution);
    mote_dataset_select(dataset, NULL, 0, samples);
    progress->batches = (samples + batch - 1) / batch;
    for (uint64_t first = 0; first < samples; first += batch) {
        mote_run_set_batch(run, first, samples, &execution);
        const mote_status status = mote_program_run(program, &execution);
        if (status != MOTE_OK)
            return raise_batch(run, &execution, status);
        mote_tally_add(tally, program, execution.batch);
        progress->batch = first / batch + 1;
        progress->validation = mote_tally_metrics(tally, mote_compiled_graph(run->compiled));
        if (config->progress)
            config->progress(config->user, progress);
        if (config->stop && config->stop(config->user))
            return MOTE_RAISE(MOTE_STOPPED, "stopped while evaluating");
    }
    return MOTE_OK;
}

mote_status mote_run_evaluate_all(const mote_run *run, mote_dataset *dataset,
                                  const mote_train_config *config, mote_progress *progress,
                                  mote_tally *tally)
{
    const uint64_t batch = progress->batch;
    const uint64_t batches = progress->batches;
    mote_tally sum = {.samples = 0};
    progress->evaluating = true;
    const mote_status status = evaluate_batches(run, dataset, config, progress, &sum);
    mote_ahead_halt(run->ahead);
    progress->evaluating = false;
    progress->batch = batch;
    progress->batches = batches;
    if (status == MOTE_OK)
        *tally = sum;
    return status;
}

static mote_status check_evaluation(const mote_run *run, uint64_t samples)
{
    const size_t batch = mote_compiled_graph(run->compiled)->batch;
    const mote_swap_use use = {.batches = (samples + batch - 1) / batch};
    return mote_run_check_writes(run, run->compiled, &use);
}

mote_status mote_run_evaluate(mote_run *run, const mote_run_set *set,
                              const mote_train_config *config, mote_metrics *metrics)
{
    mote_dataset *dataset = NULL;
    mote_progress progress = {.epochs = 0};
    mote_tally tally;
    mote_run_set known = *set;
    known.known = run->knowledge;
    MOTE_TRY(mote_run_open(run, &known, &dataset));
    mote_status status = mote_run_check_scale(run, dataset, set->owner);
    if (status == MOTE_OK)
        status = check_evaluation(run, mote_dataset_sample_count(dataset));
    if (status == MOTE_OK)
        status = mote_run_begin_ahead(run, mote_dataset_source(dataset));
    if (status == MOTE_OK)
        status = mote_run_evaluate_all(run, dataset, config, &progress, &tally);
    if (status == MOTE_OK)
        *metrics = mote_tally_metrics(&tally, mote_compiled_graph(run->compiled));
    mote_run_end_ahead(run);
    mote_dataset_close(&dataset);
    return status;
}
