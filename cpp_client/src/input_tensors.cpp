#include "input_tensors.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "contract.hpp"
#include "elements.hpp"

namespace sezm {
namespace {

template <class Real>
constexpr DType real_dtype = sizeof(Real) == 4 ? DType::float32 : DType::float64;

/// `array` itself, or a copy of it in `copy` that is filled up to `size` elements.
template <class T>
const T *extended(const T *array, std::size_t count, std::size_t size, T filling,
                  std::vector<T> &copy) {
    if (count == size && count > 0) return array;
    copy.assign(size + 1, filling);  // never without memory, even for no elements
    if (count > 0) std::copy_n(array, count, copy.begin());
    return copy.data();
}

std::string joined(const std::set<std::string> &names) {
    std::string text;
    for (const std::string &name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

void place(Tensor &tensor, const void *data, std::initializer_list<std::size_t> shape) {
    tensor.data = const_cast<void *>(data);  // engines read inputs only
    tensor.rank = 0;
    for (const std::size_t length : shape) {
        tensor.shape[tensor.rank++] = static_cast<std::int64_t>(length);
    }
}

}  // namespace

template <class Real>
InputTensors<Real>::InputTensors(const Metadata &metadata)
    : optional(metadata),
      metadata_(metadata),
      known_elements_(largest_atomic_number + 1, false),
      tensors_(metadata.inputs.size()) {
    for (const std::int64_t number : metadata.atomic_numbers) known_elements_[number] = true;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
        const TensorSpec &spec = metadata.inputs[i];
        tensors_[i].name = spec.name.c_str();
        tensors_[i].dtype = spec.dtype == "int64" ? DType::int64 : real_dtype<Real>;
    }
}

template <class Real>
const std::vector<Tensor> &InputTensors<Real>::lay_out(const Edges<Real> &edges,
                                                       const Real *distances) {
    check_sizes(edges);
    check(edges);
    lay_out_atoms(edges);
    lay_out_edges(edges, distances);
    optional.lay_out(edges.atom_count, static_cast<std::size_t>(tensors_[atom_mask].shape[0]),
                     tensors_.data() + required_inputs);
    return tensors_;
}

template <class Real>
void InputTensors<Real>::check_sizes(const Edges<Real> &edges) const {
    if (!metadata_.static_sizes) return;
    const auto refuse = [](std::size_t count, const char *what, std::int64_t limit) {
        throw Error(ErrorCode::too_large,
                    std::to_string(count) + " " + what + ", but this static file takes at most " +
                        std::to_string(limit) +
                        "; export with a larger --static N,E, or without --static for any size.");
    };
    const StaticSizes &sizes = *metadata_.static_sizes;
    if (edges.atom_count > static_cast<std::size_t>(sizes.atoms)) {
        refuse(edges.atom_count, "atoms", sizes.atoms);
    }
    if (edges.edge_count > static_cast<std::size_t>(sizes.edges)) {
        refuse(edges.edge_count, "edges", sizes.edges);
    }
}

template <class Real>
void InputTensors<Real>::check(const Edges<Real> &edges) const {
    const auto n_atoms = static_cast<std::int64_t>(edges.atom_count);
    const auto inside = [&](std::int64_t atom) { return atom >= 0 && atom < n_atoms; };
    const auto *last = edges.edge_index + 2 * edges.edge_count;
    const auto *outside = std::find_if_not(edges.edge_index, last, inside);
    if (outside != last) {
        throw Error(ErrorCode::argument, "an edge joins atom " + std::to_string(*outside) +
                                             ", but atoms count from 0 to " +
                                             std::to_string(n_atoms - 1) + ".");
    }
    const Real *mask = edges.atom_mask;
    if (metadata_.whole_system && mask != nullptr &&
        std::find(mask, mask + n_atoms, Real(0)) != mask + n_atoms) {
        throw Error(ErrorCode::argument,
                    "in this model every atom counts for every other (whole_system), so atoms of "
                    "other ranks cannot stand in as ghosts; compute the whole system in one call.");
    }
    const auto known = [&](std::int64_t number) {
        return number > 0 && number <= largest_atomic_number && known_elements_[number];
    };
    const auto *numbers = edges.atomic_numbers;
    if (std::all_of(numbers, numbers + n_atoms, known)) return;
    std::set<std::string> unknown;
    for (std::int64_t atom = 0; atom < n_atoms; ++atom) {
        if (known(numbers[atom])) continue;
        const bool element = numbers[atom] > 0 && numbers[atom] <= largest_atomic_number;
        unknown.insert(element ? chemical_symbol(numbers[atom])
                               : "atomic number " + std::to_string(numbers[atom]));
    }
    throw Error(ErrorCode::element,
                "the structure holds " + joined(unknown) +
                    ", which the model does not know (it "
                    "knows " +
                    joined({metadata_.elements.begin(), metadata_.elements.end()}) +
                    "); use a model trained for it.");
}

template <class Real>
void InputTensors<Real>::lay_out_atoms(const Edges<Real> &edges) {
    const std::size_t given = edges.atom_count;
    const std::size_t n = metadata_.static_sizes ? metadata_.static_sizes->atoms : given;
    natoms_ = static_cast<std::int64_t>(given);
    if (batch_.size() < n) batch_.assign(n, 0);
    const Real *mask = edges.atom_mask;
    if (mask == nullptr) {
        mask_.assign(n, Real(0));
        std::fill_n(mask_.begin(), given, Real(1));
        mask = mask_.data();
    } else {
        mask = extended(mask, given, n, Real(0), mask_);
    }
    place(tensors_[pos], extended(edges.positions, 3 * given, 3 * n, Real(0), positions_), {n, 3});
    place(tensors_[atomic_numbers],
          extended(edges.atomic_numbers, given, n, padding_atomic_number, numbers_), {n});
    place(tensors_[batch], batch_.data(), {n});
    place(tensors_[natoms], &natoms_, {1});
    place(tensors_[atom_mask], mask, {n});
}

template <class Real>
void InputTensors<Real>::lay_out_edges(const Edges<Real> &edges, const Real *distances) {
    const std::size_t given = edges.edge_count;
    const std::size_t n = metadata_.static_sizes ? metadata_.static_sizes->edges : given;
    const auto far = static_cast<Real>(padding_edge_cutoffs * metadata_.cutoff);
    if (distances == nullptr) {
        distances_.resize(n + 1);
        for (std::size_t e = 0; e < given; ++e) {
            const Real *v = edges.edge_vec + 3 * e;
            distances_[e] = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        }
        std::fill(distances_.begin() + static_cast<std::ptrdiff_t>(given), distances_.end(), far);
        distances = distances_.data();
    } else {
        distances = extended(distances, given, n, far, distances_);
    }
    const std::int64_t *index = edges.edge_index;
    const Real *vectors = edges.edge_vec;
    if (given != n || n == 0) {
        index_.assign(2 * n + 1, 0);
        vectors_.assign(3 * n + 1, Real(0));
        if (given > 0) {
            std::copy_n(index, given, index_.begin());
            std::copy_n(index + given, given, index_.begin() + static_cast<std::ptrdiff_t>(n));
            std::copy_n(vectors, 3 * given, vectors_.begin());
        }
        for (std::size_t e = given; e < n; ++e) vectors_[3 * e] = far;
        index = index_.data();
        vectors = vectors_.data();
    }
    place(tensors_[edge_index], index, {2, n});
    place(tensors_[edge_distance], distances, {n});
    place(tensors_[edge_vec], vectors, {n, 3});
}

template class InputTensors<float>;
template class InputTensors<double>;

}  // namespace sezm
