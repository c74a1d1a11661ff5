package record

import (
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// appendObject appends a JSON object in the order of names.
func appendObject[V any](b []byte, m map[string]V, value func(V, []byte) []byte) []byte {
	if m == nil {
		return append(b, "null"...)
	}
	names := make([]string, 0, 32) // on the stack for most records
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
		b = value(m[name], b)
	}
	return append(b, '}')
}

// appendString appends a JSON string: text that needs no escape as it is,
// other text by the library.
func appendString(b []byte, s string) []byte {
	plain := utf8.ValidString(s)
	for i := 0; plain && i < len(s); i++ {
		plain = s[i] >= ' ' && s[i] != '"' && s[i] != '\\'
	}
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return append(b, quoted...)
}
