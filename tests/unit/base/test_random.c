// SPDX-License-Identifier: Apache-2.0
// The generator against its published vectors; distributions and permutations against their
// definition.
#include "base/logarithm.h"
#include "base/philox.h"
#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const mote_random_key plain_key = {.seed = 1, .name = 2, .iteration = 3, .time = 4};

static void assert_words_equal(const uint32_t words[4], const uint32_t expected[4])
{
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(words[i], expected[i]);
}

static void the_generator_gives_the_published_words(void **unused)
{
    (void)unused;

    static const struct {
        uint32_t counter[4], key[2], words[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627E8D5U, 0xE169C58DU, 0xBC57AC4CU, 0x9B00DBD8U}},
        {{0xFFFFFFFFU, 0xFFFFFFFFU, 0xFFFFFFFFU, 0xFFFFFFFFU},
         {0xFFFFFFFFU, 0xFFFFFFFFU},
         {0x408F276DU, 0x41C83B0EU, 0xA20BC7C6U, 0x6D5451FDU}},
        {{0x243F6A88U, 0x85A308D3U, 0x13198A2EU, 0x03707344U},
         {0xA4093822U, 0x299F31D0U},
         {0xD16CFE09U, 0x94FDCCEBU, 0x5001E420U, 0x24126EA1U}},
    };

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint32_t words[4];
        memcpy(words, vectors[i].counter, sizeof words);
        mote_philox_rounds(vectors[i].key[0], vectors[i].key[1], words);
        assert_words_equal(words, vectors[i].words);
    }
}

static void seeds_are_mixed_by_the_finalizer_of_splitmix64(void **unused)
{
    (void)unused;
    // splitmix64 of state 0 first adds the golden ratio: its published first output
    assert_true(mote_philox_mix(0x9E3779B97F4A7C15U) == 0xE220A8397B1DCDAFU);
    assert_true(mote_philox_mix(0) == 0);
}

static void key_and_counter_are_laid_out_as_documented(void **unused)
{
    (void)unused;
    const mote_random_key key = {
        .seed = 0x9E3779B97F4A7C15U,
        .name = 0x1111111122222222U,
        .iteration = 0x0000ABCD12345678U,
        .time = 5,
    };
    uint32_t expected[4] = {0x55667788U, 0x11223344U, 0x12345678U, 0xABCD0005U};
    mote_philox_rounds(0x7B1DCDAFU ^ 0x22222222U, 0xE220A839U ^ 0x11111111U, expected);
    uint32_t words[4];
    mote_random_block(&key, 0x1122334455667788U, words);
    assert_words_equal(words, expected);
}

static void words_and_blocks_are_one_stream(void **unused)
{
    (void)unused;
    for (uint64_t block = 0; block < 10; block++) {
        uint32_t words[4];
        mote_random_block(&plain_key, block, words);
        for (uint64_t i = 0; i < 4; i++)
            assert_int_equal(mote_random_word(&plain_key, 4 * block + i), words[i]);
    }
}

static void every_field_of_the_key_makes_another_stream(void **unused)
{
    (void)unused;
    mote_random_key keys[5] = {plain_key, plain_key, plain_key, plain_key, plain_key};
    keys[1].seed++;
    keys[2].name++;
    keys[3].iteration++;
    keys[4].time++;
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(mote_random_word(&keys[i], 0), mote_random_word(&keys[j], 0));
    }
}

static void uniform_numbers_are_the_middle_of_their_word(void **unused)
{
    (void)unused;
    double sum = 0.0;
    for (uint64_t i = 0; i < 100000; i++) {
        const double value = mote_random_uniform(&plain_key, i);
        assert_true(value == ((double)mote_random_word(&plain_key, i) + 0.5) / 4294967296.0);
        assert_true(value > 0.0 && value < 1.0);
        sum += value;
    }
    assert_true(fabs(sum / 100000 - 0.5) < 0.004); // 4 standard deviations
}

static void the_logarithm_is_that_of_the_c_library(void **unused)
{
    (void)unused;
    for (uint64_t i = 0; i < 200000; i++) {
        const double uniform = mote_random_uniform(&plain_key, i);
        const double x = i % 2 ? uniform : ldexp(uniform, (int)(i % 600) - 300);
        const double expected = log(x);
        assert_true(fabs(mote_logarithm(x) - expected) <= 3e-16 * fabs(expected));
    }
    assert_true(mote_logarithm(1.0) == 0.0);
}

static void normal_numbers_invert_the_distribution_function(void **unused)
{
    (void)unused;
    for (uint64_t i = 0; i < 200000; i++) {
        const double uniform = mote_random_uniform(&plain_key, i);
        const double value = mote_random_normal(&plain_key, i);
        const double lower = 0.5 * erfc(-value / sqrt(2.0));
        const double upper = 0.5 * erfc(value / sqrt(2.0));
        assert_true(fabs(lower - uniform) <= 1e-14 * uniform);
        assert_true(fabs(upper - (1.0 - uniform)) <= 1e-14 * (1.0 - uniform));
    }
}

/// The index below `count` of the largest or smallest word.
static uint64_t find_extreme(bool is_largest, uint64_t count)
{
    uint64_t found = 0;
    for (uint64_t i = 1; i < count; i++) {
        const uint32_t word = mote_random_word(&plain_key, i);
        const uint32_t best = mote_random_word(&plain_key, found);
        if (is_largest ? word > best : word < best)
            found = i;
    }
    return found;
}

static void the_tails_are_exact_too(void **unused)
{
    (void)unused;
    for (int is_largest = 0; is_largest < 2; is_largest++) {
        const uint64_t index = find_extreme(is_largest != 0, 3000000);
        const double uniform = mote_random_uniform(&plain_key, index);
        const double share = is_largest ? 1.0 - uniform : uniform;
        const double value = mote_random_normal(&plain_key, index);
        assert_true(is_largest ? value > 4.5 : value < -4.5);
        assert_true(fabs(0.5 * erfc(fabs(value) / sqrt(2.0)) - share) <= 1e-13 * share);
    }
}

static void normal_numbers_have_mean_0_and_variance_1(void **unused)
{
    (void)unused;
    double sum = 0.0;
    double squares = 0.0;
    const unsigned count = 400000;
    for (uint64_t i = 0; i < count; i++) {
        const double value = mote_random_normal(&plain_key, i);
        sum += value;
        squares += value * value;
    }
    assert_true(fabs(sum / count) < 4.0 / sqrt(count));
    assert_true(fabs(squares / count - 1.0) < 4.0 * sqrt(2.0 / count));
}

static void assert_bijection(const mote_random_key *key, uint64_t count)
{
    static unsigned char seen[5000];
    memset(seen, 0, sizeof seen);
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t place = mote_random_permute(key, count, i);
        assert_true(place < count);
        assert_int_equal(seen[place], 0);
        seen[place] = 1;
    }
}

static void a_permutation_meets_every_place_once(void **unused)
{
    (void)unused;
    for (uint64_t count = 1; count <= 300; count++)
        assert_bijection(&plain_key, count);
    static const uint64_t counts[] = {1000, 1023, 1024, 1025, 4095, 4096, 4097, 5000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        assert_bijection(&plain_key, counts[i]);
}

static void other_keys_give_other_orders(void **unused)
{
    (void)unused;
    mote_random_key other = plain_key;
    other.iteration++;
    size_t equal = 0;
    for (uint64_t i = 0; i < 5000; i++)
        equal += mote_random_permute(&plain_key, 5000, i) == mote_random_permute(&other, 5000, i);
    assert_in_range(equal, 0, 8); // one is expected
}

static void all_orders_of_three_are_equally_likely(void **unused)
{
    (void)unused;
    size_t seen[27] = {0};
    mote_random_key key = plain_key;
    for (key.iteration = 0; key.iteration < 6000; key.iteration++) {
        size_t code = 0;
        for (uint64_t i = 0; i < 3; i++)
            code = 3 * code + mote_random_permute(&key, 3, i);
        seen[code]++;
    }
    static const size_t orders[6] = {5, 7, 11, 15, 19, 21}; // 012 021 102 120 201 210
    for (size_t i = 0; i < 6; i++)
        assert_in_range(seen[orders[i]], 885, 1115); // 4 standard deviations
}

static void every_place_is_equally_likely_for_the_first(void **unused)
{
    (void)unused;
    size_t seen[10] = {0};
    mote_random_key key = plain_key;
    for (key.iteration = 0; key.iteration < 10000; key.iteration++)
        seen[mote_random_permute(&key, 10, 0)]++;
    for (size_t i = 0; i < 10; i++)
        assert_in_range(seen[i], 880, 1120); // 4 standard deviations
}

static void huge_counts_are_permuted(void **unused)
{
    (void)unused;
    for (uint64_t i = 0; i < 1000; i++) {
        const uint64_t count = UINT64_MAX - i;
        assert_true(mote_random_permute(&plain_key, count, count - 1) < count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_gives_the_published_words),
        cmocka_unit_test(seeds_are_mixed_by_the_finalizer_of_splitmix64),
        cmocka_unit_test(key_and_counter_are_laid_out_as_documented),
        cmocka_unit_test(words_and_blocks_are_one_stream),
        cmocka_unit_test(every_field_of_the_key_makes_another_stream),
        cmocka_unit_test(uniform_numbers_are_the_middle_of_their_word),
        cmocka_unit_test(the_logarithm_is_that_of_the_c_library),
        cmocka_unit_test(normal_numbers_invert_the_distribution_function),
        cmocka_unit_test(the_tails_are_exact_too),
        cmocka_unit_test(normal_numbers_have_mean_0_and_variance_1),
        cmocka_unit_test(a_permutation_meets_every_place_once),
        cmocka_unit_test(other_keys_give_other_orders),
        cmocka_unit_test(all_orders_of_three_are_equally_likely),
        cmocka_unit_test(every_place_is_equally_likely_for_the_first),
        cmocka_unit_test(huge_counts_are_permuted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
