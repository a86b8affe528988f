/// From structures or edges to results, in the precision of the file.
#pragma once

#include <memory>

#include "session.hpp"
#include "sezm/sezm.hpp"

namespace sezm {

/// One opened file at work: neighbour list, tensors, session.
class Evaluator {
  public:
    virtual ~Evaluator() = default;

    virtual Results evaluate(const Atoms &atoms, const Cell &cell, const Periodic &periodic) = 0;
    virtual Results evaluate(const Edges<float> &edges) = 0;
    virtual Results evaluate(const Edges<double> &edges) = 0;
    virtual Results evaluate_domain(const Edges<float> &edges, std::size_t own_count,
                                    Exchange<float> &exchange) = 0;
    virtual Results evaluate_domain(const Edges<double> &edges, std::size_t own_count,
                                    Exchange<double> &exchange) = 0;
    virtual void set_input(const std::string &name, const double *values, std::size_t count) = 0;
    virtual std::size_t neighbor_searches() const = 0;
};

/// @param metadata of the session; must live as long as the evaluator
std::unique_ptr<Evaluator> make_evaluator(const Metadata &metadata, double skin,
                                          std::unique_ptr<Session> session);

}  // namespace sezm
