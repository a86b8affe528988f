#include "stage_run.hpp"

#include <algorithm>
#include <functional>

#include "contract.hpp"

namespace sezm {
namespace {

template <class Real>
constexpr DType real_dtype = sizeof(Real) == 4 ? DType::float32 : DType::float64;

/// Inputs that every program takes from the structure, after the number of the program.
constexpr Input from_structure[] = {atomic_numbers, batch, natoms, edge_index, edge_vec, atom_mask};

/// Inputs and outputs that not every program has, in the file's order.
enum Given { carried, received, new_carried_grad, sent_grad, given_count };
enum Found {
    new_carried,
    sent,
    atom_energy,
    edge_vec_grad,
    carried_grad,
    received_grad,
    spins_grad,
    found_count
};
constexpr const char *given_names[] = {"carried", "received", "new_carried_grad", "sent_grad"};
constexpr const char *found_names[] = {"new_carried",   "sent",         "atom_energy",
                                       "edge_vec_grad", "carried_grad", "received_grad",
                                       "spins_grad"};

double nothing = 0;  // behind tensors without elements

/// Point a tensor to rows of a width; of width 0, which is passed as [0, 0].
void point(Tensor &tensor, void *data, std::size_t rows, std::size_t width) {
    tensor.data = width > 0 ? data : &nothing;
    tensor.rank = 2;
    tensor.shape[0] = width > 0 ? static_cast<std::int64_t>(rows) : 0;
    tensor.shape[1] = static_cast<std::int64_t>(width);
}

/// Room for rows, at least one element, so that there is an address even without any.
template <class T>
T *room(std::vector<T> &memory, std::size_t rows, std::size_t width) {
    memory.resize(std::max<std::size_t>(rows * width, 1));
    return memory.data();
}

template <class Real>
void add(std::vector<Real> &sum, const std::vector<Real> &part) {
    std::transform(sum.begin(), sum.end(), part.begin(), sum.begin(), std::plus<Real>());
}

}  // namespace

template <class Real>
StageRun<Real>::StageRun(const Metadata &metadata)
    : widths_(*metadata.stages),
      takes_spins_(std::any_of(metadata.inputs.begin(), metadata.inputs.end(),
                               [](const TensorSpec &input) { return input.name == "spins"; })),
      outputs_(takes_spins_ ? found_count : found_count - 1),
      features_(widths_.size()) {
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
        outputs_[i].name = found_names[i];
        outputs_[i].dtype = i == atom_energy ? DType::float64 : real_dtype<Real>;
    }
}

template <class Real>
StageResults<Real> StageRun<Real>::run(Session &session, const std::vector<Tensor> &structure,
                                       std::size_t own_count, Exchange<Real> *exchange) {
    lay_out(structure, own_count);
    const std::size_t last = widths_.size();
    for (std::size_t stage = 0; stage < last; ++stage) {
        forwards(session, stage);
        if (exchange != nullptr) {
            exchange->forward(features_[stage].sent.data(), widths_[stage].sent);
        }
    }
    for (std::size_t stage = last + 1; stage-- > 0;) {
        backwards(session, stage);
        if (exchange != nullptr && stage > 0) {
            exchange->reverse(gradients_before_.sent.data(), widths_[stage - 1].sent);
        }
        std::swap(gradients_, gradients_before_);
    }
    return {atom_energy_.data(), edge_vec_grad_.data(),
            takes_spins_ ? spins_grad_.data() : nullptr};
}

template <class Real>
void StageRun<Real>::lay_out(const std::vector<Tensor> &structure, std::size_t own_count) {
    own_ = own_count;
    all_ = static_cast<std::size_t>(structure[atomic_numbers].shape[0]);
    edges_ = static_cast<std::size_t>(structure[edge_vec].shape[0]);
    inputs_.clear();
    inputs_.push_back({"program", DType::int64, 0, {}, &program_});
    for (const Input input : from_structure) inputs_.push_back(structure[input]);
    inputs_.back().shape[0] = static_cast<std::int64_t>(own_);  // masks are of own atoms
    inputs_.insert(inputs_.end(), structure.begin() + required_inputs, structure.end());
    for (const char *name : given_names)
        inputs_.push_back({name, real_dtype<Real>, 2, {}, &nothing});

    room(atom_energy_, own_, 1);
    std::fill_n(room(edge_vec_grad_, edges_, 3), edge_vec_grad_.size(), Real(0));
    room(edge_vec_part_, edges_, 3);
    if (takes_spins_) {
        std::fill_n(room(spins_grad_, all_, 3), spins_grad_.size(), Real(0));
        room(spins_part_, all_, 3);
    }
}

template <class Real>
void StageRun<Real>::hand_to(std::size_t stage) {
    Tensor *given = &inputs_[inputs_.size() - given_count];
    for (int i = 0; i < given_count; ++i) point(given[i], nullptr, 0, 0);
    for (Tensor &output : outputs_) point(output, nullptr, 0, 0);
    outputs_[atom_energy].rank = 1;
    if (stage == 0) return;
    point(given[carried], features_[stage - 1].carried.data(), own_, widths_[stage - 1].carried);
    point(given[received], features_[stage - 1].sent.data(), all_, widths_[stage - 1].sent);
}

template <class Real>
void StageRun<Real>::forwards(Session &session, std::size_t stage) {
    const StageWidths after = widths_[stage];
    HandedOn &found = features_[stage];
    room(found.carried, own_, after.carried);
    room(found.sent, all_, after.sent);
    if (own_ == 0) return;

    hand_to(stage);
    point(outputs_[new_carried], found.carried.data(), own_, after.carried);
    point(outputs_[sent], found.sent.data(), own_, after.sent);
    program_ = static_cast<std::int64_t>(stage);
    session.run(inputs_, outputs_);
}

template <class Real>
void StageRun<Real>::backwards(Session &session, std::size_t stage) {
    const std::size_t last = widths_.size();
    const StageWidths before = stage > 0 ? widths_[stage - 1] : StageWidths{};
    const StageWidths after = stage < last ? widths_[stage] : StageWidths{};
    HandedOn &found = gradients_before_;
    room(found.carried, own_, before.carried);
    room(found.sent, all_, before.sent);
    if (own_ == 0) {  // no share of any atom
        std::fill(found.sent.begin(), found.sent.end(), Real(0));
        return;
    }

    hand_to(stage);
    Tensor *given = &inputs_[inputs_.size() - given_count];
    point(given[new_carried_grad], gradients_.carried.data(), own_, after.carried);
    point(given[sent_grad], gradients_.sent.data(), own_, after.sent);
    if (stage == last) {
        outputs_[atom_energy].data = atom_energy_.data();
        outputs_[atom_energy].shape[0] = static_cast<std::int64_t>(own_);
    }
    point(outputs_[edge_vec_grad], edge_vec_part_.data(), edges_, 3);
    point(outputs_[carried_grad], found.carried.data(), own_, before.carried);
    point(outputs_[received_grad], found.sent.data(), all_, before.sent);
    if (takes_spins_) point(outputs_[spins_grad], spins_part_.data(), all_, 3);
    program_ = static_cast<std::int64_t>(2 * last - stage);
    session.run(inputs_, outputs_);
    add(edge_vec_grad_, edge_vec_part_);
    if (takes_spins_) add(spins_grad_, spins_part_);
}

template class StageRun<float>;
template class StageRun<double>;

}  // namespace sezm
