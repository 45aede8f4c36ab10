// SPDX-License-Identifier: Apache-2.0
// bench_yardsticks: mote's kernels beside OpenBLAS and oneDNN. See bench/README.md.
#include "yardsticks.h"

#include "base/random.h"
#include "os/os.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                                 \
    "usage: bench_yardsticks [--threads 1] [--turns 5] [--seconds 0.02] [--list] [NAME...]\n" \
    "--list prints what would run; with NAMEs only lines that contain one of them run\n"

/// Whoever sets these for other work would change what a library does here: take another processor's kernels, other
/// threads or fewer digits.
static const char *const unset[] = {
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "GOTO_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "OMP_PROC_BIND",
    "OMP_PLACES",
    "OMP_DYNAMIC",
    "OMP_THREAD_LIMIT",
    "GOMP_SPINCOUNT",
    "GOMP_CPU_AFFINITY",
    "DNNL_MAX_CPU_ISA",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_DEFAULT_FPMATH_MODE",
    "ONEDNN_DEFAULT_FPMATH_MODE",
};

/// These get the number of threads.
static const char *const thread_variables[] = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define LINE_BYTES 320U

typedef struct options {
    size_t threads, turns;
    double seconds;
    bool list;
    char **names;
    size_t name_count;
} options;

/// A number above 0 and at most `most`.
static bool read_number(const char *text, double most, double *number)
{
    char *end = NULL;
    *number = strtod(text, &end);
    return end != text && *end == '\0' && *number > 0 && *number <= most;
}

static bool read_count(const char *text, size_t most, size_t *count)
{
    double number = 0;
    if (!read_number(text, (double)most, &number) || number != (double)(size_t)number)
        return false;
    *count = (size_t)number;
    return true;
}

static bool read_options(int argument_count, char **arguments, options *read)
{
    static const struct option accepted[] = {
        {"threads", required_argument, NULL, 't'},
        {"turns", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'},
        {"list", no_argument, NULL, 'l'},
        {0},
    };
    int letter = 0;
    bool good = true;
    while ((letter = getopt_long(argument_count, arguments, "", accepted, NULL)) != -1) {
        if (letter == 't')
            good = read_count(optarg, mote_cpu_count(), &read->threads) && good;
        else if (letter == 'n')
            good = read_count(optarg, YARDSTICK_TURNS_MOST, &read->turns) && good;
        else if (letter == 'l')
            read->list = true;
        else
            good = letter == 's' && read_number(optarg, 60, &read->seconds) && good;
    }
    read->names = arguments + optind;
    read->name_count = (size_t)(argument_count - optind);
    return good;
}

/// Libraries read the environment before main: where it is not as it shall be, the program begins again. False when
/// it cannot.
static bool clean_environment(size_t threads, char **arguments)
{
    bool is_clean = true;
    for (size_t i = 0; i < COUNT(unset); i++) {
        if (!getenv(unset[i]))
            continue;
        is_clean = false;
        (void)printf("%s is unset for this run\n", unset[i]);
        (void)unsetenv(unset[i]);
    }
    char text[24];
    (void)snprintf(text, sizeof text, "%zu", threads);
    for (size_t i = 0; i < COUNT(thread_variables); i++) {
        const char *const value = getenv(thread_variables[i]);
        if (value && strcmp(value, text) == 0)
            continue;
        is_clean = false;
        (void)setenv(thread_variables[i], text, 1);
    }
    if (is_clean)
        return true;
    (void)fflush(stdout);
    (void)execv("/proc/self/exe", arguments);
    return false;
}

static mote_status make_numbers(size_t count, uint64_t seed, mote_real **numbers)
{
    void *memory = NULL;
    MOTE_TRY(mote_pages_allocate(count * sizeof(mote_real), &memory));
    *numbers = (mote_real *)memory;
    const mote_random_key key = {.seed = seed};
    for (size_t i = 0; i < count; i++)
        (*numbers)[i] = (mote_real)(2 * mote_random_uniform(&key, i) - 1);
    return MOTE_OK;
}

static void print_shape(const bench_shape *s, char *text, size_t bytes)
{
    if (s->rows > 0) {
        (void)snprintf(text, bytes, "%zux%zux%zu", s->rows, s->columns, s->depth);
        return;
    }
    char stride[32] = "";
    if (s->stride > 1)
        (void)snprintf(stride, sizeof stride, " stride %zu", s->stride);
    char filters[64];
    (void)snprintf(filters, sizeof filters, s->groups > 1 ? "depth-wise %zu" : "%zu->%zu",
                   s->channels, s->filters);
    (void)snprintf(text, bytes, "%s %zux%zu%s %zux%zu", filters, s->kernel, s->kernel, stride,
                   s->extent, s->extent);
}

typedef struct comparison {
    const options *options;
    yardstick_setup setup;
    const yardstick_group *group; // of the last heading
    yardstick_result *results;
    size_t count;
} comparison;

/// What --list prints and NAMEs are looked for in.
static void print_line(const yardstick_result *result, char *line, size_t bytes)
{
    (void)snprintf(line, bytes, "%s, %s: %s", result->group->kind->name, result->group->name,
                   result->name);
}

static bool is_wanted(const options *wanted, const yardstick_result *result)
{
    char line[LINE_BYTES];
    print_line(result, line, sizeof line);
    for (size_t i = 0; i < wanted->name_count; i++) {
        if (strstr(line, wanted->names[i]))
            return true;
    }
    return wanted->name_count == 0;
}

/// Adds a result without numbers for each part that is wanted, and returns how many there are.
static size_t list_parts(const comparison *all, const yardstick_group *group, size_t index,
                         yardstick_result *results)
{
    char text[192];
    print_shape(&group->shapes[index], text, sizeof text);
    size_t count = 0;
    for (size_t i = 0; i < BENCH_PART_COUNT; i++) {
        yardstick_result *const result = &results[count];
        *result = (yardstick_result){.group = group, .part = (bench_part)i};
        (void)snprintf(result->name, sizeof result->name, "%s %s", text, bench_part_names[i]);
        if (yardstick_has_part(group, index, result->part) && is_wanted(all->options, result))
            count++;
    }
    return count;
}

static mote_status compare_shape(comparison *all, const yardstick_group *group, size_t index)
{
    yardstick_result *const results = &all->results[all->count];
    const size_t count = list_parts(all, group, index, results);
    all->count += count;
    if (count == 0 || all->options->list)
        return MOTE_OK;
    if (group != all->group)
        yardstick_print_heading(group);
    all->group = group;
    bench_shape shape = group->shapes[index];
    shape.samples = group->samples;
    mote_real *arrays[BENCH_ARRAY_COUNT] = {NULL};
    for (size_t i = 0; i < BENCH_ARRAY_COUNT; i++)
        MOTE_TRY(make_numbers(bench_array_elements(&shape, (bench_array)i), i, &arrays[i]));
    for (size_t i = 0; i < count; i++) {
        MOTE_TRY(yardstick_compare(&all->setup, &shape, arrays, &results[i]));
        yardstick_print_result(&results[i]);
    }
    for (size_t i = 0; i < BENCH_ARRAY_COUNT; i++)
        mote_pages_free(arrays[i],
                        bench_array_elements(&shape, (bench_array)i) * sizeof(mote_real));
    return MOTE_OK;
}

static void print_libraries(const comparison *all, mote_cpu_level level)
{
    printf("mote: %s, %zu thread%s\n", mote_cpu_level_name(level), all->setup.threads,
           all->setup.threads > 1 ? "s" : "");
    const yardstick *const yardsticks[] = {&yardstick_openblas, &yardstick_onednn};
    for (size_t i = 0; i < COUNT(yardsticks); i++) {
        char text[256];
        yardsticks[i]->describe(text, sizeof text);
        printf("%s: %s\n", yardsticks[i]->name, text);
    }
}

static mote_status compare_all(comparison *all)
{
    for (size_t i = 0; i < yardstick_group_count; i++) {
        const yardstick_group *const group = &yardstick_groups[i];
        for (size_t shape = 0; shape < group->count; shape++)
            MOTE_TRY(compare_shape(all, group, shape));
    }
    return MOTE_OK;
}

/// Room for all results, and for parts that are listed and left out.
static mote_status make_results(mote_arena *arena, yardstick_result **results)
{
    size_t shapes = 1;
    for (size_t i = 0; i < yardstick_group_count; i++)
        shapes += yardstick_groups[i].count;
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(arena, shapes * BENCH_PART_COUNT, sizeof **results, &memory));
    *results = (yardstick_result *)memory;
    return MOTE_OK;
}

static mote_status run(comparison *all, mote_arena *arena)
{
    const mote_cpu_level level = mote_cpu_detect();
    MOTE_TRY(mote_kernels_get(level, &all->setup.table));
    MOTE_TRY(make_results(arena, &all->results));
    mote_thread_pool *pool = NULL;
    MOTE_TRY(mote_thread_pool_create(mote_allocator_default(), all->setup.threads, &pool,
                                     &all->setup.parallel));
    if (!all->options->list)
        print_libraries(all, level);
    const mote_status status = compare_all(all);
    mote_thread_pool_destroy(&pool);
    return status;
}

/// The exit code.
static int report(const options *read, mote_arena *arena)
{
    comparison all = {
        .options = read,
        .setup = {.threads = read->threads, .turns = read->turns, .seconds = read->seconds},
    };
    if (run(&all, arena) != MOTE_OK) {
        (void)fprintf(stderr, "bench_yardsticks: %s\n", mote_last_error()->message);
        return 2;
    }
    if (all.count == 0) {
        (void)fprintf(stderr, "bench_yardsticks: no heading and line has one of the names\n");
        return 2;
    }
    if (!read->list)
        return yardstick_judge(all.results, all.count) ? 0 : 1;
    for (size_t i = 0; i < all.count; i++) {
        char line[LINE_BYTES];
        print_line(&all.results[i], line, sizeof line);
        printf("%s\n", line);
    }
    return 0;
}

int main(int argument_count, char **arguments)
{
    options read = {.threads = 1, .turns = 5, .seconds = 0.02};
    if (!read_options(argument_count, arguments, &read)) {
        (void)fprintf(stderr, USAGE "threads: 1 to %zu; turns: 1 to %u; seconds: above 0 to 60\n",
                      mote_cpu_count(), YARDSTICK_TURNS_MOST);
        return 2;
    }
    if (!read.list && !clean_environment(read.threads, arguments)) {
        (void)fprintf(stderr, "bench_yardsticks: cannot begin again with a clean environment\n");
        return 2;
    }
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    const int code = report(&read, &arena);
    mote_arena_release(&arena);
    return code;
}
