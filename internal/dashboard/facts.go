package dashboard

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"odoosync/internal/record"
	"odoosync/internal/store"
)

// Facts are what is known of both sides at a moment.
type Facts struct {
	At       time.Time
	Database Database
	Odoo     Odoo
	Payload  bool // the webhooks' own data is applied, and Odoo is not asked

	Entities  []Entity
	Webhooks  Queue
	Edits     Queue
	Conflicts int64
	Streams   []Stream
	Troubles  []Trouble // the latest ones
	Refused   int64     // records that a side refuses

	Halted  []store.Halt
	Paused  store.Paused
	Held    map[string]int64 // deletes, by entity
	Running []store.RunInfo
	Last    []store.RunInfo // the latest of each kind that is over

	Swept      time.Time     // when the last sweep that went to its end began; zero for never
	SweepEvery time.Duration // how old it may be; 0: there are none
	Begun      time.Time     // when the first record was synced; zero for never
	Polled     time.Time
}

// Database is MySQL's state.
type Database struct {
	Name   string
	Reason string // why it does not answer; "" when it does
}

// Odoo is Odoo's state.
type Odoo struct {
	Configured bool
	Ready      bool      // the mapping fits
	Reason     string    // why not
	Held       string    // why nothing is worked although it is ready
	Importing  bool      // the first import has not gone to its end
	Series     string    // its version
	URL        string    // for a person
	Answered   time.Time // its last answer; zero for none yet
	AwaySince  time.Time // the first call of those that it did not answer; zero while it does
}

// Entity is how one entity stands.
type Entity struct {
	Name, Model string
	Records     map[store.State]int64
	Synced      time.Time        // the latest sync of a record
	ToAPI       time.Time        // since when a webhook has waited; zero for none
	ToOdoo      time.Time        // since when an edit has waited
	Drift       map[string]int64 // what the last sweep found, by kind
}

// Total is how many records there are.
func (e Entity) Total() (n int64) {
	for _, one := range e.Records {
		n += one
	}
	return n
}

// Agreed is how many of them both sides agree on.
func (e Entity) Agreed() int64 { return e.Records[store.Synced] }

// Attention is how many need a person.
func (e Entity) Attention() int64 { return e.Records[store.InConflict] + e.Records[store.Failed] }

// leftKinds are what a sweep found and could not mend.
var leftKinds = []string{"refused", "held", "waiting"}

// Left is how many records the last sweep found to differ and could not mend.
func (e Entity) Left() (n int64) {
	for _, kind := range leftKinds {
		n += e.Drift[kind]
	}
	return n
}

// Mended is how many it found to differ and mended.
func (e Entity) Mended() (n int64) {
	for _, one := range e.Drift {
		n += one
	}
	return n - e.Left()
}

// Queue is how a queue stands.
type Queue struct {
	Done    int64
	Pending int64
	Failed  int64
	Oldest  time.Duration // how long the oldest has waited
	Echoes  int64
}

// Stream compares what a configuration of Odoo's module has sent with what arrived.
type Stream struct {
	Name     string
	Sent     int64 // 0: it does not tell
	Received int64
	Missing  int64
	Last     time.Time
}

// Trouble is a record that needs a person, and why.
type Trouble struct {
	Entity, LocalID string
	OdooID          int64
	State           store.State
	Reason          string
}

// Change is something that was done to a record.
type Change struct {
	store.Moment
	Entity string
}

// FieldChange is a field before and after.
type FieldChange struct {
	Field    string
	Old, New record.Value
}

// Fields are what changed, by name.
func (c Change) Fields() []FieldChange {
	out := make([]FieldChange, 0, len(c.Changes))
	for _, name := range slices.Sorted(maps.Keys(c.Changes)) {
		out = append(out, FieldChange{name, c.Changes[name][0], c.Changes[name][1]})
	}
	return out
}

// Only is the change of one field, none where it did not change.
func (c Change) Only(field string) []FieldChange {
	if pair, changed := c.Changes[field]; changed {
		return []FieldChange{{field, pair[0], pair[1]}}
	}
	return nil
}

// CauseLink leads to what made the change, "" where there is no page of it.
func (c Change) CauseLink() string {
	if n, err := strconv.ParseInt(c.Cause.ID, 10, 64); err == nil && c.Cause.Kind == "webhook" {
		return eventLink(n)
	}
	if c.Cause.RunID != 0 {
		return runLink(c.Cause.RunID)
	}
	return ""
}

// By tells more of the cause: the event, the columns of an edit, who asked.
func (c Change) By() string {
	var parts []string
	if w := c.Cause.Webhook; w != nil {
		parts = append(parts, w.Event)
	}
	if e := c.Cause.Edit; e != nil && len(e.Columns) > 0 {
		parts = append(parts, strings.Join(e.Columns, ", "))
	}
	if r := c.Cause.Run; r != nil && r.Cause != "" {
		parts = append(parts, r.Cause)
	}
	if a := c.Cause.Audit; a != nil {
		parts = append(parts, a.Who)
	}
	return strings.Join(parts, "; ")
}

// RecordLink leads to the record.
func (c Change) RecordLink() string { return recordLink(c.Entity, c.OdooID, c.LocalID) }

// RecordLink leads to the record.
func (t Trouble) RecordLink() string { return recordLink(t.Entity, t.OdooID, t.LocalID) }

// Record is what is known of a record and its row.
type Record struct {
	Entity, Model string
	Link          store.Standing // how it stands
	WriteDate     time.Time      // Odoo's; zero when never read
	Fields        []Agreed
	Changes       []Change
	Next          int64 // where older changes go on, 0 for none
	Conflicts     []store.KeptConflict
}

// Agreed is a field's value as both sides last agreed on it.
type Agreed struct {
	Field       string
	Odoo, Local record.Value
}

// Origin is why a field has its value: what changed it last on each side, nil
// where nothing is known.
type Origin struct {
	Field       string
	Odoo, Local *Change
	Conflict    *store.KeptConflict // the latest about it, nil for none
}

// Latest are both, the later one first: it is the answer, and the other one what
// was before.
func (o Origin) Latest() []*Change {
	switch {
	case o.Odoo == nil && o.Local == nil:
		return nil
	case o.Odoo == nil:
		return []*Change{o.Local}
	case o.Local == nil:
		return []*Change{o.Odoo}
	case o.Odoo.ID > o.Local.ID:
		return []*Change{o.Odoo, o.Local}
	}
	return []*Change{o.Local, o.Odoo}
}
