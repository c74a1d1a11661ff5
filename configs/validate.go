package configs

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
)

// problemsOf lists everything that is wrong. place tells where a key's value
// came from.
func problemsOf(c Config, place func(key string) string) []string {
	v := &validator{place: place}
	v.odoo(c)
	v.http(c)
	v.webhooks(c)
	v.numbers(c)
	v.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	v.oneOf("log.format", c.Log.Format, "console", "json")
	v.exists("mapping.file", c.Mapping.File)
	return v.problems
}

type validator struct {
	place    func(string) string
	problems []string
}

func (v *validator) problem(key, format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf("%s (%s): %s", key, v.place(key), fmt.Sprintf(format, args...)))
}

func (v *validator) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		v.problem(key, "%q is not one of %s", value, strings.Join(allowed, ", "))
	}
}

func (v *validator) exists(key, path string) {
	if path == "" {
		return
	}
	if _, err := os.Stat(path); err != nil {
		v.problem(key, "the file %s cannot be read", path)
	}
}

func (v *validator) odoo(c Config) {
	if c.Odoo.URL == "" {
		return
	}
	u, err := url.Parse(c.Odoo.URL)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		v.problem("odoo.url", "write it as https://example.odoo.com")
	case u.User != nil:
		v.problem("odoo.url", "holds a login or password: put those into odoo.login and odoo.api_key")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		v.problem("odoo.url", "name the server alone, without %s", u.Path)
	}
	for _, need := range []struct{ key, value string }{{"odoo.database", c.Odoo.Database}, {"odoo.login", c.Odoo.Login}, {"odoo.api_key", c.Odoo.APIKey.Reveal()}} {
		if need.value == "" {
			v.problem(need.key, "is missing: it goes with odoo.url")
		}
	}
	if c.Odoo.Timeout <= 0 {
		v.problem("odoo.timeout", "must be more than 0, such as 2m10s")
	}
	if c.Odoo.Rate < 0 {
		v.problem("odoo.rate", "must be 0 (no limit) or more")
	}
}

func (v *validator) http(c Config) {
	if _, port, err := net.SplitHostPort(c.HTTP.Listen); err != nil || port == "" {
		v.problem("http.listen", "write it as host:port, such as 127.0.0.1:8080, or :8080 for all interfaces")
	}
	if (c.HTTP.TLSCert == "") != (c.HTTP.TLSKey == "") {
		v.problem("http.tls_cert", "and http.tls_key go together: set both or none")
	}
	v.exists("http.tls_cert", c.HTTP.TLSCert)
	v.exists("http.tls_key", c.HTTP.TLSKey)
	for _, p := range c.HTTP.TrustedProxies {
		_, _, err := net.ParseCIDR(p)
		if err != nil && net.ParseIP(p) == nil {
			v.problem("http.trusted_proxies", "%q is neither an address nor a network", p)
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
		value int64
	}{{"schedule.push", int64(c.Schedule.Push)}, {"schedule.poll", int64(c.Schedule.Poll)}, {"reconcile.overlap", int64(c.Reconcile.Overlap)},
		{"retention.webhook_logs", int64(c.Retention.WebhookLogs)}, {"retention.runs", int64(c.Retention.Runs)}} {
		if d.value <= 0 {
			v.problem(d.key, "must be more than 0")
		}
	}
}
