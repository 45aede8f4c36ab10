// SPDX-License-Identifier: Apache-2.0
// The operating system: files, pages, threads, clock, processor. The only folder with OS
// differences.
#ifndef MOTE_OS_OS_H
#define MOTE_OS_OS_H

#include "base/arena.h"
#include "base/cpu.h"
#include "base/parallel.h"
#include "base/status.h"
#include "mote/allocator.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A file open for positional access. All errors are MOTE_ERROR_IO naming the path and the system's
/// reason.
typedef struct mote_file {
    int descriptor;   // -1: closed
    const char *path; // borrowed, for messages
} mote_file;

/// Opens a regular file for reading; `path` is borrowed while the file is open.
mote_status mote_file_open_read(const char *path, mote_file *file) MOTE_MUST_CHECK;

/// A nameless temporary file (unlinked at once) in the system's folder for these (TMPDIR, else
/// /var/tmp, else /tmp), open for reading and writing. It vanishes when closed or when the process
/// ends.
mote_status mote_file_open_temporary(mote_file *file) MOTE_MUST_CHECK;

/// The same in `folder`, which is borrowed while the file is open.
mote_status mote_file_open_temporary_in(const char *folder, mote_file *file) MOTE_MUST_CHECK;

/// Safe on a closed file.
void mote_file_close(mote_file *file);

mote_status mote_file_size(const mote_file *file, uint64_t *bytes) MOTE_MUST_CHECK;

/// What tells that a file is the same and was not written to: which one it is, its size, and when it was changed last.
typedef struct mote_file_stamp {
    uint64_t device, number, bytes;
    int64_t seconds, nanoseconds;
} mote_file_stamp;

mote_status mote_file_get_stamp(const mote_file *file, mote_file_stamp *stamp) MOTE_MUST_CHECK;

bool mote_file_stamp_equal(const mote_file_stamp *a, const mote_file_stamp *b);

/// Reads exactly `bytes` at `offset`; fewer is an error that says where the file ends. Retries
/// interrupted calls.
mote_status mote_file_read(const mote_file *file, uint64_t offset, void *data,
                           size_t bytes) MOTE_MUST_CHECK;

/// Writes all of `bytes` at `offset`.
mote_status mote_file_write(const mote_file *file, uint64_t offset, const void *data,
                            size_t bytes) MOTE_MUST_CHECK;

/// Reserves disk space so that a full disk is found before work starts. A file system without the
/// call is fine.
mote_status mote_file_reserve(const mote_file *file, uint64_t bytes) MOTE_MUST_CHECK;

/// A nameless file (unlinked at once) for what leaves memory for a while. Where the file system can, it is read and written
/// without passing through the system's cache, which would be memory as well.
typedef struct mote_swap_file {
    mote_file file;
    uint64_t bytes;
} mote_swap_file;

/// Makes it in `folder` (NULL: as mote_file_open_temporary; borrowed while it is open) and reserves all its space, so that
/// a full disk is found before work starts.
mote_status mote_swap_file_open(const char *folder, uint64_t bytes,
                                mote_swap_file *file) MOTE_MUST_CHECK;

/// A file that is there, for reading alone; `path` is borrowed while it is open.
mote_status mote_swap_file_open_read(const char *path, mote_swap_file *file) MOTE_MUST_CHECK;

/// The same file, open once more.
mote_status mote_swap_file_duplicate(const mote_swap_file *file,
                                     mote_swap_file *duplicate) MOTE_MUST_CHECK;

/// Safe on a closed file.
void mote_swap_file_close(mote_swap_file *file);

mote_status mote_swap_file_read(const mote_swap_file *file, uint64_t offset, void *data,
                                size_t bytes) MOTE_MUST_CHECK;
mote_status mote_swap_file_write(const mote_swap_file *file, uint64_t offset, const void *data,
                                 size_t bytes) MOTE_MUST_CHECK;

/// Reads as many bytes as there are wanted from any offset; `data` has room for a whole number of transfers.
mote_status mote_swap_file_read_from(const mote_swap_file *file, uint64_t offset, void *data,
                                     size_t bytes) MOTE_MUST_CHECK;

/// Data are on the disk when it returns.
mote_status mote_file_sync(const mote_file *file) MOTE_MUST_CHECK;

/// Replacing a file so that readers see the old or the new content, never a part: written beside it
/// under a temporary name, synced, renamed, folder synced. The struct is prepared before training
/// and used many times without allocation.
typedef struct mote_file_replacement {
    char *path;      // target, owned
    char *temporary; // "<target>.mote-tmp", owned
    char *folder;    // owned
    const mote_allocator *allocator;
    mote_file file;
} mote_file_replacement;

/// Copies the path; a symbolic link is followed, so that its target is replaced. Writes nothing. `allocator` is
/// borrowed.
mote_status mote_file_replacement_init(mote_file_replacement *replacement, const char *path,
                                       const mote_allocator *allocator) MOTE_MUST_CHECK;

/// Opens the temporary file for writing (replacement->file), with the permissions of the file to be replaced;
/// waits while another process writes it. What is there and no regular file is refused.
mote_status mote_file_replacement_begin(mote_file_replacement *replacement) MOTE_MUST_CHECK;

/// Sync, close, rename to replacement->path, sync the folder. On failure the temporary file is removed and the old one
/// is intact; should only the folder's sync fail, the new file is in place but may not survive a
/// loss of power.
mote_status mote_file_replacement_commit(mote_file_replacement *replacement) MOTE_MUST_CHECK;

/// The same with another name in the same folder.
mote_status mote_file_replacement_commit_as(mote_file_replacement *replacement,
                                            const char *path) MOTE_MUST_CHECK;

/// Closes and removes the temporary file; the old one stays.
void mote_file_replacement_abandon(mote_file_replacement *replacement);

void mote_file_replacement_release(mote_file_replacement *replacement);

/// All of it for a file of these bytes.
mote_status mote_file_replace(const char *path, const void *data, size_t bytes,
                              const mote_allocator *allocator) MOTE_MUST_CHECK;

/// Keeps other processes, and other locks of this one, from what a name stands for: a file "<path>.mote-lock" that is
/// locked while it is held and removed afterwards. When the process dies the system gives the lock back. It belongs to the
/// process that took it: that a forked one releases its copy changes nothing for the other.
typedef struct mote_file_lock {
    char *path; // of the file, owned; NULL: not held
    const mote_allocator *allocator;
    int descriptor;
    long owner; // the process
} mote_file_lock;

/// Never waits: where it is held already, MOTE_ERROR_IO says that "<path>" is in use.
mote_status mote_file_lock_take(mote_file_lock *lock, const char *path,
                                const mote_allocator *allocator) MOTE_MUST_CHECK;

/// Safe on a lock that is not held.
void mote_file_lock_release(mote_file_lock *lock);

/// Removes a file; one that is not there is fine.
mote_status mote_file_remove(const char *path) MOTE_MUST_CHECK;

/// True when both paths name the same existing file, or are the same text.
bool mote_path_same(const char *a, const char *b);

/// Whether there is anything of that name, though it be a link to nothing.
bool mote_path_exists(const char *path);

/// What was made, renamed and removed in a folder is on the disk when it returns.
mote_status mote_folder_sync(const char *path) MOTE_MUST_CHECK;

/// Whether there is a folder of that name, or a link to one.
bool mote_path_is_folder(const char *path);

typedef struct mote_folder_entry {
    const char *name; // the end of `path`
    const char *path; // the folder's path, '/', name
    bool is_folder;   // of what a link points to
} mote_folder_entry;

/// Tells `visit` the name of everything in a folder but "." and "..", in any order.
mote_status mote_folder_visit(const char *path, void *user,
                              mote_status (*visit)(void *user, const char *name)) MOTE_MUST_CHECK;

/// What is in a folder, sorted by the names' bytes; names that begin with '.' are left out. The list lives in
/// `arena`. Raises MOTE_ERROR_FORMAT for what is there and no folder, otherwise MOTE_ERROR_IO.
mote_status mote_folder_list(const char *path, mote_arena *arena, const mote_folder_entry **entries,
                             size_t *count) MOTE_MUST_CHECK;

/// Zeroed pages, page-aligned; not touched until used. Raises MOTE_ERROR_MEMORY. No bytes give
/// NULL.
mote_status mote_pages_allocate(size_t bytes, void **memory) MOTE_MUST_CHECK;

void mote_pages_free(void *memory, size_t bytes);

/// Most memory the process ever had resident, and has now, in bytes.
size_t mote_memory_peak_bytes(void);
size_t mote_memory_resident_bytes(void);

/// Monotonic clock in nanoseconds.
uint64_t mote_clock_ns(void);

/// Room for the name of a processor.
#define MOTE_CPU_NAME_BYTES 49U

/// What the processor calls itself: letters, digits and blanks, no quotes; "" where it does not say.
void mote_cpu_get_name(char name[MOTE_CPU_NAME_BYTES]);

/// Highest level this processor (and its operating system) can run.
mote_cpu_level mote_cpu_detect(void);

/// Processors this process may use, at least 1.
size_t mote_cpu_count(void);

/// Fused multiply-adds of single precision a second that the processor reaches with its widest instructions, when
/// `task_count` threads of `parallel` compute at once: the best of a few tries of about a millisecond.
double mote_cpu_measure_peak(const mote_parallel *parallel, size_t task_count);

/// Threads behind a mote_parallel. Where there is a processor for each, they look for the next job for some milliseconds or until
/// mote_parallel_rest; otherwise they sleep at once.
typedef struct mote_thread_pool mote_thread_pool;

/// Most threads of a pool.
#define MOTE_THREADS_MAX 1024U

/// `thread_count` includes the caller; 1 makes no thread. Fills `parallel`, which serves one caller
/// at a time and lives as long as the pool. `allocator` is borrowed. Raises MOTE_ERROR_ARGUMENT for
/// 0 threads or more than MOTE_THREADS_MAX.
mote_status mote_thread_pool_create(const mote_allocator *allocator, size_t thread_count,
                                    mote_thread_pool **pool,
                                    mote_parallel *parallel) MOTE_MUST_CHECK;

void mote_thread_pool_destroy(mote_thread_pool **pool);

/// What a thread passes, or waits at while it is closed. Any thread may close and open it.
typedef struct mote_gate mote_gate;

/// An open one. `allocator` is borrowed. Raises MOTE_ERROR_MEMORY.
mote_status mote_gate_create(const mote_allocator *allocator, mote_gate **gate) MOTE_MUST_CHECK;

/// Nobody waits at it. Safe on NULL.
void mote_gate_destroy(mote_gate **gate);

void mote_gate_close(mote_gate *gate);
void mote_gate_open(mote_gate *gate);

/// Sleeps while it is closed.
void mote_gate_pass(mote_gate *gate);

/// A thread beside those of a pool, with a lock for what it shares with the thread that made it.
typedef struct mote_worker mote_worker;

/// Begins `run`, which has to return before the worker can be destroyed and finds `*worker` set. `allocator` is borrowed.
/// Raises MOTE_ERROR_MEMORY.
mote_status mote_worker_create(const mote_allocator *allocator, void (*run)(void *argument),
                               void *argument, mote_worker **worker) MOTE_MUST_CHECK;

/// Waits until `run` has returned. Safe on NULL.
void mote_worker_destroy(mote_worker **worker);

void mote_worker_lock(mote_worker *worker);
void mote_worker_unlock(mote_worker *worker);

/// With the lock held: gives it away until the other thread wakes this one, or for no reason.
void mote_worker_wait(mote_worker *worker);
void mote_worker_wake(mote_worker *worker);

/// How often the thread that asks has waited so far, for a file or another thread, instead of computing; 0 where it is not
/// known.
uint64_t mote_thread_wait_count(void);

#endif
