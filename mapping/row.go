package mapping

import (
	"odoosync/internal/record"
)

// DecodeRow turns a row as the driver gives it into canonical values.
func (e *Entity) DecodeRow(columns map[string]any) (record.Fields, error) {
	return decodeRow(e.Name, e.Fields, columns)
}

// DecodeRow turns a line's row into canonical values.
func (c *Child) DecodeRow(columns map[string]any) (record.Fields, error) {
	return decodeRow(c.Table, c.Fields, columns)
}

func decodeRow(where string, fields []*Field, columns map[string]any) (record.Fields, error) {
	out := make(record.Fields, len(fields))
	for _, f := range fields {
		cell, ok := columns[f.Column]
		if !ok {
			continue
		}
		v, err := f.fromColumn(cell)
		if err != nil {
			return nil, record.Wrap(record.CodeRejected, nil, "%s, column %s: %v", where, f.Column, err)
		}
		out[f.Name] = v
	}
	return out, nil
}

func (f *Field) fromColumn(cell any) (record.Value, error) {
	if cell == nil {
		return record.Null, nil
	}
	if b, ok := cell.([]byte); ok && f.Type != TypeList {
		cell = string(b)
	}
	return f.canonical(cell)
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
