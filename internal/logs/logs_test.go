package logs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/record"
	"odoosync/odooclient"
)

// logged is what a line holds.
func logged(t *testing.T, o logs.Options, write func(*zap.Logger)) map[string]any {
	t.Helper()
	var out bytes.Buffer
	o.Level, o.Format, o.Out = "debug", "json", &out
	log, err := logs.New(o)
	require.NoError(t, err)
	write(log)
	line := map[string]any{}
	require.NoError(t, json.Unmarshal(out.Bytes(), &line), out.String())
	return line
}

func TestWhatIsShownOfAnError(t *testing.T) {
	fault := &odooclient.Fault{Code: 2, Message: "Jean's e-mail 'j@x.fr' is not valid"}
	for _, tt := range []struct {
		name          string
		err           error
		reason, cause any
	}{
		{"data", record.Errorf(record.CodeRejected, "the e-mail j@x.fr of Jean is not valid"), nil, nil},
		{"rights", record.Wrap(record.CodeDenied, fault, "Jean may not be read"), nil, nil},
		{"a connection", record.Wrap(record.CodeUnavailable, errors.New("dial tcp 192.168.10.20:8069: refused"), `Odoo at "https://x" cannot be reached`),
			`Odoo at "https://x" cannot be reached`, `Odoo at "https://x" cannot be reached: dial tcp 192.168.10.20:8069: refused`},
		{"a setting with an address", record.Errorf(record.CodeConfig, `Odoo refuses the login "sync@example.com" since 2026-11-02 10:00:00`), `Odoo refuses the login "[e-mail]" since 2026-11-02 10:00:00`, nil},
		{"Odoo's words", record.Wrap(record.CodeRetryable, fault, "%s", fault.Message), "Jean's e-mail […] is not valid", "Jean's e-mail […] is not valid: Odoo's fault 2: Jean's e-mail […] is not valid"},
		{"unforeseen", fmt.Errorf("Error 1062: Duplicate entry 'Jean Dupont-+33 6 12 34 56 78' for key"), "an internal error happened; the log has the details", "Error 1062: Duplicate entry […] for key"},
		{"PostgreSQL's", errors.New("Key (name, email)=(Jean, j@x.fr) already exists."), "an internal error happened; the log has the details", "Key (name, email)[…] already exists."},
		{"numbers", errors.New("call +33 (0)6.12.34.56.78, SIRET 732 829 320 00074, FR76 3000 6000 0112 3456 7890 189, id 1234567"), "an internal error happened; the log has the details", "call [number], SIRET [number], [account], id 1234567"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, log := range []func(*zap.Logger){
				func(l *zap.Logger) { l.Info("x", logs.Failure(tt.err)) },
				func(l *zap.Logger) { l.With(logs.Failure(tt.err)).Info("x") },
			} {
				line := logged(t, logs.Options{}, log)
				require.Equal(t, []any{string(record.CodeOf(tt.err)), tt.reason, tt.cause}, []any{line["code"], line["reason"], line["cause"]})
				line = logged(t, logs.Options{PersonalData: true}, log)
				require.Equal(t, record.Message(tt.err), line["reason"])
				if tt.err.Error() != record.Message(tt.err) {
					require.Equal(t, tt.err.Error(), line["cause"])
				}
			}
		})
	}
	line := logged(t, logs.Options{}, func(l *zap.Logger) {
		l.Info("x", logs.Failure(nil), logs.Text("reason", `"Jean" is no event`), logs.Panic("at 'Jean'"))
	})
	require.Equal(t, []any{"at […]", "internal"}, []any{line["cause"], line["code"]})
	line = logged(t, logs.Options{PersonalData: true}, func(l *zap.Logger) { l.Info("x", logs.Text("reason", `"Jean" is no event`)) })
	require.Equal(t, `"Jean" is no event`, line["reason"])
	line = logged(t, logs.Options{}, func(l *zap.Logger) { l.Info("x", logs.Text("reason", `"Jean" is no event`)) })
	require.Equal(t, `[…] is no event`, line["reason"])
}

func TestConsoleAndLevels(t *testing.T) {
	var out bytes.Buffer
	log, err := logs.New(logs.Options{Level: "warn", Format: "console", Out: &out})
	require.NoError(t, err)
	log.Info("no")
	log.Warn("yes", logs.Failure(record.Errorf(record.CodeRejected, "Jean")))
	require.Contains(t, out.String(), "WARN\tyes\t{\"code\": \"rejected\"}")
	require.NotContains(t, out.String(), "no\n")
	out.Reset()
	log, err = logs.New(logs.Options{Level: "warn", Format: "json", PersonalData: true, Out: &out})
	require.NoError(t, err)
	log.Info("no", zap.Int("n", 1))
	require.Empty(t, out.String())
	_, err = logs.New(logs.Options{Level: "loud"})
	require.Error(t, err)
}

// unsafe are fields that would show an error or a panic whole.
var unsafe = regexp.MustCompile(`zap\.(Error|NamedError|Errors|Reflect)\(|zap\.Any\("panic"|zap\.String\("[a-z_]+", (record\.Message\(|err\.Error)`)

func TestNobodyLogsErrorsWhole(t *testing.T) {
	root := filepath.Join("..", "..")
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if found := unsafe.Find(text); found != nil && filepath.Base(filepath.Dir(path)) != "logs" {
			t.Errorf("%s logs %q: use logs.Failure or logs.Panic", path, found)
		}
		return nil
	}))
}
