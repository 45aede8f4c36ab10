// SPDX-License-Identifier: Apache-2.0
// A file in the trace event format of Chrome, which Perfetto opens: the first steps of a run.
#ifndef MOTE_CLI_TRACE_H
#define MOTE_CLI_TRACE_H

#include "output.h"

#include <stdio.h>

/// Most operations in a trace, unless one step alone has more: about 1.6 MB of memory, 10 MB of file.
enum {
    CLI_TRACE_EVENTS = 65536
};

typedef struct cli_trace_event {
    uint32_t operation;
    uint64_t begin_ns, ns;
} cli_trace_event;

typedef struct cli_trace {
    const char *path; // NULL: no trace
    const char *title;
    FILE *file;
    cli_trace_event *events;
    size_t event_capacity, event_count;
    uint64_t steps; // in it
    bool is_full;
} cli_trace;

/// What the events of one operation have in common.
typedef struct cli_trace_names {
    const char *name, *layer, *phase;
    double multiply_adds; // of a step
} cli_trace_names;

/// Opens `path` for a trace of a run with at most `operations` in a step. A file that is there and no trace stays as it
/// is. False when that fails, having told the user.
bool cli_trace_open(cli_trace *trace, const char *path, size_t operations);

/// Takes whole steps, as long as there is room for `operations` more. Allocates nothing.
void cli_trace_add(cli_trace *trace, size_t operations, const mote_operation_time *time);

/// Writes the file and closes it. `names(user, operation)` says what is what.
bool cli_trace_write(cli_trace *trace, cli_trace_names (*names)(const void *user, size_t operation),
                     const void *user);

void cli_trace_release(cli_trace *trace);

#endif
