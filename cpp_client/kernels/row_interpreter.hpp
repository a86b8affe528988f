// Runs a row program over all rows; see row_program.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "parallel_for.hpp"
#include "row_program.hpp"
#include "simd.hpp"
#include "transpose.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

template <class Real>
class RowInterpreter {
  public:
    RowInterpreter(const RowProgram &program, const RowTensors<Real> &tensors)
        : program_(program), tensors_(tensors) {
        pack_matrices();
    }

    void run(const ParallelFor &parallel_for) const {
        const std::int64_t tiles = (tensors_.n_rows + LENGTH - 1) / LENGTH;
        const std::int64_t per_part =
            std::min(MOST_TILES_PER_PART, (tiles + LEAST_PARTS - 1) / LEAST_PARTS);
        const std::int64_t parts = tiles == 0 ? 0 : (tiles + per_part - 1) / per_part;
        parallel_for(parts, [&](std::int64_t part) {
            std::vector<Real> columns(static_cast<std::size_t>(program_.n_columns) * LENGTH);
            for (std::int64_t i = 0; i < program_.n_constants; ++i) {
                std::fill_n(&columns[static_cast<std::size_t>(i) * LENGTH], LENGTH,
                            tensors_.constants[i]);
            }
            const std::int64_t last = std::min(tiles, (part + 1) * per_part);
            for (std::int64_t tile = part * per_part; tile < last; ++tile) {
                const std::int64_t first = tile * LENGTH;
                compute(columns.data(), first,
                        std::min<std::int64_t>(LENGTH, tensors_.n_rows - first));
            }
        });
    }

  private:
    static constexpr int LENGTH = 16;  // rows at a time
    static constexpr std::int64_t MOST_TILES_PER_PART = 16, LEAST_PARTS = 16;
    static constexpr int VECTORS = LENGTH / LANES<Real> > 0 ? LENGTH / LANES<Real> : 1;
    using Vec = Vector<Real>;

    // Rows first .. first + n - 1. What further rows of the columns hold is never stored.
    void compute(Real *columns, std::int64_t first, std::int64_t n) const {
        const std::int64_t *at = program_.begin;
        while (at != program_.end) {
            const auto code = static_cast<RowCode>(*at++);
            switch (code) {
                case RowCode::load:
                    load_rows<Real>(at, columns, first, n);
                    at += 3;
                    break;
                case RowCode::load_bool:
                    load_rows<bool>(at, columns, first, n);
                    at += 3;
                    break;
                case RowCode::load_tile:
                    load_tile(at, columns, first, n);
                    at += 3;
                    break;
                case RowCode::gather:
                    gather_rows(at, columns, first, n);
                    at += 6;
                    break;
                case RowCode::store:
                    store_rows(at, columns, first, n);
                    at += 2 + at[1];
                    break;
                case RowCode::store_tile:
                    store_tile(at, columns, first, n);
                    at += 2 + at[1];
                    break;
                case RowCode::matmul:
                    multiply(at, columns);
                    at += 4 + at[0];
                    break;
                case RowCode::dot:
                    dot(at, columns);
                    at += 3 + 4 * at[0];
                    break;
                case RowCode::sum:
                    sum(at, columns);
                    at += 3 + 2 * at[0];
                    break;
                case RowCode::add: binary(at, columns, [](Vec a, Vec b) { return a + b; }); break;
                case RowCode::sub: binary(at, columns, [](Vec a, Vec b) { return a - b; }); break;
                case RowCode::mul: binary(at, columns, [](Vec a, Vec b) { return a * b; }); break;
                case RowCode::div: binary(at, columns, [](Vec a, Vec b) { return a / b; }); break;
                case RowCode::max:
                    binary(at, columns, [](Vec a, Vec b) { return a < b ? b : a; });
                    break;
                case RowCode::min:
                    binary(at, columns, [](Vec a, Vec b) { return a > b ? b : a; });
                    break;
                case RowCode::less:
                    binary(at, columns, [](Vec a, Vec b) { return a < b ? one() : Vec{}; });
                    break;
                case RowCode::less_equal:
                    binary(at, columns, [](Vec a, Vec b) { return a <= b ? one() : Vec{}; });
                    break;
                case RowCode::select:
                    select(at, columns);
                    at += 8;
                    break;
                case RowCode::neg: unary(at, columns, [](Vec a) { return -a; }); break;
                case RowCode::sqrt: unary(at, columns, [](Vec a) { return square_root(a); }); break;
                case RowCode::reciprocal:
                    unary(at, columns, [](Vec a) { return one() / a; });
                    break;
                case RowCode::exp:
                    unary(at, columns, [](Vec a) { return bounded_exponential<Real>(a); });
                    break;
                case RowCode::log: unary(at, columns, [](Vec a) { return logarithm(a); }); break;
                case RowCode::sin: unary(at, columns, [](Vec a) { return sine<Real>(a); }); break;
                case RowCode::cos: unary(at, columns, [](Vec a) { return cosine<Real>(a); }); break;
                case RowCode::sigmoid:
                    unary(at, columns, [](Vec a) { return sigmoid<Real>(a); });
                    break;
                default: return;  // checked before
            }
        }
    }

    static Vec one() { return broadcast<Real>(1); }

    static Vec square_root(Vec a) {
        for (int i = 0; i < LANES<Real>; ++i) a[i] = std::sqrt(a[i]);
        return a;
    }

    static Vec logarithm(Vec a) {
        for (int i = 0; i < LANES<Real>; ++i) a[i] = std::log(a[i]);
        return a;
    }

    // [count, target, a, step a, b, step b]
    template <class Operation>
    static void binary(const std::int64_t *&at, Real *columns, const Operation &operation) {
        const std::int64_t count = at[0], step_a = at[3] * LENGTH, step_b = at[5] * LENGTH;
        Real *to = columns + at[1] * LENGTH;
        const Real *a = columns + at[2] * LENGTH, *b = columns + at[4] * LENGTH;
        for (std::int64_t i = 0; i < count; ++i, to += LENGTH, a += step_a, b += step_b) {
            for (int j = 0; j < LENGTH; j += LANES<Real>) {
                store(to + j, operation(load(a + j), load(b + j)));
            }
        }
        at += 6;
    }

    // [count, target, a, step a]
    template <class Operation>
    static void unary(const std::int64_t *&at, Real *columns, const Operation &operation) {
        const std::int64_t count = at[0], step = at[3] * LENGTH;
        Real *to = columns + at[1] * LENGTH;
        const Real *a = columns + at[2] * LENGTH;
        for (std::int64_t i = 0; i < count; ++i, to += LENGTH, a += step) {
            for (int j = 0; j < LENGTH; j += LANES<Real>) store(to + j, operation(load(a + j)));
        }
        at += 4;
    }

    // [depth, count, target, then depth times: a, step a, b, step b]
    static void dot(const std::int64_t *at, Real *columns) {
        const std::int64_t count = at[1];
        std::int64_t i = 0;
        for (; i + AT_ONCE <= count; i += AT_ONCE) dot_block<AT_ONCE>(at, i, columns);
        for (; i < count; ++i) dot_block<1>(at, i, columns);
    }

    static constexpr int AT_ONCE = VECTORS > 2 ? 2 : 4;  // sums in registers

    template <int COLUMNS>
    static void dot_block(const std::int64_t *at, std::int64_t i, Real *columns) {
        Vec total[COLUMNS][VECTORS] = {};
        const std::int64_t *term = at + 3, *end = term + 4 * at[0];
        for (; term != end; term += 4) {
            const Real *a = columns + (term[0] + i * term[1]) * LENGTH;
            const Real *b = columns + (term[2] + i * term[3]) * LENGTH;
            const std::int64_t step_a = term[1] * LENGTH, step_b = term[3] * LENGTH;
            if (step_b == 0) {
                for (int j = 0; j < VECTORS; ++j) {
                    const Vec factor = load(b + j * LANES<Real>);
                    for (int c = 0; c < COLUMNS; ++c)
                        total[c][j] += load(a + c * step_a + j * LANES<Real>) * factor;
                }
            } else {
                for (int c = 0; c < COLUMNS; ++c) {
                    for (int j = 0; j < VECTORS; ++j)
                        total[c][j] += load(a + c * step_a + j * LANES<Real>) *
                                       load(b + c * step_b + j * LANES<Real>);
                }
            }
        }
        Real *to = columns + (at[2] + i) * LENGTH;
        for (int c = 0; c < COLUMNS; ++c) {
            for (int j = 0; j < VECTORS; ++j) store(to + c * LENGTH + j * LANES<Real>, total[c][j]);
        }
    }

    // [depth, count, target, then depth times: a, step a]
    static void sum(const std::int64_t *at, Real *columns) {
        const std::int64_t depth = at[0], count = at[1];
        Real *to = columns + at[2] * LENGTH;
        for (std::int64_t i = 0; i < count; ++i, to += LENGTH) {
            Vec total[VECTORS] = {};
            const std::int64_t *term = at + 3;
            for (std::int64_t k = 0; k < depth; ++k, term += 2) {
                const Real *a = columns + (term[0] + i * term[1]) * LENGTH;
                for (int j = 0; j < VECTORS; ++j) total[j] += load(a + j * LANES<Real>);
            }
            for (int j = 0; j < VECTORS; ++j) store(to + j * LANES<Real>, total[j]);
        }
    }

    // [count, target, condition, its step, a, step a, b, step b]
    static void select(const std::int64_t *at, Real *columns) {
        const std::int64_t count = at[0];
        for (std::int64_t i = 0; i < count; ++i) {
            Real *to = columns + (at[1] + i) * LENGTH;
            const Real *condition = columns + (at[2] + i * at[3]) * LENGTH;
            const Real *a = columns + (at[4] + i * at[5]) * LENGTH;
            const Real *b = columns + (at[6] + i * at[7]) * LENGTH;
            for (int j = 0; j < LENGTH; j += LANES<Real>) {
                store(to + j, load(condition + j) != Vec{} ? load(a + j) : load(b + j));
            }
        }
    }

    // [depth, count, input, target, columns ...]: target[n] = sum_k column[k] matrix[k, n].
    void multiply(const std::int64_t *at, Real *columns) const {
        const std::int64_t depth = at[0], count = at[1];
        const Real *matrix = packed_[static_cast<std::size_t>(at[2])].data();
        Real *to = columns + at[3] * LENGTH;
        for (std::int64_t n = 0; n < count; n += BLOCK) {
            const Real *part = matrix + n * depth;
            Real *result = to + n * LENGTH;
            switch (std::min<std::int64_t>(BLOCK, count - n)) {
                case 1: block<1>(depth, part, at + 4, columns, result); break;
                case 2: block<2>(depth, part, at + 4, columns, result); break;
                case 3: block<3>(depth, part, at + 4, columns, result); break;
                default: block<BLOCK>(depth, part, at + 4, columns, result);
            }
        }
    }

    static constexpr int BLOCK = 4;

    template <int COLUMNS>
    static void block(std::int64_t depth, const Real *matrix, const std::int64_t *from,
                      const Real *columns, Real *to) {
        for (int j = 0; j < LENGTH; j += LANES<Real> * HALF) {
            Vec sums[COLUMNS][HALF] = {};
            for (std::int64_t k = 0; k < depth; ++k) {
                const Real *column = columns + from[k] * LENGTH + j;
                Vec values[HALF];
                for (int h = 0; h < HALF; ++h) values[h] = load(column + h * LANES<Real>);
                for (int c = 0; c < COLUMNS; ++c) {
                    const Vec factor = broadcast(matrix[k * COLUMNS + c]);
                    for (int h = 0; h < HALF; ++h) sums[c][h] += factor * values[h];
                }
            }
            for (int c = 0; c < COLUMNS; ++c) {
                for (int h = 0; h < HALF; ++h)
                    store(to + c * LENGTH + j + h * LANES<Real>, sums[c][h]);
            }
        }
    }

    // Matrices that the program multiplies by: of each BLOCK columns row by row.
    void pack_matrices() {
        packed_.resize(tensors_.inputs.size());
        for (const std::int64_t *at : products(program_)) {
            const std::int64_t depth = at[0], count = at[1];
            std::vector<Real> &packed = packed_[static_cast<std::size_t>(at[2])];
            if (!packed.empty()) continue;
            packed.reserve(static_cast<std::size_t>(depth * count));
            const Real *matrix = input<Real>(at[2]);
            for (std::int64_t n = 0; n < count; n += BLOCK) {
                const std::int64_t width = std::min<std::int64_t>(BLOCK, count - n);
                for (std::int64_t k = 0; k < depth; ++k) {
                    const Real *from = matrix + k * count + n;
                    packed.insert(packed.end(), from, from + width);
                }
            }
        }
    }

    static constexpr int HALF = VECTORS >= 2 ? 2 : 1;

    // [input, size, target]
    template <class Number>
    void load_rows(const std::int64_t *at, Real *columns, std::int64_t first,
                   std::int64_t n) const {
        const std::int64_t size = at[1];
        const Number *from = input<Number>(at[0]) + first * size, *rows[LENGTH];
        for (int row = 0; row < LENGTH; ++row)
            rows[row] = from + std::min<std::int64_t>(row, n - 1) * size;
        transpose(rows, LENGTH, size, columns + at[2] * LENGTH, LENGTH);
    }

    // [data, index, k, width, size, target]: rows of data by k indices per row.
    void gather_rows(const std::int64_t *at, Real *columns, std::int64_t first,
                     std::int64_t n) const {
        const std::int64_t k = at[2], width = at[3];
        const Real *data = input<Real>(at[0]), *rows[LENGTH];
        const auto *index = input<std::int64_t>(at[1]) + first * k;
        Real *to = columns + at[5] * LENGTH;
        for (std::int64_t i = 0; i < k; ++i, to += width * LENGTH) {
            for (int row = 0; row < LENGTH; ++row)
                rows[row] = data + index[std::min<std::int64_t>(row, n - 1) * k + i] * width;
            transpose(rows, LENGTH, width, to, LENGTH);
        }
    }

    // [output, size, columns ...]
    void store_rows(const std::int64_t *at, const Real *columns, std::int64_t first,
                    std::int64_t n) const {
        const std::int64_t size = at[1];
        Real *to = output(at[0]) + first * size;
        constexpr std::int64_t AT_ONCE = 64;
        const Real *lines[AT_ONCE];
        for (std::int64_t start = 0; start < size; start += AT_ONCE) {
            const std::int64_t count = std::min(AT_ONCE, size - start);
            for (std::int64_t c = 0; c < count; ++c)
                lines[c] = columns + at[2 + start + c] * LENGTH;
            transpose(lines, static_cast<int>(count), n, to + start, size);
        }
    }

    // [input, size, target]: what store_tile has written.
    void load_tile(const std::int64_t *at, Real *columns, std::int64_t first,
                   std::int64_t n) const {
        const std::int64_t size = at[1];
        const Real *from = input<Real>(at[0]) + first * size;
        Real *to = columns + at[2] * LENGTH;
        for (std::int64_t c = 0; c < size; ++c, from += n, to += LENGTH)
            std::fill(std::copy_n(from, n, to), to + LENGTH, from[n - 1]);
    }

    // [output, size, columns ...]: column by column, n numbers of each.
    void store_tile(const std::int64_t *at, const Real *columns, std::int64_t first,
                    std::int64_t n) const {
        const std::int64_t size = at[1];
        Real *to = output(at[0]) + first * size;
        for (std::int64_t c = 0; c < size; ++c)
            std::copy_n(columns + at[2 + c] * LENGTH, n, to + c * n);
    }

    template <class Number>
    const Number *input(std::int64_t i) const {
        return static_cast<const Number *>(tensors_.inputs[static_cast<std::size_t>(i)]);
    }

    Real *output(std::int64_t i) const { return tensors_.outputs[static_cast<std::size_t>(i)]; }

    const RowProgram &program_;
    const RowTensors<Real> &tensors_;
    std::vector<std::vector<Real>> packed_;  // by input
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
