package forget

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"odoosync/internal/queue"
	"odoosync/mapping"
)

// namingWebhooks erases what webhooks of other records say of the record. waiting
// are those that were not worked yet and keep it: what they say may be needed.
func (f *Forgetter) namingWebhooks(ctx context.Context, p person, look bool) (erased, waiting int64, err error) {
	fields := map[string][]*mapping.Field{}
	for _, s := range p.shares {
		for model, list := range referrers(f.o.Mapping, s.entity.Name) {
			fields[model] = append(fields[model], list...)
		}
	}
	if len(fields) == 0 {
		return 0, 0, nil
	}
	eraser := naming(fields, p.odooID)
	models, args := []string{}, []any{}
	for model := range fields {
		models, args = append(models, "?"), append(args, model)
	}
	// The id stands somewhere in the text: that leaves few to be read as JSON.
	likely := "(event_data LIKE ? OR body LIKE ?)"
	text := fmt.Sprintf("%%%d%%", p.odooID)
	top, err := f.count(ctx, "SELECT COALESCE(MAX(id), 0) FROM webhook_logs")
	if err != nil {
		return 0, 0, err
	}
	step := int64(20 * f.o.Batch) // looked at by one statement
	for from := int64(0); from <= top; from += step {
		for _, pending := range []bool{false, true} {
			list := append(append([]any{from, from + step}, args...), text, text, pending)
			ids, err := f.numbers(ctx, "SELECT id FROM webhook_logs WHERE id >= ? AND id < ? AND model IN ("+strings.Join(models, ", ")+") AND "+likely+" AND (status = 'pending') = ?", list...)
			if err != nil || len(ids) == 0 {
				if err != nil {
					return erased, waiting, err
				}
				continue
			}
			n, err := f.erase(ctx, ids, eraser, look || pending)
			if err != nil {
				return erased, waiting, err
			}
			if pending {
				waiting += n
			} else {
				erased += n
			}
		}
	}
	return erased, waiting, nil
}

// naming erases what a document says of a record beside its id.
func naming(fields map[string][]*mapping.Field, id int64) queue.Eraser {
	return func(t queue.Told, document any) (any, bool) {
		all, ok := document.(map[string]any)
		if !ok {
			return document, false
		}
		changed := nameless(all, fields[t.Model], id)
		if data, ok := all["data"].(map[string]any); ok {
			changed = nameless(data, fields[t.Model], id) || changed
		}
		return document, changed
	}
}

func nameless(data map[string]any, fields []*mapping.Field, id int64) bool {
	changed := false
	for _, f := range fields {
		if !refersTo(data[f.Source], id) {
			continue
		}
		changed = blankReference(data[f.Source]) || changed
		for _, key := range f.StubKeys() {
			if name, ok := data[key].(string); ok && name != "" && name != queue.Erased {
				data[key], changed = queue.Erased, true
			}
		}
	}
	return changed
}

// refersTo reads a many2one in the forms that senders use: an id, a pair of id and
// name, or an object with an id.
func refersTo(v any, id int64) bool {
	switch v := v.(type) {
	case json.Number:
		n, err := v.Int64()
		return err == nil && n == id
	case []any:
		return len(v) > 0 && refersTo(v[0], id)
	case map[string]any:
		return refersTo(v["id"], id)
	}
	return false
}

// blankReference erases the name beside an id.
func blankReference(v any) bool {
	changed := false
	switch v := v.(type) {
	case []any:
		for i := 1; i < len(v); i++ {
			if v[i] != queue.Erased {
				v[i], changed = queue.Erased, true
			}
		}
	case map[string]any:
		for key, value := range v {
			if key != "id" && value != queue.Erased {
				v[key], changed = queue.Erased, true
			}
		}
	}
	return changed
}
