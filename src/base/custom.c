// SPDX-License-Identifier: Apache-2.0
// What is checked of every component that a program brings.
#include "base/custom.h"

#include <stdio.h>
#include <string.h>

#define OWNER_BYTES 80U

static mote_status check_names(const mote_custom_identity *identity)
{
    if (!identity->name)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s without a name", identity->kind);
    if (!mote_property_is_name(identity->name)) {
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "%s '%.100s': a name has lower-case letters, digits and '_', a letter "
                          "first, at most 48",
                          identity->kind, identity->name);
    }
    if (!identity->summary || !identity->summary[0])
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s '%s': summary is missing", identity->kind,
                          identity->name);
    if (strpbrk(identity->summary, "\r\n"))
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s '%s': summary has several lines, expected one",
                          identity->kind, identity->name);
    return MOTE_OK;
}

static mote_status check_taken(const mote_custom_identity *identity, const char *owner)
{
    const mote_property *row = identity->properties;
    for (; row && row->name; row++) {
        if (mote_property_find(identity->taken, row->name))
            return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                              "%s: property '%s': every %s has a key of this name", owner,
                              row->name, identity->kind);
    }
    return MOTE_OK;
}

mote_status mote_custom_check(const mote_custom_identity *identity,
                              const mote_custom_callback *callbacks, size_t callback_count)
{
    char owner[OWNER_BYTES];
    MOTE_TRY(check_names(identity));
    (void)snprintf(owner, sizeof owner, "%s '%s'", identity->kind, identity->name);
    for (size_t i = 0; i < callback_count; i++) {
        if (!callbacks[i].is_there)
            return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s: %s is missing", owner, callbacks[i].name);
    }
    MOTE_TRY(mote_property_check_table(identity->properties, identity->state_bytes, owner));
    return check_taken(identity, owner);
}

mote_status mote_custom_status(mote_status given)
{
    return given > MOTE_OK && given < MOTE_STOPPED ? given : MOTE_ERROR_ARGUMENT;
}

mote_status mote_custom_refuse(const char *place, char message[MOTE_CUSTOM_MESSAGE_BYTES],
                               const char *otherwise)
{
    message[MOTE_CUSTOM_MESSAGE_BYTES - 1] = '\0';
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%s", place, message[0] ? message : otherwise);
}
