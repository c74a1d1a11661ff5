package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"odoosync/internal/answer"
	"odoosync/internal/queue"
	"odoosync/internal/store"
)

// Webhooks are what the log of webhooks is asked of.
type Webhooks interface {
	Webhooks(ctx context.Context, f queue.LogFilter) ([]queue.Logged, error)
	// Webhook returns one, and the changes it made; nil where there is none of
	// that id.
	Webhook(ctx context.Context, id int64) (*queue.Content, []store.Change, error)
	Replay(ctx context.Context, r queue.Replay) (queue.Replayed, error)
}

func (h *Handler) registerWebhooks(api gin.IRouter) {
	api.GET("/webhooks", h.webhooks)
	api.GET("/webhooks/:id", h.webhook)
	api.POST("/webhooks/:id/replay", h.does("replay", h.replay))
	api.POST("/webhooks/replay", h.does("replay", h.replayAll))
}

// webhooksPage is one page of webhooks.
type webhooksPage struct {
	Webhooks []queue.Logged `json:"webhooks"`
	Next     int64          `json:"next,omitempty"` // "before" of the next page; absent on the last
}

func (h *Handler) webhooks(c *gin.Context) {
	p := onlyQuery(c, "status", "event", "code", "q", "from", "upto", "before", "limit")
	status, p2 := oneOf(c, "status", "pending", "success", "error")
	from, p3 := moment(c, "from", time.Time{})
	upto, p4 := moment(c, "upto", time.Time{})
	before, limit, p5 := cursor(c)
	if p = cmp.Or(p, p2, p3, p4, p5); p != nil {
		reply(c, p)
		return
	}
	list, err := h.o.Webhooks.Webhooks(c.Request.Context(), queue.LogFilter{Status: status, Event: c.Query("event"), Code: c.Query("code"), Search: c.Query("q"), From: from, Upto: upto, Before: before, Limit: limit + 1})
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

// webhookWhole is one webhook with all that is kept of it.
type webhookWhole struct {
	queue.Content
	Changes []store.Change `json:"changes"`
}

func (h *Handler) webhook(c *gin.Context) {
	id, p := pathID(c, "id", "a webhook's id")
	if p = cmp.Or(p, onlyQuery(c)); p != nil {
		reply(c, p)
		return
	}
	w, changes, err := h.o.Webhooks.Webhook(c.Request.Context(), id)
	switch {
	case err != nil:
		h.fail(c, err)
		return
	case w == nil:
		reply(c, refuse(http.StatusNotFound, "not_found", "there is no webhook %d in webhook_logs", id))
		return
	}
	out := webhookWhole{*w, append([]store.Change{}, changes...)}
	out.Body = strings.ToValidUTF8(out.Body, "\ufffd")
	if !json.Valid(out.Data) {
		out.Data = nil
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
	h.replayThese(c, queue.Replay{IDs: []int64{id}}, zap.Int64("webhook", id))
}

// replayAll works all webhooks of a filter again, or some by their ids.
func (h *Handler) replayAll(c *gin.Context) {
	r, p := h.replayOf(c)
	h.askedFor(c, r)
	if p != nil {
		reply(c, p)
		return
	}
	h.replayThese(c, r, zap.Int("ids", len(r.IDs)), zap.String("status", r.Status), zap.String("event", r.Event), zap.Time("since", r.Since))
}

func (h *Handler) replayOf(c *gin.Context) (r queue.Replay, p *problem) {
	body, p := readBody(c)
	if p == nil {
		p = object(body,
			field{"ids", "a list of 1 to 100 ids of webhooks, whole numbers above 0 such as [45, 46]", ids(&r.IDs)},
			field{"status", `"error", "success" or "pending"`, word(&r.Status, "error", "success", "pending")},
			field{"event", `an event's type, such as "sale.order.updated"`, text(&r.Event)},
			field{"code", `the code of an error, such as "denied"`, text(&r.Code)},
			field{"q", `a webhook's id, a record's id in Odoo, or how a record's name or an event's type begins, such as "sale.order."`, text(&r.Search)},
			field{"since", `how long ago, such as "24h", or a time such as "2026-11-02T10:00:00Z"`, h.ago(&r.Since)})
	}
	filter := r.Status+r.Event+r.Code+r.Search != ""
	switch {
	case p != nil:
	case len(r.IDs) > 0 && (filter || !r.Since.IsZero()):
		p = refuse(http.StatusUnprocessableEntity, "bad_body", "ids stand alone: leave status, event, code, q and since out")
	case len(r.IDs) == 0 && !filter:
		p = refuse(http.StatusUnprocessableEntity, "bad_body", `say which webhooks: {"status": "error", "since": "24h"}, {"event": "sale.order.updated"} or {"ids": [45, 46]}`)
	}
	return r, p
}

// eventPrefix is what may be told of a search in the audit, which is kept for good:
// an id, or an event's type. Anything else may be a person's name.
var eventPrefix = regexp.MustCompile(`^([0-9]+|[a-z]+(\.[a-z.]*)?)$`)

// askedFor is what the audit keeps of a replay.
func (h *Handler) askedFor(c *gin.Context, r queue.Replay) {
	if r.Search == "" || eventPrefix.MatchString(r.Search) {
		return
	}
	kept := map[string]any{"q": "(not kept)"}
	for key, value := range map[string]string{"status": r.Status, "event": r.Event, "code": r.Code} {
		if value != "" {
			kept[key] = value
		}
	}
	if !r.Since.IsZero() {
		kept["since"] = r.Since.UTC()
	}
	text, err := json.Marshal(kept)
	if err == nil {
		c.Set(askedKey, json.RawMessage(text))
	}
}

// ago reads a duration before now, or a time.
func (h *Handler) ago(at *time.Time) func(json.RawMessage) bool {
	return func(raw json.RawMessage) bool {
		var s string
		if !text(&s)(raw) {
			return false
		}
		if d, err := time.ParseDuration(s); err == nil && d > 0 {
			*at = h.o.Clock.Now().Add(-d)
			return true
		}
		t, err := time.Parse(time.RFC3339, s)
		*at = t
		return err == nil
	}
}

func (h *Handler) replayThese(c *gin.Context, r queue.Replay, fields ...zap.Field) {
	did, err := h.o.Webhooks.Replay(c.Request.Context(), r)
	if err != nil {
		h.fail(c, err)
		return
	}
	h.log(c).Info("webhooks replayed", append(fields, zap.Int64("again", did.Again))...)
	answer.JSON(c, http.StatusAccepted, replayed{answer.Said{Status: "success", Message: did.String()}, did})
}
