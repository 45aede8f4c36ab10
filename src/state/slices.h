// SPDX-License-Identifier: Apache-2.0
// Private to state: blocks that lie in the swap file slice by slice.
#ifndef MOTE_STATE_SLICES_H
#define MOTE_STATE_SLICES_H

#include "state/state.h"

/// As mote_state_fetch and mote_state_flush, through the second half of the staging.
mote_status mote_state_fetch_slices(const mote_state *state,
                                    const mote_state_part *part) MOTE_MUST_CHECK;
mote_status mote_state_flush_slices(const mote_state *state,
                                    const mote_state_part *part) MOTE_MUST_CHECK;

#endif
