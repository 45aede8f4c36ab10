// SPDX-License-Identifier: Apache-2.0
// Beside all choices that there are: on small chains the one that is made takes hardly longer than the best.
#include "budget/budget.h"

#include "base/size.h"
#include "budget/spans.h"
#include "unit/schedule/program.h"

/// Of one gap: nothing, all of it, or what leaves transfers their time, by two measures.
#define OPTIONS  4U
#define GAPS_MAX 8U

/// How much longer than the best.
#define ALLOWANCE 1.05

#define CONVOLUTION(name, filters, kernel)                                  \
    "[" name "]\ntype = conv2d\nkernel_size = " kernel "\npadding = same\n" \
    "filters = " filters "\n"
#define CHAIN_HEAD "[Model]\nloss = mse\nbatch_size = 4\n[in]\ntype = input\n"

/// Outputs from 64 KiB to 1 MiB, all multiples of what transfers are aligned to; weights too small to be moved.
static const char *const chains[] = {
    CHAIN_HEAD "input_shape = 8:32:32\n" CONVOLUTION("a", "8", "3") CONVOLUTION("b", "8", "3")
        CONVOLUTION("c", "8", "3") CONVOLUTION("d", "8", "3") CONVOLUTION("e", "8", "3")
            CONVOLUTION("f", "8", "3"),
    CHAIN_HEAD "input_shape = 4:32:32\n" CONVOLUTION("a", "64", "1") CONVOLUTION("b", "4", "3")
        CONVOLUTION("c", "32", "1") CONVOLUTION("d", "4", "5") CONVOLUTION("e", "16", "3")
            CONVOLUTION("f", "4", "1"),
    CHAIN_HEAD "input_shape = 4:32:32\n" CONVOLUTION("a", "4", "5") CONVOLUTION("b", "8", "3")
        CONVOLUTION("c", "16", "3") CONVOLUTION("d", "32", "1") CONVOLUTION("e", "48", "1")
            CONVOLUTION("f", "64", "1"),
};

/// Of the file: transfers that hide beside computing, that hardly do, that never do.
static const struct transfer_rate {
    double loaded_bytes, stored_bytes; // in a nanosecond
    double ns;                         // that each takes at least
} rates[] = {{20.0, 20.0, 2000.0}, {4.0, 3.0, 10000.0}, {0.2, 0.1, 200000.0}};

static mote_cost make_cost(const struct transfer_rate *rate)
{
    mote_cost cost = mote_cost_assume(1);
    cost.loaded_bytes = rate->loaded_bytes;
    cost.stored_bytes = rate->stored_bytes;
    cost.load_ns = cost.store_ns = rate->ns;
    return cost;
}

/// A chain's program as a problem.
typedef struct chain {
    program p;
    mote_budget_problem problem;
} chain;

static void chain_build(void **state, const char *text, const struct transfer_rate *rate, chain *c)
{
    mote_arena *arena = &c->p.network.arena;
    size_t *states = NULL;
    size_t *bytes = NULL;
    mote_slices *slices = NULL;
    double *step_ns = NULL;
    const mote_cost cost = make_cost(rate);
    program_build(state, text, TRAIN_AFTER_ALL, &c->p);
    const mote_schedule *schedule = &c->p.schedule;
    expect_ok(mote_arena_array(arena, schedule->tensor_count, sizeof *states, (void **)&states));
    expect_ok(mote_arena_array(arena, schedule->tensor_count, sizeof *bytes, (void **)&bytes));
    expect_ok(mote_arena_array(arena, schedule->tensor_count, sizeof *slices, (void **)&slices));
    expect_ok(mote_arena_array(arena, schedule->step_count, sizeof *step_ns, (void **)&step_ns));
    expect_ok(mote_budget_time_steps(&cost, schedule, arena, step_ns));
    c->problem = (mote_budget_problem){.programs = {{schedule, states, step_ns}},
                                       .program_count = 1,
                                       .state_bytes = bytes,
                                       .state_slices = slices,
                                       .cost = cost};
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        states[i] = MOTE_NONE;
        if (!schedule->tensors[i].persistent)
            continue;
        bytes[c->problem.state_count] = schedule->tensors[i].bytes;
        states[i] = c->problem.state_count++;
    }
}

/// Everything that may be done, and what came of the best so far.
typedef struct trial {
    const mote_budget_problem *problem;
    mote_arena *arena;
    mote_spans spans;
    mote_gap *gaps[GAPS_MAX];
    const mote_span *owners[GAPS_MAX];
    mote_steps outs[GAPS_MAX][OPTIONS];
    size_t gap_count;
    size_t *live; // with nothing cut
    double best_ns;
} trial;

static bool may_be_cut(const mote_span *span, size_t use)
{
    const mote_gap *gap = &span->uses[use].gap;
    return span->may_go && span->state == MOTE_NONE && use + 1 < span->use_count &&
           gap->all.first < gap->all.end;
}

/// Gaps by their order, which is the same for all measures of time.
static void list_options(trial *t, double stretch, size_t option)
{
    mote_spans *spans = &t->spans;
    expect_ok(mote_spans_find(t->problem, stretch, t->arena, spans));
    t->gap_count = 0;
    for (size_t i = 0; i < spans->count; i++) {
        for (size_t j = 0; j < spans->items[i].use_count; j++) {
            if (!may_be_cut(&spans->items[i], j))
                continue;
            const size_t at = t->gap_count++;
            assert_true(at < GAPS_MAX);
            t->gaps[at] = &spans->items[i].uses[j].gap;
            t->owners[at] = &spans->items[i];
            assert_int_equal(t->owners[at]->bytes % MOTE_TRANSFER_ALIGNMENT, 0);
            t->outs[at][1] = t->gaps[at]->all;
            t->outs[at][option] = t->gaps[at]->calm;
        }
    }
}

static void trial_init(const mote_budget_problem *problem, mote_arena *arena, trial *t)
{
    *t = (trial){.problem = problem, .arena = arena, .best_ns = 0.0};
    list_options(t, 3.0, 2);
    list_options(t, 1.0, 3);
    const size_t steps = mote_spans_step_count(&t->spans);
    expect_ok(mote_arena_array(arena, steps, sizeof *t->live, (void **)&t->live));
    memcpy(t->live, t->spans.live, steps * sizeof *t->live);
}

/// What a choice of options leads to, if it keeps the target.
static void try_options(trial *t, size_t options, size_t target)
{
    mote_budget_choice choice = {.live_bytes = 0};
    const size_t steps = mote_spans_step_count(&t->spans);
    const mote_arena_mark mark = mote_arena_get_mark(t->arena);
    memcpy(t->spans.live, t->live, steps * sizeof *t->live);
    for (size_t i = 0; i < t->gap_count; i++, options /= OPTIONS) {
        t->gaps[i]->out = t->outs[i][options % OPTIONS];
        mote_spans_take(&t->spans, t->gaps[i]->out, t->owners[i]->bytes);
    }
    for (size_t i = 0; i < steps; i++) {
        if (t->spans.live[i] > target)
            return;
    }
    expect_ok(mote_spans_make_stays(&t->spans, &choice));
    expect_ok(mote_spans_widen(&t->spans, target, &choice));
    mote_spans_align(&t->spans, &choice);
    expect_ok(mote_spans_predict(&t->spans, &choice));
    if (t->best_ns == 0.0 || choice.run_ns < t->best_ns)
        t->best_ns = choice.run_ns;
    mote_arena_release_to(t->arena, mark);
}

static double find_best(trial *t, size_t target)
{
    size_t count = 1;
    for (size_t i = 0; i < t->gap_count; i++)
        count *= OPTIONS;
    t->best_ns = 0.0;
    for (size_t i = 0; i < count; i++)
        try_options(t, i, target);
    return t->best_ns;
}

static size_t find_peak(const trial *t)
{
    size_t peak = 0;
    for (size_t i = 0; i < mote_spans_step_count(&t->spans); i++)
        peak = t->live[i] > peak ? t->live[i] : peak;
    return peak;
}

/// Budgets from all to nothing; gives how many of them something had to leave for.
static size_t check_chain(const chain *c, mote_arena *arena)
{
    trial t;
    size_t met = 0;
    trial_init(&c->problem, arena, &t);
    assert_true(t.gap_count >= 5);
    const size_t peak = find_peak(&t);
    for (size_t share = 1; share < 10; share++) {
        mote_budget_choice choice;
        const size_t target = peak / 10 * share;
        const double best_ns = find_best(&t, target);
        expect_ok(mote_budget_choose(&c->problem, target, arena, &choice));
        assert_int_equal(choice.live_bytes <= target, best_ns > 0.0);
        if (best_ns == 0.0)
            continue;
        met++;
        if (choice.run_ns > ALLOWANCE * best_ns)
            fail_msg("%zu of %zu bytes: %.0f ns, the best is %.0f", target, peak, choice.run_ns,
                     best_ns);
    }
    return met;
}

static void a_choice_takes_hardly_longer_than_the_best(void **state)
{
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        for (size_t j = 0; j < sizeof rates / sizeof rates[0]; j++) {
            chain c;
            mote_arena arena;
            mote_arena_init(&arena, mote_allocator_default());
            chain_build(state, chains[i], &rates[j], &c);
            assert_true(check_chain(&c, &arena) >= 3);
            mote_arena_release(&arena);
            program_release(&c.p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_choice_takes_hardly_longer_than_the_best),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
