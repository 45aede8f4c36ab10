// SPDX-License-Identifier: Apache-2.0
// In the place of png.c in a build without libpng.
#include "data/data.h"

mote_status mote_image_read_png(const char *path, const mote_tensor_spec *spec, double scale,
                                mote_real *values)
{
    (void)spec;
    (void)scale;
    (void)values;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                      "'%s' cannot be read: this build of mote is without libpng", path);
}
