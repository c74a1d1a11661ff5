package capture

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"odoosync/mapping"
)

// Prefix begins the name of every trigger of ours, and of no other's.
const Prefix = "odoosync_"

// Trigger is one trigger as it should be.
type Trigger struct {
	Name  string
	Table string
	Event string // "INSERT", "UPDATE" or "DELETE"; all are AFTER
	Body  string
}

// events are the three triggers of a table, with the ends of their names.
var events = []struct{ event, suffix string }{{"INSERT", "_ai"}, {"UPDATE", "_au"}, {"DELETE", "_ad"}}

// Want returns the triggers of every mapped table, by table. Where several
// entities (or lines) share a table, each trigger writes a row for each.
func Want(m *mapping.Mapping) []Trigger {
	tables := map[string][]watch{}
	for _, e := range m.Entities {
		tables[e.Table] = append(tables[e.Table], watchEntity(e))
		for _, c := range e.Children {
			tables[c.Table] = append(tables[c.Table], watchLines(e, c))
		}
	}
	var out []Trigger
	for table, watches := range tables {
		for _, e := range events {
			out = append(out, Trigger{Name: triggerName(table, e.suffix), Table: table, Event: e.event, Body: body(watches, e.event)})
		}
	}
	slices.SortFunc(out, func(a, b Trigger) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Name, b.Name)) })
	return out
}

// maxName is MySQL's limit of a name, in characters, less temporarySuffix.
const maxName = 64 - len(temporarySuffix)

// temporarySuffix marks the second name under which a trigger is replaced on
// MySQL.
const temporarySuffix = "_new"

// triggerName names the trigger after its table; a long name is cut, and told
// apart by a hash of the whole.
func triggerName(table, suffix string) string {
	runes := []rune(table)
	if len(Prefix)+len(runes)+len(suffix) <= maxName {
		return Prefix + table + suffix
	}
	hash := "_" + fingerprint(table)[:8]
	return Prefix + string(runes[:maxName-len(Prefix)-len(hash)-len(suffix)]) + hash + suffix
}

// fingerprint is a short hash of a text.
func fingerprint(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
