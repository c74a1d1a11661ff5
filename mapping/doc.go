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
// A Spec, a Mapping and everything in it are read-only once made and may be
// shared between goroutines.
package mapping
