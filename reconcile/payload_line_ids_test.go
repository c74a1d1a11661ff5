package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Lines told without their ids between two events that tell them keep theirs.
func TestLinesToldWithoutIDsKeepTheirs(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "sale.order.created", "sale.order", 123, 0, `{"id": 123, "order_line": [{"id": 11, "name": "Rome"}, {"id": 12, "name": "Milan"}]}`)
	b.tell(payloads, "sale.order.updated", "sale.order", 123, 1, `{"id": 123, "order_lines": [{"name": "Rome"}, {"name": "Milan"}]}`)
	require.Equal(t, "1", b.rows("SELECT COUNT(*) FROM sync_changes WHERE entity = 'quotes'"), "the same lines change nothing")
	b.tell(payloads, "sale.order.updated", "sale.order", 123, 2, `{"id": 123, "order_line": [{"id": 12, "name": "Milan"}, {"id": 11, "name": "Rome"}]}`)
	require.Equal(t, "Milan | 12\nRome | 11", b.rows("SELECT name, odoo_id FROM quote_lines ORDER BY position"))
}

// Two lines of one id are two lines or a mistake, not one line less.
func TestALinesIDTwiceInAPayloadIsRefused(t *testing.T) {
	b, payloads := newPayloadBench(t)
	b.tell(payloads, "sale.order.created", "sale.order", 123, 0, `{"id": 123, "order_line": [{"id": 11, "name": "Rome"}, {"id": 12, "name": "Milan"}]}`)
	b.tell(payloads, "sale.order.updated", "sale.order", 123, 1, `{"id": 123, "order_line": [{"id": 12, "name": "Milan"}, {"id": 12, "name": "Oslo"}]}`)
	require.Equal(t, "Rome | 11\nMilan | 12", b.rows("SELECT name, odoo_id FROM quote_lines ORDER BY position"))
	require.Equal(t, "line 2: the id 12 stands twice", b.rows("SELECT error_message FROM webhook_logs WHERE status <> 'success'"))
}
