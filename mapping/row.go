package mapping

import (
	"fmt"
	"strings"
	"time"

	"odoosync/internal/record"
)

// DecodeRow turns a row as the driver gives it into canonical values. What an
// API wrote and this column's type does not read (an object for a list, a year
// before 1000) stands for itself: it differs from the base, and so is merged
// like any edit instead of keeping the record out.
func (e *Entity) DecodeRow(columns map[string]any) record.Fields {
	return decodeRow(e.Fields, columns)
}

// DecodeRow turns a line's row into canonical values.
func (c *Child) DecodeRow(columns map[string]any) record.Fields {
	return decodeRow(c.Fields, columns)
}

func decodeRow(fields []*Field, columns map[string]any) record.Fields {
	out := make(record.Fields, len(fields))
	for _, f := range fields {
		if cell, ok := columns[f.Column]; ok {
			out[f.Name] = f.fromColumn(cell)
		}
	}
	return out
}

func (f *Field) fromColumn(cell any) record.Value {
	if cell == nil {
		return record.Null
	}
	if b, ok := cell.([]byte); ok && f.Type != TypeList {
		cell = string(b)
	}
	v, err := f.canonical(cell)
	if err != nil {
		return asItStands(cell)
	}
	return v
}

func asItStands(cell any) record.Value {
	switch x := cell.(type) {
	case []byte:
		return record.Text(strings.ToValidUTF8(string(x), "\uFFFD"))
	case time.Time:
		return record.Text(x.Format(time.RFC3339Nano))
	}
	return record.Text(strings.ToValidUTF8(fmt.Sprint(cell), "\uFFFD"))
}

// Arg returns what the driver stores for a canonical value: NULL, or the
// canonical text, which MySQL reads for every column type. Where the column
// cannot be NULL, a text is written empty and a boolean as 0.
func (f *Field) Arg(v record.Value) any {
	if !v.IsNull() {
		return v.Text()
	}
	if f.col.Nullable {
		return nil
	}
	switch f.Type {
	case TypeText:
		if f.Kind != KindReference && f.Kind != KindPath {
			return ""
		}
	case TypeBool:
		return "0"
	}
	return nil
}
