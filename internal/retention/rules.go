package retention

import (
	"strings"
	"time"
)

const webhookLogs = "webhook_logs"

// rule says which rows of a table go. The table is t.
type rule struct {
	table string
	at    string // when a row was added
	keep  time.Duration
	// done is what is asked again once the rows are locked: each ? is the time
	// before which it must have ended.
	done string
	// unneeded is what is asked of other rows. Once true it stays so.
	unneeded string
}

// times are the arguments of done.
func (r rule) times(cutoff time.Time) []any {
	out := make([]any, strings.Count(r.done, "?"))
	for i := range out {
		out[i] = cutoff
	}
	return out
}

func (k *Keeper) rules() []rule {
	return []rule{{
		table: webhookLogs, at: "received_at", keep: k.o.WebhookLogs,
		done: "t.status <> 'pending' AND t.lease_owner IS NULL AND t.received_at < ? AND t.finished_us < ?",
		// Numbers are looked for from a stream's mark on, and compared with its highest.
		unneeded: "(t.stream IS NULL OR EXISTS (SELECT 1 FROM sync_streams s WHERE s.stream = t.stream AND s.mark >= t.stream_number)" +
			" AND EXISTS (SELECT 1 FROM webhook_logs later WHERE later.stream = t.stream AND later.stream_number > t.stream_number))",
	}, {
		table: "sync_changes", at: "at", keep: k.o.Changes,
		done: "t.at < ?",
		unneeded: "NOT EXISTS (SELECT 1 FROM sync_conflicts c WHERE c.entity = t.entity AND c.odoo_id = t.odoo_id AND c.state = 'open')" +
			" AND NOT EXISTS (SELECT 1 FROM sync_conflicts c WHERE c.entity = t.entity AND c.local_id = t.local_id AND c.state = 'open')" +
			" AND NOT EXISTS (SELECT 1 FROM sync_runs r WHERE r.id = t.run_id AND r.state = 'running')",
	}, {
		table: "sync_outbox", at: "changed_at", keep: k.o.Changes,
		done: "t.status = 'done' AND t.lease_owner IS NULL AND t.changed_at < ?", unneeded: "TRUE",
	}, {
		table: "sync_conflicts", at: "created_at", keep: k.o.Changes,
		done: "t.state = 'resolved' AND t.resolved_at < ?", unneeded: "TRUE",
	}, {
		table: "sync_runs", at: "started_at", keep: k.o.Runs,
		done: "t.state <> 'running' AND t.finished_at < ?",
		// The next one begins where the last one did.
		unneeded: "EXISTS (SELECT 1 FROM sync_runs later WHERE later.id > t.id AND later.kind = t.kind AND later.state = t.state" +
			" AND COALESCE(later.entity, '') = COALESCE(t.entity, '') AND COALESCE(later.mode, '') = COALESCE(t.mode, ''))",
	}}
}
