/// A staged "file" of two stages that one can compute by hand.
///
///     stage 0:  q_i = sum over e towards i of |v_e|^2;   carried = 2 q_i (width 1), sent = (q_i,
///     0) stage 1:  E_i = mask_i (2 q_i + sum over e towards i of q_source)
#pragma once

#include <cstring>

#include "evaluator.hpp"
#include "session.hpp"
#include "water.hpp"

template <class Real>
class ToySession : public sezm::Session {
  public:
    explicit ToySession(std::vector<std::int64_t> *programs = nullptr) : programs_(programs) {}

    std::string metadata_json() const override { return ""; }

    void run(const std::vector<sezm::Tensor> &inputs,
             const std::vector<sezm::Tensor> &outputs) override {
        const auto in = [&](const char *name) -> const sezm::Tensor & {
            return named(inputs, name);
        };
        const auto out = [&](const char *name) -> const sezm::Tensor & {
            return named(outputs, name);
        };
        const std::int64_t program = *static_cast<std::int64_t *>(in("program").data);
        if (programs_ != nullptr) programs_->push_back(program);
        const std::int64_t n_edges = in("edge_vec").shape[0], n_own = in("atom_mask").shape[0];
        const auto *source = static_cast<const std::int64_t *>(in("edge_index").data);
        const auto *target = source + n_edges;
        const Real *v = real(in("edge_vec")), *mask = real(in("atom_mask"));
        if (program == 0) {
            Real *carried = real(out("new_carried")), *sent = real(out("sent"));
            std::fill_n(carried, n_own, Real(0));
            std::fill_n(sent, 2 * n_own, Real(0));
            for (std::int64_t e = 0; e < n_edges; ++e) {
                const Real *w = v + 3 * e;
                const Real square = w[0] * w[0] + w[1] * w[1] + w[2] * w[2];
                carried[target[e]] += 2 * square;
                sent[2 * target[e]] += square;
            }
        } else if (program == 1) {
            const Real *carried = real(in("carried")), *received = real(in("received"));
            auto *energy = static_cast<double *>(out("atom_energy").data);
            Real *back = real(out("received_grad"));
            std::fill_n(back, out("received_grad").size(), Real(0));
            std::fill_n(real(out("edge_vec_grad")), 3 * n_edges, Real(0));
            for (std::int64_t i = 0; i < n_own; ++i) {
                energy[i] = static_cast<double>(mask[i] * carried[i]);
                real(out("carried_grad"))[i] = mask[i];
            }
            for (std::int64_t e = 0; e < n_edges; ++e) {
                energy[target[e]] += static_cast<double>(mask[target[e]] * received[2 * source[e]]);
                back[2 * source[e]] += mask[target[e]];
            }
        } else {
            const Real *carried = real(in("new_carried_grad")), *sent = real(in("sent_grad"));
            for (std::int64_t e = 0; e < n_edges; ++e) {
                const Real slope = 2 * carried[target[e]] + sent[2 * target[e]];
                for (int x = 0; x < 3; ++x) {
                    real(out("edge_vec_grad"))[3 * e + x] = 2 * slope * v[3 * e + x];
                }
            }
        }
    }

  private:
    static const sezm::Tensor &named(const std::vector<sezm::Tensor> &tensors, const char *name) {
        for (const sezm::Tensor &tensor : tensors) {
            if (std::strcmp(tensor.name, name) == 0) return tensor;
        }
        throw std::runtime_error(name);
    }
    static Real *real(const sezm::Tensor &tensor) { return static_cast<Real *>(tensor.data); }

    std::vector<std::int64_t> *programs_;
};

/// What the toy's file would say of itself, based on that of a file for the same elements.
inline sezm::Metadata toy_metadata(const char *dtype) {
    sezm::Metadata metadata = open_model().metadata();
    metadata.dtype = dtype;
    metadata.outputs.push_back({"atom_virial", {"N", "3", "3"}, "real", "eV"});
    metadata.stages = {{1, 2}};
    return metadata;
}
