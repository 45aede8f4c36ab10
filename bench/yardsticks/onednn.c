// SPDX-License-Identifier: Apache-2.0
// Convolutions in oneDNN, in the layouts that it prefers.
#include "yardsticks.h"

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <stdio.h>

#define DNNL_TRY(call)                                                         \
    do {                                                                       \
        const dnnl_status_t dnnl_try_status = (call);                          \
        if (dnnl_try_status != dnnl_success)                                   \
            return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "oneDNN: %s: %s", #call, \
                              dnnl_status2str(dnnl_try_status));               \
    } while (0)

typedef struct convolution_state {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t forward, description; // the same for the forward part
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t plain[BENCH_ARRAY_COUNT];
    dnnl_memory_t memories[BENCH_ARRAY_COUNT];
    dnnl_exec_arg_t arguments[BENCH_ARRAY_COUNT];
    bench_array result;
    mote_real *out;
    dnnl_status_t status; // of the first run that failed
} convolution_state;

/// What each part calls each array.
static const dnnl_query_t queries[BENCH_PART_COUNT][BENCH_ARRAY_COUNT] = {
    {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
    {dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md},
    {dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md},
};
static const int names[BENCH_PART_COUNT][BENCH_ARRAY_COUNT] = {
    {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
    {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
    {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST},
};
static const bench_array results[BENCH_PART_COUNT] = {BENCH_OUTPUT, BENCH_INPUT, BENCH_WEIGHT};

typedef struct extents {
    int count;
    dnnl_dims_t sizes;
    dnnl_format_tag_t plain;
} extents;

static void get_extents(const bench_shape *s, extents all[BENCH_ARRAY_COUNT])
{
    const dnnl_dim_t samples = (dnnl_dim_t)s->samples;
    const dnnl_dim_t in = (dnnl_dim_t)s->extent;
    const dnnl_dim_t out = (dnnl_dim_t)bench_out_extent(s);
    const dnnl_dim_t channels = (dnnl_dim_t)s->channels;
    const dnnl_dim_t filters = (dnnl_dim_t)s->filters;
    const dnnl_dim_t groups = (dnnl_dim_t)s->groups;
    const dnnl_dim_t kernel = (dnnl_dim_t)s->kernel;
    all[BENCH_INPUT] = (extents){4, {samples, channels, in, in}, dnnl_nchw};
    all[BENCH_OUTPUT] = (extents){4, {samples, filters, out, out}, dnnl_nchw};
    all[BENCH_WEIGHT] = (extents){4, {filters, channels, kernel, kernel}, dnnl_oihw};
    if (groups > 1)
        all[BENCH_WEIGHT] =
            (extents){5, {groups, filters / groups, channels / groups, kernel, kernel}, dnnl_goihw};
}

/// A convolution whose layouts are left to the library.
typedef struct wish {
    dnnl_memory_desc_t any[BENCH_ARRAY_COUNT];
    dnnl_dims_t strides, pad;
} wish;

static mote_status make_wish(convolution_state *state, const bench_shape *shape, wish *made)
{
    extents all[BENCH_ARRAY_COUNT];
    get_extents(shape, all);
    for (size_t i = 0; i < BENCH_ARRAY_COUNT; i++) {
        DNNL_TRY(dnnl_memory_desc_init_by_tag(&made->any[i], all[i].count, all[i].sizes, dnnl_f32,
                                              dnnl_format_tag_any));
        DNNL_TRY(dnnl_memory_desc_init_by_tag(&state->plain[i], all[i].count, all[i].sizes,
                                              dnnl_f32, all[i].plain));
    }
    for (size_t axis = 0; axis < 2; axis++) {
        made->strides[axis] = (dnnl_dim_t)shape->stride;
        made->pad[axis] = (dnnl_dim_t)shape->pad;
    }
    return MOTE_OK;
}

/// Backward parts need it as a hint.
static mote_status describe_forward(convolution_state *state, const wish *w)
{
    dnnl_convolution_desc_t operation;
    DNNL_TRY(dnnl_convolution_forward_desc_init(
        &operation, dnnl_forward_training, dnnl_convolution_direct, &w->any[BENCH_INPUT],
        &w->any[BENCH_WEIGHT], NULL, &w->any[BENCH_OUTPUT], w->strides, w->pad, w->pad));
    DNNL_TRY(dnnl_primitive_desc_create(&state->forward, &operation, NULL, state->engine, NULL));
    return MOTE_OK;
}

static mote_status describe_part(convolution_state *state, const wish *w, bench_part part)
{
    dnnl_convolution_desc_t operation;
    if (part == BENCH_FORWARD) {
        DNNL_TRY(dnnl_primitive_desc_clone(&state->description, state->forward));
        return MOTE_OK;
    }
    if (part == BENCH_DERIVATIVE) {
        DNNL_TRY(dnnl_convolution_backward_data_desc_init(
            &operation, dnnl_convolution_direct, &w->any[BENCH_INPUT], &w->any[BENCH_WEIGHT],
            &w->any[BENCH_OUTPUT], w->strides, w->pad, w->pad));
    } else {
        DNNL_TRY(dnnl_convolution_backward_weights_desc_init(
            &operation, dnnl_convolution_direct, &w->any[BENCH_INPUT], &w->any[BENCH_WEIGHT], NULL,
            &w->any[BENCH_OUTPUT], w->strides, w->pad, w->pad));
    }
    DNNL_TRY(dnnl_primitive_desc_create(&state->description, &operation, NULL, state->engine,
                                        state->forward));
    return MOTE_OK;
}

static mote_status make_reorder(const convolution_state *state, const_dnnl_memory_t from,
                                const_dnnl_memory_t to, dnnl_primitive_t *primitive)
{
    const dnnl_memory_desc_t *from_layout = NULL;
    const dnnl_memory_desc_t *to_layout = NULL;
    dnnl_primitive_desc_t description = NULL;
    DNNL_TRY(dnnl_memory_get_memory_desc(from, &from_layout));
    DNNL_TRY(dnnl_memory_get_memory_desc(to, &to_layout));
    DNNL_TRY(dnnl_reorder_primitive_desc_create(&description, from_layout, state->engine, to_layout,
                                                state->engine, NULL));
    DNNL_TRY(dnnl_primitive_create(primitive, description));
    DNNL_TRY(dnnl_primitive_desc_destroy(description));
    return MOTE_OK;
}

/// Between one of the library's memories and numbers in the plain layout.
static mote_status reorder(const convolution_state *state, bench_array array, mote_real *plain,
                           bool to_plain)
{
    dnnl_memory_t outside = NULL;
    DNNL_TRY(dnnl_memory_create(&outside, &state->plain[array], state->engine, plain));
    const dnnl_memory_t from = to_plain ? state->memories[array] : outside;
    const dnnl_memory_t to = to_plain ? outside : state->memories[array];
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    dnnl_primitive_t primitive = NULL;
    MOTE_TRY(make_reorder(state, from, to, &primitive));
    DNNL_TRY(dnnl_primitive_execute(primitive, state->stream, 2, arguments));
    DNNL_TRY(dnnl_stream_wait(state->stream));
    DNNL_TRY(dnnl_primitive_destroy(primitive));
    DNNL_TRY(dnnl_memory_destroy(outside));
    return MOTE_OK;
}

/// In the layouts that the library chose.
static mote_status fill_memories(convolution_state *state, const yardstick_work *work)
{
    for (size_t i = 0; i < BENCH_ARRAY_COUNT; i++) {
        const dnnl_memory_desc_t *const chosen =
            dnnl_primitive_desc_query_md(state->description, queries[work->part][i], 0);
        DNNL_TRY(
            dnnl_memory_create(&state->memories[i], chosen, state->engine, DNNL_MEMORY_ALLOCATE));
        state->arguments[i] = (dnnl_exec_arg_t){names[work->part][i], state->memories[i]};
        if (i != (size_t)state->result)
            MOTE_TRY(reorder(state, (bench_array)i, work->arrays[i], false));
    }
    return MOTE_OK;
}

static mote_status open_convolution(const yardstick_work *work, mote_arena *arena, void **state)
{
    *state = NULL;
    void *memory = NULL;
    MOTE_TRY(mote_arena_allocate(arena, sizeof(convolution_state), &memory));
    convolution_state *const made = (convolution_state *)memory;
    *state = made;
    made->result = results[work->part];
    made->out = work->out;
    wish wished;
    DNNL_TRY(dnnl_engine_create(&made->engine, dnnl_cpu, 0));
    DNNL_TRY(dnnl_stream_create(&made->stream, made->engine, dnnl_stream_default_flags));
    MOTE_TRY(make_wish(made, work->shape, &wished));
    MOTE_TRY(describe_forward(made, &wished));
    MOTE_TRY(describe_part(made, &wished, work->part));
    DNNL_TRY(dnnl_primitive_create(&made->primitive, made->description));
    return fill_memories(made, work);
}

static void run_convolution(void *state)
{
    convolution_state *const c = (convolution_state *)state;
    dnnl_status_t status =
        dnnl_primitive_execute(c->primitive, c->stream, BENCH_ARRAY_COUNT, c->arguments);
    if (status == dnnl_success)
        status = dnnl_stream_wait(c->stream);
    if (c->status == dnnl_success)
        c->status = status;
}

static mote_status collect_convolution(void *state)
{
    const convolution_state *const c = (const convolution_state *)state;
    DNNL_TRY(c->status);
    return reorder(c, c->result, c->out, true);
}

static void close_convolution(void *state)
{
    convolution_state *const c = (convolution_state *)state;
    if (!c)
        return;
    for (size_t i = 0; i < BENCH_ARRAY_COUNT; i++)
        (void)dnnl_memory_destroy(c->memories[i]);
    (void)dnnl_primitive_destroy(c->primitive);
    (void)dnnl_primitive_desc_destroy(c->description);
    (void)dnnl_primitive_desc_destroy(c->forward);
    (void)dnnl_stream_destroy(c->stream);
    (void)dnnl_engine_destroy(c->engine);
}

static void describe_onednn(char *text, size_t bytes)
{
    const dnnl_version_t *const version = dnnl_version();
    (void)snprintf(text, bytes, "%d.%d.%d, %s", version->major, version->minor, version->patch,
                   dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa()));
}

const yardstick yardstick_onednn = {
    .name = "oneDNN",
    .open = open_convolution,
    .run = run_convolution,
    .collect = collect_convolution,
    .close = close_convolution,
    .describe = describe_onednn,
};
