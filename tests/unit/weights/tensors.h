// SPDX-License-Identifier: Apache-2.0
// A small state, and safetensors files made by hand, for the tests of weights.
#ifndef MOTE_TESTS_UNIT_WEIGHTS_TENSORS_H
#define MOTE_TESTS_UNIT_WEIGHTS_TENSORS_H

#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/files.h"
#include "weights/weights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SPEC(...)                                     \
    {                                                 \
        .dtype = MOTE_DTYPE_F32, .shape = __VA_ARGS__ \
    }

#define TENSOR(tensor_name, tensor_role, tensor_bytes, tensor_offset, ...)     \
    {                                                                          \
        .name = (tensor_name), .role = (tensor_role), .bytes = (tensor_bytes), \
        .offset = (tensor_offset), .spec = SPEC(__VA_ARGS__)                   \
    }

static const mote_state_block tensor_blocks[] = {
    TENSOR("bn.running_mean", MOTE_STATE_STATISTIC, 12, 128, {.rank = 1, .dims = {3}}),
    TENSOR("conv.bias", MOTE_STATE_WEIGHT, 8, 0, {.rank = 1, .dims = {2}}),
    TENSOR("conv.bias.velocity", MOTE_STATE_OPTIMIZER, 8, 192, {.rank = 1, .dims = {2}}),
    TENSOR("conv.weight", MOTE_STATE_WEIGHT, 32, 64, {.rank = 4, .dims = {2, 1, 2, 2}}),
};

/// Bytes of the tensors' data in a file.
#define DATA_BYTES 52U

/// Entries of the tensors as they are in a file in name order.
#define ENTRY_BN   "\"bn.running_mean\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}"
#define ENTRY_BIAS "\"conv.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]}"
#define ENTRY_WEIGHT \
    "\"conv.weight\":{\"dtype\":\"F32\",\"shape\":[2,1,2,2],\"data_offsets\":[20,52]}"
#define GOOD_HEADER "{" ENTRY_BN "," ENTRY_BIAS "," ENTRY_WEIGHT "}"

typedef struct tensors {
    mote_state state;
    _Alignas(64) unsigned char memory[256];
} tensors;

/// Byte i of the memory becomes seed + i.
static inline void tensors_init(tensors *t, unsigned seed)
{
    t->state = (mote_state){.blocks = tensor_blocks, .block_count = 4, .base = t->memory};
    for (size_t i = 0; i < sizeof t->memory; i++)
        t->memory[i] = (unsigned char)(seed + i);
}

/// A file of a length field, header text and `data_bytes` bytes 0, 1, 2, ...
static inline const char *write_tensors(void **state, const char *header, uint64_t length,
                                        size_t data_bytes)
{
    const size_t data_start = 8 + strlen(header);
    unsigned char *const bytes = mote_test_memory(state, data_start + data_bytes + 1);
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(length >> (8U * i));
    memcpy(bytes + 8, header, strlen(header) + 1);
    for (size_t i = 0; i < data_bytes; i++)
        bytes[data_start + i] = (unsigned char)i;
    return mote_test_write(state, "hand.safetensors", bytes, data_start + data_bytes);
}

#endif
