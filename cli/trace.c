// SPDX-License-Identifier: Apache-2.0
// Writes traces as a JSON object: metadata events (ph M) that name process and thread, and complete events (ph X) for
// steps and, inside them, operations. Times are microseconds since the first event.
#include "trace.h"

#include "old_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    PROCESS = 1, // any numbers do; there is one of each
    THREAD = 1,
    JSON_FLAGS = JSON_COMPACT | JSON_REAL_PRECISION(15)
};

static const char head[] = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
static const char tail[] = "\n]}\n";

static bool refuse(const cli_trace *trace, const char *action)
{
    cli_error("cannot %s '%s': %s", action, trace->path, strerror(errno));
    return false;
}

bool cli_trace_open(cli_trace *trace, const char *path, size_t operations)
{
    trace->path = path;
    trace->event_capacity = operations > CLI_TRACE_EVENTS ? operations : CLI_TRACE_EVENTS;
    if (!cli_old_file_check("profile", path, head, "trace"))
        return false;
    trace->events = calloc(trace->event_capacity, sizeof *trace->events);
    if (!trace->events) {
        cli_error("out of memory");
        return false;
    }
    trace->file = fopen(path, "w");
    return trace->file || refuse(trace, "write");
}

void cli_trace_add(cli_trace *trace, size_t operations, const mote_operation_time *time)
{
    if (!trace->events)
        return;
    if (time->index == 0) {
        trace->is_full = trace->is_full || trace->event_capacity - trace->event_count < operations;
        trace->steps += !trace->is_full;
    }
    if (trace->is_full)
        return;
    trace->events[trace->event_count++] = (cli_trace_event){
        .operation = (uint32_t)time->index, .begin_ns = time->begin_ns, .ns = time->ns};
}

/// Events are written one by one, so that they need no memory together.
static bool write_event(const cli_trace *trace, cli_json *event)
{
    bool written = !event->failed;
    if (written)
        written = json_dumpf(event->root, trace->file, JSON_FLAGS) == 0;
    else
        errno = ENOMEM;
    json_decref(event->root);
    return written;
}

static cli_json make_event(const char *kind, const char *name)
{
    cli_json event = cli_json_make();
    cli_json_add_text(&event, "ph", kind);
    cli_json_add_text(&event, "name", name);
    cli_json_add_size(&event, "pid", PROCESS);
    cli_json_add_size(&event, "tid", THREAD);
    return event;
}

static bool write_title(const cli_trace *trace, const char *what, const char *title)
{
    cli_json event = make_event("M", what);
    cli_json arguments = cli_json_make();
    cli_json_add_text(&arguments, "name", title);
    event.failed = event.failed || arguments.failed;
    cli_json_add(&event, "args", arguments.root);
    return write_event(trace, &event);
}

static void add_times(const cli_trace *trace, cli_json *event, uint64_t begin_ns, uint64_t end_ns)
{
    cli_json_add_real(event, "ts", (double)(begin_ns - trace->events[0].begin_ns) / 1e3);
    cli_json_add_real(event, "dur", (double)(end_ns - begin_ns) / 1e3);
}

/// The step that begins with event `first`.
static bool write_step(const cli_trace *trace, size_t first, size_t number)
{
    char name[32];
    size_t last = first;
    while (last + 1 < trace->event_count && trace->events[last + 1].operation != 0)
        last++;
    cli_format(name, sizeof name, "step %zu", number);
    cli_json event = make_event("X", name);
    cli_json_add_text(&event, "cat", "step");
    add_times(trace, &event, trace->events[first].begin_ns,
              trace->events[last].begin_ns + trace->events[last].ns);
    return fputs(",\n", trace->file) >= 0 && write_event(trace, &event);
}

static bool write_operation(const cli_trace *trace, const cli_trace_event *operation,
                            const cli_trace_names *names)
{
    cli_json event = make_event("X", names->name);
    cli_json arguments = cli_json_make();
    cli_json_add_text(&event, "cat", names->phase);
    add_times(trace, &event, operation->begin_ns, operation->begin_ns + operation->ns);
    cli_json_add_text(&arguments, "layer", names->layer);
    cli_json_add_real(&arguments, "multiply_adds", names->multiply_adds);
    event.failed = event.failed || arguments.failed;
    cli_json_add(&event, "args", arguments.root);
    return fputs(",\n", trace->file) >= 0 && write_event(trace, &event);
}

bool cli_trace_write(cli_trace *trace, cli_trace_names (*names)(const void *user, size_t operation),
                     const void *user)
{
    size_t step = 0;
    errno = 0;
    bool written = fputs(head, trace->file) >= 0 &&
                   write_title(trace, "process_name", trace->title) &&
                   fputs(",\n", trace->file) >= 0 && write_title(trace, "thread_name", "steps");
    for (size_t i = 0; i < trace->event_count && written; i++) {
        const cli_trace_event *event = &trace->events[i];
        const cli_trace_names known = names(user, event->operation);
        if (event->operation == 0)
            written = write_step(trace, i, ++step);
        written = written && write_operation(trace, event, &known);
    }
    written = written && fputs(tail, trace->file) >= 0;
    written = fclose(trace->file) == 0 && written;
    trace->file = NULL;
    return written || refuse(trace, "write");
}

void cli_trace_release(cli_trace *trace)
{
    if (trace->file)
        (void)fclose(trace->file);
    free(trace->events);
}
