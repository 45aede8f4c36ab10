// SPDX-License-Identifier: Apache-2.0
// What is said of two texts that differ.
#include "train/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define A "a type=x unit=2 input=p output=f32\n"
#define B "b type=y\n"

typedef struct difference {
    const char *there, *here, *text;
} difference;

static const difference differences[] = {
    {A B, "a type=x unit=3 input=p output=f32\n" B, "a: 'unit=2' there, 'unit=3' here"},
    {A B, "a type=x unit=2 clip=1 input=p output=f32\n" B, "a: 'clip=1' is only here"},
    {"a type=x unit=2 clip=1 input=p output=f32\n", A, "a: 'clip=1' is only there"},
    {A, "a type=x unit=2 input=p input=q output=f32\n", "a: 'input=q' is only here"},
    {A, "a type=x unit=2 input=p output=f32 more=1\n", "a: 'more=1' is only here"},
    {A, "a type=x unit=2\n", "a: 'input=p' is only there"},
    {A, A B, "b is only here"},
    {A B, A, "b is only there"},
    {A B, B, "a is only there"},
    {B, A B, "a is only here"},
    {A B, B A, "a comes first there, b here"},
    {A, "", "a is only there"},
    {"[s] count=1 content=12\n", "[s] count=1 content=13\n",
     "[s]: samples have other values there than here"},
    {"[s] count=1 content=12\n", "[s] count=2 content=13\n",
     "[s]: 'count=1' there, 'count=2' here"},
    {"x", "y", "y is only here"},              // damaged
    {"a b", "a b ", "a: 'b' there, 'b' here"}, // damaged, too
};

static void a_difference_names_line_key_and_side(void **state)
{
    (void)state;
    char text[128];
    for (size_t i = 0; i < sizeof differences / sizeof differences[0]; i++) {
        const difference *d = &differences[i];
        assert_true(mote_identity_differ(d->there, d->here, text, sizeof text));
        assert_string_equal(text, d->text);
        assert_false(mote_identity_differ(d->here, d->here, text, sizeof text));
    }
}

static void without_data_the_model_is_left(void **state)
{
    (void)state;
    char text[] = A B "[train_set] count=1\n[valid_set] count=2\n";
    char only_validation[] = A "[valid_set] count=2\n";
    char none[] = A B;
    mote_identity_drop_data(text);
    assert_string_equal(text, A B);
    mote_identity_drop_data(only_validation);
    assert_string_equal(only_validation, A);
    mote_identity_drop_data(none);
    assert_string_equal(none, A B);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_difference_names_line_key_and_side),
        cmocka_unit_test(without_data_the_model_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
