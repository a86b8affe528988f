// RegisterCustomOps is what SessionOptions.register_custom_ops_library looks for;
// sezm_computes_messages is what whoever opens a file asks (computes_messages of C++ and Python).
//
// Files hold all these operators as functions of stock operators (export/FORMAT.md, "Functions"),
// which ONNX Runtime expands where this library is not registered.
#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "onnxruntime_edges.hpp"
#include "onnxruntime_escn.hpp"
#include "onnxruntime_grid.hpp"
#include "onnxruntime_indices.hpp"
#include "onnxruntime_points.hpp"
#include "onnxruntime_rows.hpp"

namespace sezm::kernels {
namespace {

constexpr std::uint32_t API_VERSION = 17;  // the first with KernelContext_ParallelFor
constexpr int ROW_PROGRAMS = 256;          // of a file: MAX_FUNCTIONS in onnx_rows.py
constexpr int ROW_SUMS = 64;               // of a file: MAX_FUNCTIONS in onnx_segments.py

// All operators, each for both types; they must live as long as any session. Names and types are
// known without ONNX Runtime.
class Operators {
  public:
    Operators() {
        for (int lmax = 1; lmax <= HIGHEST_DEGREE; ++lmax) {
            for (int mmax = 0; mmax <= lmax; ++mmax) {
                messages_.insert(add<ForwardOp>("EdgeMessages", lmax, mmax));
                add<BackwardOp>("EdgeMessagesGrad", lmax, mmax);
                messages_.insert(add<EscnOp>(0, lmax, mmax));
                messages_.insert(add<EscnOp>(lmax, lmax, mmax));
            }
        }
        for (int lmax = 1; lmax <= HIGHEST_DEGREE; ++lmax) {
            for (int kmax = 0; kmax <= std::min(lmax, HIGHEST_FRAME); ++kmax) {
                for (int n_inputs = 1; n_inputs <= 2; ++n_inputs) {
                    const GridDegrees degrees{n_inputs, lmax, kmax};
                    add<GridForwardOp>("GridUnit", degrees);
                    add<GridBackwardOp>("GridUnitGrad", degrees);
                }
            }
        }
        add<PointOp>();
        for (int number = 0; number < ROW_PROGRAMS; ++number) add<RowsOp>(number);
        for (int number = 0; number < ROW_SUMS; ++number) add<SumRowsOp>(number);
        keep(std::make_shared<SlotsOp>());
    }

    Ort::CustomOpDomain domain() const {
        Ort::CustomOpDomain domain("sezm");
        for (const auto &op : ops_) domain.Add(op.get());
        return domain;
    }

    // Under the name of this function.
    bool compute_messages(const std::string &function) const {
        return messages_.count(function) > 0;
    }

  private:
    // Each gives the name.
    template <template <class> class Op, class... Arguments>
    std::string add(const Arguments &...arguments) {
        keep(std::make_shared<Op<float>>(arguments...));
        return keep(std::make_shared<Op<double>>(arguments...));
    }

    template <class Op>
    std::string keep(const std::shared_ptr<Op> &op) {
        ops_.push_back(op);
        return op->GetName();
    }

    std::vector<std::shared_ptr<OrtCustomOp>> ops_;
    std::set<std::string> messages_;
};

const Operators &operators() {
    static const Operators all;
    return all;
}

}  // namespace
}  // namespace sezm::kernels

extern "C" __attribute__((visibility("default"))) OrtStatus *RegisterCustomOps(
    OrtSessionOptions *options, const OrtApiBase *base) {
    const OrtApi *api = base->GetApi(sezm::kernels::API_VERSION);
    if (api == nullptr) {
        return base->GetApi(1)->CreateStatus(ORT_FAIL,
                                             "libsezm_kernels needs ONNX Runtime 1.17 or newer");
    }
    Ort::InitApi(api);
    try {
        static const Ort::CustomOpDomain domain = sezm::kernels::operators().domain();
        Ort::ThrowOnError(api->AddCustomOpDomain(options, domain));
    } catch (const std::exception &error) {
        return api->CreateStatus(ORT_FAIL, error.what());
    }
    return nullptr;
}

// Whether there are kernels for the messages of atoms in a file with a function of this name: then
// they do most of the work, and whoever opens the file need not optimise what is left.
extern "C" __attribute__((visibility("default"))) int sezm_computes_messages(const char *function) {
    return sezm::kernels::operators().compute_messages(function) ? 1 : 0;
}
