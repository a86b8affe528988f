#include "output_tensors.hpp"

#include <algorithm>
#include <type_traits>

namespace sezm {

template <class Real>
OutputTensors<Real>::OutputTensors(const Metadata &metadata)
    : metadata_(metadata), tensors_(metadata.outputs.size()), outputs_(metadata.outputs.size()) {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
        const TensorSpec &spec = metadata.outputs[i];
        const bool single = spec.dtype == "real" && std::is_same_v<Real, float>;
        tensors_[i].name = spec.name.c_str();
        tensors_[i].dtype = single ? DType::float32 : DType::float64;
        tensors_[i].rank = static_cast<int>(spec.shape.size());
    }
}

template <class Real>
const std::vector<Tensor> &OutputTensors<Real>::reserve(std::size_t n_atoms) {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
        Tensor &tensor = tensors_[i];
        const auto &shape = metadata_.outputs[i].shape;
        for (int axis = 0; axis < tensor.rank; ++axis) {
            tensor.shape[axis] = shape[axis] == "N"   ? static_cast<std::int64_t>(n_atoms)
                                 : shape[axis] == "B" ? 1
                                                      : 3;
        }
        if (tensor.dtype == DType::float32) {
            outputs_[i].real.resize(tensor.size());
            tensor.data = outputs_[i].real.data();
        } else {
            outputs_[i].float64.resize(tensor.size());
            tensor.data = outputs_[i].float64.data();
        }
    }
    return tensors_;
}

template <class Real>
const double *OutputTensors<Real>::as_double(Output &output, std::size_t count) {
    if (!output.real.empty())
        output.float64.assign(output.real.begin(),
                              output.real.begin() + static_cast<std::ptrdiff_t>(count));
    return output.float64.data();
}

template <class Real>
Results OutputTensors<Real>::results(std::size_t n_atoms) {
    Results results;
    results.atom_count = n_atoms;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
        const std::string &name = metadata_.outputs[i].name;
        const auto per_row = [&](std::size_t rows, std::size_t width) {
            return as_double(outputs_[i], rows * width);
        };
        if (name == "energy") results.energy = *per_row(1, 1);
        if (name == "forces") results.forces = per_row(n_atoms, 3);
        if (name == "atom_energy") results.atom_energy = per_row(n_atoms, 1);
        if (name == "atom_virial") results.atom_virial = per_row(n_atoms, 9);
        if (name == "magnetic_forces") results.magnetic_forces = per_row(n_atoms, 3);
        if (name == "virial") {
            std::copy_n(per_row(1, 9), 9, results.virial.begin());
            results.has_virial = true;
        }
    }
    return results;
}

template class OutputTensors<float>;
template class OutputTensors<double>;

}  // namespace sezm
