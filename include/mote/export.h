// SPDX-License-Identifier: Apache-2.0
// Attributes of public functions.
#ifndef MOTE_EXPORT_H
#define MOTE_EXPORT_H

#if defined(__GNUC__)
#define MOTE_API                 __attribute__((visibility("default")))
#define MOTE_MUST_CHECK          __attribute__((warn_unused_result))
#define MOTE_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define MOTE_API
#define MOTE_MUST_CHECK
#define MOTE_PRINTF(text, first)
#endif

#endif
