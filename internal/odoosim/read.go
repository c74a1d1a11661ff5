package odoosim

import (
	"fmt"
	"slices"
)

// read answers records: missing ids are left out, a hidden one is fault 4 for
// all. counter counts them.
func (r *request) read(ids []int64, counter *int64) (any, error) {
	names := texts(r.arg(1, "fields"))
	for _, name := range names {
		if _, ok := r.s.fields[r.model][name]; !ok && name != "id" {
			return nil, r.s.invalidField(r.model, name)
		}
	}
	visible := r.visible()
	classic := r.kwargs["load"] == "_classic_write"
	out := []any{}
	for _, id := range ids {
		row, ok := r.s.table(r.model).rows[id]
		if !ok {
			continue
		}
		if !visible(row) {
			return nil, r.s.hiddenRecord(r.model, "read", id)
		}
		answer := map[string]any{"id": id}
		for _, name := range names {
			answer[name] = r.shown(row, name, classic)
		}
		out = append(out, answer)
	}
	*counter += int64(len(out))
	return out, nil
}

// lists is where a search_read counts: one of two fields at most, beside the id,
// is no more work than a search.
func (r *request) lists() *int64 {
	names := slices.DeleteFunc(texts(r.arg(1, "fields")), func(name string) bool { return name == "id" })
	if fields, _ := r.arg(1, "fields").([]any); len(fields) > 0 && len(names) <= 2 {
		return &r.s.stats.RecordsListed
	}
	return &r.s.stats.RecordsRead
}

func (r *request) shown(row *row, name string, classic bool) any {
	if name == "child_ids" {
		return slices.DeleteFunc(r.s.pointing(r.model, "parent_id", row.id), func(child int64) bool {
			return r.s.table(r.model).rows[child].get("active") == false && r.context["active_test"] != false
		})
	}
	if name == "display_name" {
		name = "name"
	}
	v, f := row.get(name), r.s.fields[r.model][name]
	id, isID := v.(int64)
	if f.Type != "many2one" || !isID || classic {
		return v
	}
	label := fmt.Sprintf("%s,%d", f.Relation, id)
	if target, ok := r.s.table(f.Relation).rows[id]; ok {
		if text, isText := target.get("name").(string); isText {
			label = text
		}
	}
	return []any{id, label}
}
