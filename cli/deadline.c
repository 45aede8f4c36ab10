// SPDX-License-Identifier: Apache-2.0
// How long operations hold the processor.
#include "deadline.h"

#include <inttypes.h>

void cli_deadline_print_plan(const mote_plan_info *plan)
{
    if (plan->operation_deadline_ms <= 0)
        return;
    cli_print(
        "%-16s %12.1f ms for an operation: %zu are predicted to take longer, %s takes %.1f ms\n",
        "deadline", plan->operation_deadline_ms, plan->late_operation_count,
        plan->longest_operation, plan->longest_operation_ms);
}

void cli_deadline_print_result(const mote_plan_info *plan, const mote_train_result *result)
{
    if (plan->operation_deadline_ms <= 0)
        return;
    cli_print("%-15s %" PRIu64 " operations took longer than %g ms, the longest, %s, %.1f ms\n",
              "deadline", result->late_operations, plan->operation_deadline_ms,
              result->longest_operation, result->longest_operation_ms);
}

void cli_deadline_add_plan(const mote_plan_info *plan, cli_json *json)
{
    cli_json_add_size(json, "late_operations", plan->late_operation_count);
    cli_json_add_text(json, "longest_operation", plan->longest_operation);
    cli_json_add_real(json, "longest_operation_ms", plan->longest_operation_ms);
}

void cli_deadline_add_result(const mote_train_result *result, cli_json *json)
{
    cli_json_add_size(json, "late_operations", result->late_operations);
    cli_json_add_text(json, "longest_operation", result->longest_operation);
    cli_json_add_real(json, "longest_operation_ms", result->longest_operation_ms);
}
