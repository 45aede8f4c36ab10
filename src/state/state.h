// SPDX-License-Identifier: Apache-2.0
// Named blocks that outlive a step: weights, running statistics, optimizer state. They lie in the arena, or in the swap
// file, from where a program fetches them while it needs them; between two steps all of these are at home there. A block that
// is fetched slice by slice lies there in that way, and is put together where it is looked at.
#ifndef MOTE_STATE_STATE_H
#define MOTE_STATE_STATE_H

#include "base/arena.h"
#include "base/hash.h"
#include "os/os.h"
#include "tensor/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum mote_state_role {
    MOTE_STATE_WEIGHT,
    MOTE_STATE_STATISTIC,
    MOTE_STATE_OPTIMIZER,
} mote_state_role;

typedef struct mote_state_block {
    const char *name; // "conv1.weight", "conv1.weight.velocity"
    mote_state_role role;
    bool is_swapped;
    bool is_frozen; // it is swapped, and no step of any program changes it
    mote_tensor_spec spec;
    size_t bytes;
    size_t offset;      // in the tensor arena, unless it is swapped
    uint64_t home;      // in the swap file, if it is
    mote_slices slices; // of it that lie there, each as a tensor of its own
    size_t average;     // block of a weight's moving average, which comes behind it; 0: it has none
} mote_state_block;

/// Memory that swapped blocks are looked at in, part by part: without slices, and with, where half of it is for reading them.
#define MOTE_STATE_STAGING_BYTES        ((size_t)32768)
#define MOTE_STATE_SLICES_STAGING_BYTES ((size_t)262144)

/// A file of weights that frozen blocks are read from, instead of having a copy in the swap file. Nothing writes it.
typedef struct mote_state_source {
    mote_arena arena;      // for all of it
    mote_swap_file file;   // closed: there is none
    mote_file_stamp stamp; // as it was before they were borrowed
    uint64_t *begins;      // by block: where it begins there, or MOTE_STATE_AT_HOME
    size_t count;          // blocks that are borrowed
} mote_state_source;

#define MOTE_STATE_AT_HOME UINT64_MAX

/// Blocks sorted by name (strcmp), and where the arena lies.
typedef struct mote_state {
    const mote_state_block *blocks;
    size_t block_count;
    unsigned char *base;
    const mote_swap_file *swap; // where a block is swapped
    mote_state_source *source;  // what blocks may be borrowed from; NULL: they may not
    unsigned char *staging;     // aligned for it
    size_t staging_bytes;
    bool *is_torn; // becomes true when a part could not be changed; NULL: nobody asks
    bool is_whole; // files have all blocks as they are: averages and the optimizer's too
} mote_state;

/// Bytes [first, first + bytes) of a block, in memory: the whole block where it lies in the arena. Begins as {.block = index}.
typedef struct mote_state_part {
    size_t block;
    size_t first, bytes;
    unsigned char *data;
} mote_state_part;

/// Bytes in the swap file of a block that is swapped.
size_t mote_state_home_bytes(const mote_state_block *block);

/// Where slice `index` of a block begins in the swap file, a whole number of transfers.
uint64_t mote_state_slice_home(const mote_state_block *block, size_t index);

/// Index of a block by exact name, or block_count.
size_t mote_state_find(const mote_state *state, const char *name);

/// Where a block lies in memory; NULL for a swapped one.
void *mote_state_data(const mote_state *state, size_t index);

/// The next part of a block; false behind the last. Its memory holds the block's bytes after mote_state_fetch, and what was
/// changed there is kept by mote_state_flush. There is one part of a state at a time.
bool mote_state_advance(const mote_state *state, mote_state_part *part);
mote_status mote_state_fetch(const mote_state *state, const mote_state_part *part) MOTE_MUST_CHECK;
mote_status mote_state_flush(const mote_state *state, const mote_state_part *part) MOTE_MUST_CHECK;

/// A source for so many blocks, none of which is borrowed yet. Safe to release when it is all zero but for a closed file.
mote_status mote_state_source_init(const mote_allocator *allocator, size_t block_count,
                                   mote_state_source *source) MOTE_MUST_CHECK;
void mote_state_source_release(mote_state_source *source);

/// Opens the file that blocks are going to be borrowed from once more, if any can be; no block is borrowed then. Raises
/// MOTE_ERROR_IO unless it still is the file of that stamp.
mote_status mote_state_open_source(const mote_state *state, const char *path,
                                   const mote_file_stamp *stamp) MOTE_MUST_CHECK;

/// Borrows a block whose bytes begin at `begin` of the open source; false where it is not one that can be.
bool mote_state_borrow(const mote_state *state, size_t index, uint64_t begin);

/// Borrows a block from where it is borrowed in another state; false where that cannot be.
bool mote_state_borrow_too(const mote_state *from, size_t source, const mote_state *to,
                           size_t target);

bool mote_state_is_borrowed(const mote_state *state, size_t index);

/// Reads bytes of a borrowed block into memory that has room for a whole number of transfers. Raises MOTE_ERROR_IO where the
/// file was written to since.
mote_status mote_state_read_borrowed(const mote_state *state, size_t index, size_t first,
                                     void *data, size_t bytes) MOTE_MUST_CHECK;

/// Before all of a block is written: what was borrowed is of no interest.
void mote_state_return(const mote_state *state, size_t index);

/// Makes all of a block zero.
mote_status mote_state_clear(const mote_state *state, size_t index) MOTE_MUST_CHECK;

/// Copies bytes of a block to `to`, which is not in the state.
mote_status mote_state_read(const mote_state *state, size_t index, size_t first, void *to,
                            size_t bytes) MOTE_MUST_CHECK;

/// Copies bytes from `from`, which is not in the state, into a block.
mote_status mote_state_write(const mote_state *state, size_t index, size_t first, const void *from,
                             size_t bytes) MOTE_MUST_CHECK;

/// Copies one block's bytes to another of the same size, of the same state or another; within a state not from a swapped block
/// to one in slices.
mote_status mote_state_copy(const mote_state *from, size_t source, const mote_state *to,
                            size_t target) MOTE_MUST_CHECK;

/// Whether files have the block.
bool mote_state_is_saved(const mote_state *state, size_t index);

/// The block that is saved under this one's name: its average, or itself.
size_t mote_state_kept(const mote_state *state, size_t index);

/// Begins all moving averages anew: they become the weights.
mote_status mote_state_reset_averages(const mote_state *state) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_NONFINITE naming the first weight or running statistic with a value that is infinite or
/// not a number.
mote_status mote_state_check_finite(const mote_state *state) MOTE_MUST_CHECK;

/// SHA-256 over the bytes of weights and running statistics as they are saved, in name order.
mote_status mote_state_digest(const mote_state *state,
                              char text[MOTE_SHA256_TEXT_BYTES]) MOTE_MUST_CHECK;

#endif
