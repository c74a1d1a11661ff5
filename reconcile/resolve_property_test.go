package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/reconcile"
)

// contested is a contact in a property test: what each side holds, and what
// both have last agreed on. "" is empty.
type contested struct {
	id                 int64
	base, odoo, local  map[string]string
	fields, candidates []string
}

func newContested(b *pushBench) *contested {
	c := &contested{base: map[string]string{}, odoo: map[string]string{}, local: map[string]string{},
		fields: []string{"city", "street", "street2", "zip"}, candidates: []string{"", "a", "b", "c"}}
	c.id = b.sim.Create("res.partner", odoosim.Values{"name": "Mairie"})
	b.sync("res.partner", c.id)
	return c
}

// edit changes random fields of one side, both in its own way.
func (c *contested) edit(rt *rapid.T, b *pushBench, side record.Side) {
	values, sets := odoosim.Values{}, []string{}
	for _, f := range c.fields {
		if !rapid.Bool().Draw(rt, fmt.Sprintf("%s edits %s", side, f)) {
			continue
		}
		v := rapid.SampledFrom(c.candidates).Draw(rt, fmt.Sprintf("%s in %s", f, side))
		if side == record.Odoo {
			c.odoo[f], values[f] = v, v
			continue
		}
		c.local[f] = v
		sets = append(sets, fmt.Sprintf("%s = NULLIF('%s', '')", f, v))
	}
	if len(values) > 0 {
		b.sim.Write("res.partner", c.id, values)
	}
	if len(sets) > 0 {
		b.api(fmt.Sprintf("UPDATE contacts SET %s WHERE odoo_id = %d", strings.Join(sets, ", "), c.id))
	}
}

// merged is what a push leaves: fields that one side changed have gone across,
// the others are in conflict.
func (c *contested) merged() (conflicts []string) {
	for _, f := range c.fields {
		odoo, local := c.odoo[f] != c.base[f], c.local[f] != c.base[f]
		switch {
		case c.odoo[f] == c.local[f] || odoo && !local:
			c.agree(f, c.odoo[f])
		case local && !odoo:
			c.agree(f, c.local[f])
		default:
			conflicts = append(conflicts, f)
		}
	}
	return conflicts
}

func (c *contested) agree(field, v string) {
	c.base[field], c.odoo[field], c.local[field] = v, v, v
}

// check requires that both sides hold what the model says.
func (c *contested) check(rt *rapid.T, b *pushBench) {
	got := b.sim.Get("res.partner", c.id)
	for _, f := range c.fields {
		odoo, _ := got[f].(string) // false is empty
		require.Equal(rt, c.odoo[f], odoo, "%s in Odoo", f)
		require.Equal(rt, c.local[f], b.rows(fmt.Sprintf("SELECT COALESCE(%s, '') FROM contacts WHERE odoo_id = ?", f), c.id), "%s here", f)
	}
}

// Whatever both sides edit and whatever is chosen, in one go or field by field:
// in the end both sides agree, and every field that was in conflict has the
// chosen side's value.
func TestPropertyChoicesAreWhatBothSidesEndWith(t *testing.T) {
	b := newPushBench(t, 17, newestContacts, askContacts)
	rapid.Check(t, func(rt *rapid.T) {
		c := newContested(b)
		for range rapid.IntRange(1, 3).Draw(rt, "rounds") {
			c.edit(rt, b, record.Odoo)
			c.edit(rt, b, record.Local)
			b.sync("res.partner", c.id)
			b.push()
			conflicts := c.merged()
			c.check(rt, b)
			require.Equal(rt, strings.Join(conflicts, "\n"), b.rows("SELECT field FROM sync_conflicts WHERE state = 'open' AND odoo_id = ? ORDER BY field", c.id))
			choices := map[string]record.Side{}
			for _, f := range conflicts {
				choices[f] = rapid.SampledFrom([]record.Side{record.Odoo, record.Local}).Draw(rt, "choice of "+f)
			}
			c.choose(rt, b, choices)
			if rapid.Bool().Draw(rt, "a webhook comes first") {
				b.sync("res.partner", c.id)
			}
			b.push()
			c.check(rt, b)
			require.Empty(rt, b.rows("SELECT field FROM sync_conflicts WHERE state = 'open'"))
			require.Empty(rt, b.pending())
			require.Equal(rt, "synced", b.rows("SELECT state FROM sync_links WHERE odoo_id = ?", c.id))
		}
	})
}

func (c *contested) choose(rt *rapid.T, b *pushBench, choices map[string]record.Side) {
	together := rapid.Bool().Draw(rt, "together")
	for _, f := range c.fields {
		side, chosen := choices[f]
		if !chosen {
			continue
		}
		take := reconcile.Choice{Side: side}
		if together {
			take = reconcile.Choice{Fields: choices}
		}
		list, err := b.arbiter().Conflicts(b.ctx, reconcile.ConflictFilter{Entity: "contacts", Limit: len(c.fields)})
		require.NoError(rt, err)
		for _, one := range list {
			if one.OdooID == c.id && one.Field == f {
				require.NoError(rt, b.arbiter().Resolve(b.ctx, one.ID, take, "Anne"))
				break
			}
		}
		if side == record.Odoo {
			c.agree(f, c.odoo[f])
		} else {
			c.agree(f, c.local[f])
		}
	}
}
