package odoosim

import (
	"maps"
	"slices"
)

// Snapshot is a copy of a database, as a backup has it: the records and the next
// ids, external ids, and what hides or forbids records. The counts, the faults
// and the webhooks belong to the server and are not in it.
type Snapshot struct {
	models    map[string]*table
	hidden    map[string]map[int64]bool
	externals map[string]int64
	forbidden map[string][]string
	rules     map[string]func(id int64, v Values) bool
}

// Snapshot copies the database.
func (s *Server) Snapshot() *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (&Snapshot{s.models, s.hidden, s.externals, s.forbidden, s.rules}).clone()
}

// Restore puts a copy back, as often as one likes. Ids that were given since are
// given again, as by PostgreSQL's restored sequences.
func (s *Server) Restore(from *Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := from.clone()
	s.models, s.hidden, s.externals, s.forbidden, s.rules = c.models, c.hidden, c.externals, c.forbidden, c.rules
	s.compared = map[written]string{} // of what a restore took back
}

func (c *Snapshot) clone() *Snapshot {
	out := &Snapshot{map[string]*table{}, map[string]map[int64]bool{}, maps.Clone(c.externals), map[string][]string{}, maps.Clone(c.rules)}
	for model, t := range c.models {
		out.models[model] = t.clone()
	}
	for model, ids := range c.hidden {
		out.hidden[model] = maps.Clone(ids)
	}
	for model, operations := range c.forbidden {
		out.forbidden[model] = slices.Clone(operations)
	}
	return out
}

func (t *table) clone() *table {
	out := newTable(t.fields)
	for r := range t.from(0) {
		out.put(r.clone())
	}
	out.next = t.next
	return out
}
