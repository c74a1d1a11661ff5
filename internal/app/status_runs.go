package app

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
	"odoosync/internal/store"
)

// Standing is what stands still, and what runs.
type Standing struct {
	Halted  []store.Halt     `json:"halted"`       // models of which nothing is synced until a person has looked
	Paused  store.Paused     `json:"paused"`       // by a person
	Held    map[string]int64 `json:"held_deletes"` // by entity
	Running []store.RunInfo  `json:"running"`
	Last    []LastRun        `json:"last_runs"` // the latest of each kind that there was
}

// LastRun is the latest run of a kind that is over, and how long ago it ended.
type LastRun struct {
	store.RunInfo
	AgeSeconds float64 `json:"age_seconds"`
}

// lastKinds are the kinds of which status shows the latest run.
var lastKinds = []string{"sweep", "poll", "resync"}

func readStanding(ctx context.Context, db *mysqldb.DB, now time.Time) (s Standing, err error) {
	s = Standing{Halted: []store.Halt{}, Running: []store.RunInfo{}, Last: []LastRun{}}
	halts, err := store.Halts(ctx, db)
	if err != nil {
		return s, mysqldb.Explain(err)
	}
	s.Halted = append(s.Halted, halts...)
	if s.Paused, err = store.ReadPaused(ctx, db); err != nil {
		return s, mysqldb.Explain(err)
	}
	if s.Held, err = queue.HeldDeletes(ctx, db); err != nil {
		return s, err
	}
	running, err := store.ListRuns(ctx, db, now, store.RunFilter{State: store.RunRunning})
	if err != nil {
		return s, mysqldb.Explain(err)
	}
	s.Running = append(s.Running, running...)
	for _, kind := range lastKinds {
		last, err := store.ListRuns(ctx, db, now, store.RunFilter{Kind: kind, Over: true, Limit: 1})
		if err != nil {
			return s, mysqldb.Explain(err)
		}
		for _, r := range last {
			s.Last = append(s.Last, LastRun{r, now.Sub(*r.FinishedAt).Seconds()})
		}
	}
	return s, nil
}

// print shows it; what is as usual takes no line.
func (s Standing) print(out io.Writer) {
	for _, h := range s.Halted {
		fmt.Fprintf(out, "HALTED: %s, since %s UTC: %s\n", h.Model, h.Since.Format(time.DateTime), h.Reason)
	}
	if s.Paused.Any() {
		fmt.Fprintf(out, "PAUSED: %s.\n", s.Paused)
	}
	for _, entity := range slices.Sorted(maps.Keys(s.Held)) {
		fmt.Fprintf(out, "HELD: %d deletes of %s, too many for an accident to be ruled out; if they are meant: odoosync resync --entity %s --allow-deletes\n", s.Held[entity], entity, entity)
	}
	for _, r := range s.Running {
		fmt.Fprintf(out, "Running: %s: %s\n", nameOf(r), progressOf(r))
	}
	for _, r := range s.Last {
		fmt.Fprintf(out, "Last %s: %s %s ago", nameOf(r.RunInfo), r.State, age(r.AgeSeconds))
		if r.Error != "" {
			fmt.Fprintf(out, ": %s", r.Error)
		}
		fmt.Fprintln(out)
	}
}

func nameOf(r store.RunInfo) string {
	of := "of everything"
	if r.Entity != "" {
		of = "of " + r.Entity
	}
	mode := ""
	if r.Mode != "" {
		mode = ", " + r.Mode
	}
	return fmt.Sprintf("%s %s%s (run %d)", r.Kind, of, mode, r.ID)
}

func progressOf(r store.RunInfo) string {
	switch {
	case r.Dead:
		return "its process gives no sign of life; the next one goes on with its work"
	case r.Cancelled:
		return "it is being cancelled"
	case r.Total == 0:
		return fmt.Sprintf("since %s UTC", r.StartedAt.Format(time.DateTime))
	}
	return fmt.Sprintf("%d of %d records (%.1f %%), %.1f a second", r.Done, r.Total, r.Percent, r.PerSecond)
}
