// SPDX-License-Identifier: Apache-2.0
// Saved plans as files: a section of what the plan is of and what was decided for all of it, then one for each tensor that leaves
// memory. Everything else, offsets too, follows from these; the plan's hash tells whether it did.
#include "compile/settings.h"

#include "base/property.h"
#include "os/os.h"

#include <stdio.h>
#include <string.h>

#define VALUE_BYTES 512U

#define ROW(key, kind_of_value, field, text)                        \
    {                                                               \
        .name = (key), .kind = MOTE_PROPERTY_##kind_of_value,       \
        .offset = offsetof(mote_plan_record, field), .help = (text) \
    }

static const char *const policies[] = {"early", "after_all", NULL};

/// What differs first is what is told. The last rows are what came of the plan.
static const mote_property record_rows[] = {
    ROW("version", INTEGER, version, "of the file's form"),
    ROW("batch_size", INTEGER, batch_size, "samples of a step"),
    ROW("threads", INTEGER, threads, "that compute: each has scratch memory"),
    ROW("programs", TEXT, programs, "that share the memory"),
    {.name = "apply",
     .kind = MOTE_PROPERTY_CHOICE,
     .choices = policies,
     .offset = offsetof(mote_plan_record, apply),
     .help = "[Model] apply"},
    ROW("model_hash", TEXT, model_hash, "of layers, optimizer, batch and seed"),
    ROW("planner", TEXT, planner, "that finds offsets"),
    ROW("without", TEXT, without, "techniques that are left out"),
    ROW("memory_budget", BYTES, memory_budget, "that the plan keeps; 0: any"),
    ROW("tight", BOOL, decisions.is_tight, "whether each step uses as little memory as it can"),
    ROW("sliced", BOOL, decisions.is_sliced,
        "whether the batch is sliced wherever less lives then"),
    ROW("recompute_above", BYTES, decisions.recompute_above,
        "bytes of blocks above which layers are run again; 0: none are"),
    ROW("weight_slice_bytes", BYTES, decisions.weight_slice_bytes,
        "of the slices in which larger weights are used; 0: they are whole"),
    ROW("mote_version", TEXT, mote_version, "of mote that made the plan"),
    ROW("arena_bytes", INTEGER, arena_bytes, "of all memory"),
    ROW("plan_hash", TEXT, plan_hash, "of all places and lives"),
    {.name = NULL},
};

#define RESULT_ROWS 2U
#define ROW_COUNT   (sizeof record_rows / sizeof record_rows[0] - 1)

static mote_status read_techniques(const char *path, mote_saved_plan *saved)
{
    const mote_status status = saved->record.without[0]
                                   ? mote_techniques_find(saved->record.without, &saved->without)
                                   : MOTE_OK;
    if (status != MOTE_OK)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s: [Plan]: without: %.300s", path,
                          mote_last_error()->message);
    return MOTE_OK;
}

static mote_status read_planner(const char *path, mote_saved_plan *saved)
{
    if (mote_planner_find(saved->record.planner, &saved->planner) == MOTE_OK)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s: [Plan]: planner: %.300s", path,
                      mote_last_error()->message);
}

static mote_status read_record(const mote_section *section, mote_saved_plan *saved)
{
    const mote_property_target target = {.table = record_rows, .state = &saved->record};
    const mote_plan_record *record = &saved->record;
    MOTE_TRY(mote_property_read(&target, 1, "[Plan]", &section->origin, section->entries,
                                section->entry_count));
    if (record->version != MOTE_SAVED_PLAN_VERSION)
        return MOTE_RAISE(
            MOTE_ERROR_FORMAT, "%s: version %llu of saved plans is not known, version %u is",
            saved->path, (unsigned long long)record->version, MOTE_SAVED_PLAN_VERSION);
    if (record->memory_budget > 0 && record->arena_bytes > record->memory_budget) {
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "%s: its arena_bytes, %llu, are more than its memory_budget, %llu",
                          saved->path, (unsigned long long)record->arena_bytes,
                          (unsigned long long)record->memory_budget);
    }
    MOTE_TRY(read_techniques(saved->path, saved));
    return read_planner(saved->path, saved);
}

mote_status mote_saved_plan_read(const char *path, mote_arena *arena, mote_saved_plan *saved)
{
    mote_section *sections = NULL;
    size_t count = 0;
    char *file = NULL;
    MOTE_TRY(mote_arena_text(arena, path, strlen(path), &file));
    MOTE_TRY(mote_sections_read(file, arena, &sections, &count));
    if (count == 0 || !mote_text_equal(sections[0].name, "Plan"))
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "%s: no saved plan: the first section is not [Plan]",
                          file);
    *saved = (mote_saved_plan){.path = file, .parts = sections + 1, .part_count = count - 1};
    return read_record(&sections[0], saved);
}

/// Joins names.
static void add_name(char *text, size_t bytes, const char *name)
{
    const size_t used = strlen(text);
    (void)snprintf(text + used, bytes - used, "%s%s", used > 0 ? "," : "", name);
}

/// Texts of a record that are made for it.
typedef struct record_texts {
    char programs[64];
    char without[VALUE_BYTES];
} record_texts;

/// The record of a compiled plan; `texts` are part of it.
static mote_plan_record make_record(const mote_compile_request *request,
                                    const mote_compiled *compiled, const char *model_hash,
                                    record_texts *texts)
{
    *texts = (record_texts){.programs = ""};
    for (size_t i = 0; i < compiled->program_count; i++) {
        const mote_schedule *schedule = &compiled->schedules[i];
        const bool pauses = schedule->training && (request->modes & MOTE_MODE_STEP);
        add_name(texts->programs, sizeof texts->programs, pauses ? "step" : schedule->name);
    }
    for (size_t i = 0; i < MOTE_TECHNIQUE_COUNT; i++) {
        if (request->without & 1U << i)
            add_name(texts->without, sizeof texts->without, mote_technique_name(i));
    }
    return (mote_plan_record){.version = MOTE_SAVED_PLAN_VERSION,
                              .batch_size = mote_compiled_graph(compiled)->batch,
                              .threads = request->context->parallel.thread_count,
                              .programs = texts->programs,
                              .apply = compiled->settings.apply,
                              .model_hash = model_hash,
                              .planner = request->planner->name,
                              .without = texts->without,
                              .memory_budget = request->memory_budget,
                              .decisions = compiled->decisions,
                              .mote_version = MOTE_VERSION,
                              .arena_bytes = compiled->plan.arena_bytes,
                              .plan_hash = compiled->plan.hash};
}

/// Whether the record has another value than `saved` in one of the first rows; the first is written into `text`.
static bool find_difference(const mote_plan_record *saved, const mote_plan_record *record,
                            size_t row_count, char *text, size_t bytes)
{
    for (size_t i = 0; i < row_count; i++) {
        char there[VALUE_BYTES];
        char here[VALUE_BYTES];
        (void)mote_property_get(&record_rows[i], saved, there, sizeof there);
        (void)mote_property_get(&record_rows[i], record, here, sizeof here);
        if (strcmp(there, here) == 0)
            continue;
        (void)snprintf(text, bytes, "%s = %.100s there, %.100s here", record_rows[i].name, there,
                       here);
        return true;
    }
    return false;
}

mote_status mote_saved_plan_check(const mote_compiler *c, const char *model_hash,
                                  mote_status status)
{
    const mote_saved_plan *saved = c->request->saved;
    record_texts texts;
    char difference[VALUE_BYTES];
    const mote_plan_record record = make_record(c->request, c->compiled, model_hash, &texts);
    const bool is_planned = status == MOTE_OK;
    if (is_planned && record.arena_bytes == saved->record.arena_bytes &&
        strcmp(record.plan_hash, saved->record.plan_hash) == 0)
        return MOTE_OK;
    if (!find_difference(&saved->record, &record, is_planned ? ROW_COUNT : ROW_COUNT - RESULT_ROWS,
                         difference, sizeof difference))
        return status;
    if (is_planned)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s: the plan is another one here: %s", saved->path,
                          difference);
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%.500s; %s", mote_last_error()->message, difference);
}

static void print_record(const mote_plan_record *record, const mote_writer *writer)
{
    mote_write(writer, "; A plan of mote, to be made again by --plan or mote_compile_config.plan. "
                       "What would make it another one is refused.\n[Plan]\n");
    for (const mote_property *row = record_rows; row->name; row++) {
        char value[VALUE_BYTES];
        const char *quote = row->kind == MOTE_PROPERTY_TEXT ? "\"" : "";
        (void)mote_property_get(row, record, value, sizeof value);
        mote_write(writer, "%s = %s%s%s\n", row->name, quote, value, quote);
    }
}

/// For people: it follows from `recompute_above`.
static void print_recomputed(const mote_compiled *compiled, const mote_writer *writer)
{
    for (size_t i = 0; i < compiled->program_count; i++) {
        const mote_schedule *schedule = &compiled->schedules[i];
        for (size_t j = 0; j < schedule->step_count; j++) {
            char text[256];
            if (schedule->steps[j].kind == MOTE_STEP_RECOMPUTE)
                mote_write(writer, "; step %zu of %s: %s\n", j, schedule->name,
                           mote_step_text(schedule, j, text, sizeof text));
        }
    }
}

static void print_plan(const void *user, const mote_writer *writer)
{
    const mote_compilation *compilation = user;
    const mote_compiled *compiled = compilation->compiled;
    record_texts texts;
    const mote_plan_record record =
        make_record(&compilation->request, compiled, compiled->model_hash, &texts);
    print_record(&record, writer);
    print_recomputed(compiled, writer);
    mote_saved_plan_print_parts(compiled, writer);
}

mote_status mote_compilation_save_plan(const mote_compilation *compilation, const char *path)
{
    const mote_allocator *allocator = compilation->arena.allocator;
    mote_arena arena;
    char *text = NULL;
    mote_arena_init(&arena, allocator);
    mote_status status = mote_arena_print(&arena, print_plan, compilation, &text);
    if (status == MOTE_OK)
        status = mote_file_replace(path, text, strlen(text), allocator);
    mote_arena_release(&arena);
    return status;
}
