package mapping

import (
	"slices"

	"odoosync/odooclient"
)

// Locked reports whether a record, as read right before a write, must not be
// written, its lines included, and which fields of ours may be all the same.
// Odoo is not the guard: 16 and 17 let a posted invoice's lines be rewritten. A
// record that was read without LockFields counts as locked.
func (e *Entity) Locked(raw odooclient.Raw) (bool, []string) {
	if len(e.lock.terms) == 0 || e.lock.eval(raw, nil) == no {
		return false, nil
	}
	return true, slices.Clone(e.lockExcept)
}

// LockFields are Odoo's fields that Locked looks at, none when nothing locks.
func (e *Entity) LockFields() []string { return tidyNames(e.lock.fields()) }
