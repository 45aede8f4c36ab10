// SPDX-License-Identifier: Apache-2.0
// The optimizers of optims.def and the schedules of schedules.def, and finding one by its name.
#include "optim/optim.h"

#include "base/text.h"

static const mote_optimizer *const builtin_optimizers[] = {
#define OPTIMIZER(name) &mote_optimizer_##name,
#include "optim/optims.def"
#undef OPTIMIZER
};

static const mote_schedule_rate *const schedule_rates[] = {
#define SCHEDULE_RATE(name) &mote_schedule_rate_##name,
#include "optim/schedules.def"
#undef SCHEDULE_RATE
};

#define SCHEDULE_RATE_COUNT (sizeof schedule_rates / sizeof schedule_rates[0])

const mote_optimizer_registry *mote_optimizers_builtin(void)
{
    static const mote_optimizer_registry registry = {
        .optimizers = builtin_optimizers,
        .count = sizeof builtin_optimizers / sizeof builtin_optimizers[0],
    };
    return &registry;
}

const mote_optimizer *mote_optimizer_find(const mote_optimizer_registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (mote_text_equal(registry->optimizers[i]->name, name))
            return registry->optimizers[i];
    }
    return NULL;
}

static const char *get_optimizer_name(const void *user, size_t index)
{
    const mote_optimizer_registry *const registry = user;
    return registry->optimizers[index]->name;
}

const char *mote_optimizer_expect(const mote_optimizer_registry *registry, const char *name,
                                  char *text, size_t bytes)
{
    return mote_text_expect(name, get_optimizer_name, registry, registry->count, text, bytes);
}

const mote_schedule_rate *const *mote_schedule_rates(size_t *count)
{
    *count = SCHEDULE_RATE_COUNT;
    return schedule_rates;
}

const mote_schedule_rate *mote_schedule_rate_find(const char *name)
{
    for (size_t i = 0; i < SCHEDULE_RATE_COUNT; i++) {
        if (mote_text_equal(schedule_rates[i]->name, name))
            return schedule_rates[i];
    }
    return NULL;
}

static const char *get_schedule_rate_name(const void *user, size_t index)
{
    (void)user;
    return schedule_rates[index]->name;
}

const char *mote_schedule_rate_expect(const char *name, char *text, size_t bytes)
{
    return mote_text_expect(name, get_schedule_rate_name, NULL, SCHEDULE_RATE_COUNT, text, bytes);
}
