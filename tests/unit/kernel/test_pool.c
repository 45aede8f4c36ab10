// SPDX-License-Identifier: Apache-2.0
// Pooling against its definition: padding, ties, overlapping windows, both widths of the index.
#include "levels.h"

#include <math.h>

#define MOST 2048U

static const mote_kernels *kernels(void)
{
    return level_table(MOTE_CPU_SCALAR);
}

static mote_window make_window(size_t height, size_t width, size_t kernel, size_t stride,
                               size_t pad)
{
    mote_window window = {
        .height = height,
        .width = width,
        .kernel_height = kernel,
        .kernel_width = kernel + 1,
        .stride_height = stride,
        .stride_width = stride,
        .pad_top = pad,
        .pad_left = pad,
    };
    window.out_height = (window.height + 2 * pad - window.kernel_height) / stride + 1;
    window.out_width = (window.width + 2 * pad - window.kernel_width) / stride + 1;
    return window;
}

/// Calls `visit` for each cell of the plane in each window, outputs and cells ascending.
typedef void visit_cell(void *user, size_t output, size_t place_in_window, size_t cell);

static void visit_window(const mote_window *w, size_t output, visit_cell *visit, void *user)
{
    for (size_t place = 0; place < w->kernel_height * w->kernel_width; place++) {
        const size_t row = output / w->out_width * w->stride_height + place / w->kernel_width;
        const size_t column = output % w->out_width * w->stride_width + place % w->kernel_width;
        if (row >= w->pad_top && row - w->pad_top < w->height && column >= w->pad_left &&
            column - w->pad_left < w->width)
            visit(user, output, place, (row - w->pad_top) * w->width + column - w->pad_left);
    }
}

typedef struct found {
    const float *x;
    float maximum[MOST], sum[MOST];
    size_t place[MOST], cell[MOST], cells[MOST];
} found;

static void note_cell(void *user, size_t output, size_t place, size_t cell)
{
    found *const f = (found *)user;
    if (f->cells[output] == 0 || f->x[cell] > f->maximum[output]) {
        f->maximum[output] = f->x[cell];
        f->place[output] = place;
        f->cell[output] = cell;
    }
    f->sum[output] += f->x[cell];
    f->cells[output]++;
}

static void find_all(const mote_window *window, const float *x, found *f)
{
    memset(f, 0, sizeof *f);
    f->x = x;
    for (size_t output = 0; output < window->out_height * window->out_width; output++)
        visit_window(window, output, note_cell, f);
}

typedef struct pool_case {
    mote_window window;
    float x[MOST], y[MOST], dy[MOST], dx[MOST], expected[MOST];
    uint32_t index[MOST];
    found right;
} pool_case;

static void start_case(pool_case *c, const mote_window *window, uint64_t seed)
{
    c->window = *window;
    for (size_t i = 0; i < window->height * window->width; i++)
        c->x[i] = (float)(next_word(&seed) % 7) - 3; // many ties
    for (size_t i = 0; i < MOST; i++) {
        c->dy[i] = next_float(&seed);
        c->dx[i] = NAN;
        c->expected[i] = 0;
    }
    find_all(window, c->x, &c->right);
}

static void for_each_case(void (*check)(pool_case *c))
{
    static pool_case c;
    const size_t windows[][5] = {
        {8, 11, 2, 2, 0},  {9, 12, 3, 1, 1},   {9, 12, 3, 2, 1}, {7, 10, 2, 3, 1},
        {5, 8, 5, 1, 0},   {20, 23, 17, 3, 9}, {1, 4, 1, 1, 0},  {4, 7, 1, 3, 0},
        {6, 170, 3, 1, 1}, {6, 300, 3, 2, 1},
    };
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        const size_t *of = windows[i];
        const mote_window window = make_window(of[0], of[1], of[2], of[3], of[4]);
        start_case(&c, &window, i);
        check(&c);
    }
}

static size_t out_count(const pool_case *c)
{
    return c->window.out_height * c->window.out_width;
}

static size_t index_at(const pool_case *c, size_t at)
{
    const size_t cells = c->window.kernel_height * c->window.kernel_width;
    return mote_window_index_bytes(cells) == 1 ? ((const unsigned char *)c->index)[at]
                                               : c->index[at];
}

static void check_maximum(pool_case *c)
{
    kernels()->max_pool(&c->window, c->x, c->y, c->index);
    for (size_t at = 0; at < out_count(c); at++) {
        assert_true(c->y[at] == c->right.maximum[at]);
        assert_int_equal(index_at(c, at), c->right.place[at]);
    }
}

static void a_maximum_is_the_first_of_its_window(void **state)
{
    (void)state;
    for_each_case(check_maximum);
}

static void check_maximum_derivative(pool_case *c)
{
    kernels()->max_pool(&c->window, c->x, c->y, c->index);
    kernels()->max_pool_derivative(&c->window, c->dy, c->index, c->dx);
    for (size_t at = 0; at < out_count(c); at++)
        c->expected[c->right.cell[at]] += c->dy[at];
    assert_memory_equal(c->dx, c->expected, c->window.height * c->window.width * sizeof(float));
}

static void the_derivative_goes_to_the_maximum_outputs_ascending(void **state)
{
    (void)state;
    for_each_case(check_maximum_derivative);
}

static void check_average(pool_case *c)
{
    kernels()->average_pool(&c->window, c->x, c->y);
    for (size_t at = 0; at < out_count(c); at++)
        assert_true(c->y[at] == c->right.sum[at] / (float)c->right.cells[at]);
}

static void an_average_counts_no_padding(void **state)
{
    (void)state;
    for_each_case(check_average);
}

static void add_share(void *user, size_t output, size_t place, size_t cell)
{
    (void)place;
    pool_case *const c = (pool_case *)user;
    c->expected[cell] += c->dy[output] / (float)c->right.cells[output];
}

static void check_average_derivative(pool_case *c)
{
    kernels()->average_pool_derivative(&c->window, c->dy, c->dx);
    for (size_t output = 0; output < out_count(c); output++)
        visit_window(&c->window, output, add_share, c);
    assert_memory_equal(c->dx, c->expected, c->window.height * c->window.width * sizeof(float));
}

static void the_derivative_of_an_average_is_shared_evenly(void **state)
{
    (void)state;
    for_each_case(check_average_derivative);
}

static void the_index_of_a_maximum_has_one_byte_up_to_256_cells(void **state)
{
    (void)state;
    assert_int_equal(mote_window_index_bytes(4), 1);
    assert_int_equal(mote_window_index_bytes(256), 1);
    assert_int_equal(mote_window_index_bytes(257), 4);
}

static void a_maximum_does_not_hide_what_is_not_a_number(void **state)
{
    (void)state;
    const mote_window window = make_window(2, 3, 2, 1, 0);
    for (size_t place = 0; place < 6; place++) {
        float x[6] = {1, 2, 3, 4, 5, 6};
        float y[1] = {0};
        unsigned char index[1] = {255};
        x[place] = NAN;
        kernels()->max_pool(&window, x, y, index);
        assert_true(isnan(y[0]));
        assert_int_equal(index[0], place);
    }
}

static void the_index_may_be_left_out(void **state)
{
    (void)state;
    const mote_window window = make_window(8, 11, 2, 2, 0);
    static pool_case c;
    start_case(&c, &window, 1);
    kernels()->max_pool(&window, c.x, c.y, NULL);
    for (size_t at = 0; at < out_count(&c); at++)
        assert_true(c.y[at] == c.right.maximum[at]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_maximum_is_the_first_of_its_window),
        cmocka_unit_test(the_derivative_goes_to_the_maximum_outputs_ascending),
        cmocka_unit_test(an_average_counts_no_padding),
        cmocka_unit_test(the_derivative_of_an_average_is_shared_evenly),
        cmocka_unit_test(the_index_of_a_maximum_has_one_byte_up_to_256_cells),
        cmocka_unit_test(a_maximum_does_not_hide_what_is_not_a_number),
        cmocka_unit_test(the_index_may_be_left_out),
    };
    return cmocka_run_group_tests_name("pooling", tests, NULL, NULL);
}
