package queue

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"odoosync/internal/mysqldb"
)

// Erased stands where a value was erased.
const Erased = "[erased]"

// Told is what a webhook told, for one who erases values in it.
type Told struct {
	ID     int64
	Model  string
	OdooID int64
	Source string
	Status string // pending, success, error
}

// Eraser gives a document back without what must go, and tells whether it took
// anything away. The document is of maps, lists, texts, json.Numbers and bools, and
// may be changed in place.
type Eraser func(t Told, document any) (any, bool)

// Erase erases values from the bodies and the data of webhooks, and tells how many
// had any. Those that are being worked are for the caller to leave out. Afterwards
// a webhook is a hint and no more: its own data is not applied again (Replay). The
// hash of the body as it came is kept, so that the same body is still known
// (FirstTime). A body that is no JSON goes as a whole. Where the sentence of a failure
// quotes what is erased, it goes there too.
func Erase(ctx context.Context, db Database, ids []int64, erase Eraser) (int64, error) {
	var n int64
	err := db.InTx(ctx, func(tx *sql.Tx) error {
		n = 0
		found, err := readTold(ctx, tx, ids, " AND lease_owner IS NULL ORDER BY id FOR UPDATE")
		if err != nil {
			return err
		}
		for _, w := range found {
			changed, err := w.erase(ctx, tx, erase)
			if err != nil {
				return err
			}
			if changed {
				n++
			}
		}
		return nil
	})
	return n, mysqldb.Explain(err)
}

// Erasable tells in how many of these webhooks Erase would find something, and
// changes nothing.
func Erasable(ctx context.Context, db Querier, ids []int64, erase Eraser) (int64, error) {
	found, err := readTold(ctx, db, ids, "")
	var n int64
	for _, w := range found {
		_, inData, dataErr := erased(w.Told, w.data, erase)
		_, inBody, bodyErr := erased(w.Told, w.body, erase)
		if inData || inBody {
			n++
		}
		err = errors.Join(err, dataErr, bodyErr)
	}
	return n, mysqldb.Explain(err)
}

// stored is a webhook as it lies there.
type stored struct {
	Told
	data, body []byte
	subject    string
	message    string // its error_message
}

func readTold(ctx context.Context, db Querier, ids []int64, more string) ([]stored, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := db.QueryContext(ctx, "SELECT id, COALESCE(model, ''), COALESCE(odoo_id, 0), source, status, event_data, body, COALESCE(subject, ''), COALESCE(error_message, '') FROM webhook_logs"+
		" WHERE id IN ("+marks(len(ids))+")"+more, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []stored
	for rows.Next() {
		var w stored
		if err := rows.Scan(&w.ID, &w.Model, &w.OdooID, &w.Source, &w.Status, &w.data, &w.body, &w.subject, &w.message); err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, rows.Err()
}

func (w stored) erase(ctx context.Context, tx *sql.Tx, erase Eraser) (bool, error) {
	data, inData, err := erased(w.Told, w.data, erase)
	if err != nil {
		return false, err
	}
	body, inBody, err := erased(w.Told, w.body, erase)
	if err != nil || !inData && !inBody {
		return false, err
	}
	subject := w.subject
	if inData {
		if subject = Subject(data); subject == Erased {
			subject = ""
		}
	}
	message := withoutErased(w.message, slices.Concat(w.data, w.body), slices.Concat(data, body))
	// From left to right: the hash is of the body before.
	_, err = tx.ExecContext(ctx, "UPDATE webhook_logs SET body_sha = COALESCE(body_sha, UNHEX(SHA2(body, 256))), event_data = ?, body = ?, subject = ?, error_message = ? WHERE id = ?",
		text(string(data)), append([]byte{}, body...), text(subject), text(message), w.ID)
	return true, err
}

// quoted finds the texts of a JSON document.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// shortest is the length from which on an erased text is looked for elsewhere:
// shorter ones stand in other words.
const shortest = 3

// withoutErased is a sentence without the texts that stood in what was told
// before, and do not any more.
func withoutErased(sentence string, before, after []byte) string {
	if sentence == "" {
		return ""
	}
	for _, found := range quoted.FindAll(before, -1) {
		var text string
		if json.Unmarshal(found, &text) == nil && len(text) >= shortest && !bytes.Contains(after, found) {
			sentence = strings.ReplaceAll(sentence, text, Erased)
		}
	}
	return sentence
}

// erased is a document without what must go.
func erased(t Told, document []byte, erase Eraser) ([]byte, bool, error) {
	if len(document) == 0 {
		return document, false, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return []byte{}, true, nil
	}
	v, changed := erase(t, v)
	if !changed {
		return document, false, nil
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, false, err
	}
	return bytes.TrimSpace(out.Bytes()), true, nil
}

// EraseFields is an Eraser of the fields of these names, at any depth, in webhooks
// that succeeded: one that a person has just had replayed needs them. What is empty
// stays so.
func EraseFields(names []string) Eraser {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	return func(t Told, document any) (any, bool) {
		return document, t.Status == "success" && eraseKeys(document, func(key string) bool { return wanted[key] })
	}
}

// eraseKeys erases the values of keys in place.
func eraseKeys(v any, wanted func(string) bool) bool {
	changed := false
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			switch {
			case !wanted(key):
				changed = eraseKeys(inner, wanted) || changed
			case !empty(inner):
				v[key], changed = Erased, true
			}
		}
	case []any:
		for _, inner := range v {
			changed = eraseKeys(inner, wanted) || changed
		}
	}
	return changed
}

// empty tells values that tell nothing, and those that were erased before.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == "" || v == Erased
	}
	return false
}
