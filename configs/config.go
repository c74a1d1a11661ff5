package configs

import (
	_ "embed"
	"time"
)

// Mapping is the default mapping, built into the program.
//
//go:embed mapping.yaml
var Mapping []byte

// Config is every setting. The key of each is in its tag; sections says what
// they mean.
type Config struct {
	Database struct {
		DSN Secret `koanf:"dsn"`
	} `koanf:"database"`
	Odoo struct {
		URL       string        `koanf:"url"`
		Database  string        `koanf:"database"`
		Login     string        `koanf:"login"`
		APIKey    Secret        `koanf:"api_key"`
		Timeout   time.Duration `koanf:"timeout"`
		Rate      float64       `koanf:"rate"`
		Companies []int64       `koanf:"companies"`
		Lang      string        `koanf:"lang"`
	} `koanf:"odoo"`
	HTTP struct {
		Listen         string   `koanf:"listen"`
		TLSCert        string   `koanf:"tls_cert"`
		TLSKey         string   `koanf:"tls_key"`
		TrustedProxies []string `koanf:"trusted_proxies"`
	} `koanf:"http"`
	Webhooks struct {
		APIKeys        []Secret `koanf:"api_keys"`
		SigningSecrets []Secret `koanf:"signing_secrets"`
		AllowAnonymous bool     `koanf:"allow_anonymous"`
		MaxBody        int64    `koanf:"max_body"`
		Source         string   `koanf:"source"`
	} `koanf:"webhooks"`
	Admin struct {
		Token     Secret `koanf:"token"`
		ReadToken Secret `koanf:"read_token"`
	} `koanf:"admin"`
	Schedule struct {
		Push time.Duration `koanf:"push"`
		Poll time.Duration `koanf:"poll"`
		Full string        `koanf:"full"`
	} `koanf:"schedule"`
	Reconcile struct {
		Overlap          time.Duration `koanf:"overlap"`
		Page             int           `koanf:"page"`
		MaxDeletes       int           `koanf:"max_deletes"`
		MaxDeletePercent float64       `koanf:"max_delete_percent"`
	} `koanf:"reconcile"`
	Retention struct {
		WebhookLogs time.Duration `koanf:"webhook_logs"`
		Runs        time.Duration `koanf:"runs"`
		Changes     time.Duration `koanf:"changes"`
		Redact      []string      `koanf:"redact"`
	} `koanf:"retention"`
	Mapping struct {
		File string `koanf:"file"`
	} `koanf:"mapping"`
	Alerts struct {
		WebhookURL Secret `koanf:"webhook_url"` // such addresses carry their key
	} `koanf:"alerts"`
	Log struct {
		Level  string `koanf:"level"`
		Format string `koanf:"format"`
	} `koanf:"log"`

	// Warnings are sentences for the person who starts the daemon: what is
	// allowed, but hardly meant.
	Warnings []string `koanf:"-"`
}

// The two values of webhooks.source.
const (
	SourceRefetch = "refetch"
	SourcePayload = "payload"
)

// Default returns the settings of an empty file.
func Default() Config {
	var c Config
	c.Odoo.Timeout = 130 * time.Second
	c.HTTP.Listen = "127.0.0.1:8080"
	c.Webhooks.MaxBody = 1 << 20
	c.Schedule.Push = 2 * time.Second
	c.Schedule.Poll = 30 * time.Second
	c.Schedule.Full = "15 3 * * *"
	c.Reconcile.Overlap = 10 * time.Minute
	c.Reconcile.Page = 500
	c.Reconcile.MaxDeletes = 50
	c.Reconcile.MaxDeletePercent = 10
	c.Retention.WebhookLogs = 90 * 24 * time.Hour
	c.Retention.Runs = 90 * 24 * time.Hour
	c.Retention.Changes = 365 * 24 * time.Hour
	c.Log.Level, c.Log.Format = "info", "console"
	return c
}

// Source is webhooks.source, or what it defaults to: refetch where there is an
// Odoo to ask, payload where there is none.
func (c Config) Source() string {
	switch {
	case c.Webhooks.Source != "":
		return c.Webhooks.Source
	case c.Odoo.URL != "":
		return SourceRefetch
	}
	return SourcePayload
}
