package dashboard

import (
	"context"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"odoosync/internal/queue"
	"odoosync/internal/record"
)

func (h *Handler) registerWebhooks(r gin.IRouter) {
	r.GET("/events", h.events)
	r.GET("/events/:id", h.event)
	r.POST("/events/:id/replay", h.replayOne)
	r.GET("/replay", h.replayForm)
	r.POST("/replay", h.replayAll)
}

// eventFilter is what a list of webhooks was asked for.
type eventFilter struct{ Status, Event, Code, Search string }

func filterOf(c *gin.Context) eventFilter {
	get := c.Query
	if c.Request.Method == http.MethodPost {
		get = c.PostForm
	}
	return eventFilter{Status: oneOf(get("status"), "pending", "success", "error"), Event: strings.TrimSpace(get("event")), Code: strings.TrimSpace(get("code")), Search: strings.TrimSpace(get("q"))}
}

// Any tells whether it filters.
func (f eventFilter) Any() bool { return f != eventFilter{} }

// Query is the filter for a link, and more pairs behind it.
func (f eventFilter) Query(more ...string) template.URL {
	return template.URL(query(append([]string{"status", f.Status, "event", f.Event, "code", f.Code, "q", f.Search}, more...)...))
}

func (f eventFilter) replay() queue.Replay {
	return queue.Replay{Status: f.Status, Event: f.Event, Code: f.Code, Search: f.Search}
}

type eventsPage struct {
	Filter eventFilter
	Events []string // the types that the guide knows
	List   []queue.Logged
	Next   int64
	Before int64
}

// eventTypes are the guide's, for the filter.
var eventTypes = []string{"sale.order.created", "sale.order.updated", "sale.order.state.changed", "sale.order.deleted",
	"account.move.created", "account.move.validated", "account.move.updated", "account.move.cancelled",
	"res.partner.created", "res.partner.updated", "res.partner.deleted",
	"crm.lead.created", "crm.lead.updated", "crm.lead.converted", "crm.lead.won"}

func (h *Handler) events(c *gin.Context) {
	p := eventsPage{Filter: filterOf(c), Events: eventTypes, Before: before(c)}
	list, err := h.o.Webhooks.Webhooks(c.Request.Context(), queue.LogFilter{Status: p.Filter.Status, Event: p.Filter.Event, Code: p.Filter.Code, Search: p.Filter.Search, Received: true, Before: p.Before, Limit: perPage + 1})
	if err != nil {
		h.fail(c, err)
		return
	}
	p.List, p.Next = cut(list, func(l queue.Logged) int64 { return l.ID })
	h.page(c, http.StatusOK, "events", "events.title", p)
}

type eventPage struct {
	*queue.Content
	Changes []Change
	Entity  string // whose record it is of, "" where the mapping has none
}

// Refused tells whether it was refused as it came: it cannot be replayed.
func (p eventPage) Refused() bool {
	return p.Model == "" || p.OdooID == 0 || p.Status == "error" && p.Attempts == 0
}

// Open tells whether it may still change by itself.
func (p eventPage) Open() bool { return p.Status == "pending" }

// Whole is what was received, for reading.
func (p eventPage) Whole() string { return pretty([]byte(p.Body)) }

// Odd tells whether what was received is no JSON.
func (p eventPage) Odd() bool { return !json.Valid([]byte(p.Body)) }

func (h *Handler) event(c *gin.Context) {
	id, ok := h.pathID(c)
	if !ok {
		return
	}
	w, err := h.o.Webhooks.Webhook(c.Request.Context(), id)
	if err == nil && w == nil {
		err = record.Wrap(record.CodeRejected, queue.ErrNoWebhook, "there is no webhook %d, or it is older than what is kept", id)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	p := eventPage{Content: w}
	if p.Changes, err = h.o.Webhooks.Changed(c.Request.Context(), w.Logged); err != nil {
		h.fail(c, err)
		return
	}
	p.Entity = h.entityOf(c.Request.Context(), w.Model)
	h.page(c, http.StatusOK, "event", "event.title", p, "ID", itoa(id))
}

// entityOf is the first entity of a model, "" where that is not known now.
func (h *Handler) entityOf(ctx context.Context, model string) string {
	facts, err := h.facts.get(ctx)
	if err != nil || model == "" {
		return ""
	}
	for _, e := range facts.Entities {
		if e.Model == model {
			return e.Name
		}
	}
	return ""
}

func (h *Handler) replayOne(c *gin.Context) {
	id, ok := h.pathID(c)
	if !ok {
		return
	}
	err := h.act(c, "replay", "webhook "+itoa(id), nil, func(ctx context.Context) error {
		_, err := h.o.Webhooks.Replay(ctx, queue.Replay{IDs: []int64{id}})
		return err
	})
	if err != nil {
		h.fail(c, err)
		return
	}
	h.done(c, eventLink(id), h.says(c, "event.replayed", "ID", itoa(id)))
}

type replayPage struct {
	Filter eventFilter
	N      int64
}

// replayForm says how many would be replayed, before they are.
func (h *Handler) replayForm(c *gin.Context) {
	p := replayPage{Filter: filterOf(c)}
	if !p.Filter.Any() {
		h.refuse(c, http.StatusUnprocessableEntity, "error.no_filter")
		return
	}
	var err error
	if p.N, err = h.o.Webhooks.CountReplay(c.Request.Context(), p.Filter.replay()); err != nil {
		h.fail(c, err)
		return
	}
	h.page(c, http.StatusOK, "replay", "replay.title", p)
}

func (h *Handler) replayAll(c *gin.Context) {
	f := filterOf(c)
	if !f.Any() {
		h.refuse(c, http.StatusUnprocessableEntity, "error.no_filter")
		return
	}
	if !h.confirmed(c) {
		return
	}
	var did queue.Replayed
	err := h.act(c, "replay", "webhooks", map[string]any{"filter": string(f.Query())}, func(ctx context.Context) (err error) {
		did, err = h.o.Webhooks.Replay(ctx, f.replay())
		return err
	})
	if err != nil {
		h.fail(c, err)
		return
	}
	h.done(c, "/events", h.says(c, "replay.done", "N", did.Again+did.Hurried, "Busy", did.Busy))
}
