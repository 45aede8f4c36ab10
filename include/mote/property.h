// SPDX-License-Identifier: Apache-2.0
// A property: one key of a model file's section, with the values it accepts.
#ifndef MOTE_PROPERTY_H
#define MOTE_PROPERTY_H

#include "mote/export.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Kinds of values, their names and how they are written.
#define MOTE_PROPERTY_KIND_MAP(X)                               \
    X(BOOL, "bool", "true | false")                             \
    X(INTEGER, "integer", "whole number")                       \
    X(REAL, "real", "number")                                   \
    X(CHOICE, "choice", "one of a list")                        \
    X(TEXT, "text", "text")                                     \
    X(INTEGERS, "integers", "whole numbers a,b,... or a:b:...") \
    X(REALS, "reals", "numbers a,b,...")                        \
    X(PADDING, "padding", "valid | same | n | h,w | t,b,l,r")

typedef enum mote_property_kind {
#define MOTE_PROPERTY_KIND_ENUM(name, text, form) MOTE_PROPERTY_##name,
    MOTE_PROPERTY_KIND_MAP(MOTE_PROPERTY_KIND_ENUM)
#undef MOTE_PROPERTY_KIND_ENUM
} mote_property_kind;

/// "bool", ...
MOTE_API const char *mote_property_kind_name(mote_property_kind kind);

enum {
    MOTE_ACCEPTS_BYTES = 512
};

/// Texts are constant, or live as long as the context.
typedef struct mote_property_info {
    const char *name;
    mote_property_kind kind;
    const char *initial;                 // default, written as a value; NULL: the key is required
    bool has_limits;                     // each number must lie in
    double minimum, maximum;             // [minimum, maximum]
    const char *const *choices;          // MOTE_PROPERTY_CHOICE: NULL-terminated; others: NULL
    size_t count_minimum, count_maximum; // numbers in a list; of other kinds 1 and 1
    const char *help;                    // one line
    char accepts[MOTE_ACCEPTS_BYTES];    // in words: "a whole number from 1 to 65536"
} mote_property_info;

#ifdef __cplusplus
}
#endif

#endif
