package alerts

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/mysqldb"
)

// Trouble is something that needs a person now.
type Trouble struct {
	Reason  string        // a stable word, such as halted
	Message string        // a sentence
	For     time.Duration // how long it must last before it is told
}

// Options are an alerter's parts.
type Options struct {
	DB     *mysqldb.DB
	URL    string                                       // where to post
	Link   string                                       // where a person looks
	Facts  func(ctx context.Context) ([]Trouble, error) // what is wrong now; no reason twice
	Clock  clockwork.Clock                              // nil: the real one
	Logger *zap.Logger                                  // nil: silent
	HTTP   *http.Client                                 // nil: one of our own
}

// The times of the package documentation.
const (
	quiet      = time.Hour
	remind     = 24 * time.Hour
	firstPause = 30 * time.Second
	lastPause  = 15 * time.Minute
	postLimit  = 10 * time.Second
	atOnce     = 3
)

// Alerter tells of troubles.
type Alerter struct{ o Options }

// New makes an alerter.
func New(o Options) *Alerter {
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: postLimit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Alerter{o}
}

// Close gives idle connections back.
func (a *Alerter) Close() { a.o.HTTP.CloseIdleConnections() }

// Step looks once, and tells what is to be told. Its caller holds a lease.
func (a *Alerter) Step(ctx context.Context) error {
	troubles, err := a.o.Facts(ctx)
	if err != nil {
		return err
	}
	known, err := load(ctx, a.o.DB)
	if err != nil {
		return err
	}
	now := a.o.Clock.Now().UTC()
	all, err := a.judge(ctx, now, troubles, known)
	if err != nil {
		return err
	}
	var firing, resolved []alert
	for _, one := range all {
		switch one.due(now, waits(troubles, one.Reason)) {
		case statusFiring:
			firing = append(firing, one)
		case statusResolved:
			resolved = append(resolved, one)
		}
	}
	a.tell(ctx, now, statusFiring, firing)
	a.tell(ctx, now, statusResolved, resolved)
	return nil
}

func waits(troubles []Trouble, reason string) time.Duration {
	for _, t := range troubles {
		if t.Reason == reason {
			return t.For
		}
	}
	return 0
}

// judge brings what is kept up to what is seen.
func (a *Alerter) judge(ctx context.Context, now time.Time, troubles []Trouble, known map[string]alert) ([]alert, error) {
	var all []alert
	for _, t := range troubles {
		one, found := known[t.Reason]
		delete(known, t.Reason)
		switch {
		case !found:
			one = alert{Reason: t.Reason, Since: now}
		case !one.Over.IsZero():
			if one.Told.IsZero() { // its end was told: this is another one
				one.Since, one.Tries, one.Tried = now, 0, time.Time{}
			}
			one.Over = time.Time{}
		case one.Message == t.Message:
			all = append(all, one)
			continue
		}
		one.Message = t.Message
		if err := save(ctx, a.o.DB, one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	for _, one := range known { // what is not there any more
		switch {
		case one.Told.IsZero() && now.Sub(one.Fired) >= quiet:
			if err := forget(ctx, a.o.DB, one.Reason); err != nil {
				return nil, err
			}
			continue
		case one.Over.IsZero():
			one.Over, one.Tries, one.Tried = now, 0, time.Time{}
			if err := save(ctx, a.o.DB, one); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(x, y alert) int { return strings.Compare(x.Reason, y.Reason) })
	return all, nil
}

// due is what the receiver is to be told of an alert now, "" for nothing.
func (one alert) due(now time.Time, wait time.Duration) string {
	pause := lastPause
	if one.Tries < 6 {
		pause = min(firstPause<<max(one.Tries-1, 0), lastPause)
	}
	switch {
	case one.Tries > 0 && now.Sub(one.Tried) < pause:
		return ""
	case !one.Over.IsZero() && !one.Told.IsZero():
		return statusResolved
	case !one.Over.IsZero():
		return ""
	case one.Told.IsZero() && now.Sub(one.Since) >= wait && now.Sub(one.Fired) >= quiet, !one.Told.IsZero() && now.Sub(one.Fired) >= remind:
		return statusFiring
	}
	return ""
}

// tell sends what is due: a message each, or one of all where they are many.
func (a *Alerter) tell(ctx context.Context, now time.Time, status string, list []alert) {
	groups := [][]alert{list}
	if len(list) <= atOnce {
		groups = nil
		for _, one := range list {
			groups = append(groups, []alert{one})
		}
	}
	for _, group := range groups {
		err := a.post(ctx, messageOf(status, a.o.Link, group))
		if err != nil {
			a.o.Logger.Warn("an alert was not taken and is sent again later", zap.String("status", status), zap.Strings("reasons", reasons(group)), zap.Int("tries", group[0].Tries+1), logs.Failure(err))
		} else {
			a.o.Logger.Info("an alert was sent", zap.String("status", status), zap.Strings("reasons", reasons(group)))
		}
		for _, one := range group {
			one.note(now, status, err == nil)
			if err := save(context.WithoutCancel(ctx), a.o.DB, one); err != nil {
				a.o.Logger.Warn("that an alert was sent could not be noted; it is sent again", zap.String("reason_code", one.Reason), logs.Failure(err))
			}
		}
	}
}

// note keeps what became of a message.
func (one *alert) note(now time.Time, status string, taken bool) {
	switch {
	case !taken:
		one.Tries, one.Tried = one.Tries+1, now
		return
	case status == statusFiring:
		one.Told, one.Fired = now, now
	default:
		one.Told = time.Time{}
	}
	one.Tries, one.Tried = 0, time.Time{}
}
