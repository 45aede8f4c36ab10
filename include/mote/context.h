// SPDX-License-Identifier: Apache-2.0
// The context: threads, instruction set and memory that models of a program share.
#ifndef MOTE_CONTEXT_H
#define MOTE_CONTEXT_H

#include "mote/allocator.h"
#include "mote/export.h"
#include "mote/status.h"
#include "mote/writer.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Takes layers, losses and optimizers of your own (mote/layer.h, mote/loss.h, mote/optimizer.h) until its first model is
/// loaded. From then on it never changes until it is destroyed, so that several threads may use it at once, each with models
/// of its own, but for what mote_context_create says of its threads. The allocator that it was given must bear that, too.
typedef struct mote_context mote_context;

/// Zero-initialize for the defaults.
typedef struct mote_context_config {
    size_t thread_count; // 0: the number of processors; at most 256
    const char *cpu; // "scalar", "avx2", "avx512", "neon"; NULL: the highest of build and processor
    const mote_allocator *allocator; // NULL: the C library's; copied
} mote_context_config;

/// Makes a context. `config` may be NULL. Errors: MOTE_ERROR_ARGUMENT (unknown level, too many threads),
/// MOTE_ERROR_UNSUPPORTED (level not in this build or processor), MOTE_ERROR_MEMORY.
///
/// A context may be used by several models, but only one of them may train, evaluate or run at a time: they
/// share its threads. Destroy the models first.
MOTE_API mote_status mote_context_create(const mote_context_config *config,
                                         mote_context **context) MOTE_MUST_CHECK;

/// Destroys and sets *context to NULL; a NULL context is fine.
MOTE_API void mote_context_destroy(mote_context **context);

/// Threads that kernels use, and the instruction-set level in use ("avx2").
MOTE_API size_t mote_context_thread_count(const mote_context *context);
MOTE_API const char *mote_context_cpu(const mote_context *context);

/// Threads of a context whose config says 0: processors this process may use, at most 256.
MOTE_API size_t mote_processor_count(void);

/// Version of the library, "0.1.0".
MOTE_API const char *mote_version(void);

/// One line on how the library was built: optional parts and CPU levels.
MOTE_API const char *mote_build_text(void);

/// Writes the documentation of what a model file can be made of (mote/component.h): with `name` NULL all of
/// docs/MODEL_FILE.md's tables in Markdown, otherwise in plain text that of the components with this name.
/// MOTE_ERROR_ARGUMENT for an unknown name.
MOTE_API mote_status mote_describe(const mote_context *context, const char *name,
                                   const mote_writer *writer) MOTE_MUST_CHECK;

/// Writes a file as a whole, as weights are saved: beside the old one, synced, renamed. MOTE_ERROR_IO leaves the old one as
/// it was.
MOTE_API mote_status mote_context_write_file(const mote_context *context, const char *path,
                                             const void *data, size_t bytes) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
