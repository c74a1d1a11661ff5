package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"odoosync/internal/record"
)

// maxBody is the largest request's size in bytes.
const maxBody = 64 << 10

// readBody reads a body whole. An empty one needs no Content-Type.
func readBody(c *gin.Context) ([]byte, *problem) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, refuse(http.StatusRequestEntityTooLarge, "too_large", "the body is larger than %d bytes", maxBody)
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "bad_body", "the body ends before its announced length")
	}
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); len(body) > 0 && (err != nil || kind != "application/json") {
		return nil, refuse(http.StatusUnsupportedMediaType, "not_json", "Content-Type must be application/json")
	}
	if len(body) > 0 && json.Valid(body) {
		c.Set(askedKey, json.RawMessage(body))
	}
	return body, nil
}

var errTake = refuse(http.StatusUnprocessableEntity, "bad_choice", `the body must be {"take": "odoo"}, {"take": "local"}, or {"take": {"field": "odoo", "field2": "local"}}`)

var errNotJSON = refuse(http.StatusBadRequest, "not_json", "the body is not one JSON document")

// choice reads {"take": side} or {"take": {field: side}}, and nothing besides:
// a key that stands twice or is not known may be a choice that was meant.
func choice(body []byte) (record.Choice, *problem) {
	if !json.Valid(body) {
		return record.Choice{}, errNotJSON
	}
	outer, ok := members(body)
	if !ok || len(outer) != 1 || outer["take"] == nil {
		return record.Choice{}, errTake
	}
	if side, ok := sideOf(outer["take"]); ok {
		return record.Choice{Side: side}, nil
	}
	fields, ok := members(outer["take"])
	if !ok || len(fields) == 0 {
		return record.Choice{}, errTake
	}
	c := record.Choice{Fields: make(map[string]record.Side, len(fields))}
	for field, raw := range fields {
		side, ok := sideOf(raw)
		if !ok || field == "" {
			return record.Choice{}, errTake
		}
		c.Fields[field] = side
	}
	return c, nil
}

func sideOf(raw json.RawMessage) (record.Side, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return "", false
	}
	side := record.Side(text)
	return side, side == record.Odoo || side == record.Local
}

// members are an object's, false for anything else and for a key that stands
// twice. body is valid JSON.
func members(body []byte) (map[string]json.RawMessage, bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, false
	}
	out := map[string]json.RawMessage{}
	for d.More() {
		token, err := d.Token()
		key, isText := token.(string)
		var value json.RawMessage
		if err != nil || !isText || d.Decode(&value) != nil || out[key] != nil {
			return nil, false
		}
		out[key] = value
	}
	return out, true
}

// field is a member that a body may have.
type field struct {
	name  string
	takes string // what it takes, for a person
	read  func(raw json.RawMessage) bool
}

// object reads a body that is an object of these fields, and nothing besides: a
// key that stands twice or is not known may be something that was meant. An
// empty body is an empty object.
func object(body []byte, fields ...field) *problem {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if !json.Valid(body) {
		return errNotJSON
	}
	found, ok := members(body)
	if !ok {
		return refuse(http.StatusUnprocessableEntity, "bad_body", "the body must be a JSON object in which no key stands twice")
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
		if raw := found[f.name]; raw != nil && !f.read(raw) {
			return refuse(http.StatusUnprocessableEntity, "bad_body", "%s takes %s", f.name, f.takes)
		}
		delete(found, f.name)
	}
	unknown := slices.Sorted(maps.Keys(found))
	switch {
	case len(unknown) == 0:
		return nil
	case len(names) == 0:
		return refuse(http.StatusUnprocessableEntity, "bad_body", "this address takes no body")
	}
	return refuse(http.StatusUnprocessableEntity, "bad_body", "%.40q is not known here%s; the body takes %s", unknown[0], record.DidYouMean(unknown[0], names), strings.Join(names, ", "))
}
