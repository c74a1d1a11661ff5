package configs

import (
	"reflect"
	"strings"
	"time"

	"odoosync/internal/record"
)

// setting is what people are told of one key: configs/odoosync.yaml and
// docs/configuration.md are made of it, and so are the errors.
type setting struct {
	key     string
	meaning string // one line or a few, without the default
	example string // as in the environment
}

// section heads a group of settings.
type section struct {
	name, meaning string
	settings      []setting
}

// sections are all settings, in the order people read them. A test holds them
// to Config.
var sections = []section{
	{"database", "The API's database: MySQL 8.0 or later, or MariaDB 10.6 or later.", []setting{
		{"dsn", "user:password@tcp(host:3306)/name or mysql://user:password@host:3306/name. Empty: start with --local-db for a private server.", "file:/run/secrets/dsn"},
	}},
	{"odoo", "The Odoo to keep in step with.", []setting{
		{"url", "Its address, without a path. Empty: webhooks alone, there is no Odoo to ask.", "https://example.odoo.com"},
		{"database", "The name of Odoo's database.", "example"},
		{"login", "The user that odoosync logs in as. Give it a user of its own: Odoo shows it as the author of every change.", "sync@example.com"},
		{"api_key", "Its API key (in Odoo: Preferences, Account Security, New API Key), or its password.", "file:/run/secrets/odoo"},
		{"timeout", "The longest one call may take. Odoo's own limit is 2 minutes: give up after it, not before.", "2m10s"},
		{"rate", "Calls a second at most; 0 is no limit. Odoo Online wants 1.", "1"},
		{"companies", "The ids of the companies to see; the first is current. Empty: the user's main company.", "1,3"},
		{"lang", "The language of names such as stages and products. Empty: the user's.", "fr_FR"},
	}},
	{"http", "Where webhooks, the dashboard, the admin API, health checks and metrics are served.", []setting{
		{"listen", "host:port; :8080 listens on all interfaces.", "127.0.0.1:8080"},
		{"tls_cert", "A file with the certificate. Empty: plain HTTP, behind a proxy that ends TLS.", "/etc/odoosync/cert.pem"},
		{"tls_key", "A file with the certificate's key.", "/etc/odoosync/key.pem"},
		{"trusted_proxies", "Addresses and networks whose X-Forwarded-For is believed.", "10.0.0.0/8"},
	}},
	{"webhooks", "How events are received.", []setting{
		{"api_keys", "Keys that a sender may show; any one opens, so that one can be replaced by the next. Empty: one is made at the first start and kept in ./var.", "file:/run/secrets/webhook"},
		{"signing_secrets", "When set, events to the four addresses of the guide must be signed with one of them; one that begins with whsec_ goes on in base64, as Standard Webhooks writes it. Odoo cannot sign what it sends to the automation address.", "file:/run/secrets/signing"},
		{"allow_anonymous", "Take events without any key: only where nobody else reaches the port.", "true"},
		{"max_body", "The largest request, in bytes: 1024 to 16777216.", "1048576"},
		{"source", "refetch reads the record an event names from Odoo; payload trusts the event's own data. Empty: refetch when odoo.url is set.", "refetch"},
	}},
	{"admin", "Who may see and steer the daemon.", []setting{
		{"token", "Opens the dashboard (/), and the admin API (/admin/api) where it is shown as Authorization: Bearer. Empty: one is made at the first start and kept in ./var.", "file:/run/secrets/admin"},
		{"read_token", "Opens both for looking alone. Empty: nothing else does.", "file:/run/secrets/admin-read"},
	}},
	{"schedule", "What runs by itself.", []setting{
		{"push", "How often edits here are sent to Odoo.", "2s"},
		{"poll", "How often Odoo is asked for changes that no webhook told.", "30s"},
		{"full", "When everything is compared: minute, hour, day, month and weekday as in cron, in UTC unless TZ= stands before. It begins up to 10 minutes later, always the same.", "TZ=Europe/Paris 15 3 * * *"},
	}},
	{"reconcile", "How both sides are compared.", []setting{
		{"overlap", "Longer than Odoo's longest transaction: so far behind Odoo's clock a poll looks, and so long after its end a sweep takes a day for closed; so long after an event that was not true yet, its record is looked at for the last time, and a record that waits for a parent gets its next turn; so far, and an hour more, an incremental resync looks back.", "10m"},
		{"page", "Records a page: 1 to 5000.", "500"},
		{"max_deletes", "More deletes of an entity in one direction within 24 hours are held for a person.", "50"},
		{"max_delete_percent", "So are deletes of more than this percentage of its records, once they are more than 20.", "10"},
	}},
	{"retention", "How long history is kept. What waits or runs is kept in any case, and nothing goes within two days.", []setting{
		{"webhook_logs", "Received webhooks that are done. 2160h are 90 days. Their figures by the hour are kept for 400 days, or as long as the webhooks.", "2160h"},
		{"runs", "Runs that are over; the latest of each kind stay.", "2160h"},
		{"changes", "What was changed in which row and record and why, edits that Odoo has taken, and conflicts that are over. 8760h are a year.", "8760h"},
		{"redact", "Fields whose values are erased from received webhooks ten minutes after they succeeded, such as email and phone, as Odoo's payload names them and at any depth. A webhook that waits or has failed keeps them until then. One whose values were erased can be replayed as a hint, but not where webhooks.source is payload.", "email,phone,street"},
	}},
	{"mapping", "Which record becomes which row.", []setting{
		{"file", "Your own mapping. Empty: the built-in one, configs/mapping.yaml.", "/etc/odoosync/mapping.yaml"},
	}},
	{"alerts", "Who is told when something needs a person.", []setting{
		{"webhook_url", "An address that takes a JSON POST. Such addresses carry their key, so it counts as a secret. docs/operating.md says what is sent. Empty: nobody is told.", "file:/run/secrets/alerts"},
		{"link", "The address at which people reach this daemon, for the link in an alert. Empty: its own.", "https://sync.example.com"},
	}},
	{"log", "What is written to standard error.", []setting{
		{"level", "debug, info, warn or error.", "info"},
		{"format", "console or json.", "json"},
		{"personal_data", "Shows errors in Odoo's and MySQL's own words, which may quote names, addresses and other values of records. Without it the log has the code and the ids, and the sentence stands with the webhook and the record.", "true"},
	}},
}

// examples are the settings' examples by key.
var examples = func() map[string]string {
	out := map[string]string{}
	for _, s := range sections {
		for _, one := range s.settings {
			out[s.name+"."+one.key] = one.example
		}
	}
	return out
}()

// keys are all settings by their path, with the type of each.
var keys = collectKeys(reflect.TypeFor[Config](), "")

func collectKeys(t reflect.Type, prefix string) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("koanf")
		if tag == "-" {
			continue
		}
		key := prefix + tag
		if f.Type.Kind() == reflect.Struct {
			for k, v := range collectKeys(f.Type, key+".") {
				out[k] = v
			}
			continue
		}
		out[key] = f.Type
	}
	return out
}

func isSection(key string) bool {
	for k := range keys {
		if strings.HasPrefix(k, key+".") {
			return true
		}
	}
	return false
}

// isList reports whether a key takes a list.
func isList(key string) bool { return keys[key].Kind() == reflect.Slice }

// isSecret reports whether a key's value must not be shown.
func isSecret(key string) bool {
	return keys[key] == reflect.TypeFor[Secret]() || keys[key] == reflect.TypeFor[[]Secret]()
}

// suggestion names the key that was meant: the one that stands in another
// section, or the nearest.
func suggestion(key string) string {
	known := make([]string, 0, len(keys)+len(sections))
	for k := range keys {
		if strings.HasSuffix(k, "."+key) {
			return ": did you mean " + k + "?"
		}
		known = append(known, k)
	}
	for _, s := range sections {
		known = append(known, s.name)
	}
	return record.DidYouMean(key, known)
}

// expected says what a key takes, by an example.
func expected(key string) string {
	what := "a text"
	switch t := keys[key]; t {
	case reflect.TypeFor[time.Duration]():
		what = "a duration"
	case reflect.TypeFor[bool]():
		return "true or false"
	case reflect.TypeFor[[]int64]():
		what = "a list of numbers"
	default:
		switch t.Kind() {
		case reflect.Int, reflect.Int64:
			what = "a whole number"
		case reflect.Float64:
			what = "a number"
		case reflect.Slice:
			what = "a list"
		}
	}
	return what + " such as " + examples[key]
}
