// Package mapping says which Odoo record becomes which row, and translates
// values between the two. The knowledge is in YAML; no Go code knows a model,
// a field or a table by name.
//
// # From YAML to a Mapping
//
// Parse reads the YAML strictly and reports every problem at once, with its
// entity, field and line, and the nearest known name for one that is unknown.
// Compile binds the result to what really exists: Odoo's fields_get of the
// version at hand and the columns of the live tables. It settles the
// alternatives by version ([tax_ids, tax_id]), leaves out optional fields that
// this Odoo does not have, and refuses what could only fail later, with some
// record, at night: a column that is missing or of a type that cannot hold the
// field, a FLOAT column for money, an ENUM without one of a selection's values, a
// NOT NULL column that may get nothing, an id column without its unique key.
// Without Schema.Models only the table side is bound, which is enough to apply
// webhook payloads (DecodePayload) without ever reaching Odoo.
//
// # Canonical values
//
// Everything is turned into a record.Value, whose forms record's own
// documentation lists. The choices made here:
//
//   - An empty text is no text: Odoo's False, Odoo's "" and a column's are
//     all Null. Null is written as an empty text where a text column is NOT NULL.
//   - Decimals are rounded half away from zero at the column's scale, as Odoo's
//     own HALF-UP rounding does, and -0 is 0. They are parsed from the text
//     Odoo sent; no binary float is on their way.
//   - Times are UTC to the second; parts of a second are cut off. A date is the
//     day as it was written, whatever its offset.
//   - A list is a set: sorted, without doubles. So the order in which Odoo
//     names tags or taxes never looks like an edit.
//   - A text longer than its column, a number out of range and a value an enum
//     does not have are rejected with a sentence, never cut or clamped.
//
// # Unknown and missing
//
// A field of Odoo that is absent from a raw record or payload is unknown, and so
// is every field of ours that depends on it: it is left out of the result. A
// reference to a record that has no row here yet is Null and listed (MissingRef,
// or a Stub in payload mode), for the caller to bring the parent and come back.
// A lookup that cannot be resolved leaves its field unknown: a name that the sync
// user may not read, or any name in payload mode, where Odoo cannot be asked.
//
// # The way back
//
// Encode turns a row's changed values, and EncodeNew a whole row, into Cells: a
// field of Odoo with its value in both forms it is sent in, the text of a load
// and the value of a write. Ids are not known here. Asks lists what must be found
// first, so that a caller finds it for many rows at once, and a Finder answers.
// The choices made here:
//
//   - Only what is Sendable travels. What Odoo computes is compared, what the
//     mapping's methods reach is brought about by Steps, and what is Locked (a
//     posted invoice) is left alone, whatever Odoo would let us do.
//   - values go back to the first of Odoo's that this version has and that would
//     be read as the same again; a value of Odoo's own stays what it is.
//   - Where several columns show one many2one, an id counts before a code and a
//     code before a name. Two that lead to different records are a contradiction
//     and refused; a name that leads nowhere, beside an id that does, is not.
//   - A name is found to the letter. The nearest one is never taken.
//   - NULL makes a field empty, or what null_if names. In a create it leaves the
//     field to Odoo, but for Create's values, which keep the sync user's own
//     salesperson and language out.
//   - Numbers and ids are refused beyond the 32 bits that XML-RPC carries, and
//     characters beyond those of XML: with a sentence here, not a fault there.
//
// What could only fail later, with some row, Compile refuses: a field that Odoo
// computes and nobody can write, a method's state that no record can have, a
// lookup restricted by what its model does not have, an empty create value that
// Odoo requires.
//
// A Spec, a Mapping and everything in it are read-only once made and may be
// shared between goroutines.
package mapping
