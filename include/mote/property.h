// SPDX-License-Identifier: Apache-2.0
// A property: one key of a model file's section, with the values it accepts; and the tables of them that layers, losses
// and optimizers of your own bring (mote/layer.h, mote/loss.h, mote/optimizer.h).
#ifndef MOTE_PROPERTY_H
#define MOTE_PROPERTY_H

#include "mote/export.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    X(PADDING, "padding", "valid | same | n | h,w | t,b,l,r")   \
    X(BYTES, "bytes", "bytes, or with kB, MB, GB, KiB, MiB, GiB")

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

/// Most numbers in a list.
#define MOTE_PROPERTY_LIST_MAX 16U

typedef struct mote_property_integers {
    uint32_t count;
    uint64_t values[MOTE_PROPERTY_LIST_MAX];
} mote_property_integers;

typedef struct mote_property_reals {
    uint32_t count;
    double values[MOTE_PROPERTY_LIST_MAX];
} mote_property_reals;

typedef struct mote_property_padding {
    bool same; // sides are derived from shapes; the four are 0
    uint64_t top, bottom, left, right;
} mote_property_padding;

/// Type of the field that a property fills, by kind. That of a choice is its index; a text lives as long as the
/// model.
#define MOTE_PROPERTY_FIELD_MAP(X)      \
    X(BOOL, bool)                       \
    X(INTEGER, uint64_t)                \
    X(REAL, double)                     \
    X(CHOICE, uint32_t)                 \
    X(TEXT, const char *)               \
    X(INTEGERS, mote_property_integers) \
    X(REALS, mote_property_reals)       \
    X(PADDING, mote_property_padding)   \
    X(BYTES, uint64_t)

/// A row of a table of properties, which ends with a row whose name is NULL: it parses the value, makes the message
/// about a bad one, and is the documentation that `mote layers` prints.
typedef struct mote_property {
    const char *name; // lower case; NULL ends a table
    mote_property_kind kind;
    const char *initial;        // default as text, parsed like a value; NULL: the key is required
    double minimum, maximum;    // inclusive, of INTEGER, REAL and each value of a list; both 0: any
    const char *const *choices; // CHOICE: NULL-terminated; the field is the index
    size_t count_minimum, count_maximum; // length of a list; a maximum of 0: MOTE_PROPERTY_LIST_MAX
    size_t offset;                       // of the field in the state
    const char *help;                    // one line
} mote_property;

#ifdef __cplusplus
}
#endif

#endif
