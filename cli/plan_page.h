// SPDX-License-Identifier: Apache-2.0
// A memory plan as a page of HTML.
#ifndef MOTE_CLI_PLAN_PAGE_H
#define MOTE_CLI_PLAN_PAGE_H

#include "plan_text.h"

/// Writes the page for the compiled model to `path`, in the place of an older one. False when that fails, having told
/// the user.
bool cli_plan_page_write(const cli_session *session, const cli_findings *findings,
                         const char *path);

#endif
