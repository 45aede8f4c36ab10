// SPDX-License-Identifier: Apache-2.0
// Private to weights: facts of the format, and a file whose header has been read.
#ifndef MOTE_WEIGHTS_FILE_H
#define MOTE_WEIGHTS_FILE_H

#include "weights/weights.h"

#include <jansson.h>
#include <stdint.h>

/// A file is the header's length (8 bytes, little endian), the header (JSON), the data.
#define MOTE_WEIGHTS_LENGTH_BYTES     8U
#define MOTE_WEIGHTS_HEADER_BYTES_MAX 100000000U // as the format's reference implementation
#define MOTE_WEIGHTS_METADATA         "__metadata__"

/// Of files with a whole state: the digits of all tensors' checksums in name order, and of the header's own.
#define MOTE_WEIGHTS_CHECKSUMS       "mote.checksums"
#define MOTE_WEIGHTS_HEADER_CHECKSUM "mote.header_checksum"

typedef struct mote_weights_file {
    mote_file file;
    mote_file_stamp stamp; // before anything was read
    json_t *header;        // an object; its metadata, if there, are an object of strings
    uint64_t data_start, data_bytes;
    bool is_sealed; // the header has a checksum of itself, and that is right
} mote_weights_file;

/// Opens a file and parses its header. The tensors' entries are not checked.
mote_status mote_weights_file_open(const char *path, const mote_allocator *allocator,
                                   mote_weights_file *weights) MOTE_MUST_CHECK;

void mote_weights_file_close(mote_weights_file *weights);

/// Raises MOTE_ERROR_FORMAT unless a tensor's entry has dtype, shape and data_offsets, and nothing else.
mote_status mote_weights_check_entry(const char *path, const char *name,
                                     const json_t *entry) MOTE_MUST_CHECK;

/// Where the value of a metadata key begins in a header; NULL where the key is not.
char *mote_weights_find_metadata(char *text, size_t length, const char *key);

/// Raises MOTE_ERROR_FORMAT where a header has a checksum of itself that is wrong.
mote_status mote_weights_check_seal(const char *path, char *text, size_t length, mote_arena *arena,
                                    bool *is_sealed) MOTE_MUST_CHECK;

/// Element `index` of an array that mote_weights_check_entry has seen.
uint64_t mote_weights_number(const json_t *numbers, size_t index);

#endif
