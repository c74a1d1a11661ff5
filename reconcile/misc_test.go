package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

// A chain of parents of any length arrives with its last child.
func TestALongChainOfParents(t *testing.T) {
	b := newBench(t, 17)
	last := int64(0)
	for i := range 150 {
		v := odoosim.Values{"name": fmt.Sprint(i)}
		if last != 0 {
			v["parent_id"] = last
		}
		last = b.sim.Create("res.partner", v)
	}
	b.sync("res.partner", last)
	require.Equal(t, "150 | 149", b.rows("SELECT COUNT(*), COUNT(parent_id) FROM contacts"))
}

// A line that changed its order is found under its new one, whichever order is
// told of first.
func TestALineMovesToAnotherOrder(t *testing.T) {
	b := newBench(t, 17)
	from := b.sim.Create("sale.order", odoosim.Values{"order_line": []odoosim.Values{{"name": "Rome"}}})
	to := b.sim.Create("sale.order", odoosim.Values{})
	b.sync("sale.order", from, to)
	line := b.sim.IDs("sale.order.line")[0]
	b.sim.Raw("sale.order", from, odoosim.Values{"order_line": []int64{}})
	b.sim.Raw("sale.order", to, odoosim.Values{"order_line": []int64{line}})
	b.sim.Raw("sale.order.line", line, odoosim.Values{"order_id": to})
	got := b.syncOn(b.engine, "sale.order", to)
	require.NoError(t, got.Err)
	require.Equal(t, "Rome | S00002", b.rows("SELECT l.name, q.name FROM quote_lines l JOIN quotes q ON q.id = l.quote_id"))
}

// Nonsense in one record of a page refuses that record and no other.
func TestOneRecordOfNonsenseInAPage(t *testing.T) {
	for name, bend := range map[string]func(odooclient.Raw){
		"a struct for a name":  func(r odooclient.Raw) { r["name"] = map[string]any{"a": "b"} },
		"a list for a date":    func(r odooclient.Raw) { r["write_date"] = []any{"x"} },
		"a text for a parent":  func(r odooclient.Raw) { r["parent_id"] = "75" },
		"a negative parent":    func(r odooclient.Raw) { r["parent_id"] = int64(-3) },
		"true for a parent":    func(r odooclient.Raw) { r["parent_id"] = true },
		"a text for a boolean": func(r odooclient.Raw) { r["is_company"] = "maybe" },
		"a list for a lookup":  func(r odooclient.Raw) { r["country_id"] = []any{int64(1), int64(2), int64(3)} },
		"a long country":       func(r odooclient.Raw) { r["vat"] = strings.Repeat("9", 65) },
		"NUL":                  func(r odooclient.Raw) { r["name"] = "a\x00b" },
		"no text at all":       func(r odooclient.Raw) { r["name"] = "\xff" },
		"nil": func(r odooclient.Raw) {
			r["parent_id"] = nil
			r["name"] = nil
			r["is_company"] = nil
			r["write_date"] = nil
		},
		"empty":      func(r odooclient.Raw) { clear(r) },
		"another id": func(r odooclient.Raw) { r["id"] = int64(999) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 17)
			var ids []int64
			for i := range 20 {
				ids = append(ids, b.sim.Create("res.partner", odoosim.Values{"name": fmt.Sprint(i)}))
			}
			b.engine = b.engineOn(&betweenRead{Reader: b.client, model: "res.partner", bend: func(r odooclient.Raw) {
				if r.ID() == ids[7] {
					bend(r)
				}
			}})
			for _, id := range ids {
				b.hint("res.partner.created", "res.partner", id)
			}
			b.work(b.engine, nil)
			require.Equal(t, "19", b.rows("SELECT COUNT(*) FROM contacts c JOIN sync_links l ON l.odoo_id = c.odoo_id WHERE c.name = c.odoo_id - 1 AND c.odoo_id <> ?", ids[7]))
			require.Equal(t, "0", b.rows("SELECT COUNT(*) FROM contacts WHERE odoo_id = 999 OR odoo_id IS NULL OR odoo_id = 0"))
		})
	}
}
