// SPDX-License-Identifier: Apache-2.0
// Losses of your own: [Model] loss = name, or a section of that type. The loss of a batch is the sum of what each sample
// has, divided by their number, or by that of all labels.
//
// Callbacks are called by several threads at once, each with another sample. They compute as those of a layer do: see
// "Bits" in mote/layer.h.
#ifndef MOTE_LOSS_H
#define MOTE_LOSS_H

#include "mote/context.h"
#include "mote/property.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A sample's predictions and its labels.
typedef struct mote_loss_sample {
    size_t count;            // predictions: channels x height x width
    size_t width;            // of a row of them
    const float *prediction; // count
    const float *label;      // count; NULL with class_labels
    const int32_t *classes;  // with class_labels: one a row, 0 to width - 1; otherwise NULL
} mote_loss_sample;

typedef struct mote_custom_loss {
    const char *name;                // in model files: lower-case letters, digits, _
    const char *summary;             // one line
    const mote_property *properties; // its keys, or NULL
    size_t state_bytes;              // plain data, filled by the properties
    void *user;
    bool
        class_labels; // labels are the index of a class for each row; otherwise values as the predictions
    bool mean_over_labels; // the sum is divided by the number of labels; otherwise of samples
    /// derive may write over the predictions: it reads each before it writes in its place.
    bool derivative_over_prediction;
    /// NULL; or whether properties and samples fit together: what value and derive rely on. Of `sample` only count and
    /// width are known. False comes with `message`, which has room for `bytes`.
    bool (*check)(void *user, const void *state, const mote_loss_sample *sample, char *message,
                  size_t bytes);
    /// A sample's share of the sum.
    float (*value)(void *user, const void *state, const mote_loss_sample *sample);
    /// Derivatives of that by the predictions, times `scale`: all `count`.
    void (*derive)(void *user, const void *state, const mote_loss_sample *sample, float scale,
                   float *derivative);
    /// How much of a sample is classified right, 0 to 1: its share of the accuracy. NULL: there is none.
    float (*correct)(void *user, const void *state, const mote_loss_sample *sample);
} mote_custom_loss;

/// Registers a loss; as mote_context_add_layer. In a build without training nothing calls it.
MOTE_API mote_status mote_context_add_loss(mote_context *context,
                                           const mote_custom_loss *loss) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
