// See instructions.h. Memory is accessed in words: an element of 4 or 8 bytes is one; smaller ones
// share a word of up to 4 bytes.
#include "compiler/codegen/ptx/instructions.h"

#include <fmt/format.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/IntrinsicsNVPTX.h>

#include <string>

#include "compiler/base/check.h"

namespace tile::codegen::ptx {

namespace {

using Builder = llvm::IRBuilder<>;

constexpr unsigned shared_space = 3;

unsigned memory_bits(llvm::Type* element) {
  const unsigned bits = element->getPrimitiveSizeInBits();
  return bits == 1 ? 8 : bits;
}

/// How an access is cut into words.
struct Words {
  llvm::Type* type = nullptr;
  int count = 1;
  int elements = 1;  // in a word
};

Words words_of(Builder& builder, llvm::Type* element, int count) {
  const unsigned bits = memory_bits(element);
  if (bits >= 32) return {element, count, 1};
  const int in_word = std::min(count, static_cast<int>(32 / bits));
  return {builder.getIntNTy(bits * static_cast<unsigned>(in_word)), count / in_word, in_word};
}

llvm::Value* to_memory(Builder& builder, llvm::Value* element) {
  return element->getType()->isIntegerTy(1) ? builder.CreateZExt(element, builder.getInt8Ty())
                                            : element;
}

llvm::Value* from_memory(Builder& builder, llvm::Value* element, llvm::Type* type) {
  return type->isIntegerTy(1) ? builder.CreateICmpNE(element, builder.getInt8(0)) : element;
}

std::vector<llvm::Value*> pack(Builder& builder, const Words& words,
                               std::span<llvm::Value* const> elements) {
  std::vector<llvm::Value*> result;
  for (std::size_t first = 0; first < elements.size();
       first += static_cast<std::size_t>(words.elements)) {
    llvm::Value* word = to_memory(builder, elements[first]);
    if (words.elements > 1) {
      auto* type =
          llvm::FixedVectorType::get(word->getType(), static_cast<unsigned>(words.elements));
      llvm::Value* vector = llvm::PoisonValue::get(type);
      for (std::size_t i = 0; i < static_cast<std::size_t>(words.elements); ++i) {
        vector = builder.CreateInsertElement(vector, to_memory(builder, elements[first + i]), i);
      }
      word = builder.CreateBitCast(vector, words.type);
    }
    result.push_back(word);
  }
  return result;
}

std::vector<llvm::Value*> unpack(Builder& builder, const Words& words, llvm::Type* element,
                                 std::span<llvm::Value* const> values) {
  std::vector<llvm::Value*> result;
  for (llvm::Value* word : values) {
    if (words.elements == 1) {
      result.push_back(from_memory(builder, word, element));
      continue;
    }
    auto* type = llvm::FixedVectorType::get(builder.getIntNTy(memory_bits(element)),
                                            static_cast<unsigned>(words.elements));
    llvm::Value* vector = builder.CreateBitCast(word, type);
    for (std::size_t i = 0; i < static_cast<std::size_t>(words.elements); ++i) {
      result.push_back(from_memory(builder, builder.CreateExtractElement(vector, i), element));
    }
  }
  return result;
}

unsigned word_bytes(const Words& words) { return words.type->getPrimitiveSizeInBits() / 8; }

llvm::Align alignment(const Words& words) {
  return llvm::Align(word_bytes(words) * static_cast<unsigned>(words.count));
}

bool is_shared(const Memory& memory) {
  return memory.address->getType()->getPointerAddressSpace() == shared_space;
}

/// Bytes have no registers of their own: they travel in 16-bit ones.
llvm::Type* register_type(Builder& builder, const Words& words) {
  return word_bytes(words) == 1 ? builder.getInt16Ty() : words.type;
}

char constraint(llvm::Type* type) {
  if (type->isFloatTy()) return 'f';
  switch (type->getIntegerBitWidth()) {
    case 16:
      return 'h';
    case 32:
      return 'r';
    case 64:
      return 'l';
    default:
      TILE_UNREACHABLE("register width");
  }
}

/// ".v4.b32"
std::string width_suffix(const Words& words) {
  const std::string vector = words.count > 1 ? fmt::format(".v{}", words.count) : "";
  return fmt::format("{}.{}{}", vector, word_bytes(words) == 1 ? 'u' : 'b', 8 * word_bytes(words));
}

/// "$2" or "{$2, $3}"
std::string operands_text(int first, int count) {
  if (count == 1) return fmt::format("${}", first);
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format("{}${}", i == 0 ? "{" : ", ", first + i);
  return text + "}";
}

/// Shared addresses fit in 32 bits.
llvm::Value* address_operand(Builder& builder, const Memory& memory) {
  return is_shared(memory) ? builder.CreatePtrToInt(memory.address, builder.getInt32Ty())
                           : memory.address;
}

llvm::CallInst* call(Builder& builder, const std::string& text, const std::string& constraints,
                     llvm::Type* result, std::span<llvm::Value* const> arguments, bool is_pure) {
  std::vector<llvm::Type*> types;
  for (llvm::Value* argument : arguments) types.push_back(argument->getType());
  auto* type = llvm::FunctionType::get(result, types, false);
  auto* code =
      llvm::InlineAsm::get(type, text, constraints + (is_pure ? "" : ",~{memory}"), !is_pure);
  llvm::CallInst* made =
      builder.CreateCall(type, code, llvm::ArrayRef(arguments.data(), arguments.size()));
  made->addFnAttr(llvm::Attribute::NoUnwind);
  if (is_pure) made->setDoesNotAccessMemory();
  return made;
}

bool is_conditional(const Memory& memory) {
  return memory.predicate != nullptr || memory.room != nullptr;
}

/// The instruction where the conditions of the access hold. They become its operands from number
/// `first` on: one or two more `constraints` and `arguments`.
std::string guarded(const Memory& memory, const std::string& instruction, int first,
                    std::string& constraints, std::vector<llvm::Value*>& arguments) {
  if (memory.room == nullptr) {
    constraints += ",b";
    arguments.push_back(memory.predicate);
    return fmt::format("@${} {}", first, instruction);
  }
  constraints += ",r";
  arguments.push_back(memory.room);
  std::string condition = fmt::format("setp.gt.s32 here, ${}, {};", first, memory.at);
  if (memory.predicate != nullptr) {
    constraints += ",b";
    arguments.push_back(memory.predicate);
    condition = fmt::format("setp.gt.and.s32 here, ${}, {}, ${};", first, memory.at, first + 1);
  }
  return fmt::format("{{ .reg .pred here; {} @here {} }}", condition, instruction);
}

/// The destination registers hold `otherwise` before, and keep it where nothing is loaded.
std::vector<llvm::Value*> predicated_load(Builder& builder, const Memory& memory,
                                          const Words& words, llvm::Value* otherwise) {
  llvm::Type* type = register_type(builder, words);
  const int count = words.count;
  std::string constraints;
  for (int i = 0; i < count; ++i) constraints += fmt::format("={},", constraint(type));
  constraints += is_shared(memory) ? "r" : "l";
  std::vector<llvm::Value*> arguments{address_operand(builder, memory)};
  otherwise = type == words.type ? otherwise : builder.CreateZExt(otherwise, type);
  for (int i = 0; i < count; ++i) {
    constraints += fmt::format(",{}", i);
    arguments.push_back(otherwise);
  }
  const std::string instruction =
      fmt::format("ld.{}{}{} {}, [${} + {}];", is_shared(memory) ? "shared" : "global",
                  memory.is_constant ? ".nc" : "", width_suffix(words), operands_text(0, count),
                  count, memory.offset);
  const std::string text = guarded(memory, instruction, 2 * count + 1, constraints, arguments);
  const std::vector<llvm::Type*> fields(static_cast<std::size_t>(count), type);
  llvm::Type* result = count == 1 ? type : llvm::StructType::get(builder.getContext(), fields);
  llvm::Value* loaded = call(builder, text, constraints, result, arguments, memory.is_constant);
  std::vector<llvm::Value*> values;
  for (int i = 0; i < count; ++i) {
    llvm::Value* value =
        count == 1 ? loaded : builder.CreateExtractValue(loaded, static_cast<unsigned>(i));
    values.push_back(type == words.type ? value : builder.CreateTrunc(value, words.type));
  }
  return values;
}

void predicated_store(Builder& builder, const Memory& memory, const Words& words,
                      std::span<llvm::Value* const> values) {
  llvm::Type* type = register_type(builder, words);
  std::string constraints = is_shared(memory) ? "r" : "l";
  std::vector<llvm::Value*> arguments{address_operand(builder, memory)};
  for (llvm::Value* value : values) {
    constraints += fmt::format(",{}", constraint(type));
    arguments.push_back(type == words.type ? value : builder.CreateZExt(value, type));
  }
  const std::string instruction =
      fmt::format("st.{}{} [$0 + {}], {};", is_shared(memory) ? "shared" : "global",
                  width_suffix(words), memory.offset, operands_text(1, words.count));
  const std::string text = guarded(memory, instruction, words.count + 1, constraints, arguments);
  call(builder, text, constraints, builder.getVoidTy(), arguments, false);
}

llvm::Value* pointer(Builder& builder, const Memory& memory) {
  return builder.CreateConstGEP1_64(builder.getInt8Ty(), memory.address,
                                    static_cast<std::uint64_t>(memory.offset));
}

llvm::Value* plain_load(Builder& builder, const Memory& memory, const Words& words,
                        llvm::Type* type) {
  auto* loaded = builder.CreateAlignedLoad(type, pointer(builder, memory), alignment(words));
  if (memory.is_constant) {
    loaded->setMetadata(llvm::LLVMContext::MD_invariant_load,
                        llvm::MDNode::get(builder.getContext(), {}));
  }
  return loaded;
}

/// Applies `exchange` to a value of 32 bits or less, or to both halves of 64.
template <class Exchange>
llvm::Value* by_words(Builder& builder, llvm::Value* value, Exchange&& exchange) {
  llvm::Type* type = value->getType();
  llvm::Type* word = builder.getInt32Ty();
  if (type->isFloatTy()) {
    return builder.CreateBitCast(exchange(builder.CreateBitCast(value, word)), type);
  }
  const unsigned bits = type->getIntegerBitWidth();
  if (bits == 32) return exchange(value);
  if (bits < 32) {
    return builder.CreateTrunc(exchange(builder.CreateZExt(value, word)), type);
  }
  llvm::Value* low = exchange(builder.CreateTrunc(value, word));
  llvm::Value* high = exchange(builder.CreateTrunc(builder.CreateLShr(value, 32), word));
  return builder.CreateOr(builder.CreateZExt(low, type),
                          builder.CreateShl(builder.CreateZExt(high, type), 32));
}

}  // namespace

std::vector<llvm::Value*> load_elements(Builder& builder, const Memory& memory, llvm::Type* element,
                                        int count, llvm::Value* otherwise) {
  const Words words = words_of(builder, element, count);
  std::vector<llvm::Value*> values;
  if (is_conditional(memory)) {
    const std::vector<llvm::Value*> fill(static_cast<std::size_t>(words.elements), otherwise);
    values = predicated_load(builder, memory, words, pack(builder, words, fill)[0]);
  } else if (words.count == 1) {
    values.push_back(plain_load(builder, memory, words, words.type));
  } else {
    auto* type = llvm::FixedVectorType::get(words.type, static_cast<unsigned>(words.count));
    llvm::Value* vector = plain_load(builder, memory, words, type);
    for (std::size_t i = 0; i < static_cast<std::size_t>(words.count); ++i) {
      values.push_back(builder.CreateExtractElement(vector, i));
    }
  }
  return unpack(builder, words, element, values);
}

void store_elements(Builder& builder, const Memory& memory,
                    std::span<llvm::Value* const> elements) {
  const Words words = words_of(builder, elements[0]->getType(), static_cast<int>(elements.size()));
  const std::vector<llvm::Value*> values = pack(builder, words, elements);
  if (is_conditional(memory)) return predicated_store(builder, memory, words, values);
  llvm::Value* stored = values[0];
  if (words.count > 1) {
    stored = llvm::PoisonValue::get(
        llvm::FixedVectorType::get(words.type, static_cast<unsigned>(words.count)));
    for (std::size_t i = 0; i < values.size(); ++i) {
      stored = builder.CreateInsertElement(stored, values[i], i);
    }
  }
  builder.CreateAlignedStore(stored, pointer(builder, memory), alignment(words));
}

llvm::Value* shuffle_xor(Builder& builder, llvm::Value* value, int mask) {
  return by_words(builder, value, [&](llvm::Value* word) {
    return builder.CreateIntrinsic(
        llvm::Intrinsic::nvvm_shfl_sync_bfly_i32,
        {builder.getInt32(0xffffffffu), word, builder.getInt32(static_cast<std::uint32_t>(mask)),
         builder.getInt32(31)});
  });
}

llvm::Value* shuffle_from(Builder& builder, llvm::Value* value, llvm::Value* source) {
  return by_words(builder, value, [&](llvm::Value* word) {
    return builder.CreateIntrinsic(
        llvm::Intrinsic::nvvm_shfl_sync_idx_i32,
        {builder.getInt32(0xffffffffu), word, source, builder.getInt32(31)});
  });
}

}  // namespace tile::codegen::ptx
