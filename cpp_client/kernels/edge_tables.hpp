// The rows of a message, in order: listed once per call, or known to the compiler.
#pragma once

#include <utility>
#include <vector>

#include "edge_shape.hpp"

namespace sezm::kernels {

// A row of a message: order o, degree l. Its share of D is ``count`` elements.
struct MessageRow {
    int place = 0;  // in the message
    int degree = 0;
    int order = 0;      // o
    int of_order = 0;   // place of the first row of this order
    int n_degrees = 0;  // of this order, from |m| on
    int packed = 0;     // first packed row of degree l
    int wigner = 0;     // first element in ``wigner`` of a slot
    int count = 0;      // 2 l + 1
    int entry = 0;      // of a radial kernel of rank 1, from degree |m| to this one
};

template <class Sizes>
constexpr MessageRow message_row(const BasicEdgeShape<Sizes> &shape, int place) {
    MessageRow row;
    while (shape.first_row(row.order + 1) <= place) ++row.order;
    const int m = shape.order(row.order), l = m + place - shape.first_row(row.order);
    row.place = place;
    row.degree = l;
    row.of_order = shape.first_row(row.order);
    row.n_degrees = shape.degrees_of(m);
    row.packed = l * l;
    row.wigner = row.order * shape.n_packed() + l * l;
    row.count = 2 * l + 1;
    row.entry = shape.first_kernel(m) + l - m;
    return row;
}

template <class Sizes>
class EdgeRows;

template <>
class EdgeRows<AnySizes> {
  public:
    explicit EdgeRows(const EdgeShape &shape) : of_degree_(HIGHEST_DEGREE + 1) {
        for (int place = 0; place < shape.n_rows(); ++place) {
            rows_.push_back(message_row(shape, place));
            of_degree_[static_cast<std::size_t>(rows_.back().degree)].push_back(rows_.back());
        }
    }

    template <class Work>
    void for_each(const Work &work) const {
        for (const MessageRow &row : rows_) work(row);
    }

    template <class Work>
    void for_each_of_degree(int degree, const Work &work) const {
        for (const MessageRow &row : of_degree_[static_cast<std::size_t>(degree)]) work(row);
    }

  private:
    std::vector<MessageRow> rows_;
    std::vector<std::vector<MessageRow>> of_degree_;
};

// What it hands to ``work`` are constants.
template <int LMAX, int MMAX>
class EdgeRows<FixedDegrees<LMAX, MMAX>> {
    using Shape = BasicEdgeShape<FixedDegrees<LMAX, MMAX>>;

    template <int PLACE>
    struct Row {
        static constexpr MessageRow value = message_row(Shape{}, PLACE);
        static constexpr int place = PLACE, degree = value.degree, order = value.order,
                             of_order = value.of_order, n_degrees = value.n_degrees,
                             packed = value.packed, wigner = value.wigner, count = value.count,
                             entry = value.entry;
    };

  public:
    explicit EdgeRows(const Shape &) {}

    template <class Work>
    void for_each(const Work &work) const {
        each(work, std::make_integer_sequence<int, Shape{}.n_rows()>{});
    }

    template <class Work>
    void for_each_of_degree(int degree, const Work &work) const {
        for_each([&](auto row) {
            if (row.degree == degree) work(row);
        });
    }

  private:
    template <class Work, int... PLACES>
    static void each(const Work &work, std::integer_sequence<int, PLACES...>) {
        (work(Row<PLACES>{}), ...);
    }
};

}  // namespace sezm::kernels
