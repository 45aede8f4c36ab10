// SPDX-License-Identifier: Apache-2.0
// Names of the ways to need less memory.
#include "base/text.h"
#include "schedule/schedule.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *summary;
} known[] = {

#define TECHNIQUE(name, text, summary) {text, summary},
    MOTE_TECHNIQUE_MAP(TECHNIQUE)
#undef TECHNIQUE
};

const char *mote_technique_name(size_t index)
{
    return index < MOTE_TECHNIQUE_COUNT ? known[index].name : "";
}

const char *mote_technique_summary(size_t index)
{
    return index < MOTE_TECHNIQUE_COUNT ? known[index].summary : "";
}

static const char *get_name(const void *user, size_t index)
{
    (void)user;
    return known[index].name;
}

/// Adds the bit of one.
static mote_status find(const char *name, unsigned *techniques)
{
    char hint[256];
    for (size_t i = 0; i < MOTE_TECHNIQUE_COUNT; i++) {
        if (mote_text_equal(name, known[i].name)) {
            *techniques |= 1U << i;
            return MOTE_OK;
        }
    }
    mote_text_expect(name, get_name, NULL, MOTE_TECHNIQUE_COUNT, hint, sizeof hint);
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "there is no technique '%s'%s", name, hint);
}

mote_status mote_techniques_find(const char *names, unsigned *techniques)
{
    unsigned found = 0;
    if (!names || !techniques)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "mote_techniques_find: an argument is NULL");
    for (const char *at = names;; at++) {
        const size_t length = strcspn(at, ",");
        char name[64];
        (void)snprintf(name, sizeof name, "%.*s", length < sizeof name ? (int)length : 63, at);
        MOTE_TRY(find(name, &found));
        at += length;
        if (!*at)
            break;
    }
    *techniques = found;
    return MOTE_OK;
}
