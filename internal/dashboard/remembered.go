package dashboard

import (
	"context"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
)

// rememberFor is how old an answer may be that several pages share.
const rememberFor = time.Second

// remembered asks for something that costs, once for everybody who looks: not
// again within rememberFor, nor within a few times as long as it took.
type remembered[T any] struct {
	clock clockwork.Clock
	read  func(ctx context.Context) (T, error)

	mu    sync.Mutex
	until time.Time
	kept  T
}

// askFor bounds how long is waited for an answer.
const askFor = 10 * time.Second

func (r *remembered[T]) get(ctx context.Context) (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	begin := r.clock.Now()
	if begin.Before(r.until) {
		return r.kept, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askFor) // others wait for it, whoever has gone
	defer cancel()
	fresh, err := r.read(ctx)
	if err != nil {
		return fresh, err
	}
	end := r.clock.Now()
	r.kept, r.until = fresh, end.Add(max(rememberFor, 4*end.Sub(begin)))
	return fresh, nil
}

// forget makes the next answer a fresh one: something was done.
func (r *remembered[T]) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until = time.Time{}
}
