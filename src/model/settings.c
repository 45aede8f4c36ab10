// SPDX-License-Identifier: Apache-2.0
// The keys of [Model].
#include "model/model.h"

static const char *const type_names[] = {"NeuralNetwork", NULL};

static const char *const apply_names[] = {
    [MOTE_APPLY_EARLY] = "early", [MOTE_APPLY_AFTER_ALL] = "after_all", NULL};

static const char *const nonfinite_names[] = {
    [MOTE_NONFINITE_STOP] = "stop", [MOTE_NONFINITE_SKIP] = "skip", NULL};

static const mote_property properties[] = {
    {.name = "type",
     .kind = MOTE_PROPERTY_CHOICE,
     .initial = "NeuralNetwork",
     .choices = type_names,
     .offset = offsetof(mote_model_settings, type),
     .help = "kind of model"},
    {.name = "loss",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_model_settings, loss),
     .help =
         "loss behind the last layer: one of the losses, or cross, which makes cross_softmax or "
         "cross_sigmoid of the last activation"},
    {.name = "batch_size",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "32",
     .minimum = 1,
     .maximum = MOTE_BATCH_MAX,
     .offset = offsetof(mote_model_settings, batch_size),
     .help = "samples in a step"},
    {.name = "epochs",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "1",
     .minimum = 1,
     .maximum = MOTE_EPOCHS_MAX,
     .offset = offsetof(mote_model_settings, epochs),
     .help = "how often training goes through the training set"},
    {.name = "seed",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "0",
     .offset = offsetof(mote_model_settings, seed),
     .help = "of all random numbers: initial weights, order of the samples, dropout"},
    {.name = "apply",
     .kind = MOTE_PROPERTY_CHOICE,
     .initial = "early",
     .choices = apply_names,
     .offset = offsetof(mote_model_settings, apply),
     .help =
         "when weights change: as soon as nothing reads the old ones, or after the whole backward pass, "
         "which clip_norm always does"},
    {.name = "save_path",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_model_settings, save_path),
     .help = "file that training writes the weights to"},
    {.name = "save_best_path",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_model_settings, save_best_path),
     .help =
         "file for the weights of the epoch with the lowest validation loss, the first of equals"},
    {.name = "patience",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "0",
     .maximum = 1000000000,
     .offset = offsetof(mote_model_settings, patience),
     .help =
         "training stops early when the validation loss has not fallen for that many epochs; 0: never"},
    {.name = "min_delta",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0",
     .minimum = 0,
     .maximum = 1e30,
     .offset = offsetof(mote_model_settings, min_delta),
     .help = "with patience: by more than this the validation loss has to fall"},
    {.name = "load_path",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_model_settings, load_path),
     .help = "file of the weights to start from"},
    {.name = "checkpoint_path",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_model_settings, checkpoint_path),
     .help =
         "training writes checkpoints to files of this name with the step behind it, and goes on from "
         "them with --resume; when absent but wanted, the model file's name with .checkpoint"},
    {.name = "checkpoint_every",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_model_settings, checkpoint_every),
     .help =
         "how often, as '5 steps' or '30 s' (the default with a checkpoint_path); also at the end "
         "and when training is stopped"},
    {.name = "checkpoint_keep",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "2",
     .minimum = 1,
     .maximum = 1000,
     .offset = offsetof(mote_model_settings, checkpoint_keep),
     .help = "how many checkpoints are kept, the newest"},
    {.name = "memory_budget",
     .kind = MOTE_PROPERTY_BYTES,
     .initial = "0",
     .offset = offsetof(mote_model_settings, memory_budget),
     .help =
         "most bytes that the arena may have: what does not fit is made again or goes to a swap file, to "
         "the same bits; 0: no limit"},
    {.name = "swap_path",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_model_settings, swap_path),
     .help = "folder of the swap file, which has no name and is gone with the process; when absent "
             "TMPDIR, else /var/tmp, else /tmp"},
    {.name = "swap_write_limit",
     .kind = MOTE_PROPERTY_BYTES,
     .initial = "1024GiB",
     .offset = offsetof(mote_model_settings, swap_write_limit),
     .help =
         "most bytes that a training with its validations, an evaluation, a benchmark or a loop of the caller's own "
         "may write to the swap file, since flash memory wears out: what would write more is refused before it begins"},
    {.name = "operation_deadline_ms",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0",
     .minimum = 0,
     .maximum = 1e9,
     .offset = offsetof(mote_model_settings, operation_deadline_ms),
     .help =
         "plan says which operations are predicted to take longer, train and bench which did: between two "
         "of them others get the processor; 0: they do not"},
    {.name = "on_nonfinite",
     .kind = MOTE_PROPERTY_CHOICE,
     .initial = "stop",
     .choices = nonfinite_names,
     .offset = offsetof(mote_model_settings, on_nonfinite),
     .help =
         "a step whose loss, or clipped norm of gradients, is not finite changes nothing: training "
         "stops there, or goes on with the next batch"},
    {.name = NULL},
};

const mote_property *mote_model_properties(void)
{
    return properties;
}
