// Vectors of numbers by the compiler's own vector types: one source for every instruction set.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#ifdef __AVX__
#include <immintrin.h>
#endif

// One register, unless a build for tests makes vectors of several.
#ifndef SEZM_VECTOR_BYTES
#if defined(__AVX512F__)
#define SEZM_VECTOR_BYTES 64
#elif defined(__AVX__)
#define SEZM_VECTOR_BYTES 32
#else
#define SEZM_VECTOR_BYTES 16
#endif
#endif

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

constexpr int VECTOR_BYTES = SEZM_VECTOR_BYTES;
constexpr int MAX_ROWS = VECTOR_BYTES > 32 ? 12 : 6;  // of a product's block in registers

template <class Real>
struct VectorOf;

template <>
struct VectorOf<float> {
    typedef float type __attribute__((vector_size(VECTOR_BYTES)));
    typedef float unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
    typedef std::int32_t integers __attribute__((vector_size(VECTOR_BYTES)));
};

template <>
struct VectorOf<double> {
    typedef double type __attribute__((vector_size(VECTOR_BYTES)));
    typedef double unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
};

template <class Real>
using Vector = typename VectorOf<Real>::type;

// Numbers in a vector.
template <class Real>
constexpr int LANES = VECTOR_BYTES / static_cast<int>(sizeof(Real));

// The next multiple of LANES.
template <class Real>
constexpr int padded(int numbers) {
    return (numbers + LANES<Real> - 1) / LANES<Real> * LANES<Real>;
}

template <class Real>
inline Vector<Real> load(const Real *from) {
    return *reinterpret_cast<const typename VectorOf<Real>::unaligned *>(from);
}

template <class Real>
inline void store(Real *to, Vector<Real> value) {
    *reinterpret_cast<typename VectorOf<Real>::unaligned *>(to) = value;
}

template <class Real>
inline Vector<Real> broadcast(Real value) {
    return value - Vector<Real>{};
}

#ifdef __AVX__
inline float sum(__m128 value) {
    value = _mm_add_ps(value, _mm_movehl_ps(value, value));
    return _mm_cvtss_f32(_mm_add_ss(value, _mm_movehdup_ps(value)));
}

inline double sum(__m128d value) {
    return _mm_cvtsd_f64(_mm_add_sd(value, _mm_unpackhi_pd(value, value)));
}

inline float sum(__m256 value) {
    return sum(_mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1)));
}

inline double sum(__m256d value) {
    return sum(_mm_add_pd(_mm256_castpd256_pd128(value), _mm256_extractf128_pd(value, 1)));
}

#if SEZM_VECTOR_BYTES == 64
inline float sum(Vector<float> value) {
    __m256 halves[2];
    std::memcpy(halves, &value, sizeof halves);
    return sum(_mm256_add_ps(halves[0], halves[1]));
}

inline double sum(Vector<double> value) {
    __m256d halves[2];
    std::memcpy(halves, &value, sizeof halves);
    return sum(_mm256_add_pd(halves[0], halves[1]));
}
#endif
#else
template <class Real>
inline Real sum_of_lanes(Vector<Real> value) {
    Real parts[LANES<Real>];
    std::memcpy(parts, &value, sizeof parts);
    for (int n = LANES<Real> / 2; n > 0; n /= 2) {
        for (int i = 0; i < n; ++i) parts[i] += parts[i + n];
    }
    return parts[0];
}

inline float sum(Vector<float> value) { return sum_of_lanes<float>(value); }

inline double sum(Vector<double> value) { return sum_of_lanes<double>(value); }
#endif

// The sum of each of LANES vectors.
template <class Real>
inline Vector<Real> sums(const Vector<Real> *vectors) {
    Vector<Real> result{};
    for (int i = 0; i < LANES<Real>; ++i) result[i] = sum(vectors[i]);
    return result;
}

#if SEZM_VECTOR_BYTES == 32
template <>
inline Vector<float> sums<float>(const Vector<float> *v) {
    const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3])),
                 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
    return _mm256_permute2f128_ps(low, high, 0x20) + _mm256_permute2f128_ps(low, high, 0x31);
}

template <>
inline Vector<double> sums<double>(const Vector<double> *v) {
    const __m256d low = _mm256_hadd_pd(v[0], v[1]), high = _mm256_hadd_pd(v[2], v[3]);
    return _mm256_permute2f128_pd(low, high, 0x20) + _mm256_permute2f128_pd(low, high, 0x31);
}
#endif

// Copies n numbers, whole vectors, past the cache, where they are not needed soon. Others see them
// behind `finish_copies`.
template <class Real>
inline void copy_past_cache(const Real *from, int n, Real *to) {
#ifdef __AVX__
    constexpr int BYTES = sizeof(__m256i);
    if (reinterpret_cast<std::uintptr_t>(to) % BYTES == 0) {
        for (int i = 0; i < n; i += BYTES / static_cast<int>(sizeof(Real))) {
            _mm256_stream_si256(reinterpret_cast<__m256i *>(to + i),
                                _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from + i)));
        }
        return;
    }
#endif
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(Real));
}

// Orders what was copied past the cache before all that this thread writes later.
inline void finish_copies() {
#ifdef __AVX__
    _mm_sfence();
#endif
}

// exp of numbers in [-87, 88], to about one unit in the last place (float).
inline Vector<float> exponential(Vector<float> x) {
    using Integers = VectorOf<float>::integers;
    constexpr float LOG2E = 1.44269504088896341F, LN2_HIGH = 0.693359375F,
                    LN2_LOW = -2.12194440e-4F;
    constexpr float ROUND = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
    const Vector<float> power = (x * LOG2E + ROUND) - ROUND;
    const Vector<float> y = (x - power * LN2_HIGH) - power * LN2_LOW;
    Vector<float> series = y * 1.9875691500e-4F + 1.3981999507e-3F;
    series = series * y + 8.3334519073e-3F;
    series = series * y + 4.1665795894e-2F;
    series = series * y + 1.6666665459e-1F;
    series = series * y + 5.0000001201e-1F;
    series = series * (y * y) + y + 1.0F;
    const Integers exponent = (__builtin_convertvector(power, Integers) + 127) << 23;
    Vector<float> scale;
    std::memcpy(&scale, &exponent, sizeof scale);
    return series * scale;
}

inline Vector<double> exponential(Vector<double> x) {
    for (int i = 0; i < LANES<double>; ++i) x[i] = std::exp(x[i]);
    return x;
}

// exp of any number; beyond what the type holds it is the last that it holds, or 0.
template <class Real>
inline Vector<Real> bounded_exponential(Vector<Real> x);

template <>
inline Vector<float> bounded_exponential<float>(Vector<float> x) {
    const Vector<float> high = broadcast(88.0F), low = broadcast(-87.0F);
    Vector<float> bounded = x > high ? high : x;  // what is not a number stays so
    bounded = bounded < low ? low : bounded;
    return x < low ? Vector<float>{} : exponential(bounded);
}

template <>
inline Vector<double> bounded_exponential<double>(Vector<double> x) {
    return exponential(x);
}

// sin(x + quarters * pi / 2) for |x| < 1e4, to about one unit in the last place (float).
inline Vector<float> shifted_sine(Vector<float> x, int quarters) {
    using Integers = VectorOf<float>::integers;
    constexpr float ROUND = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
    const Vector<float> turns = (x * 0.636619772367581343F + ROUND) - ROUND;
    // pi / 2 in three parts, so that what is left of x is exact.
    Vector<float> y = x - turns * 1.5703125F;
    y = y - turns * 4.837512969970703125e-4F;
    y = y - turns * 7.5497899548918821e-8F;
    const Vector<float> square = y * y;
    Vector<float> odd = square * -1.9515295891e-4F + 8.3321608736e-3F;
    odd = (odd * square - 1.6666654611e-1F) * square * y + y;
    Vector<float> even = square * 2.443315711809948e-5F - 1.388731625493765e-3F;
    even = (even * square + 4.166664568298827e-2F) * square * square - square * 0.5F + 1.0F;
    const Integers quarter = __builtin_convertvector(turns, Integers) + quarters;
    const Vector<float> value = (quarter & 1) != 0 ? even : odd;
    return (quarter & 2) != 0 ? -value : value;
}

template <class Real>
inline Vector<Real> sine(Vector<Real> x) {
    for (int i = 0; i < LANES<Real>; ++i) x[i] = std::sin(x[i]);
    return x;
}

template <>
inline Vector<float> sine<float>(Vector<float> x) {
    return shifted_sine(x, 0);
}

template <class Real>
inline Vector<Real> cosine(Vector<Real> x) {
    for (int i = 0; i < LANES<Real>; ++i) x[i] = std::cos(x[i]);
    return x;
}

template <>
inline Vector<float> cosine<float>(Vector<float> x) {
    return shifted_sine(x, 1);
}

// 1 / (1 + exp(-x)); beyond |x| = 80 it is 0 or 1 to the last digit of what it multiplies.
template <class Real>
inline Vector<Real> sigmoid(Vector<Real> x) {
    const Vector<Real> limit = broadcast<Real>(80);
    x = x > limit ? limit : x;  // so put that what is not a number stays so
    x = x < -limit ? -limit : x;
    return Real(1) / (Real(1) + exponential(-x));
}

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
