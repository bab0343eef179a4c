// Model files in and out: shards, tied heads, llama2.c's two layouts, and what is refused.
#include "examples/llama/weights/weights.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "examples/llama/base/files.h"
#include "examples/llama/base/test_data.h"
#include "examples/llama/base/test_support.h"
#include "examples/llama/model/cost.h"
#include "examples/llama/weights/hf_folder.h"
#include "examples/llama/weights/llama2c.h"
#include "examples/llama/weights/rotary_rows.h"
#include "examples/llama/weights/shard_index.h"
#include "runtime/device/error.h"
#include "runtime/nn/safetensors.h"
#include "runtime/tensor/random.h"

using namespace llama;

namespace {

constexpr std::size_t limit = std::size_t{1} << 26;

Config small_config(bool tied) {
  Config config{16, 24, 2, 2, 1, 8, 32, 20};
  config.tied = tied;
  return config;
}

Model small_model(bool tied = true) {
  pg::Generator generator(3);
  return make_model(small_config(tied), generator, pg::cpu_device);
}

bool equal(const Model& a, const Model& b) {
  if (a.config() != b.config()) return false;
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    if (a.parameters()[i].name != b.parameters()[i].name) return false;
    if (a.parameters()[i].tensor.to_vector<float>() !=
        b.parameters()[i].tensor.to_vector<float>()) {
      return false;
    }
  }
  return true;
}

std::string problem_of(auto&& body) {
  try {
    body();
  } catch (const pg::Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Hugging Face folder: whole, in shards, and whole again") {
  const TestFolder folder("weights");
  const Model model = small_model(false);
  save_model(model, folder.path);
  CHECK(files_in(folder.path) == std::vector<std::string>{"config.json", "model.safetensors"});
  CHECK(equal(load_model(folder.path, pg::cpu_device), model));

  save_model(model, folder.path, 8192);  // 19 KiB of tensors, none above 2 KiB
  CHECK(files_in(folder.path) ==
        std::vector<std::string>{
            "config.json", "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
            "model-00003-of-00003.safetensors", "model.safetensors.index.json"});
  CHECK(equal(load_model(folder.path, pg::cpu_device), model));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
    if (entry.path().extension() == ".safetensors") CHECK(entry.file_size() < 8192 + 1500);
  }

  save_model(model, folder.path);
  CHECK(files_in(folder.path) == std::vector<std::string>{"config.json", "model.safetensors"});
}

TEST_CASE("shards: a tensor above the limit has one of its own") {
  const Model model = small_model();
  const auto shards = plan_shards(model.parameters(), 1);
  CHECK(shards.size() == model.parameters().size());
  CHECK(shards.back().file == "model-00020-of-00020.safetensors");
}

TEST_CASE("shards: index and files must agree, names stay in the folder") {
  const TestFolder folder("weights");
  const Model model = small_model();
  save_model(model, folder.path, 8192);
  const auto index_path = folder.path / "model.safetensors.index.json";
  const auto index = nlohmann::json::parse(read_file(index_path, limit));
  const auto problem = [&](const nlohmann::json& changed) {
    write_file(index_path, changed.dump());
    return problem_of([&] { HfFolder(folder.path); });
  };
  CHECK(problem(index) == "no error");
  for (const char* name : {"../model.safetensors", "/etc/passwd", "a/b.safetensors", ".safetensors",
                           "model.bin", "", "..", "m\u00e9.safetensors", "x\n.safetensors"}) {
    CAPTURE(name);
    auto changed = index;
    changed["weight_map"]["model.norm.weight"] = name;
    CHECK(mentions(problem(changed), "but a shard is named [A-Za-z0-9._-]+.safetensors"));
  }
  auto changed = index;
  changed["weight_map"]["model.norm.weight"] = 1;
  CHECK(mentions(problem(changed), "`weight_map[\"model.norm.weight\"]` must be a string, not 1"));
  changed["weight_map"] = nlohmann::json::object();
  CHECK(mentions(problem(changed), "`weight_map` holds no tensor"));
  changed.erase("weight_map");
  CHECK(mentions(problem(changed), "`weight_map` is missing"));

  changed = index;
  changed["weight_map"].erase("model.norm.weight");
  CHECK(
      mentions(problem(changed), "holds tensor `model.norm.weight`, which the index puts nowhere"));
  changed = index;
  changed["weight_map"]["model.norm.weight"] = index["weight_map"]["model.embed_tokens.weight"];
  CHECK(mentions(problem(changed), "which the index puts model-00001-of-00003.safetensors"));
  changed = index;
  changed["weight_map"]["extra"] = index["weight_map"]["model.norm.weight"];
  CHECK(mentions(problem(changed), "`extra` should be in model-00003-of-00003.safetensors"));
  changed["weight_map"]["extra"] = "none.safetensors";
  CHECK(mentions(problem(changed), "none.safetensors: cannot open"));

  CHECK(problem(index) == "no error");
  const auto shard = folder.path / "model-00001-of-00003.safetensors";
  const TestFolder elsewhere("weights_elsewhere");
  std::filesystem::rename(shard, elsewhere.path / "x.safetensors");
  std::filesystem::create_symlink(elsewhere.path / "x.safetensors", shard);
  CHECK(mentions(problem(index), "is a symbolic link"));
}

TEST_CASE("Hugging Face folder: all tensors that do not fit, in one table") {
  const TestFolder folder("weights");
  const Model model = small_model();
  save_model(model, folder.path);
  auto tensors = model.parameters();
  tensors[1] = {"model.layers.0.input_layernorm.weight",
                pg::zeros({15}, pg::DType::F32, pg::cpu_device)};
  tensors[2].name = "model.layers.0.self_attn.query.weight";
  tensors.back().tensor = pg::zeros({16}, pg::DType::I32, pg::cpu_device);
  tensors.push_back({"model.layers.1.self_attn.rotary_emb.inv_freq",
                     pg::zeros({4}, pg::DType::F32, pg::cpu_device)});  // old files have these
  pg::nn::save_safetensors((folder.path / "model.safetensors").string(), tensors);
  const std::string problem = problem_of([&] { load_model(folder.path, pg::cpu_device); });
  CHECK(mentions(problem, "tensors do not fit config.json:"));
  CHECK(mentions(problem, "[15], expected [16]"));
  CHECK(mentions(problem, "self_attn.q_proj.weight               missing, expected [16, 16]"));
  CHECK(
      mentions(problem, "self_attn.query.weight                not part of this model, [16, 16]"));
  CHECK(mentions(problem, "element type I32, expected F32, F16 or BF16"));
  CHECK(std::count(problem.begin(), problem.end(), '\n') == 4);
}

TEST_CASE("Hugging Face folder: a tied head stored by either name, or twice") {
  const TestFolder folder("weights");
  const Model model = small_model();
  save_model(model, folder.path);
  const auto save = [&](const std::vector<NamedTensor>& tensors) {
    pg::nn::save_safetensors((folder.path / "model.safetensors").string(), tensors);
  };
  auto tensors = model.parameters();
  tensors[0].name = "lm_head.weight";
  save(tensors);
  CHECK(equal(load_model(folder.path, pg::cpu_device), model));
  tensors.push_back(model.parameters()[0]);
  save(tensors);
  CHECK(equal(load_model(folder.path, pg::cpu_device), model));
  tensors[0].tensor = pg::zeros({32, 16}, pg::DType::F32, pg::cpu_device);
  save(tensors);
  CHECK(mentions(problem_of([&] { load_model(folder.path, pg::cpu_device); }),
                 "`tie_word_embeddings` is true in config.json, but lm_head.weight differs"));
}

TEST_CASE("rotary rows: there and back") {
  std::vector<float> rows(2 * 6 * 3);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i);
  const auto halves = interleaved_to_halves(rows, 2, 6, 3);
  CHECK(halves[3] == rows[6]);  // row 1 was row 2
  CHECK(halves[9] == rows[3]);  // row 3 was row 1
  CHECK(halves_to_interleaved(halves, 2, 6, 3) == rows);
}

TEST_CASE("llama2.c: both versions, tied and not, in and out") {
  const TestFolder folder("weights");
  for (const bool tied : {true, false}) {
    for (const int version : {0, 1}) {
      CAPTURE(tied);
      CAPTURE(version);
      const Model model = small_model(tied);
      const auto path = folder.path / "model.bin";
      save_llama2c(model, path, version, llama2c_tables(model.config()));
      const Llama2cHeader header = read_llama2c_header(path);
      CHECK(header.version == version);
      CHECK(header.config == model.config());
      CHECK(equal(load_model(path, pg::cpu_device), model));
      CHECK(read_llama2c_tables(path) ==
            (version == 0 ? llama2c_tables(model.config()) : std::vector<float>()));
      const auto again = folder.path / "again.bin";
      save_llama2c(load_model(path, pg::cpu_device), again, version, read_llama2c_tables(path));
      CHECK(read_file(again, limit) == read_file(path, limit));
    }
  }
}

TEST_CASE("llama2.c: v1 lies as its exporter writes it") {
  const TestFolder folder("weights");
  const Model model = small_model();
  save_llama2c(model, folder.path / "m", 1, {});
  const std::string bytes = read_file(folder.path / "m", limit);
  CHECK(bytes.substr(0, 4) == "24ka");
  std::int32_t fields[8];
  std::memcpy(fields, bytes.data() + 4, sizeof fields);
  CHECK(std::vector<std::int32_t>(fields, fields + 8) ==
        std::vector<std::int32_t>{1, 16, 24, 2, 2, 1, 32, 20});
  CHECK(bytes[36] == 1);
  CHECK(bytes.size() ==
        256 + 4 * static_cast<std::size_t>(count_parameters(model.config()).total()));
  // Norms first: 2 layers, twice, and the last; then the embedding.
  std::vector<float> embedding(32 * 16);
  std::memcpy(embedding.data(), bytes.data() + 256 + 5 * 16 * 4, embedding.size() * 4);
  CHECK(embedding == model.embedding().to_vector<float>());
}

TEST_CASE("llama2.c: headers that lie") {
  const TestFolder folder("weights");
  const auto path = folder.path / "model.bin";
  const Model model = small_model();
  const auto problem = [&](int version, std::size_t at, std::int32_t value) {
    save_llama2c(model, path, version, llama2c_tables(model.config()));
    std::string bytes = read_file(path, limit);
    std::memcpy(bytes.data() + at, &value, sizeof value);
    write_file(path, bytes);
    return problem_of([&] { load_model(path, pg::cpu_device); });
  };
  CHECK(problem(0, 0, 16) == "no error");
  CHECK(mentions(problem(0, 12, 3), "header field n_heads (3) must divide dim (16)"));
  CHECK(mentions(problem(0, 12, -2147483647 - 1), "n_heads"));
  CHECK(mentions(problem(0, 8, 1000000000), "`num_hidden_layers` must be from 1 to 1024"));
  CHECK(mentions(problem(0, 20, -2147483647 - 1), "`vocab_size`"));
  CHECK(mentions(problem(0, 24, 21), "seq_len 21) makes"));
  CHECK(
      mentions(problem(1, 4, 2), "version 2 of the llama2.c format; 0 and 1 (f32) are supported"));
  CHECK(mentions(problem(1, 28, -32), "header field vocab_size is -32"));
  CHECK(mentions(problem(1, 36, 2), "header field shared_classifier is 2, not 0 or 1"));
  CHECK(mentions(problem(1, 36, 0x10001), "header byte 38 is not 0"));
  CHECK(mentions(problem(1, 36, 0), "makes"));  // an untied head is missing
  for (const std::size_t size : {0, 3, 27, 100}) {
    write_file(path, std::string("24ka").append(300, '\0').substr(0, size));
    CHECK(mentions(problem_of([&] { load_model(path, pg::cpu_device); }),
                   size < 4 ? "too short for a llama2.c header of 28"
                            : "too short for a llama2.c header of 256"));
  }
}

TEST_CASE("llama2.c: what the format cannot state is refused by name") {
  const TestFolder folder("weights");
  const auto problem = [&](auto&& change) {
    Config config = small_config(true);
    change(config);
    pg::Generator generator(3);
    const Model model = make_model(config, generator, pg::cpu_device);
    return problem_of([&] { save_llama2c(model, folder.path / "x", 1, {}); });
  };
  CHECK(mentions(problem([](Config& c) { c.rope_theta = 500000; }), "`rope_theta`"));
  CHECK(mentions(problem([](Config& c) { c.rope_scaling = {RopeScaling::Kind::Linear, 2}; }),
                 "`rope_scaling`"));
  CHECK(mentions(problem([](Config& c) { c.norm_eps = 1e-6; }), "`rms_norm_eps` 1e-5 always"));
  CHECK(mentions(problem([](Config& c) { c.head_dim = 16; }), "`head_dim`"));
  CHECK(files_in(folder.path).empty());
}
