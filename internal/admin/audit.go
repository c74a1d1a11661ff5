package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"odoosync/internal/answer"
)

// AuditEntry is something that was done, or asked for and refused.
type AuditEntry struct {
	ID      int64           `json:"id"`
	At      time.Time       `json:"at"` // UTC
	Who     string          `json:"who"`
	Action  string          `json:"action"`
	Target  string          `json:"target,omitempty"`  // what it was done to
	Details json.RawMessage `json:"details,omitempty"` // what was asked for
	Result  string          `json:"result"`            // done, or the sentence of the refusal
	Client  string          `json:"client,omitempty"`  // the address it came from
}

// AuditFilter chooses entries; the zero filter takes the latest ones.
type AuditFilter struct {
	Action string
	Before int64 // only those with a smaller id, to page on; 0 for the latest
	Limit  int
}

// Audit keeps who did what.
type Audit interface {
	Note(ctx context.Context, e AuditEntry) error
	Entries(ctx context.Context, f AuditFilter) ([]AuditEntry, error)
}

// auditPage is one page of the audit.
type auditPage struct {
	Entries []AuditEntry `json:"entries"`
	Next    int64        `json:"next,omitempty"` // "before" of the next page; absent on the last
}

func (h *Handler) audit(c *gin.Context) {
	p := onlyQuery(c, "action", "before", "limit")
	before, limit, p2 := cursor(c)
	if p = cmp.Or(p, p2); p != nil {
		reply(c, p)
		return
	}
	list, err := h.o.Audit.Entries(c.Request.Context(), AuditFilter{Action: c.Query("action"), Before: before, Limit: limit + 1})
	if err != nil {
		h.fail(c, err)
		return
	}
	out := auditPage{Entries: append([]AuditEntry{}, list...)}
	if len(list) > limit {
		out.Entries = out.Entries[:limit]
		out.Next = out.Entries[limit-1].ID
	}
	answer.JSON(c, http.StatusOK, out)
}

// What a request leaves for its entry.
const (
	askedKey   = "admin.asked"   // the body
	refusedKey = "admin.refused" // the sentence of the refusal
)

// noteTimeout bounds what an entry may add to a request.
const noteTimeout = 5 * time.Second

// does wraps the handler of something that is done: an entry says who asked for
// what, and what came of it. It is written even when the client has gone. What was
// refused for its token is in the log alone, or a stranger could fill the table.
func (h *Handler) does(action string, handler gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		handler(c)
		if h.o.Audit == nil {
			return
		}
		e := AuditEntry{At: h.o.Clock.Now().UTC(), Who: "admin token", Action: action, Result: "done", Client: c.ClientIP()}
		if len(c.Params) > 0 {
			e.Target = strings.TrimPrefix(c.Request.URL.Path, prefix+"/")
		}
		if body, ok := c.Get(askedKey); ok {
			e.Details, _ = body.(json.RawMessage)
		}
		if sentence := c.GetString(refusedKey); sentence != "" {
			e.Result = sentence
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), noteTimeout)
		defer cancel()
		if err := h.o.Audit.Note(ctx, e); err != nil {
			h.o.Logger.Error("what was done could not be noted in sync_audit", zap.String("action", action), zap.String("target", e.Target), zap.NamedError("cause", err))
		}
	}
}
