// Model configurations: what is read, what is refused and by which name.
#include "examples/llama/config.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "examples/llama/base/files.h"
#include "examples/llama/base/test_data.h"
#include "runtime/device/error.h"

using namespace llama;

namespace {

nlohmann::json small() {
  return nlohmann::json::parse(to_hf_json([] {
    Config config = preset("char-tiny");
    config.vocab_size = 65;
    return config;
  }()));
}

std::filesystem::path file_of(const std::string& text) {
  auto path = std::filesystem::temp_directory_path() / "picograd_config_test.json";
  write_file(path, text);
  return path;
}

std::string error_of(const nlohmann::json& object) {
  try {
    read_hf_config(file_of(object.dump()));
  } catch (const pg::Error& error) {
    return error.what();
  }
  return "no error";
}

std::string error_with(const char* key, nlohmann::json value) {
  nlohmann::json object = small();
  object[key] = std::move(value);
  return error_of(object);
}

bool mentions(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("config.json: written and read back") {
  Config config = preset("stories260K");
  config.rope_theta = 500000;
  config.tied = false;
  CHECK(read_hf_config(file_of(to_hf_json(config))) == config);
}

TEST_CASE("config.json: old and new rotary keys") {
  nlohmann::json object = small();
  object.erase("rope_theta");
  object["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 12345.0}};
  CHECK(read_hf_config(file_of(object.dump())).rope_theta == 12345.0);
  object["rope_parameters"]["rope_type"] = "llama3";
  CHECK(mentions(error_of(object), "`rope_type` must be \"default\""));
}

TEST_CASE("config.json: refused by the name of the key") {
  CHECK(error_of(small()) == "no error");
  CHECK(mentions(error_with("hidden_size", -1), "`hidden_size` must be an integer"));
  CHECK(mentions(error_with("hidden_size", 1.5), "`hidden_size`"));
  CHECK(mentions(error_with("vocab_size", 0), "`vocab_size` must be from 1"));
  CHECK(mentions(error_with("num_hidden_layers", 1000000000), "`num_hidden_layers`"));
  CHECK(mentions(error_with("num_key_value_heads", 3), "must divide num_attention_heads (4)"));
  CHECK(mentions(error_with("head_dim", 15), "`head_dim` (15) must be even"));
  CHECK(mentions(error_with("rope_theta", 0), "`rope_theta`"));
  CHECK(mentions(error_with("rms_norm_eps", 0), "`rms_norm_eps`"));
  CHECK(mentions(error_with("rope_scaling", {{"type", "linear"}}), "`rope_scaling`"));
  CHECK(mentions(error_with("attention_bias", true), "`attention_bias` is not supported"));
  CHECK(mentions(error_with("model_type", "gpt2"), "`model_type` must be \"llama\""));
  CHECK(mentions(error_with("hidden_act", "gelu"), "`hidden_act`"));
  CHECK_THROWS_AS(read_hf_config(file_of("[1, 2")), pg::Error);
}

TEST_CASE("llama2.c header: sizes, sign of the vocabulary, damage") {
  std::array<std::int32_t, 7> fields = {64, 172, 5, 8, 4, -512, 512};
  std::array<unsigned char, 28> bytes;
  auto parse = [&] {
    std::memcpy(bytes.data(), fields.data(), bytes.size());
    return parse_llama2c_header(bytes, "model.bin");
  };
  Config config = parse();
  CHECK(!config.tied);
  CHECK(config.vocab_size == 512);
  CHECK(config.head_dim == 8);
  fields[5] = 512;
  CHECK(parse() == preset("stories260K"));
  CHECK(preset("stories260K").parameter_count() == 260032);
  fields[3] = 7;
  CHECK_THROWS_AS(parse(), pg::Error);
  fields[3] = -2147483647 - 1;
  CHECK_THROWS_AS(parse(), pg::Error);
  CHECK_THROWS_AS(parse_llama2c_header(std::span(bytes).first(27), "model.bin"), pg::Error);
}

TEST_CASE("presets by name") {
  CHECK(is_preset("110M"));
  CHECK_THROWS_WITH_AS(preset("7B"),
                       doctest::Contains("no preset named `7B`; there are char-tiny, char-small"),
                       pg::Error);
}
