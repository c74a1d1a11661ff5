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
	"odoosync/internal/logs"
	"odoosync/internal/store"
)

// Audit keeps who did what.
type Audit interface {
	Note(ctx context.Context, e store.Entry) error
	// Entries returns entries, the latest first: those with an id smaller than
	// before, which is 0 for the latest.
	Entries(ctx context.Context, before int64, limit int) ([]store.Entry, error)
}

// auditPage is one page of the audit.
type auditPage struct {
	Entries []store.Entry `json:"entries"`
	Next    int64         `json:"next,omitempty"` // "before" of the next page; absent on the last
}

func (h *Handler) audit(c *gin.Context) {
	p := onlyQuery(c, "before", "limit")
	before, limit, p2 := cursor(c)
	if p = cmp.Or(p, p2); p != nil {
		reply(c, p)
		return
	}
	list, err := h.o.Audit.Entries(c.Request.Context(), before, limit+1)
	if err != nil {
		h.fail(c, err)
		return
	}
	out := auditPage{Entries: append([]store.Entry{}, list...)}
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
		e := store.Entry{At: h.o.Clock.Now().UTC(), Who: "admin token", Action: action, Result: "done", Client: c.ClientIP()}
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
			h.log(c).Error("what was done could not be noted in sync_audit", zap.String("action", action), zap.String("target", e.Target), logs.Failure(err))
		}
	}
}
