package reconcile

import (
	"context"
	"slices"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// writeLineStamps keeps which lines the records have in Odoo and when each was
// written. A line's own write leaves no trace on its record (its name changes
// no total), and a line without a price can go without one: poll and sweep find
// both by these.
func (w *writer) writeLineStamps(ctx context.Context) error {
	if w.trusting { // the lines of a payload say nothing of their dates
		return nil
	}
	for _, child := range w.entity.Children {
		have, parents, err := w.lineStamps(child)
		if err != nil {
			return err
		}
		known, err := store.LinesOf(ctx, w.tx, w.entity.Name, child.Name, parents)
		if err != nil {
			return err
		}
		for _, l := range known {
			if now, there := have[l.OdooID]; !there {
				have[l.OdooID] = store.LineStamp{} // gone
			} else if now.Parent == l.Parent && now.WriteDate.Equal(l.WriteDate) && now.Created.Equal(l.Created) {
				delete(have, l.OdooID)
			}
		}
		if err := w.saveLineStamps(ctx, child, have); err != nil {
			return err
		}
	}
	return nil
}

// lineStamps are the lines that Odoo lists under the records of the plans, and
// the records. A record that is not shown has none.
func (w *writer) lineStamps(child *mapping.Child) (have map[int64]store.LineStamp, parents []int64, err error) {
	have = map[int64]store.LineStamp{}
	for _, p := range w.plans {
		if p.link == nil {
			continue
		}
		parents = append(parents, p.item.id)
		if !p.link.Present {
			continue
		}
		for _, raw := range w.batch.lines[child.Name][p.item.id] {
			l := store.LineStamp{OdooID: raw.ID(), Parent: p.item.id, Created: odooTime(raw, "create_date")}
			if text, dated := raw["write_date"].(string); dated {
				if l.WriteDate, err = odooclient.ParseTime(text); err != nil {
					return nil, nil, record.Wrap(record.CodeRejected, err, "line %d of %s %d has a write_date that is no time", l.OdooID, w.entity.Model, p.item.id)
				}
			}
			have[l.OdooID] = l
		}
	}
	return have, parents, nil
}

func (w *writer) saveLineStamps(ctx context.Context, child *mapping.Child, have map[int64]store.LineStamp) error {
	var fresh []store.LineStamp
	var gone []int64
	for id, l := range have {
		if l.OdooID == 0 {
			gone = append(gone, id)
		} else {
			fresh = append(fresh, l)
		}
	}
	// In one order, or two transactions would wait for each other.
	slices.Sort(gone)
	slices.SortFunc(fresh, func(a, b store.LineStamp) int { return int(a.OdooID - b.OdooID) })
	if err := store.ForgetLines(ctx, w.tx, w.entity.Name, child.Name, gone); err != nil {
		return err
	}
	return store.SaveLines(ctx, w.tx, w.entity.Name, child.Name, fresh)
}
