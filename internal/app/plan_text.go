package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"odoosync/internal/record"
	"odoosync/reconcile"
)

// shownItems of each kind, and shownFields of each, are what a person reads.
const (
	shownItems  = 10
	shownFields = 12
	shownValue  = 60 // letters
)

// kindOf groups a plan's items as they are printed.
type kindOf struct {
	side record.Side
	op   reconcile.PlanOp
}

// planText keeps as many of a plan's items as are printed.
type planText struct {
	items map[string]map[kindOf][]reconcile.PlanItem
}

func newPlanText() *planText {
	return &planText{items: map[string]map[kindOf][]reconcile.PlanItem{}}
}

func (t *planText) add(i reconcile.PlanItem) {
	kinds := t.items[i.Entity]
	if kinds == nil {
		kinds = map[kindOf][]reconcile.PlanItem{}
		t.items[i.Entity] = kinds
	}
	if k := (kindOf{i.Side, i.Op}); len(kinds[k]) < shownItems {
		kinds[k] = append(kinds[k], i)
	}
}

// keptText bounds a value that a plan's run keeps, in letters.
const keptText = 300

// position is what a plan's run keeps of it in sync_runs: the first items of each
// kind, for a person to look at, and whether there are more.
func (t *planText) position(ids []int64, counts reconcile.PlanCounts, entities []string) ([]byte, error) {
	out := struct {
		IDs   []int64              `json:"ids"`
		Items []reconcile.PlanItem `json:"items"`
		More  bool                 `json:"more"`
	}{IDs: ids, Items: []reconcile.PlanItem{}}
	for _, entity := range entities {
		for _, kind := range planOrder {
			for _, side := range []record.Side{record.Local, record.Odoo} {
				items := t.items[entity][kindOf{side, kind.op}]
				out.More = out.More || counts[entity][side][kind.op] > int64(len(items))
				for _, i := range items {
					out.Items = append(out.Items, short(i))
				}
			}
		}
	}
	return json.Marshal(out)
}

// short is an item with its long values cut.
func short(i reconcile.PlanItem) reconcile.PlanItem {
	cut := func(v record.Value) record.Value {
		if text := []rune(v.Text()); !v.IsNull() && len(text) > keptText {
			return record.Text(string(text[:keptText]) + "…")
		}
		return v
	}
	changes := make(record.Changes, len(i.Changes))
	for field, c := range i.Changes {
		changes[field] = [2]record.Value{cut(c[0]), cut(c[1])}
	}
	i.Changes = changes
	i.Conflicts = slices.Clone(i.Conflicts)
	for n := range i.Conflicts {
		i.Conflicts[n].Odoo, i.Conflicts[n].Local = cut(i.Conflicts[n].Odoo), cut(i.Conflicts[n].Local)
	}
	return i
}

// planKind is a kind of items and what it is called on each side.
type planKind struct {
	op          reconcile.PlanOp
	local, odoo string
}

func (k planKind) title(side record.Side) string {
	if side == record.Local {
		return k.local
	}
	return k.odoo
}

// planOrder is the order in which kinds are printed.
var planOrder = []planKind{
	{reconcile.PlanAdopt, "adopt: a row and a record are the same", ""},
	{reconcile.PlanCreate, "create here", "create in Odoo"},
	{reconcile.PlanUpdate, "update here", "update in Odoo"},
	{reconcile.PlanRevive, "revive here", "revive in Odoo"},
	{reconcile.PlanDelete, "delete here", "delete in Odoo"},
	{reconcile.PlanConflict, "in conflict", "in conflict"},
	{reconcile.PlanAmbiguous, "ambiguous (records)", "ambiguous (rows)"},
	{reconcile.PlanRefused, "cannot be taken here", "cannot be sent to Odoo"},
}

func (t *planText) print(out io.Writer, counts reconcile.PlanCounts, entities []string) error {
	w := &strings.Builder{}
	for _, entity := range entities {
		if counts[entity] != nil {
			t.entity(w, entity, counts[entity])
		}
	}
	switch {
	case len(counts) == 0:
		fmt.Fprintln(w, "Nothing to do: both sides agree.")
	case counts.NeedPerson() == 1:
		fmt.Fprintln(w, "Nothing was changed. odoosync resync does it; one thing is left for you then.")
	case counts.NeedPerson() > 0:
		fmt.Fprintf(w, "Nothing was changed. odoosync resync does it; %d things are left for you then.\n", counts.NeedPerson())
	default:
		fmt.Fprintln(w, "Nothing was changed. odoosync resync does it.")
	}
	_, err := io.WriteString(out, w.String())
	return err
}

func (t *planText) entity(w *strings.Builder, entity string, counts map[record.Side]map[reconcile.PlanOp]int64) {
	fmt.Fprintln(w, entity)
	for _, kind := range planOrder {
		for _, side := range []record.Side{record.Local, record.Odoo} {
			if n := counts[side][kind.op]; n > 0 {
				fmt.Fprintf(w, "  %5d  %s\n", n, kind.title(side))
			}
		}
	}
	for _, kind := range planOrder {
		for _, side := range []record.Side{record.Local, record.Odoo} {
			items, n := t.items[entity][kindOf{side, kind.op}], counts[side][kind.op]
			if n == 0 {
				continue
			}
			fmt.Fprintf(w, "\n  %s\n", kind.title(side))
			for _, i := range items {
				printItem(w, i)
			}
			if more := n - int64(len(items)); more > 0 {
				fmt.Fprintf(w, "    and %d more: --json lists all\n", more)
			}
		}
	}
	fmt.Fprintln(w)
}

func printItem(w *strings.Builder, i reconcile.PlanItem) {
	var names []string
	if i.LocalID != "" {
		names = append(names, "row "+i.LocalID)
	}
	if i.OdooID != 0 {
		names = append(names, fmt.Sprintf("Odoo's %d", i.OdooID))
	}
	fmt.Fprintf(w, "    %s\n", strings.Join(names, ", "))
	if i.Reason != "" {
		fmt.Fprintf(w, "      %s\n", i.Reason)
	}
	fields := slices.Sorted(maps.Keys(i.Changes))
	for n, name := range fields {
		if n == shownFields {
			fmt.Fprintf(w, "      and %d fields more\n", len(fields)-n)
			break
		}
		c := i.Changes[name]
		if c[0].IsNull() && (i.OdooID == 0 || i.LocalID == "") { // of what is not there yet
			fmt.Fprintf(w, "      %s = %s\n", name, planValue(c[1]))
			continue
		}
		fmt.Fprintf(w, "      %s: %s → %s\n", name, planValue(c[0]), planValue(c[1]))
	}
	slices.SortFunc(i.Conflicts, func(a, b reconcile.FieldConflict) int { return cmp.Compare(a.Field, b.Field) })
	for _, c := range i.Conflicts {
		verdict := "left open by the policy " + c.Policy
		if c.Winner != "" {
			verdict = "decided by the policy " + c.Policy + "; the other value is kept among the conflicts"
		}
		fmt.Fprintf(w, "      %s: Odoo has %s, the row %s (%s)\n", c.Field, planValue(c.Odoo), planValue(c.Local), verdict)
	}
}

func planValue(v record.Value) string {
	if v.IsNull() {
		return "NULL"
	}
	text := []rune(strings.ReplaceAll(v.Text(), "\n", "⏎"))
	if len(text) > shownValue {
		return string(text[:shownValue]) + "…"
	}
	return string(text)
}
