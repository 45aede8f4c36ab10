// SPDX-License-Identifier: Apache-2.0
// A task is some heads of some samples. Sums over queries, for keys and values, are cut where products cut theirs:
// blocks of queries are as long as blocks of k, and their sums are added ascending.
#include "layer/attention.h"

#include "base/size.h"

#include <math.h>
#include <string.h>

#define BLOCK ((size_t)MOTE_PRODUCT_BLOCK)

typedef struct attention_call {
    const mote_attention *attention;
    const mote_layer_run *run;
    const mote_attention_tensors *tensors;
    size_t slice_bytes; // of a task's scratch
    void (*function)(const struct attention_call *call, size_t index, unsigned char *scratch);
} attention_call;

/// One head of one sample.
typedef struct head {
    const mote_attention *attention;
    const mote_layer_run *run;
    size_t index;         // of the run's heads
    size_t queries, keys; // that take part
    size_t key_step;      // from a query or key to the next
    size_t value_step;    // from a value or context to the next
    mote_real *query, *key, *value;
    void *product_scratch;
} head;

/// Some queries, and the keys that the last of them sees. Rows of probabilities have that many.
typedef struct block {
    size_t first, rows, keys;
} block;

size_t mote_attention_query_count(const mote_attention *attention, const int32_t *lengths,
                                  size_t sample)
{
    return lengths && attention->masks_queries ? (size_t)lengths[sample] : attention->queries;
}

static head find_head(const attention_call *call, size_t index, void *product_scratch)
{
    const mote_attention *const attention = call->attention;
    const mote_attention_tensors *const tensors = call->tensors;
    const size_t sample = index / attention->heads;
    const size_t number = index % attention->heads;
    head h = {
        .attention = attention,
        .run = call->run,
        .index = index,
        .queries = mote_attention_query_count(attention, tensors->lengths, sample),
        .keys = tensors->lengths ? (size_t)tensors->lengths[sample] : attention->keys,
        .key_step = attention->heads * attention->key_width,
        .value_step = attention->heads * attention->value_width,
        .product_scratch = product_scratch,
    };
    const size_t in_row = number * attention->key_width;
    h.query = tensors->query + sample * attention->queries * h.key_step + in_row;
    h.key = tensors->key + sample * attention->keys * h.key_step + in_row;
    h.value =
        tensors->value + sample * attention->keys * h.value_step + number * attention->value_width;
    return h;
}

/// Where the context of the head's first query would lie among rows of `step` elements.
static size_t context_place(const head *h)
{
    const size_t heads = h->attention->heads;
    return h->index / heads * h->attention->queries * h->value_step +
           h->index % heads * h->attention->value_width;
}

static mote_real get_scale(const mote_attention *attention)
{
    return (mote_real)(1.0 / sqrt((double)attention->key_width));
}

static size_t count_keys(const head *h, size_t query)
{
    return h->attention->causal ? mote_size_min(query + 1, h->keys) : h->keys;
}

static block make_block(const head *h, size_t first)
{
    const size_t rows = mote_size_min(h->queries - first, BLOCK);
    return (block){.first = first, .rows = rows, .keys = count_keys(h, first + rows - 1)};
}

// Products, without their data.

/// Rows that lie `step` apart, as a factor whose k runs along them, or from row to row.
static mote_factor along(size_t step)
{
    return (mote_factor){.outer = {.step = step}, .inner = {.step = 1}};
}

static mote_factor across(size_t step)
{
    return (mote_factor){.outer = {.step = 1}, .inner = {.step = step}};
}

static mote_product make_product(size_t rows, size_t columns, size_t depth, size_t row_step)
{
    return (mote_product){
        .rows = rows,
        .columns = columns,
        .depth = depth,
        .row_step = row_step,
        .column_axis = {.step = 1},
    };
}

static void run_product(const head *h, mote_product *product, const mote_real *left,
                        const mote_real *right, mote_real *out)
{
    product->left.data = left;
    product->right.data = right;
    product->out = out;
    h->run->kernels->product(product, NULL, h->product_scratch);
}

static void scale_rows(const head *h, size_t first, size_t rows)
{
    const mote_real scale = get_scale(h->attention);
    for (size_t row = first; row < first + rows; row++) {
        mote_real *const query = h->query + row * h->key_step;
        h->run->kernels->scale(h->attention->key_width, scale, query, query);
    }
}

static void clear_rows(mote_real *rows, size_t first, size_t end, size_t step, size_t width)
{
    for (size_t row = first; row < end; row++)
        memset(rows + row * step, 0, width * sizeof *rows);
}

/// The probabilities of a block.
static void weigh(const head *h, const block *b, mote_real *p)
{
    mote_product scores = make_product(b->rows, b->keys, h->attention->key_width, b->keys);
    scores.left = along(h->key_step);
    scores.right = along(h->key_step);
    run_product(h, &scores, h->query + b->first * h->key_step, h->key, p);
    for (size_t row = 0; row < b->rows; row++) {
        mote_real *const x = p + row * b->keys;
        const size_t keys = count_keys(h, b->first + row);
        h->run->kernels->softmax(keys, x, x);
        memset(x + keys, 0, (b->keys - keys) * sizeof *x);
    }
}

static bool drops(const head *h)
{
    return h->run->training && h->attention->dropout_rate > 0;
}

/// An element's random number is that of its place in [sample][head][query][key] of the step's batch.
static void drop(const head *h, const block *b, const mote_real *from, mote_real *to)
{
    const mote_attention *const attention = h->attention;
    mote_dropout dropout = {
        .key = h->run->random,
        .threshold = (uint32_t)(attention->dropout_rate * 0x1p32),
        .scale = (mote_real)(1.0 / (1.0 - attention->dropout_rate)),
    };
    const uint64_t before = (uint64_t)h->run->first_sample * attention->heads;
    for (size_t row = 0; row < b->rows; row++) {
        const size_t place = row * b->keys;
        dropout.first =
            ((before + h->index) * attention->queries + b->first + row) * attention->keys;
        h->run->kernels->dropout(&dropout, b->keys, from + place, to + place);
    }
}

/// Where the parts of a task's scratch begin, in bytes.
typedef struct scratch_layout {
    size_t bytes;
    size_t p, dp, dropped;     // [queries of a block][keys]
    size_t dcontext;           // [queries of a block][value_width]
    size_t dkey, dvalue, part; // [keys][width]; the last of one block
    size_t product;
} scratch_layout;

typedef struct head_scratch {
    mote_real *p, *dp, *dropped, *dcontext, *dkey, *dvalue, *part;
} head_scratch;

static size_t add_part(scratch_layout *layout, size_t bytes)
{
    const size_t place = layout->bytes;
    layout->bytes += mote_size_align(bytes, MOTE_ALIGNMENT);
    return place;
}

static mote_real *get_part(unsigned char *memory, size_t place)
{
    return (mote_real *)(void *)(memory + place);
}

static size_t get_product_bytes(const mote_product *products, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes = mote_size_max(bytes, mote_product_scratch_bytes(&products[i], 1));
    return bytes;
}

#define FORWARD_PRODUCTS  2U
#define BACKWARD_PRODUCTS 6U

/// Of one block of queries.
typedef struct block_products {
    mote_product forward[FORWARD_PRODUCTS], backward[BACKWARD_PRODUCTS];
} block_products;

static block_products list_products(const mote_attention *attention)
{
    const size_t queries = mote_size_min(attention->queries, BLOCK);
    const size_t keys = attention->keys;
    const size_t key_width = attention->key_width;
    const size_t value_width = attention->value_width;
    return (block_products){
        .forward =
            {
                make_product(queries, keys, key_width, keys),
                make_product(queries, value_width, keys, 0),
            },
        .backward =
            {
                make_product(queries, keys, key_width, 0),
                make_product(queries, value_width, attention->output_width, 0),
                make_product(keys, value_width, queries, 0),
                make_product(queries, keys, value_width, 0),
                make_product(keys, key_width, queries, 0),
                make_product(queries, key_width, keys, 0),
            },
    };
}

static scratch_layout lay_out_forward(const mote_attention *attention)
{
    const size_t queries = mote_size_min(attention->queries, BLOCK);
    const block_products products = list_products(attention);
    scratch_layout layout = {.bytes = 0};
    layout.p = add_part(&layout, queries * attention->keys * sizeof(mote_real));
    layout.product = add_part(&layout, get_product_bytes(products.forward, FORWARD_PRODUCTS));
    return layout;
}

static scratch_layout lay_out_backward(const mote_attention *attention)
{
    const size_t queries = mote_size_min(attention->queries, BLOCK);
    const size_t keys = attention->keys;
    const size_t key_width = attention->key_width;
    const size_t value_width = attention->value_width;
    const block_products products = list_products(attention);
    const size_t block_bytes = queries * keys * sizeof(mote_real);
    const size_t widest = mote_size_max(key_width, value_width);
    scratch_layout layout = {.bytes = 0};
    layout.p = add_part(&layout, block_bytes);
    layout.dp = add_part(&layout, block_bytes);
    layout.dropped = add_part(&layout, attention->dropout_rate > 0 ? block_bytes : 0);
    layout.dcontext = add_part(&layout, queries * value_width * sizeof(mote_real));
    layout.dkey = add_part(&layout, keys * key_width * sizeof(mote_real));
    layout.dvalue = add_part(&layout, keys * value_width * sizeof(mote_real));
    layout.part =
        add_part(&layout, attention->queries > BLOCK ? keys * widest * sizeof(mote_real) : 0);
    layout.product = add_part(&layout, get_product_bytes(products.backward, BACKWARD_PRODUCTS));
    return layout;
}

static head_scratch get_scratch(const scratch_layout *layout, unsigned char *memory)
{
    return (head_scratch){
        .p = get_part(memory, layout->p),
        .dp = get_part(memory, layout->dp),
        .dropped = get_part(memory, layout->dropped),
        .dcontext = get_part(memory, layout->dcontext),
        .dkey = get_part(memory, layout->dkey),
        .dvalue = get_part(memory, layout->dvalue),
        .part = get_part(memory, layout->part),
    };
}

/// Of query and key that meet.
static double count_pairs(const mote_attention *attention)
{
    const double queries = (double)attention->queries;
    const double keys = (double)attention->keys;
    const double triangle = (double)mote_size_min(attention->queries, attention->keys);
    // a causal query sees one key more than the one before, until there are no more
    return attention->causal ? triangle * (triangle + 1.0) / 2.0 + (queries - triangle) * keys
                             : queries * keys;
}

double mote_attention_work(const mote_attention *attention)
{
    return (double)attention->heads * count_pairs(attention) *
           (double)(attention->key_width + attention->value_width);
}

void mote_attention_effort(mote_setup *setup, const mote_attention *attention, unsigned backward)
{
    const double heads = (double)setup->batch * (double)attention->heads;
    const double pairs = count_pairs(attention);
    const size_t queries = mote_size_min(attention->queries, BLOCK);
    const double blocks = heads * pairs / ((double)queries * (double)attention->keys);
    const block_products products = list_products(attention);
    for (size_t i = 0; i < FORWARD_PRODUCTS; i++)
        mote_setup_products(setup, MOTE_PHASE_FORWARD, &products.forward[i], blocks);
    for (size_t i = 0; i < BACKWARD_PRODUCTS; i++)
        mote_setup_products(setup, backward, &products.backward[i], blocks);
    mote_setup_effort(setup, MOTE_PHASE_FORWARD | backward, MOTE_EFFORT_FUNCTION, heads * pairs);
}

size_t mote_attention_forward_scratch(const mote_attention *attention, size_t thread_count)
{
    return lay_out_forward(attention).bytes * thread_count;
}

size_t mote_attention_backward_scratch(const mote_attention *attention, size_t thread_count)
{
    return lay_out_backward(attention).bytes * thread_count;
}

static void run_heads(void *argument, size_t task, size_t task_count)
{
    const attention_call *const call = argument;
    unsigned char *const scratch = (unsigned char *)call->run->scratch + task * call->slice_bytes;
    size_t index = 0;
    const size_t count =
        mote_parallel_part(call->run->batch * call->attention->heads, task, task_count, &index);
    for (const size_t end = index + count; index < end; index++)
        call->function(call, index, scratch);
}

static void run_call(attention_call *call)
{
    const mote_attention *const attention = call->attention;
    const size_t heads = call->run->batch * attention->heads;
    const size_t work = heads * attention->queries * attention->keys;
    const size_t tasks = mote_parallel_task_count(call->run->parallel, work, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(call->run->parallel, run_heads, call, mote_size_min(tasks, heads));
}

static void forward_head(const attention_call *call, size_t index, unsigned char *memory)
{
    const mote_attention *const attention = call->attention;
    const scratch_layout layout = lay_out_forward(attention);
    const head h = find_head(call, index, memory + layout.product);
    mote_real *const p = get_part(memory, layout.p);
    mote_real *const context = call->tensors->context + context_place(&h);
    scale_rows(&h, 0, attention->queries);
    for (size_t first = 0; first < h.queries; first += BLOCK) {
        const block b = make_block(&h, first);
        weigh(&h, &b, p);
        if (drops(&h))
            drop(&h, &b, p, p);
        mote_product product = make_product(b.rows, attention->value_width, b.keys, h.value_step);
        product.left = along(b.keys);
        product.right = across(h.value_step);
        run_product(&h, &product, p, h.value, context + first * h.value_step);
    }
    clear_rows(context, h.queries, attention->queries, h.value_step, attention->value_width);
}

void mote_attention_forward(const mote_attention *attention, const mote_layer_run *run,
                            const mote_attention_tensors *tensors)
{
    attention_call call = {
        .attention = attention,
        .run = run,
        .tensors = tensors,
        .slice_bytes = lay_out_forward(attention).bytes,
        .function = forward_head,
    };
    run_call(&call);
}

static void derive_contexts(const attention_call *call, const head *h, const block *b,
                            const head_scratch *scratch)
{
    const mote_attention *const attention = call->attention;
    const size_t sample = h->index / attention->heads;
    const size_t row = sample * attention->queries + b->first;
    mote_product product = make_product(b->rows, attention->value_width, attention->output_width,
                                        attention->value_width);
    product.left = along(attention->output_width);
    product.right = across(h->value_step);
    run_product(h, &product, call->tensors->dy + row * attention->output_width,
                call->tensors->output_weight + h->index % attention->heads * attention->value_width,
                scratch->dcontext);
}

/// Rows of a block's queries.
typedef struct query_rows {
    const mote_real *data;
    size_t step, width;
} query_rows;

/// Adds to sums[key] the block's sum over queries of p[query][key] * rows[query]; the first one is stored.
static void add_queries(const head *h, const block *b, const mote_real *p, query_rows rows,
                        mote_real *part, mote_real *sums)
{
    const size_t width = rows.width;
    const size_t before = b->first == 0 ? 0 : count_keys(h, b->first - 1);
    mote_product product = make_product(b->keys, width, b->rows, width);
    product.left = across(b->keys);
    product.right = across(rows.step);
    run_product(h, &product, p, rows.data, before == 0 ? sums : part);
    if (before == 0)
        return;
    h->run->kernels->add(before * width, sums, part, sums);
    memcpy(sums + before * width, part + before * width, (b->keys - before) * width * sizeof *sums);
}

/// Derivatives by the scores.
static void derive_scores(const head *h, const block *b, const head_scratch *scratch)
{
    mote_product product = make_product(b->rows, b->keys, h->attention->value_width, b->keys);
    product.left = along(h->attention->value_width);
    product.right = along(h->value_step);
    run_product(h, &product, scratch->dcontext, h->value, scratch->dp);
    if (drops(h))
        drop(h, b, scratch->dp, scratch->dp);
    for (size_t row = 0; row < b->rows; row++) {
        const mote_real *const p = scratch->p + row * b->keys;
        mote_real *const dp = scratch->dp + row * b->keys;
        h->run->kernels->softmax_derivative(b->keys, p, dp, dp);
    }
}

/// Over the block's queries, which nobody reads any more.
static void derive_queries(const head *h, const block *b, const head_scratch *scratch)
{
    mote_product product = make_product(b->rows, h->attention->key_width, b->keys, h->key_step);
    product.left = along(b->keys);
    product.right = across(h->key_step);
    run_product(h, &product, scratch->dp, h->key, h->query + b->first * h->key_step);
    scale_rows(h, b->first, b->rows);
}

static void copy_rows(const mote_real *from, size_t rows, size_t width, size_t step, mote_real *to)
{
    for (size_t row = 0; row < rows; row++)
        memcpy(to + row * step, from + row * width, width * sizeof *to);
}

static void backward_head(const attention_call *call, size_t index, unsigned char *memory)
{
    const mote_attention *const attention = call->attention;
    const size_t key_width = attention->key_width;
    const size_t value_width = attention->value_width;
    const scratch_layout layout = lay_out_backward(attention);
    const head_scratch scratch = get_scratch(&layout, memory);
    const head h = find_head(call, index, memory + layout.product);
    for (size_t first = 0; first < h.queries; first += BLOCK) {
        const block b = make_block(&h, first);
        weigh(&h, &b, scratch.p);
        derive_contexts(call, &h, &b, &scratch);
        if (drops(&h))
            drop(&h, &b, scratch.p, scratch.dropped);
        const query_rows contexts = {scratch.dcontext, value_width, value_width};
        add_queries(&h, &b, drops(&h) ? scratch.dropped : scratch.p, contexts, scratch.part,
                    scratch.dvalue);
        derive_scores(&h, &b, &scratch);
        const query_rows queries = {h.query + first * h.key_step, h.key_step, key_width};
        add_queries(&h, &b, scratch.dp, queries, scratch.part, scratch.dkey);
        derive_queries(&h, &b, &scratch);
    }
    copy_rows(scratch.dkey, h.keys, key_width, h.key_step, h.key);
    copy_rows(scratch.dvalue, h.keys, value_width, h.value_step, h.value);
    clear_rows(h.key, h.keys, attention->keys, h.key_step, key_width);
    clear_rows(h.value, h.keys, attention->keys, h.value_step, value_width);
    clear_rows(h.query, h.queries, attention->queries, h.key_step, key_width);
}

void mote_attention_backward(const mote_attention *attention, const mote_layer_run *run,
                             const mote_attention_tensors *tensors)
{
    attention_call call = {
        .attention = attention,
        .run = run,
        .tensors = tensors,
        .slice_bytes = lay_out_backward(attention).bytes,
        .function = backward_head,
    };
    run_call(&call);
}
