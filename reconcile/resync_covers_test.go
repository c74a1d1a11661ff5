package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/reconcile"
)

// A request joins a running resync only where that does all it asks for.
func TestWhichResyncCoversWhich(t *testing.T) {
	const full, incremental = reconcile.ModeFull, reconcile.ModeIncremental
	type o = reconcile.ResyncOptions
	for _, tt := range []struct {
		name            string
		running, wanted o
		covers          bool
	}{
		{"the same", o{Mode: full}, o{Mode: full}, true},
		{"an entity of all", o{Mode: full}, o{Mode: full, Entity: "leads"}, true},
		{"all are more than an entity", o{Mode: full, Entity: "leads"}, o{Mode: full}, false},
		{"another entity of its model", o{Mode: full, Entity: "quotes"}, o{Mode: full, Entity: "travels"}, false},
		{"an incremental one of a full one", o{Mode: full}, o{Mode: incremental}, true},
		{"a full one of an incremental one", o{Mode: incremental}, o{Mode: full}, false},
		{"deletes are more", o{Mode: full}, o{Mode: full, AllowDeletes: true}, false},
		{"deletes that are allowed already", o{Mode: full, AllowDeletes: true}, o{Mode: full}, true},
		{"a record that may have been passed", o{Mode: full}, o{Mode: full, Entity: "leads", OdooIDs: []int64{1}}, false},
		{"the same record", o{Entity: "leads", Mode: full, OdooIDs: []int64{1, 2}}, o{Mode: full, Entity: "leads", OdooIDs: []int64{2}}, true},
		{"another record", o{Entity: "leads", Mode: full, OdooIDs: []int64{1}}, o{Mode: full, Entity: "leads", OdooIDs: []int64{1, 2}}, false},
		{"all of a record", o{Entity: "leads", Mode: full, OdooIDs: []int64{1}}, o{Mode: full, Entity: "leads"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.covers, tt.running.Covers(tt.wanted)) })
	}
}
