package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/dbtest"
)

func run(t *testing.T, environ []string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot(&out, environ)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	return out.String(), err
}

func TestExitCodes(t *testing.T) {
	dsn := "ODOOSYNC_DATABASE_DSN=" + dbtest.DSN(t)
	for _, tt := range []struct {
		name    string
		environ []string
		args    []string
		code    int
		says    string
	}{
		{"version", nil, []string{"version"}, exitDone, "odoosync"},
		{"an unknown flag", nil, []string{"serve", "--fast"}, exitUsage, "unknown flag: --fast: see odoosync serve --help"},
		{"an argument too many", nil, []string{"version", "x"}, exitUsage, `odoosync version takes no "x"`},
		{"a mistyped command", nil, []string{"serv"}, exitUsage, `odoosync has no command "serv": did you mean serve?`},
		{"an unknown command", nil, []string{"migrate", "sideways"}, exitUsage, `odoosync migrate has no command "sideways": see odoosync migrate --help`},
		{"an unknown setting", []string{"ODOOSYNC_DATABASE_DSM=x"}, []string{"status"}, exitUsage, "did you mean ODOOSYNC_DATABASE_DSN?"},
		{"completion for a shell", nil, []string{"completion", "zsh"}, exitDone, "#compdef odoosync"},
		{"completion for an unknown shell", nil, []string{"completion", "fisch"}, exitUsage, `odoosync completion has no command "fisch": did you mean fish?`},
		{"completion with a word too many", nil, []string{"completion", "bash", "x"}, exitUsage, `odoosync completion bash takes no "x"`},
		{"no database", nil, []string{"status"}, exitUsage, "set database.dsn"},
		{"status of nothing", []string{dsn}, []string{"status"}, exitDone, "0 pending"},
		{"migrate status", []string{dsn}, []string{"migrate", "status"}, exitDone, "ran     00001_api_tables.sql"},
		{"migrate up again", []string{dsn}, []string{"migrate", "up"}, exitDone, "up to date"},
		{"check without an Odoo", []string{dsn}, []string{"check"}, exitDone, "payload"},
		{"check with an Odoo that is away", []string{dsn, "ODOOSYNC_ODOO_URL=http://127.0.0.1:1", "ODOOSYNC_ODOO_DATABASE=d", "ODOOSYNC_ODOO_LOGIN=l", "ODOOSYNC_ODOO_API_KEY=k"},
			[]string{"check"}, exitFailed, "PROBLEM  Odoo at http://127.0.0.1:1 cannot be reached (nothing listens there)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			out, err := run(t, tt.environ, tt.args...)
			require.Equal(t, tt.code, exitCode(err), "%v", err)
			if err != nil {
				out += sentence(err)
			}
			require.Contains(t, out, tt.says)
		})
	}
	require.Equal(t, exitPartly, exitCode(errPartly))
	_, err := os.Stat(filepath.Join("..", "..", "configs", "odoosync.yaml"))
	require.NoError(t, err)
}
