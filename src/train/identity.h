// SPDX-License-Identifier: Apache-2.0
// What a training is: a text of lines that says what model is trained and from which data. Equal texts train to equal
// bits; of two that differ it can be said in what.
#ifndef MOTE_TRAIN_IDENTITY_H
#define MOTE_TRAIN_IDENTITY_H

#include "train/train.h"

/// Writes the text for these data to `arena`; a set may be NULL, in the caller's own loop both are. Reads some samples of
/// each set: their values are a part of it. `table` is for checksums.
mote_status mote_identity_make(const mote_run *run, mote_dataset *training,
                               mote_dataset *validation, const mote_checksum_table *table,
                               mote_arena *arena, char **text) MOTE_MUST_CHECK;

/// Writes the first difference between two such texts, "fc1: 'unit=84' there, 'unit=120' here"; false if there is none.
bool mote_identity_differ(const char *there, const char *here, char *text, size_t bytes);

/// Cuts the lines about data off: what is left is of the model.
void mote_identity_drop_data(char *text);

#endif
