package forget

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// Reader asks Odoo.
type Reader interface {
	ReadEach(ctx context.Context, model string, ids []int64, fields []string, each func(id int64, raw odooclient.Raw, err error) error) error
}

// Request names a record.
type Request struct {
	Entity string // of the mapping; the singular will do
	ID     int64  // its row's id, or Odoo's
	Odoo   bool   // ID is Odoo's
}

// share is a record's part in one entity: an order has a row in quotes, and one in
// travels.
type share struct {
	entity  *mapping.Entity
	localID string
	row     bool // a row with the mark of a deletion is there
}

// person is a record that both sides have deleted.
type person struct {
	entity *mapping.Entity
	odooID int64
	shares []share
}

func (p person) String() string {
	var names []string
	for _, s := range p.shares {
		if s.localID != "" {
			names = append(names, "row "+s.localID+" of "+s.entity.Table)
		}
	}
	if p.odooID != 0 {
		names = append(names, fmt.Sprintf("Odoo's %s %d", p.entity.Model, p.odooID))
	}
	return strings.Join(names, ", ")
}

// EntityOf finds an entity by its name or its singular.
func EntityOf(m *mapping.Mapping, name string) (*mapping.Entity, error) {
	var names []string
	for _, e := range m.Entities {
		if e.Name == name || e.Name == name+"s" {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return nil, record.Errorf(record.CodeRejected, "the mapping has no entity %.40q%s", name, record.DidYouMean(name, names))
}

// find finds the record, and refuses one that is not deleted on both sides.
func (f *Forgetter) find(ctx context.Context, r Request) (person, error) {
	e, err := EntityOf(f.o.Mapping, r.Entity)
	if err != nil {
		return person{}, err
	}
	p := person{entity: e}
	localID := fmt.Sprint(r.ID)
	if r.Odoo {
		localID, p.odooID = "", r.ID
	}
	link, err := store.LinkOf(ctx, f.o.DB, e.Name, localID, p.odooID)
	if err != nil {
		return p, mysqldb.Explain(err)
	}
	if link != nil {
		localID, p.odooID = link.LocalID, link.OdooID
	} else if localID != "" { // never synced; the row may name its record
		row, err := f.row(ctx, e, localID)
		if err != nil {
			return p, err
		}
		p.odooID = row.OdooID
	}
	p.shares = []share{{entity: e, localID: localID}}
	if p.odooID != 0 {
		if err := f.others(ctx, &p); err != nil {
			return p, err
		}
	}
	if err := f.goneInOdoo(ctx, p, link); err != nil {
		return p, err
	}
	for i := range p.shares {
		if err := f.goneHere(ctx, &p.shares[i], p.odooID); err != nil {
			return p, err
		}
	}
	return p, f.nothingWaits(ctx, p)
}

// others adds what the record is in other entities of its model.
func (f *Forgetter) others(ctx context.Context, p *person) error {
	for _, e := range f.o.Mapping.ByModel(p.entity.Model) {
		if e == p.entity {
			continue
		}
		link, err := store.LinkOf(ctx, f.o.DB, e.Name, "", p.odooID)
		if err != nil {
			return mysqldb.Explain(err)
		}
		if link != nil {
			p.shares = append(p.shares, share{entity: e, localID: link.LocalID})
		}
	}
	return nil
}

// goneInOdoo asks Odoo.
func (f *Forgetter) goneInOdoo(ctx context.Context, p person, link *store.Link) error {
	switch {
	case p.odooID == 0:
		return nil // Odoo never had it
	case f.o.Odoo == nil && (link == nil || link.State != store.DeletedState):
		return record.Errorf(record.CodeRejected, "no webhook has told that Odoo deleted %s %d, and there is no Odoo to ask (odoo.url is empty): delete it there first", p.entity.Model, p.odooID)
	case f.o.Odoo == nil:
		return nil
	}
	var found error
	err := f.o.Odoo.ReadEach(ctx, p.entity.Model, []int64{p.odooID}, []string{"id"}, func(_ int64, _ odooclient.Raw, err error) error {
		found = err
		return nil
	})
	switch {
	case err != nil:
		return err
	case errors.Is(found, odooclient.ErrMissing):
		return nil
	case errors.Is(found, odooclient.ErrHidden):
		return record.Errorf(record.CodeRejected, "Odoo does not let its user see %s %d, so whether it is gone cannot be told: give the user of odoo.login the right to read it, or delete the record in Odoo", p.entity.Model, p.odooID)
	case found != nil:
		return found
	}
	return record.Errorf(record.CodeRejected, "Odoo still has %s %d (archived counts as there), and a sync would bring everything back: delete it in Odoo, wait until odoosync has taken note, and ask again", p.entity.Model, p.odooID)
}

// row is how a row stands; of none where id is "".
func (f *Forgetter) row(ctx context.Context, e *mapping.Entity, id string) (store.RowState, error) {
	if id == "" {
		return store.RowState{}, nil
	}
	s, err := store.StateOfRow(ctx, f.o.DB, store.Table{Name: e.Table, ID: e.IDColumn, OdooID: e.OdooIDColumn}, e.DeletedColumn, id)
	return s, mysqldb.Explain(err)
}

// goneHere looks at the row and the link.
func (f *Forgetter) goneHere(ctx context.Context, s *share, odooID int64) error {
	row, err := f.row(ctx, s.entity, s.localID)
	if err != nil {
		return err
	}
	switch {
	case row.There && s.entity.DeletedColumn == "":
		return record.Errorf(record.CodeRejected, "row %s of %s is still there, and a sync would bring everything back: delete it, wait until odoosync has taken note, and ask again", s.localID, s.entity.Table)
	case row.There && !row.Marked:
		return record.Errorf(record.CodeRejected, "row %s of %s is not deleted, and a sync would bring everything back: set its %s, wait until odoosync has taken note, and ask again", s.localID, s.entity.Table, s.entity.DeletedColumn)
	}
	s.row = row.There
	link, err := store.LinkOf(ctx, f.o.DB, s.entity.Name, s.localID, odooID)
	if err != nil {
		return mysqldb.Explain(err)
	}
	return settledLink(s.entity.Name, link)
}

// settledLink refuses a link that is no tombstone.
func settledLink(entity string, link *store.Link) error {
	switch {
	case link == nil:
		return nil
	case len(link.Intent) > 0:
		return record.Errorf(record.CodeRejected, "a write to Odoo of this record of %s is on its way, or its outcome is not known yet: ask again in some minutes", entity)
	case link.State == store.InConflict:
		return record.Errorf(record.CodeRejected, "this record of %s is in conflict: end that first (odoosync conflicts list)", entity)
	case link.State != store.DeletedState:
		return record.Errorf(record.CodeRejected, "both sides have deleted this record of %s, but odoosync has not taken note yet (it stands as %s): with serve running, ask again in a minute, or run odoosync resync --entity %s --id %d", entity, link.State, entity, link.OdooID)
	}
	return nil
}

// nothingWaits refuses a record about which something is still to be worked.
func (f *Forgetter) nothingWaits(ctx context.Context, p person) error {
	for _, s := range p.shares {
		if s.localID == "" {
			continue
		}
		n, err := f.count(ctx, "SELECT COUNT(*) FROM sync_outbox WHERE entity = ? AND local_id = ? AND status = 'pending'", s.entity.Name, s.localID)
		if err != nil {
			return err
		}
		if n > 0 {
			return record.Errorf(record.CodeRejected, "an edit of row %s of %s waits to be worked: with serve running, ask again in a minute", s.localID, s.entity.Table)
		}
	}
	n, err := f.count(ctx, "SELECT COUNT(*) FROM webhook_logs WHERE model = ? AND odoo_id = ? AND status = 'pending' AND (source <> 'recheck' OR lease_owner IS NOT NULL)", p.entity.Model, p.odooID)
	if err == nil && n > 0 {
		err = record.Errorf(record.CodeRejected, "a webhook of %s %d waits to be worked: with serve running, ask again in a minute", p.entity.Model, p.odooID)
	}
	return err
}

// referrers are the models whose records refer to an entity, with the fields that
// do.
func referrers(m *mapping.Mapping, entity string) map[string][]*mapping.Field {
	out := map[string][]*mapping.Field{}
	for _, e := range m.Entities {
		for _, f := range e.Fields {
			same := func(known *mapping.Field) bool { return known.Source == f.Source }
			if f.Entity == entity && f.Source != "" && !slices.ContainsFunc(out[e.Model], same) {
				out[e.Model] = append(out[e.Model], f)
			}
		}
	}
	return out
}
