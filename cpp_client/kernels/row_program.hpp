// Programs that act on each row of edges alone (export/FORMAT.md, "Functions").
//
// A few rows are computed at a time. Each number of a row lies in a column, for all of these rows,
// and instructions act on runs of columns.
#pragma once

#include <cstdint>
#include <vector>

namespace sezm::kernels {

// Numbered as CODES in export/sezm_export/row_program.py.
enum class RowCode : std::int64_t {
    load = 32,
    load_bool,
    load_tile,
    gather,
    store,
    store_tile,
    matmul,
    dot,
    sum,
    add,
    sub,
    mul,
    div,
    max,
    min,
    less,
    less_equal,
    select,
    neg,
    sqrt,
    reciprocal,
    exp,
    log,
    sin,
    cos,
    sigmoid
};

// What a program is given besides its constants.
struct RowInput {
    std::vector<std::int64_t> shape;
    bool is_real, is_index, is_bool;
};

// Words of a program: [input that tells R, its factor k, number of outputs, of each its rank and
// shape (k, ...), number of constant columns, of all columns, instructions ...].
struct RowProgram {
    std::int64_t rows_input = 0, rows_factor = 1;
    std::vector<std::vector<std::int64_t>> outputs;  // (k, trailing ...) of [k R, trailing ...]
    std::int64_t n_constants = 0, n_columns = 0;
    const std::int64_t *begin = nullptr, *end = nullptr;  // instructions

    // Throws std::invalid_argument if the words are none of a program.
    RowProgram(const std::int64_t *words, std::int64_t n);

    // R.
    std::int64_t n_rows(const std::vector<RowInput> &inputs) const;
};

// Tensors of a call. Inputs are reals or int64, as the program uses them.
template <class Real>
struct RowTensors {
    std::int64_t n_rows;
    const Real *constants;
    std::vector<const void *> inputs;
    std::vector<Real *> outputs;
};

// Throws std::invalid_argument unless all that the program reads and writes is there.
void check(const RowProgram &program, const std::vector<RowInput> &inputs, std::int64_t n_rows,
           std::int64_t n_constants, std::size_t n_outputs);

// The same for the indices in its inputs, which belong to the call.
template <class Real>
void check_indices(const RowProgram &program, const RowTensors<Real> &tensors,
                   const std::vector<RowInput> &inputs);

// Words of its products with matrices.
std::vector<const std::int64_t *> products(const RowProgram &program);

}  // namespace sezm::kernels
