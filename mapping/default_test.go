package mapping

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The head of the default mapping is what people read: it names every key.
func TestTheDefaultMappingExplainsEveryKey(t *testing.T) {
	data, err := os.ReadFile("../configs/mapping.yaml")
	require.NoError(t, err)
	head, _, found := strings.Cut(string(data), "\nentities:")
	require.True(t, found)
	explained := map[string]bool{}
	for _, line := range strings.Split(head, "\n") {
		if keys, ok := strings.CutPrefix(line, "#   "); ok {
			keys, _, _ = strings.Cut(keys, "  ")
			for _, key := range strings.Split(keys, ",") {
				explained[strings.TrimSpace(key)] = true
			}
		}
	}
	for _, spec := range []reflect.Type{reflect.TypeFor[entitySpec](), reflect.TypeFor[childSpec](), reflect.TypeFor[fieldSpec]()} {
		for key := range structKeys(spec) {
			require.True(t, explained[key], "the head of configs/mapping.yaml does not explain %s", key)
		}
	}
}

// Two entities may refer to each other: they keep the file's order, and each
// waits for the other's rows as any record does for its parent.
func TestEntitiesMayReferToEachOther(t *testing.T) {
	text := change(t, sample, "mobile: {odoo: mobile, optional: true}", "mobile: {odoo: last_id, reference: orders}")
	spec, err := Parse([]byte(text))
	require.NoError(t, err)
	schema := sampleSchema()
	schema.Models["res.partner"]["last_id"] = modelsOf("m: last_id many2one sale.order")["m"]["last_id"]
	m, err := spec.Compile(schema)
	require.NoError(t, err)
	require.Len(t, m.Entities, 2)
	require.Equal(t, "orders", m.ByName("people").Field("mobile").Entity)
	require.True(t, m.ByName("orders").SelfReference, "its path leads to orders")
}
