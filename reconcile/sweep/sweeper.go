package sweep

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/record"
	"odoosync/mapping"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// Odoo is what is listed and counted there; *odooclient.Client has it.
type Odoo interface {
	PagesByWriteDate(ctx context.Context, l odooclient.Listing, size int, from odooclient.Cursor, page func([]odooclient.Stamp) error) error
	StampsByID(ctx context.Context, l odooclient.Listing, size int, after int64, page func([]odooclient.Stamp) error) error
	PagesByID(ctx context.Context, model string, domain []any, size int, after int64, page func(ids []int64) error) error
	ReadGroup(ctx context.Context, model string, domain []any, fields, groupBy []string) ([]odooclient.Raw, error)
	SearchCount(ctx context.Context, model string, domain []any) (int64, error)
	SearchRead(ctx context.Context, model string, domain []any, fields []string, p odooclient.Page, yield func(odooclient.Raw) error) error
	ReadEach(ctx context.Context, model string, ids []int64, fields []string, each func(id int64, raw odooclient.Raw, err error) error) error
	Version(ctx context.Context) (odooclient.Version, error)
	Companies(ctx context.Context) ([]odooclient.Company, error)
	Synced() []int64
	Clock() time.Time
}

// Options are a sweeper's parts and limits.
type Options struct {
	Engine  *reconcile.Engine
	DB      reconcile.Database
	Odoo    Odoo
	Mapping *mapping.Mapping
	Clock   clockwork.Clock // nil: the real one
	Logger  *zap.Logger     // nil: silent
	// Overlap is longer than Odoo's longest transaction (reconcile.overlap). 0: 10 minutes.
	Overlap time.Duration
	Page    int // records a read and a sync; 0: 500
	List    int // ids a list; 0: 10,000
}

// Sweeper polls and sweeps.
type Sweeper struct {
	o     Options
	areas []area

	mu      sync.Mutex
	refused map[refusal]time.Time
	hidden  time.Time // when Odoo last refused to show its deliveries; zero: it did not
}

// refusal is a record that a poll found refused, and when it had been written:
// until it is written again the next polls need not try, but for the last time
// when it leaves the overlap.
type refusal struct {
	model string
	id    int64
}

func itoa(id int64) string { return strconv.FormatInt(id, 10) }

// New makes a sweeper.
func New(o Options) *Sweeper {
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Overlap == 0 {
		o.Overlap = 10 * time.Minute
	}
	if o.Page == 0 {
		o.Page = 500
	}
	if o.List == 0 {
		o.List = 10_000
	}
	return &Sweeper{o: o, areas: areasOf(o.Mapping), refused: map[refusal]time.Time{}}
}

// now is the time at Odoo, as its last answer told it, and never later than ours:
// whichever clock is ahead, a place that follows it would hide what is written
// until the other one is there.
func (s *Sweeper) now() time.Time {
	ours := s.o.Clock.Now().UTC().Truncate(time.Second)
	if at := s.o.Odoo.Clock(); !at.IsZero() && at.Before(ours) {
		return at
	}
	return ours
}

// farBack is how far a clock may be set back. What is further back is a proxy's
// mistake, for which all of the past need not be read again.
const farBack = 24 * time.Hour

// since is where to go on from a place, by a limit that a clock has set.
func (s *Sweeper) since(place, limit time.Time) time.Time {
	if limit.Before(place) && (place.Sub(limit) <= farBack || place.After(s.o.Clock.Now())) {
		return limit
	}
	return place
}

// away reports an error that ends everything: a side cannot be reached, or we
// are told to stop. Any other concerns one model.
func away(ctx context.Context, err error) bool {
	var fault *odooclient.Fault
	if reconcile.Held(err) || errors.As(err, &fault) && fault.Code != odooclient.FaultLogin && ctx.Err() == nil {
		return false // a model that is closed to us, or has no such field
	}
	return ctx.Err() != nil || record.CodeOf(err).Waits() || record.CodeOf(err) == record.CodeInternal
}
