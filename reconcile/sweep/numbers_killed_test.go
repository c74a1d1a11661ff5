package sweep_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
	"odoosync/odooclient"
	"odoosync/reconcile"
	"odoosync/reconcile/sweep"
)

var errKilled = errors.New("killed")

// mortal is a process that dies at one of its steps: each call to a side is one,
// and a transaction has three, before it, before its commit, and after.
type mortal struct{ step, dies int }

func (m *mortal) live() error {
	if m.step++; m.step >= m.dies {
		return errKilled
	}
	return nil
}

func (m *mortal) dead() bool { return m.step >= m.dies }

type mortalDB struct {
	*mysqldb.DB
	m *mortal
}

func (d mortalDB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := d.m.live(); err != nil {
		return nil, err
	}
	return d.DB.QueryContext(ctx, query, args...)
}

func (d mortalDB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := d.m.live(); err != nil {
		return nil, err
	}
	result, err := d.DB.ExecContext(ctx, query, args...)
	return result, errors.Join(err, d.m.live())
}

func (d mortalDB) InTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	if err := d.m.live(); err != nil {
		return err
	}
	err := d.DB.InTx(ctx, func(tx *sql.Tx) error { return errors.Join(f(tx), d.m.live()) })
	return errors.Join(err, d.m.live())
}

type mortalOdoo struct {
	*told
	m *mortal
}

func (o mortalOdoo) SearchRead(ctx context.Context, model string, domain []any, fields []string, p odooclient.Page, yield func(odooclient.Raw) error) error {
	if err := o.m.live(); err != nil {
		return err
	}
	return errors.Join(o.told.SearchRead(ctx, model, domain, fields, p, yield), o.m.live())
}

func (o mortalOdoo) ReadEach(ctx context.Context, model string, ids []int64, fields []string, each func(int64, odooclient.Raw, error) error) error {
	if err := o.m.live(); err != nil {
		return err
	}
	return o.told.ReadEach(ctx, model, ids, fields, each)
}

// mortalSweeper is a new process of which what dies does so at a step.
func (b *bench) mortalSweeper(o *told, what string, dies int) (*sweep.Sweeper, *mortal) {
	m, lives := &mortal{dies: dies}, &mortal{dies: math.MaxInt}
	db, odoo := mortalDB{b.db, m}, mortalOdoo{o, m}
	switch what {
	case "Odoo":
		db.m = lives
	case "MySQL":
		odoo.m = lives
	}
	engine := reconcile.New(reconcile.Options{DB: db, Odoo: odoo, Remote: b.client, DatabaseUUID: b.client.DatabaseUUID, Mapping: b.mapped, Hints: b.inbox, Outbox: b.outbox, Clock: b.clock, Companies: []int64{1}})
	return sweep.New(sweep.Options{Engine: engine, DB: db, Odoo: odoo, Mapping: b.mapped, Clock: b.clock}), m
}

// TestALookIsCutAtEachOfItsSteps cuts the look that notes what is missing and the
// one that reads it, once at each step: its process is killed, or one side is gone
// from there on. No number is ever closed before its record was read, and in the
// end all are.
func TestALookIsCutAtEachOfItsSteps(t *testing.T) {
	for what, steps := range map[string]int{"the process": 50, "Odoo": 8, "MySQL": 40} {
		t.Run(what, func(t *testing.T) { cutAtEachStep(t, what, steps) })
	}
}

func cutAtEachStep(t *testing.T, what string, steps int) {
	b, o := newTold(t)
	for dies, last := 1, int64(0); ; dies, last = dies+1, last+4 {
		name := fmt.Sprintf("Mairie %d", dies)
		contact, lead := b.sim.Create("res.partner", odoosim.Values{"name": name}), b.sim.Create("crm.lead", odoosim.Values{"name": name})
		o.add(last+1, "res.partner", contact, "failed")
		o.add(last+2, "crm.lead", lead, "sent")
		o.add(last+3, "res.partner", contact, "sent")
		b.arrived(last + 4)
		sweeper, m := b.mortalSweeper(o, what, dies)
		for looks := 0; looks < 2 && !m.dead(); looks++ {
			_, err := sweeper.Missed(b.ctx)
			require.Equal(t, m.dead(), err != nil, "step %d: %v", dies, err)
			b.closedIsRead(last, name, dies)
			b.clock.Advance(sweep.Grace)
		}
		for range 2 { // a new process
			b.start(sweep.Options{Odoo: o})
			b.missed()
			b.closedIsRead(last, name, dies)
			b.clock.Advance(sweep.Grace)
		}
		require.Empty(t, b.open(), "step %d", dies)
		require.Equal(t, "1 | 1", b.rows("SELECT (SELECT COUNT(*) FROM contacts WHERE name = ?), (SELECT COUNT(*) FROM leads WHERE name = ?)", name, name), "step %d", dies)
		if !m.dead() {
			require.Greater(t, dies, steps, "it was cut at each")
			return
		}
	}
}

// closedIsRead holds that the numbers that the mark has passed are still open, or
// that their records were read.
func (b *bench) closedIsRead(last int64, name string, dies int) {
	b.t.Helper()
	for number, table := range map[int64]string{last + 1: "contacts", last + 2: "leads", last + 3: "contacts"} {
		require.Equal(b.t, "0", b.rows("SELECT COUNT(*) FROM sync_streams s WHERE s.stream = ? AND s.mark >= ? AND NOT EXISTS (SELECT 1 FROM sync_missing m WHERE m.stream = s.stream AND m.number = ?)"+
			" AND NOT EXISTS (SELECT 1 FROM "+table+" r WHERE r.name = ?)", stream, number, number, name), "number %d after step %d", number, dies)
	}
}
