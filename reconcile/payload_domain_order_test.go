package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/reconcile"
)

// Where a record belongs goes by the newest event that tells it, not by the
// last to arrive.
func TestALateEventDoesNotMoveARecordInOrOutOfTheDomain(t *testing.T) {
	b, _ := newPayloadBench(t)
	m := b.mappingWith(nil, "    model: crm.lead\n", "    model: crm.lead\n    domain: [[type, \"=\", opportunity]]\n")
	payloads := reconcile.NewPayloads(reconcile.New(reconcile.Options{DB: b.db, Mapping: m, Hints: b.inbox}))
	b.tell(payloads, "crm.lead.converted", "crm.lead", 7, 10, `{"id": 7, "name": "Rome", "type": "opportunity"}`)
	b.tell(payloads, "crm.lead.created", "crm.lead", 7, 5, `{"id": 7, "name": "Rom", "type": "lead", "city": "Nantes"}`)
	b.tell(payloads, "crm.lead.updated", "crm.lead", 7, 20, `{"id": 7, "expected_revenue": 900}`)
	b.tell(payloads, "crm.lead.updated", "crm.lead", 8, 10, `{"id": 8, "name": "Milan", "type": "lead"}`)
	b.tell(payloads, "crm.lead.created", "crm.lead", 8, 5, `{"id": 8, "name": "Mila", "type": "opportunity"}`)
	require.Equal(t, "Rome | opportunity | Nantes | 900.00", b.rows("SELECT name, type, city, expected_revenue FROM leads"))
}
