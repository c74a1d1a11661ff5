package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// deletion tells the events that say a record was deleted.
func deletion(e queue.Event) bool { return strings.HasSuffix(e.Type, ".deleted") }

// mergedInto is the record that Odoo merged the event's into, where the event
// says so: our module's do.
func mergedInto(e queue.Event) int64 {
	if !deletion(e) {
		return 0
	}
	data, err := payloadData(e)
	if err != nil {
		return 0
	}
	number, _ := data["merged_into"].(json.Number)
	id, err := number.Int64()
	if err != nil || id <= 0 || id == e.OdooID {
		return 0
	}
	return id
}

func webhookCause(e queue.Event) store.Cause {
	return store.Cause{Kind: "webhook", ID: strconv.FormatInt(e.ID, 10)}
}

// SyncEvents implements Syncer: the events are hints, their records are read.
func (e *Engine) SyncEvents(ctx context.Context, model string, events []queue.Event) ([]Result, error) {
	targets := make([]Target, len(events))
	for i, event := range events {
		targets[i] = Target{OdooID: event.OdooID, Hints: []int64{event.ID}, Cause: webhookCause(event), Deletion: deletion(event), Into: mergedInto(event), Early: event.Source == queue.SourceAutomation}
	}
	results, err := e.SyncRecords(ctx, model, targets)
	for i, r := range results {
		if r.Err != nil && record.CodeOf(r.Err).Final() {
			results[i].Err = e.refusal(ctx, model, r)
		}
	}
	return results, err
}

// refusal shows the reason on the record and returns it.
func (e *Engine) refusal(ctx context.Context, model string, r Result) error {
	if err := e.ShowRefusal(ctx, model, r); err != nil {
		return errors.Join(r.Err, err)
	}
	return r.Err
}

// ShowRefusal puts the reason why a record was refused on the record, for
// sync_status.
func (e *Engine) ShowRefusal(ctx context.Context, model string, r Result) error {
	entities := e.mapping.ByModel(model)
	if len(entities) == 0 {
		return nil
	}
	return mysqldb.Explain(store.SetError(ctx, e.db, entities[0].Name, r.OdooID, record.Message(r.Err)))
}
