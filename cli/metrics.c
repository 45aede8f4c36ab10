// SPDX-License-Identifier: Apache-2.0
// Losses as JSON and as text.
#include "metrics.h"

#include <math.h>

void cli_metrics_add_losses(cli_json *json, const char *key, const mote_metrics *metrics)
{
    if (metrics->samples == 0) {
        cli_json_add(json, key, json_null());
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < metrics->loss_count; i++) {
        const mote_loss_metrics *loss = &metrics->losses[i];
        cli_json row = cli_json_make();
        cli_json_add_text(&row, "name", loss->name);
        cli_json_add_real(&row, "weight", loss->weight);
        cli_json_add_real(&row, "loss", loss->loss);
        cli_json_add_real(&row, "accuracy", loss->accuracy);
        json->failed |= json_array_append_new(list, row.root) != 0 || row.failed;
    }
    cli_json_add(json, key, list);
}

static void print_line(const char *indent, const char *name, double loss, double accuracy)
{
    cli_print("%s%-*s loss %.6g", indent, *indent ? 13 : 15, name, loss);
    if (!isnan(accuracy))
        cli_print(", accuracy %.2f %%", 100 * accuracy);
    cli_print("\n");
}

void cli_metrics_print(const char *name, const mote_metrics *metrics)
{
    print_line("", name, metrics->loss, metrics->accuracy);
    for (size_t i = 0; metrics->loss_count > 1 && i < metrics->loss_count; i++) {
        const mote_loss_metrics *loss = &metrics->losses[i];
        print_line("  ", loss->name, loss->loss, loss->accuracy);
    }
}
