package queue

import (
	"bytes"
	"encoding/json"
)

// longestSubject is what its column holds, in characters.
const longestSubject = 255

// Subject is the name of an event's record as its data tells it, "" for none:
// what a person searches the log by.
func Subject(data json.RawMessage) string {
	if !bytes.Contains(data, []byte(`"name"`)) {
		return ""
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return ""
	}
	var name string
	if json.Unmarshal(fields["name"], &name) != nil {
		return "" // Odoo's false
	}
	return cut(name, longestSubject)
}
