package reconcile

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/reconcile/merge"
)

// What a conflict is, which ones are asked for, and how they are decided.
type (
	KeptConflict   = store.KeptConflict
	ConflictFilter = store.ConflictFilter
	Choice         = record.Choice
)

// Arbiter lists conflicts and carries out what a person decides about them. It
// needs the database alone: neither Odoo nor a mapping.
//
// It writes no value on either side. It moves the base of the record's link so
// that the merge finds the chosen side changed and the other one not, and asks
// for a push; the sync that follows is like any other. What was edited since
// the conflict was found is therefore found again: the chosen side's later
// value is what goes across, and a later edit of the other side is a new
// conflict, with fresh values.
//
// It is safe for concurrent use, beside syncs in this and other daemons: it
// locks the record's link, as they do, and raises its version, so that a sync
// that read before it starts over.
type Arbiter struct {
	db     Database
	outbox Outbox
	clock  clockwork.Clock
}

// NewArbiter makes an arbiter. outbox is nil where nothing is sent to Odoo: a
// choice then takes effect with the record's next event. clock nil: the real
// one.
func NewArbiter(db Database, outbox Outbox, clock clockwork.Clock) *Arbiter {
	if clock == nil {
		clock = clockwork.NewRealClock()
	}
	return &Arbiter{db: db, outbox: outbox, clock: clock}
}

// Conflicts returns kept conflicts, the latest first.
func (a *Arbiter) Conflicts(ctx context.Context, f ConflictFilter) ([]KeptConflict, error) {
	list, err := store.Conflicts(ctx, a.db, f)
	return list, mysqldb.Explain(err)
}

// Resolve decides the conflict with this id, or with Choice.Fields those of its
// record that are named. The conflicts about a record, or a line, that one side
// deleted and the other edited stand and fall together. by is kept as the one
// who decided.
//
// To choose again what was chosen is no error. Errors: store.ErrNoConflict,
// store.ErrDecided (it ended otherwise), CodeRejected for a choice that cannot
// be, CodeUnavailable while the record is being written to Odoo.
func (a *Arbiter) Resolve(ctx context.Context, id int64, take Choice, by string) error {
	c, err := store.ConflictByID(ctx, a.db, id)
	if err != nil {
		return mysqldb.Explain(err)
	}
	if c == nil {
		return record.Wrap(record.CodeRejected, store.ErrNoConflict, "there is no conflict %d: odoosync conflicts list shows those that are open", id)
	}
	return a.db.InTx(ctx, func(tx *sql.Tx) error {
		v, err := a.open(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := v.choose(ctx, take); err != nil || len(v.decided) == 0 {
			return err
		}
		return v.save(ctx, by)
	})
}

// verdict is one decision within its transaction, which may be replayed.
type verdict struct {
	arbiter  *Arbiter
	tx       *sql.Tx
	now      time.Time
	conflict *store.KeptConflict
	link     *store.Link
	open     []store.KeptConflict // of the record
	decided  map[record.Side][]int64
	state    store.State // what the link becomes; "" for what its conflicts say
}

// open locks the record.
func (a *Arbiter) open(ctx context.Context, tx *sql.Tx, id int64) (*verdict, error) {
	v := &verdict{arbiter: a, tx: tx, now: a.clock.Now().UTC(), decided: map[record.Side][]int64{}}
	var err error
	if v.conflict, err = store.ConflictByID(ctx, tx, id); err != nil {
		return nil, err
	}
	c := v.conflict
	links, err := store.LockLinks(ctx, tx, c.Entity, []int64{c.OdooID})
	if err != nil {
		return nil, err
	}
	v.link = links[c.OdooID]
	if v.open, err = store.LockOpenConflicts(ctx, tx, c.Entity, c.OdooID); err != nil {
		return nil, err
	}
	v.conflict, err = store.ConflictByID(ctx, tx, id) // as it stands now that nobody else can end it
	return v, err
}

// choose finds the conflicts that are meant and moves the base.
func (v *verdict) choose(ctx context.Context, take Choice) error {
	if len(take.Fields) == 0 {
		if take.Side != record.Odoo && take.Side != record.Local {
			return record.Errorf(record.CodeRejected, "a choice takes odoo or local, or names fields")
		}
		return v.decide(v.conflict, take.Side)
	}
	for _, field := range slices.Sorted(maps.Keys(take.Fields)) {
		c, err := store.LatestConflict(ctx, v.tx, v.conflict.Entity, v.conflict.OdooID, field)
		if err != nil {
			return err
		}
		if c == nil {
			return record.Errorf(record.CodeRejected, "%s has no conflict about %s; open are: %s", v.name(), field, strings.Join(v.openFields(), ", "))
		}
		if err := v.decide(c, take.Fields[field]); err != nil {
			return err
		}
	}
	return nil
}

func (v *verdict) openFields() []string {
	var out []string
	for _, c := range v.open {
		out = append(out, c.Field)
	}
	return out
}

// name is the record as a person finds it.
func (v *verdict) name() string {
	c := v.conflict
	if c.LocalID == "" {
		return c.Entity + " of Odoo's"
	}
	return c.Entity + " " + c.LocalID
}

// decide takes a side of one conflict, and of those it stands and falls with.
func (v *verdict) decide(c *store.KeptConflict, take record.Side) error {
	if !c.Open {
		return v.again(c, take)
	}
	for side, ids := range v.decided {
		if slices.Contains(ids, c.ID) && side == take {
			return nil // with another one of its group
		} else if slices.Contains(ids, c.ID) {
			return record.Errorf(record.CodeRejected, "%s: what was deleted on one side and edited on the other can only be taken whole, from one side", v.name())
		}
	}
	if err := v.ready(); err != nil {
		return err
	}
	group := v.group(c)
	edits := make([]record.Conflict, len(group))
	for i, one := range group {
		edits[i] = one.Conflict()
		v.decided[take] = append(v.decided[take], one.ID)
	}
	switch {
	case c.Policy == "deleted" && v.link.DeletedBy != "":
		return v.recordGone(edits, take)
	case c.Policy == "deleted":
		return merge.ChooseLine(&v.link.Base, edits, take)
	case c.Policy == "expected" && take == record.Local:
		return record.Errorf(record.CodeRejected, "%s: Odoo computes %s itself and cannot be given another value: change what it is computed of (the lines), or take odoo", v.name(), c.Field)
	}
	return merge.Choose(&v.link.Base, edits[0], take)
}

// again: the conflict is over.
func (v *verdict) again(c *store.KeptConflict, take record.Side) error {
	switch c.Winner {
	case take:
		return nil
	case "":
		return record.Wrap(record.CodeRejected, store.ErrDecided, "conflict %d (%s, %s) is over: both sides have come to agree", c.ID, v.name(), c.Field)
	}
	return record.Wrap(record.CodeRejected, store.ErrDecided, "conflict %d (%s, %s) was resolved already: %s was taken (%s)", c.ID, v.name(), c.Field, c.Winner, c.ResolvedBy)
}

// ready refuses a record whose base may not move now.
func (v *verdict) ready() error {
	switch {
	case v.link == nil || v.link.LocalID == "":
		return record.Errorf(record.CodeRejected, "%s has no row here any more: there is nothing left to decide", v.name())
	case v.link.Intent != nil:
		return record.Errorf(record.CodeUnavailable, "%s is being written to Odoo right now: choose again in a moment, when the outcome is known", v.name())
	}
	return nil
}

// group are the open conflicts that are decided together: of a record that was
// deleted on one side all its edits, of a line that was its values.
func (v *verdict) group(c *store.KeptConflict) []store.KeptConflict {
	if c.Policy != "deleted" {
		return []store.KeptConflict{*c}
	}
	var out []store.KeptConflict
	for _, o := range v.open {
		if o.Policy == c.Policy && (v.link.DeletedBy != "" || merge.LineOf(o.Field) == merge.LineOf(c.Field)) {
			out = append(out, o)
		}
	}
	return out
}

// recordGone decides about a record that one side deleted and the other edited.
//
// A deletion goes on as if there had been no edit. A row that Odoo no longer
// has begins anew as a tombstone's row does, which the push detaches. A record
// whose row was deleted here is brought back as one that Odoo had deleted and
// has again: the row is inserted, or its mark taken off.
func (v *verdict) recordGone(edits []record.Conflict, take record.Side) error {
	deleter := v.link.DeletedBy
	if take == deleter {
		v.state, v.link.DeletedBy = store.Pending, ""
		return merge.AcceptEdits(&v.link.Base, edits, deleter.Other())
	}
	v.state, v.link.DeletedBy = store.DeletedState, record.Odoo
	if deleter == record.Local {
		// A tombstone's base has what Odoo was left with (archived, say). The row
		// that comes back is to follow Odoo in that too.
		for name, pair := range v.link.Base.Fields {
			if !alike(pair.Odoo, pair.Local) {
				v.link.Base.Fields[name] = record.Same(pair.Local)
			}
		}
	}
	return nil
}

// save ends the conflicts, saves the base, and asks for a push.
func (v *verdict) save(ctx context.Context, by string) error {
	n := 0
	for side, ids := range v.decided {
		n += len(ids)
		if err := store.DecideConflicts(ctx, v.tx, v.now, ids, side, by); err != nil {
			return err
		}
	}
	l := v.link
	switch {
	case v.state != "":
		l.State, l.Error = v.state, ""
	case n == len(v.open) && (l.State == store.InConflict || l.State == store.Failed):
		l.State, l.Error = store.Pending, ""
	}
	l.Version++
	if err := store.UpdateLinks(ctx, v.tx, v.now, []*store.Link{l}); err != nil || v.arbiter.outbox == nil {
		return err
	}
	return v.arbiter.outbox.AppendTx(ctx, v.tx, []queue.Edit{{Entity: l.Entity, LocalID: l.LocalID, Op: queue.OpUpdate, ChangedAt: v.now}})
}
