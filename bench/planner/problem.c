// SPDX-License-Identifier: Apache-2.0
// Problems for planners, from a file or made up.
#include "planner.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MOST ((size_t)1 << 26U)

#define GENERATED_STEPS 5000
#define ALIGNMENT       ((size_t)64)

static mote_status read_number(const char *path, size_t line, char **at, size_t *number)
{
    errno = 0;
    char *end = NULL;
    if (**at != ',' || (*at)[1] < '0' || (*at)[1] > '9')
        return MOTE_RAISE(MOTE_ERROR_IO, "%s:%zu: expected id,lower,upper,size", path, line);
    *number = strtoull(*at + 1, &end, 10);
    if (errno != 0 || (*end != ',' && *end != '\r' && *end != '\n' && *end != 0))
        return MOTE_RAISE(MOTE_ERROR_IO, "%s:%zu: expected id,lower,upper,size", path, line);
    *at = end;
    return MOTE_OK;
}

static mote_status read_row(const char *path, size_t line, char *text, mote_placement *placement)
{
    char *at = strchr(text, ',');
    if (!at)
        at = text;
    char *const id_end = at;
    size_t upper = 0;
    *placement = (mote_placement){.alignment = 1, .fixed = MOTE_PLAN_ANY};
    MOTE_TRY(read_number(path, line, &at, &placement->first));
    MOTE_TRY(read_number(path, line, &at, &upper));
    MOTE_TRY(read_number(path, line, &at, &placement->bytes));
    if (upper <= placement->first || upper > STEPS_MOST || placement->bytes == 0) {
        return MOTE_RAISE(
            MOTE_ERROR_IO,
            "%s:%zu: lower must be less than upper, upper at most %zu, size at least 1", path, line,
            STEPS_MOST);
    }
    placement->last = upper - 1;
    *id_end = 0;
    return MOTE_OK;
}

/// The first line names at least the columns that are read.
static mote_status read_titles(FILE *file, const char *path, char *text, size_t text_bytes)
{
    static const char titles[] = "id,lower,upper,size";
    const size_t length = sizeof titles - 1;
    if (!fgets(text, (int)text_bytes, file) || strncmp(text, titles, length) != 0 ||
        !strchr(",\r\n", text[length]))
        return MOTE_RAISE(MOTE_ERROR_IO, "%s:1: expected the titles %s", path, titles);
    return MOTE_OK;
}

static mote_status read_rows(FILE *file, const char *path, mote_arena *arena,
                             bench_problem *problem)
{
    char text[4096];
    mote_placement *placements = NULL;
    size_t placement_capacity = 0;
    size_t id_capacity = 0;
    size_t count = 0;
    MOTE_TRY(read_titles(file, path, text, sizeof text));
    for (; fgets(text, sizeof text, file); count++) {
        mote_placement placement;
        MOTE_TRY(read_row(path, count + 2, text, &placement));
        MOTE_TRY(mote_arena_grow(arena, (void **)&placements, &placement_capacity, count,
                                 sizeof *placements));
        MOTE_TRY(mote_arena_grow(arena, (void **)&problem->ids, &id_capacity, count,
                                 sizeof *problem->ids));
        MOTE_TRY(mote_arena_text(arena, text, strlen(text), &problem->ids[count]));
        placements[count] = placement;
        if (placement.last >= problem->plan.step_count)
            problem->plan.step_count = placement.last + 1;
    }
    if (ferror(file) || count == 0)
        return MOTE_RAISE(MOTE_ERROR_IO, "%s: cannot be read, or is empty", path);
    problem->plan.placements = placements;
    problem->plan.placement_count = count;
    return MOTE_OK;
}

mote_status bench_problem_read(const char *path, mote_arena *arena, bench_problem *problem)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return MOTE_RAISE(MOTE_ERROR_IO, "%s: %s", path, strerror(errno));
    *problem = (bench_problem){.ids = NULL};
    const mote_status status = read_rows(file, path, arena, problem);
    (void)fclose(file);
    return status;
}

/// A linear generator; 0 <= number < 1.
static double next_uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (double)(*state >> 11U) / 9007199254740992.0;
}

mote_status bench_problem_generate(size_t count, uint64_t seed, mote_arena *arena,
                                   bench_problem *problem)
{
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(arena, count, sizeof(mote_placement), &memory));
    mote_placement *placements = (mote_placement *)memory;
    uint64_t state = seed;
    for (size_t i = 0; i < count; i++) {
        const size_t steps = (size_t)pow(GENERATED_STEPS, next_uniform(&state));
        const double starts = (double)(GENERATED_STEPS - steps + 1);
        // whole multiples of the alignment, so that who reads the sizes finds the same arena
        const size_t bytes = (size_t)(64.0 * exp2(20 * next_uniform(&state)));
        placements[i] = (mote_placement){.bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT,
                                         .alignment = ALIGNMENT,
                                         .first = (size_t)(starts * next_uniform(&state)),
                                         .fixed = MOTE_PLAN_ANY};
        placements[i].last = placements[i].first + steps - 1;
    }
    *problem = (bench_problem){.plan = {.placements = placements,
                                        .placement_count = count,
                                        .step_count = GENERATED_STEPS}};
    return MOTE_OK;
}
