#include "row_program.hpp"

#include <algorithm>
#include <stdexcept>

namespace sezm::kernels {
namespace {

constexpr std::int64_t LARGEST = 1 << 24;       // words of a shape, factors
constexpr std::int64_t MOST_COLUMNS = 1 << 20;  // which every thread has memory for
constexpr std::int64_t MOST_ROWS = std::int64_t{1} << 32, MOST_NUMBERS = std::int64_t{1} << 40;

void require(bool holds) {
    if (!holds)
        throw std::invalid_argument(
            "libsezm_kernels: a row program is damaged, or of another version: export the file "
            "again, or run it without kernels (SEZM_KERNELS=off)");
}

std::int64_t product(const std::vector<std::int64_t> &lengths, std::size_t first = 0) {
    std::int64_t result = 1;
    for (std::size_t i = first; i < lengths.size(); ++i) {
        require(lengths[i] >= 0 && (lengths[i] == 0 || result <= MOST_NUMBERS / lengths[i]));
        result *= lengths[i];
    }
    return result;
}

// Words of an instruction behind its code.
std::int64_t length_of(RowCode code, const std::int64_t *at, std::int64_t left) {
    const auto word = [&](std::int64_t i) {
        require(i < left && at[i] >= 0 && at[i] < LARGEST);
        return at[i];
    };
    switch (code) {
        case RowCode::load:
        case RowCode::load_bool:
        case RowCode::load_tile: return 3;
        case RowCode::gather: return 6;
        case RowCode::store:
        case RowCode::store_tile: return 2 + word(1);
        case RowCode::matmul: return 4 + word(0);
        case RowCode::dot: return 3 + 4 * word(0);
        case RowCode::sum: return 3 + 2 * word(0);
        case RowCode::select: return 8;
        case RowCode::add:
        case RowCode::sub:
        case RowCode::mul:
        case RowCode::div:
        case RowCode::max:
        case RowCode::min:
        case RowCode::less:
        case RowCode::less_equal: return 6;
        default: require(code >= RowCode::neg && code <= RowCode::sigmoid); return 4;
    }
}

// Calls ``visit(code, words)`` for each instruction.
template <class Visit>
void for_each(const RowProgram &program, const Visit &visit) {
    const std::int64_t *at = program.begin;
    while (at != program.end) {
        const auto code = static_cast<RowCode>(*at++);
        const std::int64_t length = length_of(code, at, program.end - at);
        require(length <= program.end - at);
        visit(code, at);
        at += length;
    }
}

class Checker {
  public:
    Checker(const RowProgram &program, const std::vector<RowInput> &inputs, std::int64_t n_rows)
        : program_(program), inputs_(inputs), n_rows_(n_rows) {}

    void instruction(RowCode code, const std::int64_t *at) const {
        switch (code) {
            case RowCode::load:
            case RowCode::load_bool:
            case RowCode::load_tile:
                require(code == RowCode::load_bool ? input(at[0]).is_bool : input(at[0]).is_real);
                columns(at[2], at[1], 1);
                return require(product(input(at[0]).shape) == n_rows_ * at[1]);
            case RowCode::gather:
                require(input(at[0]).is_real && input(at[1]).is_index);
                require(!input(at[0]).shape.empty() && product(input(at[0]).shape, 1) == at[3]);
                require(at[2] > 0 && at[2] < LARGEST && at[3] < LARGEST && at[2] * at[3] == at[4]);
                require(product(input(at[1]).shape) == n_rows_ * at[2]);
                return columns(at[5], at[4], 1);
            case RowCode::store:
            case RowCode::store_tile:
                require(at[0] >= 0 && at[0] < static_cast<std::int64_t>(program_.outputs.size()));
                require(product(program_.outputs[static_cast<std::size_t>(at[0])]) == at[1]);
                for (std::int64_t i = 0; i < at[1]; ++i) columns(at[2 + i], 1, 0);
                return;
            case RowCode::matmul:
                require(at[1] > 0 && at[1] < LARGEST && input(at[2]).is_real);
                require(product(input(at[2]).shape) == at[0] * at[1]);
                for (std::int64_t k = 0; k < at[0]; ++k) columns(at[4 + k], 1, 0);
                return columns(at[3], at[1], 1);
            case RowCode::dot: return runs(at + 1, 2 + 4 * at[0]);
            case RowCode::sum: return runs(at + 1, 2 + 2 * at[0]);
            default: return runs(at, length_of(code, at, 1));
        }
    }

  private:
    const RowInput &input(std::int64_t i) const {
        require(i >= 0 && i < static_cast<std::int64_t>(inputs_.size()));
        return inputs_[static_cast<std::size_t>(i)];
    }

    // [count, target, first, step, first, step ...]
    void runs(const std::int64_t *at, std::int64_t n) const {
        columns(at[1], at[0], 1);
        for (std::int64_t i = 2; i < n; i += 2) columns(at[i], at[0], at[i + 1]);
    }

    void columns(std::int64_t first, std::int64_t count, std::int64_t step) const {
        require(count >= 0 && count < LARGEST && step > -LARGEST && step < LARGEST);
        require(first >= 0 && first < program_.n_columns);
        if (count == 0) return;
        const std::int64_t last = first + (count - 1) * step;
        require(last >= 0 && last < program_.n_columns);
    }

    const RowProgram &program_;
    const std::vector<RowInput> &inputs_;
    const std::int64_t n_rows_;
};

}  // namespace

RowProgram::RowProgram(const std::int64_t *words, std::int64_t n) {
    const std::int64_t *at = words, *last = words + n;
    const auto next = [&] {
        require(at != last && *at >= 0 && *at < LARGEST);
        return *at++;
    };
    rows_input = next();
    rows_factor = next();
    const std::int64_t n_outputs = next();
    require(n_outputs <= last - at);
    outputs.resize(static_cast<std::size_t>(n_outputs));
    for (auto &shape : outputs) {
        const std::int64_t rank = next();
        require(rank > 0 && rank <= last - at);
        for (std::int64_t i = 0; i < rank; ++i) shape.push_back(next());
    }
    n_constants = next();
    n_columns = next();
    require(n_constants <= n_columns && n_columns <= MOST_COLUMNS && rows_factor > 0);
    begin = at;
    end = last;
}

std::int64_t RowProgram::n_rows(const std::vector<RowInput> &inputs) const {
    require(rows_input < static_cast<std::int64_t>(inputs.size()));
    const std::vector<std::int64_t> &shape = inputs[static_cast<std::size_t>(rows_input)].shape;
    require(!shape.empty() && shape[0] < MOST_ROWS && shape[0] % rows_factor == 0);
    return shape[0] / rows_factor;
}

void check(const RowProgram &program, const std::vector<RowInput> &inputs, std::int64_t n_rows,
           std::int64_t n_constants, std::size_t n_outputs) {
    require(program.outputs.size() == n_outputs && program.n_constants <= n_constants);
    const Checker checker(program, inputs, n_rows);
    std::vector<bool> is_stored(n_outputs, false);
    for_each(program, [&](RowCode code, const std::int64_t *at) {
        checker.instruction(code, at);
        if (code == RowCode::store || code == RowCode::store_tile)
            is_stored[static_cast<std::size_t>(at[0])] = true;
    });
    require(std::find(is_stored.begin(), is_stored.end(), false) == is_stored.end());
}

template <class Real>
void check_indices(const RowProgram &program, const RowTensors<Real> &tensors,
                   const std::vector<RowInput> &inputs) {
    for_each(program, [&](RowCode code, const std::int64_t *at) {
        if (code != RowCode::gather) return;
        const auto *index =
            static_cast<const std::int64_t *>(tensors.inputs[static_cast<std::size_t>(at[1])]);
        const std::int64_t length = inputs[static_cast<std::size_t>(at[0])].shape[0];
        const bool inside = std::all_of(index, index + tensors.n_rows * at[2],
                                        [&](std::int64_t i) { return i >= 0 && i < length; });
        if (!inside)
            throw std::out_of_range("libsezm_kernels: an index beyond what it points into");
    });
}

template void check_indices(const RowProgram &, const RowTensors<float> &,
                            const std::vector<RowInput> &);
template void check_indices(const RowProgram &, const RowTensors<double> &,
                            const std::vector<RowInput> &);

std::vector<const std::int64_t *> products(const RowProgram &program) {
    std::vector<const std::int64_t *> found;
    for_each(program, [&](RowCode code, const std::int64_t *at) {
        if (code == RowCode::matmul) found.push_back(at);
    });
    return found;
}

}  // namespace sezm::kernels
