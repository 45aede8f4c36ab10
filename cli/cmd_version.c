// SPDX-License-Identifier: Apache-2.0
// mote version. Makes no thread and takes no memory that it need not: the memory of the other
// commands is compared with it.
#include "commands.h"
#include "output.h"
#include "session.h"

int cli_run_version(const cli_options *options)
{
    mote_context *context = NULL;
    if (cli_context_create(options, 1, &context) != MOTE_OK)
        return cli_fail();
    const size_t threads = options->threads ? (size_t)options->threads : mote_processor_count();
    int exit_code = CLI_OK;
    if (options->json) {
        cli_json json = cli_json_make();
        cli_json_add_text(&json, "version", mote_version());
        cli_json_add_text(&json, "build", mote_build_text());
        cli_json_add_text(&json, "cpu", mote_context_cpu(context));
        cli_json_add_size(&json, "threads", threads);
        exit_code = cli_json_print(&json);
    } else {
        cli_print("mote %s\nbuild    %s\ncpu      %s\nthreads  %zu\n", mote_version(),
                  mote_build_text(), mote_context_cpu(context), threads);
    }
    mote_context_destroy(&context);
    return exit_code;
}
