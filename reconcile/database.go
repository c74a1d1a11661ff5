package reconcile

import (
	"context"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/store"
)

// databaseName keeps which database of Odoo's was synced.
const databaseName = "odoo:database"

// database is what tells one database of Odoo's from another.
type database struct {
	UUID string `json:"uuid"`
}

// lookAgain is how long a push trusts what the last look said about which
// database answers.
const lookAgain = 30 * time.Second

// GuardDatabase halts every model when another database of Odoo's answers than
// before. A user who is no administrator cannot tell; then the records' own
// dates have to (restored.go, identity.go).
func (e *Engine) GuardDatabase(ctx context.Context) error {
	if e.databaseUUID == nil || e.dry != nil {
		return nil
	}
	uuid, err := e.databaseUUID(ctx)
	if err != nil {
		return err
	}
	e.looked.Store(e.clock.Now().UnixNano())
	var known database
	if err := store.LoadCursor(ctx, e.db, databaseName, &known); err != nil || uuid == "" {
		return err
	}
	if known.UUID == uuid {
		return e.backAgain(ctx)
	}
	if known.UUID != "" {
		for _, model := range e.models() {
			halted, err := e.halt(ctx, model, HaltOtherDatabase, uuid, "Odoo answers from another database (its database.uuid is not the one that was synced): a copy, or another company's")
			if err != nil || halted {
				return err
			}
		}
	}
	return store.SaveCursor(ctx, e.db, e.clock.Now(), databaseName, database{UUID: uuid})
}

// backAgain ends the halts over another database: it is the one that was synced.
// To accept them now would be to accept the other one for when it comes back.
func (e *Engine) backAgain(ctx context.Context) error {
	halts, err := store.Halts(ctx, e.db)
	if err != nil {
		return err
	}
	for _, h := range halts {
		if h.Kind != HaltOtherDatabase {
			continue
		}
		e.log.Info("the database that was synced answers again: work goes on", zap.String("model", h.Model))
		if err := store.EndHalt(ctx, e.db, h.Model); err != nil {
			return err
		}
	}
	return nil
}

// guardAgain is GuardDatabase where the last look is too long ago to create
// anything in Odoo, or to take its records for ours.
func (e *Engine) guardAgain(ctx context.Context) error {
	if e.clock.Now().Sub(time.Unix(0, e.looked.Load())).Abs() < lookAgain {
		return nil
	}
	return e.GuardDatabase(ctx)
}
