// SPDX-License-Identifier: Apache-2.0
// Each piece of memory carries its size, so that a wrong `old_bytes` is found.
#include "support/failing_allocator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef union header {
    size_t bytes;
    max_align_t alignment;
} header;

static void *reallocate(void *user, void *memory, size_t old_bytes, size_t new_bytes)
{
    failing_allocator *const failing = user;
    header *const old = memory ? (header *)memory - 1 : NULL;
    assert_int_equal(old ? old->bytes : 0, old_bytes);
    if (new_bytes > 0) {
        failing->request_count++;
        if (failing->fail_at > 0 &&
            (failing->request_count == failing->fail_at ||
             (failing->fails_on && failing->request_count > failing->fail_at)))
            return NULL;
    }
    header *made = NULL;
    if (new_bytes > 0) {
        made = malloc(sizeof *made + new_bytes);
        assert_non_null(made);
        made->bytes = new_bytes;
        memset(made + 1, 0xA5, new_bytes);
        failing->live_count++;
        failing->live_bytes += new_bytes;
    }
    if (old) {
        if (made)
            memcpy(made + 1, old + 1, old_bytes < new_bytes ? old_bytes : new_bytes);
        failing->live_count--;
        failing->live_bytes -= old_bytes;
        free(old);
    }
    return made ? made + 1 : NULL;
}

void failing_allocator_init(failing_allocator *failing, size_t fail_at, bool fails_on)
{
    *failing = (failing_allocator){
        .allocator = {.user = failing, .reallocate = reallocate},
        .fail_at = fail_at,
        .fails_on = fails_on,
    };
}

/// True when the run made fewer requests than the one that was to fail.
static bool run_once(mote_status (*run)(const mote_allocator *allocator, void *user), void *user,
                     failing_allocator *failing)
{
    const mote_status status = run(&failing->allocator, user);
    assert_int_equal(failing->live_count, 0);
    if (failing->request_count < failing->fail_at) {
        assert_int_equal(status, MOTE_OK);
        return true;
    }
    assert_int_equal(status, MOTE_ERROR_MEMORY);
    assert_int_equal(mote_last_error()->status, MOTE_ERROR_MEMORY);
    return false;
}

size_t failing_allocator_sweep(mote_status (*run)(const mote_allocator *allocator, void *user),
                               void *user)
{
    failing_allocator failing;
    for (size_t fail_at = 1;; fail_at++) {
        failing_allocator_init(&failing, fail_at, true);
        (void)run_once(run, user, &failing);
        failing_allocator_init(&failing, fail_at, false);
        if (run_once(run, user, &failing))
            return failing.request_count;
    }
}
