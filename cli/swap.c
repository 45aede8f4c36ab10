// SPDX-License-Identifier: Apache-2.0
// What a memory budget costs.
#include "swap.h"

const char *cli_swap_budget_text(const mote_plan_info *plan)
{
    return plan->swap_bytes > 0         ? "kept by swapping"
           : plan->recomputed_flops > 0 ? "kept by running layers again"
                                        : "all fits";
}

void cli_swap_print_plan(const mote_plan_info *plan)
{
    char budget[CLI_BYTES_LENGTH];
    char file[CLI_BYTES_LENGTH];
    char in[CLI_BYTES_LENGTH];
    char out[CLI_BYTES_LENGTH];
    if (plan->memory_budget > 0) {
        cli_print("%-16s %12llu bytes  %8s   %s\n", "memory budget",
                  (unsigned long long)plan->memory_budget,
                  cli_format_bytes((size_t)plan->memory_budget, budget),
                  cli_swap_budget_text(plan));
    }
    if (plan->swap_bytes > 0) {
        cli_print("%-16s %12llu bytes  %8s   a step reads %s and writes %s\n", "swap file",
                  (unsigned long long)plan->swap_bytes,
                  cli_format_bytes((size_t)plan->swap_bytes, file),
                  cli_format_bytes((size_t)plan->loaded_bytes, in),
                  cli_format_bytes((size_t)plan->stored_bytes, out));
    }
    cli_print("%-16s %12.1f ms a step", "predicted", plan->predicted_ms);
    if (plan->swap_bytes > 0)
        cli_print(", %.1f ms of it waiting for the file", plan->predicted_wait_ms);
    if (plan->recomputed_flops > 0)
        cli_print(", %.3f GFLOP of it done again", plan->recomputed_flops * 1e-9);
    cli_print("%s%s\n", plan->cost_path[0] ? ", by " : ", by rates that are assumed of the device",
              plan->cost_path);
}

void cli_swap_add_plan(const mote_plan_info *plan, cli_json *json)
{
    cli_json_add_size(json, "memory_budget_bytes", plan->memory_budget);
    cli_json_add_size(json, "swap_file_bytes", plan->swap_bytes);
    cli_json_add_size(json, "swapped_in_bytes", plan->loaded_bytes);
    cli_json_add_size(json, "swapped_out_bytes", plan->stored_bytes);
    cli_json_add_real(json, "predicted_step_ms", plan->predicted_ms);
    cli_json_add_real(json, "predicted_wait_ms", plan->predicted_wait_ms);
    cli_json_add_real(json, "recomputed_flops", plan->recomputed_flops);
    cli_json_add_text(json, "cost", plan->cost_path[0] ? plan->cost_path : NULL);
}

/// Done in this call.
static uint64_t count_steps(const mote_train_result *result)
{
    const uint64_t steps = result->steps - result->resumed_step;
    return steps > 0 ? steps : 1;
}

void cli_swap_print_result(const mote_plan_info *plan, const mote_train_result *result)
{
    const uint64_t steps = count_steps(result);
    char in[CLI_BYTES_LENGTH];
    char out[CLI_BYTES_LENGTH];
    if (plan->swap_bytes == 0)
        return;
    cli_print("%-15s %s read and %s written a step, %.3f ms of it waited for\n", "swap",
              cli_format_bytes((size_t)(result->swapped_in_bytes / steps), in),
              cli_format_bytes((size_t)(result->swapped_out_bytes / steps), out),
              result->swap_wait_ms / (double)steps);
}

void cli_swap_add_result(const mote_plan_info *plan, const mote_train_result *result,
                         cli_json *json)
{
    const uint64_t steps = count_steps(result);
    cli_json_add_size(json, "memory_budget_bytes", plan->memory_budget);
    cli_json_add_size(json, "swapped_in_bytes", result->swapped_in_bytes / steps);
    cli_json_add_size(json, "swapped_out_bytes", result->swapped_out_bytes / steps);
    cli_json_add_real(json, "wait_ms", result->swap_wait_ms / (double)steps);
    cli_json_add_real(json, "predicted_step_ms", plan->predicted_ms);
    cli_json_add_real(json, "recomputed_flops", plan->recomputed_flops);
}
