// SPDX-License-Identifier: Apache-2.0
// The processor's rate of fused multiply-adds: chains of them in registers, as many as hide their latency.
#include "os/os.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#else
#include <math.h>
#endif

/// More than latency times units of any processor (4 cycles, 2 units), fewer than there are registers.
#define CHAIN_COUNT 12U
#define CHAINS(X)   X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

#define ROUNDS  (1U << 19)
#define REPEATS 5U

/// Runs rounds of CHAIN_COUNT fused multiply-adds of `lanes` numbers; the result keeps a compiler from leaving them out.
typedef float fma_run(size_t rounds);

typedef struct fma_loop {
    fma_run *run;
    size_t lanes;
} fma_loop;

// Chains begin with different numbers, so that no two are one to a compiler.
#define ADD(i) +sum##i

#if defined(__x86_64__)

#define START_512(i)    sum##i = _mm512_set1_ps(i),
#define MULTIPLY_512(i) sum##i = _mm512_fmadd_ps(sum##i, half, half);
#define START_256(i)    sum##i = _mm256_set1_ps(i),
#define MULTIPLY_256(i) sum##i = _mm256_fmadd_ps(sum##i, half, half);
#define START_128(i)    sum##i = _mm_set1_ps(i),
#define MULTIPLY_128(i) sum##i = _mm_add_ps(_mm_mul_ps(sum##i, half), half);

__attribute__((target("avx512f"))) static float run_avx512(size_t rounds)
{
    const __m512 half = _mm512_set1_ps(0.5F);
    __m512 CHAINS(START_512) last = half;
    for (size_t i = 0; i < rounds; i++) {
        CHAINS(MULTIPLY_512)
    }
    return _mm512_cvtss_f32(last CHAINS(ADD));
}

__attribute__((target("avx2,fma"))) static float run_avx2(size_t rounds)
{
    const __m256 half = _mm256_set1_ps(0.5F);
    __m256 CHAINS(START_256) last = half;
    for (size_t i = 0; i < rounds; i++) {
        CHAINS(MULTIPLY_256)
    }
    return _mm256_cvtss_f32(last CHAINS(ADD));
}

/// Without fused ones: a product and a sum.
static float run_sse(size_t rounds)
{
    const __m128 half = _mm_set1_ps(0.5F);
    __m128 CHAINS(START_128) last = half;
    for (size_t i = 0; i < rounds; i++) {
        CHAINS(MULTIPLY_128)
    }
    return _mm_cvtss_f32(last CHAINS(ADD));
}

static fma_loop choose_loop(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        return (fma_loop){run_avx512, 16};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (fma_loop){run_avx2, 8};
    return (fma_loop){run_sse, 4};
}

#elif defined(__aarch64__)

#define START_NEON(i)    sum##i = vdupq_n_f32(i),
#define MULTIPLY_NEON(i) sum##i = vfmaq_f32(half, sum##i, half);

static float run_neon(size_t rounds)
{
    const float32x4_t half = vdupq_n_f32(0.5F);
    float32x4_t CHAINS(START_NEON) last = half;
    for (size_t i = 0; i < rounds; i++) {
        CHAINS(MULTIPLY_NEON)
    }
    return vgetq_lane_f32(last CHAINS(ADD), 0);
}

static fma_loop choose_loop(void)
{
    return (fma_loop){run_neon, 4};
}

#else

#define START(i)    sum##i = (float)(i),
#define MULTIPLY(i) sum##i = fmaf(sum##i, half, half);

static float run_plain(size_t rounds)
{
    const float half = 0.5F;
    float CHAINS(START) last = half;
    for (size_t i = 0; i < rounds; i++) {
        CHAINS(MULTIPLY)
    }
    return last CHAINS(ADD);
}

static fma_loop choose_loop(void)
{
    return (fma_loop){run_plain, 1};
}

#endif

static void run_task(void *argument, size_t task, size_t task_count)
{
    const fma_loop *loop = (const fma_loop *)argument;
    const volatile float kept = loop->run(ROUNDS);
    (void)kept;
    (void)task;
    (void)task_count;
}

double mote_cpu_measure_peak(const mote_parallel *parallel, size_t task_count)
{
    fma_loop loop = choose_loop();
    uint64_t best_ns = UINT64_MAX;
    for (size_t i = 0; i < REPEATS; i++) {
        const uint64_t begin = mote_clock_ns();
        mote_parallel_run(parallel, run_task, &loop, task_count);
        const uint64_t ns = mote_clock_ns() - begin;
        best_ns = ns > 0 && ns < best_ns ? ns : best_ns;
    }
    const double count = (double)(loop.lanes * CHAIN_COUNT * task_count) * (double)ROUNDS;
    return count * 1e9 / (double)best_ns;
}
