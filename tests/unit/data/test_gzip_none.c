// SPDX-License-Identifier: Apache-2.0
// Compressed data files in a build without zlib.
#include "sets.h"

static void a_compressed_file_is_refused_by_name(void **state)
{
    write_files(state);
    (void)mote_test_write(state, "images.idx", "\x1F\x8B\x08\x00", 4);
    assert_files_refused(state, MOTE_ERROR_UNSUPPORTED,
                         "m.ini:10: [train_set]: path: '@/images.idx' is compressed by gzip: this "
                         "build of mote is without zlib");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compressed_file_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
