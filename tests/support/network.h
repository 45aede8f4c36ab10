// SPDX-License-Identifier: Apache-2.0
// From the text of a model file to its graph, and the message when that is refused.
#ifndef MOTE_TESTS_SUPPORT_NETWORK_H
#define MOTE_TESTS_SUPPORT_NETWORK_H

#include "graph/graph.h"

#include <stdbool.h>
#include <stddef.h>

/// [Model] with a loss and a small image: the text goes on at line 8.
#define NETWORK_HEAD        \
    "[Model]\n"             \
    "loss = cross\n"        \
    "batch_size = 4\n"      \
    "[in]\n"                \
    "type = input\n"        \
    "input_shape = 2:6:6\n" \
    "\n"

/// A last layer that `loss = cross` can be fused with.
#define NETWORK_TAIL           \
    "[out]\n"                  \
    "type = fully_connected\n" \
    "unit = 3\n"               \
    "activation = softmax\n"   \
    "flatten = false\n"

typedef struct test_network {
    mote_arena arena;
    mote_description description;
    mote_graph graph;
} test_network;

/// Writes the text as model.ini into the test's folder and builds its graph; failure fails the test.
void test_network_build(void **state, const char *text, bool inference, test_network *network);

/// The same in training, with more layers than the builtin ones.
void test_network_build_with(void **state, const char *text, const mote_layer *const *layers,
                             size_t layer_count, test_network *network);

/// As it, but gives the status; on failure nothing has to be released.
mote_status test_network_try(void **state, const char *text, const mote_layer *const *layers,
                             size_t layer_count, test_network *network);

void test_network_release(test_network *network);

/// Building the graph fails with exactly this message, in which '@' stands for the model file.
void test_network_refused(void **state, const char *text, bool inference, mote_status status,
                          const char *message);

/// Index of the node of that name; fails the test when there is none.
size_t test_network_node(const mote_graph *graph, const char *name);

/// Index of the value of that name.
size_t test_network_value(const mote_graph *graph, const char *name);

/// Collects what is written; longer texts fail the test.
typedef struct test_text {
    size_t length;
    char text[32768];
} test_text;

mote_writer test_text_writer(test_text *text);

#endif
