package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// packets sets the server's max_allowed_packet for new connections.
func (b *bench) packets(bytes int) {
	b.t.Helper()
	before := b.rows("SELECT @@GLOBAL.max_allowed_packet")
	b.exec(fmt.Sprint("SET GLOBAL max_allowed_packet = ", bytes))
	b.t.Cleanup(func() { b.exec("SET GLOBAL max_allowed_packet = " + before) })
	b.db.SetMaxIdleConns(0)
}

// A batch whose rows together are larger than the server takes in a statement
// (16 MiB where nobody set it on MariaDB) is split, as any other refusal is.
func TestRowsTooLargeTogetherGoThroughInParts(t *testing.T) {
	b := newBench(t, 17)
	b.packets(16 << 20)
	text := strings.Repeat("Bonjour ", 75_000)
	for range 80 {
		b.hint("crm.lead.created", "crm.lead", b.sim.Create("crm.lead", odoosim.Values{"name": "Long", "description": text}))
	}
	b.work(b.engine, nil)
	require.Equal(t, "success | NULL | 80", b.rows("SELECT status, error_message, COUNT(*) FROM webhook_logs GROUP BY status, error_message"))
}

// A single row that the server does not take is refused with a reason, and the
// others of its batch go through.
func TestARowTooLargeStopsNobody(t *testing.T) {
	b := newBench(t, 17)
	b.packets(1 << 20)
	for _, text := range []string{"short", strings.Repeat("Bonjour ", 200_000)} {
		b.hint("crm.lead.created", "crm.lead", b.sim.Create("crm.lead", odoosim.Values{"name": text[:5], "description": text}))
	}
	b.work(b.engine, nil)

	require.Equal(t, "short", b.rows("SELECT name FROM leads"))
	require.Equal(t, "1", b.rows("SELECT attempts FROM webhook_logs WHERE status <> 'success'"), "it is refused, not waited for")
}
