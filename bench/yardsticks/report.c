// SPDX-License-Identifier: Apache-2.0
// The table, means and limits.
#include "yardsticks.h"

#include <math.h>
#include <stdio.h>

/// Largest ratio of mote's error to the yardstick's. Above the last, relative to the result, both have not computed
/// the same: a description is wrong.
#define ERROR_RATIO 3.0
#define ERROR_MOST  1e-4

static double get_ratio(const yardstick_result *result)
{
    return result->rates[MOTE] / result->rates[YARDSTICK];
}

void yardstick_print_heading(const yardstick_group *group)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%s, %s", group->kind->name, group->name);
    printf("%-44s %9s %9s %7s %9s %9s\n", text, "mote", group->kind->yardstick->name, "ratio",
           "error", "error");
}

void yardstick_print_result(const yardstick_result *result)
{
    printf("%-44s %9.1f %9.1f %7.2f %9.1e %9.1e\n", result->name, result->rates[MOTE],
           result->rates[YARDSTICK], get_ratio(result), result->errors[MOTE],
           result->errors[YARDSTICK]);
    (void)fflush(stdout);
}

/// Prints what is wrong with a row.
static bool judge_result(const yardstick_result *result)
{
    const yardstick_kind *const kind = result->group->kind;
    const double *const errors = result->errors;
    bool good = true;
    // comparisons that are false for what is not a number
    if (!(get_ratio(result) >= kind->least)) {
        printf("below %.2f: %s %s: %.2f\n", kind->least, result->group->name, result->name,
               get_ratio(result));
        good = false;
    }
    if (!(errors[MOTE] <= ERROR_MOST && errors[YARDSTICK] <= ERROR_MOST)) {
        printf("not the same computation: %s %s: errors %.1e and %.1e\n", result->group->name,
               result->name, errors[MOTE], errors[YARDSTICK]);
        good = false;
    } else if (!(errors[MOTE] <= ERROR_RATIO * errors[YARDSTICK])) {
        printf("error above %.0f times %s's: %s %s: %.1e and %.1e\n", ERROR_RATIO,
               kind->yardstick->name, result->group->name, result->name, errors[MOTE],
               errors[YARDSTICK]);
        good = false;
    }
    return good;
}

typedef struct mean {
    double ratio; // geometric
    size_t count;
} mean;

/// Of a group, or with NULL of all groups of the kind.
static mean get_mean(const yardstick_result *results, size_t count, const yardstick_kind *kind,
                     const yardstick_group *group)
{
    mean of = {.ratio = 0};
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (results[i].group->kind != kind || (group && results[i].group != group))
            continue;
        sum += log(get_ratio(&results[i]));
        of.count++;
    }
    if (of.count > 0)
        of.ratio = exp(sum / (double)of.count);
    return of;
}

static size_t count_parts(const yardstick_group *group)
{
    size_t count = 0;
    for (size_t shape = 0; shape < group->count; shape++) {
        for (size_t part = 0; part < BENCH_PART_COUNT; part++)
            count += yardstick_has_part(group, shape, (bench_part)part) ? 1 : 0;
    }
    return count;
}

/// Groups from `first` on, which are all of a kind; `end` becomes the next kind's first.
static bool judge_kind(const yardstick_result *results, size_t count, size_t first, size_t *end)
{
    const yardstick_kind *const kind = yardstick_groups[first].kind;
    size_t parts = 0;
    size_t i = first;
    for (; i < yardstick_group_count && yardstick_groups[i].kind == kind; i++) {
        const yardstick_group *const group = &yardstick_groups[i];
        parts += count_parts(group);
        const mean of_group = get_mean(results, count, kind, group);
        if (of_group.count > 0)
            printf("%-44s %27.2f\n", group->name, of_group.ratio);
    }
    *end = i;
    const mean of_kind = get_mean(results, count, kind, NULL);
    if (of_kind.count > 0)
        printf("%-44s %27.2f\n", kind->name, of_kind.ratio);
    if (of_kind.count < parts || of_kind.ratio >= kind->mean)
        return true;
    printf("below %.2f: the geometric mean of %s: %.3f\n", kind->mean, kind->name, of_kind.ratio);
    return false;
}

bool yardstick_judge(const yardstick_result *results, size_t count)
{
    printf("geometric means\n");
    bool good = true;
    for (size_t i = 0; i < yardstick_group_count;)
        good = judge_kind(results, count, i, &i) && good;
    for (size_t i = 0; i < count; i++)
        good = judge_result(&results[i]) && good;
    return good;
}
