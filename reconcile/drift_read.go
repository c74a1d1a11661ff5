package reconcile

import (
	"context"
	"database/sql"

	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// driftRow is a row that a sweep has to compare, and all that its difference may
// be explained by, as of one moment.
type driftRow struct {
	store.Unsettled
	row       store.Row
	lines     map[string][]record.Line // by child name
	link      *store.Link              // nil: none
	standing  queue.Standing
	conflicts []store.KeptConflict // open ones; read where the link is in conflict
}

// note is a hash for the row's link, unless the link is written meanwhile.
func (r *driftRow) note(hash []byte) store.LinkHash {
	return store.LinkHash{LinkID: r.link.ID, Version: r.link.Version, Was: r.Was, Hash: hash}
}

// read fetches the rows of a page that their hashes do not settle.
func (s *driftSweep) read(ctx context.Context, tx *sql.Tx, after, last string) ([]*driftRow, error) {
	found, err := s.hasher.Unsettled(ctx, tx, s.entity.Name, after, last)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	ids, keys, linkIDs := make([]string, len(found)), make([]string, len(found)), []int64(nil)
	for i, u := range found {
		ids[i], keys[i] = u.ID, u.Key
		if u.LinkID != 0 {
			linkIDs = append(linkIDs, u.LinkID)
		}
	}
	rows, err := store.ReadRows(ctx, tx, s.rules.table, ids)
	if err != nil {
		return nil, err
	}
	lines, err := s.readLines(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	links, err := store.LinksByID(ctx, tx, linkIDs)
	if err != nil {
		return nil, err
	}
	standing, err := queue.StandingOf(ctx, tx, s.entity.Name, keys)
	if err != nil {
		return nil, err
	}
	out := make([]*driftRow, len(found))
	for i, u := range found {
		out[i] = &driftRow{Unsettled: u, row: rows[u.ID], lines: lines[u.ID], link: links[u.LinkID], standing: standing[u.Key]}
	}
	return out, s.readConflicts(ctx, tx, out)
}

// readLines fetches the lines of rows, by the row's id and the child's name.
func (s *driftSweep) readLines(ctx context.Context, tx *sql.Tx, ids []string) (map[string]map[string][]record.Line, error) {
	out := make(map[string]map[string][]record.Line, len(ids))
	for _, child := range s.entity.Children {
		rows, err := store.ReadChildren(ctx, tx, s.rules.children[child.Name], ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			out[id] = withChild(out[id], child, rows[id])
		}
	}
	return out, nil
}

func (s *driftSweep) readConflicts(ctx context.Context, tx *sql.Tx, rows []*driftRow) error {
	var ids []int64
	for _, r := range rows {
		if r.link != nil && r.link.State == store.InConflict {
			ids = append(ids, r.link.OdooID)
		}
	}
	conflicts, err := store.OpenConflictsOf(ctx, tx, s.entity.Name, ids)
	for _, r := range rows {
		if r.link != nil {
			r.conflicts = conflicts[r.link.OdooID]
		}
	}
	return err
}
