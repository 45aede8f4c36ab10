// SPDX-License-Identifier: Apache-2.0
// Private to kernel: what an instruction set adds to the matrix product, and the block sizes that do not
// depend on it. A level supplies one mote_tile; packing, blocking and threads are in portable/product.c.
#ifndef MOTE_KERNEL_TILE_H
#define MOTE_KERNEL_TILE_H

#include "kernel/image.h"
#include "kernel/product.h"

#include <stdbool.h>
#include <stdint.h>

/// No level's tile is larger.
#define MOTE_TILE_ROWS_MAX    16U
#define MOTE_TILE_COLUMNS_MAX 32U

/// Sums over scattered terms of the left factor: out[r * out_step + place(c)] (+)= sum over k < depth of
/// rows[r][offsets[k]] * right[k * columns + c]. `columns` is tile.columns or half of it; place(c) is c, from half of
/// tile.columns on half_step more.
typedef struct mote_gather {
    const mote_real *rows[MOTE_TILE_ROWS_MAX];
    const uint32_t *offsets;
    const mote_real *right;
    size_t depth, columns;
    mote_real *out;
    size_t out_step, half_step;
    bool add;
} mote_gather;

/// A term of sums of which both factors are scattered: its place in a row of the left factor, and that of its columns.
typedef struct mote_term {
    uint32_t left, right;
} mote_term;

/// Sums over such terms: out[r * out_step + place(c)] (+)= sum over k < depth of
/// left[r * left_step + terms[k].left] * right[half][terms[k].right + c in half] (+ biases[r], last). All of
/// tile.columns are made; place(c) is c, from half of them on half_step more.
typedef struct mote_spread {
    const mote_real *left;
    size_t left_step;
    const mote_term *terms;
    const mote_real *right[2]; // of the halves
    size_t depth;
    mote_real *out;
    size_t out_step, half_step;
    bool add;
    const mote_real *biases; // or NULL
} mote_spread;

typedef struct mote_tile {
    size_t rows, columns; // of the largest tile
    /// out[r][c] (+)= sum over k < depth of left[k * rows + r] * right[k * columns + c], each sum by fused
    /// multiply-add from zero, k ascending. 1 <= rows <= tile.rows; all of tile.columns are made.
    void (*run)(size_t rows, size_t depth, const mote_real *left, const mote_real *right,
                mote_real *out, size_t out_step, bool add);
    size_t gather_rows; // most rows of `gather`
    void (*gather)(size_t rows, const mote_gather *sums);
    size_t spread_rows; // most rows of `spread`
    void (*spread)(size_t rows, const mote_spread *sums);
    /// to[k * to_step + lane] = from[lane * from_step + k]
    void (*transpose)(size_t lanes, size_t depth, const mote_real *from, size_t from_step,
                      mote_real *to, size_t to_step);
} mote_tile;

/// One a level.
extern const mote_tile mote_tile_scalar;
extern const mote_tile mote_tile_avx2;
extern const mote_tile mote_tile_avx512;
extern const mote_tile mote_tile_neon;

/// How a product is cut. Sizes in elements.
typedef struct mote_product_blocks {
    size_t group;             // terms of a group; the depth where there is one group
    size_t segment_depth;     // terms of a sum that is added as a whole: a block or a smaller group
    size_t chunk_depth;       // terms packed at once: whole segments
    size_t rows;              // left rows packed at once
    size_t columns;           // worked before the next rows
    bool group_has_blocks;    // several blocks a group: their sums are collected apart
    size_t left, right, sums; // elements of the parts of a task's scratch, in this order
    size_t slice_bytes;       // of a task's scratch
} mote_product_blocks;

/// The scratch suffices for a turned product, too.
mote_product_blocks mote_product_cut(const mote_product *product);

/// The same product as it is made: 1x1 convolutions over one long row, their gradient from the side that is packed
/// faster.
mote_product mote_product_simplify(const mote_product *product);

/// Whether so few columns leave much of a tile empty that the product is better made turned: by the shape alone.
bool mote_product_turns(const mote_product *product);

/// The same sums with rows and columns exchanged: row_step is 1 and columns lie apart.
mote_product mote_product_turn(const mote_product *product);

/// How the gradient of a convolution's weights is cut, see portable/product_taps.c. Sizes in elements.
typedef struct mote_taps_blocks {
    size_t chunk;         // positions worked at once: whole groups, or blocks of one group
    size_t taps, filters; // worked before the next positions
    mote_image image;
    size_t panel, offsets, copy, sums, group_sums; // elements of the parts of a task's scratch
    size_t slice_bytes;
} mote_taps_blocks;

mote_taps_blocks mote_taps_cut(const mote_product *product);

/// How a product of weights with positions x taps is cut where the image is read in place, see
/// portable/product_positions.c. Sizes in elements.
typedef struct mote_positions_blocks {
    size_t chunk; // positions worked at once
    mote_image image;
    size_t panel, copy, taps, terms; // elements of the parts of a task's scratch
    size_t slice_bytes;
} mote_positions_blocks;

/// Whether the product is such a one; the image has no gaps.
bool mote_positions_fit(const mote_product *product, mote_positions_blocks *cut);

/// The same where the image has gaps, see portable/product_phases.c.
typedef struct mote_phases_blocks {
    mote_phase_axis axes[2]; // rows, columns
    mote_patches joint;      // of all phases
    size_t chunk;            // positions of a phase worked at once
    size_t rows;             // worked at once
    mote_image image;
    size_t panel, sums, copy, taps, starts, terms; // elements of the parts of a task's scratch
    size_t slice_bytes;
} mote_phases_blocks;

bool mote_phases_fit(const mote_product *product, mote_phases_blocks *cut);

/// Tasks the product is worth on so many threads.
size_t mote_product_task_count(const mote_product *product, size_t thread_count);

#endif
