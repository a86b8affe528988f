/// ONNX files, run by ONNX Runtime; no torch anywhere.
#include <onnxruntime_cxx_api.h>

#include <fstream>

#include "contract.hpp"
#include "device.hpp"
#include "kernel_library.hpp"
#include "onnx_functions.hpp"
#include "session.hpp"

namespace sezm {
namespace {

ONNXTensorElementDataType element_type(DType dtype) {
    switch (dtype) {
        case DType::float32: return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
        case DType::float64: return ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE;
        default: return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;
    }
}

std::size_t element_bytes(DType dtype) { return dtype == DType::float32 ? 4 : 8; }

/// ONNX Runtime's logger and threads, one for the process.
const Ort::Env &environment() {
    static const Ort::Env env(ORT_LOGGING_LEVEL_FATAL, "sezm");
    return env;
}

bool same(const Tensor &one, const Tensor &other) {
    return one.data == other.data && one.rank == other.rank &&
           std::equal(one.shape, one.shape + one.rank, other.shape);
}

/// ONNX Runtime's handles of tensors, made anew only where memory or sizes have changed.
class Handles {
  public:
    const Ort::Value *update(const std::vector<Tensor> &tensors) {
        if (tensors.size() != tensors_.size()) {
            tensors_.assign(tensors.size(), {});
            values_.clear();
            for (std::size_t i = 0; i < tensors.size(); ++i) values_.emplace_back(nullptr);
            names_.resize(tensors.size());
        }
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            const Tensor &tensor = tensors[i];
            if (same(tensor, tensors_[i])) continue;
            values_[i] = Ort::Value::CreateTensor(
                memory_, tensor.data, tensor.size() * element_bytes(tensor.dtype), tensor.shape,
                static_cast<std::size_t>(tensor.rank), element_type(tensor.dtype));
            tensors_[i] = tensor;
            names_[i] = tensor.name;
        }
        return values_.data();
    }

    Ort::Value *values() { return values_.data(); }
    const char *const *names() const { return names_.data(); }

  private:
    Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    std::vector<Tensor> tensors_;
    std::vector<Ort::Value> values_;
    std::vector<const char *> names_;
};

class OnnxRuntimeSession : public Session {
  public:
    OnnxRuntimeSession(const std::string &path, const Options &options)
        : session_(open(path, options)) {}

    std::string metadata_json() const override {
        Ort::AllocatorWithDefaultOptions allocator;
        const Ort::ModelMetadata metadata = session_.GetModelMetadata();
        const auto text = metadata.LookupCustomMetadataMapAllocated(metadata_key, allocator);
        return text ? text.get() : "";
    }

    void run(const std::vector<Tensor> &inputs, const std::vector<Tensor> &outputs) override {
        try {
            inputs_.update(inputs);
            outputs_.update(outputs);
            session_.Run(Ort::RunOptions{nullptr}, inputs_.names(), inputs_.values(), inputs.size(),
                         outputs_.names(), outputs_.values(), outputs.size());
        } catch (const Ort::Exception &error) {
            throw Error(ErrorCode::engine, std::string("ONNX Runtime: ") + error.what());
        }
    }

  private:
    static Ort::Session open(const std::string &path, const Options &options) {
        try {
            Ort::SessionOptions settings;
            settings.SetIntraOpNumThreads(options.threads);
            // Once the sizes of a call come again, patterns hold what they have planned beside what
            // was needed before: twice the memory, and no call is faster. (Python also does without
            // plans of which values share memory; the C API has no switch for them.)
            settings.DisableMemPattern();
            if (const int index = cuda_index(options.device); index >= 0) {
                OrtCUDAProviderOptions cuda;
                cuda.device_id = index;
                settings.AppendExecutionProvider_CUDA(cuda);
            } else if (const std::string kernels = kernel_library(); !kernels.empty()) {
                settings.RegisterCustomOpsLibrary(kernels.c_str());
                // What ONNX Runtime could improve of the rest is within the noise, and trying takes
                // most of the time to open; the graph stays the one that the export has verified.
                std::ifstream file(path, std::ios::binary);
                if (computes_messages(kernels, onnx_functions(file)))
                    settings.SetGraphOptimizationLevel(ORT_DISABLE_ALL);
            }
            // As in Python: they take a sixth of the time to open, and change no step.
            settings.AddConfigEntry("optimization.disable_specified_optimizers",
                                    "TransposeOptimizer;TransposeOptimizer_CPUExecutionProvider");
            return Ort::Session(environment(), path.c_str(), settings);
        } catch (const Ort::Exception &error) {
            const bool device = options.device != "cpu";
            throw Error(device ? ErrorCode::backend : ErrorCode::file,
                        path + ": ONNX Runtime cannot load it" +
                            (device ? " on " + options.device : "") + " (" + error.what() + ").");
        }
    }

    Ort::Session session_;
    Handles inputs_;
    Handles outputs_;
};

}  // namespace
}  // namespace sezm

extern "C" SEZM_API sezm::Session *sezm_open_session(const std::string &path,
                                                     const sezm::Options &options) {
    return new sezm::OnnxRuntimeSession(path, options);
}
