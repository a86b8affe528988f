/// TorchScript files, run by libtorch.
#include <ATen/Parallel.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/cuda.h>
#include <torch/script.h>

#include "contract.hpp"
#include "device.hpp"
#include "libtorch.hpp"
#include "session.hpp"

namespace sezm {
namespace {

/// Fusion and profiling specialise the graph during the first calls: those get several times
/// slower, later ones no faster, and a new number of edges may start it again.
void interpret_plainly() {
    torch::jit::getExecutorMode() = false;
    torch::jit::FusionStrategy none;
    torch::jit::setFusionStrategy(none);
}

class TorchScriptSession : public Session {
  public:
    TorchScriptSession(const std::string &path, const Options &options) : device_(device(options)) {
        interpret_plainly();
        if (options.threads > 0) at::set_num_threads(options.threads);
        torch::jit::ExtraFilesMap extra{{std::string(metadata_key) + ".json", ""}};
        try {
            module_ = torch::jit::load(path, device_, extra);
        } catch (const std::exception &error) {
            throw Error(ErrorCode::file,
                        path + ": libtorch cannot load it (" + first_line(error) + ").");
        }
        metadata_json_ = extra.begin()->second;
    }

    std::string metadata_json() const override { return metadata_json_; }

    void run(const std::vector<Tensor> &inputs, const std::vector<Tensor> &outputs) override {
        try {
            const c10::InferenceMode guard;
            const c10::WarningUtils::WarningHandlerGuard silence(&silent_);
            arguments_.clear();
            for (const Tensor &input : inputs) arguments_.emplace_back(view(input).to(device_));
            const torch::IValue result = module_.forward(arguments_);
            const auto &elements = result.toTupleRef().elements();
            if (elements.size() != outputs.size()) {
                throw std::runtime_error("the graph returns another number of tensors");
            }
            for (std::size_t i = 0; i < outputs.size(); ++i) {
                store(elements[i].toTensor(), outputs[i]);
            }
            arguments_.clear();
        } catch (const std::exception &error) {
            throw Error(ErrorCode::engine, "libtorch: " + first_line(error));
        }
    }

  private:
    static torch::Device device(const Options &options) {
        const int index = cuda_index(options.device);
        if (index < 0) return torch::Device(torch::kCPU);
        if (!torch::cuda::is_available() ||
            index >= static_cast<int>(torch::cuda::device_count())) {
            throw Error(ErrorCode::backend, "device '" + options.device +
                                                "': libtorch finds no such device here; use "
                                                "'cpu'.");
        }
        return torch::Device(torch::kCUDA, static_cast<torch::DeviceIndex>(index));
    }

    torch::Device device_;
    torch::jit::Module module_;
    std::string metadata_json_;
    std::vector<torch::IValue> arguments_;
    Silence silent_;
};

}  // namespace
}  // namespace sezm

extern "C" SEZM_API sezm::Session *sezm_open_session(const std::string &path,
                                                     const sezm::Options &options) {
    return new sezm::TorchScriptSession(path, options);
}
