package webhooks

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"odoosync/internal/answer"
	"odoosync/internal/logs"
	"odoosync/internal/queue"
	"odoosync/internal/record"
)

// Inbox is where accepted events go. It returns once they are committed.
type Inbox interface {
	Append(ctx context.Context, e queue.Event) (duplicate bool, err error)
	AppendRejected(ctx context.Context, e queue.Event, reason string) error
}

// Options of the receiver.
type Options struct {
	Inbox          Inbox
	Keys           []string // any one of them opens
	SigningSecrets []string // when set, the four endpoints want a signature too
	AllowAnonymous bool     // no key is asked for
	// BelieveBodies: events are applied by their own data. With signing secrets
	// the automation address, which nobody can sign for, is then closed.
	BelieveBodies bool
	MaxBody       int64 // bytes; 0: 1 MiB
	MaxInFlight   int64 // requests at once, more are answered 429; 0: 256
	Clock         clockwork.Clock
	Logger        *zap.Logger
	// OnReceived is told of every request's status, for metrics; may be nil.
	OnReceived func(event string, status int)
	OnEcho     func() // is told of every event that a write of ours has caused; may be nil
	// OnAnswered is told of every request's answer and how long it took; may be nil.
	OnAnswered func(status int, took time.Duration)
}

// Handler serves the webhook endpoints. It is safe for concurrent use.
type Handler struct {
	o      Options
	keys   keyring
	signer *signer
	places *semaphore.Weighted
}

// New makes a receiver.
func New(o Options) (*Handler, error) {
	if o.MaxBody == 0 {
		o.MaxBody = 1 << 20
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 256
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	signer, err := newSigner(o.SigningSecrets)
	if err != nil {
		return nil, record.Errorf(record.CodeConfig, "webhooks.signing_secrets: no secret may be empty, and one that begins with whsec_ must go on in base64")
	}
	return &Handler{o: o, keys: newKeyring(o.Keys), signer: signer, places: semaphore.NewWeighted(o.MaxInFlight)}, nil
}

// Engine returns a gin engine set up for a hostile network. Its caller adds
// routes and serves it with timeouts.
func Engine(trustedProxies []string, logger *zap.Logger) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.ContextWithFallback = true
	if err := e.SetTrustedProxies(trustedProxies); err != nil {
		return nil, record.Errorf(record.CodeConfig, "http.trusted_proxies: an entry is neither an address nor a network")
	}
	e.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, failure any) {
		logger.Error("a request failed unexpectedly", logs.Panic(failure), zap.String("path", c.FullPath()), zap.Stack("stack"))
		reply(c, refuse(http.StatusInternalServerError, "internal", "an internal error happened; the log has the details"))
	}), identify, requestid.New(), access(logger))
	e.NoRoute(NotFound)
	e.NoMethod(func(c *gin.Context) {
		reply(c, refuse(http.StatusMethodNotAllowed, "method_not_allowed", "this address does not take %s", c.Request.Method))
	})
	return e, nil
}

// NotFound answers what is at no address.
func NotFound(c *gin.Context) {
	reply(c, refuse(http.StatusNotFound, "not_found", "there is nothing at this address"))
}

// Register adds the endpoints.
func (h *Handler) Register(r gin.IRouter) {
	hooks := r.Group("/webhooks/odoo", h.timed, h.admit)
	for _, ep := range endpoints {
		hooks.POST("/"+ep.path, func(c *gin.Context) { h.receive(c, ep) })
	}
	hooks.POST("/automation/:key", h.receiveAutomation)
}

// timed measures how long the sender waits, from its headers to the answer.
func (h *Handler) timed(c *gin.Context) {
	begun := h.o.Clock.Now()
	c.Next()
	if h.o.OnAnswered != nil {
		h.o.OnAnswered(c.Writer.Status(), h.o.Clock.Since(begun))
	}
}

// admit bounds the requests at work, and with them the bodies in memory.
func (h *Handler) admit(c *gin.Context) {
	if !h.places.TryAcquire(1) {
		c.Header("Retry-After", "1")
		h.finish(c, queue.Event{Type: "any"}, refuse(http.StatusTooManyRequests, "too_many_requests", "%d requests are at work already; send this one again in a second", h.o.MaxInFlight))
		return
	}
	defer h.places.Release(1)
	c.Next()
}

func (h *Handler) receive(c *gin.Context, ep endpoint) {
	if !h.o.AllowAnonymous && !h.keys.opens(bearer(c.Request.Header)) {
		h.finish(c, queue.Event{Type: ep.path}, refuse(http.StatusUnauthorized, "unauthorized", "the header Authorization: Bearer <key> is missing, or its key is not known here"))
		return
	}
	body, p := h.body(c)
	if p != nil {
		h.finish(c, queue.Event{Type: ep.path}, p)
		return
	}
	m, p := document(body)
	now := h.o.Clock.Now().UTC()
	// The guide's signature is over the parsed body, so what does not parse
	// cannot be verified; it is told why only if a key proved who it is.
	signed := none
	if p == nil && len(h.signer.secrets) > 0 {
		signed = h.signer.verify(now, c.Request.Header, body, m)
	}
	if p == nil && len(h.signer.secrets) > 0 && signed == none {
		p = refuse(http.StatusUnauthorized, "bad_signature", "the signature is missing, does not fit the body, or is older than five minutes")
		h.finish(c, queue.Event{Type: ep.path}, p)
		return
	}
	e := queue.Event{Type: "unknown", Model: ep.model, Body: body, Source: queue.SourceWebhook, ReceivedAt: now}
	if p == nil {
		e, p = ep.event(m, body, now)
	}
	if signed == byStandard { // the guide's signature does not cover the id
		e.DeliveryID = headerID(c.GetHeader("webhook-id"), 255)
	}
	var garbage bool
	if e.Place.Stream, e.Place.Number, garbage = place(c.Request.Header); garbage {
		h.o.Logger.Warn("a webhook's stream or number is none: the event is taken without it", zap.String("event", eventName(e.Type)), zap.Int64("odoo_id", e.OdooID))
	}
	h.store(c, e, p)
}

// headerID keeps ids their column can hold. Without its id a request only
// loses the check for a replay, or its name in the log.
func headerID(id string, longest int) string {
	if len(id) > longest {
		return ""
	}
	for i := range len(id) {
		if id[i] < 0x21 || id[i] > 0x7e {
			return ""
		}
	}
	return id
}

func (h *Handler) receiveAutomation(c *gin.Context) {
	if !h.o.AllowAnonymous && !h.keys.opens(c.Param("key")) {
		h.finish(c, queue.Event{Type: "automation"}, refuse(http.StatusUnauthorized, "unauthorized", "the key in the address is not known here"))
		return
	}
	if h.o.BelieveBodies && len(h.signer.secrets) > 0 {
		h.finish(c, queue.Event{Type: "automation"}, refuse(http.StatusUnauthorized, "unsigned", "this address takes no signature, and without an Odoo to ask an unsigned body is not believed: set odoo.url, or send to the signed addresses"))
		return
	}
	body, p := h.body(c)
	if p != nil {
		h.finish(c, queue.Event{Type: "automation"}, p)
		return
	}
	m, p := document(body)
	e := queue.Event{Type: "automation", Body: body, Source: queue.SourceAutomation, ReceivedAt: h.o.Clock.Now().UTC()}
	if p == nil {
		e, p = automation(m, body, e.ReceivedAt)
	}
	h.store(c, e, p)
}

// body reads a JSON request's body.
func (h *Handler) body(c *gin.Context) ([]byte, *problem) {
	kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, refuse(http.StatusUnsupportedMediaType, "not_json", "Content-Type must be application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, h.o.MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, refuse(http.StatusRequestEntityTooLarge, "too_large", "the body is larger than %d bytes", h.o.MaxBody)
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "bad_body", "the body ends before its announced length")
	}
	return body, nil
}

// store commits the event, then answers.
func (h *Handler) store(c *gin.Context, e queue.Event, p *problem) {
	e.RequestID = headerID(requestid.Get(c), 64)
	var err error
	switch {
	case p == nil:
		_, err = h.o.Inbox.Append(c.Request.Context(), e)
	case p.status == http.StatusUnprocessableEntity:
		if err := h.o.Inbox.AppendRejected(c.Request.Context(), e, p.message); err != nil {
			h.o.Logger.Warn("a refused webhook could not be kept in webhook_logs", zap.String("event", eventName(e.Type)), logs.Failure(err))
		}
	}
	if err != nil && p == nil {
		h.o.Logger.Error("a webhook could not be stored and was refused with 503; the sender will come again",
			zap.String("event", eventName(e.Type)), zap.Int64("odoo_id", e.OdooID), logs.Failure(err))
		p = refuse(http.StatusServiceUnavailable, "unavailable", "the event could not be stored now; send it again")
		c.Header("Retry-After", "5")
	}
	h.finish(c, e, p)
}

// finish logs as the guide wants and answers.
func (h *Handler) finish(c *gin.Context, e queue.Event, p *problem) {
	fields := []zap.Field{zap.String("event", eventName(e.Type)), zap.Int64("odoo_id", e.OdooID), zap.String("request_id", requestid.Get(c)), zap.String("client", c.ClientIP())}
	status := http.StatusOK
	if p != nil {
		status = p.status
		h.o.Logger.Warn("webhook refused", append(fields, zap.Int("status", p.status), zap.String("code", p.code), logs.Text("reason", p.message))...)
		reply(c, p)
	} else {
		h.o.Logger.Info("webhook received", fields...)
		answer.JSON(c, http.StatusOK, answer.Said{Status: "success", Message: "Webhook traité"})
	}
	if h.o.OnEcho != nil && p == nil && e.Origin == queue.OriginDaemon {
		h.o.OnEcho()
	}
	if h.o.OnReceived != nil {
		h.o.OnReceived(e.Type, status)
	}
}

func reply(c *gin.Context, p *problem) {
	answer.Refuse(c, p.status, p.code, p.message)
}
