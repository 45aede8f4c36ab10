// SPDX-License-Identifier: Apache-2.0
// Looking into safetensors without knowing what should be in them.
#include "weights/file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 8192U

/// Element types of the format: name, bytes, how one is read as a double.
#define FILE_DTYPE_MAP(X)   \
    X("F64", 8, read_f64)   \
    X("F32", 4, read_f32)   \
    X("F16", 2, read_f16)   \
    X("BF16", 2, read_bf16) \
    X("I64", 8, read_i64)   \
    X("I32", 4, read_i32)   \
    X("I16", 2, read_i16)   \
    X("I8", 1, read_i8)     \
    X("U64", 8, read_u64)   \
    X("U32", 4, read_u32)   \
    X("U16", 2, read_u16)   \
    X("U8", 1, read_u8)     \
    X("BOOL", 1, read_u8)

typedef struct file_dtype {
    const char *name;
    size_t bytes;
    double (*read)(const unsigned char *bytes);
} file_dtype;

typedef struct listed_tensor {
    mote_file_tensor tensor;
    const file_dtype *dtype;
    uint64_t begin; // in the data
} listed_tensor;

struct mote_weights_list {
    mote_weights_file source;
    char *path;
    listed_tensor *tensors; // in the order of the data
    size_t tensor_count;
    mote_weights_metadata *metadata;
    size_t metadata_count;
};

/// Little endian.
static uint64_t read_bits(const unsigned char *bytes, size_t count)
{
    uint64_t bits = 0;
    for (size_t i = count; i > 0; i--)
        bits = bits << 8U | bytes[i - 1];
    return bits;
}

static double float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static double read_f64(const unsigned char *bytes)
{
    const uint64_t bits = read_bits(bytes, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double read_f32(const unsigned char *bytes)
{
    return float_of_bits((uint32_t)read_bits(bytes, 4));
}

static double read_bf16(const unsigned char *bytes)
{
    return float_of_bits((uint32_t)read_bits(bytes, 2) << 16U);
}

static double read_f16(const unsigned char *bytes)
{
    const uint32_t bits = (uint32_t)read_bits(bytes, 2);
    const uint32_t exponent = bits >> 10U & 31U;
    const uint64_t mantissa = bits & 1023U;
    double value = exponent > 0 ? (double)((mantissa + 1024) << exponent) * 0x1p-25
                                : (double)mantissa * 0x1p-24;
    if (exponent == 31)
        value = mantissa > 0 ? (double)NAN : (double)INFINITY;
    return bits & 0x8000U ? -value : value;
}

static double read_i64(const unsigned char *bytes)
{
    return (double)(int64_t)read_bits(bytes, 8);
}

static double read_i32(const unsigned char *bytes)
{
    return (double)(int32_t)read_bits(bytes, 4);
}

static double read_i16(const unsigned char *bytes)
{
    return (double)(int16_t)read_bits(bytes, 2);
}

static double read_i8(const unsigned char *bytes)
{
    return (double)(int8_t)bytes[0];
}

static double read_u64(const unsigned char *bytes)
{
    return (double)read_bits(bytes, 8);
}

static double read_u32(const unsigned char *bytes)
{
    return (double)read_bits(bytes, 4);
}

static double read_u16(const unsigned char *bytes)
{
    return (double)read_bits(bytes, 2);
}

static double read_u8(const unsigned char *bytes)
{
    return (double)bytes[0];
}

static const file_dtype dtypes[] = {
#define FILE_DTYPE(text, size, reader) {.name = (text), .bytes = (size), .read = (reader)},
    FILE_DTYPE_MAP(FILE_DTYPE)
#undef FILE_DTYPE
};

static mote_status find_dtype(const char *path, const char *tensor, const char *name,
                              const file_dtype **dtype)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            *dtype = &dtypes[i];
            return MOTE_OK;
        }
    }
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s': tensor '%.200s' is of unknown dtype '%.40s'",
                      path, tensor, name);
}

/// Dimensions of `shape`; their product, which a wrong file may make too large, ends at the data's bytes.
static mote_status read_shape(const mote_weights_list *list, const json_t *shape, mote_arena *arena,
                              mote_file_tensor *tensor)
{
    uint64_t *dims = NULL;
    tensor->rank = json_array_size(shape);
    tensor->element_count = 1;
    MOTE_TRY(mote_arena_array(arena, tensor->rank, sizeof *dims, (void **)&dims));
    tensor->dims = dims;
    for (size_t i = 0; i < tensor->rank; i++) {
        dims[i] = mote_weights_number(shape, i);
        if (dims[i] > 0 && tensor->element_count > list->source.data_bytes / dims[i]) {
            return MOTE_RAISE(MOTE_ERROR_FORMAT,
                              "'%s': tensor '%.200s' has more elements than the file has bytes",
                              list->path, tensor->name);
        }
        tensor->element_count *= dims[i];
    }
    return MOTE_OK;
}

static mote_status read_entry(mote_weights_list *list, const char *name, const json_t *entry,
                              mote_arena *arena)
{
    MOTE_TRY(mote_weights_check_entry(list->path, name, entry));
    listed_tensor *listed = &list->tensors[list->tensor_count++];
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const uint64_t end = mote_weights_number(offsets, 1);
    listed->begin = mote_weights_number(offsets, 0);
    listed->tensor.name = name;
    listed->tensor.dtype = json_string_value(json_object_get(entry, "dtype"));
    MOTE_TRY(find_dtype(list->path, name, listed->tensor.dtype, &listed->dtype));
    MOTE_TRY(read_shape(list, json_object_get(entry, "shape"), arena, &listed->tensor));
    listed->tensor.bytes = listed->tensor.element_count * listed->dtype->bytes;
    if (listed->begin > end || end > list->source.data_bytes) {
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': tensor '%.200s' is at bytes %" PRIu64 " to %" PRIu64
                          " of the data, which are %" PRIu64,
                          list->path, name, listed->begin, end, list->source.data_bytes);
    }
    if (end - listed->begin != listed->tensor.bytes) {
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': tensor '%.200s' has %" PRIu64
                          " bytes, its shape and dtype need %" PRIu64,
                          list->path, name, end - listed->begin, listed->tensor.bytes);
    }
    return MOTE_OK;
}

static int compare_places(const void *a, const void *b)
{
    const listed_tensor *const left = a;
    const listed_tensor *const right = b;
    if (left->begin != right->begin)
        return left->begin < right->begin ? -1 : 1;
    if (left->tensor.bytes != right->tensor.bytes) // empty ones come before what begins there
        return left->tensor.bytes < right->tensor.bytes ? -1 : 1;
    return strcmp(left->tensor.name, right->tensor.name);
}

static mote_status check_cover(const mote_weights_list *list)
{
    uint64_t end = 0;
    for (size_t i = 0; i < list->tensor_count; i++) {
        const listed_tensor *listed = &list->tensors[i];
        if (listed->begin != end) {
            return MOTE_RAISE(MOTE_ERROR_FORMAT,
                              "'%s': tensor '%.200s' begins at byte %" PRIu64
                              " of the data, the one before it ends at %" PRIu64 " (%s)",
                              list->path, listed->tensor.name, listed->begin, end,
                              listed->begin < end ? "overlap" : "hole");
        }
        end += listed->tensor.bytes;
    }
    if (end != list->source.data_bytes)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': %" PRIu64 " bytes behind the last tensor belong to none",
                          list->path, list->source.data_bytes - end);
    return MOTE_OK;
}

static mote_status read_tensors(mote_weights_list *list, mote_arena *arena)
{
    json_t *header = list->source.header;
    MOTE_TRY(mote_arena_array(arena, json_object_size(header), sizeof *list->tensors,
                              (void **)&list->tensors));
    for (void *at = json_object_iter(header); at; at = json_object_iter_next(header, at)) {
        const char *name = json_object_iter_key(at);
        if (strcmp(name, MOTE_WEIGHTS_METADATA) != 0)
            MOTE_TRY(read_entry(list, name, json_object_iter_value(at), arena));
    }
    if (list->tensor_count > 0)
        qsort(list->tensors, list->tensor_count, sizeof *list->tensors, compare_places);
    return check_cover(list);
}

static mote_status read_metadata(mote_weights_list *list, mote_arena *arena)
{
    json_t *metadata = json_object_get(list->source.header, MOTE_WEIGHTS_METADATA);
    MOTE_TRY(mote_arena_array(arena, json_object_size(metadata), sizeof *list->metadata,
                              (void **)&list->metadata));
    for (void *at = json_object_iter(metadata); at; at = json_object_iter_next(metadata, at))
        list->metadata[list->metadata_count++] = (mote_weights_metadata){
            json_object_iter_key(at), json_string_value(json_object_iter_value(at))};
    return MOTE_OK;
}

mote_status mote_weights_list_open(const char *path, mote_arena *arena, mote_weights_list **list)
{
    mote_weights_list *made = NULL;
    MOTE_TRY(mote_arena_allocate(arena, sizeof *made, (void **)&made));
    MOTE_TRY(mote_arena_text(arena, path, strlen(path), &made->path));
    MOTE_TRY(mote_weights_file_open(made->path, arena->allocator, &made->source));
    mote_status status = read_tensors(made, arena);
    if (status == MOTE_OK)
        status = read_metadata(made, arena);
    if (status == MOTE_OK)
        *list = made;
    else
        mote_weights_list_close(made);
    return status;
}

void mote_weights_list_close(mote_weights_list *list)
{
    if (list)
        mote_weights_file_close(&list->source);
}

size_t mote_weights_list_tensor_count(const mote_weights_list *list)
{
    return list->tensor_count;
}

const mote_file_tensor *mote_weights_list_tensor(const mote_weights_list *list, size_t index)
{
    return &list->tensors[index].tensor;
}

size_t mote_weights_list_metadata_count(const mote_weights_list *list)
{
    return list->metadata_count;
}

mote_weights_metadata mote_weights_list_metadata(const mote_weights_list *list, size_t index)
{
    return list->metadata[index];
}

/// Adds a value to a summary whose mean is still a sum.
static void add_value(mote_tensor_summary *summary, double value)
{
    if (!isfinite(value)) {
        summary->nonfinite_count++;
        return;
    }
    if (!(summary->minimum <= value))
        summary->minimum = value;
    if (!(summary->maximum >= value))
        summary->maximum = value;
    summary->mean += value;
}

mote_status mote_weights_list_summarize(const mote_weights_list *list, size_t index,
                                        mote_tensor_summary *summary)
{
    const listed_tensor *listed = &list->tensors[index];
    const size_t size = listed->dtype->bytes;
    unsigned char bytes[CHUNK_BYTES];
    mote_tensor_summary sum = {.minimum = (double)NAN, .maximum = (double)NAN};
    for (uint64_t done = 0; done < listed->tensor.bytes;) {
        const uint64_t left = listed->tensor.bytes - done;
        const size_t part = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        MOTE_TRY(mote_file_read(&list->source.file, list->source.data_start + listed->begin + done,
                                bytes, part));
        for (size_t i = 0; i < part; i += size)
            add_value(&sum, listed->dtype->read(bytes + i));
        done += part;
    }
    sum.mean /= (double)(listed->tensor.element_count - sum.nonfinite_count); // none: 0/0 is NAN
    *summary = sum;
    return MOTE_OK;
}
