// SPDX-License-Identifier: Apache-2.0
// Loading a description from a text, for the tests of model.
#ifndef MOTE_TESTS_UNIT_MODEL_DESCRIBE_H
#define MOTE_TESTS_UNIT_MODEL_DESCRIBE_H

#include "model/model.h"
#include "support/expect.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MINIMAL "[Model]\n[in]\ntype = input\n"

/// Writes `text` as model.ini and loads it with overrides into `arena`.
static inline mote_status load_with(void **state, const char *text,
                                    const mote_description_override *overrides, size_t count,
                                    mote_arena *arena, mote_description *description)
{
    const char *const path = mote_test_write_text(state, "model.ini", text);
    return mote_description_load(path, overrides, count, arena, description);
}

/// The text is refused with `message`, in which '@' stands for the path of the model file.
static inline void assert_refused_with(void **state, const char *text,
                                       const mote_description_override *overrides, size_t count,
                                       mote_status status, const char *message)
{
    char expected[1024] = "";
    const char *const path = mote_test_path(state, "model.ini");
    const char *const at = strchr(message, '@');
    if (at)
        (void)snprintf(expected, sizeof expected, "%.*s%s%s", (int)(at - message), message, path,
                       at + 1);
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    mote_description description = {.layer_count = 77};
    const mote_status got = load_with(state, text, overrides, count, &arena, &description);
    mote_arena_release(&arena);
    expect_raises(got, status, at ? expected : message);
    assert_int_equal(description.layer_count, 77);
}

static inline void assert_refused(void **state, const char *text, mote_status status,
                                  const char *message)
{
    assert_refused_with(state, text, NULL, 0, status, message);
}

#endif
