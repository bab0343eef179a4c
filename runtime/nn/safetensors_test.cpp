// Safetensors and npy files: round trips, and every way a file can lie.
#include "runtime/nn/safetensors.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "runtime/nn/file.h"
#include "runtime/nn/npy.h"
#include "runtime/nn/safetensors_header.h"
#include "runtime/nn/test_support.h"

namespace pg::nn {
namespace {

using test::Folder;

/// A safetensors file's bytes: the length, the header, `data_bytes` zeros.
std::string with_header(const std::string& json, std::size_t data_bytes) {
  const std::uint64_t size = json.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  return bytes + json + std::string(data_bytes, '\0');
}

std::string header_problem(const std::string& json, std::uint64_t data_bytes) {
  const auto header = parse_safetensors_header(json, data_bytes);
  return header ? "no error" : header.error();
}

TEST_CASE("safetensors round trip") {
  const Folder folder;
  const std::string path = folder.file("model.safetensors");
  const Tensor grid = from_data(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
  save_safetensors(path,
                   {{"flag", from_bools({true, false, true}, {3})},
                    {"grid.t", view::transpose(grid, 0, 1)},
                    {"ids", arange(0, 3)},
                    {"none", empty({0, 4})},
                    {"small", arange(0, 3, 1, DType::I32)},
                    {"one", scalar(2.5f)}},
                   {{"format", "pt"}, {"quote", "a\"b"}});
  const SafetensorsFile file(path);
  CHECK(file.metadata().at("quote") == "a\"b");
  CHECK(file.entries().size() == 6);
  CHECK(file.entries()[0].name == "ids");  // wide elements first
  CHECK(file.read("grid.t").shape() == Shape{3, 2});
  CHECK(file.read("grid.t").to_vector<float>() == std::vector<float>{1, 4, 2, 5, 3, 6});
  CHECK(file.read("flag").to_vector<bool>() == std::vector<bool>{true, false, true});
  CHECK(file.read("ids").to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2});
  CHECK(file.read("none").shape() == Shape{0, 4});
  CHECK(file.read("one").dim() == 0);
  CHECK(file.find("nothing") == nullptr);
  CHECK(message_of([&] { file.read("nothing"); }) ==
        "safetensors: " + path + ": there is no tensor `nothing`");
  CHECK(load_safetensors(path).size() == 6);
}

TEST_CASE("half precision becomes f32") {
  const Folder folder;
  std::string bytes = with_header(
      R"({"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"h":{"dtype":"F16","shape":[4],"data_offsets":[4,12]}})",
      0);
  const std::uint16_t words[] = {0x3f80, 0xc020, 0x3c00, 0xc100, 0x0001, 0x7c00};
  bytes.append(reinterpret_cast<const char*>(words), sizeof words);
  const SafetensorsFile file(folder.write("half", bytes));
  CHECK(file.read("b").to_vector<float>() == std::vector<float>{1.0f, -2.5f});
  CHECK(file.read("h").to_vector<float>() ==
        std::vector<float>{1.0f, -2.5f, 0x1p-24f, std::numeric_limits<float>::infinity()});
}

TEST_CASE("safetensors: lengths that lie") {
  const Folder folder;
  const auto problem = [&](const std::string& bytes) {
    const std::string path = folder.write("bad", bytes);
    const std::string message = message_of([&] { SafetensorsFile file(path); });
    const std::string start = "safetensors: " + path + ": ";
    REQUIRE(message.starts_with(start));
    return message.substr(start.size());
  };
  CHECK(problem("abc") == "3 bytes are too few for a header length");
  CHECK(problem("") == "0 bytes are too few for a header length");
  CHECK(problem(std::string(7, '\0') + "\x80") ==
        "the header length is 9223372036854775808; at most 100000000 is allowed");
  CHECK(problem(std::string("\x10\0\0\0\0\0\0\0{}", 10)) ==
        "the header length is 16, but only 2 bytes follow");
  CHECK(problem(std::string("\x02\0\0\0\0\0\0\0[]", 10)) == "the header does not open with `{`");
  CHECK(problem(std::string(8, '\0')) == "the header does not open with `{`");
  CHECK(problem(with_header("{}", 3)) == "the tensors end at byte 0 of 3 bytes of data");
  CHECK(problem(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 3))
            .ends_with("end behind the file's 3 bytes of data"));
  CHECK(message_of([&] {
          SafetensorsFile file(folder.file("missing"));
        }).ends_with("No such file or directory"));
  CHECK(message_of([&] {
          SafetensorsFile file(folder.path.string());
        }).ends_with("not a regular file"));
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK(message_of([&] {
          SafetensorsFile file(folder.file("pipe"));
        }).ends_with("not a regular file"));
}

TEST_CASE("safetensors: headers that lie") {
  const auto tensor = [](const std::string& fields) { return "{\"a\":{" + fields + "}}"; };
  const auto shaped = [&](const std::string& shape, const std::string& offsets = "0,4") {
    return header_problem(
        tensor("\"dtype\":\"F32\",\"shape\":[" + shape + "],\"data_offsets\":[" + offsets + "]"),
        4);
  };
  CHECK(shaped("1") == "no error");
  CHECK(shaped("") == "no error");
  CHECK(shaped("-1") == "tensor `a`: shape holds -1, not a whole number of at most 63 bits");
  CHECK(shaped("1.5") == "tensor `a`: shape holds 1.5, not a whole number of at most 63 bits");
  CHECK(shaped("18446744073709551616")
            .ends_with("holds 18446744073709551616, not a whole number of at most 63 bits"));
  CHECK(shaped("18446744073709551615").ends_with("not a whole number of at most 63 bits"));
  CHECK(shaped("true").ends_with("shape holds true, not a whole number of at most 63 bits"));
  CHECK(shaped("[1]") == "tensor `a`: shape: an array is not allowed here");
  CHECK(shaped("\"1\"") == "tensor `a`: shape: a string is not allowed here");
  CHECK(shaped("2") == "tensor `a`: F32 [2] needs 8 bytes, data_offsets [0, 4] hold 4");
  CHECK(shaped("4611686018427387904,4") ==
        "tensor `a`: shape [4611686018427387904, 4] of F32 overflows 64 bits");
  CHECK(shaped("4611686018427387904,4,0").ends_with("overflows 64 bits"));
  CHECK(shaped("1", "4,0") == "tensor `a`: data_offsets [4, 0] run backwards");
  CHECK(shaped("1", "4,8") ==
        "tensor `a`: data_offsets [4, 8] end behind the file's 4 bytes of data");
  CHECK(shaped("1", "0") == "tensor `a`: data_offsets has 1 numbers, not 2");
  CHECK(shaped("1", "0,4,8") == "tensor `a`: data_offsets has 3 numbers, not 2");
  CHECK(shaped("1", "-4,0").starts_with("tensor `a`: data_offsets holds -4"));

  const std::string good = R"("dtype":"F32","shape":[1],"data_offsets":[0,4])";
  CHECK(header_problem(tensor(good + R"(,"dtype":"F32")"), 4) == "tensor `a`: field `dtype` twice");
  CHECK(header_problem(tensor(good + R"(,"x":1)"), 4) == "tensor `a`: unknown field `x`");
  CHECK(header_problem(tensor(R"("dtype":"F32","shape":[1])"), 4) ==
        "tensor `a`: no field `data_offsets`");
  CHECK(header_problem(tensor(R"("dtype":"F33","shape":[1],"data_offsets":[0,4])"), 4) ==
        "tensor `a`: unknown dtype `F33`");
  CHECK(header_problem("{\"a\":{" + good + "},\"a\":{" + good + "}}", 4) == "name `a` twice");
  CHECK(header_problem("{\"a\":1}", 4) == "tensor `a`: a number is not allowed here");
  CHECK(header_problem("{\"a\":null}", 4) == "tensor `a`: null is not allowed here");
  CHECK(header_problem("{\"a\":{\"dtype\":{}}}", 4) ==
        "tensor `a`: dtype: an object is not allowed here");
  CHECK(header_problem("{\"\":{" + good + "}}", 4) ==
        "a tensor's name has 0 bytes; 1 to 1024 are allowed");
  CHECK(header_problem("{\"" + std::string(2000, 'n') + "\":{" + good + "}}", 4)
            .starts_with("a tensor's name has 2000 bytes"));
  CHECK(header_problem("{\"../x\":{" + good + "}}", 4) == "tensor name \"../x\" is refused");
  CHECK(header_problem("{\"/x\":{" + good + "}}", 4) == "tensor name \"/x\" is refused");
  CHECK(header_problem("{\"a\\u0007\":{" + good + "}}", 4) ==
        "tensor name \"a\\u0007\" is refused");
  CHECK(header_problem(R"({"__metadata__":{"a":1}})", 0) ==
        "__metadata__: a number is not allowed here");
  CHECK(header_problem(R"({"__metadata__":{"a":"1","a":"2"}})", 0) ==
        "__metadata__: key `a` twice");
  CHECK(header_problem("{\"a\":", 0).starts_with("the header is not valid JSON"));
  CHECK(header_problem("{\"\xff\":{}}", 0).starts_with("the header is not valid JSON"));
  CHECK(header_problem("{}{}", 0).starts_with("the header is not valid JSON"));
  CHECK(header_problem("{}   ", 0) == "no error");
}

TEST_CASE("safetensors: tensors must cover the data") {
  const auto two = [](const std::string& first, const std::string& second, std::uint64_t bytes) {
    const std::string head = R"({"dtype":"F32","shape":[1],"data_offsets":)";
    return header_problem("{\"a\":" + head + first + "},\"b\":" + head + second + "}}", bytes);
  };
  CHECK(two("[0,4]", "[4,8]", 8) == "no error");
  CHECK(two("[4,8]", "[0,4]", 8) == "no error");
  CHECK(two("[0,4]", "[2,6]", 6) ==
        "tensor `b`: data_offsets [2, 6] overlap the tensor before, which ends at 4");
  CHECK(two("[0,4]", "[0,4]", 4).find("overlap") != std::string::npos);
  CHECK(two("[0,4]", "[8,12]", 12) == "tensor `b`: data_offsets [8, 12] leave a hole from byte 4");
  CHECK(two("[4,8]", "[8,12]", 12).find("leave a hole from byte 0") != std::string::npos);
  CHECK(two("[0,4]", "[4,8]", 12) == "the tensors end at byte 8 of 12 bytes of data");
}

TEST_CASE("a file changed while open is noticed") {
  const Folder folder;
  const std::string path = folder.file("a");
  save_safetensors(path, {{"x", zeros({1000})}});
  const SafetensorsFile file(path);
  std::filesystem::resize_file(path, 1000);
  CHECK(message_of([&] { file.read("x"); }).find("while it was read") != std::string::npos);
}

TEST_CASE("a failed save leaves nothing behind") {
  const Folder folder;
  const std::string path = folder.file("model");
  CHECK(message_of([&] {
          save_safetensors(path, {{"a", zeros({1})}, {"a", zeros({1})}});
        }).ends_with("tensor name `a` is empty, reserved or given twice"));
  CHECK(message_of([&] {
          save_safetensors(folder.file("no/such"), {{"a", zeros({1})}});
        }).find("cannot create a file beside it: No such file") != std::string::npos);
  std::filesystem::create_directory(path);
  CHECK(message_of([&] {
          save_safetensors(path, {{"a", zeros({1})}});
        }).ends_with("model: is there, and not a regular file"));
  // A folder that comes while the file is written.
  std::filesystem::remove(path);
  {
    OutputFile file("save", path);
    file.write("content");
    std::filesystem::create_directory(path);
    CHECK(message_of([&] { file.commit(); }).find("cannot rename onto it") != std::string::npos);
  }
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
}

TEST_CASE("npy round trip and rejections") {
  const Folder folder;
  const std::string path = folder.file("x.npy");
  const Tensor grid = from_data(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
  for (const Tensor& x : {view::transpose(grid, 0, 1), arange(0, 5), scalar(1.5f), empty({0, 2}),
                          arange(0, 5, 1, DType::I32), from_bools({true, false}, {2})}) {
    save_npy(path, x);
    const Tensor y = load_npy(path);
    CHECK(describe(y) == describe(x));
    if (x.dtype() == DType::F32) CHECK(y.to_vector<float>() == x.to_vector<float>());
    CHECK(std::filesystem::file_size(path) % 64 ==
          static_cast<std::uintmax_t>(x.numel() * element_bytes(x.dtype())) % 64);
  }
  const auto bytes = [](const std::string& dictionary, const std::string& data) {
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(dictionary.size()) + '\0' +
           dictionary + data;
  };
  const auto problem = [&](const std::string& content) {
    const std::string bad = folder.write("bad.npy", content);
    return message_of([&] { load_npy(bad); }).substr(("load_npy: " + bad + ": ").size());
  };
  const double wide[] = {0.5, -3.0};
  const std::string doubles = bytes("{\"shape\": (2,), 'fortran_order': False, 'descr': '<f8'}",
                                    {reinterpret_cast<const char*>(wide), sizeof wide});
  CHECK(load_npy(folder.write("wide.npy", doubles)).to_vector<float>() ==
        std::vector<float>{0.5f, -3.0f});
  CHECK(problem("hello world") == "not a .npy file");
  CHECK(problem("\x93NUM") == "not a .npy file");
  CHECK(problem(bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "1234")) ==
        "shape [3] does not fit 4 bytes of data");
  CHECK(problem(bytes("{'descr': '>f4', 'fortran_order': False, 'shape': ()}", "1234")) ==
        "element type `>f4` is not supported");
  CHECK(problem(bytes("{'descr': '<f4', 'fortran_order': True, 'shape': (1,1)}", "1234")) ==
        "fortran_order is not supported");
  CHECK(problem(bytes("{'descr': '<f4', 'shape': ()}", "1234")).find("is missing") !=
        std::string::npos);
  CHECK(problem(bytes("{'descr': '<f4', 'descr': '<f4'}", "")).find("given twice") !=
        std::string::npos);
  CHECK(problem(bytes("{'descr': '<f4', 'shape': (-1,)}", "")).find("expected a size") !=
        std::string::npos);
  CHECK(problem(bytes("{'descr: ", "")).find("does not end") != std::string::npos);
  CHECK(problem(std::string("\x93NUMPY\x01\x00\xff\xff{", 11)) ==
        "the header length 65535 leaves the file");
}

}  // namespace
}  // namespace pg::nn
