// Package record is the vocabulary every other package speaks: sides, values,
// records, the base a merge starts from, and errors with a code.
//
// # One domain of values
//
// Odoo and MySQL disagree on how a value looks: an empty phone is False there
// and NULL here, a country is 75 there and "FR" here, a price is a float there
// and a DECIMAL here. Package mapping translates both into one canonical form,
// a Value: NULL or a text. Two values are equal exactly when their texts are,
// so the merge compares with == and never needs to know a type. The text of
//
//	a string     is itself, line ends as \n
//	an integer   is decimal digits: "42", "-1"
//	a decimal    has the column's scale: "5000.00", never "5e3" or "-0.00"
//	a boolean    is "1" or "0"
//	a date       is "2025-01-22"
//	a time       is "2025-01-22 10:30:00", UTC, to the second
//	a list       is JSON without spaces: ["20%"], []
//	a reference  is the local id of the row it points at: "17"
//	a lookup     is the code or name it stands for: "FR"
//
// Money is never held in a float on its way through this form.
//
// # Absent is not NULL
//
// A field that is missing from Fields is unknown: a partial webhook payload did
// not say. A field that is present and Null is known to be empty. The merge
// leaves unknown fields alone.
//
// All types here are plain data without locks; share them between goroutines
// only when nobody writes.
package record
