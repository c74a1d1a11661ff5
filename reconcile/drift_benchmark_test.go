package reconcile_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/reconcile"
)

// seeded is how many of the rows are imported; the others are copies of them.
const seeded = 1000

// BenchmarkLocalComparison sweeps contacts that all are what was agreed on: first
// with their bases, then by their hashes. The memory is what the Go runtime holds
// from the system at most. ODOOSYNC_BENCH_ROWS sets how many there are.
func BenchmarkLocalComparison(b *testing.B) {
	sizes := []int{20_000, 200_000}
	if text := os.Getenv("ODOOSYNC_BENCH_ROWS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(b, err)
		sizes = []int{n}
	}
	for _, n := range sizes {
		b.Run(fmt.Sprintf("contacts-%d", n), func(b *testing.B) {
			for range b.N {
				engine, db := agreed(b, n)
				first, most := swept(b, engine, n, 0)
				second, _ := swept(b, engine, n, n)
				b.ReportMetric(float64(n)/first.Seconds(), "rows/s")
				b.ReportMetric(float64(n)/second.Seconds(), "rows/s-by-hash")
				b.ReportMetric(first.Seconds()/second.Seconds(), "times-faster")
				b.ReportMetric(float64(n)/scanned(b, db).Seconds(), "rows/s-read-alone")
				b.ReportMetric(float64(most)/(1<<20), "resident-MiB")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// agreed is a database with n contacts and links that say the same.
func agreed(b *testing.B, n int) (*reconcile.Engine, *mysqldb.DB) {
	bench := newBench(b, 17)
	ctx, db := context.Background(), dbtest.New(b)
	engine := reconcile.New(reconcile.Options{DB: db, Odoo: ready{seeded}, Mapping: bench.mapping("http://odoo"), Batch: 500})
	require.NoError(b, engine.Import(ctx, reconcile.ImportOptions{Pager: ready{seeded}, Page: 500}))
	columns := "type, name, email, phone, street, zip, city, country_code, is_company, parent_id, active"
	for have := seeded; have < n; have += min(have, n-have) {
		_, err := db.Exec("INSERT INTO contacts (odoo_id, "+columns+") SELECT odoo_id + ?, "+columns+" FROM contacts WHERE odoo_id <= ? ORDER BY id", have, min(have, n-have))
		require.NoError(b, err)
	}
	_, err := db.Exec("INSERT INTO sync_links (entity, local_id, odoo_id, uuid, base, state, version, odoo_write_date, odoo_create_date, present)"+
		" SELECT 'contacts', c.id, c.odoo_id, UUID(), l.base, l.state, l.version, l.odoo_write_date, l.odoo_create_date, l.present"+
		" FROM contacts c JOIN sync_links l ON l.entity = 'contacts' AND l.odoo_id = (c.odoo_id - 1) MOD ? + 1 WHERE c.odoo_id > ?", seeded, seeded)
	require.NoError(b, err)
	_, err = db.Exec("ANALYZE TABLE contacts, sync_links")
	require.NoError(b, err)
	runtime.GC()
	return engine, db
}

// swept is how long a sweep takes that settles so many rows by their hash.
func swept(b *testing.B, engine *reconcile.Engine, n, byHash int) (took time.Duration, most uint64) {
	began := time.Now()
	report, err := engine.SweepValues(context.Background(), reconcile.DriftOptions{Passed: func(context.Context, string, string) error {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.Sys-m.HeapReleased)
		return nil
	}})
	took = time.Since(began)
	require.NoError(b, err)
	require.Equal(b, reconcile.DriftCounts{Compared: int64(n), ByHash: int64(byHash)}, report["contacts"])
	return took, most
}

// scanned is how long the server takes to send the same rows and bases to a
// client that does nothing with them: what a comparison here can come near.
func scanned(b *testing.B, db *mysqldb.DB) time.Duration {
	began := time.Now()
	rows, err := db.Query("SELECT c.*, l.base FROM contacts c JOIN sync_links l ON l.entity = 'contacts' AND l.odoo_id = c.odoo_id ORDER BY c.id")
	require.NoError(b, err)
	defer rows.Close()
	for rows.Next() {
	}
	require.NoError(b, rows.Err())
	return time.Since(began)
}
