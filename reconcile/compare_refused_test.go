package reconcile_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/odooclient"
)

// mute is an Odoo that refuses to tell what became of a write.
type mute struct{ *cutAnswer }

func (m *mute) WrittenAs(context.Context, string, int64, string) (string, error) {
	return "", record.Errorf(record.CodeDenied, "You are not allowed to access this record")
}

// Of one record Odoo refuses to tell whether a write was made. The others are sent.
func TestARefusalToTellOfOneWriteStopsNoOther(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	one, other := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"}), b.sim.Create("res.partner", odoosim.Values{"name": "Lycée", "city": "Vannes"})
	b.sync("res.partner", one, other)
	b.remote(&mute{&cutAnswer{b.client, func() {}}})
	b.api("UPDATE contacts SET city = 'Nantes' WHERE name = 'Mairie'")
	_ = b.pusher.Push(b.ctx, time.Second)
	b.api("UPDATE contacts SET city = 'Brest' WHERE name = 'Lycée'")
	for range 5 {
		b.clock.Advance(200e9)
		b.catchUp()
		_ = b.pusher.Push(b.ctx, time.Second)
	}
	require.Equal(t, "Brest", b.sim.Get("res.partner", other)["city"])
}

// voiceless is an Odoo that refuses to tell one record's version, by an error of the module's.
type voiceless struct {
	*odooclient.Client
	id int64
}

func (d *voiceless) Versions(ctx context.Context, model string, ids []int64) (map[int64]string, error) {
	for _, id := range ids {
		if id == d.id {
			return nil, record.Errorf(record.CodeRejected, "the version of %d cannot be told", id)
		}
	}
	return d.Client.Versions(ctx, model, ids)
}

// The version of one record cannot be told. The others are sent.
func TestARecordWithoutAVersionStopsNoOther(t *testing.T) {
	b := newPushBench(t, 17)
	b.sim.SetModule(true)
	one, other := b.sim.Create("res.partner", odoosim.Values{"name": "Mairie", "city": "Vannes"}), b.sim.Create("res.partner", odoosim.Values{"name": "Lycée", "city": "Vannes"})
	b.sync("res.partner", one, other)
	b.remote(&voiceless{b.client, one})
	b.api("UPDATE contacts SET city = 'Nantes'")
	for range 5 {
		b.clock.Advance(200e9)
		b.catchUp()
		_ = b.pusher.Push(b.ctx, time.Second)
	}
	require.Equal(t, "Nantes", b.sim.Get("res.partner", other)["city"])
}
