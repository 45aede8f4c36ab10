// SPDX-License-Identifier: Apache-2.0
// In the place of jpeg.c in a build without libjpeg.
#include "data/image.h"

mote_status mote_jpeg_decode(mote_image_file *file, mote_arena *arena, mote_image *image)
{
    (void)arena;
    (void)image;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                      "'%s' cannot be read: this build of mote is without libjpeg", file->path);
}
