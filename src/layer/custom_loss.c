// SPDX-License-Identifier: Apache-2.0
// A program's loss as a layer: samples on threads, their values summed in the order of the batch.
#include "base/custom.h"
#include "base/size.h"
#include "layer/loss.h"

#include <stdio.h>

/// The descriptor is what runs and setups know of; the rest lies behind it.
typedef struct loss_entry {
    mote_layer layer;
    mote_custom_loss custom;
} loss_entry;

static const mote_custom_loss *custom_of(const mote_layer *layer)
{
    return &((const loss_entry *)(const void *)layer)->custom;
}

static mote_status get_label(const mote_setup *setup, const void *state, mote_tensor_spec *spec)
{
    (void)state;
    MOTE_TRY(mote_setup_check_rank(setup, MOTE_LOSS_PREDICTION, 3));
    *spec = setup->inputs[MOTE_LOSS_PREDICTION];
    if (custom_of(setup->layer)->class_labels) {
        spec->dtype = MOTE_DTYPE_I32;
        spec->shape.dims[2] = 1;
    }
    return MOTE_OK;
}

static mote_status check_classes(const mote_setup *setup)
{
    const size_t width = setup->inputs[MOTE_LOSS_PREDICTION].shape.dims[2];
    const mote_integer_range classes = {0, (int32_t)mote_size_min(width - 1, INT32_MAX)};
    return mote_setup_check_integers(setup, MOTE_LOSS_LABEL, 3, classes);
}

/// Asks the program whether it can compute with these properties and shapes.
static mote_status check_samples(const mote_setup *setup, const void *state)
{
    const mote_custom_loss *custom = custom_of(setup->layer);
    const mote_shape *shape = &setup->inputs[MOTE_LOSS_PREDICTION].shape;
    const mote_loss_sample sample = {.count = mote_shape_elements(shape), .width = shape->dims[2]};
    char message[MOTE_CUSTOM_MESSAGE_BYTES] = "";
    char place[160];
    if (!custom->check || custom->check(custom->user, state, &sample, message, sizeof message))
        return MOTE_OK;
    (void)snprintf(place, sizeof place, "layer '%.100s': ", setup->layer_name);
    return mote_custom_refuse(place, message, "its properties and predictions do not fit together");
}

static mote_status setup(mote_setup *setup, void *state)
{
    const mote_custom_loss *custom = custom_of(setup->layer);
    mote_tensor_spec label;
    MOTE_TRY(get_label(setup, state, &label));
    MOTE_TRY(mote_loss_check_label(setup, &label));
    if (custom->class_labels)
        MOTE_TRY(check_classes(setup));
    MOTE_TRY(check_samples(setup, state));
    mote_setup_need_input(setup, MOTE_LOSS_PREDICTION, MOTE_PHASE_DERIVATIVE);
    mote_setup_need_input(setup, MOTE_LOSS_LABEL, MOTE_PHASE_DERIVATIVE);
    mote_setup_scratch(setup, MOTE_PHASE_FORWARD, mote_loss_scratch_bytes(setup->batch, 1));
    setup->declaration->derivative_over_input = custom->derivative_over_prediction;
    mote_loss_slice_samples(setup, mote_shape_elements(&label.shape));
    return mote_setup_metrics(setup);
}

typedef struct loss_call {
    const mote_layer_run *run;
    const mote_custom_loss *custom;
    const void *state;
    size_t predictions, labels; // of a sample
    float scale;
} loss_call;

static loss_call make_call(const mote_layer_run *run, const void *state)
{
    return (loss_call){
        .run = run,
        .custom = custom_of(run->layer),
        .state = state,
        .predictions = mote_shape_elements(&run->inputs[MOTE_LOSS_PREDICTION].spec->shape),
        .labels = mote_shape_elements(&run->inputs[MOTE_LOSS_LABEL].spec->shape),
    };
}

static mote_loss_sample get_sample(const loss_call *call, size_t index)
{
    const mote_tensor *inputs = call->run->inputs;
    mote_loss_sample sample = {
        .count = call->predictions,
        .width = inputs[MOTE_LOSS_PREDICTION].spec->shape.dims[2],
        .prediction = (const float *)inputs[MOTE_LOSS_PREDICTION].data + index * call->predictions,
    };
    if (call->custom->class_labels)
        sample.classes = (const int32_t *)inputs[MOTE_LOSS_LABEL].data + index * call->labels;
    else
        sample.label = (const float *)inputs[MOTE_LOSS_LABEL].data + index * call->labels;
    return sample;
}

static mote_real get_value(void *argument, size_t index)
{
    const loss_call *call = (const loss_call *)argument;
    const mote_loss_sample sample = get_sample(call, index);
    return call->custom->value(call->custom->user, call->state, &sample);
}

static mote_real get_correct(void *argument, size_t index)
{
    const loss_call *call = (const loss_call *)argument;
    const mote_loss_sample sample = get_sample(call, index);
    return call->custom->correct(call->custom->user, call->state, &sample);
}

static float get_divisor(const loss_call *call)
{
    const size_t samples = mote_layer_step_batch(call->run);
    return (float)(call->custom->mean_over_labels ? samples * call->labels : samples);
}

static void forward(const mote_layer_run *run, const void *state)
{
    loss_call call = make_call(run, state);
    mote_loss_sum sum = {.rows = 1,
                         .width = call.predictions,
                         .terms = call.labels,
                         .value = get_value,
                         .argument = &call};
    mote_real *metrics = (mote_real *)run->outputs[0].data;
    mote_loss_make_metric(run, &sum, MOTE_LOSS_MEAN, get_divisor(&call));
    if (!call.custom->correct) {
        metrics[MOTE_LOSS_CORRECT] = -1;
        return;
    }
    sum.value = get_correct;
    mote_loss_make_metric(run, &sum, MOTE_LOSS_CORRECT, 1);
}

static void derive_samples(void *argument, size_t task, size_t task_count)
{
    const loss_call *call = (const loss_call *)argument;
    float *derivatives = (float *)call->run->input_derivatives[MOTE_LOSS_PREDICTION].data;
    size_t index = 0;
    const size_t count = mote_parallel_part(call->run->batch, task, task_count, &index);
    for (const size_t end = index + count; index < end; index++) {
        const mote_loss_sample sample = get_sample(call, index);
        call->custom->derive(call->custom->user, call->state, &sample, call->scale,
                             derivatives + index * call->predictions);
    }
}

static void calc_derivative(const mote_layer_run *run, const void *state)
{
    loss_call call = make_call(run, state);
    call.scale = run->loss_weight / get_divisor(&call);
    const size_t elements = run->batch * call.predictions;
    const size_t tasks = mote_parallel_task_count(run->parallel, elements, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, derive_samples, &call, mote_size_min(tasks, run->batch));
}

static mote_status check_loss(const mote_custom_loss *custom, const mote_property *taken)
{
    const mote_custom_identity identity = {.kind = "loss",
                                           .name = custom->name,
                                           .summary = custom->summary,
                                           .properties = custom->properties,
                                           .state_bytes = custom->state_bytes,
                                           .taken = taken};
    const mote_custom_callback callbacks[] = {
        {"value", custom->value != NULL},
        {"derive", custom->derive != NULL},
    };
    return mote_custom_check(&identity, callbacks, sizeof callbacks / sizeof callbacks[0]);
}

mote_status mote_custom_make_loss(const mote_custom_loss *custom, const mote_property *taken,
                                  mote_arena *arena, const mote_layer **layer)
{
    void *memory = NULL;
    MOTE_TRY(check_loss(custom, taken));
    MOTE_TRY(mote_arena_allocate(arena, sizeof(loss_entry), &memory));
    loss_entry *entry = (loss_entry *)memory;
    entry->custom = *custom;
    entry->layer = (mote_layer){
        .name = custom->name,
        .summary = custom->summary,
        .kind = MOTE_LAYER_LOSS,
        .properties = custom->properties,
        .state_bytes = custom->state_bytes ? custom->state_bytes : 1,
        .input_minimum = 2,
        .input_maximum = 2,
        .label = MOTE_TRAINING_ONLY(get_label),
        .setup = MOTE_TRAINING_ONLY(setup),
        .forward = MOTE_TRAINING_ONLY(forward),
        .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
    };
    *layer = &entry->layer;
    return MOTE_OK;
}
