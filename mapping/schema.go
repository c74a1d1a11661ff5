package mapping

import "odoosync/odooclient"

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
}

// Column is a live column, as information_schema describes it.
type Column struct {
	Name      string
	Type      string // "varchar", "decimal", ...
	FullType  string // "tinyint(1)"
	Length    int64  // characters of a text, 0 when unbounded
	Precision int
	Scale     int
	Nullable  bool
	Default   bool // has a default, or increments by itself
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
