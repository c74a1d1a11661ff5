package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// Edits is the outbox as the push takes from it.
type Edits interface {
	Outbox
	Claim(ctx context.Context, limit int, lease time.Duration) ([]queue.Edit, error)
	Retry(ctx context.Context, ids []int64, attempts int, cause error) error
	Postpone(ctx context.Context, ids []int64, until time.Time, reason error) error
	Release(ctx context.Context, ids []int64) error
	Extend(ctx context.Context, ids []int64, lease time.Duration) error
}

// PusherOptions are a pusher's parts.
type PusherOptions struct {
	Engine *Engine
	Edits  Edits
	Clock  clockwork.Clock // nil: the real one
	Logger *zap.Logger     // nil: silent
	Batch  int             // edits a claim; 0: 100, so that a new edit does not wait long for its turn
	Lease  time.Duration   // 0: 1 minute; renewed at half of it
	RunID  int64           // of the resync it works for; 0 for none
	// OnDone is told of every row whose edits ended; may be nil.
	OnDone func(entity, localID string, err error)
}

// Pusher sends the edits of rows to Odoo (see the package's documentation). It
// is safe to run one in each of several daemons.
type Pusher struct {
	o      PusherOptions
	engine *Engine
}

// NewPusher makes a pusher.
func NewPusher(o PusherOptions) *Pusher {
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Batch == 0 {
		o.Batch = 100
	}
	if o.Lease == 0 {
		o.Lease = time.Minute
	}
	return &Pusher{o: o, engine: o.Engine}
}

// Push works until no edit is due or a side is out of reach. When ctx ends it
// finishes what it has begun, for as long as grace lets it: a call that is cut
// leaves its outcome unknown.
func (p *Pusher) Push(ctx context.Context, grace time.Duration) error {
	work, end := withGrace(ctx, p.o.Clock, grace)
	defer end()
	if err := p.takeUp(work); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := p.engine.guardAgain(work); err != nil {
			return err
		}
		n, err := p.Step(work)
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// takeUp asks again for the rows whose write was begun by somebody who is gone.
func (p *Pusher) takeUp(ctx context.Context) error {
	return p.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		left, err := store.ExpiredIntents(ctx, tx, p.o.Clock.Now(), p.o.Batch)
		if err != nil || len(left) == 0 {
			return err
		}
		edits := make([]queue.Edit, len(left))
		for i, l := range left {
			edits[i] = queue.Edit{Entity: l.Entity, LocalID: l.LocalID, Op: queue.OpUpdate, ChangedAt: p.o.Clock.Now()}
		}
		return p.o.Edits.AppendTx(ctx, tx, edits)
	})
}

// rowEdits are the edits of one row that were claimed.
type rowEdits struct {
	push     *Push
	attempts int
}

// Step claims and works one batch and returns how many edits it took.
func (p *Pusher) Step(ctx context.Context) (int, error) {
	edits, err := p.o.Edits.Claim(ctx, p.o.Batch, p.o.Lease)
	if err != nil || len(edits) == 0 {
		return 0, err
	}
	ids := make([]int64, len(edits))
	for i, e := range edits {
		ids[i] = e.ID
	}
	renewing, stop := context.WithCancel(ctx)
	renewed := make(chan struct{})
	go func() { defer close(renewed); p.renew(renewing, ids) }()
	defer func() { stop(); <-renewed }()

	byEntity := map[string][]*rowEdits{}
	index := map[rowKey]*rowEdits{}
	for _, e := range edits {
		k := rowKey{e.Entity, e.LocalID}
		r := index[k]
		if r == nil {
			r = &rowEdits{push: &Push{Entity: e.Entity, LocalID: e.LocalID, RunID: p.o.RunID}}
			index[k] = r
			byEntity[e.Entity] = append(byEntity[e.Entity], r)
		}
		r.push.Edits = append(r.push.Edits, e.ID)
		r.attempts = max(r.attempts, e.Attempts)
	}
	run := newPushRun(p)
	for _, entity := range p.engine.mapping.Entities { // parents first
		rows := byEntity[entity.Name]
		delete(byEntity, entity.Name)
		if err := p.work(ctx, run, entity, rows); err != nil {
			p.giveBack(ctx, ids)
			return len(edits), err
		}
	}
	for name, rows := range byEntity { // the mapping knows it no more
		for _, r := range rows {
			p.settle(ctx, r, record.Errorf(record.CodeRejected, "the mapping has no entity %s any more", name))
		}
	}
	return len(edits), nil
}

// giveBack returns the edits that had no turn. Those that were settled are no
// longer ours, and stay as they are.
func (p *Pusher) giveBack(ctx context.Context, ids []int64) {
	if err := p.o.Edits.Release(context.WithoutCancel(ctx), ids); err != nil {
		p.o.Logger.Warn("edits could not be given back; they wait for their lease to end", logs.Failure(err))
	}
}

func (p *Pusher) renew(ctx context.Context, ids []int64) {
	ticker := p.o.Clock.NewTicker(p.o.Lease / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.Chan():
			if err := p.o.Edits.Extend(ctx, ids, p.o.Lease); err != nil && ctx.Err() == nil {
				p.o.Logger.Warn("the lease on edits could not be renewed", logs.Failure(err))
			}
		}
	}
}

// work pushes the rows of one entity, a batch at a time.
func (p *Pusher) work(ctx context.Context, run *pushRun, entity *mapping.Entity, rows []*rowEdits) error {
	for chunk := range slices.Chunk(rows, p.engine.batch) {
		pushes := make([]*Push, len(chunk))
		for i, r := range chunk {
			pushes[i] = r.push
		}
		err := run.rows(ctx, entity, pushes)
		for _, r := range chunk {
			failure := run.errs[rowKey{r.push.Entity, r.push.LocalID}]
			if failure == nil && !run.ended[rowKey{r.push.Entity, r.push.LocalID}] {
				failure = err
			}
			p.settle(ctx, r, failure)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settle ends or postpones the edits of a row. Those that went through were
// completed in the transaction that found it.
func (p *Pusher) settle(ctx context.Context, r *rowEdits, failure error) {
	ctx = context.WithoutCancel(ctx)
	log := p.o.Logger.With(zap.String("entity", r.push.Entity), zap.String("row", r.push.LocalID))
	var err error
	code := record.CodeOf(failure)
	switch {
	case failure == nil:
		log.Info("row pushed")
	case errors.Is(failure, errBeingWritten): // by another daemon, or by one that died: then it takes minutes
		log.Debug("row waits", logs.Failure(failure))
		err = p.o.Edits.Postpone(ctx, r.push.Edits, p.o.Clock.Now().Add(busyPause), failure)
	case errors.Is(failure, errHeld):
		log.Error("row is held back until a person has looked", logs.Failure(failure))
		err = p.o.Edits.Postpone(ctx, r.push.Edits, p.o.Clock.Now().Add(heldPause), failure)
	case code.Waits():
		log.Warn("row waits", logs.Failure(failure))
		err = p.o.Edits.Postpone(ctx, r.push.Edits, p.o.Clock.Now().Add(unavailablePause), failure)
	case code.Final():
		log.Error("row was refused", logs.Failure(failure))
		err = p.refuse(ctx, r, failure)
	default:
		log.Warn("row is tried again", logs.Failure(failure))
		err = p.o.Edits.Retry(ctx, r.push.Edits, r.attempts, failure)
	}
	if err != nil {
		log.Warn("what became of a row could not be noted; it is looked at again", logs.Failure(err))
	}
	if p.o.OnDone != nil && (failure == nil || code.Final()) {
		p.o.OnDone(r.push.Entity, r.push.LocalID, failure)
	}
}

// refuse shows the reason on the row, and leaves its edits until it changes.
func (p *Pusher) refuse(ctx context.Context, r *rowEdits, failure error) error {
	return p.engine.db.InTx(ctx, func(tx *sql.Tx) error {
		if err := store.SetRowError(ctx, tx, r.push.Entity, r.push.LocalID, record.Message(failure)); err != nil {
			return err
		}
		return p.o.Edits.FailTx(ctx, tx, r.push.Edits, failure)
	})
}

// busyPause is how long edits wait for a row that somebody else is writing.
const busyPause = 15 * time.Second

type rowKey struct{ entity, id string }

func outboxCause(push *Push) store.Cause {
	c := store.Cause{Kind: "outbox", RunID: push.RunID}
	if len(push.Edits) > 0 {
		c.ID = strconv.FormatInt(push.Edits[len(push.Edits)-1], 10)
	}
	return c
}
