#include "feature_exchange.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "comm.h"
#include "pair.h"

namespace LAMMPS_NS {

namespace {

int doubles_for(std::size_t bytes) {
    return static_cast<int>((bytes + sizeof(double) - 1) / sizeof(double));
}

/// Add rows of a buffer, which has no type, to those of some atoms.
template <class Real>
void add_rows(int n, const int *atoms, const double *buffer, int row_doubles, std::size_t width,
              Real *rows) {
    for (int i = 0; i < n; ++i, buffer += row_doubles) {
        Real *sum = rows + width * atoms[i];
        const char *packed = reinterpret_cast<const char *>(buffer);
        for (std::size_t k = 0; k < width; ++k) {
            Real part;
            std::memcpy(&part, packed + k * sizeof(Real), sizeof(Real));
            sum[k] += part;
        }
    }
}

}  // namespace

void FeatureExchange::announce(const sezm::Metadata &model, Pair &outermost) {
    const std::size_t real = model.dtype == "float32" ? sizeof(float) : sizeof(double);
    std::size_t widest = 0;
    for (const sezm::StageWidths &stage : *model.stages) widest = std::max(widest, stage.sent);
    for (Pair *pair : {&pair_, &outermost}) {
        pair->comm_forward = std::max(pair->comm_forward, doubles_for(widest * real));
        pair->comm_reverse = std::max(pair->comm_reverse, doubles_for(widest * real));
    }
}

template <class Real>
void FeatureExchange::take(Real *rows, std::size_t width) {
    rows_ = rows;
    width_ = width;
    row_bytes_ = width * sizeof(Real);
    row_doubles_ = doubles_for(row_bytes_);
    is_single_ = std::is_same_v<Real, float>;
}

void FeatureExchange::forward(float *values, std::size_t width) {
    take(values, width);
    comm_->forward_comm(&pair_, row_doubles_);
}

void FeatureExchange::forward(double *values, std::size_t width) {
    take(values, width);
    comm_->forward_comm(&pair_, row_doubles_);
}

void FeatureExchange::reverse(float *gradients, std::size_t width) {
    take(gradients, width);
    comm_->reverse_comm(&pair_, row_doubles_);
}

void FeatureExchange::reverse(double *gradients, std::size_t width) {
    take(gradients, width);
    comm_->reverse_comm(&pair_, row_doubles_);
}

int FeatureExchange::packed(int n) {
    bytes_ += static_cast<double>(n) * row_doubles_ * sizeof(double);
    return n * row_doubles_;
}

int FeatureExchange::pack_forward(int n, const int *atoms, double *buffer) {
    const char *rows = static_cast<const char *>(rows_);
    for (int i = 0; i < n; ++i) {
        std::memcpy(buffer + static_cast<std::size_t>(i) * row_doubles_,
                    rows + row_bytes_ * atoms[i], row_bytes_);
    }
    return packed(n);
}

void FeatureExchange::unpack_forward(int n, int first, const double *buffer) {
    char *rows = static_cast<char *>(rows_) + row_bytes_ * first;
    for (int i = 0; i < n; ++i) {
        std::memcpy(rows + row_bytes_ * i, buffer + static_cast<std::size_t>(i) * row_doubles_,
                    row_bytes_);
    }
}

int FeatureExchange::pack_reverse(int n, int first, double *buffer) {
    const char *rows = static_cast<const char *>(rows_) + row_bytes_ * first;
    for (int i = 0; i < n; ++i) {
        std::memcpy(buffer + static_cast<std::size_t>(i) * row_doubles_, rows + row_bytes_ * i,
                    row_bytes_);
    }
    return packed(n);
}

void FeatureExchange::unpack_reverse(int n, const int *atoms, const double *buffer) {
    if (is_single_) {
        add_rows(n, atoms, buffer, row_doubles_, width_, static_cast<float *>(rows_));
    } else {
        add_rows(n, atoms, buffer, row_doubles_, width_, static_cast<double *>(rows_));
    }
}

}  // namespace LAMMPS_NS
