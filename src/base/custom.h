// SPDX-License-Identifier: Apache-2.0
// What layers, losses and optimizers that a program brings have in common.
#ifndef MOTE_BASE_CUSTOM_H
#define MOTE_BASE_CUSTOM_H

#include "base/property.h"

/// What a component is called and which keys it has.
typedef struct mote_custom_identity {
    const char *kind; // "layer", "loss", "optimizer"
    const char *name, *summary;
    const mote_property *properties;
    size_t state_bytes;
    const mote_property *taken;
} mote_custom_identity;

/// A function that must be there; `is_there` whether it is.
typedef struct mote_custom_callback {
    const char *name;
    bool is_there;
} mote_custom_callback;

/// Checks names, keys and callbacks. Raises MOTE_ERROR_ARGUMENT.
mote_status mote_custom_check(const mote_custom_identity *identity,
                              const mote_custom_callback *callbacks,
                              size_t callback_count) MOTE_MUST_CHECK;

/// The status of a callback that failed: an error, whatever the program gave. MOTE_STOPPED is none, and would pass for the
/// user's wish.
mote_status mote_custom_status(mote_status given);

/// Room for what a program's check says.
#define MOTE_CUSTOM_MESSAGE_BYTES 512U

/// Raises MOTE_ERROR_PROPERTY with that behind `place`, or with `otherwise` where it said nothing.
mote_status mote_custom_refuse(const char *place, char message[MOTE_CUSTOM_MESSAGE_BYTES],
                               const char *otherwise);

#endif
