package app_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/mysqldb"
)

// A daemon that is started again and finds another database behind odoo.url (a
// copy for tests) sends nothing there before it has looked which one it is.
func TestNothingIsSentToAnotherDatabase(t *testing.T) {
	f := newFilled(t)
	c := f.config()
	c.HTTP.Listen, c.Webhooks.APIKeys, c.Admin.Token = "127.0.0.1:0", []configs.Secret{"key"}, "token"
	c.Schedule.Push = 50 * time.Millisecond // the poll has its usual 30 seconds
	first, err := app.Start(context.Background(), c, app.Options{VarDir: t.TempDir(), Logger: zap.NewNop()})
	require.NoError(t, err)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	d := &daemon{t: t, app: first}
	d.eventually("4", "SELECT COUNT(*) FROM sync_cursors WHERE name LIKE 'import:%' AND value LIKE '%done%true%'")
	d.eventually("1", "SELECT COUNT(*) FROM sync_cursors WHERE name = 'odoo:database'")
	require.NoError(t, first.Stop(context.Background()))

	f.sim.SetDatabaseUUID("a copy for tests")
	before := len(f.sim.IDs("res.partner"))
	foreign, err := mysqldb.Open(mysqldb.Options{DSN: f.dsn, Foreign: true, MaxOpen: 1})
	require.NoError(t, err)
	defer foreign.Close()
	_, err = foreign.Exec("INSERT INTO contacts (name) VALUES ('Lycée Hoche')")
	require.NoError(t, err)
	second, err := app.Start(context.Background(), c, app.Options{VarDir: t.TempDir(), Logger: zap.NewNop()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, second.Stop(context.Background())) })
	again := &daemon{t: t, app: second}
	again.eventually("4", "SELECT COUNT(*) FROM sync_cursors WHERE name LIKE 'halt:%' AND value LIKE '%other_database%'")
	again.eventually("held", "SELECT LEFT(error_message, 4) FROM sync_outbox WHERE entity = 'contacts' AND status = 'pending'")
	require.Len(t, f.sim.IDs("res.partner"), before, "a contact was made in another database")
}
