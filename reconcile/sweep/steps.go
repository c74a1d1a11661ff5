package sweep

import (
	"context"
	"errors"
	"slices"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// step is a piece of a run that is done once, however often the run is cut off.
type step struct {
	name string
	area *area // nil: it concerns all, and the run ends where it fails
	do   func(context.Context) error
}

// steps are the areas, then the names, the rows here and the full reads.
func (r *run) steps() []step {
	var out []step
	areas := r.areas()
	for i, a := range areas {
		out = append(out, step{"lists " + a.name(), &areas[i], func(ctx context.Context) error { return r.compare(ctx, a) }})
	}
	if r.o.Depth == Lists {
		return out
	}
	if r.o.Entity == "" {
		out = append(out, step{"names", nil, r.names})
	}
	// Before the full reads, which would find edited rows too and not tell them apart.
	out = append(out, step{"rows", nil, r.rows})
	for i, a := range areas {
		if a.child == nil {
			out = append(out, step{"deep " + a.name(), &areas[i], func(ctx context.Context) error { return r.deep(ctx, a) }})
		}
	}
	return out
}

// areas are those the sweep is for.
func (r *run) areas() []area {
	return slices.DeleteFunc(slices.Clone(r.s.areas), func(a area) bool { return r.o.Entity != "" && r.o.Entity != a.entity.Name })
}

// work looks whether this is the Odoo that was synced, and goes through the
// steps. What concerns one area alone is returned in the end.
func (r *run) work(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return r.ends(ctx, err)
	}
	var failures []error
	for _, s := range r.steps() {
		err := r.once(ctx, s)
		if err == nil {
			continue
		}
		if s.area == nil || away(ctx, err) {
			return errors.Join(append(failures, s.blame(r.ends(ctx, err)))...)
		}
		failures = append(failures, s.blame(mysqldb.Explain(err)))
	}
	return errors.Join(failures...)
}

// begin halts what must not be worked, and takes Odoo's time.
func (r *run) begin(ctx context.Context) error {
	if err := r.s.guard(ctx); err != nil {
		return err
	}
	if r.position.Began.IsZero() {
		r.position.Began = r.s.now()
	}
	return nil
}

// ends notes of the error that ends a run whether a side was away.
func (r *run) ends(ctx context.Context, err error) error {
	err = mysqldb.Explain(err)
	r.parted = away(ctx, err) && record.CodeOf(err).Waits()
	return err
}

func (s step) blame(err error) error {
	if s.area == nil {
		return err
	}
	return s.area.blame(err)
}

// once does a step that is not over yet.
func (r *run) once(ctx context.Context, s step) error {
	if slices.Contains(r.position.Done, s.name) {
		return nil
	}
	if err := s.do(ctx); err != nil {
		return err
	}
	r.position.Done = append(r.position.Done, s.name)
	r.position.Area, r.position.After, r.position.Undone = "", 0, nil
	return r.save(ctx)
}
