// SPDX-License-Identifier: Apache-2.0
// Classes by folder: order, names that are known, and what is refused.
#include "data/class_folder.h"
#include "sets.h"

#include <sys/stat.h>

static void make_folder(void **state, const char *name)
{
    assert_int_equal(mkdir(mote_test_path(state, name), 0700), 0);
}

/// b: 2 files; a: 1; c d: 1, in a folder of its own.
static const char *make_classes(void **state, const char *name)
{
    static const char *const folders[] = {"", "/b", "/a", "/c d"};
    static const char *const files[] = {"/b/2", "/b/1", "/a/x", "/c d/y", "/a/.hidden"};
    char path[256];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", name, folders[i]);
        make_folder(state, path);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", name, files[i]);
        (void)mote_test_write_text(state, path, "");
    }
    return mote_test_path(state, name);
}

/// A network that tells `classes` apart.
static void init_config(void **state, set_config *set, int32_t classes)
{
    file_set_init(state, set, "images", "");
    add_port(set, real_port("in", 1, 2, 2), false);
    add_port(set, index_port("class", 1, classes - 1), true);
    set->config.known.class_names = "";
}

static void assert_refused(const set_config *set, const char *path, mote_status status,
                           const char *message)
{
    mote_arena arena;
    mote_class_folder folder;
    mote_arena_init(&arena, mote_allocator_default());
    expect_raises(mote_class_folder_read(&set->config, path, &arena, &arena, &folder), status,
                  message);
    mote_arena_release(&arena);
}

static void classes_and_files_come_in_the_order_of_their_names(void **state)
{
    static const struct {
        const char *end;
        size_t class_index;
    } expected[] = {{"/a/x", 0}, {"/b/1", 1}, {"/b/2", 1}, {"/c d/y", 2}};

    set_config set;
    mote_arena arena;
    mote_class_folder folder;
    const char *const path = make_classes(state, "order");
    init_config(state, &set, 3);
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_class_folder_read(&set.config, path, &arena, &arena, &folder));
    assert_string_equal(folder.class_names, "a,b,c d");
    assert_int_equal(folder.file_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(folder.files[i].path + strlen(path), expected[i].end);
        assert_int_equal(folder.files[i].class_index, expected[i].class_index);
    }
    mote_arena_release(&arena);
}

static void the_names_of_classes_stay_when_the_list_of_files_goes(void **state)
{
    set_config set;
    mote_arena arena;
    mote_arena listing;
    mote_class_folder folder;
    const char *const path = make_classes(state, "stay");
    init_config(state, &set, 3);
    mote_arena_init(&arena, mote_allocator_default());
    mote_arena_init(&listing, mote_allocator_default());
    expect_ok(mote_class_folder_read(&set.config, path, &arena, &listing, &folder));
    mote_class_folder_forget_files(&folder);
    mote_arena_release(&listing);
    assert_int_equal(folder.file_count, 0);
    assert_string_equal(folder.class_names, "a,b,c d");
    assert_string_equal(folder.path, path);
    mote_arena_release(&arena);
}

static void known_names_say_which_class_is_which(void **state)
{
    set_config set;
    mote_arena arena;
    mote_class_folder folder;
    const char *const path = make_classes(state, "known");
    init_config(state, &set, 4);
    set.config.known.class_names = "z, c d,b,a";
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_class_folder_read(&set.config, path, &arena, &arena, &folder));
    assert_string_equal(folder.class_names, "z, c d,b,a");
    assert_int_equal(folder.files[0].class_index, 3);
    assert_int_equal(folder.files[3].class_index, 1);
    mote_arena_release(&arena);
    set.config.known.class_names = "a,b,c,d";
    assert_refused(&set, path, MOTE_ERROR_FORMAT, "/c d' is none of the known classes: a,b,c,d");
}

static void as_many_classes_as_the_network_tells_apart_must_be_there(void **state)
{
    set_config set;
    const char *const path = make_classes(state, "count");
    init_config(state, &set, 4);
    assert_refused(&set, path, MOTE_ERROR_FORMAT,
                   "has 3 sub-folders, the network tells 4 classes apart");
}

static void other_things_in_the_folder_are_refused(void **state)
{
    set_config set;
    const char *const path = make_classes(state, "things");
    init_config(state, &set, 4);
    make_folder(state, "things/empty");
    assert_refused(&set, path, MOTE_ERROR_FORMAT, "/empty' has no files");
    make_folder(state, "things/empty/inner");
    assert_refused(&set, path, MOTE_ERROR_FORMAT, "/inner' is a folder in the folder of a class");
    make_folder(state, "things/x,y");
    assert_refused(&set, path, MOTE_ERROR_UNSUPPORTED, "may not have a comma");
    assert_refused(&set, mote_test_write_text(state, "table.csv", "a,b\n"), MOTE_ERROR_FORMAT,
                   "/table.csv' is no folder; expected one with a sub-folder a class");
    (void)mote_test_write_text(state, "things/0file", "");
    assert_refused(&set, path, MOTE_ERROR_FORMAT,
                   "/0file' is a file; expected one sub-folder a class");
}

static void a_folder_that_is_empty_or_none_is_refused(void **state)
{
    set_config set;
    init_config(state, &set, 4);
    make_folder(state, "nothing");
    assert_refused(&set, mote_test_path(state, "nothing"), MOTE_ERROR_FORMAT, "is empty");
    assert_refused(&set, mote_test_path(state, "missing"), MOTE_ERROR_IO, "cannot open '");
}

static void labels_are_written_as_they_are_wanted(void **unused)
{
    (void)unused;
    const mote_tensor_spec index = index_port("class", 1, 3).spec;
    const mote_tensor_spec row = real_port("class", 1, 1, 4).spec;
    int32_t value = 0;
    mote_real values[3];
    mote_class_folder_write(&index, 2, 0, 1, &value);
    assert_int_equal(value, 2);
    mote_class_folder_write(&row, 2, 1, 3, values);
    assert_true(values[0] == 0 && values[1] == 1 && values[2] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_and_files_come_in_the_order_of_their_names),
        cmocka_unit_test(the_names_of_classes_stay_when_the_list_of_files_goes),
        cmocka_unit_test(known_names_say_which_class_is_which),
        cmocka_unit_test(as_many_classes_as_the_network_tells_apart_must_be_there),
        cmocka_unit_test(other_things_in_the_folder_are_refused),
        cmocka_unit_test(a_folder_that_is_empty_or_none_is_refused),
        cmocka_unit_test(labels_are_written_as_they_are_wanted),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
