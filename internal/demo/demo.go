// Package demo runs the daemon between a simulated Odoo and a private
// database, edits records there and rows here, and shows each side follow.
//
// It ends with a comparison of both sides that does not use the daemon's own
// merge: what a user would see in Odoo against what SELECT returns.
package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/mysqldb"
	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/reconcile"
)

// Options of a demo.
type Options struct {
	For    time.Duration // how long to edit; 0: until ctx ends
	Out    io.Writer
	VarDir string      // "": "var"
	Seed   uint64      // of the edits; 0: the time
	Listen string      // "": 127.0.0.1:8080, or another port when that is taken
	Logger *zap.Logger // what goes wrong is told there
}

// editEvery is the pause between two edits.
const editEvery = 400 * time.Millisecond

type demo struct {
	o   Options
	sim *odoosim.Server
	app *app.App
	api *mysqldb.DB // as the API's own program

	print           sync.Mutex // of what follows, and of Out
	tally           map[reconcile.Outcome]int
	pushed, refused int
	told            map[string]int64 // the last change told of a row

	conflicts    sync.Mutex
	lastConflict int64

	boths []both // the editor's alone until it ends
}

// Run shows the demo. It returns an error when both sides do not agree in the
// end.
func Run(ctx context.Context, o Options) error {
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano())
	}
	d := &demo{o: o, tally: map[reconcile.Outcome]int{}, told: map[string]int64{}}
	if err := d.start(ctx); err != nil {
		return err
	}
	editing, cancel := context.WithCancel(ctx)
	if o.For > 0 {
		editing, cancel = context.WithTimeout(ctx, o.For)
	}
	defer cancel()
	d.edit(editing)
	// What was edited is still to arrive, whatever ended the editing.
	finishing, done := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer done()
	err := d.finish(finishing)
	return errors.Join(err, d.api.Close(), d.app.Stop(finishing), d.sim.Close())
}

func (d *demo) start(ctx context.Context) error {
	d.sim = odoosim.New(odoosim.Options{Seed: d.o.Seed})
	d.sim.SeedSchoolTrips(odoosim.Size{Contacts: 120, Orders: 60, Invoices: 50, Leads: 40})
	url, err := d.sim.Start()
	if err != nil {
		return err
	}
	c := configs.Default()
	c.Odoo.URL, c.Odoo.Database, c.Odoo.Login, c.Odoo.APIKey = url, "odoosim", "sync", "sim-key"
	c.HTTP.Listen = freeOr(c.HTTP.Listen)
	if d.o.Listen != "" {
		c.HTTP.Listen = d.o.Listen
	}
	imported := make(chan struct{})
	options := app.Options{LocalDB: true, Database: "odoosync_demo", Fresh: true, VarDir: d.o.VarDir, Out: d.o.Out, Logger: d.o.Logger, OnEvent: d.onEvent, OnPush: d.onPush,
		OnImport: func(p reconcile.Progress) {
			if p.Ended {
				d.say("  imported %4d %s", p.Done, p.Entity)
			}
		}, OnImported: func() { close(imported) }}
	d.say("A simulated Odoo with a school-trip agency's records runs at %s. Importing:", url)
	if d.app, err = app.Start(ctx, c, options); err != nil {
		return errors.Join(err, d.sim.Close())
	}
	if err := d.awaitImport(ctx, imported); err != nil {
		return errors.Join(err, d.app.Stop(context.WithoutCancel(ctx)), d.sim.Close())
	}
	if d.api, err = d.app.OpenAsAPI(); err != nil {
		return errors.Join(err, d.app.Stop(context.WithoutCancel(ctx)), d.sim.Close())
	}
	d.sim.SetWebhooks(odoosim.WebhookOptions{URL: d.app.URL(), Key: d.app.WebhookKey()})
	d.say("\nThe dashboard: %s (log in with the token in %s).\nEditing in Odoo and in MySQL; each side follows\n(→ MySQL: a row follows Odoo; → Odoo: Odoo follows a row; ⇄: both at once):",
		d.app.URL(), filepath.Join(cmp.Or(d.o.VarDir, "var"), "admin-token"))
	return nil
}

// importLimit is how long a few hundred records may take at most.
const importLimit = 2 * time.Minute

func (d *demo) awaitImport(ctx context.Context, imported <-chan struct{}) error {
	timer := time.NewTimer(importLimit)
	defer timer.Stop()
	select {
	case <-imported:
		return nil
	case err := <-d.app.Failed():
		return err
	case <-timer.C:
		return record.Errorf(record.CodeInternal, "the import did not end within %s; what was logged above says why", importLimit)
	case <-ctx.Done():
		return record.Wrap(record.CodeUnavailable, ctx.Err(), "stopped during the import")
	}
}

// freeOr returns the address when nobody listens there, else one that is free.
func freeOr(address string) string {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "127.0.0.1:0"
	}
	_ = l.Close()
	return address
}

func (d *demo) say(format string, args ...any) {
	d.print.Lock()
	defer d.print.Unlock()
	fmt.Fprintf(d.o.Out, format+"\n", args...)
}
