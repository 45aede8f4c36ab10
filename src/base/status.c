// SPDX-License-Identifier: Apache-2.0
// Names and texts of statuses; the thread's error record, mote's only writable global.
#include "base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local mote_error last_error = {.status = MOTE_OK, .file = ""};

const char *mote_status_name(mote_status status)
{
    switch (status) {
#define STATUS_NAME(name, text) \
    case MOTE_##name:           \
        return #name;
        MOTE_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "UNKNOWN";
}

const char *mote_status_text(mote_status status)
{
    switch (status) {
#define STATUS_TEXT(name, text) \
    case MOTE_##name:           \
        return text;
        MOTE_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}

const mote_error *mote_last_error(void)
{
    return &last_error;
}

/// Messages quote what users' files hold; no terminal must obey it, and a log must stay one line.
static void replace_control_characters(char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte < 0x20U || byte == 0x7FU)
            *text = '?';
    }
}

void mote_raise(mote_status status, const char *file, int line, const char *format, ...)
{
    assert(status != MOTE_OK && file && format);
    // the old message may be an argument of the new one
    char message[sizeof last_error.message];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    replace_control_characters(message);
    memcpy(last_error.message, message, sizeof message);
    last_error.status = status;
    last_error.file = file;
    last_error.line = line;
}
