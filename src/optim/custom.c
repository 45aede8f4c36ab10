// SPDX-License-Identifier: Apache-2.0
// A program's optimizer as an optimizer: parts of weights on threads.
#include "base/custom.h"
#include "optim/apply.h"
#include "optim/optim.h"

#define RATE_MAXIMUM 1e6

/// The descriptor is what runs know of; the rest lies behind it.
typedef struct optimizer_entry {
    mote_optimizer optimizer;
    mote_custom_optimizer custom;
} optimizer_entry;

static const mote_custom_optimizer *custom_of(const mote_optimizer *optimizer)
{
    return &((const optimizer_entry *)(const void *)optimizer)->custom;
}

static size_t count_named(const mote_custom_optimizer *custom)
{
    size_t count = 0;
    while (count < MOTE_OPTIMIZER_SLOTS_MAX && custom->slot_names[count])
        count++;
    return count;
}

static size_t slot_count(const mote_optimizer *optimizer, const void *state)
{
    const mote_custom_optimizer *custom = custom_of(optimizer);
    return custom->slot_count ? custom->slot_count(custom->user, state) : count_named(custom);
}

static mote_status check(const mote_optimizer *optimizer, const void *state)
{
    const mote_custom_optimizer *custom = custom_of(optimizer);
    char message[MOTE_CUSTOM_MESSAGE_BYTES] = "";
    if (custom->check && !custom->check(custom->user, state, message, sizeof message))
        return mote_custom_refuse("", message, "its properties do not fit together");
    const size_t count = slot_count(optimizer, state);
    if (count <= count_named(custom))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                      "optimizer '%s': slot_count gave %zu, names are given for %zu", custom->name,
                      count, count_named(custom));
}

typedef struct apply_call {
    const mote_custom_optimizer *custom;
    const void *state;
} apply_call;

static void apply_part(const mote_optimizer_run *run, const void *argument, size_t first,
                       size_t count)
{
    const apply_call *call = (const apply_call *)argument;
    mote_optimizer_part part = {.learning_rate = run->learning_rate,
                                .step = run->step,
                                .count = count,
                                .weight = run->weight + first,
                                .gradient = run->gradient + first};
    for (size_t i = 0; i < MOTE_OPTIMIZER_SLOTS_MAX; i++)
        part.slots[i] = run->slots[i] ? run->slots[i] + first : NULL;
    call->custom->apply(call->custom->user, call->state, &part);
}

static void apply(const mote_optimizer_run *run, const void *state)
{
    const apply_call call = {.custom = custom_of(run->optimizer), .state = state};
    mote_apply_run(run, apply_part, &call);
}

static mote_status check_slots(const mote_custom_optimizer *custom)
{
    const size_t count = count_named(custom);
    for (size_t i = 0; i < MOTE_OPTIMIZER_SLOTS_MAX; i++) {
        const char *name = custom->slot_names[i];
        if (!name)
            continue;
        if (i > count || !mote_property_is_name(name)) {
            return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                              "optimizer '%s': slot %zu, '%.100s': expected names of lower-case "
                              "letters, digits and '_', one behind the other",
                              custom->name, i, name);
        }
        if (mote_text_equal(name, "average"))
            return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                              "optimizer '%s': slot 'average': moving averages have that name",
                              custom->name);
        for (size_t j = 0; j < i; j++) {
            if (mote_text_equal(custom->slot_names[j], name))
                return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                                  "optimizer '%s': slot '%s': there are two of this name",
                                  custom->name, name);
        }
    }
    return MOTE_OK;
}

static mote_status check_optimizer(const mote_custom_optimizer *custom, const mote_property *taken)
{
    const mote_custom_identity identity = {.kind = "optimizer",
                                           .name = custom->name,
                                           .summary = custom->summary,
                                           .properties = custom->properties,
                                           .state_bytes = custom->state_bytes,
                                           .taken = taken};
    const mote_custom_callback callbacks[] = {{"apply", custom->apply != NULL}};
    MOTE_TRY(mote_custom_check(&identity, callbacks, 1));
    if (!(custom->learning_rate >= 0.0 && custom->learning_rate <= RATE_MAXIMUM))
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "optimizer '%s': default learning rate %g, expected 0 to %g",
                          custom->name, custom->learning_rate, RATE_MAXIMUM);
    return check_slots(custom);
}

mote_status mote_custom_make_optimizer(const mote_custom_optimizer *custom,
                                       const mote_property *taken, mote_arena *arena,
                                       const mote_optimizer **optimizer)
{
    void *memory = NULL;
    MOTE_TRY(check_optimizer(custom, taken));
    MOTE_TRY(mote_arena_allocate(arena, sizeof(optimizer_entry), &memory));
    optimizer_entry *entry = (optimizer_entry *)memory;
    entry->custom = *custom;
    entry->optimizer = (mote_optimizer){
        .name = custom->name,
        .summary = custom->summary,
        .properties = custom->properties,
        .state_bytes = custom->state_bytes ? custom->state_bytes : 1,
        .learning_rate = custom->learning_rate,
        .check = check,
        .slot_count = slot_count,
        .apply = apply,
    };
    for (size_t i = 0; i < MOTE_OPTIMIZER_SLOTS_MAX; i++)
        entry->optimizer.slot_names[i] = custom->slot_names[i];
    *optimizer = &entry->optimizer;
    return MOTE_OK;
}
