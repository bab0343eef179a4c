// Writes one loop nest. Values are computed where they are first needed, at the outermost loop they
// allow: what does not depend on an index is written before that loop, as a scalar if it does not
// depend on the vector dimension. Each open loop has its own text and its own memory of what has
// been computed in it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/codegen/cpp/kernel_emitter.h"

namespace tile::codegen {

class NestEmitter {
 public:
  NestEmitter(KernelEmitter& kernel, const schedule::Nest& nest);
  void run();
  /// For ops outside nests: the lines that compute a scalar Load go to the kernel's text.
  Term scalar_load(const ir::Op& op);

 private:
  struct Level {
    std::string text;
    std::map<std::pair<ir::ValueId, schedule::IndexMap>, Term> values;
    std::map<std::string, std::string> expressions;  // name of the local that holds it
  };

  /// Where an access finds its elements: base + sum of parts, and how the lanes of a vector follow.
  struct Address {
    std::string base;
    std::vector<Term> parts;         // offsets in elements, scalars
    std::string lane_stride;         // empty: the same element for all lanes
    std::string lane_index;          // position along the vector dimension that lane 0 has
    Term gather;                     // vector of indices, with lane_stride; text empty if none
    std::vector<Term> conditions;    // scalars that must hold
    std::vector<std::string> masks;  // of lanes
    unsigned dims = 0;               // loops that must be open even if no part depends on them
  };

  // nest_emitter.cpp: loops and values.
  std::string purpose() const;
  void declare_results();
  void open_loops(std::size_t depth);
  void vector_loop(std::size_t depth);
  void scalar_loop(std::size_t depth);
  void open_block();
  std::string loop_body(std::size_t depth, bool is_partial);
  void emit_sinks();
  Term value_at(ir::ValueId value, const schedule::IndexMap& map, bool is_definition = false);
  Term compute(ir::ValueId value, const schedule::IndexMap& map);
  Term elementwise_at(const ir::Op& op, const schedule::IndexMap& map);
  Term iota_at(const ir::Op& op, const schedule::IndexMap& map);
  std::size_t depth_of(unsigned dims) const;
  unsigned bit(int dim) const { return dim < 0 ? 0u : 1u << dim; }
  Term define(std::string_view hint, const std::string& type, const std::string& expression,
              unsigned dims, bool is_vector);
  Term index(schedule::IndexTerm term) const;
  bool is_own_fill(ir::ValueId value, const schedule::IndexMap& map) const;

  // memory.cpp
  Address tensor_address(const ir::Op& op, const schedule::IndexMap& map);
  Address buffer_address(schedule::BufferId buffer, const schedule::IndexMap& map,
                         const std::vector<std::int64_t>& offsets);
  void add_range(Address& address, const ir::Op& op, std::size_t t, std::size_t d,
                 schedule::IndexTerm term);
  void add_index(Address& address, const Term& index, const std::string& stride);
  bool is_covered(const ir::Op& op, std::size_t d, schedule::IndexTerm term) const;
  std::string pointer(const Address& address);
  std::string lane_mask(const Address& address, bool needs_one, bool is_read);
  Term condition(const Address& address);
  unsigned dims_of(const Address& address) const;
  Term read(const Address& address, ir::ElementType element, const std::string& pad,
            std::string_view hint);
  void write(const Address& address, ir::ElementType element, const Term& value, bool may_overrun);

  // reduce.cpp
  struct Reduction {
    const schedule::Sink* sink = nullptr;
    std::vector<std::string> state;  // locals that hold the partial results
    std::int64_t rows = 0;           // sum and prod: partial results kept apart
  };
  void begin_reductions();
  void end_reductions();
  void begin(Reduction& reduction);
  void update(Reduction& reduction);
  void end(Reduction& reduction);
  void update_custom(Reduction& reduction);
  void update_arg(Reduction& reduction);
  void update_scan(Reduction& reduction);
  void write_result(ir::ValueId result, const Term& term, const ir::Op& op, int axis);
  std::string axis_step() const;
  bool is_axis_vector() const { return nest_.axis >= 0 && nest_.axis == nest_.vector_dim; }

  KernelEmitter& kernel_;
  const schedule::Nest& nest_;
  const ir::Function& function_;
  const schedule::Plan& plan_;
  std::vector<Level> levels_;         // [0]: outside all loops; [d]: inside loop nest_.order[d - 1]
  std::vector<std::string> indices_;  // loop variable per dimension
  std::vector<std::string> bounds_;   // number of elements per dimension
  std::string left_;                  // lanes that take part, while the last vector is written
  std::vector<Reduction> reductions_;
  std::map<ir::ValueId, Term> bound_;  // arguments and values of a combine region
};

}  // namespace tile::codegen
