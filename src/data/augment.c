// SPDX-License-Identifier: Apache-2.0
// Of a sample's random words, 0 and 1 decide about flips, 2 and 3 about the shift, 4 to 6 about size and place of
// the window. Only + - * and floor are used, so that the bits are the same everywhere.
#include "data/augment.h"

#include "base/hash.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define WORDS 8U

typedef struct plane {
    size_t height, width;
} plane;

bool mote_augmentation_is_on(const mote_augmentation *augmentation)
{
    return augmentation->flip != MOTE_FLIP_NONE || augmentation->shift > 0.0 ||
           augmentation->crop < 1.0 || augmentation->noise > 0.0;
}

/// (word + 0.5) / 2^32
static double uniform(uint32_t word)
{
    return ((double)word + 0.5) * 0x1p-32;
}

static void flip_columns(const plane *p, mote_real *values)
{
    for (size_t y = 0; y < p->height; y++) {
        mote_real *const row = values + y * p->width;
        for (size_t x = 0; x < p->width / 2; x++) {
            const mote_real value = row[x];
            row[x] = row[p->width - 1 - x];
            row[p->width - 1 - x] = value;
        }
    }
}

static void flip_rows(const plane *p, mote_real *values)
{
    for (size_t y = 0; y < p->height / 2; y++) {
        mote_real *const above = values + y * p->width;
        mote_real *const below = values + (p->height - 1 - y) * p->width;
        for (size_t x = 0; x < p->width; x++) {
            const mote_real value = above[x];
            above[x] = below[x];
            below[x] = value;
        }
    }
}

/// Moves `count` values by `by` places, at most count; zeroes come in.
static void move(mote_real *values, size_t count, ptrdiff_t by)
{
    const size_t places = (size_t)(by < 0 ? -by : by);
    const size_t kept = count - places;
    mote_real *const gap = by < 0 ? values + kept : values;
    memmove(by < 0 ? values : values + places, by < 0 ? values + places : values,
            kept * sizeof *values);
    memset(gap, 0, places * sizeof *values);
}

/// A shift of at most `share` of `size`, either way.
static ptrdiff_t draw_shift(double share, size_t size, uint32_t word)
{
    const uint64_t most = (uint64_t)floor(share * (double)size);
    const uint64_t drawn = (uint64_t)floor(uniform(word) * (double)(2 * most + 1));
    return (ptrdiff_t)drawn - (ptrdiff_t)most;
}

static void shift_plane(const plane *p, ptrdiff_t down, ptrdiff_t right, mote_real *values)
{
    for (size_t y = 0; right != 0 && y < p->height; y++)
        move(values + y * p->width, p->width, right);
    if (down != 0)
        move(values, p->height * p->width, down * (ptrdiff_t)p->width);
}

/// A window of the plane: side lengths are `share` of the plane's.
typedef struct window {
    double share, top, left;
} window;

/// The two places between which `place` lies, inside 0 .. size - 1, and how far it is from the first.
static double neighbours(double place, size_t size, size_t pair[2])
{
    const double last = (double)(size - 1);
    const double inside = place < 0.0 ? 0.0 : place > last ? last : place;
    pair[0] = (size_t)floor(inside);
    pair[1] = pair[0] + 1 < size ? pair[0] + 1 : pair[0];
    return inside - (double)pair[0];
}

/// The window enlarged to the plane's size: bilinear, pixels are squares around their centres.
static void enlarge(const plane *p, const window *w, const mote_real *from, mote_real *to)
{
    for (size_t y = 0; y < p->height; y++) {
        size_t rows[2];
        const double down =
            neighbours(w->top + ((double)y + 0.5) * w->share - 0.5, p->height, rows);
        for (size_t x = 0; x < p->width; x++) {
            size_t columns[2];
            const double right =
                neighbours(w->left + ((double)x + 0.5) * w->share - 0.5, p->width, columns);
            const mote_real *const above = from + rows[0] * p->width;
            const mote_real *const below = from + rows[1] * p->width;
            const double upper =
                (1.0 - right) * (double)above[columns[0]] + right * (double)above[columns[1]];
            const double lower =
                (1.0 - right) * (double)below[columns[0]] + right * (double)below[columns[1]];
            to[y * p->width + x] = (mote_real)((1.0 - down) * upper + down * lower);
        }
    }
}

static void crop(const mote_augmentation *a, const plane *p, const uint32_t words[WORDS],
                 size_t channels, mote_real *scratch, mote_real *values)
{
    const size_t count = p->height * p->width;
    const double share = a->crop + (1.0 - a->crop) * uniform(words[4]);
    const window w = {.share = share,
                      .top = uniform(words[5]) * (1.0 - share) * (double)p->height,
                      .left = uniform(words[6]) * (1.0 - share) * (double)p->width};
    memcpy(scratch, values, channels * count * sizeof *values);
    for (size_t c = 0; c < channels; c++)
        enlarge(p, &w, scratch + c * count, values + c * count);
}

static bool flips(const mote_augmentation *a, mote_flip direction, uint32_t word)
{
    return (a->flip == MOTE_FLIP_BOTH || a->flip == direction) && (word & 1U) != 0;
}

static void add_noise(const mote_augmentation *a, const mote_augmented_sample *sample, size_t count,
                      mote_real *values)
{
    mote_random_key key = *sample->key;
    key.name = mote_hash_name("augmentation noise");
    key.time = (uint32_t)sample->port;
    for (size_t i = 0; i < count; i++) {
        const double drawn = mote_random_normal(&key, sample->number * count + i);
        values[i] = (mote_real)((double)values[i] + a->noise * drawn);
    }
}

void mote_augment(const mote_augmentation *augmentation, const mote_augmented_sample *sample,
                  const mote_shape *shape, mote_real *scratch, mote_real *values)
{
    assert(shape->rank == 3);
    const plane p = {.height = shape->dims[1], .width = shape->dims[2]};
    const size_t count = p.height * p.width;
    mote_random_key key = *sample->key;
    uint32_t words[WORDS];
    key.name = mote_hash_name("augmentation");
    key.time = 0;
    mote_random_block(&key, 2 * sample->number, words);
    mote_random_block(&key, 2 * sample->number + 1, words + 4);
    if (augmentation->crop < 1.0)
        crop(augmentation, &p, words, shape->dims[0], scratch, values);
    const ptrdiff_t down = draw_shift(augmentation->shift, p.height, words[2]);
    const ptrdiff_t right = draw_shift(augmentation->shift, p.width, words[3]);
    for (size_t c = 0; c < shape->dims[0]; c++) {
        if (flips(augmentation, MOTE_FLIP_HORIZONTAL, words[0]))
            flip_columns(&p, values + c * count);
        if (flips(augmentation, MOTE_FLIP_VERTICAL, words[1]))
            flip_rows(&p, values + c * count);
        shift_plane(&p, down, right, values + c * count);
    }
    if (augmentation->noise > 0.0)
        add_noise(augmentation, sample, shape->dims[0] * count, values);
}
