package reconcile_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
	"odoosync/internal/mysqldb"
	"odoosync/odooclient"
	"odoosync/reconcile"
)

// ready is an Odoo whose answers are made in no time: what an import costs
// beside Odoo's own.
type ready struct{ n int64 }

func (r ready) SearchCount(context.Context, string, []any) (int64, error) { return r.n, nil }

func (r ready) PagesByID(_ context.Context, model string, _ []any, size int, after int64, page func([]int64) error) error {
	if model != "res.partner" {
		return nil
	}
	for after < r.n {
		ids := make([]int64, 0, size)
		for id := after + 1; id <= min(after+int64(size), r.n); id++ {
			ids = append(ids, id)
		}
		if err := page(ids); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
	return nil
}

func (r ready) ReadEach(_ context.Context, model string, ids []int64, fields []string, each func(int64, odooclient.Raw, error) error) error {
	for _, id := range ids {
		raw := odooclient.Raw{"id": id}
		for _, f := range fields {
			raw[f] = false
		}
		if model == "res.country" {
			raw["code"] = "FR"
		} else {
			raw["name"], raw["city"], raw["email"] = fmt.Sprintf("École primaire n° %d", id), "Nantes", fmt.Sprintf("contact%d@ecole.example", id)
			raw["street"], raw["zip"], raw["phone"], raw["type"] = "12 rue des Tilleuls", "44000", "+33 2 40 00 00 00", "contact"
			raw["country_id"], raw["is_company"], raw["active"] = int64(75), true, true
			raw["create_date"], raw["write_date"] = "2025-01-22 10:30:00", "2025-01-22 10:30:00"
			if id%3 == 0 {
				raw["parent_id"] = id - 1
			}
		}
		if err := each(id, raw, nil); err != nil {
			return err
		}
	}
	return nil
}

// bareInserts sends the rows of an import once more, as the plain INSERTs of
// 500 rows that the server gets from one client that does nothing else, and
// returns how long the server took: the limit an import can come near.
func bareInserts(b *testing.B, db *mysqldb.DB) time.Duration {
	var spent time.Duration
	for _, table := range []string{"contacts", "sync_links", "sync_changes"} {
		_, err := db.Exec("CREATE TABLE bare_" + table + " LIKE " + table)
		require.NoError(b, err)
		for after := int64(0); ; {
			query, args, last := bareInsert(b, db, table, after)
			if query == "" {
				break
			}
			after = last
			started := time.Now()
			_, err = db.Exec(query, args...)
			require.NoError(b, err)
			spent += time.Since(started)
		}
	}
	return spent
}

func bareInsert(b *testing.B, db *mysqldb.DB, table string, after int64) (query string, args []any, last int64) {
	rows, err := db.Query("SELECT * FROM "+table+" WHERE id > ? ORDER BY id LIMIT 500", after)
	require.NoError(b, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(b, err)
	group := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	var groups []string
	for rows.Next() {
		cells, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		require.NoError(b, rows.Scan(targets...))
		groups, args = append(groups, group), append(args, cells...)
		last = cells[0].(int64) // every one of these tables starts with its id
	}
	require.NoError(b, rows.Err())
	if len(groups) == 0 {
		return "", nil, 0
	}
	return "INSERT INTO bare_" + table + " VALUES " + strings.Join(groups, ", "), args, last
}

// BenchmarkImport imports simulated partners; Odoo's own time is not in it. The
// memory is what the Go runtime holds from the system at most. bare-rows/s is
// what the server alone takes of the same rows in the same run.
func BenchmarkImport(b *testing.B) {
	for _, n := range []int64{20_000, 100_000} {
		b.Run(fmt.Sprintf("partners-%d", n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				bench := newBench(b, 17)
				db := dbtest.New(b)
				odoo := ready{n}
				engine := reconcile.New(reconcile.Options{DB: db, Odoo: odoo, Mapping: bench.mapping("http://odoo"), Batch: 500})
				runtime.GC()
				b.StartTimer()
				started := time.Now()
				var most uint64
				require.NoError(b, engine.Import(context.Background(), reconcile.ImportOptions{Pager: odoo, Page: 500, Progress: func(reconcile.Progress) {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					most = max(most, m.Sys-m.HeapReleased)
				}}))
				took := time.Since(started)
				b.StopTimer()
				bare := bareInserts(b, db)
				b.StartTimer()
				b.ReportMetric(float64(n)/took.Seconds(), "rows/s")
				b.ReportMetric(float64(n)/bare.Seconds(), "bare-rows/s")
				b.ReportMetric(bare.Seconds()/took.Seconds(), "of-bare")
				b.ReportMetric(float64(most)/(1<<20), "resident-MiB")
			}
		})
	}
}
