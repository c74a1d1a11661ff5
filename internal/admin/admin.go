package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/answer"
	"odoosync/internal/logs"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// Conflicts are what conflicts are asked of.
type Conflicts interface {
	Conflicts(ctx context.Context, f store.ConflictFilter) ([]store.KeptConflict, error)
	Resolve(ctx context.Context, id int64, take record.Choice, by string) error
}

// Options are the API's parts.
type Options struct {
	Token     string // opens everything; must not be empty
	ReadToken string // opens GET; "": none does
	Guard     *Guard // of these tokens, shared with others; nil: one of its own
	Conflicts Conflicts
	Runs      Runs
	Pauses    Pauses
	Webhooks  Webhooks
	Edits     Edits
	Records   Records
	Figures   Figures
	Audit     Audit // nil: nothing is noted
	// Push begins a push and returns; a coded error says why it cannot.
	Push func() error
	// Status is what GET status answers, for JSON.
	Status func(ctx context.Context) (any, error)
	Clock  clockwork.Clock // nil: the real one
	Logger *zap.Logger     // nil: silent
}

// Handler serves the API. It is safe for concurrent use.
type Handler struct {
	o     Options
	guard *Guard
}

// New makes a handler.
func New(o Options) (*Handler, error) {
	if o.Token == "" {
		return nil, record.Errorf(record.CodeConfig, "admin.token is empty: an admin API that asks for nothing is not served")
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Guard == nil {
		o.Guard = NewGuard(o.Token, o.ReadToken, o.Clock)
	}
	return &Handler{o: o, guard: o.Guard}, nil
}

// prefix is where the API is.
const prefix = "/admin/api"

// Register adds the endpoints.
func (h *Handler) Register(r gin.IRouter) {
	r.GET(prefix+"/openapi.yaml", h.document(documentYAML, "application/yaml"))
	r.GET(prefix+"/openapi.json", h.document(documentJSON(), "application/json; charset=utf-8"))
	api := r.Group(prefix, h.admit)
	api.GET("/status", h.status)
	api.GET("/conflicts", h.conflicts)
	api.POST("/conflicts/:id/resolve", h.does("resolve", h.resolve))
	api.POST("/push", h.does("push", h.push))
	h.registerRuns(api)
	h.registerWebhooks(api)
	api.GET("/edits", h.edits)
	api.GET("/records/:entity/:id", h.record)
	api.GET("/figures", h.figures)
	api.GET("/audit", h.audit)
	api.POST("/pause", h.does("pause", func(c *gin.Context) { h.changePause(c, h.o.Pauses.Pause) }))
	api.POST("/resume", h.does("resume", func(c *gin.Context) { h.changePause(c, h.o.Pauses.Resume) }))
}

// admit lets only those in who may do what they ask for.
func (h *Handler) admit(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	if p := h.guard.admit(c.ClientIP(), c.Request); p != nil {
		h.log(c).Warn("admin request refused", zap.String("path", c.FullPath()), zap.String("code", p.code))
		if p.status == http.StatusTooManyRequests {
			c.Header("Retry-After", strconv.Itoa(int(everyTry.Seconds())))
		}
		if p.status == http.StatusUnauthorized {
			c.Header("WWW-Authenticate", "Bearer")
		}
		reply(c, p)
		return
	}
	c.Next()
}

// log names the request.
func (h *Handler) log(c *gin.Context) *zap.Logger {
	return h.o.Logger.With(zap.String("request_id", record.Requests(c.Request.Context())), zap.String("client", c.ClientIP()))
}

func (h *Handler) status(c *gin.Context) {
	if p := onlyQuery(c); p != nil {
		reply(c, p)
		return
	}
	status, err := h.o.Status(c.Request.Context())
	if err != nil {
		h.fail(c, err)
		return
	}
	answer.JSON(c, http.StatusOK, status)
}

// page is one page of a list.
type page struct {
	Conflicts []store.KeptConflict `json:"conflicts"`
	Next      int64                `json:"next,omitempty"` // "before" of the next page; absent on the last
}

func (h *Handler) conflicts(c *gin.Context) {
	if p := onlyQuery(c, "state", "entity", "before", "limit"); p != nil {
		reply(c, p)
		return
	}
	f := store.ConflictFilter{Entity: c.Query("entity"), State: c.DefaultQuery("state", "open")}
	switch f.State {
	case "open", "resolved":
	case "all":
		f.State = ""
	default:
		reply(c, refuse(http.StatusBadRequest, "bad_query", "state takes open, resolved or all"))
		return
	}
	before, limit, p := cursor(c)
	if p != nil {
		reply(c, p)
		return
	}
	f.Before, f.Limit = before, limit+1 // one more tells whether a page follows
	list, err := h.o.Conflicts.Conflicts(c.Request.Context(), f)
	if err != nil {
		h.fail(c, err)
		return
	}
	out := page{Conflicts: append([]store.KeptConflict{}, list...)}
	if len(list) > limit {
		out.Conflicts = out.Conflicts[:limit]
		out.Next = out.Conflicts[limit-1].ID
	}
	answer.JSON(c, http.StatusOK, out)
}

func (h *Handler) resolve(c *gin.Context) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id < 1 {
		reply(c, refuse(http.StatusNotFound, "not_found", "a conflict's id is a whole number: GET /admin/api/conflicts lists them"))
		return
	}
	body, p := readBody(c)
	if p != nil {
		reply(c, p)
		return
	}
	take, p := choice(body)
	if p != nil {
		reply(c, p)
		return
	}
	if err := h.o.Conflicts.Resolve(c.Request.Context(), id, take, "admin API"); err != nil {
		h.fail(c, err)
		return
	}
	h.log(c).Info("conflict resolved", zap.Int64("conflict", id))
	answer.JSON(c, http.StatusOK, answer.Said{Status: "success", Message: "the choice is kept, and the next push brings both sides to it; a later edit of the other side is a new conflict"})
}

func (h *Handler) push(c *gin.Context) {
	body, p := readBody(c)
	if p == nil {
		p = object(body)
	}
	if p != nil {
		reply(c, p)
		return
	}
	if err := h.o.Push(); err != nil {
		h.fail(c, err)
		return
	}
	answer.JSON(c, http.StatusAccepted, answer.Said{Status: "success", Message: "the push begins now"})
}

// fail answers an error by its meaning. Only sentences made for people leave
// here; the cause goes to the log.
func (h *Handler) fail(c *gin.Context, err error) {
	p := refuse(http.StatusInternalServerError, "internal", "%s", record.Message(err))
	switch code := record.CodeOf(err); {
	case errors.Is(err, store.ErrNoConflict):
		p.status, p.code = http.StatusNotFound, "not_found"
	case errors.Is(err, store.ErrDecided):
		p.status, p.code = http.StatusConflict, "resolved_already"
	case errors.Is(err, store.ErrNoRun), errors.Is(err, queue.ErrNoWebhook):
		p.status, p.code = http.StatusNotFound, "not_found"
	case errors.Is(err, store.ErrRunEnded):
		p.status, p.code = http.StatusConflict, "ended_already"
	case errors.Is(err, ErrBusy):
		p.status, p.code = http.StatusConflict, "busy"
	case errors.Is(err, ErrPaused):
		p.status, p.code = http.StatusConflict, "paused"
	case code == record.CodeRejected, code == record.CodeDenied, code == record.CodeConfig:
		p.status, p.code = http.StatusUnprocessableEntity, "refused"
	case code.Waits(), code == record.CodeRetryable:
		p.status, p.code = http.StatusServiceUnavailable, "unavailable"
		c.Header("Retry-After", "5")
	default:
		h.log(c).Error("an admin request failed", zap.String("path", c.FullPath()), logs.Failure(err))
	}
	reply(c, p)
}

// problem is a refusal.
type problem struct {
	status        int
	code, message string
}

func refuse(status int, code, format string, args ...any) *problem {
	return &problem{status, code, fmt.Sprintf(format, args...)}
}

func reply(c *gin.Context, p *problem) {
	c.Set(refusedKey, p.message)
	answer.Refuse(c, p.status, p.code, p.message)
}
