package mapping

import (
	"math/big"
	"strings"

	"odoosync/odooclient"
)

// Schema is what a Spec is bound to.
type Schema struct {
	Version odooclient.Version
	Models  map[string]odooclient.Fields // nil: no Odoo, payload mode
	Tables  map[string]Table
	OdooURL string // what the prefix "odoo_url" stands for
}

// Table is a live table.
type Table struct {
	Name    string
	Engine  string
	Columns map[string]Column
	// Unique are the columns of each unique key, the primary one included.
	// nil means that nobody looked: keys are not checked then.
	Unique [][]string
}

// Column is a live column, as information_schema describes it.
type Column struct {
	Name      string
	Type      string // "varchar", "decimal", ...
	FullType  string // "tinyint(1)", "int(10) unsigned", "enum('draft','sale')"
	Length    int64  // of a text, 0 when unbounded: characters, but bytes for TEXT and its kin
	Precision int
	Scale     int
	Nullable  bool
	Default   bool // has a default, or increments or computes itself
	Fresh     bool // gives every new row another value: AUTO_INCREMENT, DEFAULT (UUID())
}

// canonicalType tells the type of the column's values. ok is false for a type
// that cannot hold any (a blob, a float: money never passes through one).
func (c Column) canonicalType() (Type, bool) {
	switch c.Type {
	case "varchar", "char", "text", "tinytext", "mediumtext", "longtext", "enum":
		return TypeText, true
	case "tinyint":
		if c.FullType == "tinyint(1)" {
			return TypeBool, true
		}
		return TypeInt, true
	case "smallint", "mediumint", "int", "bigint":
		return TypeInt, true
	case "decimal", "numeric":
		return TypeDecimal, true
	case "date":
		return TypeDate, true
	case "datetime", "timestamp":
		return TypeTime, true
	case "json":
		return TypeList, true
	}
	return "", false
}

func (c Column) isText() bool {
	kind, ok := c.canonicalType()
	return ok && kind == TypeText && c.Type != "enum"
}

func (c Column) isInt() bool {
	kind, ok := c.canonicalType()
	return ok && kind == TypeInt
}

// inBytes reports whether Length counts bytes.
func (c Column) inBytes() bool { return strings.HasSuffix(c.Type, "text") }

func (c Column) unsigned() bool { return strings.Contains(c.FullType, "unsigned") }

// intBits is the number of bits of an integer column's positive numbers.
func (c Column) intBits() uint {
	bits := uint(0)
	switch c.Type {
	case "tinyint":
		bits = 7
	case "smallint":
		bits = 15
	case "mediumint":
		bits = 23
	case "int":
		bits = 31
	case "bigint":
		bits = 63
	}
	if bits > 0 && c.unsigned() {
		bits++
	}
	return bits
}

// holds reports whether the column holds that number, for the numbers that
// nearly all are.
func (c Column) holds(n int64) bool { return n >= 0 && n>>min(c.intBits(), 31) == 0 }

// intRange is the smallest and largest number an integer column holds; a
// column of another kind that is asked holds what fits into 63 bits.
func (c Column) intRange() (low, high *big.Int) {
	bits := c.intBits()
	if bits == 0 {
		bits = 63
	}
	one := big.NewInt(1)
	high = new(big.Int).Sub(new(big.Int).Lsh(one, bits), one)
	if c.unsigned() {
		return new(big.Int), high
	}
	return new(big.Int).Neg(new(big.Int).Lsh(one, bits)), high
}

// options are the values of an ENUM column, nil for another column.
func (c Column) options() []string {
	list, isEnum := strings.CutPrefix(c.FullType, "enum(")
	if c.Type != "enum" || !isEnum {
		return nil
	}
	var out []string
	var one strings.Builder
	list = strings.TrimSuffix(list, ")")
	for i, open := 0, false; i < len(list); i++ {
		switch {
		case list[i] != '\'':
			if open {
				one.WriteByte(list[i])
			}
		case open && i+1 < len(list) && list[i+1] == '\'': // '' is a quote within
			one.WriteByte('\'')
			i++
		case open:
			out, open = append(out, one.String()), false
			one.Reset()
		default:
			open = true
		}
	}
	return out
}
