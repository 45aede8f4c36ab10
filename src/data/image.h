// SPDX-License-Identifier: Apache-2.0
// Private to data: image files as pixels, and pixels as samples of a network.
#ifndef MOTE_DATA_IMAGE_H
#define MOTE_DATA_IMAGE_H

#include "base/arena.h"
#include "base/property.h"
#include "tensor/tensor.h"

#include <stdint.h>

/// Larger images are refused: a small file can claim to be of any size.
#define MOTE_IMAGE_PIXELS_MAX (32U << 20U)

/// A file in memory.
typedef struct mote_image_file {
    const char *path;
    unsigned char *bytes; // decoders may move them about
    size_t count;
} mote_image_file;

typedef struct mote_image {
    const char *kind; // in words: "8-bit grey"
    size_t width, height;
    size_t channels;       // 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
    bool is_plain;         // 8-bit grey without transparency
    unsigned char *pixels; // row by row, channels together, 8 bits each; alpha is not multiplied in
} mote_image;

/// Decodes a file into pixels that live in `arena`, as they are to be seen: upright, by the orientation that a
/// camera wrote. PNG of all kinds, JPEG grey and colour; what else there is is refused by name. Raises
/// MOTE_ERROR_IO, MOTE_ERROR_FORMAT, MOTE_ERROR_UNSUPPORTED. May allocate.
mote_status mote_image_decode(const char *path, mote_arena *arena,
                              mote_image *image) MOTE_MUST_CHECK;

/// Width and height are not 0 and together at most MOTE_IMAGE_PIXELS_MAX.
mote_status mote_image_check_size(const char *path, uint64_t width,
                                  uint64_t height) MOTE_MUST_CHECK;

/// The decoders; MOTE_ERROR_UNSUPPORTED in a build without their libraries.
mote_status mote_png_decode(mote_image_file *file, mote_arena *arena,
                            mote_image *image) MOTE_MUST_CHECK;
mote_status mote_jpeg_decode(mote_image_file *file, mote_arena *arena,
                             mote_image *image) MOTE_MUST_CHECK;

/// Orientation 1 to 8 of the EXIF block `bytes` (that begins with "Exif"); 1 where it says none.
unsigned mote_exif_orientation(const unsigned char *bytes, size_t count);

/// Turns and mirrors the pixels so that they are upright.
mote_status mote_image_turn(mote_image *image, unsigned orientation,
                            mote_arena *arena) MOTE_MUST_CHECK;

enum {
    MOTE_IMAGE_FIT_CROP,
    MOTE_IMAGE_FIT_STRETCH,
};

/// How an image becomes a sample: fitted to the network's input as bytes, then (byte * scale - mean) / std by
/// channel.
typedef struct mote_image_settings {
    uint32_t fit;
    uint32_t background; // behind transparent pixels: row of its choices
    double scale;
    mote_property_reals mean, std; // one value, or one a channel
} mote_image_settings;

extern const char *const mote_image_fit_names[];
extern const char *const mote_image_background_names[];

/// Rows of a table whose state holds mote_image_settings at `base`.
#define MOTE_IMAGE_ROWS(base)                                                                    \
    {.name = "fit",                                                                              \
     .kind = MOTE_PROPERTY_CHOICE,                                                               \
     .initial = "crop",                                                                          \
     .choices = mote_image_fit_names,                                                            \
     .offset = (base) + offsetof(mote_image_settings, fit),                                      \
     .help = "crop: scaled to cover the input, what stands out is cut off; stretch: both sides " \
             "scaled by themselves"},                                                            \
        {.name = "background",                                                                   \
         .kind = MOTE_PROPERTY_CHOICE,                                                           \
         .initial = "white",                                                                     \
         .choices = mote_image_background_names,                                                 \
         .offset = (base) + offsetof(mote_image_settings, background),                           \
         .help = "what is seen through transparent pixels"},                                     \
        {.name = "scale",                                                                        \
         .kind = MOTE_PROPERTY_REAL,                                                             \
         .initial = "0.00392156862745098",                                                       \
         .minimum = 1e-30,                                                                       \
         .maximum = 1e30,                                                                        \
         .offset = (base) + offsetof(mote_image_settings, scale),                                \
         .help = "factor of bytes; the default is 1/255"},                                       \
        {.name = "mean",                                                                         \
         .kind = MOTE_PROPERTY_REALS,                                                            \
         .initial = "0",                                                                         \
         .minimum = -1e30,                                                                       \
         .maximum = 1e30,                                                                        \
         .count_minimum = 1,                                                                     \
         .count_maximum = 3,                                                                     \
         .offset = (base) + offsetof(mote_image_settings, mean),                                 \
         .help = "taken from scaled values: one number, or one a channel"},                      \
    {                                                                                            \
        .name = "std", .kind = MOTE_PROPERTY_REALS, .initial = "1", .minimum = 1e-30,            \
        .maximum = 1e30, .count_minimum = 1, .count_maximum = 3,                                 \
        .offset = (base) + offsetof(mote_image_settings, std),                                   \
        .help = "divides values after that: one number, or one a channel",                       \
    }

/// Fits an image to channels:height:width (1 or 3 channels) as bytes, plane after plane. Sides are scaled by a
/// triangle filter as wide as the pixels it makes, so that nothing is left out when images are made smaller; an
/// image of the right size stays as it is. Grey is 0.299 R + 0.587 G + 0.114 B.
mote_status mote_image_fit(const mote_image *image, const mote_image_settings *settings,
                           const mote_shape *shape, mote_arena *scratch,
                           unsigned char *planes) MOTE_MUST_CHECK;

/// Scales and normalizes elements [first, +count) of a sample of `shape`, in place.
void mote_image_normalize(const mote_image_settings *settings, const mote_shape *shape,
                          size_t first, size_t count, mote_real *values);

/// The settings as a text to be saved with weights, and back. A text of another kind of data raises
/// MOTE_ERROR_FORMAT.
mote_status mote_image_settings_write(const mote_image_settings *settings, mote_arena *arena,
                                      const char **text) MOTE_MUST_CHECK;
mote_status mote_image_settings_read(const char *text, mote_arena *arena,
                                     mote_image_settings *settings) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_UNSUPPORTED unless the shape is 1 or 3:height:width.
mote_status mote_image_check_shape(const mote_shape *shape, const char *what) MOTE_MUST_CHECK;

#endif
