package app_test

import (
	"bytes"
	"context"
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
)

// simulator runs a simulated Odoo for the test.
func simulator(t *testing.T) (*odoosim.Server, string) {
	t.Helper()
	sim := odoosim.New(odoosim.Options{})
	url, err := sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Close()) })
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return sim, url
}

func TestMigrateUpInstallsTheTriggers(t *testing.T) {
	_, url := simulator(t)
	db := dbtest.New(t)
	c := configs.Default()
	up := func() (string, bool) {
		var out bytes.Buffer
		left, err := app.InstallTriggers(context.Background(), c, db, &out)
		require.NoError(t, err)
		return out.String(), left
	}
	said, left := up()
	require.Equal(t, "No odoo.url is set, so there is nobody to send edits to: no triggers are made.\n", said)
	require.False(t, left)

	simulated("http://127.0.0.1:1")(&c)
	said, left = up()
	require.True(t, left)
	require.Contains(t, said, "The triggers were not checked: ")
	require.Contains(t, said, "nothing listens there")
	require.Contains(t, said, "Run odoosync migrate up again when Odoo answers")

	simulated(url)(&c)
	said, left = up()
	require.False(t, left)
	require.Equal(t, 21, strings.Count(said, "made the trigger "))
	said, _ = up()
	require.Equal(t, "The triggers are up to date.\n", said)
}

// serving is the daemon's start until the mapping is bound and the triggers are
// seen to; it returns what it warned of.
func serving(t *testing.T, dsn, url string) *observer.ObservedLogs {
	t.Helper()
	c := configs.Default()
	simulated(url)(&c)
	c.Database.DSN, c.HTTP.Listen = configs.Secret(dsn), "127.0.0.1:0"
	c.Webhooks.APIKeys, c.Admin.Token = []configs.Secret{"key"}, "token"
	core, logs := observer.New(zapcore.WarnLevel)
	imported := make(chan struct{})
	a, err := app.Start(context.Background(), c, app.Options{VarDir: t.TempDir(), Logger: zap.New(core), OnImported: func() { close(imported) }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	select {
	case <-imported:
	case <-time.After(30 * time.Second):
		t.Fatal("the import did not end")
	}
	return logs
}

func TestServeCapturesEdits(t *testing.T) {
	sim, url := simulator(t)
	sim.Create("res.partner", odoosim.Values{"name": "École"})
	dsn := dbtest.DSN(t)
	require.Empty(t, serving(t, dsn, url).All())
	api, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, api.Close()) })
	_, err = api.Exec("UPDATE contacts SET city = 'Nantes'")
	require.NoError(t, err)
	var entity, columns string
	require.NoError(t, api.QueryRow("SELECT entity, changed_columns FROM sync_outbox").Scan(&entity, &columns), "the import left nothing, the API's edit one row")
	require.Equal(t, `contacts ["city"]`, entity+" "+columns)
}

func TestServeWithoutTheRightSaysSoAndGoesOn(t *testing.T) {
	_, url := simulator(t)
	dsn := dbtest.DSN(t)
	admin := dbtest.Open(t, dsn)
	plain, err := mysql.ParseDSN(dsn)
	require.NoError(t, err)
	plain.User, plain.Passwd = "plain_"+admin.Name()[2:], "Plain-pass-1"
	for _, s := range []string{"CREATE USER '" + plain.User + "'@'%' IDENTIFIED BY 'Plain-pass-1'", "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON `" + admin.Name() + "`.* TO '" + plain.User + "'@'%'"} {
		_, err := admin.Exec(s)
		require.NoError(t, err)
	}
	t.Cleanup(func() { _, _ = admin.Exec("DROP USER '" + plain.User + "'@'%'") })
	warnings := serving(t, plain.FormatDSN(), url).All()
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0].Message, "edits of the API may not be captured")
	require.Contains(t, warnings[0].Message, "odoosync migrate up")
}
