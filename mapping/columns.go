package mapping

import (
	"maps"
	"slices"
	"strings"

	"odoosync/internal/record"
)

// use says what a column that is no field is for.
type use string

const (
	asKey      use = "the row's own id"
	asOdooID   use = "Odoo's id"
	asMark     use = "the mark of a deletion"
	asSurvivor use = "the id of the row a merge leaves"
	asParent   use = "the parent row's id"
	asPosition use = "the line's position"
)

type ownColumn struct {
	name string
	use  use
}

// columns checks the columns that the daemon keeps for itself.
func (c *compiler) columns(at place, t Table, table string, own ...ownColumn) {
	if t.Columns == nil {
		return
	}
	for _, o := range own {
		if o.name == "" {
			continue
		}
		col, ok := t.Columns[o.name]
		if !ok {
			c.problem(at, "%s", noColumn(table, o.name, t))
			continue
		}
		c.ownColumn(at, t, table, col, o.use)
	}
}

func (c *compiler) ownColumn(at place, t Table, table string, col Column, as use) {
	whole := col.isInt()
	var wrong string
	switch as {
	case asKey:
		if !whole && !col.isText() {
			wrong = "an integer or a text"
		}
		if t.Unique != nil && !t.isUnique(col.Name) {
			c.problem(at, "column %s.%s is the row's own id and must be the table's primary key", table, col.Name)
		}
	case asOdooID:
		if !whole || col.intBits() < 31 {
			wrong = "INT or BIGINT"
		}
		if !col.Nullable {
			c.problem(at, "column %s.%s must take NULL, which it holds until Odoo knows the row (ALTER TABLE %s MODIFY %s BIGINT NULL)", table, col.Name, table, col.Name)
		}
		if t.Unique != nil && !t.isUnique(col.Name) {
			c.problem(at, "column %s.%s needs a unique key, so that no record of Odoo gets two rows (ALTER TABLE %s ADD UNIQUE KEY (%s))", table, col.Name, table, col.Name)
		}
	case asMark:
		if kind, _ := col.canonicalType(); kind != TypeTime {
			wrong = "DATETIME"
		}
		if !col.Nullable {
			c.problem(at, "column %s.%s must take NULL, which it holds while the row is not deleted", table, col.Name)
		}
	case asSurvivor:
		if !whole && !col.isText() {
			wrong = "of the type of the row's id"
		}
		if !col.Nullable {
			c.problem(at, "column %s.%s must take NULL, which it holds until Odoo merges the record into another", table, col.Name)
		}
	case asParent:
		if !whole && !col.isText() {
			wrong = "of the type of the parent's id"
		}
	case asPosition:
		if !whole {
			wrong = "INT"
		}
	}
	if wrong != "" {
		c.problem(at, "column %s.%s holds %s and is %s: it must be %s", table, col.Name, as, col.FullType, wrong)
	}
}

// maxKey is how much of a row's own id is kept beside Odoo's.
const maxKey = 64

// key checks that a new row gets an id, where records of Odoo become rows.
func (c *compiler) key(at place, d Direction, t Table, table, name string) {
	col, ok := t.Columns[name]
	if !ok || t.Unique == nil {
		return
	}
	if col.isText() && col.Length > maxKey {
		c.problem(at, "column %s.%s is the row's own id and is %s: at most %d characters of it are kept, so make it VARCHAR(%d) or shorter", table, name, col.FullType, maxKey, maxKey)
	}
	if d != ToOdoo && !col.Fresh {
		c.problem(at, "column %s.%s is the row's own id, and nothing gives one to the row of a record that comes from Odoo: make it AUTO_INCREMENT, or a text with DEFAULT (UUID())", table, name)
	}
}

func noColumn(table, name string, t Table) string {
	return "table " + table + " has no column " + name + record.DidYouMean(name, keysOf(t.Columns))
}

// filled finds NOT NULL columns without a default that nothing fills.
func (c *compiler) filled(at place, t Table, fields []*Field, own ...string) {
	have := map[string]bool{}
	for _, name := range own {
		have[name] = true
	}
	for _, f := range fields {
		have[f.Column] = true
	}
	for _, name := range slices.Sorted(maps.Keys(t.Columns)) {
		col := t.Columns[name]
		if !col.Nullable && !col.Default && !have[name] {
			c.problem(at, "column %s.%s must be filled (NOT NULL, no default), and no field does: map it, or give it a default", t.Name, name)
		}
	}
}

// isUnique reports whether a unique key consists of this column alone.
func (t Table) isUnique(column string) bool {
	return slices.ContainsFunc(t.Unique, func(key []string) bool { return len(key) == 1 && strings.EqualFold(key[0], column) })
}
