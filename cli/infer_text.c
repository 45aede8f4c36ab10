// SPDX-License-Identifier: Apache-2.0
// A text is the last bytes of what the user gives, as many as the input has, and what is generated behind it. A network
// with an output for each place may be given less: the answer is that of the text's last byte, which must not depend on
// the places behind it.
#include "infer_text.h"

#include "output.h"
#include "prediction.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    BYTE_VALUES = 256,
    LIKELIEST = 5 // bytes that are printed
};

typedef struct cli_reader {
    const cli_session *session;
    size_t window;  // bytes that the network takes
    size_t classes; // numbers of an answer
    bool has_rows;  // an answer for each byte
    size_t count;   // bytes of the text
    int32_t *tokens;
    int32_t smallest, greatest; // that the network takes
    float *values, *others;     // outputs
    unsigned char *generated;   // as many as --generate says
    uint64_t random;            // state
    json_t *texts;              // results so far; NULL for text
    bool lacks_results;         // there was no memory for some of these
    bool failed;
} cli_reader;

static bool ends_in_txt(const char *path)
{
    const size_t length = strlen(path);
    return length >= 4 && strcasecmp(path + length - 4, ".txt") == 0;
}

static const char *get_name(const char *path)
{
    return path ? path : "--text";
}

/// Puts a byte behind the text, the first one falls out of a full window.
static void push_byte(cli_reader *reader, unsigned char byte)
{
    if (reader->count == reader->window)
        memmove(reader->tokens, reader->tokens + 1, --reader->count * sizeof *reader->tokens);
    reader->tokens[reader->count++] = byte;
}

static mote_status run(const cli_reader *reader, float *values)
{
    const void *const input = reader->tokens;
    void *const output = values;
    return mote_model_run_all(reader->session->model, &input, 1, 1, &output, 1);
}

static mote_status run_filled(cli_reader *reader, int32_t filling, float *values)
{
    for (size_t i = reader->count; i < reader->window; i++)
        reader->tokens[i] = filling;
    return run(reader, values);
}

static const float *get_answer(const cli_reader *reader, const float *values)
{
    return reader->has_rows ? values + (reader->count - 1) * reader->classes : values;
}

/// Whether the text can be asked about: it fills the window, or what is behind it does not matter.
static bool check_length(cli_reader *reader, const char *name)
{
    if (reader->count == reader->window)
        return true;
    if (reader->count == 0) {
        cli_error("%s: the text is empty", name);
        return false;
    }
    if (reader->has_rows) {
        if (run_filled(reader, reader->smallest, reader->values) != MOTE_OK ||
            run_filled(reader, reader->greatest, reader->others) != MOTE_OK) {
            (void)cli_fail();
            return false;
        }
        if (memcmp(get_answer(reader, reader->values), get_answer(reader, reader->others),
                   reader->classes * sizeof(float)) == 0)
            return true;
    }
    cli_error("%s: %zu bytes; '%s' takes %zu, and its answer depends on all of them", name,
              reader->count, reader->session->path, reader->window);
    return false;
}

/// Uniform from 0 to 1: the numbers of splitmix64.
static double draw(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15U;
    uint64_t bits = *state;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
    bits ^= bits >> 31;
    return (double)(bits >> 11) / 9007199254740992.0;
}

static unsigned char choose(cli_reader *reader, const float *answer)
{
    const size_t largest = cli_find_largest(answer, BYTE_VALUES);
    if (!reader->session->options->sample_seed)
        return (unsigned char)largest;
    double left = draw(&reader->random);
    for (size_t i = 0; i < BYTE_VALUES; i++) {
        left -= (double)answer[i];
        if (left < 0)
            return (unsigned char)i;
    }
    return (unsigned char)largest; // the sum was a little less than 1
}

static mote_status generate(cli_reader *reader)
{
    mote_status status = MOTE_OK;
    for (uint64_t i = 0; i < reader->session->options->generate && status == MOTE_OK; i++) {
        reader->generated[i] = choose(reader, get_answer(reader, reader->values));
        push_byte(reader, reader->generated[i]);
        status = run_filled(reader, reader->smallest, reader->values);
    }
    return status;
}

static void print_byte(size_t byte)
{
    if (byte >= ' ' && byte < 127)
        cli_print(" '%c'", (int)byte);
    else
        cli_print(" 0x%02zx", byte);
}

static bool is_used(const size_t *used, size_t count, size_t byte)
{
    for (size_t i = 0; i < count; i++) {
        if (used[i] == byte)
            return true;
    }
    return false;
}

static void print_likeliest(const float *answer)
{
    size_t used[LIKELIEST];
    for (size_t count = 0; count < LIKELIEST; count++) {
        size_t best = BYTE_VALUES;
        for (size_t i = 0; i < BYTE_VALUES; i++) {
            if (!is_used(used, count, i) && (best == BYTE_VALUES || answer[i] > answer[best]))
                best = i;
        }
        used[count] = best;
        print_byte(best);
        cli_print(" (%.1f %%)", 100 * (double)answer[best]);
    }
}

/// Whether an answer says which byte follows.
static bool predicts_bytes(const cli_reader *reader, const float *answer)
{
    return reader->classes == BYTE_VALUES && cli_is_distribution(answer, BYTE_VALUES) &&
           !mote_model_class_names(reader->session->model)[0];
}

static void print_answer(const cli_reader *reader, const char *name)
{
    const float *const answer = get_answer(reader, reader->values);
    cli_print("%s:", name);
    if (predicts_bytes(reader, answer))
        print_likeliest(answer);
    else
        cli_print_prediction(reader->session->model, answer, reader->classes);
    cli_print("\n");
}

/// A prompt with its continuation; of a file the continuation alone.
static void print_generated(const cli_reader *reader, const char *path)
{
    const cli_options *const options = reader->session->options;
    if (!path)
        cli_print("%s", options->prompt);
    // a failure is kept by the stream
    (void)fwrite(reader->generated, 1, (size_t)options->generate, stdout);
    cli_print("\n");
}

static cli_json make_item(const cli_reader *reader, const char *path)
{
    cli_json json = cli_json_make();
    cli_json_add_text(&json, path ? "file" : "text",
                      path ? path : reader->session->options->prompt);
    return json;
}

static void append_item(cli_reader *reader, cli_json *json)
{
    if (json_array_append_new(reader->texts, json->root) != 0 || json->failed)
        reader->lacks_results = true;
}

static void add_generated(cli_json *json, const unsigned char *bytes, size_t count)
{
    cli_json numbers = cli_json_make_array();
    for (size_t i = 0; i < count; i++)
        cli_json_append(&numbers, json_integer(bytes[i]));
    json->failed |= numbers.failed;
    cli_json_add(json, "generated_bytes", numbers.root);
    json_t *text = json_stringn((const char *)bytes, count);
    cli_json_add(json, "generated", text ? text : json_null());
}

/// Asks about the text and says the answer, then goes on with it.
static mote_status answer_text(cli_reader *reader, const char *path)
{
    const cli_options *const options = reader->session->options;
    mote_status status = run_filled(reader, reader->smallest, reader->values);
    if (status != MOTE_OK)
        return status;
    if (options->generate && !predicts_bytes(reader, get_answer(reader, reader->values))) {
        cli_error("%s: --generate takes a network that gives probabilities of 256 bytes",
                  reader->session->path);
        reader->failed = true;
        return MOTE_OK;
    }
    cli_json json = {.root = NULL};
    if (reader->texts) {
        json = make_item(reader, path);
        cli_json_add_prediction(&json, reader->session->model, get_answer(reader, reader->values),
                                reader->classes);
    } else if (!options->generate) {
        print_answer(reader, get_name(path));
    }
    status = generate(reader);
    if (reader->texts) {
        if (options->generate)
            add_generated(&json, reader->generated, (size_t)options->generate);
        append_item(reader, &json);
    } else if (options->generate && status == MOTE_OK) {
        print_generated(reader, path);
    }
    return status;
}

/// The text of a file, or of --text (NULL).
static mote_status run_text(cli_reader *reader, const char *path)
{
    reader->random = reader->session->options->sample_seed;
    if (check_length(reader, get_name(path)))
        return answer_text(reader, path);
    reader->failed = true;
    return MOTE_OK;
}

static mote_status run_prompt(cli_reader *reader, const char *prompt)
{
    reader->count = 0;
    for (const char *byte = prompt; *byte; byte++)
        push_byte(reader, (unsigned char)*byte);
    return run_text(reader, NULL);
}

static bool read_file(cli_reader *reader, const char *path)
{
    FILE *const file = fopen(path, "rb");
    if (!file)
        return false;
    reader->count = 0;
    for (int byte = getc(file); byte != EOF; byte = getc(file))
        push_byte(reader, (unsigned char)byte);
    const bool succeeded = !ferror(file);
    const int error = errno;
    (void)fclose(file); // was read only
    errno = error;
    return succeeded;
}

static mote_status run_file(cli_reader *reader, const char *path)
{
    if (!ends_in_txt(path))
        cli_error("'%s': '%s' reads text: files that end in .txt", path, reader->session->path);
    else if (!read_file(reader, path))
        cli_error("'%s': %s", path, strerror(errno));
    else
        return run_text(reader, path);
    reader->failed = true;
    return MOTE_OK;
}

static mote_status run_all(cli_reader *reader)
{
    const cli_options *const options = reader->session->options;
    mote_status status = options->prompt ? run_prompt(reader, options->prompt) : MOTE_OK;
    for (size_t i = 1; i < options->operand_count && status == MOTE_OK; i++)
        status = run_file(reader, options->operands[i]);
    return status;
}

static int print_json(const cli_reader *reader, const char *weights)
{
    const cli_session *const session = reader->session;
    cli_json json = cli_json_make();
    json.failed |= reader->lacks_results;
    cli_json_add_text(&json, "model", session->path);
    cli_json_add_text(&json, "weights", weights ? weights : mote_model_load_path(session->model));
    cli_json_add_size(&json, "threads", mote_context_thread_count(session->context));
    cli_json_add_text(&json, "cpu", mote_context_cpu(session->context));
    cli_json_add(&json, "texts", json_incref(reader->texts));
    return cli_json_print(&json);
}

/// Learns the sizes; false, having told the user, where the network is of another kind.
static bool measure(cli_reader *reader)
{
    const cli_session *const session = reader->session;
    mote_port_info input, output;
    if (mote_model_output_count(session->model) != 1) {
        cli_error("%s: text is for networks with one output; this one has %zu", session->path,
                  mote_model_output_count(session->model));
        return false;
    }
    if (mote_model_get_input(session->model, 0, &input) != MOTE_OK ||
        mote_model_get_output(session->model, 0, &output) != MOTE_OK) {
        (void)cli_fail();
        return false;
    }
    reader->window = input.element_count;
    reader->smallest = input.smallest;
    reader->greatest = input.greatest;
    reader->classes = output.dims[output.rank - 1];
    reader->has_rows = output.element_count == reader->window * reader->classes;
    if (!reader->has_rows)
        reader->classes = output.element_count;
    return true;
}

static bool allocate(cli_reader *reader)
{
    const size_t count = reader->classes * (reader->has_rows ? reader->window : 1);
    const cli_options *const options = reader->session->options;
    reader->tokens = calloc(reader->window, sizeof *reader->tokens);
    reader->values = calloc(count, sizeof *reader->values);
    reader->others = calloc(count, sizeof *reader->others);
    reader->generated = calloc((size_t)options->generate + 1, 1);
    reader->texts = options->json ? json_array() : NULL;
    if (reader->tokens && reader->values && reader->others && reader->generated &&
        (reader->texts || !options->json))
        return true;
    cli_error("out of memory for a text of %zu bytes", reader->window);
    return false;
}

static void release(cli_reader *reader)
{
    free(reader->tokens);
    free(reader->values);
    free(reader->others);
    free(reader->generated);
    json_decref(reader->texts);
}

static int infer(cli_reader *reader, const char *weights)
{
    if (!measure(reader))
        return CLI_FAILED;
    if (mote_model_allocate(reader->session->model) != MOTE_OK)
        return cli_fail();
    if (!allocate(reader))
        return CLI_FAILED;
    if (run_all(reader) != MOTE_OK)
        return cli_fail();
    const int exit_code = reader->texts ? print_json(reader, weights) : CLI_OK;
    return reader->failed ? CLI_FAILED : exit_code;
}

/// Whether the user's words mean text: then all files are texts.
static bool means_text(const cli_options *options)
{
    bool all = true;
    for (size_t i = 1; i < options->operand_count; i++)
        all = all && ends_in_txt(options->operands[i]);
    return all || options->prompt || options->generate;
}

bool cli_takes_text(const cli_session *session)
{
    mote_port_info input;
    return means_text(session->options) && mote_model_input_count(session->model) == 1 &&
           mote_model_get_input(session->model, 0, &input) == MOTE_OK &&
           input.type == MOTE_PORT_INT32;
}

bool cli_check_text_options(const cli_session *session)
{
    const cli_options *const options = session->options;
    if (!options->prompt && !options->generate)
        return true;
    cli_error("%s: --%s is for networks with one input, of integers", session->path,
              options->prompt ? "text" : "generate");
    return false;
}

int cli_infer_text(const cli_session *session, const char *weights)
{
    cli_reader reader = {.session = session};
    const int exit_code = infer(&reader, weights);
    release(&reader);
    return exit_code;
}
