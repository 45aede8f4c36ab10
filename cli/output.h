// SPDX-License-Identifier: Apache-2.0
// Results on stdout, talk and errors on stderr.
#ifndef MOTE_CLI_OUTPUT_H
#define MOTE_CLI_OUTPUT_H

#include "mote/mote.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/// Bytes for people: "6.03 MB". `text` takes CLI_BYTES_LENGTH characters.
enum {
    CLI_BYTES_LENGTH = 24
};

const char *cli_format_bytes(size_t bytes, char *text);

/// A line "mote: ..." on stderr.
void cli_error(const char *format, ...) MOTE_PRINTF(1, 2);

/// The library's last error as such a line; gives CLI_FAILED, or CLI_BUDGET.
int cli_fail(void);

/// Text on stdout (results) and on stderr (talk).
void cli_print(const char *format, ...) MOTE_PRINTF(1, 2);
void cli_talk(const char *format, ...) MOTE_PRINTF(1, 2);

/// Prints `text` with one of these, as a shell takes it.
typedef void cli_printer(const char *format, ...) MOTE_PRINTF(1, 2);
void cli_quote(cli_printer *print, const char *text);

/// snprintf that gives the length of what is in `text`.
size_t cli_format(char *text, size_t bytes, const char *format, ...) MOTE_PRINTF(3, 4);

/// Whether stderr is a terminal that understands control characters, and may have colours.
bool cli_is_live(void);
bool cli_has_colors(void);

/// Writes to stdout what the library prints.
mote_writer cli_stdout_writer(void);

/// Flushes stdout; when anything printed could not be written, says so and makes CLI_OK CLI_FAILED.
int cli_finish_output(int exit_code);

/// A JSON object, or array, that is built without a check after each key; errors are found by cli_json_print.
typedef struct cli_json {
    json_t *root;
    bool failed;
} cli_json;

cli_json cli_json_make(void);
cli_json cli_json_make_array(void);
void cli_json_add(cli_json *json, const char *key, json_t *value);
void cli_json_append(cli_json *json, json_t *value); // to an array
void cli_json_add_size(cli_json *json, const char *key, uint64_t value);
void cli_json_add_real(cli_json *json, const char *key, double value);      // null unless finite
void cli_json_add_text(cli_json *json, const char *key, const char *value); // null for NULL
void cli_json_add_bool(cli_json *json, const char *key, bool value);

/// A finite number, or null.
json_t *cli_json_real(double value);

/// Prints on stdout and releases; gives the exit code.
int cli_json_print(cli_json *json);

#endif
