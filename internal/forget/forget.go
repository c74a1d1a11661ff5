package forget

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
)

// Options of a forgetter.
type Options struct {
	DB      *mysqldb.DB
	Mapping *mapping.Mapping
	Odoo    Reader // nil: there is none to ask
	Who     string // for the audit
	Client  string
	Batch   int // webhooks a transaction; 0: 500
}

// Forgetter erases what is kept of records.
type Forgetter struct{ o Options }

// New makes a forgetter.
func New(o Options) *Forgetter {
	if o.Batch == 0 {
		o.Batch = 500
	}
	return &Forgetter{o}
}

// Report is what was erased, or would be.
type Report struct {
	Record  string          `json:"record"` // whose: its ids
	Erased  []store.Removed `json:"erased"`
	Waiting int64           `json:"waiting,omitempty"` // webhooks of others that name it and were not worked yet: they keep what they say
	Rows    []string        `json:"rows,omitempty"`    // rows with the mark of a deletion: the API's to erase
}

// Total is the number of rows in it.
func (r Report) Total() int64 {
	var n int64
	for _, e := range r.Erased {
		n += e.N
	}
	return n
}

// Look tells what Forget would erase, and changes nothing.
func (f *Forgetter) Look(ctx context.Context, r Request) (Report, error) {
	p, err := f.find(ctx, r)
	if err != nil {
		return Report{}, err
	}
	return f.run(ctx, p, true)
}

// Forget erases what is kept of a record, and keeps in the audit that it did, or
// why it did not.
func (f *Forgetter) Forget(ctx context.Context, now time.Time, r Request) (Report, error) {
	p, err := f.find(ctx, r)
	entry := store.Entry{At: now, Who: f.o.Who, Action: "forget", Target: p.String(), Client: f.o.Client, Result: "done"}
	if entry.Target == "" {
		entry.Target = r.Entity
	}
	var report Report
	if err == nil {
		report, err = f.run(ctx, p, false)
	}
	if err != nil {
		entry.Result = record.Message(err)
	} else if entry.Details, err = json.Marshal(report); err != nil {
		return report, err
	}
	if _, audit := store.Audit(ctx, f.o.DB, entry); audit != nil && err == nil {
		err = mysqldb.Explain(audit)
	}
	return report, err
}

func (f *Forgetter) run(ctx context.Context, p person, look bool) (Report, error) {
	report := Report{Record: p.String()}
	for _, s := range p.shares {
		if s.row {
			report.Rows = append(report.Rows, "row "+s.localID+" of "+s.entity.Table)
		}
	}
	own, err := f.ownWebhooks(ctx, p, look)
	if err != nil {
		return report, err
	}
	naming := int64(0)
	if p.odooID != 0 {
		if naming, report.Waiting, err = f.namingWebhooks(ctx, p, look); err != nil {
			return report, err
		}
	}
	report.Erased = append(report.Erased, store.Removed{Table: "webhook_logs", N: own + naming})
	for _, s := range p.shares {
		var removed []store.Removed
		err := f.o.DB.InTx(ctx, func(tx *sql.Tx) error {
			if err := stillDeleted(ctx, tx, s, p.odooID); err != nil {
				return err
			}
			removed, err = store.Forget(ctx, tx, s.entity.Name, s.localID, p.odooID, look)
			return err
		})
		if err != nil {
			return report, err
		}
		report.add(removed)
	}
	return report, nil
}

// add adds numbers to those of the same table.
func (r *Report) add(removed []store.Removed) {
	for _, one := range removed {
		i := slices.IndexFunc(r.Erased, func(known store.Removed) bool { return known.Table == one.Table })
		if i < 0 {
			r.Erased = append(r.Erased, one)
		} else {
			r.Erased[i].N += one.N
		}
	}
}

// stillDeleted locks the link and looks again.
func stillDeleted(ctx context.Context, tx *sql.Tx, s share, odooID int64) error {
	var link *store.Link
	if s.localID != "" {
		found, err := store.LockLinksOfRows(ctx, tx, s.entity.Name, []string{s.localID})
		if err != nil {
			return err
		}
		link = found[s.localID]
	} else {
		found, err := store.LockLinks(ctx, tx, s.entity.Name, []int64{odooID})
		if err != nil {
			return err
		}
		link = found[odooID]
	}
	return settledLink(s.entity.Name, link)
}

// ownWebhooks erases what webhooks of the record told.
func (f *Forgetter) ownWebhooks(ctx context.Context, p person, look bool) (int64, error) {
	if p.odooID == 0 {
		return 0, nil
	}
	ids, err := f.numbers(ctx, "SELECT id FROM webhook_logs WHERE model = ? AND odoo_id = ?", p.entity.Model, p.odooID)
	if err != nil {
		return 0, err
	}
	var total int64
	for part := range slices.Chunk(ids, f.o.Batch) {
		n, err := f.erase(ctx, part, keepIDs, look)
		if total += n; err != nil {
			return total, err
		}
	}
	if look {
		return total, nil
	}
	_, err = f.o.DB.ExecContext(ctx, "UPDATE webhook_logs SET error_message = IF(error_message IS NULL, NULL, '"+queue.Erased+"'), subject = NULL WHERE model = ? AND odoo_id = ?", p.entity.Model, p.odooID)
	return total, mysqldb.Explain(err)
}

// erase erases, or only counts what it would.
func (f *Forgetter) erase(ctx context.Context, ids []int64, eraser queue.Eraser, look bool) (int64, error) {
	if look {
		return queue.Erasable(ctx, f.o.DB, ids, eraser)
	}
	return queue.Erase(ctx, f.o.DB, ids, eraser)
}

// kept says what an event is of and when, and nothing else.
var kept = map[string]bool{"id": true, "_id": true, "_model": true, "_action": true, "event": true, "timestamp": true, "merged_into": true}

// keepIDs takes everything away but what says which record's event it is.
func keepIDs(_ queue.Told, document any) (any, bool) {
	all, ok := document.(map[string]any)
	if !ok {
		return map[string]any{}, true
	}
	changed := false
	for key, value := range all {
		if data, ok := value.(map[string]any); ok && key == "data" {
			_, taken := keepIDs(queue.Told{}, data)
			changed = changed || taken
		} else if !kept[key] {
			delete(all, key)
			changed = true
		}
	}
	return all, changed
}

func (f *Forgetter) count(ctx context.Context, query string, args ...any) (int64, error) {
	found, err := f.numbers(ctx, query, args...)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0], nil
}

func (f *Forgetter) numbers(ctx context.Context, query string, args ...any) ([]int64, error) {
	rows, err := f.o.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, mysqldb.Explain(err)
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, mysqldb.Explain(err)
		}
		out = append(out, n)
	}
	return out, mysqldb.Explain(rows.Err())
}
