package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/configs"
	"odoosync/internal/figures"
	"odoosync/internal/localdb"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// Options are what the settings do not say.
type Options struct {
	LocalDB bool // run a private MariaDB in VarDir/db
	// Database is the database on a private server; "": LocalDatabase. With
	// Fresh it is emptied first, for the demo.
	Database string
	Fresh    bool
	Join     bool            // when another process runs the private server, connect to it
	VarDir   string          // "": "var"
	Out      io.Writer       // for the person who started us; nil: nobody
	Logger   *zap.Logger     // nil: silent
	Clock    clockwork.Clock // nil: the real one
	// OnEvent is told of every finished webhook, for the demo; may be nil.
	OnEvent func(e queue.Event, o reconcile.Outcome, err error)
	// OnPush is told of every row whose edits have arrived in Odoo or were
	// refused; may be nil.
	OnPush func(entity, localID string, err error)
	// OnImport is told how the initial import goes; may be nil.
	OnImport func(reconcile.Progress)
	// OnImported is told once that the initial import is complete; may be nil.
	OnImported func()
}

// App is a running daemon.
type App struct {
	config configs.Config
	o      Options
	log    *zap.Logger

	db      *mysqldb.DB
	local   *localdb.Server
	client  *odooclient.Client
	inbox   *queue.Inbox
	owner   string // of leases
	keys    keys
	addr    net.Addr
	stats   *metrics
	waited  figures.Responses // how long senders waited, since the last flush
	paused  *pauses
	reached *reach // Odoo

	failed chan error // a part that cannot go on

	imported atomic.Bool // the initial import is complete

	mu      sync.Mutex
	stops   []stop
	bound   boundState
	pushJob gocron.Job // nil until Odoo was reached
	resyncs *service   // nil until Odoo was reached
}

// stop is a part's name and how to end it.
type stop struct {
	name string
	f    func(context.Context) error
}

// boundState is what is known of Odoo so far.
type boundState struct {
	ready  bool
	series string
	reason string // why not ready
	held   string // why nothing is worked although it is ready; "" for no reason
}

// Start starts the daemon. On error everything that had started is stopped.
func Start(ctx context.Context, c configs.Config, o Options) (*App, error) {
	if o.VarDir == "" {
		o.VarDir = "var"
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	a := &App{config: c, o: o, log: o.Logger, failed: make(chan error, 4), stats: newMetrics(), owner: leaseOwner()}
	a.bound.reason = "connecting to Odoo"
	a.reached = &reach{clock: o.Clock}
	for _, part := range []func(context.Context) error{a.startDatabase, a.startInbox, a.startOdoo, a.startKeeping, a.startHTTP, a.startWork} {
		if err := part(ctx); err != nil {
			return nil, errors.Join(err, a.Stop(context.Background()))
		}
	}
	return a, nil
}

func (a *App) onStop(name string, f func(context.Context) error) {
	a.mu.Lock()
	a.stops = append(a.stops, stop{name, f})
	a.mu.Unlock()
}

// stopTimeout bounds each part's stop.
const stopTimeout = 20 * time.Second

// Stop ends everything, the last started first. It is safe to call twice.
func (a *App) Stop(ctx context.Context) error {
	var errs []error
	for {
		a.mu.Lock()
		if len(a.stops) == 0 {
			a.mu.Unlock()
			return errors.Join(errs...)
		}
		last := a.stops[len(a.stops)-1]
		a.stops = a.stops[:len(a.stops)-1]
		a.mu.Unlock()
		bounded, cancel := context.WithTimeout(ctx, stopTimeout)
		if err := last.f(bounded); err != nil {
			errs = append(errs, fmt.Errorf("stopping %s: %w", last.name, err))
		}
		cancel()
	}
}

// Run starts the daemon and keeps it until ctx ends or a part fails.
func Run(ctx context.Context, c configs.Config, o Options) error {
	a, err := Start(ctx, c, o)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.o.Out, "Stopping: finishing what has begun.")
	case err = <-a.failed:
	}
	return errors.Join(err, a.Stop(context.Background()))
}

// URL is the address the daemon answers at.
func (a *App) URL() string {
	scheme := "http"
	if a.config.HTTP.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + a.addr.String()
}

// WebhookKey is a key that opens the webhook endpoints.
func (a *App) WebhookKey() string {
	if len(a.keys.webhooks) == 0 {
		return ""
	}
	return a.keys.webhooks[0]
}

// DB is the database, for the demo to look at.
func (a *App) DB() *mysqldb.DB { return a.db }

// OpenAsAPI opens connections as the API's own program has them: what is edited
// on them goes to Odoo. The caller closes them.
func (a *App) OpenAsAPI() (*mysqldb.DB, error) {
	dsn := a.config.Database.DSN.Reveal()
	if a.local != nil {
		dsn = a.local.DSN(a.db.Name())
	}
	return mysqldb.Open(mysqldb.Options{DSN: dsn, Foreign: true, MaxOpen: 2})
}

// Failed tells of a part that ended although nobody stopped it.
func (a *App) Failed() <-chan error { return a.failed }

func (a *App) startInbox(context.Context) error {
	a.inbox = queue.NewInbox(a.db, queue.Options{Clock: a.o.Clock})
	a.onStop("the inbox", func(context.Context) error { a.inbox.Stop(); return nil })
	return nil
}

func (a *App) startOdoo(context.Context) error {
	if a.config.Odoo.URL == "" {
		return nil
	}
	client, err := NewClient(a.config, func(c odooclient.CallInfo) { a.stats.call(c); a.reached.call(c) })
	if err != nil {
		return err
	}
	a.client = client
	a.onStop("the connections to Odoo", func(context.Context) error { client.Close(); return nil })
	return nil
}

// NewClient makes a client as the settings say.
func NewClient(c configs.Config, onCall func(odooclient.CallInfo)) (*odooclient.Client, error) {
	return odooclient.New(odooclient.Options{URL: c.Odoo.URL, Database: c.Odoo.Database, Login: c.Odoo.Login, APIKey: c.Odoo.APIKey.Reveal(),
		Timeout: c.Odoo.Timeout, Rate: c.Odoo.Rate, Companies: c.Odoo.Companies, Lang: c.Odoo.Lang, OnCall: onCall})
}
