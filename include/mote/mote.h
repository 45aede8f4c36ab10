// SPDX-License-Identifier: Apache-2.0
// mote: training and personalization of neural networks in memory that is known before the first step.
//
// A program makes a context, loads a model into it, compiles it and trains:
//
//     mote_context *context = NULL;
//     mote_model *model = NULL;
//     if (mote_context_create(NULL, &context) != MOTE_OK ||
//         mote_model_load(context, "lenet5.ini", NULL, 0, &model) != MOTE_OK ||
//         mote_model_compile(model, NULL) != MOTE_OK ||
//         mote_model_train(model, NULL, NULL) != MOTE_OK)
//         fprintf(stderr, "%s\n", mote_last_error()->message);
//     mote_model_destroy(&model);
//     mote_context_destroy(&context);
#ifndef MOTE_MOTE_H
#define MOTE_MOTE_H

#include "mote/allocator.h"
#include "mote/check.h"
#include "mote/component.h"
#include "mote/context.h"
#include "mote/control.h"
#include "mote/data.h"
#include "mote/export.h"
#include "mote/inspection.h"
#include "mote/layer.h"
#include "mote/loss.h"
#include "mote/model.h"
#include "mote/optimizer.h"
#include "mote/profile.h"
#include "mote/property.h"
#include "mote/samples.h"
#include "mote/status.h"
#include "mote/step.h"
#include "mote/tensor_file.h"
#include "mote/writer.h"

#endif
