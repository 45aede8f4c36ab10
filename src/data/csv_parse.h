// SPDX-License-Identifier: Apache-2.0
// Private to data: records of a file of separated values (RFC 4180), one after the other.
#ifndef MOTE_DATA_CSV_PARSE_H
#define MOTE_DATA_CSV_PARSE_H

#include "base/arena.h"
#include "data/stream.h"

#include <stdint.h>

#define MOTE_CSV_RECORD_BYTES_MAX 16777216U
#define MOTE_CSV_FIELDS_MAX       16384U

typedef struct mote_csv_field {
    size_t first, length; // in the parser's text, which has a zero behind each field
} mote_csv_field;

typedef struct mote_csv_parser {
    const char *path; // to blame
    const mote_stream *stream;
    char delimiter;
    mote_arena *arena; // for the buffers
    char *input;
    size_t input_at, input_count;
    uint64_t line; // physical, of what is read next
    char *text;    // of the record
    size_t text_length, text_capacity;
    mote_csv_field *fields;
    size_t field_count, field_capacity;
    uint64_t record_line; // where the record begins
} mote_csv_parser;

/// `path`, `stream` and `arena` are borrowed. A mark of UTF-8 at the beginning is skipped.
mote_status mote_csv_start(mote_csv_parser *parser, const char *path, const mote_stream *stream,
                           char delimiter, mote_arena *arena) MOTE_MUST_CHECK;

/// The next record, into `fields`; lines without any letter are skipped. *is_record is false at the end of the
/// file. Blanks around a field that is not quoted do not count. Lines end with LF, CR LF or CR. Raises
/// MOTE_ERROR_FORMAT naming file, line and field.
mote_status mote_csv_next(mote_csv_parser *parser, bool *is_record) MOTE_MUST_CHECK;

/// Text of a field of the record, zero-terminated.
static inline const char *mote_csv_text(const mote_csv_parser *parser, size_t field)
{
    return parser->text + parser->fields[field].first;
}

#endif
