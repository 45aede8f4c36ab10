// SPDX-License-Identifier: Apache-2.0
// Plans at budgets that are evenly spread.
#include "frontier.h"

#include "output.h"
#include "swap.h"

enum {
    POINTS = 9,
    BAR_WIDTH = 40
};

typedef struct frontier {
    mote_plan_info points[POINTS]; // the smallest first
    uint64_t budgets[POINTS];
} frontier;

static mote_status plan(const cli_session *session, uint64_t budget, mote_plan_info *info)
{
    return cli_session_plan(session, session->without, budget, info);
}

static mote_status find_points(const cli_session *session, frontier *f)
{
    mote_plan_info *full = &f->points[POINTS - 1];
    mote_status status = plan(session, UINT64_MAX, full);
    if (status != MOTE_OK)
        return status;
    const uint64_t most = full->arena_bytes;
    uint64_t least = most;
    if (plan(session, 1, &f->points[0]) == MOTE_ERROR_BUDGET)
        least = mote_model_smallest_budget(session->model);
    for (uint64_t i = 0; i < POINTS && status == MOTE_OK; i++) {
        f->budgets[i] = least + (most - least) / (POINTS - 1) * i;
        if (i == POINTS - 1)
            f->budgets[i] = most;
        status = plan(session, f->budgets[i], &f->points[i]);
    }
    // The texts of a plan end with it, and every plan is by the same table.
    for (int i = 0; i < POINTS - 1; i++)
        f->points[i].cost_path = full->cost_path;
    return status;
}

static int print_json(const cli_session *session, const frontier *f)
{
    cli_json points = cli_json_make_array();
    for (int i = 0; i < POINTS; i++) {
        cli_json point = cli_json_make();
        cli_json_add_size(&point, "arena_bytes", f->points[i].arena_bytes);
        cli_swap_add_plan(&f->points[i], &point);
        points.failed = points.failed || point.failed;
        cli_json_append(&points, point.root);
    }
    cli_json json = cli_json_make();
    cli_json_add_text(&json, "model", session->path);
    json.failed = json.failed || points.failed;
    cli_json_add(&json, "frontier", points.root);
    return cli_json_print(&json);
}

static void print_bar(double ms, double longest)
{
    const int width = longest > 0.0 ? (int)(ms / longest * BAR_WIDTH + 0.5) : 0;
    for (int i = 0; i < width; i++)
        cli_print("#");
    cli_print("\n");
}

static int print_text(const frontier *f)
{
    double longest = 0.0;
    for (int i = 0; i < POINTS; i++)
        longest = f->points[i].predicted_ms > longest ? f->points[i].predicted_ms : longest;
    cli_print("%14s %14s %14s %14s %12s\n", "budget", "arena", "read a step", "written",
              "predicted");
    for (int i = 0; i < POINTS; i++) {
        const mote_plan_info *point = &f->points[i];
        char budget[CLI_BYTES_LENGTH];
        char arena[CLI_BYTES_LENGTH];
        char in[CLI_BYTES_LENGTH];
        char out[CLI_BYTES_LENGTH];
        cli_print("%14s %14s %14s %14s %9.1f ms  ", cli_format_bytes((size_t)f->budgets[i], budget),
                  cli_format_bytes(point->arena_bytes, arena),
                  cli_format_bytes((size_t)point->loaded_bytes, in),
                  cli_format_bytes((size_t)point->stored_bytes, out), point->predicted_ms);
        print_bar(point->predicted_ms, longest);
    }
    cli_print("the smallest budget is %llu bytes, the arena without one %zu bytes\n",
              (unsigned long long)f->budgets[0], f->points[POINTS - 1].arena_bytes);
    return CLI_OK;
}

int cli_frontier_print(const cli_session *session)
{
    frontier f;
    if (find_points(session, &f) != MOTE_OK)
        return cli_session_fail(session);
    return session->options->json ? print_json(session, &f) : print_text(&f);
}
