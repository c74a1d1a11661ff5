package odoosim_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// Records written in the same second, more than fill a page, in an order of
// hidden microseconds that is not the order of their ids: paging by write_date
// hands over each one, whichever way the version compares times.
func TestPagesByWriteDateMissNothingInASecond(t *testing.T) {
	ctx := context.Background()
	for _, version := range []int{16, 17, 18, 19} {
		for _, size := range []int{1, 2, 3, 5, 100} {
			t.Run(fmt.Sprintf("%d by %d", version, size), func(t *testing.T) {
				start := time.Date(2025, 1, 22, 10, 0, 0, 0, time.UTC)
				clock := clockwork.NewFakeClockAt(start)
				s, c := dial(t, odoosim.Options{Version: version, Clock: clock})
				var ids []int64
				for range 12 {
					ids = append(ids, s.Create("res.partner", odoosim.Values{"name": "École"}))
				}
				for i := range 12 { // three seconds of four records, the youngest id first
					s.Raw("res.partner", ids[11-i], odoosim.Values{"write_date": start.Add(time.Duration(i/4)*time.Second + time.Duration(i)*time.Millisecond)})
				}
				seen := map[int64]int{}
				collect := func(from odooclient.Cursor) (last odooclient.Cursor) {
					last = from
					require.NoError(t, c.PagesByWriteDate(ctx, odooclient.Listing{Model: "res.partner"}, size, from, func(stamps []odooclient.Stamp) error {
						for _, one := range stamps {
							seen[one.ID]++
							last = odooclient.Cursor{WriteDate: one.WriteDate, ID: one.ID}
						}
						return nil
					}))
					return last
				}
				last := collect(odooclient.Cursor{})
				require.Len(t, seen, 12)
				require.Equal(t, "2025-01-22 10:00:02", last.WriteDate)

				clear(seen)
				s.Raw("res.partner", ids[11], odoosim.Values{"write_date": start.Add(2*time.Second + 999*time.Millisecond)})
				collect(odooclient.Cursor{WriteDate: last.WriteDate})
				require.Contains(t, seen, ids[11], "a record that is written later in the cursor's own second is found")

				var listed []int64
				require.NoError(t, c.PagesByID(ctx, "res.partner", nil, size, 0, func(page []int64) error {
					listed = append(listed, page...)
					return nil
				}))
				require.Equal(t, ids, listed)
			})
		}
	}
}
