// SPDX-License-Identifier: Apache-2.0
// From pixels to the sample of a network: transparency and colours row by row, then both sides scaled, then
// rounded to bytes. All in double, in a fixed order: the same bytes on every machine.
#include "data/image.h"

#include "base/size.h"

#include <math.h>

#define CHANNELS_MAX 3U

const char *const mote_image_fit_names[] = {"crop", "stretch", NULL};
const char *const mote_image_background_names[] = {"white", "black", NULL};

/// Part of the image's side that is seen, in pixels, and how many pixels it becomes.
typedef struct side {
    double first, length;
    size_t pixels; // of the image
    size_t cells;  // of the sample
} side;

/// Weights of the pixels that make up one cell.
typedef struct taps {
    size_t first, count;
    double *weights;
} taps;

typedef struct fitter {
    const mote_image *image;
    double background; // a byte
    size_t channels;   // of the sample
    side across, down;
    double *row;  // one row of the image: channels together
    double *rows; // all rows of the image, scaled across: a row has `across.cells` pixels
    taps taps;
} fitter;

static double get_reach(const side *s)
{
    const double scale = s->length / (double)s->cells;
    return scale > 1.0 ? scale : 1.0;
}

/// A triangle around the cell's middle.
static void make_taps(const side *s, size_t cell, taps *t)
{
    const double scale = s->length / (double)s->cells;
    const double reach = get_reach(s);
    const double middle = s->first + ((double)cell + 0.5) * scale;
    const double low = floor(middle - reach);
    const double high = floor(middle + reach) + 1.0;
    t->first = low > 0 ? (size_t)low : 0;
    const size_t end = high < (double)s->pixels ? (size_t)high : s->pixels;
    t->count = end - t->first;
    double sum = 0;
    for (size_t i = 0; i < t->count; i++) {
        const double distance = fabs((double)(t->first + i) + 0.5 - middle);
        t->weights[i] = distance < reach ? 1.0 - distance / reach : 0.0;
        sum += t->weights[i];
    }
    for (size_t i = 0; i < t->count; i++)
        t->weights[i] /= sum;
}

/// Pixels that any cell of the side is made of, at most.
static size_t count_taps(const side *s)
{
    return (size_t)(2.0 * get_reach(s)) + 3;
}

static double blend(double value, double alpha, double background)
{
    return (value * alpha + background * (255.0 - alpha)) / 255.0;
}

static void read_pixel(const fitter *f, const unsigned char *pixel, double *values)
{
    const size_t channels = f->image->channels;
    const bool is_color = channels >= 3;
    const double alpha = channels % 2 == 0 ? (double)pixel[channels - 1] : 255.0;
    double color[CHANNELS_MAX];
    for (size_t c = 0; c < CHANNELS_MAX; c++)
        color[c] = blend((double)pixel[is_color ? c : 0], alpha, f->background);
    if (f->channels == 1) {
        values[0] = is_color ? 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] : color[0];
        return;
    }
    for (size_t c = 0; c < CHANNELS_MAX; c++)
        values[c] = color[c];
}

static void scale_across(fitter *f, size_t y)
{
    const mote_image *const image = f->image;
    const unsigned char *const pixels = image->pixels + y * image->width * image->channels;
    double *const to = f->rows + y * f->across.cells * f->channels;
    for (size_t x = 0; x < image->width; x++)
        read_pixel(f, pixels + x * image->channels, f->row + x * f->channels);
    for (size_t cell = 0; cell < f->across.cells; cell++) {
        make_taps(&f->across, cell, &f->taps);
        for (size_t c = 0; c < f->channels; c++) {
            double sum = 0;
            for (size_t i = 0; i < f->taps.count; i++)
                sum += f->taps.weights[i] * f->row[(f->taps.first + i) * f->channels + c];
            to[cell * f->channels + c] = sum;
        }
    }
}

static void scale_down(fitter *f, size_t cell, unsigned char *planes)
{
    const size_t width = f->across.cells;
    const size_t plane = width * f->down.cells;
    make_taps(&f->down, cell, &f->taps);
    for (size_t i = 0; i < width * f->channels; i++) {
        double sum = 0;
        for (size_t tap = 0; tap < f->taps.count; tap++)
            sum += f->taps.weights[tap] * f->rows[(f->taps.first + tap) * width * f->channels + i];
        const size_t x = i / f->channels;
        const size_t channel = i % f->channels;
        planes[channel * plane + cell * width + x] = (unsigned char)floor(sum + 0.5);
    }
}

static void place_sides(fitter *f, const mote_shape *shape, bool is_cropped)
{
    const double width = (double)f->image->width;
    const double height = (double)f->image->height;
    const double across = width / (double)shape->dims[2];
    const double down = height / (double)shape->dims[1];
    const double scale = across < down ? across : down;
    f->across = (side){.length = is_cropped ? scale * (double)shape->dims[2] : width,
                       .pixels = f->image->width,
                       .cells = shape->dims[2]};
    f->down = (side){.length = is_cropped ? scale * (double)shape->dims[1] : height,
                     .pixels = f->image->height,
                     .cells = shape->dims[1]};
    f->across.first = (width - f->across.length) / 2.0;
    f->down.first = (height - f->down.length) / 2.0;
}

mote_status mote_image_fit(const mote_image *image, const mote_image_settings *settings,
                           const mote_shape *shape, mote_arena *scratch, unsigned char *planes)
{
    fitter f = {.image = image,
                .background = settings->background == 0 ? 255.0 : 0.0,
                .channels = shape->dims[0]};
    place_sides(&f, shape, settings->fit == MOTE_IMAGE_FIT_CROP);
    const size_t tap_count = mote_size_max(count_taps(&f.across), count_taps(&f.down));
    MOTE_TRY(mote_arena_array(scratch, tap_count, sizeof(double), (void **)&f.taps.weights));
    MOTE_TRY(mote_arena_array(scratch, image->width * f.channels, sizeof(double), (void **)&f.row));
    MOTE_TRY(mote_arena_array(scratch, image->height, f.across.cells * f.channels * sizeof(double),
                              (void **)&f.rows));
    for (size_t y = 0; y < image->height; y++)
        scale_across(&f, y);
    for (size_t cell = 0; cell < f.down.cells; cell++)
        scale_down(&f, cell, planes);
    return MOTE_OK;
}

static double get_channel(const mote_property_reals *values, size_t channel)
{
    return values->values[channel < values->count ? channel : 0];
}

void mote_image_normalize(const mote_image_settings *settings, const mote_shape *shape,
                          size_t first, size_t count, mote_real *values)
{
    const size_t plane = shape->dims[1] * shape->dims[2];
    for (size_t i = 0; i < count; i++) {
        const size_t channel = (first + i) / plane;
        const mote_real mean = (mote_real)get_channel(&settings->mean, channel);
        const mote_real std = (mote_real)get_channel(&settings->std, channel);
        values[i] = (values[i] - mean) / std;
    }
}
