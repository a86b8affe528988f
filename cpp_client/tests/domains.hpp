/// A periodic structure cut into domains, whose ranks are threads of this process.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>

#include "neighbor_list.hpp"
#include "water.hpp"

/// Own atoms, ghosts, and edges towards own atoms, as a simulation code would hold them.
template <class Real>
struct Domain {
    std::vector<std::size_t> atoms;  ///< of the structure, that the own ones and ghosts are
    std::size_t own_count = 0;
    std::vector<std::int64_t> numbers, index;
    std::vector<Real> vectors;

    sezm::Edges<Real> edges() const {
        sezm::Edges<Real> view;
        view.atom_count = atoms.size();
        view.atomic_numbers = numbers.data();
        view.edge_count = index.size() / 2;
        view.edge_index = index.data();
        view.edge_vec = vectors.data();
        return view;
    }
};

/// Cut a structure: atom i goes to domain `home[i]`. Each periodic image that an own atom sees is a
/// ghost, even if it is an image of an own atom.
template <class Real>
std::vector<Domain<Real>> cut(const Sample &sample, double cutoff, std::size_t n_domains,
                              const std::vector<std::size_t> &home) {
    sezm::EdgeBuffer<double> edges;
    sezm::NeighborList(cutoff, 0.0).update(sample.atoms(), sample.cell, sample.periodic, edges);
    std::vector<Domain<Real>> domains(n_domains);
    for (std::size_t d = 0; d < n_domains; ++d) {
        Domain<Real> &domain = domains[d];
        std::map<std::tuple<std::int64_t, long, long, long>, std::int64_t> rows;
        const auto row = [&](std::int64_t atom, long x, long y, long z) {
            const auto next = static_cast<std::int64_t>(domain.atoms.size());
            const auto [found, is_new] = rows.emplace(std::make_tuple(atom, x, y, z), next);
            if (is_new) {
                domain.atoms.push_back(static_cast<std::size_t>(atom));
                domain.numbers.push_back(sample.numbers[atom]);
            }
            return found->second;
        };
        for (std::size_t i = 0; i < home.size(); ++i) {
            if (home[i] == d) row(static_cast<std::int64_t>(i), 0, 0, 0);
        }
        domain.own_count = domain.atoms.size();
        std::vector<std::int64_t> targets;
        for (std::size_t e = 0; e < edges.count; ++e) {
            const std::int64_t source = edges.index[e], target = edges.index[edges.count + e];
            if (home[target] != d) continue;
            long image[3];  // how far the source is from where the structure has it
            for (int x = 0; x < 3; ++x) {
                image[x] =
                    std::lround(10 * (edges.vectors[3 * e + x] + sample.positions[3 * target + x] -
                                      sample.positions[3 * source + x]));
            }
            domain.index.push_back(row(source, image[0], image[1], image[2]));
            targets.push_back(row(target, 0, 0, 0));
            for (int x = 0; x < 3; ++x) {
                domain.vectors.push_back(static_cast<Real>(edges.vectors[3 * e + x]));
            }
        }
        domain.index.insert(domain.index.end(), targets.begin(), targets.end());
    }
    return domains;
}

/// Where all threads wait for each other, again and again.
class Meeting {
  public:
    explicit Meeting(std::size_t count) : count_(count) {}

    void wait() {
        std::unique_lock<std::mutex> lock(mutex_);
        const std::size_t round = round_;
        if (++arrived_ == count_) {
            arrived_ = 0;
            ++round_;
            everyone_.notify_all();
        } else {
            everyone_.wait(lock, [&] { return round_ != round; });
        }
    }

  private:
    std::size_t count_, arrived_ = 0, round_ = 0;
    std::mutex mutex_;
    std::condition_variable everyone_;
};

/// What the exchanges of all domains share.
template <class Real>
struct Board {
    explicit Board(const std::vector<Domain<Real>> &all)
        : domains(all), rows(all.size()), meeting(all.size()) {
        for (std::size_t d = 0; d < all.size(); ++d) {
            for (std::size_t i = 0; i < all[d].own_count; ++i) owner[all[d].atoms[i]] = {d, i};
        }
    }

    const std::vector<Domain<Real>> &domains;
    std::map<std::size_t, std::pair<std::size_t, std::size_t>> owner;  // domain and row of an atom
    std::vector<Real *> rows;
    Meeting meeting;
};

/// One domain's part in exchanges over memory that all threads see.
template <class Real>
class BoardExchange : public sezm::Exchange<Real> {
  public:
    BoardExchange(Board<Real> &board, std::size_t rank) : board_(board), rank_(rank) {}

    void forward(Real *values, std::size_t width) override {
        widths.push_back(width);
        board_.rows[rank_] = values;
        board_.meeting.wait();
        const Domain<Real> &here = board_.domains[rank_];
        for (std::size_t g = here.own_count; g < here.atoms.size(); ++g) {
            const auto [rank, row] = board_.owner[here.atoms[g]];
            std::copy_n(board_.rows[rank] + row * width, width, values + g * width);
        }
        board_.meeting.wait();
    }

    void reverse(Real *gradients, std::size_t width) override {
        widths.push_back(width);
        board_.rows[rank_] = gradients;
        board_.meeting.wait();
        for (std::size_t there = 0; there < board_.domains.size(); ++there) {
            const Domain<Real> &domain = board_.domains[there];
            for (std::size_t g = domain.own_count; g < domain.atoms.size(); ++g) {
                const auto [rank, row] = board_.owner[domain.atoms[g]];
                for (std::size_t k = 0; rank == rank_ && k < width; ++k) {
                    gradients[row * width + k] += board_.rows[there][g * width + k];
                }
            }
        }
        board_.meeting.wait();
    }

    std::vector<std::size_t> widths;  // of all exchanges so far

  private:
    Board<Real> &board_;
    std::size_t rank_;
};

/// Results of a whole structure.
struct Total {
    explicit Total(std::size_t n_atoms)
        : atom_energy(n_atoms), forces(3 * n_atoms), atom_virial(9 * n_atoms) {}

    /// Add what one domain says of its atoms; shares of ghosts go to their owners.
    void add(const sezm::Results &results, const std::vector<std::size_t> &atoms) {
        energy += results.energy;
        for (int k = 0; k < 9; ++k) virial[k] += results.virial[k];
        for (std::size_t i = 0; i < atoms.size(); ++i) {
            atom_energy[atoms[i]] += results.atom_energy[i];
            for (int x = 0; x < 3; ++x) forces[3 * atoms[i] + x] += results.forces[3 * i + x];
            for (int k = 0; results.atom_virial != nullptr && k < 9; ++k) {
                atom_virial[9 * atoms[i] + k] += results.atom_virial[9 * i + k];
            }
        }
    }

    double energy = 0;
    std::array<double, 9> virial{};
    std::vector<double> atom_energy, forces, atom_virial;
};

/// Evaluate all domains at the same time.
///
/// @param compute a domain of a number: `compute(number, domain, exchange)`
template <class Real>
Total run_domains(const std::vector<Domain<Real>> &domains, std::size_t n_atoms,
                  const std::function<sezm::Results(std::size_t, const Domain<Real> &,
                                                    BoardExchange<Real> &)> &compute) {
    Board<Real> board(domains);
    Total total(n_atoms);
    std::mutex mutex;
    std::vector<std::thread> ranks;
    for (std::size_t d = 0; d < domains.size(); ++d) {
        ranks.emplace_back([&, d] {
            BoardExchange<Real> exchange(board, d);
            const sezm::Results results = compute(d, domains[d], exchange);
            const std::lock_guard<std::mutex> lock(mutex);
            total.add(results, domains[d].atoms);
        });
    }
    for (std::thread &rank : ranks) rank.join();
    return total;
}
