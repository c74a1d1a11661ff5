// Package merge decides, without touching anything, what each side must change
// so that both agree: a three-way merge of Odoo's record, our row, and the base
// both last agreed on.
//
// # The table
//
// Each side's value is compared with its own half of the field's base pair.
//
//	Odoo      row       then
//	same      same      nothing
//	changed   same      the row follows
//	same      changed   Odoo follows
//	changed   changed   equal now: agreed; else the policy decides and both are kept
//
// A change against the field's direction is written back ("revert") and kept as
// a conflict. A field that either side does not know (a partial payload) is left
// alone with its pair. Without a base there is nothing to compare with: a record
// that exists on one side only is created on the other, and two that exist are
// adopted: equal values agree, a value fills an empty one, another spelling of
// Odoo's value becomes Odoo's, other differences go by Input.Adopt and are kept.
//
// # The next base
//
// Next is the base once ToLocal and LocalLines are written, which the caller
// does in the same transaction. What still has to go to Odoo keeps its old
// pair, so that a lost write is found again; Confirm moves it afterwards.
//
// Choose, ChooseLine and AcceptEdits move the base instead, for a person who has
// taken a side of a conflict: the next merge then finds that side's edit alone.
//
// # Laws
//
// Each has a property test:
//
//   - idempotent: merging again after the changes were applied changes nothing;
//   - echo: a record that equals what we wrote merges to nothing;
//   - disjoint edits of both sides both survive;
//   - order: syncing after each edit or once after both ends alike;
//   - settling: a value that Odoo normalises costs one write each way, no more;
//   - unknown fields never change;
//   - nothing vanishes: a value that is overwritten without having been agreed
//     on is in Conflicts.
package merge
