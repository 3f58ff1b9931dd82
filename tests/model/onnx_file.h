// As much of ONNX's files as its node tests need: tensors of floats and the attributes of the one
// node of a model. Reads protobuf's wire format (https://protobuf.dev/programming-guides/encoding)
// with every length checked; throws std::runtime_error where a file is cut or wrong.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace crease::onnx {

struct FloatTensor {
  std::vector<std::int64_t> dims;
  std::vector<float> values;  // row-major
};

struct Node {
  std::string op_type;
  std::map<std::string, std::int64_t> integers;  // attributes
  std::map<std::string, float> floats;
};

FloatTensor ParseTensor(std::string_view bytes);  // a TensorProto of data type float
Node ParseOnlyNode(std::string_view bytes);       // of a ModelProto

std::string ReadFile(const std::string& path);

}  // namespace crease::onnx
