// SPDX-License-Identifier: Apache-2.0
// Images in a build without libpng.
#include "sets.h"

static void an_image_is_refused_by_name(void **state)
{
    const mote_tensor_spec spec = {.dtype = MOTE_DTYPE_F32, .shape = mote_shape_image(1, 1, 1)};
    float value = 0.0F;
    const mote_image_request request = {
        .spec = &spec, .preparation = "", .scale = 1.0, .allocator = mote_allocator_default()};
    const char *const path = mote_test_write(state, "digit.png", "\x89PNG\r\n\x1A\n", 8);
    expect_raises(mote_image_read(path, &request, &value), MOTE_ERROR_UNSUPPORTED,
                  "digit.png' cannot be read: this build of mote is without libpng");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
