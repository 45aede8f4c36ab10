// SPDX-License-Identifier: Apache-2.0
// Weights in files: safetensors (https://github.com/huggingface/safetensors, format description).
#ifndef MOTE_WEIGHTS_WEIGHTS_H
#define MOTE_WEIGHTS_WEIGHTS_H

#include "base/arena.h"
#include "base/checksum.h"
#include "mote/tensor_file.h"
#include "os/os.h"
#include "state/state.h"

#include <stddef.h>

/// One string of the file's metadata.
typedef struct mote_weights_metadata {
    const char *key;
    const char *value;
} mote_weights_metadata;

/// A header made once, so that saving in the middle of training allocates nothing.
typedef struct mote_weights_header {
    char *text; // 8 bytes of length, JSON, spaces: data start behind it, at a multiple of 4096
    size_t bytes;
} mote_weights_header;

/// Header for what files have of `state`, in name order; metadata in the order given. That of a whole state has room for
/// checksums, too. Equal arguments give equal bytes.
mote_status mote_weights_make_header(const mote_state *state, const mote_weights_metadata *metadata,
                                     size_t metadata_count, mote_arena *arena,
                                     mote_weights_header *header) MOTE_MUST_CHECK;

/// Writes another value of the same length to a metadata key that the header has.
void mote_weights_set_metadata(const mote_weights_header *header, const char *key,
                               const char *value);

/// Writes the checksums of all tensors of a whole state, and the header's own, into its header. Comes last.
mote_status mote_weights_seal(const mote_state *state, const mote_checksum_table *table,
                              const mote_weights_header *header) MOTE_MUST_CHECK;

/// Writes header and tensors to `path`, replacement->path or another name in its folder: beside it, synced, renamed. No
/// allocation.
mote_status mote_weights_save(const mote_state *state, const mote_weights_header *header,
                              mote_file_replacement *replacement, const char *path) MOTE_MUST_CHECK;

/// Fills from a file what files have of `state`. Checks the whole header (JSON, duplicate names,
/// offsets contiguous and inside the file), each name, dtype and shape, that all weights and statistics are finite,
/// and for a whole state the checksums, before the first byte is changed; missing and unexpected tensors are errors that
/// name tensor and file ("did you mean" where close).
mote_status mote_weights_load(const char *path, const mote_state *state,
                              const mote_allocator *allocator) MOTE_MUST_CHECK;

/// Raises an error unless the file has what files have of `state`, bit for bit.
mote_status mote_weights_check_equal(const char *path, const mote_state *state,
                                     const mote_allocator *allocator) MOTE_MUST_CHECK;

/// Value of a metadata key of the file, copied to `arena`; NULL when the key is absent.
mote_status mote_weights_get_metadata(const char *path, const char *key, mote_arena *arena,
                                      char **value) MOTE_MUST_CHECK;

/// The tensors and metadata of a file, without a state that they fit.
typedef struct mote_weights_list mote_weights_list;

/// Opens a file and checks its tensors' entries: dtype, bytes, no overlap and no hole. The list lives in `arena`.
mote_status mote_weights_list_open(const char *path, mote_arena *arena,
                                   mote_weights_list **list) MOTE_MUST_CHECK;

/// Safe on NULL.
void mote_weights_list_close(mote_weights_list *list);

/// See mote_tensor_file_...; indices are valid.
size_t mote_weights_list_tensor_count(const mote_weights_list *list);
const mote_file_tensor *mote_weights_list_tensor(const mote_weights_list *list, size_t index);
mote_status mote_weights_list_summarize(const mote_weights_list *list, size_t index,
                                        mote_tensor_summary *summary) MOTE_MUST_CHECK;
size_t mote_weights_list_metadata_count(const mote_weights_list *list);
mote_weights_metadata mote_weights_list_metadata(const mote_weights_list *list, size_t index);

#endif
