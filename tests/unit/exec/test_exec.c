// SPDX-License-Identifier: Apache-2.0
// The executor: what an operation is handed, where a program stops, and that dead memory is poisoned.
#include "exec/exec.h"

#include "os/os.h"

#include "support/expect.h"
#include "support/threads.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES 256U
#define TENSORS     6U

/// A program of one or two operations on a small arena.
typedef struct fixture {
    _Alignas(64) unsigned char memory[ARENA_BYTES];
    mote_tensor tensors[2][TENSORS];
    mote_tensor_spec specs[2][TENSORS];
    size_t offsets[2][TENSORS];
    mote_operation operations[2];
    mote_program program;
    mote_execution execution;
} fixture;

static void init(fixture *f, size_t operation_count)
{
    memset(f, 0, sizeof *f);
    for (size_t i = 0; i < 2; i++) {
        f->operations[i].name = i == 0 ? "first" : "second";
        f->operations[i].tensors = f->tensors[i];
        f->operations[i].offsets = f->offsets[i];
        for (size_t j = 0; j < TENSORS; j++) {
            f->offsets[i][j] = MOTE_ABSENT;
            f->specs[i][j] = (mote_tensor_spec){MOTE_DTYPE_F32, true, {1, {3}}};
            f->tensors[i][j].spec = &f->specs[i][j];
        }
    }
    f->program = (mote_program){
        .name = "test", .operations = f->operations, .operation_count = operation_count};
    f->execution = (mote_execution){.batch = 2};
}

static mote_status count_up(const mote_operation *operation, const mote_execution *execution)
{
    (void)execution;
    ((unsigned char *)operation->tensors[0].data)[0]++;
    return MOTE_OK;
}

static mote_status fail_always(const mote_operation *operation, const mote_execution *execution)
{
    (void)execution;
    return MOTE_RAISE(MOTE_ERROR_IO, "%s failed", operation->name);
}

/// Two operations, the first on byte 0, the second on byte 64.
static void init_two(fixture *f, mote_operation_run *first, mote_operation_run *second)
{
    init(f, 2);
    f->operations[0].run = first;
    f->operations[1].run = second;
    for (size_t i = 0; i < 2; i++) {
        f->operations[i].tensor_count = 1;
        f->offsets[i][0] = 64 * i;
    }
    mote_program_bind(&f->program, f->memory);
}

static void binding_resolves_offsets_and_leaves_absent_tensors_without_data(void **unused)
{
    (void)unused;
    fixture f;
    init(&f, 1);
    f.operations[0].tensor_count = 3;
    f.offsets[0][0] = 128;
    f.offsets[0][2] = 0;
    mote_program_bind(&f.program, f.memory);
    assert_ptr_equal(f.tensors[0][0].data, f.memory + 128);
    assert_null(f.tensors[0][1].data);
    assert_ptr_equal(f.tensors[0][2].data, f.memory);
}

static void a_program_may_be_bound_to_another_arena(void **unused)
{
    (void)unused;
    unsigned char other[ARENA_BYTES];
    fixture f;
    init_two(&f, count_up, count_up);
    mote_program_bind(&f.program, other);
    assert_ptr_equal(f.tensors[1][0].data, other + 64);
    size_t results[] = {16, 48};
    f.program.result_offsets = results;
    f.program.result_count = 2;
    assert_ptr_equal(mote_program_result(&f.program, 0), other + 16);
    assert_ptr_equal(mote_program_result(&f.program, 1), other + 48);
}

static void operations_run_in_order(void **unused)
{
    (void)unused;
    fixture f;
    init_two(&f, count_up, count_up);
    expect_ok(mote_program_run(&f.program, &f.execution));
    assert_int_equal(f.memory[0], 1);
    assert_int_equal(f.memory[64], 1);
}

/// What a profiler was told.
typedef struct told {
    mote_operation_time times[4];
    size_t count;
} told;

static void note_time(void *user, const mote_operation_time *time)
{
    told *notes = (told *)user;
    assert_true(notes->count < 4);
    notes->times[notes->count++] = *time;
}

static void a_profiler_is_told_of_each_operation_and_its_work(void **unused)
{
    (void)unused;
    fixture f;
    told notes = {.count = 0};
    init_two(&f, count_up, count_up);
    f.operations[0].phase = "forward";
    f.operations[0].layer = "conv";
    f.operations[0].multiply_adds = 7.0;
    f.execution.iteration = 3;
    f.execution.profiler = (mote_profiler){&notes, note_time};
    const uint64_t before = mote_clock_ns();
    expect_ok(mote_program_run(&f.program, &f.execution));
    const uint64_t after = mote_clock_ns();
    assert_int_equal(notes.count, 2);
    const mote_operation_time *first = &notes.times[0];
    const mote_operation_time *second = &notes.times[1];
    assert_string_equal(first->name, "first");
    assert_string_equal(first->phase, "forward");
    assert_string_equal(first->layer, "conv");
    assert_true(first->multiply_adds == 14.0); // of a batch of 2
    assert_int_equal(first->index, 0);
    assert_int_equal(second->index, 1);
    assert_int_equal(second->step, 3);
    assert_true(second->multiply_adds == 0.0);
    assert_true(before <= first->begin_ns);
    assert_true(first->begin_ns + first->ns <= second->begin_ns);
    assert_true(second->begin_ns + second->ns <= after);
}

static void a_profiler_is_not_told_of_what_failed(void **unused)
{
    (void)unused;
    fixture f;
    told notes = {.count = 0};
    init_two(&f, count_up, fail_always);
    f.execution.profiler = (mote_profiler){&notes, note_time};
    expect_raises(mote_program_run(&f.program, &f.execution), MOTE_ERROR_IO, "second failed");
    assert_int_equal(notes.count, 1);
}

static void a_program_stops_at_the_first_failure(void **unused)
{
    (void)unused;
    fixture f;
    init_two(&f, fail_always, count_up);
    expect_raises(mote_program_run(&f.program, &f.execution), MOTE_ERROR_IO, "first failed");
    assert_int_equal(f.memory[64], 0);
}

static void dead_memory_is_filled_with_nan(void **unused)
{
    (void)unused;
    fixture f;
    init_two(&f, count_up, count_up);
    const mote_dead_range dead = {.offset = 128, .bytes = 8};
    f.operations[0].dead = &dead;
    f.operations[0].dead_count = 1;
    f.program.poison = true;
    expect_ok(mote_program_run(&f.program, &f.execution));
    float values[3];
    memcpy(values, f.memory + 128, sizeof values);
    assert_true(values[0] != values[0]);
    assert_true(values[1] != values[1]);
    assert_true(values[2] == 0.0F);
    assert_int_equal(f.memory[0], 1);
}

static void without_poison_dead_memory_stays(void **unused)
{
    (void)unused;
    fixture f;
    init_two(&f, count_up, count_up);
    const mote_dead_range dead = {.offset = 128, .bytes = 8};
    f.operations[0].dead = &dead;
    f.operations[0].dead_count = 1;
    expect_ok(mote_program_run(&f.program, &f.execution));
    assert_int_equal(f.memory[128], 0);
}

/// What a callback was handed.
static void note_run(const mote_layer_run *run, const void *state)
{
    mote_layer_run *const *noted = state;
    **noted = *run;
}

static void a_layer_is_handed_batch_phase_scratch_and_key(void **unused)
{
    (void)unused;
    fixture f;
    mote_layer_run noted;
    mote_layer_run *const place = &noted;
    const mote_declaration declaration = {.output_count = 0};
    const mote_callee callee = {
        .state = &place, .declaration = &declaration, .input_count = 1, .random_name = 77};
    init(&f, 1);
    f.operations[0] = (mote_operation){.run = mote_operation_layer,
                                       .name = "forward a",
                                       .callback = note_run,
                                       .callee = &callee,
                                       .training = true,
                                       .tensors = f.tensors[0],
                                       .offsets = f.offsets[0],
                                       .tensor_count = 2};
    f.offsets[0][1] = 192;
    f.execution.seed = 5;
    f.execution.iteration = 9;
    mote_program_bind(&f.program, f.memory);
    expect_ok(mote_program_run(&f.program, &f.execution));
    assert_int_equal(noted.batch, 2);
    assert_true(noted.training);
    assert_ptr_equal(noted.scratch, f.memory + 192); // the last tensor
    assert_ptr_equal(noted.inputs, f.tensors[0]);
    assert_int_equal(noted.random.seed, 5);
    assert_int_equal(noted.random.name, 77);
    assert_int_equal(noted.random.iteration, 9);
}

typedef struct noted_piece {
    mote_source_piece piece;
    void *destination;
} noted_piece;

static mote_status note_piece(void *user, const mote_source_piece *piece, void *destination)
{
    *(noted_piece *)user = (noted_piece){*piece, destination};
    return MOTE_OK;
}

static void a_read_asks_the_source_for_the_samples_of_the_step(void **unused)
{
    (void)unused;
    fixture f;
    noted_piece noted;
    const mote_source source = {.user = &noted, .read = note_piece};
    init(&f, 1);
    f.operations[0].run = mote_operation_read;
    f.operations[0].port = 1;
    f.operations[0].tensor_count = 1;
    f.offsets[0][0] = 64;
    f.execution.source = &source;
    mote_program_bind(&f.program, f.memory);
    expect_ok(mote_program_run(&f.program, &f.execution));
    assert_int_equal(noted.piece.port, 1);
    assert_int_equal(noted.piece.first_sample, 0);
    assert_int_equal(noted.piece.sample_count, 2);
    assert_int_equal(noted.piece.first_element, 0);
    assert_int_equal(noted.piece.element_count, 3);
    assert_ptr_equal(noted.destination, f.memory + 64);
}

#define LARGE_SAMPLES  8U
#define LARGE_ELEMENTS 16384U

/// A batch that is worth several threads.
typedef struct large_batch {
    mote_real values[LARGE_SAMPLES][LARGE_ELEMENTS];
    bool is_broken[LARGE_SAMPLES];
    atomic_uint readers; // that called, a bit each
} large_batch;

/// The number of each sample as its elements.
static mote_status give_numbers(void *user, const mote_source_piece *piece, void *destination)
{
    large_batch *const batch = (large_batch *)user;
    (void)atomic_fetch_or(&batch->readers, 1U << piece->reader);
    for (size_t i = 0; i < piece->sample_count; i++) {
        const size_t sample = piece->first_sample + i;
        if (batch->is_broken[sample])
            return MOTE_RAISE(MOTE_ERROR_IO, "sample %zu is broken", sample);
        for (size_t j = 0; j < LARGE_ELEMENTS; j++)
            ((mote_real *)destination)[i * LARGE_ELEMENTS + j] = (mote_real)sample;
    }
    return MOTE_OK;
}

/// Reads on three threads from a source that takes `reader_count`.
static mote_status read_large(large_batch *batch, size_t reader_count)
{
    fixture f;
    const mote_source source = {.user = batch, .reader_count = reader_count, .read = give_numbers};
    const mote_parallel parallel = mote_test_threads(3);
    init(&f, 1);
    f.operations[0].run = mote_operation_read;
    f.operations[0].tensor_count = 1;
    f.specs[0][0].shape.dims[0] = LARGE_ELEMENTS;
    f.tensors[0][0].data = batch->values;
    f.execution.source = &source;
    f.execution.parallel = &parallel;
    f.execution.batch = LARGE_SAMPLES;
    atomic_init(&batch->readers, 0);
    return mote_operation_read(&f.operations[0], &f.execution);
}

static void a_read_uses_the_threads_that_the_source_takes(void **unused)
{
    (void)unused;
    static const unsigned readers[] = {1U, 1U, 3U, 7U, 7U}; // by what it takes
    static large_batch batch;
    for (size_t count = 0; count < 5; count++) {
        memset(&batch, 0, sizeof batch);
        expect_ok(read_large(&batch, count));
        assert_int_equal(atomic_load(&batch.readers), readers[count]);
        for (size_t i = 0; i < LARGE_SAMPLES; i++) {
            assert_true(batch.values[i][0] == (mote_real)i);
            assert_true(batch.values[i][LARGE_ELEMENTS - 1] == (mote_real)i);
        }
    }
}

static void the_first_broken_sample_is_reported_whichever_thread_reads_it(void **unused)
{
    (void)unused;
    static large_batch batch;
    batch.is_broken[7] = true;
    expect_raises(read_large(&batch, 3), MOTE_ERROR_IO, "sample 7 is broken");
    batch.is_broken[4] = batch.is_broken[3] = true;
    expect_raises(read_large(&batch, 3), MOTE_ERROR_IO, "sample 3 is broken");
    expect_raises(read_large(&batch, 1), MOTE_ERROR_IO, "sample 3 is broken");
}

typedef struct integers {
    const int32_t *values;
} integers;

static mote_status give_integers(void *user, const mote_source_piece *piece, void *destination)
{
    memcpy(destination, ((const integers *)user)->values,
           piece->sample_count * piece->element_count * sizeof(int32_t));
    return MOTE_OK;
}

/// Reads 2 samples of 3 integers, then counts byte 64 up.
static mote_status read_integers(const int32_t *values)
{
    fixture f;
    integers given = {values};
    const mote_source source = {.user = &given, .read = give_integers};
    init(&f, 2);
    f.operations[0].run = mote_operation_read;
    f.operations[0].name = "read ids batch";
    f.operations[0].range = (mote_integer_range){-1, 9};
    f.operations[0].tensor_count = 1;
    f.specs[0][0].dtype = MOTE_DTYPE_I32;
    f.offsets[0][0] = 0;
    f.operations[1].run = count_up;
    f.operations[1].tensor_count = 1;
    f.offsets[1][0] = 64;
    f.execution.source = &source;
    mote_program_bind(&f.program, f.memory);
    const mote_status status = mote_program_run(&f.program, &f.execution);
    assert_int_equal(f.memory[64], status == MOTE_OK);
    return status;
}

static void an_integer_out_of_range_ends_the_program_before_what_follows(void **unused)
{
    (void)unused;
    static const int32_t values[3][6] = {
        {-1, 0, 1, 7, 8, 9}, {0, 0, -2, 0, 0, 0}, {0, 0, 0, 0, 10, INT32_MAX}};
    expect_ok(read_integers(values[0]));
    expect_raises(read_integers(values[1]), MOTE_ERROR_DATA,
                  "read ids batch: element 2 of sample 0 is -2, expected -1 to 9");
    expect_raises(read_integers(values[2]), MOTE_ERROR_DATA,
                  "read ids batch: element 1 of sample 1 is 10, expected -1 to 9");
}

static mote_real loss_value;

static void write_loss(const mote_layer_run *run, const void *state)
{
    mote_real *const metrics = run->outputs[0].data;
    metrics[MOTE_LOSS_MEAN] = *(const mote_real *)state;
    metrics[MOTE_LOSS_CORRECT] = -1;
}

static mote_status run_loss(mote_real loss)
{
    fixture f;
    loss_value = loss;
    const mote_declaration declaration = {.output_count = 1};
    const mote_callee callee = {.state = &loss_value, .declaration = &declaration};
    init(&f, 2);
    f.operations[0].run = mote_operation_loss;
    f.operations[0].name = "forward out/loss";
    f.operations[0].callback = write_loss;
    f.operations[0].callee = &callee;
    f.operations[0].tensor_count = 2;
    f.offsets[0][0] = 0;
    f.operations[1].run = count_up;
    f.operations[1].tensor_count = 1;
    f.offsets[1][0] = 64;
    mote_program_bind(&f.program, f.memory);
    const mote_status status = mote_program_run(&f.program, &f.execution);
    assert_int_equal(f.memory[64], status == MOTE_OK);
    return status;
}

static void a_loss_that_is_not_finite_ends_the_program_before_what_follows(void **unused)
{
    (void)unused;
    expect_ok(run_loss(3.0F));
    expect_raises(run_loss((mote_real)INFINITY), MOTE_ERROR_NONFINITE,
                  "the loss is not finite (forward out/loss)");
    expect_raises(run_loss((mote_real)-INFINITY), MOTE_ERROR_NONFINITE, "the loss is not finite");
    expect_raises(run_loss((mote_real)NAN), MOTE_ERROR_NONFINITE, "the loss is not finite");
}

static mote_optimizer_run noted_update;

static void note_update(const mote_optimizer_run *run, const void *state)
{
    assert_int_equal(*(const int *)state, 42);
    noted_update = *run;
}

static void an_optimizer_is_handed_weight_gradient_slots_rate_and_count(void **unused)
{
    (void)unused;
    fixture f;
    const int state = 42;
    const mote_optimizer optimizer = {.name = "noting", .apply = note_update};
    init(&f, 1);
    f.operations[0].run = mote_operation_apply;
    f.operations[0].tensor_count = MOTE_APPLY_SLOTS + 2;
    f.offsets[0][MOTE_APPLY_GRADIENT] = 64;
    f.offsets[0][MOTE_APPLY_WEIGHT] = 0;
    f.offsets[0][MOTE_APPLY_SLOTS] = 128;
    f.execution.optimizer = &optimizer;
    f.execution.optimizer_state = &state;
    f.execution.learning_rate = 0.5;
    f.execution.update = 12;
    mote_program_bind(&f.program, f.memory);
    expect_ok(mote_program_run(&f.program, &f.execution));
    assert_int_equal(noted_update.count, 3);
    assert_int_equal(noted_update.step, 12);
    assert_true(noted_update.learning_rate == 0.5);
    assert_ptr_equal(noted_update.weight, f.memory);
    assert_ptr_equal(noted_update.gradient, f.memory + 64);
    assert_ptr_equal(noted_update.slots[0], f.memory + 128);
    assert_null(noted_update.slots[1]);
}

static void a_gradient_of_some_rows_is_handed_on_whole(void **unused)
{
    (void)unused;
    fixture f;
    const int state = 42;
    static mote_real part[MOTE_GRADIENT_PART];
    const mote_real rows_values[4] = {1, 2, 3, 4};
    const int32_t rows[3] = {2, 0, 2};
    const mote_optimizer optimizer = {.name = "noting", .apply = note_update};
    init(&f, 1);
    f.operations[0].run = mote_operation_apply;
    f.operations[0].tensor_count = MOTE_APPLY_SLOTS + 2;
    f.offsets[0][MOTE_APPLY_WEIGHT] = 0;
    f.specs[0][MOTE_APPLY_WEIGHT].shape = (mote_shape){2, {4, 2}};
    f.specs[0][MOTE_APPLY_GRADIENT].shape = (mote_shape){2, {2, 2}};
    f.execution.optimizer = &optimizer;
    f.execution.optimizer_state = &state;
    mote_program_bind(&f.program, f.memory);
    f.tensors[0][MOTE_APPLY_PART].data = part;
    f.tensors[0][MOTE_APPLY_ROWS].data = (int32_t[3]){rows[0], rows[1], rows[2]};
    f.tensors[0][MOTE_APPLY_GRADIENT].data =
        (mote_real[4]){rows_values[0], rows_values[1], rows_values[2], rows_values[3]};
    expect_ok(mote_program_run(&f.program, &f.execution));
    const mote_real expected[8] = {1, 2, 0, 0, 3, 4, 0, 0};
    assert_int_equal(noted_update.count, 8);
    assert_memory_equal(noted_update.gradient, expected, sizeof expected);
}

typedef struct text {
    size_t length;
    char text[512];
} text;

static void collect(void *user, const char *part, size_t length)
{
    text *const all = user;
    assert_true(all->length + length < sizeof all->text);
    memcpy(all->text + all->length, part, length);
    all->length += length;
    all->text[all->length] = '\0';
}

static void the_text_has_a_line_an_operation_with_the_offsets_that_it_uses(void **unused)
{
    (void)unused;
    fixture f;
    text written = {.length = 0};
    const mote_writer writer = {.user = &written, .write = collect};
    init_two(&f, count_up, count_up);
    f.operations[1].tensor_count = 3;
    f.offsets[1][2] = 192;
    mote_program_print(&f.program, &writer);
    assert_string_equal(written.text, "program test: 2 operations\n"
                                      "    0 first                                    @0\n"
                                      "    1 second                                   @64 @192\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binding_resolves_offsets_and_leaves_absent_tensors_without_data),
        cmocka_unit_test(a_program_may_be_bound_to_another_arena),
        cmocka_unit_test(operations_run_in_order),
        cmocka_unit_test(a_program_stops_at_the_first_failure),
        cmocka_unit_test(a_profiler_is_told_of_each_operation_and_its_work),
        cmocka_unit_test(a_profiler_is_not_told_of_what_failed),
        cmocka_unit_test(dead_memory_is_filled_with_nan),
        cmocka_unit_test(without_poison_dead_memory_stays),
        cmocka_unit_test(a_layer_is_handed_batch_phase_scratch_and_key),
        cmocka_unit_test(a_read_asks_the_source_for_the_samples_of_the_step),
        cmocka_unit_test(a_read_uses_the_threads_that_the_source_takes),
        cmocka_unit_test(the_first_broken_sample_is_reported_whichever_thread_reads_it),
        cmocka_unit_test(an_integer_out_of_range_ends_the_program_before_what_follows),
        cmocka_unit_test(a_loss_that_is_not_finite_ends_the_program_before_what_follows),
        cmocka_unit_test(an_optimizer_is_handed_weight_gradient_slots_rate_and_count),
        cmocka_unit_test(a_gradient_of_some_rows_is_handed_on_whole),
        cmocka_unit_test(the_text_has_a_line_an_operation_with_the_offsets_that_it_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
