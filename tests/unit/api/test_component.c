// SPDX-License-Identifier: Apache-2.0
// What a model file can be made of, as the public header lists it.
#include "mote/mote.h"
#include "support/expect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int start(void **state)
{
    const mote_context_config config = {.thread_count = 1};
    mote_context *context = NULL;
    expect_ok(mote_context_create(&config, &context));
    *state = context;
    return 0;
}

static int end(void **state)
{
    mote_context *context = *state;
    mote_context_destroy(&context);
    return 0;
}

/// Index of the component of that kind and name.
static size_t find(const mote_context *context, mote_component_kind kind, const char *name)
{
    for (size_t i = 0; i < mote_component_count(context); i++) {
        mote_component_info info;
        expect_ok(mote_component_get(context, i, &info));
        if (info.kind == kind && strcmp(info.name, name) == 0)
            return i;
    }
    fail_msg("there is no %s '%s'", mote_component_kind_name(kind), name);
    return 0;
}

static void a_section_comes_before_the_components_it_can_name(void **state)
{
    static const char *const sections[] = {
        [MOTE_COMPONENT_LAYER] = "layer",
        [MOTE_COMPONENT_LOSS] = "layer",
        [MOTE_COMPONENT_OPTIMIZER] = "Optimizer",
        [MOTE_COMPONENT_SCHEDULE] = "LearningRateScheduler",
        [MOTE_COMPONENT_READER] = "data",
    };
    const char *section = NULL;
    size_t counts[MOTE_COMPONENT_KIND_COUNT] = {0};
    for (size_t i = 0; i < mote_component_count(*state); i++) {
        mote_component_info info;
        expect_ok(mote_component_get(*state, i, &info));
        counts[info.kind]++;
        assert_true(info.summary[0] != '\0');
        assert_int_equal(isnan(info.learning_rate) == 0, info.kind == MOTE_COMPONENT_OPTIMIZER);
        if (info.kind == MOTE_COMPONENT_SECTION)
            section = info.name;
        else
            assert_string_equal(section, sections[info.kind]);
    }
    assert_int_equal(counts[MOTE_COMPONENT_SECTION], 5);
    for (size_t kind = 0; kind < MOTE_COMPONENT_KIND_COUNT; kind++)
        assert_true(counts[kind] > 0);
}

static void layers_that_only_realizers_make_are_not_listed(void **state)
{
    for (size_t i = 0; i < mote_component_count(*state); i++) {
        mote_component_info info;
        expect_ok(mote_component_get(*state, i, &info));
        assert_string_not_equal(info.name, "fan_out");
    }
}

static void the_properties_of_a_component_are_counted_and_described(void **state)
{
    const size_t index = find(*state, MOTE_COMPONENT_LAYER, "fully_connected");
    mote_component_info component;
    mote_property_info unit;
    expect_ok(mote_component_get(*state, index, &component));
    expect_ok(mote_component_get_property(*state, index, 0, &unit));
    assert_string_equal(unit.name, "unit");
    assert_null(unit.initial);
    for (size_t i = 0; i < component.property_count; i++)
        expect_ok(mote_component_get_property(*state, index, i, &unit));
    char message[64];
    (void)snprintf(message, sizeof message, "property %zu: layer 'fully_connected' has %zu",
                   component.property_count, component.property_count);
    expect_raises(mote_component_get_property(*state, index, component.property_count, &unit),
                  MOTE_ERROR_ARGUMENT, message);
}

static void a_loss_without_keys_has_no_properties(void **state)
{
    const size_t index = find(*state, MOTE_COMPONENT_LOSS, "mse");
    mote_component_info component;
    mote_property_info property;
    expect_ok(mote_component_get(*state, index, &component));
    assert_int_equal(component.property_count, 0);
    expect_raises(mote_component_get_property(*state, index, 0, &property), MOTE_ERROR_ARGUMENT,
                  "property 0: loss 'mse' has 0");
}

static void what_is_not_there_is_refused(void **state)
{
    mote_component_info component;
    mote_property_info property;
    const size_t count = mote_component_count(*state);
    char message[64];
    (void)snprintf(message, sizeof message, "component %zu: there are %zu", count, count);
    expect_raises(mote_component_get(*state, count, &component), MOTE_ERROR_ARGUMENT, message);
    expect_raises(mote_component_get_property(*state, count, 0, &property), MOTE_ERROR_ARGUMENT,
                  message);
    expect_raises(mote_component_get(NULL, 0, &component), MOTE_ERROR_ARGUMENT,
                  "mote_component_get: an argument is NULL");
    expect_raises(mote_component_get(*state, 0, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_component_get: an argument is NULL");
    expect_raises(mote_component_get_property(NULL, 0, 0, &property), MOTE_ERROR_ARGUMENT,
                  "mote_component_get_property: an argument is NULL");
    expect_raises(mote_component_get_property(*state, 0, 0, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_component_get_property: an argument is NULL");
    assert_int_equal(mote_component_count(NULL), 0);
    assert_string_equal(mote_component_kind_name(MOTE_COMPONENT_KIND_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_section_comes_before_the_components_it_can_name),
        cmocka_unit_test(layers_that_only_realizers_make_are_not_listed),
        cmocka_unit_test(the_properties_of_a_component_are_counted_and_described),
        cmocka_unit_test(a_loss_without_keys_has_no_properties),
        cmocka_unit_test(what_is_not_there_is_refused),
    };
    return cmocka_run_group_tests(tests, start, end);
}
