// SPDX-License-Identifier: Apache-2.0
// Fills in plan_page.html: its lines "<!--= NAME -->" are replaced by what NAME's function writes.
#include "plan_page.h"

#include "new_file.h"
#include "old_file.h"
#include "swap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/// The lines of plan_page.html.
extern const char *const cli_plan_page_lines[];

enum {
    HEIGHT = 1000, // of the drawing, which is as wide as there are steps
    STEP_LENGTH = 256,
    ADDRESS_COUNT = 5
};

typedef struct cli_page {
    const cli_session *session;
    const cli_findings *findings;
    mote_placement_info *blocks;
    size_t *live; // bytes at each step
    FILE *file;
} cli_page;

static void write_letter(const cli_page *page, char letter)
{
    switch (letter) {
    case '&':
        (void)fputs("&amp;", page->file);
        break;
    case '<':
        (void)fputs("&lt;", page->file);
        break;
    case '>':
        (void)fputs("&gt;", page->file);
        break;
    case '"':
        (void)fputs("&quot;", page->file);
        break;
    default:
        (void)fputc(letter, page->file);
    }
}

static void write_escaped(const cli_page *page, const char *text)
{
    for (; *text; text++)
        write_letter(page, *text);
}

/// A link to a block, by its name, which may go on in a new line behind '.', '_' and '/'.
static void write_link(const cli_page *page, const mote_placement_info *block)
{
    (void)fprintf(page->file, "<td class=\"name\"><span class=\"swatch\"></span><a href=\"#b%zu\">",
                  block->id);
    for (const char *name = block->name; *name; name++) {
        write_letter(page, *name);
        if (strchr("._/", *name))
            (void)fputs("<wbr>", page->file);
    }
    (void)fputs("</a>", page->file);
}

static void write_step_name(const cli_page *page, size_t step)
{
    char text[STEP_LENGTH];
    if (mote_model_get_step_name(page->session->model, step, text, sizeof text) == MOTE_OK)
        write_escaped(page, text);
}

static const char *kind_of(const mote_placement_info *block)
{
    return mote_block_kind_name(block->kind);
}

static void write_title(const cli_page *page)
{
    (void)fputs("<title>Memory plan of ", page->file);
    write_escaped(page, page->session->path);
    (void)fputs("</title>\n", page->file);
}

static void write_heading(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    (void)fputs("<h1>Memory plan of ", page->file);
    write_escaped(page, page->session->path);
    (void)fprintf(page->file,
                  "</h1>\n<p class=\"faint\">batch %zu, %zu parameters, %zu layers, %zu steps, %zu "
                  "blocks; planner %s; mote %s</p>\n",
                  plan->batch_size, plan->parameter_count, plan->layer_count, plan->step_count,
                  plan->placement_count, plan->planner, mote_version());
}

static void write_size(const cli_page *page, const char *name, size_t bytes, const char *remark)
{
    char text[CLI_BYTES_LENGTH];
    (void)fprintf(page->file, "<div><dt>%s</dt><dd>%s<small>%zu bytes, %s</small></dd></div>\n",
                  name, cli_format_bytes(bytes, text), bytes, remark);
}

static void write_ahead(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    char ahead[CLI_BYTES_LENGTH];
    char batch[CLI_BYTES_LENGTH];
    (void)fprintf(page->file, "<div><dt>Read ahead</dt><dd>%s<small>of the next batch's %s",
                  cli_format_bytes(plan->ahead_bytes, ahead),
                  cli_format_bytes(plan->batch_bytes, batch));
    if (plan->ahead_bytes > 0) {
        (void)fputs(", from ", page->file);
        write_escaped(page, plan->ahead_step_name);
    }
    (void)fputs("</small></dd></div>\n", page->file);
}

static void write_budget(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    char remark[128];
    char in[CLI_BYTES_LENGTH];
    char out[CLI_BYTES_LENGTH];
    if (plan->memory_budget > 0)
        write_size(page, "Memory budget", (size_t)plan->memory_budget, cli_swap_budget_text(plan));
    if (plan->swap_bytes > 0) {
        cli_format(remark, sizeof remark, "a step reads %s and writes %s",
                   cli_format_bytes((size_t)plan->loaded_bytes, in),
                   cli_format_bytes((size_t)plan->stored_bytes, out));
        write_size(page, "Swap file", (size_t)plan->swap_bytes, remark);
    }
}

static void write_predicted(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    (void)fprintf(page->file, "<div><dt>Predicted</dt><dd>%.1f ms<small>a step",
                  plan->predicted_ms);
    if (plan->swap_bytes > 0)
        (void)fprintf(page->file, ", %.1f ms of it waiting for the file", plan->predicted_wait_ms);
    if (plan->recomputed_flops > 0)
        (void)fprintf(page->file, ", %.3f GFLOP of it done again", plan->recomputed_flops * 1e-9);
    (void)fputs(", by ", page->file);
    write_escaped(page,
                  plan->cost_path[0] ? plan->cost_path : "rates that are assumed of the device");
    (void)fputs("</small></dd></div>\n", page->file);
}

static void write_deadline(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    if (plan->operation_deadline_ms <= 0)
        return;
    (void)fprintf(page->file,
                  "<div><dt>Deadline</dt><dd>%.1f ms<small>for an operation: %zu are predicted to "
                  "take longer, ",
                  plan->operation_deadline_ms, plan->late_operation_count);
    write_escaped(page, plan->longest_operation);
    (void)fprintf(page->file, " takes %.1f ms</small></dd></div>\n", plan->longest_operation_ms);
}

static void write_kept(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    char text[CLI_CHANGE_LENGTH];
    if (!plan->gradients_kept_by[0])
        return;
    (void)fprintf(page->file,
                  "<div><dt>Kept gradients</dt><dd>%s<small>since %s keeps all to the end of "
                  "backward</small></dd></div>\n",
                  cli_format_change(cli_savings_kept_bytes(&page->findings->savings, plan), text),
                  plan->gradients_kept_by);
}

static void write_sizes(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    (void)fputs("<dl class=\"numbers\">\n", page->file);
    write_size(page, "Arena", plan->arena_bytes, "all that tensors take");
    write_size(page, "Lower bound", plan->lower_bound_bytes, "the most that live at one step");
    write_size(page, "Without planning", plan->unplanned_bytes,
               "a place of its own for each block");
    (void)fprintf(page->file, "<div><dt>Peak</dt><dd>step %zu<small>", plan->peak_step);
    write_escaped(page, plan->peak_step_name);
    (void)fputs("</small></dd></div>\n", page->file);
    write_ahead(page);
    write_budget(page);
    write_predicted(page);
    write_deadline(page);
    write_kept(page);
    (void)fputs("</dl>\n", page->file);
}

static void write_filter(const cli_page *page)
{
    for (int i = 0; i < MOTE_BLOCK_KIND_COUNT; i++) {
        const char *kind = mote_block_kind_name((mote_block_kind)i);
        (void)fprintf(page->file,
                      "<label class=\"%s\"><input type=\"checkbox\" id=\"show-%s\" checked><span "
                      "class=\"swatch\"></span>%s</label>\n",
                      kind, kind, kind);
    }
}

/// The other tensors of a block.
static void write_others(const cli_page *page, const mote_placement_info *block)
{
    const mote_model *model = page->session->model;
    const char *name = mote_model_placement_tensor(model, block->id, 0);
    for (size_t i = 1; name; i++) {
        (void)fputs(" = ", page->file);
        write_escaped(page, name);
        name = mote_model_placement_tensor(model, block->id, i);
    }
}

/// Name, kind, shape, bytes and life: what is shown of a block that is pointed at.
static void write_tip(const cli_page *page, const mote_placement_info *block)
{
    char shape[CLI_SHAPE_LENGTH];
    char bytes[CLI_BYTES_LENGTH];
    write_escaped(page, block->name);
    write_others(page, block);
    (void)fprintf(page->file, "\n%s%s%s, %zu bytes (%s) at %zu\nsteps %zu to %zu: ", kind_of(block),
                  block->rank ? ", " : "", cli_format_shape(block, shape), block->bytes,
                  cli_format_bytes(block->bytes, bytes), block->offset, block->lower,
                  block->upper - 1);
    write_step_name(page, block->lower);
    if (block->upper - 1 > block->lower) {
        (void)fputs(" to ", page->file);
        write_step_name(page, block->upper - 1);
    }
}

static void write_rectangle(const cli_page *page, const mote_placement_info *block)
{
    const double scale = HEIGHT / (double)page->findings->plan.arena_bytes;
    (void)fprintf(page->file,
                  "<a class=\"%s\" id=\"b%zu\" href=\"#r%zu\"><rect x=\"%zu\" y=\"%.3f\" "
                  "width=\"%zu\" height=\"%.3f\"/><title>",
                  kind_of(block), block->id, block->id, block->lower,
                  HEIGHT - scale * (double)(block->offset + block->bytes),
                  block->upper - block->lower, scale * (double)block->bytes);
    write_tip(page, block);
    (void)fputs("</title></a>\n", page->file);
}

static void write_axes(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    const double at = 100.0 * ((double)plan->peak_step + 0.5) / (double)plan->step_count;
    const bool is_left = at < 50.0;
    (void)fprintf(page->file,
                  "<div class=\"steps\"><span>step 0</span><span>%zu</span></div>\n<div "
                  "class=\"at-peak\" style=\"margin-%s:%.2f%%;text-align:%s\">%zu, ",
                  plan->step_count - 1, is_left ? "left" : "right", is_left ? at : 100.0 - at,
                  is_left ? "left" : "right", plan->peak_step);
    write_escaped(page, plan->peak_step_name);
    (void)fputs("</div>\n", page->file);
}

static void write_chart(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    (void)fputs("<div class=\"chart\">\n<div class=\"addresses\" aria-hidden=\"true\">",
                page->file);
    for (size_t i = ADDRESS_COUNT; i-- > 0;) {
        char text[CLI_BYTES_LENGTH];
        (void)fprintf(page->file, "<span>%s</span>",
                      cli_format_bytes(plan->arena_bytes / (ADDRESS_COUNT - 1) * i, text));
    }
    (void)fprintf(page->file,
                  "</div>\n<div class=\"scroll\"><div class=\"plot\">\n<svg viewBox=\"0 0 %zu %d\" "
                  "preserveAspectRatio=\"none\" data-bytes=\"%zu\" role=\"group\" "
                  "aria-label=\"Blocks by step and address\">\n",
                  plan->step_count, HEIGHT, plan->arena_bytes);
    for (size_t i = 0; i < plan->placement_count; i++)
        write_rectangle(page, &page->blocks[i]);
    const double bound =
        HEIGHT * (1.0 - (double)plan->lower_bound_bytes / (double)plan->arena_bytes);
    (void)fprintf(page->file,
                  "<path class=\"bound\" d=\"M0 %.3fH%zu\"/>\n<path class=\"around-peak\" d=\"M%zu "
                  "0h1v%dh-1z\"/>\n<path class=\"peak\" d=\"M%zu 0h1v%dh-1z\"/>\n</svg>\n",
                  bound, plan->step_count, plan->peak_step, HEIGHT, plan->peak_step, HEIGHT);
    write_axes(page);
    (void)fputs("</div></div>\n</div>\n", page->file);
}

/// A cell with a rounded number, which sorts by the exact one and tells it.
static void write_bytes(const cli_page *page, size_t bytes)
{
    char text[CLI_BYTES_LENGTH];
    (void)fprintf(page->file, "<td class=\"number\" data-value=\"%zu\" title=\"%zu bytes\">%s</td>",
                  bytes, bytes, cli_format_bytes(bytes, text));
}

static void write_kinds(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    (void)fputs("<table>\n<thead><tr><th>kind</th><th class=\"number\">at the peak</th><th "
                "class=\"number\">all blocks</th></tr></thead>\n<tbody>\n",
                page->file);
    for (int i = 0; i < MOTE_BLOCK_KIND_COUNT; i++) {
        const char *kind = mote_block_kind_name((mote_block_kind)i);
        (void)fprintf(page->file, "<tr class=\"%s\"><td><span class=\"swatch\"></span>%s</td>",
                      kind, kind);
        write_bytes(page, plan->kind_bytes[i]);
        write_bytes(page, plan->kind_all_bytes[i]);
        (void)fputs("</tr>\n", page->file);
    }
    (void)fputs("</tbody>\n</table>\n", page->file);
}

static void write_savings(const cli_page *page)
{
    const cli_savings *savings = &page->findings->savings;
    const mote_plan_info *plan = &page->findings->plan;
    (void)fputs("<table>\n<thead><tr><th>technique</th><th class=\"number\">without it</th><th "
                "class=\"number\">the arena then</th></tr></thead>\n<tbody>\n",
                page->file);
    for (size_t i = 0; i < MOTE_TECHNIQUE_COUNT; i++) {
        char text[CLI_CHANGE_LENGTH];
        (void)fputs("<tr><td>", page->file);
        write_escaped(page, mote_technique_name(i));
        (void)fputs("<br><span class=\"faint\">", page->file);
        write_escaped(page, mote_technique_summary(i));
        (void)fputs("</span></td>", page->file);
        if (!savings->is_used[i]) {
            (void)fprintf(page->file, "<td class=\"number\" colspan=\"2\">%s</td></tr>\n",
                          cli_savings_reason(i, plan));
            continue;
        }
        const int64_t bytes = cli_savings_bytes(savings, i, plan);
        (void)fprintf(page->file, "<td class=\"number\" title=\"%" PRId64 " bytes\">%s</td>", bytes,
                      cli_format_change(bytes, text));
        write_bytes(page, savings->arena_bytes[i]);
        (void)fputs("</tr>\n", page->file);
    }
    (void)fputs("</tbody>\n</table>\n", page->file);
}

static void write_largest(const cli_page *page)
{
    const cli_largest *largest = &page->findings->largest;
    (void)fputs("<table>\n<tbody>\n", page->file);
    for (size_t i = 0; i < largest->count; i++) {
        const mote_placement_info *block = &largest->blocks[i];
        char shape[CLI_SHAPE_LENGTH];
        (void)fprintf(page->file, "<tr class=\"%s\">", kind_of(block));
        write_link(page, block);
        (void)fprintf(page->file, "</td><td class=\"less\">%s</td>",
                      cli_format_shape(block, shape));
        write_bytes(page, block->bytes);
        (void)fputs("</tr>\n", page->file);
    }
    (void)fputs("</tbody>\n</table>\n", page->file);
}

static void write_blocks(const cli_page *page)
{
    (void)fputs("<table id=\"blocks\">\n<thead><tr><th>name</th><th class=\"less\">kind</th><th "
                "class=\"less\">shape</th><th class=\"number\">bytes</th><th class=\"number "
                "less\">address</th><th class=\"number step\">first</th><th class=\"number "
                "step\">last</th></tr></thead>\n<tbody>\n",
                page->file);
    for (size_t i = 0; i < page->findings->plan.placement_count; i++) {
        const mote_placement_info *block = &page->blocks[i];
        char shape[CLI_SHAPE_LENGTH];
        (void)fprintf(page->file, "<tr class=\"%s\" id=\"r%zu\">", kind_of(block), block->id);
        write_link(page, block);
        (void)fputs("<span class=\"faint\">", page->file);
        write_others(page, block);
        (void)fprintf(page->file,
                      "</span></td><td class=\"less\">%s</td><td class=\"less\">%s</td>",
                      kind_of(block), cli_format_shape(block, shape));
        write_bytes(page, block->bytes);
        (void)fprintf(page->file, "<td class=\"number less\">%zu</td>", block->offset);
        (void)fprintf(page->file,
                      "<td class=\"number\">%zu</td><td class=\"number\">%zu</td></tr>\n",
                      block->lower, block->upper - 1);
    }
    (void)fputs("</tbody>\n</table>\n", page->file);
}

static void write_steps(const cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    (void)fputs("<table id=\"steps\">\n<thead><tr><th class=\"number\">step</th><th>what</th><th "
                "class=\"number\">bytes that live</th></tr></thead>\n<tbody>\n",
                page->file);
    for (size_t i = 0; i < plan->step_count; i++) {
        (void)fprintf(page->file, "<tr%s><td class=\"number\">%zu</td><td class=\"name\">",
                      i == plan->peak_step ? " class=\"at-peak\"" : "", i);
        write_step_name(page, i);
        (void)fputs("</td>", page->file);
        write_bytes(page, page->live[i]);
        (void)fputs("</tr>\n", page->file);
    }
    (void)fputs("</tbody>\n</table>\n", page->file);
}

static const struct {
    const char *line;
    void (*write)(const cli_page *page);
} parts[] = {
    {"<!--= title -->", write_title},     {"<!--= heading -->", write_heading},
    {"<!--= sizes -->", write_sizes},     {"<!--= filter -->", write_filter},
    {"<!--= chart -->", write_chart},     {"<!--= kinds -->", write_kinds},
    {"<!--= savings -->", write_savings}, {"<!--= largest -->", write_largest},
    {"<!--= blocks -->", write_blocks},   {"<!--= steps -->", write_steps},
};

static void write_line(const cli_page *page, const char *line)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strcmp(line, parts[i].line) == 0) {
            parts[i].write(page);
            return;
        }
    }
    (void)fprintf(page->file, "%s\n", line);
}

/// All placements, and the bytes that live at each step.
static bool read_plan(cli_page *page)
{
    const mote_plan_info *plan = &page->findings->plan;
    page->blocks = calloc(plan->placement_count, sizeof *page->blocks);
    page->live = calloc(plan->step_count, sizeof *page->live);
    if (!page->blocks || !page->live) {
        cli_error("out of memory");
        return false;
    }
    for (size_t i = 0; i < plan->placement_count; i++) {
        mote_placement_info *block = &page->blocks[i];
        if (mote_model_get_placement(page->session->model, i, block) != MOTE_OK)
            return cli_fail() == CLI_OK;
        for (size_t step = block->lower; step < block->upper; step++)
            page->live[step] += block->bytes;
    }
    return true;
}

static bool write_page(cli_page *page, const char *path)
{
    cli_new_file file;
    if (!cli_new_file_begin(&file))
        return false;
    page->file = file.stream;
    for (size_t i = 0; cli_plan_page_lines[i]; i++)
        write_line(page, cli_plan_page_lines[i]);
    return cli_new_file_write(&file, page->session->context, path);
}

bool cli_plan_page_write(const cli_session *session, const cli_findings *findings, const char *path)
{
    char head[STEP_LENGTH];
    cli_page page = {.session = session, .findings = findings};
    cli_format(head, sizeof head, "%s\n%s\n", cli_plan_page_lines[0], cli_plan_page_lines[1]);
    const bool is_written = cli_old_file_check("html", path, head, "page") && read_plan(&page) &&
                            write_page(&page, path);
    free(page.blocks);
    free(page.live);
    return is_written;
}
