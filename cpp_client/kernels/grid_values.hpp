// Products of fields at points of the sphere, the roll integrated: grid_values.py of the models.
//
// Values of a panel of channels, [rows][width]: f0 at all points, then u_k and v_k of each k.
#pragma once

#include "grid_unit.hpp"
#include "simd.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

template <class Real>
struct ComplexVector {
    Vector<Real> u, v;
};

template <class Real>
inline ComplexVector<Real> operator*(ComplexVector<Real> x, ComplexVector<Real> y) {
    return {x.u * y.u - x.v * y.v, x.u * y.v + x.v * y.u};
}

// x times the conjugate of y.
template <class Real>
inline ComplexVector<Real> conjugate_product(ComplexVector<Real> x, ComplexVector<Real> y) {
    return {x.u * y.u + x.v * y.v, x.v * y.u - x.u * y.v};
}

// A vector of channels at one point.
template <class Real>
class PointValues {
  public:
    PointValues(const Real *first, int stride) : first_(first), stride_(stride) {}

    Vector<Real> zero() const { return load(first_); }
    ComplexVector<Real> frame(int k) const {
        const Real *u = first_ + (2 * k - 1) * stride_;
        return {load(u), load(u + stride_)};
    }

  private:
    const Real *first_;
    int stride_;  // from f0 to u_1, from u_k to v_k and so on
};

// Calls ``compute(x, y, store_zero, store_frame)`` for each point and vector of channels.
template <class Real, class Compute>
inline void for_points(const GridShape &shape, int width, const Real *x, const Real *y, Real *to,
                       const Compute &compute) {
    const int stride = shape.points * width;
    for (int i = 0; i < stride; i += LANES<Real>) {
        Real *out = to + i;
        compute(
            PointValues<Real>(x + i, stride), PointValues<Real>(y + i, stride),
            [=](Vector<Real> value) { store(out, value); },
            [=](int k, ComplexVector<Real> value) {
                store(out + (2 * k - 1) * stride, value.u);
                store(out + 2 * k * stride, value.v);
            });
    }
}

// The product of f and g.
template <class Real>
inline void multiply_values(const GridShape &shape, int width, const Real *f, const Real *g,
                            Real *product) {
    const int K = shape.kmax;
    const Real half(0.5);
    for_points(shape, width, f, g, product,
               [=](const auto &x, const auto &y, const auto &zero, const auto &frame) {
                   const Vector<Real> f0 = x.zero(), g0 = y.zero();
                   Vector<Real> sum = f0 * g0;
                   for (int k = 1; k <= K; ++k) {
                       const ComplexVector<Real> a = x.frame(k), b = y.frame(k);
                       sum += half * (a.u * b.u + a.v * b.v);
                       ComplexVector<Real> pair{f0 * b.u + a.u * g0, f0 * b.v + a.v * g0};
                       const auto add = [&](ComplexVector<Real> term) {
                           pair.u += half * term.u;
                           pair.v += half * term.v;
                       };
                       for (int i = 1; i < k; ++i) add(x.frame(i) * y.frame(k - i));
                       for (int i = 1; i + k <= K; ++i) {
                           add(conjugate_product<Real>(x.frame(i + k), y.frame(i)));
                           add(conjugate_product<Real>(y.frame(i + k), x.frame(i)));
                       }
                       frame(k, pair);
                   }
                   zero(sum);
               });
}

// The gradient of one factor, from that of the product and the other factor.
template <class Real>
inline void multiply_values_back(const GridShape &shape, int width, const Real *gradient,
                                 const Real *other, Real *result) {
    const int K = shape.kmax;
    const Real half(0.5);
    for_points(shape, width, gradient, other, result,
               [=](const auto &p, const auto &y, const auto &zero, const auto &frame) {
                   const Vector<Real> p0 = p.zero(), g0 = y.zero();
                   Vector<Real> sum = p0 * g0;
                   for (int k = 1; k <= K; ++k) {
                       const ComplexVector<Real> a = p.frame(k), b = y.frame(k);
                       sum += a.u * b.u + a.v * b.v;
                       ComplexVector<Real> pair{half * p0 * b.u + a.u * g0,
                                                half * p0 * b.v + a.v * g0};
                       const auto add = [&](ComplexVector<Real> term) {
                           pair.u += half * term.u;
                           pair.v += half * term.v;
                       };
                       for (int i = 1; i < k; ++i) add(p.frame(k - i) * y.frame(i));
                       for (int i = 1; i + k <= K; ++i) {
                           add(conjugate_product<Real>(p.frame(k + i), y.frame(i)));
                           add(conjugate_product<Real>(y.frame(k + i), p.frame(i)));
                       }
                       frame(k, pair);
                   }
                   zero(sum);
               });
}

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
