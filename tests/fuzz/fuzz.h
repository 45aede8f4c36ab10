// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share. A target is one file, fuzz_NAME.c, with LLVMFuzzerTestOneInput: libFuzzer
// calls it in the preset `fuzz`; in other builds replay.c feeds it the files of corpus/NAME.
#ifndef MOTE_TESTS_FUZZ_FUZZ_H
#define MOTE_TESTS_FUZZ_FUZZ_H

#include <mote/mote.h>

#include <stddef.h>
#include <stdint.h>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/// Files that exist at the same time.
typedef enum fuzz_slot {
    FUZZ_MODEL,
    FUZZ_DATA,
    FUZZ_OTHER,
    FUZZ_SLOT_COUNT
} fuzz_slot;

/// Makes the content of a file in memory; its path is always the same.
const char *fuzz_file(fuzz_slot slot, const void *bytes, size_t count);
const char *fuzz_text_file(fuzz_slot slot, const char *text);

/// A folder of two classes with a file each: a/0 is FUZZ_DATA, b/0 is FUZZ_OTHER.
const char *fuzz_class_folder(void);

/// One thread, the C library's allocator.
mote_context *fuzz_context(void);

/// A writer that keeps nothing.
extern const mote_writer fuzz_writer;

/// A model whose data lie at `path`: looks at these as `mote init` does, then loads the model, trains for a few
/// steps and evaluates. Only what a build promises is checked: no crash, and a message with each error.
void fuzz_data(const char *path, const char *model);

/// A failure must have left its message.
void fuzz_expect(mote_status status);

#endif
