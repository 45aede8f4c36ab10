// SPDX-License-Identifier: Apache-2.0
// Reads one port of the batch, samples split over threads.
#include "base/size.h"
#include "exec/exec.h"

#include <assert.h>
#include <stdatomic.h>

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

/// A piece that several threads read.
typedef struct reading {
    const mote_source *source;
    const mote_source_piece *piece;
    unsigned char *destination;
    size_t sample_bytes;
    atomic_bool has_failed;
} reading;

static void read_part(void *argument, size_t task, size_t task_count)
{
    reading *const r = (reading *)argument;
    mote_source_piece part = *r->piece;
    size_t first = 0;
    part.sample_count = mote_parallel_part(r->piece->sample_count, task, task_count, &first);
    part.first_sample += first;
    part.reader = task;
    if (r->source->read(r->source->user, &part, r->destination + first * r->sample_bytes) !=
        MOTE_OK)
        atomic_store(&r->has_failed, true);
}

/// False when a part failed: what was wrong is known to the thread that read it alone.
static bool read_parts(const mote_source *source, const mote_source_piece *piece,
                       const mote_tensor *target, const mote_parallel *parallel, size_t task_count)
{
    reading r = {.source = source, .piece = piece};
    r.destination = (unsigned char *)target->data;
    const mote_status status = mote_tensor_spec_bytes(target->spec, 1, &r.sample_bytes);
    assert(status == MOTE_OK); // planned
    (void)status;
    atomic_init(&r.has_failed, false);
    mote_parallel_run(parallel, read_part, &r, task_count);
    return !atomic_load(&r.has_failed);
}

mote_status mote_operation_read(const mote_operation *operation, const mote_execution *execution)
{
    const mote_source *source = execution->source;
    const mote_tensor *target = &operation->tensors[0];
    const mote_source_piece piece = {.port = operation->port,
                                     .spec = target->spec,
                                     .sample_count = execution->batch,
                                     .element_count = mote_shape_elements(&target->spec->shape)};
    const size_t wanted = mote_parallel_task_count(
        execution->parallel, piece.sample_count * piece.element_count, MOTE_PARALLEL_GRAIN);
    const size_t readers = mote_size_min(source->reader_count, piece.sample_count);
    const size_t task_count = mote_size_min(wanted, readers);
    // a failure is read again in order: the first sample in the batch is the one that is reported
    if (task_count <= 1 || !read_parts(source, &piece, target, execution->parallel, task_count))
        MOTE_TRY(source->read(source->user, &piece, target->data));
    if (target->spec->dtype != MOTE_DTYPE_I32)
        return MOTE_OK;
    return check_integers(operation, &piece, (const int32_t *)target->data);
}
