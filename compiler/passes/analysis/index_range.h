// What is known of index arithmetic in a kernel: each i64 value as a Form over atoms (sizes,
// program ids, turns of loops, opaque values), each atom with bounds, and a prover of `form >= 0`
// from them.
//
// Bounds come from the grid (a program id is below its extent), loops, division, min and max,
// `assume`, and the conditions of ifs around a place. Sizes are keyed by symbol: the launcher
// checks that a symbol has one value. Index arithmetic is taken not to wrap around int64: sizes are
// far below that.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/ir/function.h"
#include "compiler/passes/analysis/affine.h"

namespace tile::passes {

class IndexFacts {
 public:
  explicit IndexFacts(const ir::Function& kernel);

  /// The value of an i64 scalar, or of any one element of a rank-1 i64 tile.
  Form form(ir::ValueId value);
  /// Any one index that dimension `dim` of a load or store touches.
  Form touched_index(ir::OpId access, std::size_t dim);
  Form size(ir::ValueId tensor, std::size_t axis);

  /// Whether form >= 0 follows from what is known.
  bool is_never_negative(const Form& form);
  /// 0 <= form < size.
  bool is_inside(const Form& form, const Form& size);

  /// Knowledge that holds only in a part of the kernel: note the mark, add, and go back to the
  /// mark.
  std::size_t mark() const { return added_.size(); }
  void forget_after(std::size_t mark);
  void add_never_negative(const Form& form);
  /// The condition is known to hold (or known not to).
  void add_condition(ir::ValueId condition, bool holds = true);
  /// What holds inside region `index` of a control op: an if's condition, that a loop has a turn.
  void add_region(const ir::Op& op, std::size_t index);

  // For comparing two programs (check_races).

  /// The atoms a program id is made of: itself, or quotient and remainder when the kernel divides
  /// it.
  std::vector<Atom> program_parts(int axis);
  /// Replaces atoms that the kernel's divisions have split since the form was made.
  Form resolved(const Form& form) const;
  /// The form as another program has it: everything that may differ, but for the atoms in `shared`,
  /// is renamed. Bounds known now are known of the renamed atoms. drop_renamed ends their life.
  Form in_other_program(const Form& form, std::span<const Atom> shared);
  void drop_renamed();
  /// No atom of the form may differ between programs, but for those in `shared`.
  bool is_shared(const Form& form, std::span<const Atom> shared) const;
  /// The form mentions the atom, also inside a division, min or max.
  bool depends_on(const Form& form, Atom atom) const;
  /// The form mentions a value of which nothing is known and that programs need not share.
  bool has_unknown(const Form& form) const;
  /// The constant that the atom is known to equal, if any.
  std::optional<std::int64_t> known_constant(Atom atom);

 private:
  /// scale * atom >= form, or <= form; scale >= 1.
  struct Bound {
    Form scale;
    Form form;
    bool is_scoped =
        false;  // known in a part of the kernel: not used to build forms, which outlive it
  };
  struct AtomInfo {
    enum class Kind : std::uint8_t {
      Value,  // what no form can say
      Size,
      Program,
      Turn,      // of a loop: 0, 1, ...
      Element,   // position in a tile
      Part,      // of an atom that a division split
      Quotient,  // floor(dividend / divisor)
      Min,
      Max,
      Either,  // one of two forms
    };
    Kind kind = Kind::Value;
    bool varies = true;  // may differ between programs, or within one
    ir::ValueId value;   // Value, Turn, Element: whose
    int axis = 0;        // Program
    std::string symbol;  // Size
    Form first, second;  // dividend and divisor, or the two choices
    std::vector<Bound> lower, upper;
    std::optional<Form> replaced_by;
    Atom quotient = 0, remainder = 0;  // of a split
    Atom renamed = 0;
    bool is_being_renamed = false;
  };
  using Kind = AtomInfo::Kind;

  AtomInfo& atom(Atom atom) { return atoms_[atom - 1u]; }
  const AtomInfo& atom(Atom atom) const { return atoms_[atom - 1u]; }
  Atom add_atom(AtomInfo info);
  void bound_below(Atom atom, const Form& form) { bound(atom, false, Form(1), form); }
  void bound_above(Atom atom, const Form& form) { bound(atom, true, Form(1), form); }
  void bound(Atom atom, bool above, const Form& scale, const Form& form);
  void learn(Atom atom, bool above, const Form& scale, const Form& form);

  // index_forms.cpp
  Form form_of_op(ir::ValueId value, const ir::Op& op);
  Form form_of_argument(ir::ValueId value);
  Form opaque(ir::ValueId value);
  Form element(ir::ValueId value, std::int64_t extent);
  Form program(int axis);
  Form choice(Kind kind, const Form& first, const Form& second);
  bool value_varies(ir::ValueId value);
  void add_grid();
  void add_assumes();
  void add_divisibility(ir::ValueId condition);

  // division.cpp
  std::optional<Form> quotient(const Form& dividend, const Form& divisor);
  std::optional<Form> split_by_radix(const Form& rest, const Form& divisor);
  Form quotient_atom(const Form& dividend, const Form& divisor);
  bool split(Atom atom, const Form& divisor, bool is_exact);

  // index_range.cpp
  bool prove(Form form, int& budget);
  bool prove_choice(const AtomInfo& info, const Form& coefficient, const Form& rest, int& budget);
  bool has_no_negative_factor(const Form& form, int& budget);
  bool atom_is_never_negative(Atom atom, int& budget);
  Form rename(Atom atom, std::span<const Atom> shared);
  bool is_varying(const Form& form) const;

  const ir::Function& function_;
  std::vector<AtomInfo> atoms_;
  EntityVector<ir::ValueId, std::optional<Form>> forms_;
  EntityVector<ir::ValueId, char> varies_;  // 0 unknown, 1 no, 2 yes
  std::vector<std::pair<Atom, bool>>
      added_;  // scoped bounds in the order they were learned; true: above
  std::vector<Form> extents_;
  std::size_t first_renamed_ = 0;  // atoms from here on are another program's; 0: none
  bool has_splits_ = false;
  bool is_scoped_ = false;  // what is learned now is to be forgotten
  bool uses_scoped_ = true;
};

}  // namespace tile::passes
