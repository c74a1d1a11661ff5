package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/configs"
	"odoosync/internal/capture"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// Session is what a single command needs of both sides.
type Session struct {
	config configs.Config
	client *odooclient.Client
	*resyncer
}

// OpenSession connects to Odoo and binds the mapping, for plan and resync.
func OpenSession(ctx context.Context, c configs.Config, db *mysqldb.DB, log *zap.Logger) (*Session, error) {
	if c.Odoo.URL == "" {
		return nil, record.Errorf(record.CodeConfig, "without Odoo to ask there is nothing to compare with: set odoo.url, odoo.database, odoo.login and odoo.api_key")
	}
	migrated, err := db.Migrated(ctx)
	if err != nil {
		return nil, err
	}
	if !migrated {
		return nil, record.Errorf(record.CodeConfig, "the database's tables are missing or old: run odoosync migrate up")
	}
	client, err := NewClient(c, nil, nil)
	if err != nil {
		return nil, err
	}
	m, _, err := Bind(ctx, c, client, db)
	if err != nil {
		client.Close()
		return nil, err
	}
	outbox := queue.NewOutbox(db, queue.OutboxOptions{})
	engine := reconcile.New(reconcile.Options{DB: db, Odoo: client, Remote: client, DatabaseUUID: client.DatabaseUUID, Outbox: outbox, Mapping: m, Companies: client.Synced(), Logger: log, Settled: c.Reconcile.Overlap, Brake: brakeOf(c)})
	return &Session{config: c, client: client, resyncer: &resyncer{db: db, clock: clockwork.NewRealClock(), log: log, engine: engine, pager: client, outbox: outbox,
		page: c.Reconcile.Page, owner: processName(), capture: func(ctx context.Context) error { _, err := capture.Install(ctx, db, m); return err }}}, nil
}

// Close ends the connections to Odoo.
func (s *Session) Close() { s.client.Close() }

// processName says who holds a lease, for a person to find.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("%.60s, process %d, since %s UTC", host, os.Getpid(), time.Now().UTC().Format("2006-01-02 15:04:05.000"))
}

// leaseOwner names this process to those that wait for what it holds: host,
// process and a word of its own.
func leaseOwner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("%.40s %d %.8s", host, os.Getpid(), uuid.NewString())
}

// Scope is what a plan or a resync is restricted to.
type Scope struct {
	Entity string // "": all
	// OdooIDs are records of Entity by Odoo's ids; none: all.
	OdooIDs []int64
}

// Plan prints what a full reconcile would do, and tells whether some of it is
// for a person. With lines it prints one JSON object a line, the counts last.
func (s *Session) Plan(ctx context.Context, out io.Writer, scope Scope, lines bool) (left bool, err error) {
	text := newPlanText()
	show := func(i reconcile.PlanItem) error { text.add(i); return nil }
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if lines {
		show = func(i reconcile.PlanItem) error { return encoder.Encode(i) }
	}
	counts, err := s.engine.Plan(ctx, reconcile.PlanOptions{Pager: s.client, Page: s.config.Reconcile.Page, Entity: scope.Entity, OdooIDs: scope.OdooIDs, Item: show})
	if err != nil {
		return false, mysqldb.Explain(err)
	}
	if lines {
		return counts.NeedPerson() > 0, encoder.Encode(map[string]any{"counts": counts})
	}
	return counts.NeedPerson() > 0, text.print(out, counts, s.engine.EntityNames())
}

// ResyncOptions of Session.Resync.
type ResyncOptions struct {
	Scope
	Mode         string
	AllowDeletes bool
	Progress     func(reconcile.Progress)
}

// Resync does what Plan shows, prints what came of it, and tells whether
// something is left for a person. Where another process does the same already,
// it follows that one to its end and prints its result.
func (s *Session) Resync(ctx context.Context, out io.Writer, o ResyncOptions) (left bool, err error) {
	told := func(run int64, joined bool) {
		if joined {
			fmt.Fprintf(out, "joined run %d, which does the same already; Ctrl-C leaves it running\n", run)
		}
	}
	ended, err := s.resync(ctx, reconcile.ResyncOptions{Entity: o.Entity, OdooIDs: o.OdooIDs, Mode: o.Mode, AllowDeletes: o.AllowDeletes,
		Cause: "odoosync resync on " + s.owner, Progress: o.Progress}, told)
	if err != nil {
		return false, err
	}
	if ended.joined {
		o.Mode = ended.Mode // it is the other's, and no news
	}
	printResync(out, o, ended.ResyncResult)
	return ended.Left(), nil
}

func printResync(out io.Writer, o ResyncOptions, r reconcile.ResyncResult) {
	if o.Mode == reconcile.ModeIncremental && r.Mode == reconcile.ModeFull && len(o.OdooIDs) == 0 {
		fmt.Fprintln(out, "It was a full one: there is no earlier resync to go on from.")
	}
	if r.Resumed {
		fmt.Fprintf(out, "It went on with run %d, which had been cut off.\n", r.RunID)
	}
	c := r.Counts
	fmt.Fprintf(out, "Run %d: %d adopted, %d created here, %d created in Odoo, %d updated here, %d updated in Odoo", r.RunID, c["adopted"], c["created_here"],
		c["created_in_odoo"], c["updated_here"], c["updated_in_odoo"])
	if c["deleted_here"]+c["deleted_in_odoo"] > 0 {
		fmt.Fprintf(out, ", %d deleted here, %d deleted in Odoo", c["deleted_here"], c["deleted_in_odoo"])
	}
	fmt.Fprintf(out, ".\nOpen now: %d in conflict, %d refused", c["conflicts"], c["refused"])
	if c["waiting"] > 0 {
		fmt.Fprintf(out, ", %d waiting for another record or another try (serve goes on with them)", c["waiting"])
	}
	fmt.Fprintln(out, ".")
	if c["conflicts"]+c["refused"] > 0 {
		fmt.Fprintln(out, "odoosync status names them, with the reasons.")
	}
}
