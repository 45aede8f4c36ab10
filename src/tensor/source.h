// SPDX-License-Identifier: Apache-2.0
// Where a run's input comes from: a thing that can be read again, whole or in pieces.
#ifndef MOTE_TENSOR_SOURCE_H
#define MOTE_TENSOR_SOURCE_H

#include "base/status.h"
#include "tensor/tensor.h"

#include <stddef.h>
#include <stdint.h>

/// A piece: samples [first_sample, +sample_count) of the order that the source has, and in each of these
/// elements [first_element, +element_count).
typedef struct mote_source_piece {
    size_t port; // inputs of the graph in file order, then labels
    const mote_tensor_spec *spec;
    uint64_t first_sample;
    size_t sample_count;
    size_t first_element, element_count;
    size_t reader; // below reader_count: no two calls at the same time have the same
} mote_source_piece;

/// `read` writes the piece to `destination`, densely, in the port's dtype. Which samples there are, and in which order, is
/// settled by whoever owns the source. No allocation. The first sample that cannot be read fails the call.
typedef struct mote_source {
    void *user;
    size_t reader_count; // threads that may call at the same time; at most one: only the step's own
    mote_status (*read)(void *user, const mote_source_piece *piece, void *destination);
} mote_source;

#endif
