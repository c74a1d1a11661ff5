package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// lineWindow edits a line in Odoo right after its invoice was read for a push: its
// name alone, which moves no write_date but its own.
type lineWindow struct {
	*odooclient.Client
	then func()
}

func (l *lineWindow) ReadEach(ctx context.Context, model string, ids []int64, fields []string, each func(int64, odooclient.Raw, error) error) error {
	err := l.Client.ReadEach(ctx, model, ids, fields, each)
	if then := l.then; then != nil && model == "account.move.line" {
		l.then = nil
		then()
	}
	return err
}

func TestALineEditedBetweenReadAndWriteIsSeen(t *testing.T) {
	b := newPushBench(t, 17)
	id := b.sim.Create("account.move", odoosim.Values{"invoice_line_ids": []odoosim.Values{{"name": "Guide", "price_unit": 10.0}}})
	b.sync("account.move", id)
	line := b.sim.Get("account.move", id)["invoice_line_ids"].([]int64)[0]
	before := b.sim.Get("account.move", id)["write_date"]
	b.remote(&lineWindow{Client: b.client, then: func() {
		b.clock.Advance(5e9)
		b.sim.Write("account.move.line", line, odoosim.Values{"name": "Guide, theirs"})
		b.sim.Raw("account.move", id, odoosim.Values{"write_date": before})
	}})
	b.api("UPDATE invoice_lines SET name = 'Guide, ours'")
	b.push()
	b.clock.Advance(1e12)
	b.push()
	require.Equal(t, "invoice_line_ids[odoo:1].name | Guide, theirs | Guide, ours | odoo", b.rows("SELECT field, odoo_value, local_value, winner FROM sync_conflicts"))
	require.Equal(t, "Guide, theirs", b.sim.Get("account.move.line", line)["name"])
}
