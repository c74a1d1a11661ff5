package app_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
	"odoosync/internal/record"
)

func TestCheck(t *testing.T) {
	sim := odoosim.New(odoosim.Options{Version: 19})
	url, err := sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Close()) })
	for _, tt := range []struct {
		name   string
		change func(*configs.Config)
		code   record.Code
		says   []string
	}{
		{"all is well", nil, "", []string{"ok       Odoo 19.0", "ok       triggers: edits of every mapped table are captured", "ok       login sync (user 2)", "ok       company Voyages Scolaires (1) is synced",
			"ok       quotes: the sync user sees all records", "contacts: Odoo 19.0 has no field for the column mobile"}},
		{"edits that are not captured", func(c *configs.Config) { c.Mapping.File = leadsOnly(t) }, record.CodeConfig,
			[]string{"PROBLEM  the table contacts has triggers of odoosync that the mapping does not need", "run odoosync migrate up"}},
		// Odoo refuses every call in the name of a company that is not the user's, that for the user's companies too.
		{"a company that is not allowed", func(c *configs.Config) { c.Odoo.Companies = []int64{1, 7} }, record.CodeConfig, []string{"PROBLEM  the sync user may not see company 7", "Allowed Companies"}},
		{"a wrong key", func(c *configs.Config) { c.Odoo.APIKey = "guess" }, record.CodeConfig, []string{`PROBLEM  Odoo refuses the login "sync"`}},
		{"no Odoo there", func(c *configs.Config) { c.Odoo.URL = "http://127.0.0.1:1" }, record.CodeUnavailable, []string{"nothing listens there"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := configs.Default()
			simulated(url)(&c)
			db := dbtest.New(t)
			_, err := app.InstallTriggers(context.Background(), c, db, io.Discard)
			require.NoError(t, err)
			if tt.change != nil {
				tt.change(&c)
			}
			report := app.Check(context.Background(), c, db)
			require.Equal(t, tt.code, report.Code, strings.Join(report.Lines, "\n"))
			for _, text := range tt.says {
				require.Contains(t, strings.Join(report.Lines, "\n"), text)
			}
			require.NotContains(t, strings.Join(report.Lines, "\n"), "guess")
		})
	}
}

// leadsOnly is a mapping file of one entity.
func leadsOnly(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "mapping.yaml")
	require.NoError(t, os.WriteFile(file, []byte("entities:\n  leads:\n    model: crm.lead\n    table: leads\n    fields:\n      name: {odoo: name}\n"), 0o600))
	return file
}
