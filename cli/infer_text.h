// SPDX-License-Identifier: Apache-2.0
// mote infer for networks that read text, a token a byte.
#ifndef MOTE_CLI_INFER_TEXT_H
#define MOTE_CLI_INFER_TEXT_H

#include "session.h"

/// Whether what the user asks for is text (--text, --generate or only files that end in .txt), and the network has one
/// input, of integers.
bool cli_takes_text(const cli_session *session);

/// For a network that takes none: false, having told the user, where --text or --generate is given.
bool cli_check_text_options(const cli_session *session);

/// Runs a compiled model on --text, then on the files; gives the exit code.
int cli_infer_text(const cli_session *session, const char *weights);

#endif
