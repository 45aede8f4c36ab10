// SPDX-License-Identifier: Apache-2.0
// bench_planner: what a planner makes of a problem, and how long it takes. See bench/README.md.
#include "planner.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct bench_options {
    const char *path, *planner;
    unsigned long long nodes, capacity;
    unsigned long long count, seed; // to generate
} bench_options;

static int print_usage(void)
{
    (void)fprintf(stderr, "usage: bench_planner [--planner NAME] [--nodes N] "
                          "[--capacity BYTES] (FILE.csv | --generate COUNT,SEED)\n");
    return 2;
}

/// A number of digits alone: strtoull would take a sign, too, and wrap around.
static bool read_number(const char **at, unsigned long long *number)
{
    char *end = NULL;
    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    *number = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0;
}

static bool read_positive(const char *text, unsigned long long *number)
{
    return read_number(&text, number) && *text == 0 && *number > 0;
}

static bool read_count_and_seed(const char *text, bench_options *options)
{
    if (!read_number(&text, &options->count) || *text != ',')
        return false;
    text++;
    return read_number(&text, &options->seed) && *text == 0 && options->count > 0;
}

static bool read_options(int argument_count, char **arguments, bench_options *options)
{
    static const struct option names[] = {
        {"planner", required_argument, NULL, 'p'},
        {"nodes", required_argument, NULL, 'n'},
        {"capacity", required_argument, NULL, 'c'},
        {"generate", required_argument, NULL, 'g'},
        {NULL, 0, NULL, 0},
    };
    bool is_read = true;
    for (int name = 0; is_read && name != -1;) {
        name = getopt_long(argument_count, arguments, "", names, NULL);
        if (name == 'p')
            options->planner = optarg;
        else if (name == 'n')
            is_read = read_positive(optarg, &options->nodes);
        else if (name == 'c')
            is_read = read_positive(optarg, &options->capacity);
        else if (name == 'g')
            is_read = read_count_and_seed(optarg, options);
        else if (name != -1)
            is_read = false;
    }
    options->path = arguments[optind];
    const int files = argument_count - optind;
    return is_read && files == (options->count > 0 ? 0 : 1);
}

static void print_plan(const bench_problem *problem, const mote_plan *plan)
{
    printf("id,lower,upper,size,offset\n");
    for (size_t i = 0; i < problem->plan.placement_count; i++) {
        const mote_placement *placement = &problem->plan.placements[i];
        if (problem->ids)
            printf("%s", problem->ids[i]);
        else
            printf("%zu", i);
        printf(",%zu,%zu,%zu,%zu\n", placement->first, placement->last + 1, placement->bytes,
               plan->offsets[i]);
    }
}

static mote_status run(const bench_options *options, mote_arena *arena)
{
    bench_problem problem;
    const mote_planner *planner = NULL;
    mote_plan plan;
    MOTE_TRY(mote_planner_find(options->planner, &planner));
    if (options->path) {
        MOTE_TRY(bench_problem_read(options->path, arena, &problem));
    } else {
        MOTE_TRY(bench_problem_generate(options->count, options->seed, arena, &problem));
    }
    problem.plan.node_limit = options->nodes;
    problem.plan.enough_bytes = options->capacity;
    const clock_t start = clock();
    MOTE_TRY(mote_plan_run(planner, &problem.plan, arena, &plan));
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    MOTE_TRY(mote_plan_check(&problem.plan, &plan, arena));
    print_plan(&problem, &plan);
    (void)fprintf(stderr,
                  "%s: %.3f CPU seconds, arena %zu, lower bound %zu, ratio %.5f, %s, %zu nodes\n",
                  options->path ? options->path : "generated", seconds, plan.arena_bytes,
                  plan.lower_bound_bytes, (double)plan.arena_bytes / (double)plan.lower_bound_bytes,
                  plan.is_optimal ? "optimal" : "not proven", plan.node_count);
    return MOTE_OK;
}

int main(int argument_count, char **arguments)
{
    bench_options options = {.planner = "exact"};
    if (!read_options(argument_count, arguments, &options))
        return print_usage();
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    const mote_status status = run(&options, &arena);
    mote_arena_release(&arena);
    if (status == MOTE_OK)
        return fflush(stdout) == 0 ? 0 : 1;
    (void)fprintf(stderr, "bench_planner: %s\n", mote_last_error()->message);
    return 1;
}
