package admin

import (
	"cmp"
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"odoosync/internal/answer"
	"odoosync/internal/queue"
)

// Webhooks are what the log of webhooks is asked of.
type Webhooks interface {
	Webhooks(ctx context.Context, f queue.LogFilter) ([]queue.Logged, error)
	Replay(ctx context.Context, r queue.Replay) (queue.Replayed, error)
}

// webhooksPage is one page of webhooks.
type webhooksPage struct {
	Webhooks []queue.Logged `json:"webhooks"`
	Next     int64          `json:"next,omitempty"` // "before" of the next page; absent on the last
}

func (h *Handler) webhooks(c *gin.Context) {
	p := onlyQuery(c, "status", "event", "q", "before", "limit")
	status, p2 := oneOf(c, "status", "pending", "success", "error")
	before, limit, p3 := cursor(c)
	if p = cmp.Or(p, p2, p3); p != nil {
		reply(c, p)
		return
	}
	list, err := h.o.Webhooks.Webhooks(c.Request.Context(), queue.LogFilter{Status: status, Event: c.Query("event"), Search: c.Query("q"), Before: before, Limit: limit + 1})
	if err != nil {
		h.fail(c, err)
		return
	}
	out := webhooksPage{Webhooks: append([]queue.Logged{}, list...)}
	if len(list) > limit {
		out.Webhooks = out.Webhooks[:limit]
		out.Next = out.Webhooks[limit-1].ID
	}
	answer.JSON(c, http.StatusOK, out)
}

// replayed is the answer to a replay.
type replayed struct {
	answer.Said
	queue.Replayed
}

func (h *Handler) replay(c *gin.Context) {
	id, ok := bare(c, "a webhook's id")
	if !ok {
		return
	}
	did, err := h.o.Webhooks.Replay(c.Request.Context(), queue.Replay{IDs: []int64{id}})
	if err != nil {
		h.fail(c, err)
		return
	}
	h.o.Logger.Info("webhook replayed", zap.Int64("webhook", id), zap.String("client", c.ClientIP()))
	answer.JSON(c, http.StatusAccepted, replayed{answer.Said{Status: "success", Message: did.String()}, did})
}
