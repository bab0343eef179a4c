// config.json: what is read, what is refused and by which name.
#include "examples/llama/weights/hf_config.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/message_of.h"

using namespace llama;

namespace {

nlohmann::json small() {
  return nlohmann::json::parse(to_hf_json([] {
    Config config = preset("char-tiny");
    config.vocab_size = 65;
    return config;
  }()));
}

Config read(const nlohmann::json& object) { return parse_hf_config(object.dump(), "config.json"); }

std::string error_of(const nlohmann::json& object) {
  return message_of([&] { read(object); });
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
  CHECK(parse_hf_config(to_hf_json(config), "config.json") == config);
  config.rope_scaling = {RopeScaling::Kind::Linear, 4.0};
  CHECK(parse_hf_config(to_hf_json(config), "config.json") == config);
  config.rope_scaling = {RopeScaling::Kind::Llama3, 8.0, 1.0, 4.0, 8192};
  CHECK(parse_hf_config(to_hf_json(config), "config.json") == config);
}

TEST_CASE("config.json: old and new rotary keys") {
  const nlohmann::json llama3 = {{"factor", 8.0},
                                 {"low_freq_factor", 1.0},
                                 {"high_freq_factor", 4.0},
                                 {"original_max_position_embeddings", 8192}};
  const RopeScaling expected{RopeScaling::Kind::Llama3, 8.0, 1.0, 4.0, 8192};
  nlohmann::json object = small();
  object["rope_theta"] = 500000.0;
  object["rope_scaling"] = llama3;
  object["rope_scaling"]["rope_type"] = "llama3";
  CHECK(read(object).rope_scaling == expected);
  CHECK(read(object).rope_theta == 500000);
  object["rope_scaling"]["type"] = "llama3";  // transformers 4.43 wrote both
  CHECK(read(object).rope_scaling == expected);
  object["rope_scaling"]["type"] = "linear";
  CHECK(mentions(error_of(object), "`rope_scaling.type` must be \"llama3\", not \"linear\""));
  object["rope_scaling"] = {{"type", "linear"}, {"factor", 2}};
  CHECK(read(object).rope_scaling == RopeScaling{RopeScaling::Kind::Linear, 2.0});

  object = small();
  object.erase("rope_theta");
  object.erase("rope_scaling");
  object.erase("torch_dtype");
  object["dtype"] = "bfloat16";
  object["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 12345.0}};
  CHECK(read(object).rope_theta == 12345.0);
  CHECK(read(object).rope_scaling == RopeScaling{});
  object["rope_parameters"] = llama3;
  object["rope_parameters"]["rope_type"] = "llama3";
  CHECK(read(object).rope_scaling == expected);
  CHECK(read(object).rope_theta == 10000);
  object["rope_scaling"] = {{"type", "linear"}, {"factor", 2}};
  CHECK(mentions(error_of(object), "`rope_scaling` and `rope_parameters` are both there"));
}

TEST_CASE("config.json: rotary scaling that is not supported or makes no sense") {
  const auto problem = [](nlohmann::json scaling) {
    return error_with("rope_scaling", std::move(scaling));
  };
  CHECK(mentions(
      problem({{"rope_type", "yarn"}, {"factor", 2}}),
      "`rope_scaling.rope_type` must be \"default\", \"linear\" or \"llama3\", not \"yarn\""));
  CHECK(mentions(problem({{"type", "dynamic"}, {"factor", 2}}), "`rope_scaling.type` must be"));
  CHECK(mentions(problem({{"type", "linear"}}), "`rope_scaling.factor` is missing"));
  CHECK(mentions(problem({{"type", "linear"}, {"factor", 0.5}}), "`factor` of the rotary scaling"));
  CHECK(mentions(problem({{"type", "linear"}, {"factor", "2"}}),
                 "`rope_scaling.factor` must be a number"));
  nlohmann::json llama3 = {{"rope_type", "llama3"},
                           {"factor", 8},
                           {"low_freq_factor", 4},
                           {"high_freq_factor", 4},
                           {"original_max_position_embeddings", 64}};
  CHECK(mentions(problem(llama3), "`high_freq_factor` (4) must be above low_freq_factor (4)"));
  llama3["low_freq_factor"] = 0;
  CHECK(mentions(problem(llama3), "`low_freq_factor` must be positive"));
  llama3["low_freq_factor"] = 1;
  CHECK(problem(llama3) == "no error");
  llama3["original_max_position_embeddings"] = 0;
  CHECK(mentions(problem(llama3), "`original_max_position_embeddings` must be from 1"));
  llama3.erase("original_max_position_embeddings");
  CHECK(mentions(problem(llama3), "`rope_scaling.original_max_position_embeddings` is missing"));
}

TEST_CASE("config.json: keys that are not known are named") {
  nlohmann::json object = small();
  object["dtype"] = "bfloat16";
  object["use_cache"] = true;
  object["sliding_window"] = nullptr;
  const auto unknown = [&] { return unknown_hf_keys(object.dump(), "config.json"); };
  CHECK(unknown().empty());
  object["partial_rotary_factor"] = 0.5;
  object["sliding_window"] = 128;
  object["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 2}, {"beta_fast", 1}};
  CHECK(unknown() == "partial_rotary_factor, sliding_window, rope_scaling.beta_fast");
  read(object);  // passed over all the same
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
  CHECK(mentions(error_with("rope_scaling", 2), "`rope_scaling` must be an object, not 2"));
  CHECK(mentions(error_with("quantization_config", {{"bits", 4}}), "`quantization_config`"));
  CHECK(mentions(error_with("attention_bias", true), "`attention_bias` is not supported"));
  CHECK(mentions(error_with("model_type", "gpt2"), "`model_type` must be \"llama\""));
  CHECK(mentions(error_with("hidden_act", "gelu"), "`hidden_act`"));
  CHECK_THROWS_AS(parse_hf_config("[1, 2", "config.json"), pg::Error);
  CHECK_THROWS_WITH_AS(parse_hf_config(R"({"vocab_size": 1, "vocab_size": 2})", "config.json"),
                       "config.json: key \"vocab_size\" twice", pg::Error);
}
