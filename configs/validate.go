package configs

import (
	"encoding/base64"
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// validate lists everything that is wrong, and what a person should know.
func (v *validator) validate(c Config) {
	v.odoo(c)
	v.http(c)
	v.webhooks(c)
	v.schedule(c)
	v.numbers(c)
	v.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	v.oneOf("log.format", c.Log.Format, "console", "json")
	v.readable("mapping.file", c.Mapping.File)
	if at := c.Alerts.WebhookURL.Reveal(); at != "" && !isAddress(at) {
		v.problem("alerts.webhook_url", "is no address: write it as https://host/path")
	}
}

type validator struct {
	place              func(key string) string // where a key's value came from
	skip               map[string]bool         // keys whose value could not be taken
	problems, warnings []string
}

func (v *validator) problem(key, format string, args ...any) {
	if v.skip[key] {
		return
	}
	v.problems = append(v.problems, v.at(key)+fmt.Sprintf(format, args...))
}

func (v *validator) warn(key, format string, args ...any) {
	v.warnings = append(v.warnings, v.at(key)+fmt.Sprintf(format, args...))
}

func (v *validator) at(key string) string { return fmt.Sprintf("%s (%s): ", key, v.place(key)) }

func (v *validator) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		v.problem(key, "%.40q is not one of %s", value, strings.Join(allowed, ", "))
	}
}

func (v *validator) readable(key, path string) {
	if path == "" {
		return
	}
	if _, _, err := readFile(path, maxFile); err != nil {
		v.problem(key, "the file %s %s: check the path", path, trouble(err))
	}
}

// isAddress reports whether a text is an http or https address.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != ""
}

// language is a code as Odoo has it: fr_FR, en_US, sr@latin.
var language = regexp.MustCompile(`^[a-z]{2,3}(_[A-Z0-9]{2,3})?(@[a-z]+)?$`)

func (v *validator) odoo(c Config) {
	needs := []struct{ key, value string }{{"odoo.database", c.Odoo.Database}, {"odoo.login", c.Odoo.Login}, {"odoo.api_key", c.Odoo.APIKey.Reveal()}}
	for _, need := range needs {
		if c.Odoo.URL != "" && need.value == "" {
			v.problem(need.key, "is missing: it goes with odoo.url")
		}
		if c.Odoo.URL == "" && need.value != "" {
			v.problem(need.key, "has no use without odoo.url: set that too, or remove this")
		}
	}
	if c.Odoo.URL != "" {
		v.odooURL(c.Odoo.URL)
	}
	if c.Odoo.Timeout <= 0 {
		v.problem("odoo.timeout", "must be more than 0, such as %s", examples["odoo.timeout"])
	}
	if r := c.Odoo.Rate; !(r >= 0) || math.IsInf(r, 0) {
		v.problem("odoo.rate", "must be 0 (no limit) or more")
	}
	for _, id := range c.Odoo.Companies {
		if id <= 0 {
			v.problem("odoo.companies", "%d is no company's id: ids begin with 1", id)
		}
	}
	if c.Odoo.Lang != "" && !language.MatchString(c.Odoo.Lang) {
		v.problem("odoo.lang", "%.40q is no language's code: write it as Odoo does, such as %s", c.Odoo.Lang, examples["odoo.lang"])
	}
}

func (v *validator) odooURL(text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || !isAddress(text):
		v.problem("odoo.url", "is no address: write it as %s", examples["odoo.url"])
	case u.User != nil:
		v.problem("odoo.url", "holds a login or password: put those into odoo.login and odoo.api_key")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		v.problem("odoo.url", "name the server alone, as %s://%s", u.Scheme, u.Host)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		v.warn("odoo.url", "the API key travels unencrypted to %s: use https", u.Host)
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (v *validator) http(c Config) {
	_, port, err := net.SplitHostPort(c.HTTP.Listen)
	if _, number := strconv.ParseUint(port, 10, 16); err != nil || number != nil {
		v.problem("http.listen", "write it as host:port, such as %s, or :8080 for all interfaces", examples["http.listen"])
	}
	if (c.HTTP.TLSCert == "") != (c.HTTP.TLSKey == "") {
		set, missing := "http.tls_cert", "http.tls_key"
		if c.HTTP.TLSCert == "" {
			set, missing = missing, set
		}
		v.problem(set, "goes with %s, which is missing: set both or none", missing)
	}
	v.readable("http.tls_cert", c.HTTP.TLSCert)
	v.readable("http.tls_key", c.HTTP.TLSKey)
	for _, p := range c.HTTP.TrustedProxies {
		_, _, err := net.ParseCIDR(p)
		if err != nil && net.ParseIP(p) == nil {
			v.problem("http.trusted_proxies", "%.60q is neither an address nor a network such as %s", p, examples["http.trusted_proxies"])
		}
	}
}

func (v *validator) webhooks(c Config) {
	if c.Webhooks.Source != "" {
		v.oneOf("webhooks.source", c.Webhooks.Source, SourceRefetch, SourcePayload)
	}
	if c.Webhooks.Source == SourceRefetch && c.Odoo.URL == "" {
		v.problem("webhooks.source", "refetch reads records from Odoo: set odoo.url, or choose payload")
	}
	if c.Webhooks.MaxBody < 1024 || c.Webhooks.MaxBody > 16<<20 {
		v.problem("webhooks.max_body", "must lie between 1024 and 16777216 bytes")
	}
	if slices.Contains(c.Webhooks.APIKeys, "") {
		v.problem("webhooks.api_keys", "holds an empty key: remove it")
	}
	for _, secret := range c.Webhooks.SigningSecrets {
		encoded, isStandard := strings.CutPrefix(secret.Reveal(), "whsec_")
		_, err := base64.StdEncoding.DecodeString(encoded)
		switch {
		case strings.TrimSpace(encoded) == "":
			v.problem("webhooks.signing_secrets", "holds an empty secret: remove it")
		case isStandard && err != nil:
			v.problem("webhooks.signing_secrets", "a secret that begins with whsec_ must go on in base64")
		}
	}
}

func (v *validator) schedule(c Config) {
	if err := cronError(c.Schedule.Full); err != "" {
		v.problem("schedule.full", "%.60q %s: write minute, hour, day, month and weekday, such as %s", c.Schedule.Full, err, Default().Schedule.Full)
	}
	for _, every := range []struct {
		key   string
		value time.Duration
	}{{"schedule.push", c.Schedule.Push}, {"schedule.poll", c.Schedule.Poll}} {
		if every.value < minSchedule {
			v.problem(every.key, "must be %v or more, such as %s", minSchedule, examples[every.key])
		}
	}
}

// minSchedule keeps a slip of the unit from keeping both databases busy.
const minSchedule = 100 * time.Millisecond

// cronError says what is wrong with a cron expression, by the scheduler's own
// parser, "" for nothing.
func cronError(expression string) string {
	if strings.HasPrefix(expression, "TZ=") || strings.HasPrefix(expression, "CRON_TZ=") {
		if zone, _, complete := strings.Cut(expression, " "); !complete {
			return "names the time zone " + zone + " and no time" // the parser would panic
		}
	}
	schedule, err := cron.ParseStandard(expression)
	switch {
	case err != nil && strings.Contains(expression, "TZ=") && strings.Contains(err.Error(), "location"):
		return "names a time zone that this machine does not know"
	case err != nil:
		return "is no cron expression (" + err.Error() + ")"
	case schedule.Next(time.Now()).IsZero():
		return "never comes"
	}
	return ""
}

func (v *validator) numbers(c Config) {
	if c.Reconcile.Page < 1 || c.Reconcile.Page > 5000 {
		v.problem("reconcile.page", "must lie between 1 and 5000")
	}
	if c.Reconcile.MaxDeletes < 0 {
		v.problem("reconcile.max_deletes", "must be 0 or more")
	}
	if p := c.Reconcile.MaxDeletePercent; !(p >= 0 && p <= 100) {
		v.problem("reconcile.max_delete_percent", "must lie between 0 and 100")
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{{"reconcile.overlap", c.Reconcile.Overlap}, {"retention.webhook_logs", c.Retention.WebhookLogs}, {"retention.runs", c.Retention.Runs}, {"retention.changes", c.Retention.Changes}} {
		if d.value <= 0 {
			v.problem(d.key, "must be more than 0, such as %s", examples[d.key])
		}
	}
	for _, name := range c.Retention.Redact {
		if slices.Contains([]string{"", "id", "event", "timestamp", "data", "_id", "_model", "_action"}, name) {
			v.problem("retention.redact", "%q is what tells a webhook's event and record, and cannot be erased: name fields such as email", name)
		}
	}
}
