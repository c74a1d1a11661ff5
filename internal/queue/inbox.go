package queue

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"odoosync/internal/mysqldb"
)

// Where events come from.
const (
	SourceWebhook    = "webhook"
	SourceAutomation = "automation" // Odoo's own "Send Webhook Notification"
	SourceRecheck    = "recheck"    // a second look at a record, see LookAgainTx
)

// OriginDaemon marks the echo of a write of ours.
const OriginDaemon = "daemon"

// Event is one received webhook.
type Event struct {
	ID         int64
	Type       string // "sale.order.updated"
	Model      string // Odoo's model
	OdooID     int64
	Data       json.RawMessage // the payload's data
	Body       []byte          // the request as received
	Source     string          // one of the Source constants
	DeliveryID string          // the sender's id of the delivery, "" for none
	RequestID  string
	Place      Place     // its number at the sender, zero for none
	Origin     string    // who made the change, "" for people: OriginDaemon. Only a hint
	EventTime  time.Time // UTC; zero when the sender did not say
	ReceivedAt time.Time // UTC
	Attempts   int
	Erased     bool // values in its data were erased since: it is a hint, and no more
}

// OutcomeFailed is the outcome of an event that was refused.
const OutcomeFailed = "failed"

// Options of an inbox.
type Options struct {
	Owner    string          // of leases; "": a random name
	Clock    clockwork.Clock // nil: the real one
	MaxBatch int             // events a commit; 0: 200
}

// Inbox is the queue of webhooks. It is safe for concurrent use. Stop it to
// end its committer.
type Inbox struct {
	db      *mysqldb.DB
	owner   string
	clock   clockwork.Clock
	batch   int
	pending chan *appending
	wake    chan struct{}
	quit    chan struct{}
	done    chan struct{}
}

// NewInbox starts an inbox.
func NewInbox(db *mysqldb.DB, o Options) *Inbox {
	q := &Inbox{db: db, owner: o.Owner, clock: o.Clock, batch: o.MaxBatch, pending: make(chan *appending, 1024),
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	if q.owner == "" {
		q.owner = uuid.NewString()
	}
	if q.clock == nil {
		q.clock = clockwork.NewRealClock()
	}
	if q.batch == 0 {
		q.batch = 200
	}
	go q.commitLoop()
	return q
}

// Stop ends the committer after what it has begun. Later appends are refused.
func (q *Inbox) Stop() {
	close(q.quit)
	<-q.done
}

// Wake is signalled when this process has appended something.
func (q *Inbox) Wake() <-chan struct{} { return q.wake }

func (q *Inbox) signal() {
	select {
	case q.wake <- struct{}{}:
	default: // already signalled
	}
}

func (q *Inbox) now() time.Time { return q.clock.Now().UTC() }
