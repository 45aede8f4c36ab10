// SPDX-License-Identifier: Apache-2.0
// Finding a class by its name.
#include "data/class_names.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

size_t mote_class_names_find(const char *names, const char *name)
{
    const size_t wanted = strlen(name);
    for (size_t index = 0;; index++) {
        size_t length = strcspn(names, ",");
        const char *const next = names[length] ? names + length + 1 : NULL;
        while (length > 0 && mote_text_is_blank(names[0])) {
            names++;
            length--;
        }
        while (length > 0 && mote_text_is_blank(names[length - 1]))
            length--;
        if (length == wanted && memcmp(names, name, length) == 0)
            return index;
        if (!next)
            return SIZE_MAX;
        names = next;
    }
}
