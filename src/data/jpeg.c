// SPDX-License-Identifier: Apache-2.0
// JPEG images through libjpeg, with its exact integer transform: the same pixels on every machine. libjpeg reports
// errors by jumping out; warnings (a file that ends early) count as damage.
#include "data/image.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#define EXIF_MARKER      (JPEG_APP0 + 1)
#define MARKER_BYTES_MAX 65533U

/// Progressive images have about ten scans. Each goes through all pixels, and some bytes are enough for one.
#define SCANS_MAX 100

typedef struct jpeg_reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    mote_image_file *file;
    mote_arena *arena;
    mote_image *image;
    mote_status status; // what mote raised itself
    char message[JMSG_LENGTH_MAX];
} jpeg_reader;

static void stop(j_common_ptr jpeg)
{
    jpeg_reader *const r = jpeg->client_data;
    jpeg->err->format_message(jpeg, r->message);
    longjmp(r->jump, 1);
}

/// Level -1 is a warning; others are for tracing.
static void note(j_common_ptr jpeg, int level)
{
    if (level < 0)
        stop(jpeg);
}

/// Called again and again while scans are read.
static void check_scans(j_common_ptr jpeg)
{
    jpeg_reader *const r = jpeg->client_data;
    if (r->jpeg.input_scan_number <= SCANS_MAX)
        return;
    r->status = MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                           "'%s' is a JPEG image of more than %d scans; accepted are at most that "
                           "many",
                           r->file->path, SCANS_MAX);
    longjmp(r->jump, 1);
}

/// Arithmetic coding is refused: it makes any number of pixels of no bytes at all. Browsers do not read it either.
static mote_status describe(jpeg_reader *r)
{
    const J_COLOR_SPACE space = r->jpeg.jpeg_color_space;
    const bool is_grey = space == JCS_GRAYSCALE;
    if (space != JCS_GRAYSCALE && space != JCS_RGB && space != JCS_YCbCr) {
        return MOTE_RAISE(
            MOTE_ERROR_UNSUPPORTED,
            "'%s' is a JPEG image of %s; accepted are grey and colour (RGB, YCbCr)", r->file->path,
            space == JCS_CMYK || space == JCS_YCCK ? "printing inks (CMYK)" : "an unknown kind");
    }
    if (r->jpeg.arith_code)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "'%s' is a JPEG image with arithmetic coding; accepted is Huffman coding",
                          r->file->path);
    r->jpeg.out_color_space = is_grey ? JCS_GRAYSCALE : JCS_RGB;
    r->jpeg.dct_method = JDCT_ISLOW;
    *r->image = (mote_image){.kind = is_grey ? "8-bit grey" : "8-bit RGB",
                             .width = r->jpeg.image_width,
                             .height = r->jpeg.image_height,
                             .channels = is_grey ? 1 : 3,
                             .is_plain = is_grey};
    return mote_image_check_size(r->file->path, r->image->width, r->image->height);
}

static mote_status read_pixels(jpeg_reader *r)
{
    void *memory = NULL;
    MOTE_TRY(describe(r));
    const size_t row_bytes = r->image->width * r->image->channels;
    MOTE_TRY(mote_arena_allocate(r->arena, r->image->height * row_bytes, &memory));
    r->image->pixels = memory;
    (void)jpeg_start_decompress(&r->jpeg);
    while (r->jpeg.output_scanline < r->jpeg.output_height) {
        JSAMPROW row = r->image->pixels + r->jpeg.output_scanline * row_bytes;
        (void)jpeg_read_scanlines(&r->jpeg, &row, 1);
    }
    return MOTE_OK;
}

static unsigned find_orientation(const jpeg_reader *r)
{
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m; m = m->next) {
        const unsigned orientation = mote_exif_orientation(m->data, m->data_length);
        if (orientation > 1)
            return orientation;
    }
    return 1;
}

/// What libjpeg may jump out of. A status that mote raised is kept apart from that.
static void read_file(jpeg_reader *r)
{
    jpeg_create_decompress(&r->jpeg);
    r->jpeg.client_data = r;
    r->jpeg.progress = &r->progress;
    jpeg_mem_src(&r->jpeg, r->file->bytes, (unsigned long)r->file->count);
    jpeg_save_markers(&r->jpeg, EXIF_MARKER, MARKER_BYTES_MAX);
    (void)jpeg_read_header(&r->jpeg, TRUE);
    r->status = read_pixels(r);
    if (r->status != MOTE_OK)
        return;
    const unsigned orientation = find_orientation(r);
    (void)jpeg_finish_decompress(&r->jpeg);
    r->status = mote_image_turn(r->image, orientation, r->arena);
}

static mote_status raise_damage(const jpeg_reader *r)
{
    if (r->errors.msg_code == JERR_OUT_OF_MEMORY)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "'%s': memory for the image could not be had",
                          r->file->path);
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is a damaged JPEG image: %s", r->file->path,
                      r->message);
}

mote_status mote_jpeg_decode(mote_image_file *file, mote_arena *arena, mote_image *image)
{
    jpeg_reader r = {.file = file, .arena = arena, .image = image};
    r.jpeg.err = jpeg_std_error(&r.errors);
    r.jpeg.client_data = &r;
    r.errors.error_exit = stop;
    r.errors.emit_message = note;
    r.progress.progress_monitor = check_scans;
    if (setjmp(r.jump) == 0)
        read_file(&r);
    else if (r.status == MOTE_OK)
        r.status = raise_damage(&r);
    jpeg_destroy_decompress(&r.jpeg);
    return r.status;
}
