// SPDX-License-Identifier: Apache-2.0
// Progress goes past stdio: its streams may allocate, and a live line is one write.
#include "progress.h"

#include "output.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    LIVE_INTERVAL_MS = 100,
    PLAIN_INTERVAL_MS = 5000,
    DEFAULT_WIDTH = 80,
    LINE_LENGTH = 256,
    EPOCHS_AT_MOST = 65536,
};

/// A line under construction; what does not fit is cut.
typedef struct cli_line {
    char text[LINE_LENGTH];
    size_t length;
} cli_line;

static uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void line_add(cli_line *line, const char *format, ...) MOTE_PRINTF(2, 3);

static void line_add(cli_line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t room = sizeof line->text - line->length;
    const int length = vsnprintf(line->text + line->length, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        line->length += (size_t)length < room ? (size_t)length : room - 1;
}

/// `accuracy` is the word for it: the live line has to fit into 80 columns.
static void line_add_metrics(cli_line *line, const char *prefix, const char *accuracy,
                             const mote_metrics *metrics)
{
    line_add(line, fabs(metrics->loss) < 1e4 ? "  %sloss %.4f" : "  %sloss %.3e", prefix,
             metrics->loss);
    if (!isnan(metrics->accuracy))
        line_add(line, "  %s %.2f %%", accuracy, 100 * metrics->accuracy);
}

static void line_add_time(cli_line *line, double seconds)
{
    const uint64_t whole = seconds < 1e9 ? (uint64_t)seconds : 1000000000U;
    const unsigned minutes = (unsigned)(whole / 60 % 60);
    if (whole >= 3600)
        line_add(line, "%u:%02u:%02u", (unsigned)(whole / 3600), minutes, (unsigned)(whole % 60));
    else
        line_add(line, "%u:%02u", minutes, (unsigned)(whole % 60));
}

static void write_stderr(const char *text, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(STDERR_FILENO, text, length);
        if (written <= 0)
            return; // there is nobody else to tell
        text += written;
        length -= (size_t)written;
    }
}

static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
        return DEFAULT_WIDTH;
    return size.ws_col;
}

/// Writes the line over the live one, its first word and number bright.
static void draw(cli_progress *progress, const cli_line *line, bool stays)
{
    char text[2 * LINE_LENGTH + 32];
    size_t length = line->length;
    const size_t width = terminal_width();
    if (progress->live && !stays && length >= width)
        length = width - 1; // a full row would wrap, and \r would not lead back to its start
    const char *head_end = progress->colors ? strstr(line->text, "  ") : NULL;
    size_t head = head_end ? (size_t)(head_end - line->text) : 0;
    head = head < length ? head : length;
    const size_t old = progress->drawn_length < width ? progress->drawn_length : width - 1;
    const size_t blanks = old > length ? old - length : 0;
    const size_t written =
        cli_format(text, sizeof text, "%s%s%.*s%s%.*s%*s%s", progress->live ? "\r" : "",
                   head ? "\033[1m" : "", (int)head, line->text, head ? "\033[0m" : "",
                   (int)(length - head), line->text + head, (int)blanks, "", stays ? "\n" : "");
    write_stderr(text, written);
    progress->drawn_length = stays ? 0 : length;
}

/// Keeps count of samples and time, once for each training step.
static void count_step(cli_progress *progress, const mote_progress *now, uint64_t clock)
{
    if (progress->first_ns == 0)
        progress->first_ns = clock - now->step_ns;
    if (now->epoch != progress->epoch) {
        progress->epoch = now->epoch;
        progress->batch = 0;
        progress->epoch_samples = 0;
        progress->epoch_step_ns = 0;
        progress->epoch_ns = clock - now->step_ns;
    }
    if (now->batch == progress->batch)
        return; // the epoch's last call comes without a step
    // metrics are of the epoch so far, or of each step where there are no epochs
    const uint64_t before = progress->has_epochs ? progress->epoch_samples : 0;
    const uint64_t samples = now->training.samples - before;
    progress->batch = now->batch;
    progress->samples += samples;
    progress->epoch_samples += samples;
    progress->epoch_step_ns += now->step_ns;
}

/// Share of all steps that is done.
static double share_done(const cli_progress *progress, const mote_progress *now)
{
    if (!progress->has_epochs)
        return (double)now->batch / (double)now->batches;
    const uint64_t all = progress->samples + now->samples_left;
    return all ? (double)progress->samples / (double)all : 1;
}

static void add_rate(const cli_progress *progress, const mote_progress *now, uint64_t clock,
                     cli_line *line)
{
    if (progress->epoch_step_ns > 0)
        line_add(line, "  %.0f samples/s",
                 (double)progress->epoch_samples * 1e9 / (double)progress->epoch_step_ns);
    const double done = share_done(progress, now);
    const double passed = (double)(clock - progress->first_ns) / 1e9;
    line_add(line, "  ");
    line_add_time(line, done > 0 ? passed * (1 - done) / done : 0);
    line_add(line, " left");
}

static void describe_step(const cli_progress *progress, const mote_progress *now, uint64_t clock,
                          cli_line *line)
{
    const bool validating = progress->has_epochs && now->evaluating;
    if (progress->has_epochs)
        line_add(line, "epoch %" PRIu64 "/%" PRIu64 "  ", now->epoch, now->epochs);
    line_add(line, "%s %" PRIu64 "/%" PRIu64, validating ? "validation" : progress->batch_name,
             now->batch, now->batches);
    line_add_metrics(line, "", "acc", now->evaluating ? &now->validation : &now->training);
    if (!now->evaluating)
        add_rate(progress, now, clock, line);
}

static void finish_epoch(cli_progress *progress, const mote_progress *now, uint64_t clock)
{
    if (progress->epochs)
        progress->epochs[progress->epoch_count % progress->epoch_capacity] = (cli_epoch){
            .number = now->epoch, .training = now->training, .validation = now->validation};
    progress->epoch_count++;
    if (progress->quiet || !progress->has_epochs)
        return;
    cli_line line = {.length = 0};
    line_add(&line, "epoch %" PRIu64 "/%" PRIu64, now->epoch, now->epochs);
    line_add_metrics(&line, "", "accuracy", &now->training);
    if (now->validation.samples > 0)
        line_add_metrics(&line, "validation ", "accuracy", &now->validation);
    line_add(&line, "  %.1f s", (double)(clock - progress->epoch_ns) / 1e9);
    draw(progress, &line, true);
    if (!progress->live)
        progress->drawn_ns = clock; // however short epochs are, a live line follows
}

void cli_progress_init(cli_progress *progress, const cli_options *options, const char *batch_name)
{
    const bool live = !options->quiet && cli_is_live();
    *progress = (cli_progress){
        .batch_name = batch_name,
        .quiet = options->quiet,
        .live = live,
        .colors = live && cli_has_colors(),
        .drawn_ns = clock_ns(),
    };
}

bool cli_progress_init_epochs(cli_progress *progress, const cli_options *options,
                              uint64_t kept_epochs)
{
    cli_progress_init(progress, options, "batch");
    progress->has_epochs = true;
    progress->epoch_capacity =
        kept_epochs < EPOCHS_AT_MOST ? (size_t)kept_epochs : (size_t)EPOCHS_AT_MOST;
    if (kept_epochs == 0)
        return true;
    progress->epochs = calloc(progress->epoch_capacity, sizeof *progress->epochs);
    if (!progress->epochs)
        cli_error("out of memory for the record of %zu epochs", progress->epoch_capacity);
    return progress->epochs != NULL;
}

void cli_progress_report(void *user, const mote_progress *now)
{
    cli_progress *progress = user;
    const uint64_t clock = clock_ns();
    if (!now->evaluating)
        count_step(progress, now, clock);
    if (now->epoch_done) {
        finish_epoch(progress, now, clock);
        return;
    }
    const uint64_t interval_ms = progress->live ? LIVE_INTERVAL_MS : PLAIN_INTERVAL_MS;
    if (progress->quiet || clock - progress->drawn_ns < interval_ms * 1000000U)
        return;
    cli_line line = {.length = 0};
    describe_step(progress, now, clock, &line);
    draw(progress, &line, !progress->live);
    progress->drawn_ns = clock;
}

void cli_progress_finish(cli_progress *progress)
{
    if (progress->drawn_length > 0)
        write_stderr("\n", 1);
    progress->drawn_length = 0;
}

void cli_progress_release(cli_progress *progress)
{
    free(progress->epochs);
    progress->epochs = NULL;
}

size_t cli_progress_kept(const cli_progress *progress)
{
    if (!progress->epochs)
        return 0;
    return progress->epoch_count < progress->epoch_capacity ? (size_t)progress->epoch_count
                                                            : progress->epoch_capacity;
}

const cli_epoch *cli_progress_epoch(const cli_progress *progress, size_t index)
{
    const uint64_t first = progress->epoch_count - cli_progress_kept(progress);
    return &progress->epochs[(first + index) % progress->epoch_capacity];
}
