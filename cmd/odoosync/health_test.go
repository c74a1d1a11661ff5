package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
)

func TestHealthAsksTheDaemon(t *testing.T) {
	t.Chdir(t.TempDir())
	c := configs.Default()
	dsn := dbtest.DSN(t)
	c.Database.DSN, c.HTTP.Listen = configs.Secret(dsn), "127.0.0.1:0"
	daemon, err := app.Start(context.Background(), c, app.Options{VarDir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, daemon.Stop(context.Background())) }()
	_, port, _ := strings.Cut(strings.TrimPrefix(daemon.URL(), "http://"), ":")
	listen := "ODOOSYNC_HTTP_LISTEN=:" + port

	out, err := run(t, []string{listen}, "health", "--alive")
	require.NoError(t, err)
	require.Equal(t, "status: ok\n", out)
	out, err = run(t, []string{listen}, "health")
	require.NoError(t, err)
	require.Equal(t, "database: ok; odoo: not configured\n", out)

	_, err = dbtest.Open(t, dsn).Exec("DROP TABLE sync_migrations")
	require.NoError(t, err)
	_, err = run(t, []string{listen}, "health")
	require.Equal(t, exitFailed, exitCode(err))
	require.Contains(t, sentence(err), "cannot take webhooks: the tables are missing or old: run odoosync migrate up")

	require.NoError(t, daemon.Stop(context.Background()))
	_, err = run(t, []string{listen}, "health")
	require.Equal(t, exitFailed, exitCode(err))
	require.Contains(t, sentence(err), "no daemon answers at http://localhost:"+port)
}

func TestHealthOverTLSAndOfSomethingElse(t *testing.T) {
	t.Chdir(t.TempDir())
	other := httptest.NewTLSServer(http.NotFoundHandler())
	defer other.Close()
	c := configs.Default()
	c.HTTP.Listen, c.HTTP.TLSCert = strings.TrimPrefix(other.URL, "https://"), "cert.pem"
	err := askHealth(context.Background(), t.Output(), c, "/readyz")
	require.Equal(t, exitFailed, exitCode(err))
	require.Contains(t, sentence(err), "is not odoosync (HTTP 404 Not Found)")

	for listen, want := range map[string]string{":8080": "http://localhost:8080", "[::]:80": "http://localhost:80", "0.0.0.0:80": "http://localhost:80",
		"127.0.0.1:1": "http://127.0.0.1:1", "[::1]:1": "http://[::1]:1", "example.org:1": "http://example.org:1"} {
		c := configs.Default()
		c.HTTP.Listen = listen
		got, err := localURL(c)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	c.HTTP.Listen = ":0"
	_, err = localURL(c)
	require.Equal(t, exitUsage, exitCode(err))
}
