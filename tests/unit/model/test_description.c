// SPDX-License-Identifier: Apache-2.0
// From sections to the description: special sections, settings, overrides, paths, printing.
#include "describe.h"
#include "support/failing_allocator.h"

typedef struct loaded {
    mote_arena arena;
    mote_description description;
} loaded;

static loaded load(void **state, const char *text, const mote_description_override *overrides,
                   size_t count)
{
    loaded result;
    mote_arena_init(&result.arena, mote_allocator_default());
    expect_ok(load_with(state, text, overrides, count, &result.arena, &result.description));
    return result;
}

static void special_sections_are_known_in_any_case_and_place(void **state)
{
    loaded l = load(state,
                    "[in]\ntype = input\n[TEST_SET]\n[mODEL]\n[b]\ntype = x\n[optimizer]\n"
                    "[Train_Set]\n[valid_set]\n[learningratescheduler]\n[c]\ntype = y\n",
                    NULL, 0);
    const mote_description *const d = &l.description;
    assert_string_equal(d->model->name, "mODEL");
    assert_string_equal(d->optimizer->name, "optimizer");
    assert_string_equal(d->schedule->name, "learningratescheduler");
    assert_string_equal(d->train_set->name, "Train_Set");
    assert_string_equal(d->valid_set->name, "valid_set");
    assert_string_equal(d->test_set->name, "TEST_SET");
    assert_int_equal(d->layer_count, 3);
    assert_string_equal(d->layers[0].name, "in");
    assert_string_equal(d->layers[1].name, "b");
    assert_string_equal(d->layers[2].name, "c");
    mote_arena_release(&l.arena);
}

static void absent_sections_are_null(void **state)
{
    loaded l = load(state, MINIMAL, NULL, 0);
    assert_null(l.description.optimizer);
    assert_null(l.description.schedule);
    assert_null(l.description.train_set);
    assert_null(l.description.valid_set);
    assert_null(l.description.test_set);
    mote_arena_release(&l.arena);
}

static void settings_have_defaults(void **state)
{
    loaded l = load(state, MINIMAL, NULL, 0);
    const mote_model_settings *const s = &l.description.settings;
    assert_string_equal(s->loss, "");
    assert_int_equal(s->batch_size, 32);
    assert_int_equal(s->epochs, 1);
    assert_int_equal(s->seed, 0);
    assert_int_equal(s->apply, MOTE_APPLY_EARLY);
    assert_string_equal(s->save_path, "");
    assert_string_equal(s->load_path, "");
    assert_string_equal(s->save_best_path, "");
    assert_int_equal(s->patience, 0);
    assert_true(s->min_delta == 0.0);
    assert_int_equal(l.description.loss_origin.line, 1);
    mote_arena_release(&l.arena);
}

static void settings_are_read(void **state)
{
    loaded l = load(
        state,
        "[Model]\nType = neuralnetwork\nLoss = cross\nBatch_Size = 64\nEPOCHS = 3\n"
        "seed = 18446744073709551615\napply = after_all\nsave_path = a b.safetensors\n"
        "load_path = ../w.safetensors\nsave_best_path = b\npatience = 4\nmin_delta = 0.25\n[in]\ntype = input\n",
        NULL, 0);
    const mote_model_settings *const s = &l.description.settings;
    assert_string_equal(s->loss, "cross");
    assert_int_equal(s->batch_size, 64);
    assert_int_equal(s->epochs, 3);
    assert_true(s->seed == UINT64_MAX);
    assert_int_equal(s->apply, MOTE_APPLY_AFTER_ALL);
    assert_string_equal(s->save_path, "a b.safetensors");
    assert_string_equal(s->load_path, "../w.safetensors");
    assert_string_equal(s->save_best_path, "b");
    assert_int_equal(s->patience, 4);
    assert_true(s->min_delta == 0.25);
    assert_int_equal(l.description.loss_origin.line, 3);
    mote_arena_release(&l.arena);
}

static void wrong_settings_name_line_value_and_what_is_accepted(void **state)
{
    assert_refused(state, "[Model]\nbatch_size = 0\n[in]\ntype = input\n", MOTE_ERROR_PROPERTY,
                   "@:2: [Model]: batch_size = 0: expected a whole number from 1 to 1048576");
    assert_refused(state, "[Model]\nbatch_size = 1048577\n[in]\ntype = input\n",
                   MOTE_ERROR_PROPERTY, "batch_size = 1048577");
    assert_refused(state, "[Model]\napply = late\n[in]\ntype = input\n", MOTE_ERROR_PROPERTY,
                   "@:2: [Model]: apply = late: expected one of early, after_all");
    assert_refused(state, "[Model]\ntype = knn\n[in]\ntype = input\n", MOTE_ERROR_PROPERTY,
                   "@:2: [Model]: type = knn: expected one of NeuralNetwork");
    assert_refused(state, "[Model]\nbatchsize = 3\n[in]\ntype = input\n", MOTE_ERROR_PROPERTY,
                   "@:2: [Model]: unknown key 'batchsize', did you mean 'batch_size'?");
    assert_refused(state, "[Model]\nmin_delta = -1\n[in]\ntype = input\n", MOTE_ERROR_PROPERTY,
                   "@:2: [Model]: min_delta = -1: expected a number from 0 to 1e+30");
    assert_refused(state, "[Model]\nmin_delta = 1\n[in]\ntype = input\n", MOTE_ERROR_PROPERTY,
                   "@:2: [Model]: min_delta needs patience");
}

static void a_file_without_model_or_layers_is_refused(void **state)
{
    assert_refused(state, "[in]\ntype = input\n", MOTE_ERROR_PROPERTY,
                   "@: there is no section [Model]");
    assert_refused(state, "[Model]\n[Optimizer]\ntype = sgd\n", MOTE_ERROR_PROPERTY,
                   "@: there is no layer: every section but Model, ");
}

static void a_mistyped_special_section_is_guessed(void **state)
{
    assert_refused(state, MINIMAL "[Optimzer]\nlearning_rate = 1\n", MOTE_ERROR_PROPERTY,
                   "@:4: unknown section [Optimzer], did you mean 'Optimizer'?");
    assert_refused(state, MINIMAL "[trainset]\npath = x\n", MOTE_ERROR_PROPERTY,
                   "@:4: unknown section [trainset], did you mean 'train_set'?");
}

static void overrides_win_over_the_file(void **state)
{
    const mote_description_override overrides[] = {
        {"model", "Batch_Size", "8"}, {"IN", "unit", " \"5\" "}, {"model", "batch_size", "16"}};
    loaded l = load(state, "[Model]\nbatch_size = 4\n[in]\ntype = input\nunit = 3\n", overrides, 3);
    const mote_entry *const unit = mote_section_find(&l.description.layers[0], "unit");
    assert_int_equal(l.description.settings.batch_size, 16);
    assert_int_equal(l.description.model->entry_count, 1);
    assert_string_equal(unit->value, "5");
    assert_string_equal(unit->origin.file, "--set");
    assert_int_equal(unit->origin.line, 0);
    mote_arena_release(&l.arena);
}

static void overrides_add_keys_and_special_sections(void **state)
{
    const mote_description_override overrides[] = {{"in", "unit", "5"},
                                                   {"optimizer", "type", "sgd"}};
    loaded l = load(state, MINIMAL, overrides, 2);
    assert_string_equal(mote_section_find(&l.description.layers[0], "UNIT")->value, "5");
    assert_string_equal(l.description.optimizer->name, "Optimizer");
    assert_string_equal(l.description.optimizer->origin.file, "--set");
    assert_string_equal(mote_section_find(l.description.optimizer, "type")->value, "sgd");
    mote_arena_release(&l.arena);
}

static void wrong_overrides_are_refused(void **state)
{
    const mote_description_override layer = {"conv2", "unit", "5"};
    assert_refused_with(state, "[Model]\n[conv1]\ntype = x\n", &layer, 1, MOTE_ERROR_PROPERTY,
                        "--set: there is no section 'conv2', did you mean 'conv1'?");
    const mote_description_override special = {"optimzer", "type", "sgd"};
    assert_refused_with(state, MINIMAL, &special, 1, MOTE_ERROR_PROPERTY,
                        "--set: there is no section 'optimzer', did you mean 'Optimizer'?");
    const mote_description_override number = {"Model", "epochs", "-1"};
    assert_refused_with(state, MINIMAL, &number, 1, MOTE_ERROR_PROPERTY,
                        "--set: [Model]: epochs = -1: expected a whole number");
    const mote_description_override key = {"Model", "epoch", "1"};
    assert_refused_with(state, MINIMAL, &key, 1, MOTE_ERROR_PROPERTY,
                        "--set: [Model]: unknown key 'epoch', did you mean 'epochs'?");
    const mote_description_override empty = {"Model", "save_path", " "};
    assert_refused_with(state, MINIMAL, &empty, 1, MOTE_ERROR_PROPERTY,
                        "--set: [Model]: key 'save_path' has no value (\"\" is an empty text)");
}

static void paths_are_relative_to_the_folder_of_the_file(void **state)
{
    loaded l = load(state, MINIMAL, NULL, 0);
    const char *path = NULL;
    assert_string_equal(l.description.path, mote_test_path(state, "model.ini"));
    assert_string_equal(l.description.folder, mote_test_folder(state));
    expect_ok(mote_description_path(&l.description, "d/x.gz", &l.arena, &path));
    assert_string_equal(path, mote_test_path(state, "d/x.gz"));
    expect_ok(mote_description_path(&l.description, "/d/x.gz", &l.arena, &path));
    assert_string_equal(path, "/d/x.gz");
    mote_arena_release(&l.arena);
}

static void a_file_without_folder_leaves_paths_alone(void **state)
{
    (void)state;
    const mote_description here = {.folder = "."};
    const mote_description root = {.folder = "/"};
    const char *path = NULL;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_description_path(&here, "x.gz", &arena, &path));
    assert_string_equal(path, "x.gz");
    expect_ok(mote_description_path(&root, "x.gz", &arena, &path));
    assert_string_equal(path, "/x.gz");
    mote_arena_release(&arena);
}

static void every_setting_is_documented(void **state)
{
    (void)state;
    const mote_property *const table = mote_model_properties();
    assert_int_equal(mote_property_count(table), 19);
    for (const mote_property *row = table; row->name; row++)
        assert_true(strlen(row->help) > 0);
}

static void append(void *user, const char *text, size_t length)
{
    (void)strncat(user, text, length);
}

static void printing_shows_values_and_where_they_were_written(void **state)
{
    const mote_description_override override = {"Model", "seed", "7"};
    loaded l = load(state, "[train_set]\n[in]\ntype = input\n[model]\n", &override, 1);
    char text[2048] = "";
    char expected[2048];
    const char *const path = mote_test_path(state, "model.ini");
    (void)snprintf(expected, sizeof expected,
                   "[model]%33s ; %s:4\nseed = 7%32s ; --set\n\n"
                   "[in]%36s ; %s:2\ntype = input%28s ; %s:3\n\n[train_set]%29s ; %s:1\n\n",
                   "", path, "", "", path, "", path, "", path);
    mote_description_print(&l.description, &(mote_writer){.user = text, .write = append});
    assert_string_equal(text, expected);
    mote_arena_release(&l.arena);
}

static mote_status load_once(const mote_allocator *allocator, void *user)
{
    const mote_description_override override = {"Optimizer", "type", "sgd"};
    mote_arena arena;
    mote_arena_init(&arena, allocator);
    mote_description description;
    const char *path = NULL;
    mote_status status = mote_description_load(user, &override, 1, &arena, &description);
    if (status == MOTE_OK)
        status = mote_description_path(&description, "x", &arena, &path);
    mote_arena_release(&arena);
    return status;
}

static void every_allocation_of_loading_may_fail(void **state)
{
    char text[16384] = MINIMAL;
    size_t length = strlen(text);
    for (int i = 0; i < 150; i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "[layer_%03d]\ntype = fully_connected\nunit = %d\n", i, i);
    const char *const path = mote_test_write_text(state, "large.ini", text);
    char user[512];
    (void)snprintf(user, sizeof user, "%s", path);
    assert_true(failing_allocator_sweep(load_once, user) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_sections_are_known_in_any_case_and_place),
        cmocka_unit_test(absent_sections_are_null),
        cmocka_unit_test(settings_have_defaults),
        cmocka_unit_test(settings_are_read),
        cmocka_unit_test(wrong_settings_name_line_value_and_what_is_accepted),
        cmocka_unit_test(a_file_without_model_or_layers_is_refused),
        cmocka_unit_test(a_mistyped_special_section_is_guessed),
        cmocka_unit_test(overrides_win_over_the_file),
        cmocka_unit_test(overrides_add_keys_and_special_sections),
        cmocka_unit_test(wrong_overrides_are_refused),
        cmocka_unit_test(paths_are_relative_to_the_folder_of_the_file),
        cmocka_unit_test(a_file_without_folder_leaves_paths_alone),
        cmocka_unit_test(every_setting_is_documented),
        cmocka_unit_test(printing_shows_values_and_where_they_were_written),
        cmocka_unit_test(every_allocation_of_loading_may_fail),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
