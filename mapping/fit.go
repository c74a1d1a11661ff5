package mapping

import (
	"slices"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// place names the field's column with its table.
func (f *Field) place() string { return f.table + "." + f.Column }

// fit checks that the column can hold what Odoo's field gives, whatever the
// record: what is only found when some record comes is found too late.
func (c *compiler) fit(at place, f *Field, from odooclient.Field, to side) {
	wrong := func(want string) {
		c.problem(at, "column %s is %s, and Odoo's field %s of the type %s: %s", f.place(), f.col.FullType, from.Name, from.Type, want)
	}
	switch f.Kind {
	case KindLookup, KindLookupList:
		c.lookupFit(at, f, from)
	case KindReference, KindRawID:
		if from.Name != "id" && from.Type != "many2one" {
			c.problem(at, "Odoo's field %s is of the type %s, and a %s needs a many2one", from.Name, from.Type, f.Kind)
		} else if !f.col.isText() && (!f.col.isInt() || f.col.intBits() < 31) {
			wrong("an id needs INT, BIGINT or VARCHAR")
		}
	default:
		if f.html && from.Type != "html" && from.Type != "text" {
			c.problem(at, "html is for HTML, and Odoo's field %s is of the type %s: its text would lose what looks like a tag", from.Name, from.Type)
		}
		if want := f.needs(from.Type); want != "" {
			wrong(want)
			return
		}
		c.choices(at, f, from, to)
	}
}

// lookupFit checks a field that is read on another record.
func (c *compiler) lookupFit(at place, f *Field, from odooclient.Field) {
	need := map[Kind]string{KindLookup: "many2one", KindLookupList: "many2many"}[f.Kind]
	if from.Type != need {
		c.problem(at, "Odoo's field %s is of the type %s, and a %s needs a %s", from.Name, from.Type, f.Kind, need)
		return
	}
	if f.Kind == KindLookupList && f.col.Type != "json" && !f.col.isText() {
		c.problem(at, "column %s is %s, and a list needs JSON", f.place(), f.col.FullType)
	}
	behind := c.schema.Models[from.Relation]
	if behind == nil {
		return
	}
	read, ok := behind[f.LookupField]
	if !ok {
		c.problem(at, "%s", c.noField(f.LookupField, from.Relation, behind))
		return
	}
	if f.Kind == KindLookup {
		if want := f.needs(read.Type); want != "" && read.Type != "many2one" {
			c.problem(at, "column %s is %s, and Odoo's field %s on %s of the type %s: %s", f.place(), f.col.FullType, read.Name, from.Relation, read.Type, want)
		}
	}
}

// needs says what a plain value of that type of Odoo needs, "" when the column
// does. Types that a newer Odoo may have are left to the values themselves.
func (f *Field) needs(odooType string) string {
	allowed, need := []Type{TypeText}, "use VARCHAR or TEXT"
	switch odooType {
	case "many2one", "one2many", "many2many":
		return "say with lookup, lookup_list, reference or raw_id what to keep of it"
	case "binary", "json", "properties", "properties_definition", "serialized":
		return "such a field cannot be mapped"
	case "monetary", "float":
		allowed, need = []Type{TypeDecimal}, "use DECIMAL, such as DECIMAL(16,2)"
		if odooType == "monetary" && f.Type == TypeDecimal && f.col.Scale < 2 {
			return "money needs two decimals or more, such as DECIMAL(16,2)"
		}
	case "integer", "many2one_reference":
		allowed, need = []Type{TypeInt, TypeDecimal, TypeText}, "use INT or BIGINT"
	case "boolean":
		allowed, need = []Type{TypeBool}, "use BOOLEAN"
	case "date":
		allowed, need = []Type{TypeDate, TypeText}, "use DATE"
		if f.Direction == ToAPI {
			allowed = append(allowed, TypeTime)
		}
	case "datetime":
		allowed, need = []Type{TypeTime, TypeText}, "use DATETIME"
		if f.Direction == ToAPI {
			allowed = append(allowed, TypeDate) // the day alone, which could not be written back
		}
	case "selection":
		return "" // its values are known: choices looks at each
	case "char", "text", "html":
	default:
		return ""
	}
	if slices.Contains(allowed, f.Type) {
		return ""
	}
	return need
}

// choices checks every value of a selection, as it would be decoded. Those that
// the entity's domain or the field's condition keep out need not fit.
func (c *compiler) choices(at place, f *Field, from odooclient.Field, to side) {
	if from.Type != "selection" {
		return
	}
	if len(from.Selection) == 0 && f.Type != TypeText && len(f.values) == 0 {
		c.problem(at, "column %s is %s, and Odoo's field %s of the type selection: use VARCHAR", f.place(), f.col.FullType, from.Name)
	}
	for _, option := range from.Selection {
		raw := odooclient.Raw{from.Name: option.Key}
		if to.domain.eval(raw, nil) == no || f.when.eval(raw, nil) == no {
			continue
		}
		if _, err := f.plainValue(option.Key); err != nil {
			c.problem(at, "column %s (%s) cannot hold %q, which Odoo's field %s may have: %v; change the column, or translate it by values",
				f.place(), f.col.FullType, option.Key, from.Name, err)
		}
	}
}

// nullable checks that the column takes NULL where the value may be empty. A
// text column that does not is written empty, and a boolean one 0.
func (c *compiler) nullable(at place, f *Field, from odooclient.Field) {
	if f.col.Nullable || !f.Direction.FromOdoo() {
		return
	}
	if len(f.when.terms) > 0 && !f.col.Default {
		c.problem(at, "column %s must take NULL or have a default, because the value is unknown until its condition holds", f.place())
		return
	}
	if why := f.emptyWhen(from); why != "" {
		c.problem(at, "column %s must take NULL, because %s (ALTER TABLE %s MODIFY %s %s NULL)", f.place(), why, f.table, f.Column, f.col.FullType)
	}
}

// emptyWhen says why the value of a NOT NULL column may be NULL, "" when it
// cannot or when the column has a value for it.
func (f *Field) emptyWhen(from odooclient.Field) string {
	name := from.Name
	if name == "" {
		name = f.Source
	}
	switch f.Kind {
	case KindPath:
		return "a record need not lead to another"
	case KindReference:
		if name == "id" {
			return "" // the row of the same record comes first
		}
		return "the record it points at may have no row here"
	}
	if f.Type == TypeBool || f.Type == TypeText && f.options == nil {
		return ""
	}
	switch {
	case f.Kind == KindLookupList || from.Required:
		return ""
	case f.Kind == KindCases:
		if f.otherwise == record.Null {
			return "no case may hold, and otherwise has no value"
		}
		return ""
	case f.Kind == KindPlain && slices.Contains([]string{"integer", "float", "monetary", "boolean"}, from.Type):
		return "" // never empty in Odoo
	case from.Name == "":
		return "" // nothing is known of Odoo's field
	}
	return "Odoo's field " + name + " may be empty"
}
