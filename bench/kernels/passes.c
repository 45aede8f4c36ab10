// SPDX-License-Identifier: Apache-2.0
// Passes over arrays: bytes a second, beside what the machine moves in the same run, where arrays stay in the cache and
// where they do not.
#include "bench.h"

#include "os/os.h"

#include <stdio.h>
#include <string.h>

#define ARRAYS       4U
#define PLANE        2304U // 48 x 48
#define SMALL_PLANES 16U   // 144 KiB an array
#define LARGE_PLANES 7168U // 63 MiB
#define SECONDS      0.05

typedef struct pass_data {
    const mote_kernels *table;
    mote_planes planes;
    size_t count;
    mote_real *arrays[ARRAYS];
    mote_real results[2 * LARGE_PLANES];
    size_t found;
} pass_data;

#define CALL(name, ...)                             \
    static void call_##name(void *argument)         \
    {                                               \
        pass_data *const d = (pass_data *)argument; \
        d->table->name(__VA_ARGS__);                \
    }

static const mote_blend blend = {.scale_a = MOTE_REAL(0.5), .scale_b = MOTE_REAL(0.25), .shift = 1};
static const mote_sgd sgd = {.rate = MOTE_REAL(1e-6), .momentum = MOTE_REAL(0.5)};
static const mote_adam adam = {.step = MOTE_REAL(1e-6),
                               .beta1 = MOTE_REAL(0.9),
                               .beta2 = MOTE_REAL(0.999),
                               .epsilon = 1,
                               .root_correction2 = 1};

CALL(relu, d->count, d->arrays[0], d->arrays[1])
CALL(scale_shift, d->count, 2, 1, d->arrays[0], d->arrays[1])
CALL(tanh, d->count, d->arrays[0], d->arrays[1])
CALL(gelu, d->count, d->arrays[0], d->arrays[1])
CALL(add, d->count, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(relu6_derivative, d->count, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(blend, &blend, d->count, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(sum_planes, &d->planes, d->arrays[0], d->results)
CALL(sum_centered_products, &d->planes, 1, d->arrays[0], d->arrays[1], d->results)
CALL(moments, &d->planes, d->arrays[0], d->results, d->results + LARGE_PLANES)
CALL(sgd, &sgd, d->count, d->arrays[0], d->arrays[1], d->arrays[2])
CALL(adam, &adam, d->count, d->arrays[0], d->arrays[1], d->arrays + 2)

/// The C library's ways through memory: reading, and reading with writing.
static void call_search(void *argument)
{
    pass_data *const d = (pass_data *)argument;
    d->found += memchr(d->arrays[3], 1, d->count * sizeof(mote_real)) != NULL;
}

static void call_copy(void *argument)
{
    const pass_data *const d = (const pass_data *)argument;
    memcpy(d->arrays[1], d->arrays[0], d->count * sizeof(mote_real));
}

/// `arrays` is how many are read and written, each way counted; moments read theirs again from the cache.
typedef struct pass_row {
    const char *name;
    bench_call *call;
    unsigned arrays;
    bool writes;
} pass_row;

static const pass_row rows[] = {
    {"memchr (reads)", call_search, 1, false},
    {"memcpy (reads and writes)", call_copy, 2, true},
    {"sum_planes", call_sum_planes, 1, false},
    {"moments", call_moments, 1, false},
    {"sum_centered_products", call_sum_centered_products, 2, false},
    {"relu", call_relu, 2, true},
    {"scale_shift", call_scale_shift, 2, true},
    {"tanh", call_tanh, 2, true},
    {"gelu", call_gelu, 2, true},
    {"add", call_add, 3, true},
    {"relu6_derivative", call_relu6_derivative, 3, true},
    {"blend", call_blend, 3, true},
    {"sgd", call_sgd, 5, true},
    {"adam", call_adam, 7, true},
};

static double measure(const pass_row *row, pass_data *data, size_t planes)
{
    data->count = planes * PLANE;
    data->planes = (mote_planes){.count = planes, .elements = PLANE, .step = PLANE};
    const double bytes = (double)(data->count * sizeof(mote_real) * row->arrays);
    return bytes / bench_measure(row->call, data, SECONDS) * 1e-9;
}

static void print_row(const pass_row *row, pass_data *data)
{
    const pass_row *const limit = &rows[row->writes ? 1 : 0];
    const double small = measure(row, data, SMALL_PLANES);
    const double small_limit = measure(limit, data, SMALL_PLANES);
    const double large = measure(row, data, LARGE_PLANES);
    const double large_limit = measure(limit, data, LARGE_PLANES);
    printf("%-44s %9.1f %9.2f %9.1f %9.2f\n", row->name, small, small / small_limit, large,
           large / large_limit);
}

mote_status bench_passes(const bench_setup *setup)
{
    static pass_data data;
    const size_t count = (size_t)LARGE_PLANES * PLANE;
    for (size_t i = 0; i < ARRAYS; i++)
        MOTE_TRY(bench_numbers(count, &data.arrays[i]));
    memset(data.arrays[3], 0, count * sizeof(mote_real)); // Adam's mean of squares; nothing to find
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT && setup->tables[level]; level++)
        data.table = setup->tables[level];
    printf("%-44s %9s %9s %9s %9s\n", "passes, GB/s (highest level, one thread)", "cached", "ratio",
           "beyond", "ratio");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (bench_wants(setup, rows[i].name))
            print_row(&rows[i], &data);
    }
    for (size_t i = 0; i < ARRAYS; i++)
        mote_pages_free(data.arrays[i], count * sizeof(mote_real));
    return MOTE_OK;
}
