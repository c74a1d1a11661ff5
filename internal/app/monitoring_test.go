package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"odoosync/configs"
	"odoosync/internal/dbtest"
)

const (
	alertsFile    = "../../configs/prometheus/alerts.yaml"
	dashboardFile = "../../configs/grafana/odoosync.json"
)

// promtool runs Prometheus's own checker.
func promtool(t *testing.T, stdin []byte, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		path, err = exec.LookPath("../../bin/promtool")
	}
	if err != nil {
		t.Skip("NOT CHECKED: promtool is missing, so that nothing judges the metrics and alerts. make tools fetches it")
	}
	c := exec.Command(path, args...)
	c.Stdin = bytes.NewReader(stdin)
	out, err := c.CombinedOutput()
	return string(out), err
}

// scrape is /metrics of a daemon that polls an Odoo and serves TLS: all that
// there is to see.
func scrape(t *testing.T) []byte {
	t.Helper()
	_, url := simulator(t)
	client, tls := servesTLS(t)
	d := start(t, dbtest.DSN(t), func(c *configs.Config) {
		simulated(url)(c)
		tls(c)
		c.Schedule.Poll, c.Schedule.Push = 200*time.Millisecond, 200*time.Millisecond
	})
	var text []byte
	nonzero := regexp.MustCompile(`(?m)^(odoosync_last_poll_timestamp_seconds|odoosync_lease_held_timestamp_seconds\{lease="(?:push|poll)"\}|odoosync_certificate_expiry_timestamp_seconds\{of="http"\}) [1-9]`)
	require.Eventually(t, func() bool {
		defer client.CloseIdleConnections()
		resp, err := client.Get(d.app.URL() + "/metrics")
		if err != nil || resp.StatusCode != http.StatusOK {
			return false
		}
		defer resp.Body.Close()
		text, err = io.ReadAll(resp.Body)
		return err == nil && len(nonzero.FindAll(text, -1)) == 4
	}, 30*time.Second, 500*time.Millisecond, "a poll, a push and a certificate are told of")
	return text
}

// samples are the names in /metrics, and up, which Prometheus adds.
func samples(text []byte) map[string]bool {
	out := map[string]bool{"up": true}
	for _, m := range regexp.MustCompile(`(?m)^([a-z_:][a-z0-9_:]*)[{ ]`).FindAllSubmatch(text, -1) {
		out[string(m[1])] = true
	}
	return out
}

// metricNames are the metrics in an expression.
var metricNames = regexp.MustCompile(`\b(?:odoosync|process|go)_[a-z0-9_]+\b`)

func TestTheMetricsAreWhatMonitorsExpect(t *testing.T) {
	text := scrape(t)
	known := samples(text)
	t.Run("promtool finds no fault", func(t *testing.T) {
		out, err := promtool(t, text, "check", "metrics")
		require.NoError(t, err, out)
		require.Empty(t, out)
	})
	t.Run("alerts name what there is", func(t *testing.T) {
		for _, rule := range alerts(t) {
			names := metricNames.FindAllString(rule.Expr, -1)
			require.True(t, len(names) > 0 || strings.Contains(rule.Expr, "up{"), rule.Alert)
			for _, name := range names {
				require.True(t, known[name], "%s: the daemon has no metric %s", rule.Alert, name)
			}
		}
	})
	t.Run("the dashboard names what there is", func(t *testing.T) {
		for _, p := range dashboard(t).Panels {
			for _, q := range p.Targets {
				for _, name := range metricNames.FindAllString(q.Expr, -1) {
					require.True(t, known[name], "%s: the daemon has no metric %s", p.Title, name)
				}
			}
		}
	})
}

type alert struct {
	Alert       string
	Expr        string
	Labels      map[string]string
	Annotations map[string]string
}

func alerts(t *testing.T) []alert {
	t.Helper()
	text, err := os.ReadFile(alertsFile)
	require.NoError(t, err)
	var file struct {
		Groups []struct{ Rules []alert }
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.Len(t, file.Groups, 1)
	return file.Groups[0].Rules
}

func TestTheAlertsFireAndStaySilent(t *testing.T) {
	stories := filepath.Join(filepath.Dir(alertsFile), "alerts_test.yaml")
	text, err := os.ReadFile(stories)
	require.NoError(t, err)
	for _, rule := range alerts(t) {
		require.Contains(t, string(text), `alertname="`+rule.Alert+`"`, "no story in which it fires")
		require.Contains(t, []string{"warning", "critical"}, rule.Labels["severity"], rule.Alert)
		require.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
		require.NotEmpty(t, rule.Annotations["description"], rule.Alert)
	}
	out, err := promtool(t, nil, "check", "rules", alertsFile)
	require.NoError(t, err, out)
	out, err = promtool(t, nil, "test", "rules", stories)
	require.NoError(t, err, out)
}

type panel struct {
	ID          int
	Title, Type string
	Datasource  struct{ UID string }
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct{ Defaults struct{ Unit string } }
	Targets     []struct {
		Expr       string
		Datasource struct{ UID string }
	}
}

type board struct {
	UID, Title    string
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
	Panels []panel
}

func dashboard(t *testing.T) (b board) {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &b))
	return b
}

// Grafana takes it with any data source, and each panel has its place and unit.
func TestTheDashboardIsSound(t *testing.T) {
	b := dashboard(t)
	require.NotEmpty(t, b.UID)
	require.NotEmpty(t, b.Title)
	require.Positive(t, b.SchemaVersion)
	source := b.Templating.List[0]
	require.Equal(t, []any{"datasource", "datasource", "prometheus"}, []any{source.Name, source.Type, source.Query})
	seen, place := map[int]string{}, map[[2]int]string{}
	for _, p := range b.Panels {
		require.Positive(t, p.ID, p.Title)
		require.Empty(t, seen[p.ID], "%s has the id of another panel", p.Title)
		seen[p.ID] = p.Title
		require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				require.Empty(t, place[[2]int{x, y}], "%s lies on another panel", p.Title)
				place[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		require.NotEmpty(t, p.FieldConfig.Defaults.Unit, "%s has no unit", p.Title)
		require.Equal(t, "${datasource}", p.Datasource.UID, p.Title)
		require.NotEmpty(t, p.Targets, p.Title)
		for _, q := range p.Targets {
			require.Equal(t, "${datasource}", q.Datasource.UID, p.Title)
			require.Contains(t, q.Expr, `job=~"$job"`, p.Title)
		}
	}
}

// Each expression of the dashboard is one that Prometheus understands.
func TestTheDashboardsExpressionsAreValid(t *testing.T) {
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	for _, p := range dashboard(t).Panels {
		for _, q := range p.Targets {
			rules = append(rules, rule{"a:b", strings.ReplaceAll(q.Expr, "$__rate_interval", "5m")})
		}
	}
	require.NotEmpty(t, rules)
	for i := range rules {
		rules[i].Record += strings.Repeat("b", i) // names may not stand twice
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	out, err := promtool(t, nil, "check", "rules", file)
	require.NoError(t, err, out)
}
