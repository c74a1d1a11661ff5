package odooclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"odoosync/internal/record"
)

// Options say which Odoo to talk to, and how gently.
type Options struct {
	URL       string // "https://example.odoo.com"
	Database  string
	Login     string
	APIKey    string        // or the password
	Timeout   time.Duration // of one call; 0: 130 s, beyond Odoo's own limit of 120 s
	Rate      float64       // calls a second; 0: no limit
	Companies []int64       // allowed_company_ids, the current one first; see Adopt for empty
	Lang      string        // of translated values; "": Odoo's source language, see Adopt
	MaxBody   int64         // bytes of a reply; 0: 64 MiB
	HTTP      *http.Client  // nil: one of our own
	// OnCall is told of every finished call, for metrics; may be nil.
	OnCall func(CallInfo)
	// OnCertificate is told, with every answer over TLS, when the certificates
	// that vouch for Odoo run out; may be nil.
	OnCertificate func(expires time.Time)
}

// CallInfo describes a finished call.
type CallInfo struct {
	Model    string
	Method   string
	Duration time.Duration
	Code     record.Code // "" for success
	Requests string      // the ids of the requests it served, "" for none
}

// Client talks to one Odoo database as one user. It is safe for concurrent use.
type Client struct {
	options   Options
	transport transport
	limiter   *rate.Limiter
	breaker   *gobreaker.CircuitBreaker[any]

	mu     sync.Mutex
	uid    int64
	date   time.Time
	named  map[string]bool // models whose search_read gives many2ones with their names
	own    Profile         // stands in where the options say nothing
	fields map[string]Fields

	uuidRefused atomic.Bool // Odoo does not tell this user the database's uuid
}

// The breaker opens after this many connection failures in a row and tries
// again after this pause.
const (
	breakerFailures = 5
	breakerPause    = 10 * time.Second
)

// New makes a client. It does not connect.
func New(o Options) (*Client, error) {
	if !strings.HasPrefix(o.URL, "http://") && !strings.HasPrefix(o.URL, "https://") {
		return nil, record.Errorf(record.CodeConfig, "odoo.url must begin with https:// or http://")
	}
	if o.Timeout == 0 {
		o.Timeout = 130 * time.Second
	}
	if o.MaxBody == 0 {
		o.MaxBody = 64 << 20
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Transport: newHTTPTransport(), CheckRedirect: noRedirect}
	}
	limit := rate.Inf
	if o.Rate > 0 {
		limit = rate.Limit(o.Rate)
	}
	c := &Client{options: o, limiter: rate.NewLimiter(limit, 1), fields: map[string]Fields{}, named: map[string]bool{}}
	c.transport = &xmlrpcTransport{base: strings.TrimRight(o.URL, "/"), http: o.HTTP, maxBody: o.MaxBody, clock: c.told, certificate: o.OnCertificate}
	c.breaker = gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Name: "odoo", Timeout: breakerPause,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakerFailures },
		IsSuccessful: func(err error) bool { return !isConnectionFailure(err) },
	})
	return c, nil
}

// told keeps the time of an answer.
func (c *Client) told(date time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.date = date
}

// Clock is the time at Odoo when it gave its last answer, to the second, UTC;
// zero before the first, or where what answers sends no Date.
func (c *Client) Clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.date
}

// Close gives idle connections back.
func (c *Client) Close() { c.options.HTTP.CloseIdleConnections() }

// isConnectionFailure counts towards opening the breaker: Odoo did not answer.
// That it refused something, or that our caller gave up, does not.
func isConnectionFailure(err error) bool {
	var n *noAnswer
	return errors.As(err, &n) && !errors.Is(err, context.Canceled)
}

// Version asks which Odoo this is. It needs no login.
func (c *Client) Version(ctx context.Context) (Version, error) {
	v, err := c.send(ctx, "common", "version", nil, CallInfo{Method: "version"}, true, nil)
	if err != nil {
		return Version{}, err
	}
	m, _ := v.(map[string]any)
	series, _ := m["server_serie"].(string)
	info, _ := m["server_version_info"].([]any)
	version := Version{Series: series}
	if len(info) > 0 {
		switch major := info[0].(type) {
		case int64:
			version.Major = int(major)
		case string: // "saas~17" on Odoo Online
			_, _ = fmt.Sscanf(strings.TrimPrefix(major, "saas~"), "%d", &version.Major)
		}
	}
	if version.Major == 0 {
		return Version{}, record.Errorf(record.CodeConfig, "%s does not answer as an Odoo server does: check odoo.url", c.options.URL)
	}
	return version, nil
}

// Authenticate logs in and returns the user's id. Other calls do it themselves.
func (c *Client) Authenticate(ctx context.Context) (int64, error) {
	args := []any{c.options.Database, c.options.Login, c.options.APIKey, map[string]any{}}
	v, err := c.send(ctx, "common", "authenticate", args, CallInfo{Method: "authenticate"}, true, nil)
	if err != nil {
		return 0, err
	}
	uid, ok := v.(int64)
	if !ok || uid <= 0 {
		return 0, record.Errorf(record.CodeConfig,
			"Odoo refuses the login %q for database %q: check odoo.login, odoo.api_key and odoo.database", c.options.Login, c.options.Database)
	}
	c.mu.Lock()
	c.uid = uid
	c.mu.Unlock()
	return uid, nil
}

func (c *Client) user(ctx context.Context) (int64, error) {
	c.mu.Lock()
	uid := c.uid
	c.mu.Unlock()
	if uid != 0 {
		return uid, nil
	}
	return c.Authenticate(ctx)
}

// execute runs a method of a model. readOnly says that running it twice, or
// not knowing whether it ran, does no harm.
func (c *Client) execute(ctx context.Context, model, method string, args []any, kwargs map[string]any, readOnly bool, each func(any) error) (any, error) {
	uid, err := c.user(ctx)
	if err != nil {
		return nil, err
	}
	if kwargs == nil {
		kwargs = map[string]any{}
	}
	kwargs["context"] = c.context(kwargs["context"])
	all := []any{c.options.Database, uid, c.options.APIKey, model, method, args, kwargs}
	return c.send(ctx, "object", "execute_kw", all, CallInfo{Model: model, Method: method}, readOnly, each)
}

// context is sent with every call: archived records are shown, times are UTC,
// and what a user chose for himself does not leak in.
func (c *Client) context(extra any) map[string]any {
	out := map[string]any{"active_test": false, "tz": "UTC"}
	c.mu.Lock()
	lang, companies := cmp.Or(c.options.Lang, c.own.Lang), c.options.Companies
	if len(companies) == 0 && c.own.Company != 0 {
		companies = []int64{c.own.Company}
	}
	c.mu.Unlock()
	if lang != "" {
		out["lang"] = lang
	}
	if len(companies) > 0 {
		out["allowed_company_ids"] = companies
	}
	if more, ok := extra.(map[string]any); ok {
		for k, v := range more {
			out[k] = v
		}
	}
	return out
}

// send does one call through the limiter and the breaker.
func (c *Client) send(ctx context.Context, service, method string, args []any, info CallInfo, readOnly bool, each func(any) error) (any, error) {
	body, err := encodeCall(method, args)
	if err != nil {
		return nil, err
	}
	if err := c.limiter.Wait(ctx); err != nil {
		return nil, record.Wrap(record.CodeUnavailable, err, "the call to Odoo was given up while it waited for its turn (odoo.rate)")
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	started := time.Now()
	var reply []byte
	_, err = c.breaker.Execute(func() (any, error) {
		var err error
		reply, err = c.transport.roundTrip(ctx, service, body)
		return nil, err
	})
	var value any
	if err == nil {
		value, err = decodeReply(reply, each)
	}
	err = coded(err, readOnly)
	if c.options.OnCall != nil {
		info.Duration, info.Code, info.Requests = time.Since(started), record.CodeOf(err), record.Requests(ctx)
		c.options.OnCall(info)
	}
	return value, err
}

// coded gives a transport's failure its code: for a read it only means to wait,
// for a write that may have reached Odoo it means that nobody knows.
func coded(err error, readOnly bool) error {
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return record.Wrap(record.CodeUnavailable, err, "Odoo did not answer several times in a row; it is left alone for %s", breakerPause)
	}
	var n *noAnswer
	if !errors.As(err, &n) {
		return err
	}
	if readOnly || !n.sent {
		return record.Wrap(record.CodeUnavailable, err, "%s", n.sentence)
	}
	return record.Wrap(record.CodeUnknownOutcome, err, "%s; what the call did in Odoo is not known until the record is read again", n.sentence)
}
