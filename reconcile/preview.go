package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"odoosync/internal/record"
	"odoosync/mapping"
)

// PlanOp is what a full reconcile would do, or why it cannot.
type PlanOp string

// The operations of a plan. What comes after PlanRevive needs a person.
const (
	PlanCreate    PlanOp = "create"
	PlanUpdate    PlanOp = "update"
	PlanDelete    PlanOp = "delete"
	PlanAdopt     PlanOp = "adopt" // a row and a record that are the same are linked
	PlanRevive    PlanOp = "revive"
	PlanConflict  PlanOp = "conflict"  // both values are kept until somebody decides
	PlanAmbiguous PlanOp = "ambiguous" // several could be the same
	PlanRefused   PlanOp = "refused"
)

// NeedsPerson reports an operation that a reconcile leaves to a person.
func (o PlanOp) NeedsPerson() bool {
	return o == PlanConflict || o == PlanAmbiguous || o == PlanRefused
}

// PlanItem is one thing a full reconcile would do on one side.
type PlanItem struct {
	Entity    string          `json:"entity"`
	LocalID   string          `json:"local_id,omitempty"` // "" while there is no row
	OdooID    int64           `json:"odoo_id,omitempty"`  // 0 while there is no record
	Side      record.Side     `json:"side"`               // the side that changes
	Op        PlanOp          `json:"op"`
	Changes   record.Changes  `json:"changes,omitempty"`
	Conflicts []FieldConflict `json:"conflicts,omitempty"`
	Reason    string          `json:"reason,omitempty"`
}

// FieldConflict is a field with both values. Winner is the side whose value stays
// by the policy; "" where nobody has decided.
type FieldConflict struct {
	Field  string       `json:"field"`
	Odoo   record.Value `json:"odoo"`
	Local  record.Value `json:"local"`
	Policy string       `json:"policy"`
	Winner record.Side  `json:"winner,omitempty"`
}

// PlanCounts are the items of a plan by entity, side and operation.
type PlanCounts map[string]map[record.Side]map[PlanOp]int64

func (c PlanCounts) add(i PlanItem) {
	if c[i.Entity] == nil {
		c[i.Entity] = map[record.Side]map[PlanOp]int64{}
	}
	if c[i.Entity][i.Side] == nil {
		c[i.Entity][i.Side] = map[PlanOp]int64{}
	}
	c[i.Entity][i.Side][i.Op]++
}

// NeedPerson counts what a reconcile would leave to a person.
func (c PlanCounts) NeedPerson() (n int64) {
	for _, sides := range c {
		for _, ops := range sides {
			for op, count := range ops {
				if op.NeedsPerson() {
					n += count
				}
			}
		}
	}
	return n
}

// preview is what a plan remembers of what it has decided so far, in place of
// what a reconcile would have written by then. It holds a bit for each record
// and row, so that a plan of a large database stays small, and more only of
// those it would adopt or refuse. It belongs to one plan and one goroutine.
type preview struct {
	item   func(PlanItem) error
	counts PlanCounts
	failed error // of item: the plan ends

	told    map[string]*idSet // records whose item was told, by entity
	linked  map[string]*idSet // records that would have a row by now
	adopted map[string]map[int64]string
	rows    map[string]*keySet  // rows without a record whose item was told, by entity
	taken   map[rowKey]int64    // rows that would be linked by now, to which record
	bad     map[rowKey]struct{} // rows that would not become a record
	coming  map[rowKey]struct{} // rows that would become records, of those the present page refers to
}

func newPreview(item func(PlanItem) error) *preview {
	return &preview{item: item, counts: PlanCounts{}, told: map[string]*idSet{}, linked: map[string]*idSet{}, adopted: map[string]map[int64]string{},
		rows: map[string]*keySet{}, taken: map[rowKey]int64{}, bad: map[rowKey]struct{}{}, coming: map[rowKey]struct{}{}}
}

func (d *preview) tell(i PlanItem) {
	if d.failed != nil {
		return
	}
	if len(i.Changes) == 0 {
		i.Changes = nil
	}
	d.counts.add(i)
	d.failed = d.item(i)
}

// wasTold notes a record, and reports whether it was noted before.
func (d *preview) wasTold(entity string, odooID int64) bool {
	if d.told[entity] == nil {
		d.told[entity] = &idSet{}
	}
	return d.told[entity].add(odooID)
}

// link notes that a record would have a row by now: a new one, or rowID.
func (d *preview) link(entity string, odooID int64, rowID string) {
	if d.linked[entity] == nil {
		d.linked[entity] = &idSet{}
	}
	d.linked[entity].add(odooID)
	if rowID == "" {
		return
	}
	if d.adopted[entity] == nil {
		d.adopted[entity] = map[int64]string{}
	}
	d.adopted[entity][odooID] = rowID
	d.taken[rowKey{entity, rowID}] = odooID
}

// isLinked reports that a record would have a row by now.
func (d *preview) isLinked(entity string, odooID int64) bool {
	return d != nil && d.linked[entity] != nil && d.linked[entity].has(odooID)
}

// isTaken reports that a row would belong to another record by now.
func (d *preview) isTaken(entity, rowID string, odooID int64) bool {
	if d == nil {
		return false
	}
	by, taken := d.taken[rowKey{entity, rowID}]
	return taken && by != odooID
}

// row is the row that a record would have by now. One that would be made has no
// id yet: what stands for it says so.
func (d *preview) row(entity string, odooID int64) (string, bool) {
	if !d.isLinked(entity, odooID) {
		return "", false
	}
	if id, adopted := d.adopted[entity][odooID]; adopted {
		return id, true
	}
	return fmt.Sprintf("(the new row of %s for Odoo's %d)", entity, odooID), true
}

// rowWasTold notes a row without a record, and reports whether it was noted
// before.
func (d *preview) rowWasTold(entity, rowID string) bool {
	if d.rows[entity] == nil {
		d.rows[entity] = &keySet{}
	}
	return d.rows[entity].add(rowID)
}

// idSet is a set of ids, which lie close together: 64 of them in one entry.
type idSet struct{ bits map[int64]uint64 }

// add reports whether the id was in the set already.
func (s *idSet) add(id int64) bool {
	if s.has(id) {
		return true
	}
	if s.bits == nil {
		s.bits = map[int64]uint64{}
	}
	s.bits[id>>6] |= 1 << (id & 63)
	return false
}

func (s *idSet) has(id int64) bool { return s.bits[id>>6]&(1<<(id&63)) != 0 }

// keySet is a set of rows' ids: mostly numbers.
type keySet struct {
	numbers idSet
	texts   map[string]struct{}
}

func (s *keySet) add(key string) bool {
	if n, err := strconv.ParseInt(key, 10, 64); err == nil && n >= 0 && strconv.FormatInt(n, 10) == key {
		return s.numbers.add(n)
	}
	if _, has := s.texts[key]; has {
		return true
	}
	if s.texts == nil {
		s.texts = map[string]struct{}{}
	}
	s.texts[key] = struct{}{}
	return false
}

// PlanOptions say what to plan.
type PlanOptions struct {
	Pager Pager
	Page  int // records a page; 0: 500
	// Entity restricts the plan to the model of one entity, and to the records
	// that those refer to; "" for all.
	Entity string
	// OdooIDs or LocalID restrict it further to records or one row of Entity.
	OdooIDs []int64
	LocalID string
	// Item is told of each thing as it is found; its error ends the plan.
	Item func(PlanItem) error
}

// Plan tells what a full reconcile would do, and changes nothing: it reads,
// matches and merges as a sync does, and rolls back. What only Odoo's answer to
// a write would tell (its normal forms, totals, a step that its state refuses)
// and what only an INSERT would (a unique key of the table) cannot be told.
func (e *Engine) Plan(ctx context.Context, o PlanOptions) (PlanCounts, error) {
	if o.Page == 0 {
		o.Page = 500
	}
	planning := *e // it shares what was looked up
	planning.dry = newPreview(o.Item)
	err := planning.plan(ctx, o)
	if err == nil {
		err = planning.dry.failed
	}
	return planning.dry.counts, err
}

func (e *Engine) plan(ctx context.Context, o PlanOptions) error {
	models, err := e.modelsOf(o.Entity)
	if err != nil {
		return err
	}
	switch {
	case len(o.OdooIDs) > 0:
		if err := e.allKnown(ctx, o.Entity, o.OdooIDs); err != nil {
			return err
		}
		return e.planPage(ctx, models[0], o.OdooIDs)
	case o.LocalID != "":
		return e.planRow(ctx, e.mapping.ByName(o.Entity), o.LocalID)
	}
	for _, model := range models {
		err := o.Pager.PagesByID(ctx, model, mapping.SearchDomain(e.mapping.ByModel(model)), o.Page, 0, func(ids []int64) error { return e.planPage(ctx, model, ids) })
		if err != nil {
			return err
		}
	}
	for _, entity := range e.mapping.Entities {
		if !slices.Contains(models, entity.Model) {
			continue
		}
		if err := e.unlisted(ctx, o.Pager, entity, o.Page, func(ids []int64) error { return e.planPage(ctx, entity.Model, ids) }); err != nil {
			return err
		}
	}
	for _, entity := range e.writtenBack(models) {
		if err := e.orphans(ctx, entity, o.Page, func(ids []string) error { return e.planRows(ctx, entity, ids) }); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) planPage(ctx context.Context, model string, ids []int64) error {
	targets := make([]Target, len(ids))
	for i, id := range ids {
		targets[i] = Target{OdooID: id}
	}
	if _, err := e.SyncRecords(ctx, model, targets); err != nil {
		return err
	}
	return e.dry.failed
}
