package webhooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"odoosync/internal/queue"
)

// problem is why an event is not taken.
type problem struct {
	status  int
	code    string
	message string
}

// longestMessage keeps what a sender wrote from filling the log.
const longestMessage = 500

// refuse makes a problem of the sender's doing.
func refuse(status int, code, format string, args ...any) *problem {
	return &problem{status: status, code: code, message: cut(fmt.Sprintf(format, args...), longestMessage)}
}

// cut shortens a text to so many characters.
func cut(text string, longest int) string {
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// document parses a body; the problem names what is wrong with it.
func document(body []byte) (map[string]any, *problem) {
	v, err := parse(body)
	var number *badNumber
	switch {
	case errors.As(err, &number):
		return nil, refuse(422, "bad_number", "%s", number.Error())
	case err != nil:
		return nil, refuse(400, "bad_json", "%s", err.Error())
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(422, "bad_payload", "the body must be a JSON object with event, data and timestamp")
	}
	return m, nil
}

// event checks a guide's payload against its endpoint. The event is filled as
// far as it could be read, for the log, even when there is a problem.
func (ep endpoint) event(m map[string]any, body []byte, now time.Time) (queue.Event, *problem) {
	e := queue.Event{Type: "unknown", Model: ep.model, Body: body, Source: queue.SourceWebhook, ReceivedAt: now}
	name, ok := m["event"].(string)
	if !ok {
		return e, refuse(422, "missing_event", "event: a text is missing, such as %q", ep.events[0])
	}
	e.Type = name
	if origin, ok := m["origin"].(string); ok {
		e.Origin = headerID(origin, 32)
	}
	e.Data = rawMember(body, "data")
	if !slices.Contains(ep.events, name) {
		return e, refuse(422, "unknown_event", "event: %.100q is not one of this endpoint's events (%s)", name, strings.Join(ep.events, ", "))
	}
	fields, ok := m["data"].(map[string]any)
	if !ok {
		return e, refuse(422, "missing_data", "data: an object is missing")
	}
	id, p := recordID("data.id", fields["id"])
	if p != nil {
		return e, p
	}
	e.OdooID = id
	e.EventTime, p = eventTime(m["timestamp"], now)
	return e, p
}

// recordID reads an Odoo id: a positive 32-bit integer.
func recordID(field string, v any) (int64, *problem) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, refuse(422, "bad_id", "%s: a number is missing", field)
	}
	id, err := n.Int64()
	if err != nil || id <= 0 || id > 1<<31-1 {
		return 0, refuse(422, "bad_id", "%s: %.20s is not the id of a record", field, n)
	}
	return id, nil
}

// naive is the ISO form without an offset that Python's isoformat writes: UTC.
var naive = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?$`)

// eventTime reads the envelope's timestamp. A clock that runs ahead is
// forgiven: the event happened no later than we heard of it.
func eventTime(v any, now time.Time) (time.Time, *problem) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, refuse(422, "bad_timestamp", "timestamp: a text is missing, such as \"2025-01-22T10:30:00Z\"")
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil && naive.MatchString(text) {
		t, err = time.Parse("2006-01-02T15:04:05.999999999", strings.Replace(text, " ", "T", 1))
	}
	if err != nil || t.Year() < 2000 {
		return time.Time{}, refuse(422, "bad_timestamp", "timestamp: %.40q is no time; write 2025-01-22T10:30:00Z", text)
	}
	if t.After(now.Add(24 * time.Hour)) {
		return time.Time{}, refuse(422, "bad_timestamp", "timestamp: %.40s lies more than a day in the future", text)
	}
	if t.After(now) {
		t = now
	}
	return t.UTC(), nil
}

// rawMember returns a member of the body as it was sent, so that the log keeps
// its numbers to the digit.
func rawMember(body []byte, name string) json.RawMessage {
	var members map[string]json.RawMessage // a map, because a struct's fields match in any case
	if err := json.Unmarshal(body, &members); err != nil {
		return nil
	}
	return members[name]
}

// automation reads the body of Odoo's own "Send Webhook Notification".
func automation(m map[string]any, body []byte, now time.Time) (queue.Event, *problem) {
	e := queue.Event{Type: "automation", Body: body, Data: body, Source: queue.SourceAutomation, ReceivedAt: now, EventTime: now}
	model, ok := m["_model"].(string)
	if !ok || !modelName.MatchString(model) {
		return e, refuse(422, "bad_model", "_model: the name of an Odoo model is missing")
	}
	e.Model = model
	id, p := recordID("_id", m["_id"])
	e.OdooID = id
	return e, p
}

var modelName = regexp.MustCompile(`^[a-z][a-z0-9_.]{0,63}$`)
