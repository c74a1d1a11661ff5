package configs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
)

func write(t testing.TB, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	require.NoError(t, os.Chmod(path, mode)) // whatever the umask
	return path
}

// odoo is an environment in which odoo.url has what goes with it.
func odoo(url string) []string {
	return []string{"ODOOSYNC_ODOO_URL=" + url, "ODOOSYNC_ODOO_DATABASE=d", "ODOOSYNC_ODOO_LOGIN=l", "ODOOSYNC_ODOO_API_KEY=k"}
}

func TestTheEnvironmentWinsOverTheFile(t *testing.T) {
	secret := write(t, "from-a-file\n", 0o600)
	c, err := Load(Sources{File: write(t, "schedule: {poll: 1m, push: 3s}\nlog: {level: warn}\nwebhooks: {api_keys: [x, y]}\n", 0o600),
		Environ: []string{"ODOOSYNC_SCHEDULE_POLL=5s", "ODOOSYNC_WEBHOOKS_API_KEYS=a, file:" + secret, "ODOOSYNC_ODOO_COMPANIES=1,3", "ODOOSYNC_TEST_DSN=x", "PATH=/bin"}})
	require.NoError(t, err)
	require.Equal(t, 5*time.Second, c.Schedule.Poll)
	require.Equal(t, 3*time.Second, c.Schedule.Push)
	require.Equal(t, "warn", c.Log.Level)
	require.Equal(t, []Secret{"a", "from-a-file"}, c.Webhooks.APIKeys)
	require.Equal(t, []int64{1, 3}, c.Odoo.Companies)
	require.Empty(t, c.Warnings)
}

func TestNoFileIsTheDefault(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := Load(Sources{})
	require.NoError(t, err)
	require.Equal(t, Default(), c)
}

func TestSourceFollowsTheURL(t *testing.T) {
	var c Config
	require.Equal(t, SourcePayload, c.Source())
	c.Odoo.URL = "https://odoo.example"
	require.Equal(t, SourceRefetch, c.Source())
	c.Webhooks.Source = SourcePayload
	require.Equal(t, SourcePayload, c.Source())
}

// Each line is a file and what is said about it, with the key, the line and
// the mend.
func TestFilesThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"odoo:\n  api_kee: x\n":                    "odoo.api_kee (FILE:2) is no setting: did you mean odoo.api_key?",
		"odooo: {url: x}\n":                        "odooo (FILE:1) is no setting: did you mean odoo?",
		"api_key: x\n":                             "api_key (FILE:1) is no setting: did you mean odoo.api_key?",
		"zzzzzzzzzzzz: x\n":                        "zzzzzzzzzzzz (FILE:1) is no setting\n",
		"log:\n  level: info\n  level: warn\n":     "log.level (FILE:3) stands twice: remove one",
		"log: {level: info}\nlog: {level: warn}":   "log (FILE:2) stands twice: remove one",
		"reconcile:\n  page: many\n":               `reconcile.page (FILE:2): a whole number such as 500 was expected, not "many"`,
		"reconcile: {page: 1.5}":                   `reconcile.page (FILE:1): a whole number such as 500 was expected, not "1.5"`,
		"reconcile: {page: ''}":                    `reconcile.page (FILE:1): a whole number such as 500 was expected, not ""`,
		"reconcile: {page: [1]}":                   "reconcile.page (FILE:1): a whole number such as 500 was expected",
		"reconcile: {page: {a: 1}}":                "reconcile.page (FILE:1): a whole number such as 500 was expected",
		"reconcile: {page: 9223372036854775808}":   "reconcile.page (FILE:1): a whole number",
		"schedule: {poll: 30}":                     "", // without a unit: checked below
		"webhooks: {allow_anonymous: maybe}":       `webhooks.allow_anonymous (FILE:1): true or false was expected, not "maybe"`,
		"odoo: {rate: fast}":                       `odoo.rate (FILE:1): a number such as 1 was expected, not "fast"`,
		"odoo: {companies: [one]}":                 `odoo.companies (FILE:1): a list of numbers such as 1,3 was expected, not "one"`,
		"odoo: {companies: [[1]]}":                 "odoo.companies (FILE:1): a list of plain values was expected",
		"odoo: &o {lang: fr_FR}\nlog: {level: *o}": "log.level (FILE:2): aliases are not followed: write the value itself",
		"odoo: text\n":                             "odoo (FILE:1): keys were expected, each with a value",
		"- a\n":                                    "FILE:1: keys were expected",
		"a: [":                                     "FILE is no YAML: line 1",
		"log: {level: info}\n---\nlog: {}\n":       "a second document begins",
		strings.Repeat("#", maxFile+1):             "is too large: check --config",
	} {
		path := write(t, text, 0o600)
		_, err := Load(Sources{File: path})
		if want == "" {
			require.ErrorContains(t, err, "schedule.poll", text)
			continue
		}
		require.Error(t, err, "%.60s", text)
		require.Equal(t, record.CodeConfig, record.CodeOf(err))
		require.Contains(t, strings.ReplaceAll(err.Error(), path, "FILE")+"\n", want, "%.60s", text)
	}
	_, err := Load(Sources{File: "/does/not/exist"})
	require.ErrorContains(t, err, "/does/not/exist does not exist: check --config")
	_, err = Load(Sources{File: t.TempDir()})
	require.ErrorContains(t, err, "is no file: check --config")
}

// Each line is one variable too many and what is said about it.
func TestValuesThatAreWrong(t *testing.T) {
	for variable, want := range map[string]string{
		"LOG_LEVLE=info":                              "ODOOSYNC_LOG_LEVLE (environment) is no setting: did you mean ODOOSYNC_LOG_LEVEL?",
		"LOG_LEVEL=loud":                              `log.level (environment variable ODOOSYNC_LOG_LEVEL): "loud" is not one of debug, info, warn, error`,
		"LOG_FORMAT=xml":                              `log.format (environment variable ODOOSYNC_LOG_FORMAT): "xml" is not one of console, json`,
		"ODOO_URL=example.com":                        "odoo.url (environment variable ODOOSYNC_ODOO_URL): is no address: write it as https://example.odoo.com",
		"ODOO_URL=ftp://example.com":                  "is no address",
		"ODOO_URL=https://":                           "is no address",
		"ODOO_URL=https://a:b@example.com":            "holds a login or password: put those into odoo.login and odoo.api_key",
		"ODOO_URL=https://example.com/odoo":           "name the server alone, as https://example.com",
		"ODOO_URL=https://example.com":                "odoo.database (default): is missing: it goes with odoo.url",
		"ODOO_LOGIN=x":                                "odoo.login (environment variable ODOOSYNC_ODOO_LOGIN): has no use without odoo.url",
		"ODOO_TIMEOUT=0s":                             "odoo.timeout (environment variable ODOOSYNC_ODOO_TIMEOUT): must be more than 0, such as 2m10s",
		"ODOO_TIMEOUT=":                               `odoo.timeout (environment variable ODOOSYNC_ODOO_TIMEOUT): a duration such as 2m10s was expected, not ""`,
		"ODOO_RATE=-1":                                "odoo.rate (environment variable ODOOSYNC_ODOO_RATE): must be 0 (no limit) or more",
		"ODOO_RATE=NaN":                               "must be 0 (no limit) or more",
		"ODOO_RATE=inf":                               "must be 0 (no limit) or more",
		"ODOO_COMPANIES=1,0":                          "odoo.companies (environment variable ODOOSYNC_ODOO_COMPANIES): 0 is no company's id",
		"ODOO_LANG=french":                            `odoo.lang (environment variable ODOOSYNC_ODOO_LANG): "french" is no language's code: write it as Odoo does, such as fr_FR`,
		"HTTP_LISTEN=8080":                            "http.listen (environment variable ODOOSYNC_HTTP_LISTEN): write it as host:port, such as 127.0.0.1:8080, or :8080 for all interfaces",
		"HTTP_LISTEN=:99999":                          "write it as host:port",
		"HTTP_LISTEN=:http":                           "write it as host:port",
		"HTTP_TLS_KEY=settings.go":                    "http.tls_key (environment variable ODOOSYNC_HTTP_TLS_KEY): goes with http.tls_cert, which is missing",
		"HTTP_TLS_CERT=none.pem":                      "http.tls_cert (environment variable ODOOSYNC_HTTP_TLS_CERT): the file none.pem does not exist: check the path",
		"HTTP_TRUSTED_PROXIES=10.0.0.1,proxy":         `http.trusted_proxies (environment variable ODOOSYNC_HTTP_TRUSTED_PROXIES): "proxy" is neither an address nor a network such as 10.0.0.0/8`,
		"WEBHOOKS_SOURCE=both":                        `webhooks.source (environment variable ODOOSYNC_WEBHOOKS_SOURCE): "both" is not one of refetch, payload`,
		"WEBHOOKS_SOURCE=refetch":                     "refetch reads records from Odoo: set odoo.url, or choose payload",
		"WEBHOOKS_MAX_BODY=10":                        "webhooks.max_body (environment variable ODOOSYNC_WEBHOOKS_MAX_BODY): must lie between 1024 and 16777216 bytes",
		"WEBHOOKS_SIGNING_SECRETS=whsec_%":            "webhooks.signing_secrets (environment variable ODOOSYNC_WEBHOOKS_SIGNING_SECRETS): a secret that begins with whsec_ must go on in base64",
		"WEBHOOKS_SIGNING_SECRETS=whsec_":             "holds an empty secret: remove it",
		"SCHEDULE_POLL=1ns":                           "schedule.poll (environment variable ODOOSYNC_SCHEDULE_POLL): must be 100ms or more, such as 30s",
		"SCHEDULE_PUSH=-1s":                           "schedule.push (environment variable ODOOSYNC_SCHEDULE_PUSH): must be 100ms or more, such as 2s",
		"SCHEDULE_FULL=":                              `schedule.full (environment variable ODOOSYNC_SCHEDULE_FULL): "" is no cron expression (empty spec string): write minute, hour, day, month and weekday, such as 15 3 * * *`,
		"SCHEDULE_FULL=daily":                         `"daily" is no cron expression`,
		"SCHEDULE_FULL=0 15 3 * * *":                  "is no cron expression (expected exactly 5 fields, found 6",
		"SCHEDULE_FULL=61 3 * * *":                    "is no cron expression (end of range (61) above maximum (59): 61)",
		"SCHEDULE_FULL=0 0 30 2 *":                    "never comes",
		"SCHEDULE_FULL=TZ=Europe/Atlantis 15 3 * * *": "names a time zone that this machine does not know",
		"SCHEDULE_FULL=TZ=Europe/Paris":               "names the time zone TZ=Europe/Paris and no time",
		"RECONCILE_PAGE=0":                            "reconcile.page (environment variable ODOOSYNC_RECONCILE_PAGE): must lie between 1 and 5000",
		"RECONCILE_MAX_DELETES=-1":                    "must be 0 or more",
		"RECONCILE_MAX_DELETE_PERCENT=nan":            "must lie between 0 and 100",
		"RECONCILE_OVERLAP=0s":                        "reconcile.overlap (environment variable ODOOSYNC_RECONCILE_OVERLAP): must be more than 0, such as 10m",
		"RETENTION_RUNS=-1h":                          "must be more than 0, such as 2160h",
		"RETENTION_CHANGES=0h":                        "must be more than 0, such as 8760h",
		"RETENTION_REDACT=email,timestamp":            "is what tells a webhook's event and record",
		"MAPPING_FILE=none.yaml":                      "mapping.file (environment variable ODOOSYNC_MAPPING_FILE): the file none.yaml does not exist: check the path",
		"MAPPING_FILE=.":                              "the file . is no file",
		"ALERTS_WEBHOOK_URL=hush":                     "alerts.webhook_url (environment variable ODOOSYNC_ALERTS_WEBHOOK_URL): is no address: write it as https://host/path",
		"ADMIN_TOKEN=file:none":                       "admin.token (environment variable ODOOSYNC_ADMIN_TOKEN): the file none does not exist: check the path after file:",
		"ADMIN_TOKEN=file:/dev/zero":                  "the file /dev/zero is no file",
	} {
		_, err := Load(Sources{File: write(t, "", 0o600), Environ: []string{EnvPrefix + variable}})
		require.ErrorContains(t, err, want, variable)
		require.Equal(t, record.CodeConfig, record.CodeOf(err), variable)
		require.NotContains(t, err.Error(), "hush")
	}
}

func TestValuesThatAreRight(t *testing.T) {
	for _, full := range []string{"15 3 * * *", "*/5 * * * 1-5", "TZ=Europe/Paris 15 3 * * *", "CRON_TZ=UTC 0 0 1 * *", "@daily", "@every 6h"} {
		_, err := Load(Sources{File: write(t, "", 0o600), Environ: []string{"ODOOSYNC_SCHEDULE_FULL=" + full}})
		require.NoError(t, err, full)
	}
	for _, variable := range []string{"ODOO_LANG=sr@latin", "ODOO_LANG=fr_FR", "HTTP_LISTEN=[::1]:0", "HTTP_TRUSTED_PROXIES=::1, 10.0.0.0/8", "ODOO_COMPANIES=", "LOG_LEVEL=debug",
		"WEBHOOKS_ALLOW_ANONYMOUS=true", "ODOO_RATE=0.5", "ALERTS_WEBHOOK_URL=https://hooks.example/x"} {
		_, err := Load(Sources{File: write(t, "", 0o600), Environ: []string{EnvPrefix + variable}})
		require.NoError(t, err, variable)
	}
}

// Whatever is wrong, all of it comes in one answer, and nothing twice: a secret
// whose file is missing is not said to be missing too.
func TestProblemsComeAtOnce(t *testing.T) {
	path := write(t, "odoo: {api_kee: x, rate: fast, api_key: 'file:none'}\nhttp: {listen: '8080'}\nreconcile: {page: 0}\n", 0o600)
	_, err := Load(Sources{File: path, Environ: []string{"ODOOSYNC_ODOO_URL=https://odoo.example", "ODOOSYNC_LOG_LEVEL=loud", "ODOOSYNC_X=1"}})
	for _, want := range []string{"odoo.api_kee", "odoo.rate", "odoo.api_key", "http.listen", "reconcile.page", "log.level", "ODOOSYNC_X", "odoo.database", "odoo.login"} {
		require.Equal(t, 1, strings.Count(err.Error(), "\n  "+want+" "), want+" in "+err.Error())
	}
}

func TestSecretsThatOthersMayReadAreWarnedOf(t *testing.T) {
	open, closed := write(t, "s3cret\n", 0o644), write(t, "s3cret\n", 0o640)
	config := write(t, "admin: {token: s3cret, read_token: 'file:"+closed+"'}\nwebhooks: {api_keys: ['file:"+open+"']}\n", 0o604)
	c, err := Load(Sources{File: config, Environ: []string{"ODOOSYNC_DATABASE_DSN=s3cret"}})
	require.NoError(t, err)
	require.Equal(t, []string{
		"admin.token (" + config + ":1): every user of this machine can read the file (mode 0604): chmod 600 " + config + ", or move the secrets into files of their own (file:/path)",
		"webhooks.api_keys (" + config + ":2): every user of this machine can read the file " + open + " (mode 0644): chmod 600 " + open,
	}, c.Warnings)
	require.Equal(t, Secret("s3cret"), c.Admin.Token)

	require.NoError(t, os.Chmod(config, 0o600))
	require.NoError(t, os.Chmod(open, 0o600))
	c, err = Load(Sources{File: config})
	require.NoError(t, err)
	require.Empty(t, c.Warnings)

	c, err = Load(Sources{File: write(t, "admin: {token: ''}\nlog: {level: warn}\n", 0o644)})
	require.NoError(t, err)
	require.Empty(t, c.Warnings, "a file without secrets may be read by anybody")
}

func TestSecretFilesThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "is empty: write the secret into it",
		"\n":                             "is empty: write the secret into it",
		"a\nb\n":                         "holds more than one line: write the secret alone into it",
		strings.Repeat("x", maxSecret+1): "is too large",
	} {
		_, err := Load(Sources{File: write(t, "", 0o600), Environ: []string{"ODOOSYNC_ADMIN_TOKEN=file:" + write(t, text, 0o600)}})
		require.ErrorContains(t, err, want, "%.20q", text)
	}
}

func TestAnUnencryptedOdooIsWarnedOf(t *testing.T) {
	for url, warned := range map[string]bool{"http://odoo.example:8069": true, "https://odoo.example": false, "http://localhost:8069": false, "http://127.0.0.1": false, "http://[::1]:8069": false} {
		c, err := Load(Sources{File: write(t, "", 0o600), Environ: odoo(url)})
		require.NoError(t, err, url)
		require.Equal(t, warned, strings.Contains(fmt.Sprint(c.Warnings), "the API key travels unencrypted"), url)
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	c := Default()
	c.Odoo.APIKey = "hush"
	c.Webhooks.APIKeys = []Secret{"hush"}
	encoded, err := json.Marshal(c)
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%#v", c), fmt.Sprintf("%+v", c), string(encoded), c.Odoo.APIKey.LogValue().String()} {
		require.NotContains(t, shown, "hush")
	}
	require.Equal(t, "hush", c.Odoo.APIKey.Reveal())
	require.Empty(t, Secret("").String())
}

// Settings, whatever they hold, give a Config or a coded error that lists the
// problems, and no secret is told.
func FuzzLoad(f *testing.F) {
	f.Add("odoo: {url: https://x}", "ODOOSYNC_LOG_LEVEL=info")
	f.Add("a: &a [*a]", "ODOOSYNC_ODOO_COMPANIES=1,,x")
	f.Add("schedule: {full: TZ=, poll: 1h}\n---\n", "ODOOSYNC_SCHEDULE_FULL=TZ=x @every")
	f.Add("reconcile: {page: 0x10, max_delete_percent: 1e400}", "ODOOSYNC_")
	f.Add("odoo: {companies: 1, rate: .5}\nhttp: {listen: ':0', trusted_proxies: ::1}", "ODOOSYNC_HTTP_LISTEN=[")
	f.Add("? {a: b}\n: c\n<<: d\nlog: ~", "ODOOSYNC_ODOO_TIMEOUT=1h1")
	f.Fuzz(func(t *testing.T, text, variable string) {
		const key = "q7x9-not-to-be-told"
		l := newLoader()
		l.yaml("c.yaml", []byte(text))
		c, err := l.finish([]string{variable, "ODOOSYNC_ODOO_API_KEY=" + key, "ODOOSYNC_WEBHOOKS_API_KEYS=" + key})
		if err != nil {
			require.Equal(t, record.CodeConfig, record.CodeOf(err))
			require.NotEmpty(t, l.problems)
			require.NotContains(t, err.Error(), key)
			return
		}
		require.Empty(t, cronError(c.Schedule.Full))
		require.NotContains(t, fmt.Sprint(c.Warnings), key)
	})
}
