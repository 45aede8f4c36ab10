// SPDX-License-Identifier: Apache-2.0
// What computing callbacks of a program's layer see, and the arithmetic that they are given.
#include "base/custom.h"
#include "base/size.h"
#include "layer/custom_product.h"
#include "layer/layer.h"
#include "layer/units.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_BYTES 896U

mote_status mote_layer_run_refuse(const mote_layer_run *run, mote_status status, const char *format,
                                  ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    status = mote_custom_status(status);
    if (*run->raised == MOTE_OK)
        *run->raised = status;
    return MOTE_RAISE(status, "%s: %s", run->step, message);
}

size_t mote_layer_run_batch(const mote_layer_run *run)
{
    return run->batch;
}

bool mote_layer_run_is_training(const mote_layer_run *run)
{
    return run->training;
}

static float *get(const mote_tensor *tensors, size_t count, size_t index)
{
    return index < count ? (float *)tensors[index].data : NULL;
}

const float *mote_layer_run_input(const mote_layer_run *run, size_t index)
{
    return get(run->inputs, run->input_count, index);
}

float *mote_layer_run_output(const mote_layer_run *run)
{
    return get(run->outputs, 1, 0);
}

const float *mote_layer_run_weight(const mote_layer_run *run, size_t index)
{
    return get(run->weights, run->declaration->weight_count, index);
}

float *mote_layer_run_temporary(const mote_layer_run *run, size_t index)
{
    return get(run->temporaries, run->declaration->temporary_count, index);
}

float *mote_layer_run_statistic(const mote_layer_run *run, size_t index)
{
    return get(run->statistics, run->declaration->statistic_count, index);
}

const float *mote_layer_run_output_derivative(const mote_layer_run *run)
{
    return get(run->output_derivatives, 1, 0);
}

float *mote_layer_run_gradient(const mote_layer_run *run, size_t index)
{
    return get(run->gradients, run->declaration->weight_count, index);
}

float *mote_layer_run_input_derivative(const mote_layer_run *run, size_t index)
{
    return get(run->input_derivatives, run->input_count, index);
}

void mote_layer_run_random(const mote_layer_run *run, uint64_t first, size_t count, uint32_t *words)
{
    uint32_t block[4];
    for (size_t i = 0; i < count; i++) {
        const uint64_t index = first + i;
        if (i == 0 || index % 4 == 0)
            mote_random_block(&run->random, index / 4, block);
        words[i] = block[index % 4];
    }
}

static mote_status check_arrays(const mote_layer_run *run, const char *call,
                                const void *const *arrays, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!arrays[i]) {
            return mote_layer_run_refuse(run, MOTE_ERROR_ARGUMENT,
                                         "%s: array %zu is NULL; did setup declare it for this "
                                         "phase?",
                                         call, i);
        }
    }
    return MOTE_OK;
}

mote_status mote_layer_run_product(const mote_layer_run *run, const mote_custom_product *product)
{
    static const char call[] = "mote_layer_run_product";
    const char *problem = mote_custom_find_problem(product);
    if (problem)
        return mote_layer_run_refuse(run, MOTE_ERROR_ARGUMENT, "%s: %s", call, problem);
    const void *const arrays[] = {product->left, product->right, product->out};
    MOTE_TRY(check_arrays(run, call, arrays, 3));
    const mote_product made = mote_custom_make_product(product);
    const size_t bytes = mote_product_scratch_bytes(&made, run->parallel->thread_count);
    if (bytes > run->scratch_bytes) {
        return mote_layer_run_refuse(
            run, MOTE_ERROR_ARGUMENT,
            "%s: %zu x %zu x %zu needs %zu bytes of scratch, mote_layer_setup_product planned %zu",
            call, product->rows, product->columns, product->depth, bytes, run->scratch_bytes);
    }
    run->kernels->product(&made, run->parallel, run->scratch);
    return MOTE_OK;
}

mote_status mote_layer_run_add(const mote_layer_run *run, size_t count, const float *a,
                               const float *b, float *y)
{
    const void *const arrays[] = {a, b, y};
    MOTE_TRY(check_arrays(run, "mote_layer_run_add", arrays, 3));
    mote_kernel_run_binary(run->parallel, run->kernels->add, count, a, b, y);
    return MOTE_OK;
}

mote_status mote_layer_run_multiply(const mote_layer_run *run, size_t count, const float *a,
                                    const float *b, float *y)
{
    const void *const arrays[] = {a, b, y};
    MOTE_TRY(check_arrays(run, "mote_layer_run_multiply", arrays, 3));
    mote_kernel_run_binary(run->parallel, run->kernels->multiply, count, a, b, y);
    return MOTE_OK;
}

/// A loop and what is called for its parts.
typedef struct loop {
    size_t count;
    mote_custom_task *task;
    void *argument;
} loop;

static void run_part(void *argument, size_t task, size_t task_count)
{
    const loop *l = (const loop *)argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(l->count, task, task_count, &first);
    l->task(l->argument, first, count);
}

/// Elements of work, or as many as the threads are worth whatever else there is.
static size_t count_tasks(const mote_layer_run *run, size_t count, size_t work)
{
    const size_t most = SIZE_MAX / mote_size_max(work, 1);
    const size_t elements = count > most ? SIZE_MAX : count * work;
    const size_t tasks = mote_parallel_task_count(run->parallel, elements, MOTE_PARALLEL_GRAIN);
    return mote_size_min(tasks, count);
}

mote_status mote_layer_run_parallel(const mote_layer_run *run, size_t count, size_t work,
                                    mote_custom_task *task, void *argument)
{
    loop l = {.count = count, .task = task, .argument = argument};
    if (!task)
        return mote_layer_run_refuse(run, MOTE_ERROR_ARGUMENT,
                                     "mote_layer_run_parallel: task is NULL");
    mote_parallel_run(run->parallel, run_part, &l, count_tasks(run, count, work));
    return MOTE_OK;
}

typedef struct scaling {
    const mote_layer_run *run;
    float factor;
    const float *x;
    float *y;
} scaling;

static void scale_part(void *argument, size_t first, size_t count)
{
    const scaling *s = (const scaling *)argument;
    s->run->kernels->scale(count, s->factor, s->x + first, s->y + first);
}

mote_status mote_layer_run_scale(const mote_layer_run *run, size_t count, float factor,
                                 const float *x, float *y)
{
    scaling s = {.run = run, .factor = factor, .x = x};
    s.y = y;
    const void *const arrays[] = {x, y};
    MOTE_TRY(check_arrays(run, "mote_layer_run_scale", arrays, 2));
    return mote_layer_run_parallel(run, count, 1, scale_part, &s);
}

typedef struct column_sums {
    const float *x;
    float *sums;
} column_sums;

static void sum_block(void *argument, const mote_units *block)
{
    const column_sums *c = (const column_sums *)argument;
    mote_columns_sum(block, c->x + block->first, c->sums + block->first);
}

mote_status mote_layer_run_sum_batch(const mote_layer_run *run, size_t rows, size_t columns,
                                     const float *x, float *sums)
{
    column_sums c = {.x = x};
    c.sums = sums;
    const mote_units units = {
        .kernels = run->kernels, .samples = run->batch, .units = columns, .plane = rows};
    const void *const arrays[] = {x, sums};
    MOTE_TRY(check_arrays(run, "mote_layer_run_sum_batch", arrays, 2));
    if (rows == 0 || columns == 0)
        return mote_layer_run_refuse(run, MOTE_ERROR_ARGUMENT,
                                     "mote_layer_run_sum_batch: rows or columns is 0");
    mote_units_run(run->parallel, &units, sum_block, &c);
    return MOTE_OK;
}

float mote_layer_run_sum(const mote_layer_run *run, size_t count, const float *x)
{
    float sum = 0;
    run->kernels->sum(count, x, &sum);
    return sum;
}

float mote_layer_run_sum_products(const mote_layer_run *run, size_t count, const float *a,
                                  const float *b)
{
    float sum = 0;
    run->kernels->sum_products(count, a, b, &sum);
    return sum;
}
