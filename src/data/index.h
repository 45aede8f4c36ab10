// SPDX-License-Identifier: Apache-2.0
// Private to data: numbers of files as indices of a port. They become places in tables, so nothing that is out
// of range may pass.
#ifndef MOTE_DATA_INDEX_H
#define MOTE_DATA_INDEX_H

#include "data/data.h"

#include <math.h>
#include <stdio.h>

/// Whether `value` is a whole number in the port's range.
static inline bool mote_index_fits(const mote_dataset_port *port, double value)
{
    return value >= (double)port->index_first && value <= (double)port->index_last &&
           floor(value) == value;
}

#define MOTE_INDEX_RANGE_BYTES 64U

/// "an index from 0 to 9" for messages, written into `text`, which is returned.
static inline const char *mote_index_range_text(const mote_dataset_port *port, char *text,
                                                size_t bytes)
{
    (void)snprintf(text, bytes, "an index from %d to %d", (int)port->index_first,
                   (int)port->index_last);
    return text;
}

#endif
