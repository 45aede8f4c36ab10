// SPDX-License-Identifier: Apache-2.0
// Holds the gradients of a model against finite differences: what to do with a layer or loss of one's own before
// anything else.
//
// The optimizer "capture" stores gradients in the place of the weights, where they can be read. Of each weight the loss
// is computed on both sides along some directions of random signs, and the slope held against that of the gradient. A
// few samples are enough, and better: a kink between both sides, as relu has one at 0, shows as an error that is none.
#ifndef GRADIENTS_H
#define GRADIENTS_H

#include <mote/mote.h>

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DIRECTIONS 3
#define DISTANCE   0.0005 // of each element of a weight

static void capture_apply(void *user, const void *state, const mote_optimizer_part *part)
{
    (void)user;
    (void)state;
    memcpy(part->weight, part->gradient, part->count * sizeof *part->weight);
}

static const mote_custom_optimizer capture = {
    .name = "capture",
    .summary = "puts gradients in the place of the weights",
    .apply = capture_apply,
};

/// Which sign element `index` of a direction has.
static double get_sign(size_t tensor, int direction, size_t index)
{
    uint32_t mixed = (uint32_t)(tensor * 7919 + (size_t)direction * 104729 + index * 2654435761U);
    mixed ^= mixed >> 15;
    mixed *= 2246822519U;
    mixed ^= mixed >> 13;
    return mixed & 1U ? 1.0 : -1.0;
}

/// The loss with a weight moved from `values`; nothing of the step is kept.
static mote_status get_loss(mote_model *model, const mote_batch *batch, double *loss)
{
    mote_metrics metrics;
    const mote_status status = mote_model_forward(model, batch, &metrics);
    mote_model_discard(model);
    *loss = metrics.loss;
    return status;
}

static mote_status measure_slope(mote_model *model, const mote_batch *batch, size_t tensor,
                                 int direction, double *slope)
{
    mote_tensor_info info;
    double losses[2] = {0.0, 0.0};
    mote_status status = mote_model_get_tensor(model, tensor, &info);
    float *kept = status == MOTE_OK ? malloc(info.element_count * sizeof *kept) : NULL;
    if (!kept)
        return status == MOTE_OK ? MOTE_ERROR_MEMORY : status;
    memcpy(kept, info.values, info.element_count * sizeof *kept);
    for (int side = 0; status == MOTE_OK && side < 2; side++) {
        const double distance = side == 0 ? DISTANCE : -DISTANCE;
        for (size_t i = 0; i < info.element_count; i++)
            info.values[i] = kept[i] + (float)(distance * get_sign(tensor, direction, i));
        status = get_loss(model, batch, &losses[side]);
    }
    memcpy(info.values, kept, info.element_count * sizeof *kept);
    free(kept);
    *slope = (losses[0] - losses[1]) / (2.0 * DISTANCE);
    return status;
}

/// The worst of all weights: the largest error relative to the length of the gradient along a direction.
typedef struct gradient_report {
    char name[128];
    double error;
} gradient_report;

static mote_status compare(mote_model *model, size_t tensor, const double *slopes,
                           gradient_report *report)
{
    mote_tensor_info info;
    const mote_status status = mote_model_get_tensor(model, tensor, &info);
    double square = 0.0;
    if (status != MOTE_OK)
        return status;
    for (size_t i = 0; i < info.element_count; i++)
        square += (double)info.values[i] * (double)info.values[i];
    for (int direction = 0; direction < DIRECTIONS; direction++) {
        double slope = 0.0;
        for (size_t i = 0; i < info.element_count; i++)
            slope += (double)info.values[i] * get_sign(tensor, direction, i);
        const double error = fabs(slope - slopes[direction]) / (sqrt(square) + DBL_MIN);
        if (error > report->error) {
            report->error = error;
            strncpy(report->name, info.name, sizeof report->name - 1);
        }
    }
    return MOTE_OK;
}

/// `model` is compiled for MOTE_MODE_STEP and has the optimizer capture; afterwards its weights are of no use.
static mote_status check_gradients(mote_model *model, const mote_batch *batch,
                                   gradient_report *report)
{
    const size_t count = mote_model_tensor_count(model);
    double(*slopes)[DIRECTIONS] = calloc(count, sizeof *slopes);
    mote_status status = slopes ? MOTE_OK : MOTE_ERROR_MEMORY;
    *report = (gradient_report){.error = 0.0};
    for (size_t i = 0; status == MOTE_OK && i < count; i++) {
        for (int direction = 0; status == MOTE_OK && direction < DIRECTIONS; direction++)
            status = measure_slope(model, batch, i, direction, &slopes[i][direction]);
    }
    if (status == MOTE_OK)
        status = mote_model_forward(model, batch, NULL);
    if (status == MOTE_OK)
        status = mote_model_apply(model, NULL);
    for (size_t i = 0; status == MOTE_OK && i < count; i++)
        status = compare(model, i, slopes[i], report);
    free(slopes);
    return status;
}

#endif
