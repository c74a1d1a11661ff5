package reconcile

import (
	"context"
	"fmt"

	"odoosync/internal/store"
)

// ResolveWaits syncs records whose parent has arrived since they were synced,
// and returns how many.
func (e *Engine) ResolveWaits(ctx context.Context) (int, error) {
	now := e.clock.Now()
	waits, err := store.ReadyWaits(ctx, e.db, now, e.batch)
	if err != nil {
		return 0, err
	}
	// A sync that goes through ends its record's waits; one that does not must
	// not be first again.
	if err := store.PostponeWaits(ctx, e.db, now.Add(e.settled), waits); err != nil {
		return 0, err
	}
	byModel := map[string][]Target{}
	for _, w := range waits {
		entity := e.mapping.ByName(w.Entity)
		if entity == nil {
			continue
		}
		byModel[entity.Model] = append(byModel[entity.Model], Target{OdooID: w.OdooID, Cause: store.Cause{Kind: "wait", ID: fmt.Sprintf("%s %d", w.WantEntity, w.WantOdooID)}})
	}
	for model, targets := range byModel {
		if _, err := e.SyncRecords(ctx, model, targets); err != nil {
			return 0, err
		}
	}
	return len(waits), nil
}
