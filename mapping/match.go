package mapping

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"odoosync/internal/record"
)

// MatchSources are the fields of Odoo in which a key's values are searched. It
// is false when a field of the key cannot be searched by its value: what a
// lookup, a reference or a case shows, or what was translated on its way here.
func (e *Entity) MatchSources(k MatchKey) ([]string, bool) {
	out := make([]string, 0, len(k.Fields))
	for _, name := range k.Fields {
		f := e.Field(name)
		if f == nil || f.Kind != KindPlain || f.html || f.prefix != "" || len(f.values) > 0 || f.Type == TypeBool || f.Type == TypeList {
			return nil, false
		}
		out = append(out, f.Source)
	}
	return out, len(out) > 0
}

// MatchValues are a row's values of a key. It is false when one is empty or
// unknown, or when a field of OnlyIfNull is not known to be empty. A field that
// this Odoo does not have is empty.
func (e *Entity) MatchValues(k MatchKey, fields record.Fields) ([]string, bool) {
	out := make([]string, 0, len(k.Fields))
	for _, name := range k.Fields {
		if empty(fields[name]) {
			return nil, false
		}
		out = append(out, fields[name].Text())
	}
	for _, name := range k.OnlyIfNull {
		v, known := fields[name]
		if e.Field(name) != nil && (!known || !empty(v)) {
			return nil, false
		}
	}
	return out, len(out) > 0
}

// Fold is a text's letters and digits in lower case, without marks: two texts
// that differ only in how they are written have one ("FR 23 334 175 221" and
// "fr23334175221", "École" and "ECOLE").
func Fold(text string) string {
	keep := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}
	// Lower case can hold marks of its own, so it is taken apart again.
	return strings.Map(keep, norm.NFKD.String(strings.Map(keep, norm.NFKD.String(text))))
}
