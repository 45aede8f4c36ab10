// SPDX-License-Identifier: Apache-2.0
// What a model file can be made of: layers, losses, optimizers, schedules, readers of data, and their keys.
#ifndef MOTE_COMPONENT_H
#define MOTE_COMPONENT_H

#include "mote/context.h"
#include "mote/property.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Kinds of components. A section stands for the keys that all sections of a kind have: those of "Model",
/// "layer", "Optimizer", "LearningRateScheduler" and "data".
#define MOTE_COMPONENT_KIND_MAP(X) \
    X(SECTION, "section")          \
    X(LAYER, "layer")              \
    X(LOSS, "loss")                \
    X(OPTIMIZER, "optimizer")      \
    X(SCHEDULE, "schedule")        \
    X(READER, "reader")

typedef enum mote_component_kind {
#define MOTE_COMPONENT_KIND_ENUM(name, text) MOTE_COMPONENT_##name,
    MOTE_COMPONENT_KIND_MAP(MOTE_COMPONENT_KIND_ENUM)
#undef MOTE_COMPONENT_KIND_ENUM
    MOTE_COMPONENT_KIND_COUNT
} mote_component_kind;

/// "section", ...
MOTE_API const char *mote_component_kind_name(mote_component_kind kind);

/// Texts live as long as the context. Components of different kinds may have the same name.
typedef struct mote_component_info {
    const char *name; // of a section, or `type` in one
    mote_component_kind kind;
    const char *summary; // one line
    size_t property_count;
    double learning_rate; // optimizers: the default; others: NAN
} mote_component_info;

MOTE_API size_t mote_component_count(const mote_context *context);

/// Component `index`: a section, then the components whose type it can name, and so on.
MOTE_API mote_status mote_component_get(const mote_context *context, size_t index,
                                        mote_component_info *info) MOTE_MUST_CHECK;

/// Property `property` of component `index`.
MOTE_API mote_status mote_component_get_property(const mote_context *context, size_t index,
                                                 size_t property,
                                                 mote_property_info *info) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
