// See check_races.h. Two accesses of different programs cannot meet if, part by part, the element
// says which program it is: a part (a program id, or the quotient and remainder it was split into)
// is decided by a dimension whose index moves, per step of that part, by more than all else in the
// index can make up for. Parts decided earlier count as equal in both programs, all other unknowns
// as unrelated.
#include "compiler/passes/check_races.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "compiler/passes/analysis/index_range.h"

namespace tile::passes {

using namespace ir;

namespace {

/// A condition around an access: of an if's region, or the turn of a loop.
struct Guard {
  OpId op;
  std::size_t region = 0;
  bool operator==(const Guard&) const = default;
};

struct Access {
  OpId op;
  std::vector<Form> indices;
  std::vector<Guard> guards;
};

class RaceCheck {
 public:
  explicit RaceCheck(const Function& kernel) : function_(kernel), facts_(kernel) {}
  std::vector<RaceProblem> run();

 private:
  void collect(BlockId block, std::vector<Guard>& guards);
  void check_tensor(ValueId tensor);
  std::vector<Access> of_tensor(ValueId tensor, OpCode code);
  bool cannot_meet(const Access& a, const Access& b);
  void know(const std::vector<Guard>& guards);
  bool is_constant_in_both(Atom part, const Access& a, const Access& b);
  bool decides(const Form& a, const Form& b, Atom part, const Access& at_a, const Access& at_b);
  void report(const Access& access, const Access& other, ValueId tensor);
  std::string describe_axis(int axis);
  std::string explain(const Access& access, std::span<const Atom> parts, bool is_alone);

  const Function& function_;
  IndexFacts facts_;
  std::vector<Access> accesses_;
  std::vector<Atom> decided_;  // parts, of the pair that is being compared
  std::vector<Atom> undecided_;
  std::vector<RaceProblem> problems_;
};

void RaceCheck::collect(BlockId block, std::vector<Guard>& guards) {
  for (OpId id : function_.blocks[block].ops) {
    const Op& op = function_.ops[id];
    if (op.code == OpCode::Load || op.code == OpCode::Store) {
      const Parameter& parameter = function_.parameters[function_.values[op.operands[0]].index];
      const bool is_checked =
          parameter.access == ir::Access::Out || parameter.access == ir::Access::InOut;
      if (!is_checked) continue;
      Access access{id, {}, guards};
      for (std::size_t dim = 2; dim < op.operands.size(); ++dim) {
        access.indices.push_back(facts_.touched_index(id, dim - 2));
      }
      accesses_.push_back(std::move(access));
    }
    for (std::size_t index = 0; index < op.regions.size(); ++index) {
      guards.push_back({id, index});
      collect(op.regions[index], guards);
      guards.pop_back();
    }
  }
}

void RaceCheck::know(const std::vector<Guard>& guards) {
  for (const Guard& guard : guards) facts_.add_region(function_.ops[guard.op], guard.region);
}

/// In the programs that get to either access the part is one and the same constant.
bool RaceCheck::is_constant_in_both(Atom part, const Access& a, const Access& b) {
  std::optional<std::int64_t> values[2];
  const Access* sides[] = {&a, &b};
  for (int side = 0; side < 2; ++side) {
    const std::size_t mark = facts_.mark();
    know(sides[side]->guards);
    values[side] = facts_.known_constant(part);
    facts_.forget_after(mark);
  }
  return values[0] && values[0] == values[1];
}

/// If the program of `a` has a larger or smaller part than the program of `b`, the indices differ.
bool RaceCheck::decides(const Form& a, const Form& b, Atom part, const Access& at_a,
                        const Access& at_b) {
  Form rest_a, rest_b;
  const Form step = a.coefficient_of(part, rest_a);
  if (step != b.coefficient_of(part, rest_b) || step.terms().empty()) return false;
  if (facts_.depends_on(step, part) || facts_.depends_on(rest_a, part) ||
      facts_.depends_on(rest_b, part) || !facts_.is_shared(step, decided_)) {
    return false;
  }
  const Form size = facts_.is_never_negative(step) ? step : step * -1;
  // What is known at b becomes knowledge of the renamed unknowns, what is known at a is added then.
  const std::size_t mark = facts_.mark();
  know(at_b.guards);
  const Form other = facts_.in_other_program(rest_b, decided_);
  facts_.forget_after(mark);
  know(at_a.guards);
  const Form difference = rest_a - other;
  const bool differ = facts_.is_never_negative(size + difference - 1) &&
                      facts_.is_never_negative(size - difference - 1);
  facts_.forget_after(mark);
  facts_.drop_renamed();
  return differ;
}

bool RaceCheck::cannot_meet(const Access& a, const Access& b) {
  decided_.clear();
  undecided_.clear();
  for (int axis = 0; axis < function_.grid_rank(); ++axis) {
    for (Atom part : facts_.program_parts(axis)) {
      (is_constant_in_both(part, a, b) ? decided_ : undecided_).push_back(part);
    }
  }
  for (bool progress = true; progress && !undecided_.empty();) {
    progress = false;
    for (std::size_t at = 0; at < undecided_.size() && !progress; ++at) {
      for (std::size_t dim = 0; dim < a.indices.size() && !progress; ++dim) {
        const Form first = facts_.resolved(a.indices[dim]);
        const Form second = facts_.resolved(b.indices[dim]);
        progress = decides(first, second, undecided_[at], a, b);
      }
      if (!progress) continue;
      decided_.push_back(undecided_[at]);
      undecided_.erase(undecided_.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return undecided_.empty();
}

std::vector<Access> RaceCheck::of_tensor(ValueId tensor, OpCode code) {
  std::vector<Access> found;
  for (const Access& access : accesses_) {
    const Op& op = function_.ops[access.op];
    if (op.code == code && op.operands[0] == tensor) found.push_back(access);
  }
  return found;
}

std::string RaceCheck::describe_axis(int axis) {
  std::string_view name;
  for (const Op& op : function_.ops) {
    if (op.code != OpCode::ProgramId || std::get<AxisAttrs>(op.attributes).axis != axis) continue;
    if (name.empty()) name = function_.values[op.results[0]].name;
  }
  if (name.empty()) return fmt::format("program axis {}", axis);
  return fmt::format("program axis {} (`{}`)", axis, name);
}

/// Why the access does not tell programs apart that differ along the axis.
std::string RaceCheck::explain(const Access& access, std::span<const Atom> parts, bool is_alone) {
  const auto& dims = std::get<AccessAttrs>(function_.ops[access.op].attributes).dims;
  std::string unknown;
  for (std::size_t dim = 0; dim < dims.size(); ++dim) {
    const Form index = facts_.resolved(access.indices[dim]);
    Form rest;
    const auto step = index.coefficient_of(parts[0], rest).constant();
    if (parts.size() == 1 && step && *step != 0) {
      if (std::abs(*step) >= dims[dim].extent) {
        return fmt::format("moves index {} by {} per program, which {}", dim, *step,
                           is_alone ? "the rest of the index may undo"
                                    : "does not keep it apart from the other access");
      }
      return fmt::format("moves index {} by {} per program, but the access covers {} elements", dim,
                         *step, dims[dim].extent);
    }
    if (std::any_of(parts.begin(), parts.end(),
                    [&](Atom part) { return facts_.depends_on(index, part); })) {
      return fmt::format("enters index {} in a way that may give two programs one index", dim);
    }
    if (facts_.has_unknown(index)) {
      unknown =
          fmt::format("does not tell programs apart: index {} is a value found at run time", dim);
    }
  }
  return unknown.empty() ? "does not appear in the index" : unknown;
}

/// Says which axes the index left open.
void RaceCheck::report(const Access& access, const Access& other, ValueId tensor) {
  const Op& op = function_.ops[access.op];
  const std::string& name = function_.parameters[function_.values[tensor].index].name;
  RaceProblem problem{op.span, op.code == OpCode::Load, name, {}};
  for (int axis = 0; axis < function_.grid_rank(); ++axis) {
    const std::vector<Atom> parts = facts_.program_parts(axis);
    const bool is_open = std::any_of(parts.begin(), parts.end(), [&](Atom part) {
      return std::find(undecided_.begin(), undecided_.end(), part) != undecided_.end();
    });
    if (!is_open) continue;
    problem.notes.push_back(
        {{}, describe_axis(axis) + " " + explain(access, parts, other.op == access.op)});
  }
  const Op& other_op = function_.ops[other.op];
  if (other.op != access.op) problem.notes.push_back({other_op.span, "the other access is here"});
  const auto at = std::upper_bound(
      problems_.begin(), problems_.end(), problem,
      [](const RaceProblem& a, const RaceProblem& b) { return a.span.begin < b.span.begin; });
  problems_.insert(at, std::move(problem));
}

void RaceCheck::check_tensor(ValueId tensor) {
  const std::vector<Access> stores = of_tensor(tensor, OpCode::Store);
  const std::vector<Access> loads = of_tensor(tensor, OpCode::Load);
  const auto check = [&](const Access& access, std::span<const Access> others) {
    for (const Access& other : others) {
      if (cannot_meet(access, other)) continue;
      return report(access, other, tensor);  // one message per access
    }
  };
  for (std::size_t index = 0; index < stores.size(); ++index) {
    check(stores[index], std::span(stores).first(index + 1));
  }
  for (const Access& load : loads) check(load, stores);
}

std::vector<RaceProblem> RaceCheck::run() {
  std::vector<Guard> guards;
  collect(function_.body, guards);
  for (ValueId parameter : function_.blocks[function_.body].arguments) {
    if (function_.type(parameter).is_tensor()) check_tensor(parameter);
  }
  return std::move(problems_);
}

}  // namespace

std::vector<RaceProblem> check_races(const Function& kernel) { return RaceCheck(kernel).run(); }

}  // namespace tile::passes
