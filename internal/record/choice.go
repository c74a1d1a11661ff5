package record

import (
	"fmt"
	"strings"
)

// Choice is what a person decides about conflicts: one side, or a side for each
// field by its label. Exactly one of both is set.
type Choice struct {
	Side   Side
	Fields map[string]Side
}

// ParseSide reads a side's name.
func ParseSide(name string) (Side, error) {
	switch s := Side(strings.TrimSpace(name)); s {
	case Odoo, Local:
		return s, nil
	}
	return "", fmt.Errorf("%.40q is no side: take odoo or local", name)
}

// ParseChoice reads "odoo", "local", or "field=odoo,field2=local". A line's
// field is named as conflicts name it: "invoice_line_ids[odoo:12].name=odoo".
func ParseChoice(text string) (Choice, error) {
	if !strings.Contains(text, "=") {
		side, err := ParseSide(text)
		return Choice{Side: side}, err
	}
	c := Choice{Fields: map[string]Side{}}
	for _, part := range strings.Split(text, ",") {
		i := strings.LastIndex(part, "=")
		if i < 0 {
			return Choice{}, fmt.Errorf("%.40q names no side: write field=odoo or field=local", part)
		}
		side, err := ParseSide(part[i+1:])
		if err != nil {
			return Choice{}, err
		}
		field := strings.TrimSpace(part[:i])
		if _, twice := c.Fields[field]; twice || field == "" {
			return Choice{}, fmt.Errorf("the field %.40q is empty or stands twice", field)
		}
		c.Fields[field] = side
	}
	return c, nil
}
