#include "tests/model/onnx_file.h"

#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace crease::onnx {
namespace {

// One field of a message.
struct Field {
  std::uint32_t number = 0;
  std::uint64_t integer = 0;  // varint and fixed types
  std::string_view bytes;     // length-delimited types
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool Next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t tag = Varint();
    field = {static_cast<std::uint32_t>(tag >> 3), 0, {}};
    switch (tag & 7) {
      case 0:
        field.integer = Varint();
        break;
      case 1:
        field.integer = Fixed<std::uint64_t>();
        break;
      case 2:
        field.bytes = Take(Varint());
        break;
      case 5:
        field.integer = Fixed<std::uint32_t>();
        break;
      default:
        throw std::runtime_error("unknown wire type");
    }
    return true;
  }

  bool empty() const { return rest_.empty(); }

  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(Take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    throw std::runtime_error("varint of more than 10 bytes");
  }

  template <typename T>
  T Fixed() {
    T value;
    std::memcpy(&value, Take(sizeof value).data(), sizeof value);
    return value;
  }

 private:
  std::string_view Take(std::uint64_t size) {
    if (size > rest_.size()) throw std::runtime_error("message is cut short");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

void AddDims(const Field& field, FloatTensor& tensor) {
  if (field.bytes.empty()) {
    tensor.dims.push_back(static_cast<std::int64_t>(field.integer));
    return;
  }
  for (Reader packed(field.bytes); !packed.empty();) {
    tensor.dims.push_back(static_cast<std::int64_t>(packed.Varint()));
  }
}

void AddFloats(std::string_view bytes, FloatTensor& tensor) {
  for (Reader packed(bytes); !packed.empty();) tensor.values.push_back(packed.Fixed<float>());
}

void AddAttribute(std::string_view bytes, Node& node) {
  std::string name;
  float real = 0.0f;
  std::int64_t integer = 0;
  std::uint64_t type = 0;
  Field field;
  for (Reader reader(bytes); reader.Next(field);) {
    if (field.number == 1) name = field.bytes;
    if (field.number == 2) real = std::bit_cast<float>(static_cast<std::uint32_t>(field.integer));
    if (field.number == 3) integer = static_cast<std::int64_t>(field.integer);
    if (field.number == 20) type = field.integer;
  }
  constexpr std::uint64_t kFloat = 1, kInteger = 2;
  if (type == kFloat) node.floats[name] = real;
  if (type == kInteger) node.integers[name] = integer;
}

Node ParseNode(std::string_view bytes) {
  Node node;
  Field field;
  for (Reader reader(bytes); reader.Next(field);) {
    if (field.number == 4) node.op_type = field.bytes;
    if (field.number == 5) AddAttribute(field.bytes, node);
  }
  return node;
}

}  // namespace

FloatTensor ParseTensor(std::string_view bytes) {
  FloatTensor tensor;
  std::uint64_t type = 0;
  Field field;
  for (Reader reader(bytes); reader.Next(field);) {
    if (field.number == 1) AddDims(field, tensor);
    if (field.number == 2) type = field.integer;
    if (field.number == 4 || field.number == 9) AddFloats(field.bytes, tensor);
  }
  if (type != 1) throw std::runtime_error("not a tensor of floats");
  std::uint64_t count = 1;
  for (const std::int64_t dim : tensor.dims) {
    if (dim < 0) throw std::runtime_error("negative dimension");
    if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(dim), &count)) {
      throw std::runtime_error("dimensions overflow");
    }
  }
  if (count != tensor.values.size()) throw std::runtime_error("dimensions and values disagree");
  return tensor;
}

Node ParseOnlyNode(std::string_view bytes) {
  std::vector<Node> nodes;
  Field field;
  for (Reader model(bytes); model.Next(field);) {
    if (field.number != 7) continue;
    Field part;
    for (Reader graph(field.bytes); graph.Next(part);) {
      if (part.number == 1) nodes.push_back(ParseNode(part.bytes));
    }
  }
  if (nodes.size() != 1) throw std::runtime_error("not a model of one node");
  return nodes[0];
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace crease::onnx
