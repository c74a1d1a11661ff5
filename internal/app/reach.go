package app

import (
	"sync"
	"time"

	"github.com/jonboulle/clockwork"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// reach knows since when Odoo has not answered this process.
type reach struct {
	clock clockwork.Clock

	mu       sync.Mutex
	answered time.Time // zero for never
	failing  time.Time // zero while it answers
}

// note takes a call's end.
func (r *reach) note(c odooclient.CallInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Now()
	switch {
	case c.Code != record.CodeUnavailable && c.Code != record.CodeUnknownOutcome:
		r.answered, r.failing = now, time.Time{}
	case r.failing.IsZero():
		r.failing = now.Add(-c.Duration)
	}
}

// silent tells whether nothing was heard of Odoo lately.
func (r *reach) silent() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock.Since(r.answered) > askAfter
}

// away is how long Odoo has not answered, 0 while it does.
func (r *reach) away() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failing.IsZero() {
		return 0
	}
	return r.clock.Since(r.failing)
}

// now tells when Odoo answered last, and since when it does not; zero for never.
func (r *reach) now() (answered, away time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answered, r.failing
}
