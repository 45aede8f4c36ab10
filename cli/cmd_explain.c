// SPDX-License-Identifier: Apache-2.0
// mote explain: what a stage of the compiler made of a model, or why a tensor lives.
#include "commands.h"
#include "output.h"
#include "session.h"

#include <string.h>

static const char *stage_name(const void *user, size_t index)
{
    (void)user;
    return mote_stage_name((mote_stage)index);
}

static bool find_stage(const char *name, mote_stage *stage)
{
    for (int i = 0; name && i < MOTE_STAGE_COUNT; i++) {
        if (strcmp(mote_stage_name((mote_stage)i), name) == 0) {
            *stage = (mote_stage)i;
            return true;
        }
    }
    return false;
}

static int refuse_stage(const char *name)
{
    static const char stages[] = "description, graph, schedule, plan or program";
    const char *nearest = name ? cli_nearest(name, stage_name, NULL, MOTE_STAGE_COUNT) : NULL;
    if (nearest)
        cli_error("explain: there is no stage '%s', did you mean '%s'?", name, nearest);
    else if (name)
        cli_error("explain: there is no stage '%s', it must be %s", name, stages);
    else
        cli_error("explain: --stage NAME is missing: %s; or --why TENSOR", stages);
    return CLI_USAGE;
}

static int explain_model(cli_session *session, mote_stage stage)
{
    const mote_writer writer = cli_stdout_writer();
    if (cli_session_load(session) != MOTE_OK)
        return cli_fail();
    if (stage != MOTE_STAGE_DESCRIPTION &&
        cli_session_compile(session, MOTE_MODE_TRAIN, NULL) != MOTE_OK)
        return cli_fail();
    return mote_model_explain(session->model, stage, &writer) == MOTE_OK ? CLI_OK : cli_fail();
}

static int explain_tensor(cli_session *session, const char *name)
{
    const mote_writer writer = cli_stdout_writer();
    if (cli_session_load(session) != MOTE_OK ||
        cli_session_compile(session, MOTE_MODE_TRAIN, NULL) != MOTE_OK ||
        mote_model_explain_tensor(session->model, name, &writer) != MOTE_OK)
        return cli_fail();
    return CLI_OK;
}

int cli_run_explain(const cli_options *options)
{
    mote_stage stage = MOTE_STAGE_DESCRIPTION;
    if (options->stage && options->why) {
        cli_error("explain: --stage and --why exclude each other");
        return CLI_USAGE;
    }
    if (!options->why && !find_stage(options->stage, &stage))
        return refuse_stage(options->stage);
    cli_session session = {.options = options};
    const int exit_code =
        options->why ? explain_tensor(&session, options->why) : explain_model(&session, stage);
    cli_session_release(&session);
    return exit_code;
}
