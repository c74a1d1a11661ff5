package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/mapping"
	"odoosync/reconcile"
)

// partners gives companies and people a table each.
const partners = `
entities:
  companies: {model: res.partner, table: contacts, direction: to_api, domain: [[is_company, "=", true], [active, "=", true]], fields: {name: {odoo: name}}}
  people: {model: res.partner, table: people, direction: to_api, domain: [[is_company, "=", false]], fields: {name: {odoo: name}}}
`

func TestImportBringsEveryPartOfAModel(t *testing.T) {
	b := newBench(t, 17)
	_, err := b.db.ExecContext(b.ctx, "CREATE TABLE people (id BIGINT AUTO_INCREMENT PRIMARY KEY, odoo_id BIGINT NULL UNIQUE, name VARCHAR(255) NULL)")
	require.NoError(t, err)
	spec, err := mapping.Parse([]byte(partners))
	require.NoError(t, err)
	schema, err := reconcile.LoadSchema(b.ctx, b.client, b.db, spec)
	require.NoError(t, err)
	m, err := spec.Compile(schema)
	require.NoError(t, err)
	b.sim.Create("res.partner", odoosim.Values{"name": "Lycée", "is_company": true})
	b.sim.Create("res.partner", odoosim.Values{"name": "Anne"})
	b.sim.Create("res.partner", odoosim.Values{"name": "Gone", "is_company": true, "active": false})
	engine := reconcile.New(reconcile.Options{DB: b.db, Odoo: b.client, Mapping: m, Clock: b.clock})
	require.NoError(t, engine.Import(b.ctx, reconcile.ImportOptions{Pager: b.client}))
	require.Equal(t, "Lycée", b.rows("SELECT name FROM contacts"))
	require.Equal(t, "Anne", b.rows("SELECT name FROM people"))
	require.Equal(t, "2", b.rows("SELECT COUNT(*) FROM sync_changes"))
}
