// SPDX-License-Identifier: Apache-2.0
// The table of options and how the kinds of values are read.
#include "option_table.h"

#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void *field(const cli_option *option, cli_options *options)
{
    return (char *)options + option->offset;
}

static bool read_flag(const cli_option *option, const char *value, cli_options *options)
{
    (void)value;
    *(bool *)field(option, options) = true;
    return true;
}

static bool read_text(const cli_option *option, const char *value, cli_options *options)
{
    if (!value[0]) {
        cli_error("option --%s: the %s is empty", option->name, option->argument);
        return false;
    }
    *(const char **)field(option, options) = value;
    return true;
}

static bool read_profile(const cli_option *option, const char *value, cli_options *options)
{
    options->profile = true;
    return !value || read_text(option, value, options);
}

static bool check_number(const cli_option *option, const char *value, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    // strtoull takes blanks and signs: a digit in front keeps them out
    const unsigned long long parsed =
        value[0] >= '0' && value[0] <= '9' ? strtoull(value, &end, 10) : 0;
    if (!end || *end || errno || parsed < option->minimum || parsed > option->maximum) {
        if (option->maximum == UINT64_MAX)
            cli_error("option --%s: '%s' is not a whole number of at least %" PRIu64, option->name,
                      value, option->minimum);
        else
            cli_error("option --%s: '%s' is not a whole number of %" PRIu64 " to %" PRIu64,
                      option->name, value, option->minimum, option->maximum);
        return false;
    }
    *number = parsed;
    return true;
}

static bool read_number(const cli_option *option, const char *value, cli_options *options)
{
    return check_number(option, value, field(option, options));
}

static void add_setting(const char *section, const char *key, const char *value,
                        cli_options *options)
{
    options->settings[options->setting_count++] =
        (mote_setting){.section = section, .key = key, .value = value};
}

static bool read_model_setting(const cli_option *option, const char *value, cli_options *options)
{
    uint64_t number = 0;
    if (!check_number(option, value, &number))
        return false;
    add_setting("Model", option->key, value, options);
    return true;
}

static bool read_text_setting(const cli_option *option, const char *value, cli_options *options)
{
    add_setting("Model", option->key, value, options);
    return true;
}

/// Cuts a copy of section.key=value: a layer's name may have a dot, its keys have none.
static bool read_setting(const cli_option *option, const char *value, cli_options *options)
{
    const size_t length = strlen(value);
    char *section = options->text + options->text_length;
    memcpy(section, value, length + 1);
    char *equals = strchr(section, '=');
    if (equals)
        *equals = '\0';
    char *dot = strrchr(section, '.');
    if (!equals || !dot || dot == section || dot + 1 == equals) {
        cli_error("option --%s: '%s' is not section.key=value", option->name, value);
        return false;
    }
    *dot = '\0';
    options->text_length += length + 1;
    add_setting(section, dot + 1, equals + 1, options);
    return true;
}

static bool read_techniques(const cli_option *option, const char *value, cli_options *options)
{
    if (mote_techniques_find(value, field(option, options)) == MOTE_OK)
        return true;
    cli_error("option --%s: %s", option->name, mote_last_error()->message);
    return false;
}

/// One of the words in `choices`.
static bool read_choice(const cli_option *option, const char *value, cli_options *options)
{
    const size_t length = strlen(value);
    for (const char *word = option->choices; word; word = strchr(word, ' ')) {
        word += *word == ' ';
        if (length > 0 && strcspn(word, " ") == length && strncmp(word, value, length) == 0)
            return read_text(option, value, options);
    }
    cli_error("option --%s: '%s' is none of: %s", option->name, value, option->choices);
    return false;
}

#define TECHNIQUE_CHOICE(name, text, summary) " " text

enum {
    RUNS_MODEL = CLI_TRAIN | CLI_EVAL | CLI_INFER | CLI_BENCH,
    TAKES_WEIGHTS = RUNS_MODEL | CLI_CHECK,
    READS_MODEL = RUNS_MODEL | CLI_ROLLBACK | CLI_CHECK | CLI_PLAN | CLI_EXPLAIN,
    PLANS_MODEL = CLI_TRAIN | CLI_PLAN | CLI_BENCH | CLI_EXPLAIN,
    EVERY = READS_MODEL | CLI_INIT | CLI_INFO | CLI_LAYERS | CLI_COMPLETION | CLI_VERSION,
};

#define FIELD(name) .offset = offsetof(cli_options, name)

const cli_option cli_option_table[] = {
    {"weights", "FILE", "start from the weights in FILE", TAKES_WEIGHTS, FIELD(weights),
     .read = read_text},
    {"model", "FILE", "model file that the weights shall fit", CLI_INFO, FIELD(model),
     .read = read_text},
    {"output", "FILE", "write the model file to FILE (model.ini)", CLI_INIT, FIELD(output),
     .read = read_text},
    {"label", "NAME", "label column of a CSV file, or file of labels of an IDX file", CLI_INIT,
     FIELD(label), .read = read_text},
    {"type", "KIND", "images, wav, idx, csv or text: what DATA is (found out)", CLI_INIT,
     FIELD(type), .choices = "images wav idx csv text", .read = read_text},
    {"data", "SET", "test_set (the default), valid_set or train_set", CLI_EVAL, FIELD(data),
     .choices = "test_set valid_set train_set", .read = read_text},
    {"stage", "NAME", "which stage to print", CLI_EXPLAIN, FIELD(stage),
     .choices = "description graph schedule plan program", .read = read_text},
    {"why", "TENSOR", "or why that tensor is alive at each step of its life", CLI_EXPLAIN,
     FIELD(why), .read = read_text},
    {"text", "TEXT", "what a model of text shall read", CLI_INFER, FIELD(prompt),
     .read = read_text},
    {"generate", "N", "continue the text by N bytes, each the likeliest", CLI_INFER,
     FIELD(generate), .minimum = 1, .maximum = 1U << 30, .read = read_number},
    {"sample", "SEED", "draw these bytes by their probabilities instead", CLI_INFER,
     FIELD(sample_seed), .minimum = 1, .maximum = UINT64_MAX, .read = read_number},
    {"epochs", "N", "times through the training data (= --set Model.epochs=N)", CLI_TRAIN,
     .key = "epochs", .minimum = 1, .maximum = MOTE_EPOCHS_MAX, .read = read_model_setting},
    {"resume", NULL, "go on from the newest checkpoint", CLI_TRAIN, FIELD(resume),
     .read = read_flag},
    {"checkpoint-every", "EVERY", "'5 steps' or '30 s' (= --set Model.checkpoint_every=EVERY)",
     CLI_TRAIN, .key = "checkpoint_every", .read = read_text_setting},
    {"to", "STEP", "the checkpoint to go back to, or factory: the model as shipped", CLI_ROLLBACK,
     FIELD(to), .read = read_text},
    {"steps", "N", "training steps to run (10)", CLI_BENCH, FIELD(steps), .minimum = 1,
     .maximum = UINT64_MAX, .read = read_number},
    {"save", "FILE", "write the weights to FILE at the end", CLI_BENCH, FIELD(save),
     .read = read_text},
    {"profile", "FILE", "say where the time goes; FILE gets a trace for Perfetto",
     CLI_TRAIN | CLI_BENCH, FIELD(trace), .takes_none = true, .read = read_profile},
    {"batch", "N", "samples in a step (= --set Model.batch_size=N)", READS_MODEL,
     .key = "batch_size", .minimum = 1, .maximum = MOTE_BATCH_MAX, .read = read_model_setting},
    {"budget", "SIZE", "most memory of the arena, as 32MiB (= --set Model.memory_budget=SIZE)",
     CLI_TRAIN | CLI_EVAL | CLI_INFER | CLI_PLAN | CLI_BENCH | CLI_EXPLAIN, .key = "memory_budget",
     .read = read_text_setting},
    {"seed", "N", "seed of all random numbers (= --set Model.seed=N)", READS_MODEL, .key = "seed",
     .maximum = UINT64_MAX, .read = read_model_setting},
    {"set", "SECTION.KEY=VALUE", "any key of the model file; may be repeated",
     READS_MODEL | CLI_INFO, .read = read_setting},
    {"planner", "NAME", "naive, best_fit or exact (the default)", PLANS_MODEL, FIELD(planner),
     .choices = "best_fit exact naive", .read = read_choice},
    {"without", "LIST", "leave out:" MOTE_TECHNIQUE_MAP(TECHNIQUE_CHOICE), PLANS_MODEL,
     FIELD(without), .choices = MOTE_TECHNIQUE_MAP(TECHNIQUE_CHOICE), .read = read_techniques},
    {"cost", "FILE", "cost table of the device to plan for (the one beside the swap file)",
     PLANS_MODEL, FIELD(cost), .read = read_text},
    {"plan", "FILE", "make the plan in FILE again instead of searching one", PLANS_MODEL,
     FIELD(plan), .read = read_text},
    {"save-plan", "FILE", "write the plan to FILE, for --plan", CLI_PLAN, FIELD(save_plan),
     .read = read_text},
    {"measure", NULL, "measure this device first, and write its cost table", CLI_PLAN,
     FIELD(measure), .read = read_flag},
    {"threads", "N", "threads to compute with (all processors)", READS_MODEL | CLI_VERSION,
     FIELD(threads), .minimum = 1, .maximum = 256, .read = read_number},
    {"cpu", "LEVEL", "scalar, avx2, avx512 or neon (the highest there is; also: MOTE_CPU)",
     READS_MODEL | CLI_VERSION, FIELD(cpu), .choices = "scalar avx2 avx512 neon",
     .read = read_text},
    {"frontier", NULL, "print what each memory budget costs, from the smallest to the fastest",
     CLI_PLAN, FIELD(frontier), .read = read_flag},
    {"csv", NULL, "print the placements: id,lower,upper,size,offset,name,kind", CLI_PLAN,
     FIELD(csv), .read = read_flag},
    {"html", "FILE", "write a page with a drawing of the plan to FILE", CLI_PLAN, FIELD(html),
     .read = read_text},
    {"json", NULL, "print the result as JSON",
     RUNS_MODEL | CLI_ROLLBACK | CLI_INIT | CLI_CHECK | CLI_PLAN | CLI_INFO | CLI_LAYERS |
         CLI_VERSION,
     FIELD(json), .read = read_flag},
    {"quiet", NULL, "print results and errors only", READS_MODEL, FIELD(quiet), .read = read_flag},
    {"help", NULL, "print this help", EVERY, FIELD(help), .read = read_flag},
};

const size_t cli_option_count = sizeof cli_option_table / sizeof cli_option_table[0];
