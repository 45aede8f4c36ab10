// SPDX-License-Identifier: Apache-2.0
// Reads one port of the batch, samples split over threads.
#include "exec/ahead.h"

#include "base/size.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

size_t mote_read_count_part(const mote_read_part *part, size_t batch)
{
    return mote_size_min(part->count, batch - mote_size_min(part->first, batch));
}

size_t mote_read_sample_bytes(const mote_operation *operation)
{
    size_t bytes = 0;
    const mote_status status = mote_tensor_spec_bytes(operation->tensors[0].spec, 1, &bytes);
    assert(status == MOTE_OK); // planned
    (void)status;
    return bytes;
}

mote_read_run mote_read_find_run(const mote_operation *operation, size_t batch, size_t at)
{
    const size_t sample_bytes = mote_read_sample_bytes(operation);
    unsigned char *const data = (unsigned char *)operation->tensors[0].data;
    for (size_t i = 0; i < operation->part_count; i++) {
        const mote_read_part *part = &operation->parts[i];
        const size_t count = mote_read_count_part(part, batch);
        if (at < count)
            return (mote_read_run){part->first + at, count - at,
                                   data - operation->offsets[0] + part->offset + at * sample_bytes};
        at -= count;
    }
    return (mote_read_run){at, batch - at, data + at * sample_bytes};
}

/// The values of an integer port, after they were read.
static mote_status check_integers(const mote_operation *operation, const mote_source_piece *piece,
                                  const int32_t *values)
{
    const mote_integer_range *range = &operation->range;
    for (size_t i = 0; i < piece->sample_count * piece->element_count; i++) {
        if (values[i] < range->first || values[i] > range->last) {
            return MOTE_RAISE(MOTE_ERROR_DATA,
                              "%s: element %zu of sample %zu is %ld, expected %ld to %ld",
                              operation->name, i % piece->element_count, i / piece->element_count,
                              (long)values[i], (long)range->first, (long)range->last);
        }
    }
    return MOTE_OK;
}

/// A batch of one port that several threads read.
typedef struct reading {
    const mote_operation *operation;
    const mote_execution *execution;
    const mote_source_piece *piece;
    size_t sample_bytes;
    size_t done; // samples that were read ahead
    atomic_bool has_failed;
} reading;

static mote_status read_piece(const mote_execution *execution, const mote_source_piece *piece,
                              void *destination)
{
    const mote_source *source = execution->source;
    return execution->ahead ? mote_ahead_read(execution->ahead, source, piece, destination)
                            : source->read(source->user, piece, destination);
}

static unsigned char *find_place(const reading *r, size_t sample)
{
    return (unsigned char *)r->operation->tensors[0].data + sample * r->sample_bytes;
}

/// To where they belong, of what was read ahead: samples number [at, end) in the order of the parts.
static void copy_samples(const reading *r, size_t at, size_t end)
{
    while (at < end) {
        const mote_read_run run = mote_read_find_run(r->operation, r->piece->sample_count, at);
        const size_t count = mote_size_min(run.count, end - at);
        unsigned char *const place = find_place(r, run.first);
        if (place != run.place)
            memcpy(place, run.place, count * r->sample_bytes);
        at += count;
    }
}

static void read_samples(reading *r, size_t at, size_t end, size_t reader)
{
    mote_source_piece piece = *r->piece;
    piece.reader = reader;
    while (at < end) {
        const mote_read_run run = mote_read_find_run(r->operation, r->piece->sample_count, at);
        piece.first_sample = r->piece->first_sample + run.first;
        piece.sample_count = mote_size_min(run.count, end - at);
        if (read_piece(r->execution, &piece, find_place(r, run.first)) != MOTE_OK)
            atomic_store(&r->has_failed, true);
        at += piece.sample_count;
    }
}

static void read_part(void *argument, size_t task, size_t task_count)
{
    reading *const r = (reading *)argument;
    size_t first = 0;
    size_t count = mote_parallel_part(r->done, task, task_count, &first);
    copy_samples(r, first, first + count);
    count = mote_parallel_part(r->piece->sample_count - r->done, task, task_count, &first);
    read_samples(r, r->done + first, r->done + first + count, task);
}

/// Whether all was read: what was wrong is known to the thread that read it alone.
static bool read_parts(const mote_operation *operation, const mote_execution *execution,
                       const mote_source_piece *piece, size_t task_count)
{
    reading r = {.operation = operation, .execution = execution, .piece = piece};
    bool has_failed = false;
    r.sample_bytes = mote_read_sample_bytes(operation);
    if (execution->ahead)
        r.done = mote_ahead_take(operation, execution, &has_failed);
    if (has_failed || (task_count == 1 && r.done == 0))
        return false;
    atomic_init(&r.has_failed, false);
    mote_parallel_run(execution->parallel, read_part, &r, task_count);
    return !atomic_load(&r.has_failed);
}

mote_status mote_operation_read(const mote_operation *operation, const mote_execution *execution)
{
    const mote_tensor *target = &operation->tensors[0];
    const mote_source_piece piece = {.port = operation->port,
                                     .spec = target->spec,
                                     .first_sample = execution->first_sample,
                                     .sample_count = execution->batch,
                                     .element_count = mote_shape_elements(&target->spec->shape)};
    const size_t wanted = mote_parallel_task_count(
        execution->parallel, piece.sample_count * piece.element_count, MOTE_PARALLEL_GRAIN);
    const size_t readers = mote_size_min(execution->source->reader_count, piece.sample_count);
    const size_t task_count = mote_size_max(mote_size_min(wanted, readers), 1);
    // a failure is read again in order: the first sample in the batch is the one that is reported
    if (!read_parts(operation, execution, &piece, task_count))
        MOTE_TRY(read_piece(execution, &piece, target->data));
    if (target->spec->dtype != MOTE_DTYPE_I32)
        return MOTE_OK;
    return check_integers(operation, &piece, (const int32_t *)target->data);
}
