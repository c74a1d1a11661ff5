package admin

import (
	"context"
	"errors"

	"odoosync/internal/store"
)

// ErrBusy: something runs that excludes what was asked for (409).
var ErrBusy = errors.New("something else runs")

// ErrPaused: a person has paused what was asked for (409).
var ErrPaused = errors.New("it is paused")

// ResyncRequest is what a resync is asked to do. It names everything, an entity,
// records of an entity, or one record by its model.
type ResyncRequest struct {
	Entity       string  // of the mapping; "": all, or that of Model
	Model        string  // Odoo's, in place of Entity
	IDs          []int64 // Odoo's ids
	Mode         string  // full or incremental
	DryRun       bool
	AllowDeletes bool // for an hour: what the brake holds passes, and what halted a model is accepted
}

// Begun is the run that serves a request.
type Begun struct {
	RunID  int64 `json:"run_id"`
	Joined bool  `json:"joined"` // it ran already, and does all that was asked for
}

// Runs are what runs are asked of, in this and every other process.
type Runs interface {
	// Resync begins a run in the background, or joins one.
	Resync(ctx context.Context, r ResyncRequest) (Begun, error)
	Runs(ctx context.Context, f store.RunFilter) ([]store.RunInfo, error)
	// Run returns nil where there is none of that id.
	Run(ctx context.Context, id int64) (*store.RunInfo, error)
	Cancel(ctx context.Context, id int64) error
	// AllowDeletes lets pass what the brake holds of a run's entity. Begun is the
	// run that does the work again, nil where the next sweep or push does.
	AllowDeletes(ctx context.Context, id int64) (*Begun, error)
}
