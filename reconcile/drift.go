package reconcile

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// DriftOptions are a sweep's parts. The zero options go through everything.
type DriftOptions struct {
	RunID int64 // that the history names; 0 for none
	Chunk int   // rows that are looked at together; 0: 1000
	// From says where to go on, by entity: the id of the last row that was
	// passed, or DriftDone.
	From map[string]string
	// Passed is told after each chunk how far an entity is done, in the form of
	// From; may be nil. An error of it ends the sweep.
	Passed func(ctx context.Context, entity, lastID string) error
}

// DriftDone stands for an entity's end, where else a row's id does.
const DriftDone = "done"

// driftChunk is how many rows are looked at together.
const driftChunk = 1000

// DriftCounts are an entity's rows in a sweep.
type DriftCounts struct {
	Compared int64 `json:"compared"` // looked at
	ByHash   int64 `json:"by_hash"`  // of these, settled by the server alone
	Drifted  int64 `json:"drifted"`  // edited behind the triggers' back
	Inserted int64 `json:"inserted"` // so, too: rows that Odoo never heard of
	Vanished int64 `json:"vanished"` // gone without a trigger
}

// DriftReport is what a sweep counted, by entity. Those that were done before
// are left out.
type DriftReport map[string]DriftCounts

// SweepValues finds the rows that were edited behind the triggers' back: rows
// that differ from what was agreed on and of which no edit waits. What it finds
// goes to Odoo by way of the outbox, where edits of the entity may; else it is
// synced now, which takes it back and keeps it as a conflict.
//
// A row that differs for a reason that is shown already is no find: its edit
// waits, its write is on the way, a conflict names it, or Odoo has refused it. Of
// the last the sweep remembers how the row was when it first saw it refused, and
// finds what changes after that; what changed silently between the refusal and
// that sweep goes with the row's next edit.
//
// Fields that were never agreed on, because the mapping gained them or Odoo did
// not show them, are no difference. Of a row of an entity that only Odoo changes
// the mark of deletion is not looked at: no sync would change it.
//
// No row is locked. The rows are read in chunks, each as of one moment, and most
// of them not at all: the server compares a hash (store.Hasher). What changes
// after that moment has a trigger, or the next sweep. An error means that a side
// is out of reach; the report tells what was done before.
func (e *Engine) SweepValues(ctx context.Context, o DriftOptions) (DriftReport, error) {
	if o.Chunk <= 0 {
		o.Chunk = driftChunk
	}
	report := DriftReport{}
	for _, entity := range e.mapping.Entities {
		if o.From[entity.Name] == DriftDone {
			continue
		}
		s := newDriftSweep(e, entity, o)
		err := s.run(ctx)
		report[entity.Name] = s.counts
		if err != nil {
			return report, mysqldb.Explain(err)
		}
	}
	return report, nil
}

// driftSweep goes through one entity's rows. It belongs to one goroutine.
type driftSweep struct {
	engine *Engine
	entity *mapping.Entity
	rules  entityRules
	o      DriftOptions
	hasher store.Hasher
	counts DriftCounts
}

func newDriftSweep(e *Engine, entity *mapping.Entity, o DriftOptions) *driftSweep {
	s := &driftSweep{engine: e, entity: entity, rules: e.rules[entity.Name], o: o}
	children := make([]store.Table, len(entity.Children))
	for i, child := range entity.Children {
		children[i] = s.rules.children[child.Name]
	}
	s.hasher = store.NewHasher(s.layout(), s.rules.table, children)
	return s
}

// driftFormat is raised when a row's values come to mean something else.
const driftFormat = 1

// layout is what the comparison depends on besides the columns: a row that was
// found equal as another field's value, or of another type, is compared anew.
func (s *driftSweep) layout() string {
	parts := []string{fmt.Sprint(driftFormat), s.entity.Name, s.entity.Table, s.entity.DeletedColumn}
	add := func(fields []*mapping.Field) {
		for _, f := range fields {
			parts = append(parts, f.Name, f.Column, string(f.Type))
		}
	}
	add(s.entity.Fields)
	for _, child := range s.entity.Children {
		parts = append(parts, child.Name, child.Table)
		add(child.Fields)
	}
	return strings.Join(parts, "\x00")
}

// sends reports that edits of the entity's rows go to Odoo.
func (s *driftSweep) sends() bool {
	return s.entity.Direction != mapping.ToAPI && s.engine.outbox != nil
}

func (s *driftSweep) run(ctx context.Context) error {
	for after := s.o.From[s.entity.Name]; ; {
		last, err := s.chunk(ctx, after)
		if err != nil {
			return err
		}
		if last == "" {
			break
		}
		after = last
		if last == DriftDone { // a row may be called so; it is no end
			continue
		}
		if err := s.pass(ctx, last); err != nil {
			return err
		}
	}
	if s.sends() {
		n, err := s.engine.sweepLost(ctx, s.entity)
		s.counts.Vanished = int64(n)
		if err != nil {
			return err
		}
	}
	return s.pass(ctx, DriftDone)
}

func (s *driftSweep) pass(ctx context.Context, last string) error {
	if s.o.Passed == nil {
		return nil
	}
	return s.o.Passed(ctx, s.entity.Name, last)
}

// chunk looks at the rows that follow, and returns the last one's id, "" when
// there are none.
func (s *driftSweep) chunk(ctx context.Context, after string) (last string, err error) {
	var rows []*driftRow
	var n int64
	err = s.engine.db.Snapshot(ctx, func(tx *sql.Tx) error {
		if last, n, err = s.hasher.Page(ctx, tx, after, s.o.Chunk); err != nil || n == 0 {
			return err
		}
		rows, err = s.read(ctx, tx, after, last)
		return err
	})
	if err != nil {
		return "", err
	}
	s.counts.Compared += n
	s.counts.ByHash += n - int64(len(rows))
	return last, s.act(ctx, rows)
}

// findings are what a chunk's rows were judged to be.
type findings struct {
	hashes  []store.LinkHash // to note at once
	edits   []queue.Edit
	targets []Target
	marks   map[int64]store.LinkHash // to note once the target is synced, by Odoo's id
}

// act notes and mends what a chunk shows.
func (s *driftSweep) act(ctx context.Context, rows []*driftRow) error {
	f := findings{marks: map[int64]store.LinkHash{}}
	for _, r := range rows {
		s.sort(&f, r)
	}
	if len(f.hashes)+len(f.edits) > 0 {
		err := s.engine.db.InTx(ctx, func(tx *sql.Tx) error {
			if err := store.SaveHashes(ctx, tx, f.hashes); err != nil || len(f.edits) == 0 {
				return err
			}
			return s.engine.outbox.AppendTx(ctx, tx, f.edits)
		})
		if err != nil {
			return err
		}
	}
	return s.sync(ctx, f)
}

// sort puts a row where its verdict belongs.
func (s *driftSweep) sort(f *findings, r *driftRow) {
	v := s.judge(r)
	switch v {
	case driftEqual:
		f.hashes = append(f.hashes, r.note(r.Hash))
	case driftSeen:
		f.hashes = append(f.hashes, r.note(store.Differing(r.Hash)))
	case driftInserted:
		s.counts.Inserted++
		s.send(f, r, queue.OpInsert)
	case driftEdited:
		s.counts.Drifted++
		if s.sends() {
			s.send(f, r, queue.OpUpdate)
			return
		}
		if s.engine.odoo != nil {
			f.targets = append(f.targets, Target{OdooID: r.link.OdooID, Cause: store.Cause{Kind: "sweep", RunID: s.o.RunID}})
			f.marks[r.link.OdooID] = r.note(store.Differing(r.Hash))
		}
	}
}

// send leaves a row to the push. When it was edited is not known, and so is not
// said of any column.
func (s *driftSweep) send(f *findings, r *driftRow, op string) {
	f.edits = append(f.edits, queue.Edit{Entity: s.entity.Name, LocalID: r.Key, Op: op})
}

// sync takes edits back that may not be. What a sync leaves as it is (a field
// Odoo does not show now) is not found again.
func (s *driftSweep) sync(ctx context.Context, f findings) error {
	if len(f.targets) == 0 {
		return nil
	}
	results, err := s.engine.SyncRecords(ctx, s.entity.Model, f.targets)
	var marks []store.LinkHash
	for _, r := range results {
		if r.Err != nil {
			s.engine.log.Warn("a row that was edited here could not be taken back", zap.String("entity", s.entity.Name), zap.Int64("record", r.OdooID), logs.Failure(r.Err))
			continue
		}
		marks = append(marks, f.marks[r.OdooID])
	}
	if err != nil || len(marks) == 0 {
		return err
	}
	return s.engine.db.InTx(ctx, func(tx *sql.Tx) error { return store.SaveHashes(ctx, tx, marks) })
}
