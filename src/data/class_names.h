// SPDX-License-Identifier: Apache-2.0
// Private to data: names of classes as they are kept, "a,b,c" in the order of their indices.
#ifndef MOTE_DATA_CLASS_NAMES_H
#define MOTE_DATA_CLASS_NAMES_H

#include <stddef.h>

/// The class of that name; blanks around names do not count. SIZE_MAX when there is none.
size_t mote_class_names_find(const char *names, const char *name);

#endif
