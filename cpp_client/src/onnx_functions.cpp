#include "onnx_functions.hpp"

#include <cstdint>
#include <istream>
#include <optional>

namespace sezm {
namespace {

// Numbers of fields in onnx.proto.
constexpr std::uint64_t functions_of_model = 25, name_of_function = 1;

constexpr std::uint64_t longest_name = 1024;  // more is none of ours

/// What a field is, and from where to where in the file its content lies.
struct Field {
    std::uint64_t number, begin, end;
};

struct Damaged {};

/// A protobuf message between two places of a file: one numbered field after the other.
class Message {
  public:
    Message(std::istream &file, std::uint64_t begin, std::uint64_t end)
        : file_(file), next_(begin), end_(end) {}

    /// The next field, none at the end. Throws Damaged.
    std::optional<Field> field() {
        if (next_ == end_) return std::nullopt;
        file_.clear();
        file_.seekg(static_cast<std::streamoff>(next_));
        const std::uint64_t tag = number();
        const std::uint64_t length = content_length(tag & 7);
        if (length > end_ - next_) throw Damaged();
        const Field field{tag >> 3, next_, next_ + length};
        next_ = field.end;
        return field;
    }

  private:
    std::uint64_t content_length(std::uint64_t wire_type) {
        switch (wire_type) {
            case 0: number(); return 0;
            case 1: return 8;
            case 2: return number();
            case 5: return 4;
            default: throw Damaged();  // groups, which ONNX files never had, or nothing at all
        }
    }

    /// Of 7 bits in each byte, lowest first; all but the last have the bit above.
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64 && next_ < end_; shift += 7) {
            const int byte = file_.get();
            if (byte < 0) break;
            ++next_;
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
        throw Damaged();
    }

    std::istream &file_;
    std::uint64_t next_, end_;
};

std::string name_of(std::istream &file, const Field &function) {
    Message message(file, function.begin, function.end);
    while (const std::optional<Field> field = message.field()) {
        const std::uint64_t length = field->end - field->begin;
        if (field->number != name_of_function || length > longest_name) continue;
        std::string name(length, '\0');
        file.seekg(static_cast<std::streamoff>(field->begin));
        if (!file.read(name.data(), static_cast<std::streamsize>(length))) throw Damaged();
        return name;
    }
    return "";
}

}  // namespace

std::vector<std::string> onnx_functions(std::istream &file) {
    file.seekg(0, std::ios::end);
    const std::streamoff size = file.tellg();
    if (size < 0) return {};
    try {
        std::vector<std::string> names;
        Message model(file, 0, static_cast<std::uint64_t>(size));
        while (const std::optional<Field> field = model.field()) {
            if (field->number == functions_of_model) names.push_back(name_of(file, *field));
        }
        return names;
    } catch (const Damaged &) {
        return {};
    }
}

}  // namespace sezm
