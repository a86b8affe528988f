// Products of fields at points of the sphere, the roll integrated: grid_values.py of the models.
//
// Values of a panel of channels, [values][width], in halves (grid_unit.hpp): f0 even, odd; then of
// each k u even, v odd, u odd, v even.
#pragma once

#include "grid_unit.hpp"
#include "simd.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

template <class Real>
struct ComplexVector {
    Vector<Real> u, v;

    void add_half(ComplexVector other) {
        u += Real(0.5) * other.u;
        v += Real(0.5) * other.v;
    }
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

// A vector of channels at a point of the first half (SIGN 1), or opposite to it (-1).
template <class Real, int SIGN>
class PointValues {
  public:
    // ``stride``: from a half to the next.
    PointValues(const Real *first, int stride) : first_(first), stride_(stride) {}

    Vector<Real> zero() const { return joined(load(first_), half(1)); }
    ComplexVector<Real> frame(int k) const {
        const int first = 4 * k - 2;
        return {joined(half(first), half(first + 2)), joined(half(first + 3), half(first + 1))};
    }

  private:
    Vector<Real> half(int i) const { return load(first_ + i * stride_); }
    static Vector<Real> joined(Vector<Real> even, Vector<Real> odd) {
        return SIGN > 0 ? even + odd : even - odd;
    }

    const Real *first_;
    int stride_;
};

// What a product has at a point; K: largest frame.
template <class Real, int K, class Point>
struct Multiplied {
    static Vector<Real> zero(const Point &x, const Point &y) {
        Vector<Real> sum = x.zero() * y.zero();
        for (int k = 1; k <= K; ++k) {
            const ComplexVector<Real> a = x.frame(k), b = y.frame(k);
            sum += Real(0.5) * (a.u * b.u + a.v * b.v);
        }
        return sum;
    }

    static ComplexVector<Real> frame(int k, const Point &x, const Point &y) {
        const Vector<Real> f0 = x.zero(), g0 = y.zero();
        const ComplexVector<Real> a = x.frame(k), b = y.frame(k);
        ComplexVector<Real> pair{f0 * b.u + a.u * g0, f0 * b.v + a.v * g0};
        for (int i = 1; i < k; ++i) pair.add_half(x.frame(i) * y.frame(k - i));
        for (int i = 1; i + k <= K; ++i) {
            pair.add_half(conjugate_product(x.frame(i + k), y.frame(i)));
            pair.add_half(conjugate_product(y.frame(i + k), x.frame(i)));
        }
        return pair;
    }
};

// The gradient of one factor, from that of the product, p, and the other factor.
template <class Real, int K, class Point>
struct MultipliedBack {
    static Vector<Real> zero(const Point &p, const Point &y) {
        Vector<Real> sum = p.zero() * y.zero();
        for (int k = 1; k <= K; ++k) {
            const ComplexVector<Real> a = p.frame(k), b = y.frame(k);
            sum += a.u * b.u + a.v * b.v;
        }
        return sum;
    }

    static ComplexVector<Real> frame(int k, const Point &p, const Point &y) {
        const Vector<Real> p0 = Real(0.5) * p.zero(), g0 = y.zero();
        const ComplexVector<Real> a = p.frame(k), b = y.frame(k);
        ComplexVector<Real> pair{p0 * b.u + a.u * g0, p0 * b.v + a.v * g0};
        for (int i = 1; i < k; ++i) pair.add_half(p.frame(k - i) * y.frame(i));
        for (int i = 1; i + k <= K; ++i) {
            pair.add_half(conjugate_product(p.frame(k + i), y.frame(i)));
            pair.add_half(conjugate_product(y.frame(k + i), p.frame(i)));
        }
        return pair;
    }
};

// Of x and y at all points, the results of both of two opposite ones in halves, as sums over points
// take them: even is the sum, odd the difference.
template <class Real, int K, template <class, int, class> class Product>
inline void at_points(int n_points, int width, const Real *x, const Real *y, Real *to) {
    using Here = PointValues<Real, 1>;
    using There = PointValues<Real, -1>;
    const int stride = n_points / 2 * width;
    for (int i = 0; i < stride; i += LANES<Real>) {
        const Here x_here(x + i, stride), y_here(y + i, stride);
        const There x_there(x + i, stride), y_there(y + i, stride);
        const auto keep = [&](int half, Vector<Real> value) {
            store(to + i + half * stride, value);
        };
        const Vector<Real> a = Product<Real, K, Here>::zero(x_here, y_here),
                           b = Product<Real, K, There>::zero(x_there, y_there);
        keep(0, a + b);
        keep(1, a - b);
        for (int k = 1; k <= K; ++k) {
            const ComplexVector<Real> c = Product<Real, K, Here>::frame(k, x_here, y_here),
                                      d = Product<Real, K, There>::frame(k, x_there, y_there);
            keep(4 * k - 2, c.u + d.u);
            keep(4 * k - 1, c.v - d.v);
            keep(4 * k, c.u - d.u);
            keep(4 * k + 1, c.v + d.v);
        }
    }
}

template <class Real, template <class, int, class> class Product>
inline void at_points(const GridShape &shape, int width, const Real *x, const Real *y, Real *to) {
    if (shape.kmax == 0) at_points<Real, 0, Product>(shape.points, width, x, y, to);
    if (shape.kmax == 1) at_points<Real, 1, Product>(shape.points, width, x, y, to);
    if (shape.kmax == 2) at_points<Real, 2, Product>(shape.points, width, x, y, to);
}

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
