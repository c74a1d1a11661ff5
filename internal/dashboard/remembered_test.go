package dashboard

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
)

func TestRemembered(t *testing.T) {
	clock := clockwork.NewFakeClock()
	asked, cost, failure := 0, time.Duration(0), error(nil)
	r := remembered[int]{clock: clock, read: func(ctx context.Context) (int, error) {
		require.NoError(t, ctx.Err(), "somebody who has gone ends nothing for the others")
		asked++
		clock.Advance(cost)
		return asked, failure
	}}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	get := func(want int) {
		t.Helper()
		got, err := r.get(gone)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	get(1)
	get(1)
	clock.Advance(rememberFor)
	get(2)
	r.forget()
	get(3)
	cost = 2 * time.Second
	clock.Advance(rememberFor)
	get(4)
	clock.Advance(7 * time.Second)
	get(4) // what costs is asked for less often
	clock.Advance(time.Second)
	get(5)
	r.forget()
	failure = errors.New("no")
	_, err := r.get(gone)
	require.Error(t, err)
	failure = nil
	get(7)
}
