/// AOTInductor packages, run by libtorch. Such a file is native code: whoever opens it runs it.
#include <ATen/Parallel.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/version.h>

#include <optional>

#include "compiled_for.hpp"
#include "contract.hpp"
#include "libtorch.hpp"
#include "session.hpp"

namespace sezm {
namespace {

constexpr const char *suffix = ".pt2";

/// The record in a package; "" if it has none.
std::string record_of(const std::string &path) {
    caffe2::serialize::PyTorchStreamReader reader(path);
    const std::string name = "extra/" + std::string(metadata_key) + ".json";
    if (!reader.hasRecord(name)) return "";
    const auto [data, size] = reader.getRecord(name);
    return std::string(static_cast<const char *>(data.get()), size);
}

class AotInductorSession : public Session {
  public:
    AotInductorSession(const std::string &path, const Options &options) {
        if (path.size() < 4 || path.compare(path.size() - 4, 4, suffix) != 0) {
            throw Error(ErrorCode::file,
                        path +
                            ": compiled native code, which runs whatever its maker "
                            "wants; if you trust it, give it the suffix .pt2.");
        }
        try {
            metadata_json_ = record_of(path);
            if (metadata_json_.empty()) return;  // refused by what reads the metadata
            const std::string problem =
                obstacle(metadata_json_, path, TORCH_VERSION, options.device);
            if (!problem.empty()) throw Error(ErrorCode::backend, problem);
            if (options.threads > 0) at::set_num_threads(options.threads);
            loader_.emplace(path);
        } catch (const Error &) {
            throw;
        } catch (const std::exception &error) {
            throw Error(ErrorCode::file,
                        path + ": libtorch cannot load it (" + first_line(error) + ").");
        }
    }

    std::string metadata_json() const override { return metadata_json_; }

    void run(const std::vector<Tensor> &inputs, const std::vector<Tensor> &outputs) override {
        try {
            const c10::WarningUtils::WarningHandlerGuard silence(&silent_);
            std::vector<at::Tensor> arguments;
            for (const Tensor &input : inputs) arguments.push_back(view(input));
            const std::vector<at::Tensor> results = loader_->boxed_run(std::move(arguments));
            if (results.size() != outputs.size()) {
                throw std::runtime_error("the graph returns another number of tensors");
            }
            for (std::size_t i = 0; i < outputs.size(); ++i) store(results[i], outputs[i]);
        } catch (const std::exception &error) {
            throw Error(ErrorCode::engine, "libtorch: " + first_line(error));
        }
    }

  private:
    std::string metadata_json_;
    std::optional<torch::inductor::AOTIModelPackageLoader> loader_;
    Silence silent_;
};

}  // namespace
}  // namespace sezm

extern "C" SEZM_API sezm::Session *sezm_open_session(const std::string &path,
                                                     const sezm::Options &options) {
    return new sezm::AotInductorSession(path, options);
}
