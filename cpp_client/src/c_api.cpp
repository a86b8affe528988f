#include <algorithm>
#include <cstring>

#include "sezm/sezm.h"
#include "sezm/sezm.hpp"

struct sezm_model {
    sezm::Model model;
};

namespace {

thread_local char last_message[4096] = "";

sezm_status failed(sezm_status status, const char *message) {
    std::strncpy(last_message, message, sizeof last_message - 1);
    return status;
}

/// Run a function; what it throws becomes a status and a message.
template <class Function>
sezm_status fenced(Function function) {
    try {
        function();
        return SEZM_OK;
    } catch (const sezm::Error &error) {
        return failed(static_cast<sezm_status>(error.code()), error.what());
    } catch (const std::bad_alloc &) {
        return failed(SEZM_INTERNAL, "out of memory.");
    } catch (const std::exception &error) {
        return failed(SEZM_INTERNAL, error.what());
    } catch (...) {
        return failed(SEZM_INTERNAL, "an unknown error.");
    }
}

void require(bool given, const char *what) {
    if (given) return;
    throw sezm::Error(sezm::ErrorCode::argument, std::string(what) + " is NULL; give one.");
}

sezm_results c_results(const sezm::Results &results) {
    sezm_results copy{};
    copy.atom_count = results.atom_count;
    copy.energy = results.energy;
    copy.forces = results.forces;
    std::copy(results.virial.begin(), results.virial.end(), copy.virial);
    copy.has_virial = results.has_virial ? 1 : 0;
    copy.atom_energy = results.atom_energy;
    copy.atom_virial = results.atom_virial;
    copy.magnetic_forces = results.magnetic_forces;
    return copy;
}

sezm::Options cpp_options(const sezm_options &options) {
    sezm::Options copy;
    copy.backend = static_cast<sezm::Backend>(options.backend);
    copy.device = options.device != nullptr ? options.device : "cpu";
    copy.threads = options.threads;
    copy.skin = options.skin;
    copy.dtype = options.dtype != nullptr ? options.dtype : "";
    return copy;
}

template <class Real>
sezm::Edges<Real> cpp_edges(const sezm_edges *edges) {
    require(edges != nullptr, "edges");
    require(edges->atom_count == 0 || edges->atomic_numbers != nullptr, "atomic_numbers");
    require(edges->edge_count == 0 || edges->edge_index != nullptr, "edge_index");
    require(edges->edge_count == 0 || edges->edge_vec != nullptr, "edge_vec");
    return {edges->atom_count,
            static_cast<const Real *>(edges->positions),
            edges->atomic_numbers,
            static_cast<const Real *>(edges->atom_mask),
            edges->edge_count,
            edges->edge_index,
            static_cast<const Real *>(edges->edge_vec)};
}

template <class Real>
sezm_status compute_edges(sezm_model *model, const sezm_edges *edges, sezm_results *results) {
    return fenced([&] {
        require(model != nullptr, "model");
        require(results != nullptr, "results");
        const sezm::Edges<Real> view = cpp_edges<Real>(edges);
        require(view.atom_count == 0 || view.positions != nullptr, "positions");
        *results = c_results(model->model.compute_edges(view));
    });
}

/// The caller's functions; one that fails ends the call.
template <class Real>
class CallbackExchange : public sezm::Exchange<Real> {
  public:
    explicit CallbackExchange(const sezm_exchange &callbacks) : callbacks_(callbacks) {}

    void forward(Real *values, std::size_t width) override {
        check(callbacks_.forward(callbacks_.context, values, width), "forward");
    }
    void reverse(Real *gradients, std::size_t width) override {
        check(callbacks_.reverse(callbacks_.context, gradients, width), "reverse");
    }

  private:
    static void check(int status, const char *name) {
        if (status == 0) return;
        throw sezm::Error(sezm::ErrorCode::argument, std::string("the exchange's ") + name +
                                                         " returned " + std::to_string(status) +
                                                         "; it returns 0 where all went well.");
    }

    sezm_exchange callbacks_;
};

template <class Real>
sezm_status compute_domain(sezm_model *model, const sezm_edges *edges, size_t own_count,
                           const sezm_exchange *exchange, sezm_results *results) {
    return fenced([&] {
        require(model != nullptr, "model");
        require(results != nullptr, "results");
        require(exchange != nullptr && exchange->forward != nullptr && exchange->reverse != nullptr,
                "exchange or one of its functions");
        CallbackExchange<Real> callbacks(*exchange);
        *results =
            c_results(model->model.compute_domain(cpp_edges<Real>(edges), own_count, callbacks));
    });
}

}  // namespace

sezm_options sezm_default_options(void) {
    return {SEZM_AUTOMATIC, "cpu", 0, sezm::Options().skin, nullptr};
}

sezm_status sezm_load(const char *path, const sezm_options *options, sezm_model **model) {
    return fenced([&] {
        require(model != nullptr, "model");
        *model = nullptr;
        require(path != nullptr, "path");
        const sezm_options chosen = options != nullptr ? *options : sezm_default_options();
        *model = new sezm_model{sezm::Model::load(path, cpp_options(chosen))};
    });
}

void sezm_free(sezm_model *model) { delete model; }

const char *sezm_metadata(const sezm_model *model) { return model->model.metadata().json.c_str(); }

double sezm_cutoff(const sezm_model *model) { return model->model.metadata().cutoff; }

const char *sezm_dtype(const sezm_model *model) { return model->model.metadata().dtype.c_str(); }

int sezm_message_passing_steps(const sezm_model *model) {
    return model->model.metadata().message_passing_steps;
}

int sezm_is_staged(const sezm_model *model) {
    return model->model.metadata().stages.has_value() ? 1 : 0;
}

sezm_status sezm_compute(sezm_model *model, size_t atom_count, const double *positions,
                         const int64_t *atomic_numbers, const double *cell, const int *periodic,
                         sezm_results *results) {
    return fenced([&] {
        require(model != nullptr, "model");
        require(results != nullptr, "results");
        require(atom_count == 0 || positions != nullptr, "positions");
        require(atom_count == 0 || atomic_numbers != nullptr, "atomic_numbers");
        require((cell == nullptr) == (periodic == nullptr), "one of cell and periodic");
        sezm::Cell rows{};
        sezm::Periodic along{};
        for (int axis = 0; axis < 3 && cell != nullptr; ++axis) {
            std::copy_n(cell + 3 * axis, 3, rows[axis].begin());
            along[axis] = periodic[axis] != 0;
        }
        *results =
            c_results(model->model.compute({atom_count, positions, atomic_numbers}, rows, along));
    });
}

sezm_status sezm_compute_edges(sezm_model *model, const sezm_edges *edges, sezm_results *results) {
    return compute_edges<double>(model, edges, results);
}

sezm_status sezm_compute_edges_float(sezm_model *model, const sezm_edges *edges,
                                     sezm_results *results) {
    return compute_edges<float>(model, edges, results);
}

sezm_status sezm_compute_domain(sezm_model *model, const sezm_edges *edges, size_t own_count,
                                const sezm_exchange *exchange, sezm_results *results) {
    return compute_domain<double>(model, edges, own_count, exchange, results);
}

sezm_status sezm_compute_domain_float(sezm_model *model, const sezm_edges *edges, size_t own_count,
                                      const sezm_exchange *exchange, sezm_results *results) {
    return compute_domain<float>(model, edges, own_count, exchange, results);
}

sezm_status sezm_set_input(sezm_model *model, const char *name, const double *values,
                           size_t count) {
    return fenced([&] {
        require(model != nullptr, "model");
        require(name != nullptr, "name");
        require(count == 0 || values != nullptr, "values");
        model->model.set_input(name, values, count);
    });
}

const char *sezm_error_message(void) { return last_message; }
