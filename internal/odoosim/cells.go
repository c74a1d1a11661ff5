package odoosim

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// problem is what load has to say about a cell or a record.
type problem struct {
	field   string
	text    string
	warning bool
	model   string // whose records would have been possible
	more    any    // other help
	plain   bool   // it names no label
}

// within puts a line's problem on the field of its list.
func (p problem) within(r *request, list string) problem {
	if list == "" {
		return p
	}
	label := r.s.fields[r.model][list].Label
	if p.warning {
		i, j := strings.Index(p.text, "in field "), strings.LastIndex(p.text, " (")
		quote := p.text[i+9 : i+10]
		p.text = p.text[:i] + "in field " + quote + label + quote + p.text[j:]
	} else {
		p.text = strings.Replace(p.text, "field '", "field '"+label+"/", 1)
	}
	p.field = list
	return p
}

// refuse adds a message.
func (l *loading) refuse(p problem) {
	m := map[string]any{"rows": map[string]any{"from": int64(l.from), "to": int64(l.to)}, "type": "error", "record": int64(l.from), "message": p.text}
	if p.warning {
		m["type"] = "warning"
	} else {
		l.failed = true
	}
	if p.field != "" {
		m["field"] = p.field
	}
	if f, known := l.s.fields[l.model][p.field]; known && !p.warning && !p.plain {
		m["field_name"] = f.Label
	}
	if p.more != nil {
		m["moreinfo"] = p.more
	}
	if p.model != "" && !p.warning {
		view := l.s.since("tree", 18, "list")
		m["moreinfo"] = map[string]any{"name": "Possible Values", "type": "ir.actions.act_window", "target": "new", "view_mode": view + ",form",
			"views": []any{[]any{false, "list"}, []any{false, "form"}}, "context": map[string]any{"create": false}, "help": "See all possible values",
			"res_model": externalIDs, "domain": []any{[]any{"model", "=", p.model}}}
	}
	l.messages = append(l.messages, m)
}

func keys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// cell turns a cell's text into a value. An empty cell empties the field: a
// many2one is cleared, a number is 0, a boolean is false.
func (l *loading) cell(r *request, name, kind, text string) (any, *problem) {
	f := r.s.fields[r.model][name]
	if text == "" {
		return empty(f), nil
	}
	v, p := any(text), (*problem)(nil)
	switch f.Type {
	case "many2one":
		v, p = l.relation(f, kind, text)
	case "many2many":
		v, p = l.links(f, kind, text)
	case "selection":
		v, p = selection(f, text)
	case "boolean":
		v, p = boolean(f, text)
	case "integer":
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if v = n; err != nil {
			p = &problem{text: fmt.Sprintf("'%s' does not seem to be an integer for field '%s'", text, f.Label)}
		}
	case "float", "monetary":
		n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if v = n; err != nil {
			p = &problem{text: fmt.Sprintf("'%s' does not seem to be a number for field '%s'", text, f.Label)}
		}
	case "date":
		if _, err := time.Parse(time.DateOnly, text[:min(len(text), 10)]); err != nil {
			p = &problem{text: fmt.Sprintf("'%s' does not seem to be a valid date for field '%s'", text, f.Label), more: "Use the format '2012-12-31'"}
		}
	case "datetime":
		v, p = l.moment(f, text)
	}
	if p != nil {
		p.field = name
	}
	return v, p
}

// selection takes a key or a label.
func selection(f field, text string) (any, *problem) {
	labels := []any{}
	for _, pair := range f.Selection {
		if pair[0] == text || pair[1] == text {
			return pair[0], nil
		}
		labels = append(labels, pair[1])
	}
	return nil, &problem{text: fmt.Sprintf("Value '%s' not found in selection field '%s'", text, f.Label), more: labels}
}

func boolean(f field, text string) (any, *problem) {
	switch strings.ToLower(text) {
	case "1", "true", "yes":
		return true, nil
	case "0", "false", "no":
		return false, nil
	}
	return true, &problem{text: fmt.Sprintf("Unknown value '%s' for boolean field '%s'", text, f.Label), more: "Use '1' for yes and '0' for no"}
}

// moment reads a time in the zone of the context, else in the user's: load does,
// while write takes UTC.
func (l *loading) moment(f field, text string) (any, *problem) {
	zone, _ := l.context["tz"].(string)
	if zone == "" {
		zone, _ = l.s.table("res.users").rows[2].get("tz").(string)
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		location = time.UTC
	}
	for _, form := range []string{time.DateTime, time.DateOnly} {
		if at, err := time.ParseInLocation(form, text, location); err == nil {
			return at.UTC().Format(time.DateTime), nil
		}
	}
	return nil, &problem{text: fmt.Sprintf("'%s' does not seem to be a valid datetime for field '%s'", text, f.Label), more: "Use the format '2012-12-31 23:59:59'"}
}

// links reads a many2many: ids or names, separated by commas.
func (l *loading) links(f field, kind, text string) (any, *problem) {
	ids := []int64{}
	var warned *problem
	for _, one := range strings.Split(text, ",") {
		v, p := l.relation(f, kind, strings.TrimSpace(one))
		if p != nil && !p.warning {
			return nil, p
		}
		if p != nil {
			warned = p
		}
		id, _ := v.(int64)
		ids = append(ids, id)
	}
	return distinct(ids), warned
}

// relation finds the record a cell means: by database id (16 not an archived
// one, unless active_test is off), by external id, or by name, of which several
// make a warning.
func (l *loading) relation(f field, kind, text string) (any, *problem) {
	target := l.of(f.Relation)
	by := map[string]string{".id": "database id", "id": "external id"}[kind]
	switch kind {
	case ".id":
		id, ok := databaseID(text)
		row, there := l.s.table(f.Relation).rows[id]
		archived := row.get("active") == false && target.hasActive() && l.context["active_test"] != false
		if ok && there && !(archived && l.s.o.Version == 16) {
			return id, nil
		}
	case "id":
		if model, id, _, ok := l.s.external(text); ok && model == f.Relation {
			return id, nil
		}
	default:
		by = "name"
		found := target.named(text)
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			form := l.s.since("Found multiple matches for value '%s' in field '%s' (%d matches)", 18, "Found multiple matches for value \"%s\" in field \"%s\" (%d matches)")
			return found[0], &problem{text: fmt.Sprintf(form, text, f.Label, len(found)), warning: true}
		}
	}
	return nil, &problem{text: fmt.Sprintf("No matching record found for %s '%s' in field '%s'", by, text, f.Label), model: f.Relation}
}

// named are the records that a name finds: a state goes by its code too.
func (r *request) named(text string) []int64 {
	out := []int64{}
	for _, id := range r.s.table(r.model).ids() {
		row := r.s.table(r.model).rows[id]
		if row.get("active") == false && r.hasActive() && r.context["active_test"] != false {
			continue
		}
		if row.get("name") == text || r.model == "res.country.state" && row.get("code") == text {
			out = append(out, id)
		}
	}
	return slices.Clip(out)
}
