package app_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
)

// Two daemons import the same Odoo into one database at the same time while
// each receives half of the webhooks: every record becomes one row, made once.
func TestTwoDaemonsOnOneDatabase(t *testing.T) {
	sim := odoosim.New(odoosim.Options{})
	url, err := sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Close()) })
	const schools, orders = 150, 100
	var ids, orderIDs []int64
	for i := range schools {
		ids = append(ids, sim.Create("res.partner", odoosim.Values{"name": fmt.Sprintf("École %d", i)}))
	}
	for i := range orders {
		orderIDs = append(orderIDs, sim.Create("sale.order", odoosim.Values{"partner_id": ids[i]}))
	}
	dsn := dbtest.DSN(t)
	both := []*daemon{start(t, dsn, simulated(url)), start(t, dsn, simulated(url))}
	var group sync.WaitGroup
	for i, d := range both {
		group.Go(func() {
			for n := i; n < orders; n += 2 {
				body := fmt.Sprintf(`{"event": "sale.order.updated", "timestamp": %q, "data": {"id": %d}}`, time.Now().UTC().Format(time.RFC3339), orderIDs[n])
				if status := d.post("sale-order", body); status != 200 {
					t.Errorf("answered %d", status)
				}
			}
		})
	}
	group.Wait()
	require.Eventually(t, func() bool {
		return both[0].rows("SELECT (SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending' AND source = 'webhook'), (SELECT COUNT(*) FROM sync_cursors WHERE value LIKE '%done%true%')") == "0 | 4"
	}, 30*time.Second, 50*time.Millisecond)

	require.Equal(t, fmt.Sprintf("%d | %d", schools, orders), both[0].rows("SELECT (SELECT COUNT(*) FROM contacts), (SELECT COUNT(*) FROM quotes WHERE contact_id IS NOT NULL)"))
	require.Equal(t, fmt.Sprintf("contacts | %d\nquotes | %d", schools, orders), both[0].rows("SELECT entity, COUNT(*) FROM sync_changes WHERE op = 'create' GROUP BY entity ORDER BY entity"))
	require.Equal(t, fmt.Sprint(schools+orders), both[0].rows("SELECT COUNT(*) FROM sync_links WHERE state = 'synced'"))
	require.Equal(t, fmt.Sprintf("success | %d", orders), both[0].rows("SELECT status, COUNT(*) FROM webhook_logs WHERE source = 'webhook' GROUP BY status"))
}

// simulated are the settings of a daemon on a simulated Odoo.
func simulated(url string) func(*configs.Config) {
	return func(c *configs.Config) {
		c.Odoo.URL, c.Odoo.Database, c.Odoo.Login, c.Odoo.APIKey = url, "odoosim", "sync", "sim-key"
	}
}
