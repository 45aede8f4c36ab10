// SPDX-License-Identifier: Apache-2.0
// Records what each operation of a training step takes, and sums up by layer and phase.
#include "profile.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool allocate(void **array, size_t count, size_t bytes)
{
    *array = calloc(count, bytes);
    if (!*array)
        cli_error("out of memory");
    return *array != NULL;
}

bool cli_profile_init(cli_profile *profile, const cli_session *session, const mote_plan_info *plan)
{
    const cli_options *options = session->options;
    void *operations = NULL;
    if (!options->profile)
        return true;
    profile->wanted = true;
    profile->thread_count = mote_context_thread_count(session->context);
    profile->operation_capacity = plan->operation_count;
    if (!allocate(&operations, profile->operation_capacity, sizeof *profile->operations))
        return false;
    profile->operations = operations;
    profile->trace.title = session->path;
    if (options->trace &&
        !cli_trace_open(&profile->trace, options->trace, profile->operation_capacity))
        return false;
    if (mote_context_measure_peak(session->context, &profile->peak) == MOTE_OK)
        return true;
    (void)cli_fail();
    return false;
}

static void record(void *user, const mote_operation_time *time)
{
    cli_profile *profile = user;
    cli_profile_row *row = &profile->operations[time->index];
    row->name = time->name;
    row->layer = time->layer;
    row->phase = time->phase;
    row->ns += time->ns;
    row->multiply_adds += time->multiply_adds;
    profile->ns += time->ns;
    profile->steps += time->index == 0;
    cli_trace_add(&profile->trace, profile->operation_capacity, time);
}

mote_profiler cli_profile_profiler(cli_profile *profile)
{
    return profile->wanted ? (mote_profiler){.user = profile, .operation = record}
                           : (mote_profiler){.operation = NULL};
}

static int compare_names(const void *left, const void *right)
{
    const cli_profile_row *a = left;
    const cli_profile_row *b = right;
    const int layers = strcmp(a->layer, b->layer);
    return layers ? layers : strcmp(a->phase, b->phase);
}

static int compare_times(const void *left, const void *right)
{
    const cli_profile_row *a = left;
    const cli_profile_row *b = right;
    if (a->ns != b->ns)
        return a->ns < b->ns ? 1 : -1;
    return compare_names(left, right);
}

/// One row a layer and phase: operations of several weights are one.
static void merge_rows(cli_profile *profile)
{
    size_t merged = 0;
    qsort(profile->rows, profile->row_count, sizeof *profile->rows, compare_names);
    for (size_t i = 0; i < profile->row_count; i++) {
        cli_profile_row *last = merged ? &profile->rows[merged - 1] : NULL;
        if (!last || compare_names(last, &profile->rows[i]) != 0) {
            profile->rows[merged++] = profile->rows[i];
            continue;
        }
        last->ns += profile->rows[i].ns;
        last->multiply_adds += profile->rows[i].multiply_adds;
    }
    profile->row_count = merged;
    qsort(profile->rows, merged, sizeof *profile->rows, compare_times);
}

static cli_trace_names name_operation(const void *user, size_t operation)
{
    const cli_profile *profile = user;
    const cli_profile_row *row = &profile->operations[operation];
    return (cli_trace_names){.name = row->name,
                             .layer = row->layer,
                             .phase = row->phase,
                             .multiply_adds = row->multiply_adds / (double)profile->steps};
}

bool cli_profile_finish(cli_profile *profile)
{
    void *rows = NULL;
    if (!profile->wanted)
        return true;
    if (!allocate(&rows, profile->operation_capacity, sizeof *profile->rows))
        return false;
    profile->rows = rows;
    for (size_t i = 0; i < profile->operation_capacity; i++) {
        if (profile->operations[i].name)
            profile->rows[profile->row_count++] = profile->operations[i];
    }
    merge_rows(profile);
    return !profile->trace.path || cli_trace_write(&profile->trace, name_operation, profile);
}

/// Thousands of millions of operations in a second, of which a multiply-add is two; NAN where there are none.
static double get_gflops(const cli_profile_row *row)
{
    return row->multiply_adds > 0 && row->ns > 0 ? 2.0 * row->multiply_adds / (double)row->ns
                                                 : (double)NAN;
}

static double get_ms(const cli_profile *profile, uint64_t ns)
{
    return profile->steps ? (double)ns / (double)profile->steps * 1e-6 : 0.0;
}

static double get_share(const cli_profile *profile, const cli_profile_row *row)
{
    return profile->ns ? (double)row->ns / (double)profile->ns : 0.0;
}

static double get_peak_gflops(double multiply_adds)
{
    return 2e-9 * multiply_adds;
}

static void print_row(const cli_profile *profile, const cli_profile_row *row)
{
    const double gflops = get_gflops(row);
    cli_print("%-32s %-16s %10.4f %6.1f%%", row->layer[0] ? row->layer : "-", row->phase,
              get_ms(profile, row->ns), 100.0 * get_share(profile, row));
    if (isfinite(gflops))
        cli_print(" %10.2f %9.2f %6.1f%%", row->multiply_adds / (double)profile->steps * 1e-6,
                  gflops, 100.0 * gflops / get_peak_gflops(profile->peak.all_threads));
    cli_print("\n");
}

void cli_profile_print(const cli_profile *profile)
{
    if (!profile->wanted)
        return;
    cli_print("%-15s %.1f GFLOP/s on 1 thread, %.1f on %zu, measured\n", "peak",
              get_peak_gflops(profile->peak.one_thread), get_peak_gflops(profile->peak.all_threads),
              profile->thread_count);
    if (profile->trace.path)
        cli_print("%-15s %s, steps 1 to %" PRIu64 "\n", "trace", profile->trace.path,
                  profile->trace.steps);
    cli_print("%-15s %.4f ms a step in operations, mean of %" PRIu64 "\n\n", "profile",
              get_ms(profile, profile->ns), profile->steps);
    cli_print("%-32s %-16s %10s %7s %10s %9s %7s\n", "layer", "phase", "ms/step", "share",
              "10^6 MAC", "GFLOP/s", "of peak");
    for (size_t i = 0; i < profile->row_count; i++)
        print_row(profile, &profile->rows[i]);
}

static json_t *make_row(const cli_profile *profile, const cli_profile_row *row, cli_json *json)
{
    const double gflops = get_gflops(row);
    cli_json object = cli_json_make();
    cli_json_add_text(&object, "layer", row->layer);
    cli_json_add_text(&object, "phase", row->phase);
    cli_json_add_real(&object, "ms", get_ms(profile, row->ns));
    cli_json_add_real(&object, "share", get_share(profile, row));
    cli_json_add_real(&object, "multiply_adds", row->multiply_adds / (double)profile->steps);
    cli_json_add_real(&object, "gflops", gflops);
    cli_json_add_real(&object, "peak_share", gflops / get_peak_gflops(profile->peak.all_threads));
    json->failed = json->failed || object.failed;
    return object.root;
}

void cli_profile_add_json(const cli_profile *profile, cli_json *json)
{
    if (!profile->wanted) {
        cli_json_add(json, "profile", json_null());
        return;
    }
    cli_json object = cli_json_make();
    cli_json rows = cli_json_make_array();
    cli_json_add_size(&object, "steps", profile->steps);
    cli_json_add_real(&object, "operations_ms", get_ms(profile, profile->ns));
    cli_json_add_real(&object, "peak_gflops_one_thread", get_peak_gflops(profile->peak.one_thread));
    cli_json_add_real(&object, "peak_gflops", get_peak_gflops(profile->peak.all_threads));
    cli_json_add_text(&object, "trace", profile->trace.path);
    cli_json_add_size(&object, "trace_steps", profile->trace.steps);
    for (size_t i = 0; i < profile->row_count; i++)
        cli_json_append(&rows, make_row(profile, &profile->rows[i], &rows));
    cli_json_add(&object, "rows", rows.root);
    cli_json_add(json, "profile", object.root);
    json->failed = json->failed || object.failed || rows.failed;
}

void cli_profile_release(cli_profile *profile)
{
    cli_trace_release(&profile->trace);
    free(profile->operations);
    free(profile->rows);
}
