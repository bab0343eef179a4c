// Checkpoints that were damaged after they were saved, manifests that lie, and which are kept.
#include "examples/llama/train/checkpoint.h"

#include <doctest/doctest.h>

#include "examples/llama/base/files.h"
#include "examples/llama/base/test_support.h"

using namespace llama;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t limit = 1 << 20;

void save_step(const fs::path& folder, std::int64_t step, std::optional<double> loss = {}) {
  Config config = preset("char-tiny");
  config.vocab_size = 10;
  config.layers = 1;
  pg::Generator generator(static_cast<std::uint64_t>(step));
  const Model model = make_model(config, generator);
  std::vector<pg::Tensor> parameters;
  for (const NamedTensor& parameter : model.parameters()) parameters.push_back(parameter.tensor);
  const pg::nn::AdamW optimizer(parameters, pg::nn::AdamOptions{});
  Manifest manifest;
  manifest.step = step;
  manifest.validation_loss = loss;
  Checkpoints(folder).save({manifest, model, optimizer, {"tokenizer.pg.json", "{}"}});
}

std::string latest_error(const fs::path& folder) {
  return message_of([&] { Checkpoints(folder).latest(false); });
}

void flip_bit(const fs::path& path, std::size_t byte, int bit) {
  std::string bytes = read_file(path, limit);
  bytes.at(byte) = static_cast<char>(bytes.at(byte) ^ (1 << bit));
  write_file(path, bytes);
}

}  // namespace

TEST_CASE("checkpoint: a flipped bit anywhere is an error that names the file") {
  TestFolder folder("flipped");
  save_step(folder.path, 1);
  save_step(folder.path, 2);
  const fs::path newest = folder.path / "step-000002";
  for (const char* name : {"config.json", "model.safetensors", "optimizer.safetensors",
                           "tokenizer.pg.json", "manifest.json"}) {
    const std::size_t size = fs::file_size(newest / name);
    for (const std::size_t byte : {std::size_t{0}, size / 2, size - 1}) {
      CAPTURE(name);
      CAPTURE(byte);
      flip_bit(newest / name, byte, static_cast<int>(byte % 8));
      const std::string message = latest_error(folder.path);
      CHECK(message.find((newest / name).string() + ": ") != std::string::npos);
      CHECK(message.find("--allow-older") != std::string::npos);
      CHECK(Checkpoints(folder.path).latest(true).manifest.step == 1);
      flip_bit(newest / name, byte, static_cast<int>(byte % 8));
      CHECK(latest_error(folder.path) == "no error");
    }
  }
}

TEST_CASE("checkpoint: missing, cut, lengthened and foreign files") {
  TestFolder folder("missing");
  save_step(folder.path, 1);
  save_step(folder.path, 2);
  const fs::path shard = folder.path / "step-000002/optimizer.safetensors";
  const std::string bytes = read_file(shard, limit);
  fs::remove(shard);
  CHECK(latest_error(folder.path).find("optimizer.safetensors: cannot open: No such file") !=
        std::string::npos);
  write_file(shard, bytes.substr(0, bytes.size() - 1));
  CHECK(latest_error(folder.path)
            .find(fmt::format("optimizer.safetensors: {} bytes, {} were written", bytes.size() - 1,
                              bytes.size())) != std::string::npos);
  write_file(shard, bytes + "x");
  CHECK(latest_error(folder.path).find("were written") != std::string::npos);
  write_file(shard, bytes);
  CHECK(latest_error(folder.path) == "no error");
  // A part of another step.
  const fs::path weights = folder.path / "step-000002/model.safetensors";
  fs::copy_file(folder.path / "step-000001/model.safetensors", weights,
                fs::copy_options::overwrite_existing);
  CHECK(latest_error(folder.path).find("model.safetensors: damaged: its hash is not") !=
        std::string::npos);
  fs::remove_all(folder.path / "step-000002");
  fs::rename(folder.path / "step-000001", folder.path / "step-000007");
  CHECK(latest_error(folder.path).find("step-000007/manifest.json: is that of step 1") !=
        std::string::npos);
  fs::remove_all(folder.path / "step-000007");
  CHECK(latest_error(folder.path).find("there is none to resume from") != std::string::npos);
}

TEST_CASE("checkpoint: the last ones and the best are kept, leftovers go") {
  TestFolder folder("kept");
  const Checkpoints checkpoints(folder.path);
  for (const std::int64_t step : {1, 2, 3, 4, 5}) {
    save_step(folder.path, step, step == 2 ? 1.0 : 2.0);
  }
  checkpoints.keep_last(2);
  CHECK(checkpoints.steps() == std::vector<std::int64_t>{2, 4, 5});
  fs::create_directories(folder.path / "step-000006.tmp/x");
  fs::create_directories(folder.path / "step-000003.old.tmp");
  checkpoints.clean_up(4);
  CHECK(checkpoints.steps() == std::vector<std::int64_t>{2, 4});
  CHECK(fs::exists(folder.path / "step-000005.damaged"));
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 3);
}

TEST_CASE("checkpoint: an old one whose manifest is damaged is no reason to keep any") {
  TestFolder folder("damaged_old");
  for (const std::int64_t step : {1, 2, 3, 4}) save_step(folder.path, step, 1.0 / step);
  flip_bit(folder.path / "step-000001/manifest.json", 200, 3);
  const Checkpoints checkpoints(folder.path);
  checkpoints.keep_last(1);
  CHECK(checkpoints.steps() == std::vector<std::int64_t>{4});
}

TEST_CASE("manifest: what is written reads back, and nothing else reads") {
  Manifest manifest;
  manifest.code = "picograd 1";
  manifest.step = 12;
  manifest.data = {UINT64_MAX, 3, 99};
  manifest.validation_loss = 0.1;
  manifest.settings = {{"lr", 1e-3}, {"data", {"a", "b"}}};
  manifest.files["model.safetensors"] = {77, "00ff"};
  const std::string text = to_text(manifest);
  CHECK(parse_manifest(text) == manifest);
  CHECK(nlohmann::json::parse(text)["manifest"]["step"] == 12);  // a JSON file like any other
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK_THROWS_AS(parse_manifest(text.substr(0, size)), pg::Error);
  }
  const auto body_error = [&](const char* pointer, const nlohmann::json& value) {
    nlohmann::json body = nlohmann::json::parse(text)["manifest"];
    body[nlohmann::json::json_pointer(pointer)] = value;
    return message_of([&] { parse_manifest_body(body.dump()); });
  };
  CHECK(body_error("/step", -1) ==
        "manifest.json: `step` must be an integer from 0 to 9223372036854775807, not -1");
  CHECK(body_error("/step", 1.5).ends_with("not 1.5"));
  CHECK(body_error("/step", UINT64_MAX).ends_with("not 18446744073709551615"));
  CHECK(body_error("/format", 2) == "manifest.json: `format` is 2, this program reads 1");
  CHECK(body_error("/code", 3) == "manifest.json: `code` must be a string, not 3");
  CHECK(body_error("/settings", 3) == "manifest.json: `settings` must be an object, not 3");
  CHECK(body_error("/validation_loss", "low") ==
        "manifest.json: `validation_loss` must be a number, not \"low\"");
  for (const char* name : {"..", "a~1b", ".hidden", "", "a b"}) {  // ~1: a slash
    CHECK(body_error(fmt::format("/files/{}", name).c_str(), {{"bytes", 1}})
              .find("is not the plain name of a file") != std::string::npos);
  }
  CHECK(message_of([] { parse_manifest_body("{\"a\":" + std::string(1 << 20, '[')); }) ==
        "manifest.json: more than 64 levels of JSON");
  CHECK(message_of([] { parse_manifest_body("[1]"); }) == "manifest.json: not a JSON object");
  CHECK(message_of([] { parse_manifest_body("{}"); }) == "manifest.json: `format` is missing");
}
