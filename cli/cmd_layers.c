// SPDX-License-Identifier: Apache-2.0
// mote layers: the keys of model files, from the library's own tables.
#include "commands.h"
#include "output.h"
#include "session.h"

int cli_run_layers(const cli_options *options)
{
    mote_context *context = NULL;
    if (cli_context_create(options, 1, &context) != MOTE_OK)
        return cli_fail();
    const char *name = options->operand_count > 0 ? options->operands[0] : NULL;
    const mote_writer writer = cli_stdout_writer();
    const int exit_code = mote_describe(context, name, &writer) == MOTE_OK ? CLI_OK : cli_fail();
    mote_context_destroy(&context);
    return exit_code;
}
