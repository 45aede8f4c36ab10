// SPDX-License-Identifier: Apache-2.0
// What training and benchmark report alike.
#include "result.h"

#include "deadline.h"
#include "metrics.h"
#include "swap.h"

#include <inttypes.h>
#include <math.h>

mote_status cli_result_finish(const cli_session *session, cli_result *result)
{
    const double step_ms = result->trained.step_ms_median;
    result->step_ms = step_ms > 0 ? step_ms : (double)NAN;
    result->samples_per_second = (double)result->plan.batch_size * 1000 / result->step_ms;
    result->peak_bytes = mote_process_peak_bytes();
    return mote_model_digest(session->model, result->digest);
}

static void print_bytes(const char *name, size_t bytes)
{
    char text[CLI_BYTES_LENGTH];
    cli_print("%-15s %zu bytes, %s\n", name, bytes, cli_format_bytes(bytes, text));
}

void cli_result_print(const cli_session *session, const cli_result *result)
{
    const mote_train_result *trained = &result->trained;
    if (!isnan(result->step_ms)) {
        cli_print("%-15s %.3f ms, median of %" PRIu64 ", on %zu threads with %s\n", "step",
                  result->step_ms, trained->steps - trained->resumed_step,
                  mote_context_thread_count(session->context), mote_context_cpu(session->context));
        cli_print("%-15s %.0f samples/s\n", "speed", result->samples_per_second);
    }
    print_bytes("arena", result->plan.arena_bytes);
    print_bytes("lower bound", result->plan.lower_bound_bytes);
    cli_swap_print_result(&result->plan, trained);
    cli_deadline_print_result(&result->plan, trained);
    print_bytes("peak RSS", result->peak_bytes);
    print_bytes("RSS before", session->rss_before_bytes);
    cli_print("%-15s %s\n", "weights SHA-256", result->digest);
}

void cli_result_add_json(const cli_session *session, const cli_result *result, cli_json *json)
{
    cli_json_add_text(json, "model", session->path);
    cli_json_add_size(json, "arena_bytes", result->plan.arena_bytes);
    cli_json_add_size(json, "lower_bound_bytes", result->plan.lower_bound_bytes);
    cli_json_add_size(json, "peak_rss_bytes", result->peak_bytes);
    cli_json_add_size(json, "rss_before_bytes", session->rss_before_bytes);
    cli_json_add_real(json, "step_ms_median", result->step_ms);
    cli_json_add_real(json, "samples_per_second", result->samples_per_second);
    cli_json_add_size(json, "batch_size", result->plan.batch_size);
    cli_json_add_real(json, "loss", result->trained.training.loss);
    cli_json_add_real(json, "accuracy", result->trained.training.accuracy);
    cli_metrics_add_losses(json, "losses", &result->trained.training);
    cli_json_add_text(json, "weights_sha256", result->digest);
    cli_json_add_size(json, "threads", mote_context_thread_count(session->context));
    cli_json_add_text(json, "cpu", mote_context_cpu(session->context));
    cli_json_add_text(json, "planner", result->plan.planner);
    cli_json_add_text(json, "plan_hash", result->plan.plan_hash);
    cli_json_add_size(json, "steps", result->trained.steps);
    cli_swap_add_result(&result->plan, &result->trained, json);
    cli_deadline_add_result(&result->trained, json);
}
