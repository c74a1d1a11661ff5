package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
	"odoosync/internal/odoosim"
	"odoosync/internal/openapitest"
	"odoosync/internal/queue"
	"odoosync/reconcile"
)

// transcript is a command of the documentation and its answer.
var transcript = regexp.MustCompile("(?s)```console\n\\$ (curl [^\n]*)\n(.*?)```\n")

// differing is what differs from run to run, by its form and by its key.
var differing = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)? UTC`), "TIME UTC"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`("(?:processing_us|[a-z_0-9]*seconds|records_per_second)": )[0-9.e+-]+`), "${1}N"},
	{regexp.MustCompile(`("response": \{\s*"n": )\d+`), "${1}N"}, // stored every few seconds
}

func without(text string) string {
	for _, d := range differing {
		text = d.form.ReplaceAllString(text, d.with)
	}
	return text
}

// school is a daemon in the state that docs/admin-api.md tells of.
func school(t *testing.T) *daemon {
	t.Helper()
	sim := odoosim.New(odoosim.Options{})
	url, err := sim.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Close()) })
	mapping := filepath.Join(t.TempDir(), "mapping.yaml")
	text := strings.Replace(string(configs.Mapping), "    policy: newest\n    adopt: ask\n", "    policy: ask\n    adopt: ask\n", 1)
	require.NoError(t, os.WriteFile(mapping, []byte(text), 0o600))
	c := configs.Default()
	simulated(url)(&c)
	c.Database.DSN, c.HTTP.Listen, c.Mapping.File = configs.Secret(dbtest.DSN(t)), "127.0.0.1:0", mapping
	c.Webhooks.APIKeys, c.Admin.Token, c.Admin.ReadToken = []configs.Secret{"key"}, "token", "read"
	c.Schedule.Push, c.Schedule.Poll = time.Hour, time.Hour
	d := &daemon{t: t, done: make(chan queue.Event, 1000)}
	imported := make(chan struct{})
	d.app, err = app.Start(context.Background(), c, app.Options{VarDir: t.TempDir(), Logger: zaptest.NewLogger(t, zaptest.Level(zap.FatalLevel)),
		OnEvent: func(e queue.Event, _ reconcile.Outcome, _ error) { d.done <- e }, OnImported: func() { close(imported) }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.app.Stop(context.Background())) })
	select {
	case <-imported:
	case <-time.After(30 * time.Second):
		t.Fatal("the import did not end")
	}
	sim.SetWebhooks(odoosim.WebhookOptions{URL: d.app.URL(), Key: "key"})
	partner := sim.Create("res.partner", odoosim.Values{"name": "École Jules Ferry", "city": "Brest", "is_company": true})
	d.finished(1)
	sim.Write("res.partner", partner, odoosim.Values{"city": "Nantes"})
	d.finished(1)
	d.api("UPDATE contacts SET city = 'Vannes'",
		"INSERT INTO contacts (name, type, country_code, vat, is_company) VALUES ('Collège', 'contact', 'FR', 'FR23334175220', 1)")
	sim.Write("res.partner", partner, odoosim.Values{"city": "Quimper"})
	d.finished(1)
	require.Equal(t, 422, d.post("partner", `{"event": "res.partner.moved", "timestamp": "2026-11-02T10:00:00Z", "data": {"id": 1}}`))
	return d
}

// quiet waits until nothing is at work.
func (d *daemon) quiet(pushed bool) {
	d.t.Helper()
	d.eventually("0", "SELECT (SELECT COUNT(*) FROM webhook_logs WHERE status = 'pending' AND source <> 'recheck') + (SELECT COUNT(*) FROM sync_runs WHERE state = 'running')")
	if pushed {
		d.eventually("0", "SELECT COUNT(*) FROM sync_outbox WHERE status = 'pending'")
	}
}

// The documented commands are run as they stand, with curl, and answered as it
// says; every operation of the API is among them. -update writes the answers.
func TestTheDocumentedTranscripts(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl IS MISSING: docs/admin-api.md IS NOT CHECKED")
	}
	const file = "../../docs/admin-api.md"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	d := school(t)
	seen := map[string]bool{}
	out := transcript.ReplaceAllStringFunc(string(text), func(block string) string {
		parts := transcript.FindStringSubmatch(block)
		command, documented := parts[1], parts[2]
		d.quiet(seen["POST /admin/api/push"])
		run := exec.Command("sh", "-c", strings.Replace(command, "curl -s", curl+" -sS -w '\\n%{http_code} %{method} %{url}'", 1))
		run.Env = append(os.Environ(), "API="+d.app.URL()+"/admin/api", "TOKEN=token", "READ=read", "NO_PROXY=*")
		said, err := run.CombinedOutput()
		require.NoError(t, err, "%s\n%s", command, said)
		cut := bytes.LastIndexByte(said, '\n')
		body, tail := said[:cut], strings.Fields(string(said[cut+1:]))
		seen[tail[1]+" "+operation(t, tail[1], strings.TrimPrefix(tail[2], d.app.URL()))] = true
		answered := shown(t, body)
		if !*update {
			alike(t, without(documented), without(answered), command)
		}
		return "```console\n$ " + command + "\n" + answered + "```\n"
	})
	var missing []string
	for key := range openapitest.Admin().Operations() {
		if !seen[key] {
			missing = append(missing, key)
		}
	}
	require.Empty(t, missing, "%s has no example of them", file)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(out), 0o644))
	}
}

// alike compares answers; MySQL keeps the names of a JSON column in an order of its
// own.
func alike(t *testing.T, documented, answered, command string) {
	t.Helper()
	var want, got any
	quoted := func(text string) []byte { return []byte(strings.ReplaceAll(text, ": N", `: "N"`)) }
	if json.Unmarshal(quoted(documented), &want) == nil && json.Unmarshal(quoted(answered), &got) == nil {
		require.Equal(t, want, got, command)
		return
	}
	require.Equal(t, documented, answered, command)
}

// shown is an answer as the documentation shows it: JSON indented, and of long
// texts the beginning.
func shown(t *testing.T, body []byte) string {
	t.Helper()
	if bytes.HasPrefix(body, []byte("openapi:")) {
		return string(bytes.Join(bytes.SplitAfterN(body, []byte("\n"), 5)[:4], nil)) + "...\n"
	}
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, body, "", "  "), "%s", body)
	if indented.Len() > 20_000 {
		return fmt.Sprintf("%s...\n", indented.String()[:strings.Index(indented.String(), "\n")+1])
	}
	return asker.ReplaceAllString(indented.String(), "admin API, host-1, process 4711, since") + "\n"
}

// asker is who asked for a run: a host's name has no place in documentation.
var asker = regexp.MustCompile(`admin API, [^,"]*, process \d+, since`)

// operation is the address as the description has it.
func operation(t *testing.T, method, target string) string {
	t.Helper()
	path, _, _ := strings.Cut(target, "?")
	found := ""
	for key := range openapitest.Admin().Operations() {
		m, template, _ := strings.Cut(key, " ")
		form := regexp.MustCompile("^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(template, "[^/]+") + "$")
		if m == method && form.MatchString(path) && (found == "" || !strings.Contains(template, "{")) {
			found = template
		}
	}
	require.NotEmpty(t, found, target)
	return found
}
