package odoosim

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// WebhookOptions say where the webhooks go; URL is the receiver's base address,
// "" sends none.
type WebhookOptions struct {
	URL string
	Key string
}

// hooks sends webhooks in order from one goroutine.
type hooks struct {
	s     *Server
	http  *http.Client
	queue chan delivery
	done  chan struct{}

	mu      sync.Mutex
	cond    *sync.Cond
	waiting int
	options WebhookOptions
}

type delivery struct {
	path string
	body []byte
}

var endpointOf = map[string]string{"sale.order": "sale-order", "account.move": "invoice", "res.partner": "partner", "crm.lead": "lead"}

func (h *hooks) start(s *Server) {
	h.s, h.http = s, &http.Client{Timeout: 10 * time.Second}
	h.queue, h.done = make(chan delivery, 1<<16), make(chan struct{})
	h.cond = sync.NewCond(&h.mu)
	go func() {
		defer close(h.done)
		for d := range h.queue {
			h.deliver(d)
			h.mu.Lock()
			h.waiting--
			h.cond.Broadcast()
			h.mu.Unlock()
		}
	}()
}

func (h *hooks) stop() {
	close(h.queue)
	<-h.done
	h.http.CloseIdleConnections()
}

// SetWebhooks switches the sending on or off.
func (s *Server) SetWebhooks(o WebhookOptions) {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	s.hooks.options = o
}

func (h *hooks) drain(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { h.cond.Broadcast() })
	defer stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.waiting > 0 && ctx.Err() == nil {
		h.cond.Wait()
	}
	return ctx.Err()
}

// committed queues what a transaction has to tell. The server's mutex is held.
func (h *hooks) committed(t *tx) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.options.URL == "" {
		return
	}
	for _, c := range t.order {
		path, told := endpointOf[c.model]
		if !told {
			continue
		}
		event, data := h.s.payload(c)
		if untold[event] {
			continue
		}
		body, err := json.Marshal(map[string]any{"event": event, "timestamp": t.at.Format("2006-01-02T15:04:05.000000"), "data": data})
		if err != nil {
			continue // cannot happen: rows hold only what JSON knows
		}
		if h.s.chance(h.s.faults.DropWebhook) {
			h.s.stats.Dropped++
			continue
		}
		times := 1
		if h.s.chance(h.s.faults.DoubleWebhook) {
			h.s.stats.Doubled++
			times = 2
		}
		for range times {
			h.waiting++
			h.queue <- delivery{path, body}
		}
	}
}

// deliver tries as the guide does: at once, after 2 and after 4 seconds.
func (h *hooks) deliver(d delivery) {
	h.mu.Lock()
	o := h.options
	h.mu.Unlock()
	for _, pause := range []time.Duration{0, 2 * time.Second, 4 * time.Second} {
		if pause > 0 {
			h.s.pause(context.Background(), pause)
		}
		if h.post(o, d) {
			h.s.mu.Lock()
			h.s.stats.Sent++
			h.s.mu.Unlock()
			return
		}
	}
	h.s.mu.Lock()
	h.s.stats.SendFailed++
	h.s.mu.Unlock()
}

func (h *hooks) post(o WebhookOptions, d delivery) bool {
	req, err := http.NewRequest(http.MethodPost, o.URL+"/webhooks/odoo/"+d.path, bytes.NewReader(d.body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+o.Key)
	resp, err := h.http.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusCreated
}

// untold are changes for which the guide has no event.
var untold = map[string]bool{"account.move.deleted": true, "crm.lead.deleted": true}

// payload is the guide's event for a change.
func (s *Server) payload(c change) (string, map[string]any) {
	r, exists := s.table(c.model).rows[c.id]
	if !exists {
		return c.model + ".deleted", map[string]any{"id": c.id}
	}
	data := map[string]any{"id": c.id}
	for _, name := range payloadFields[c.model] {
		data[name] = jsonValue(r[name])
	}
	if partner, ok := r["partner_id"].(int64); ok {
		if p, found := s.table("res.partner").rows[partner]; found {
			data["partner_name"] = jsonValue(p["name"])
		}
	}
	return eventName(c, r), data
}

// eventName derives the event from the difference of states.
func eventName(c change, r row) string {
	if c.before == nil {
		return c.model + ".created"
	}
	changed := func(name string) bool { return c.before[name] != r[name] }
	switch {
	case c.model == "sale.order" && changed("state"):
		return "sale.order.state.changed"
	case c.model == "account.move" && changed("state") && r["state"] == "posted":
		return "account.move.validated"
	case c.model == "account.move" && changed("state") && r["state"] == "cancel":
		return "account.move.cancelled"
	case c.model == "crm.lead" && changed("type"):
		return "crm.lead.converted"
	case c.model == "crm.lead" && changed("stage_id") && r["stage_id"] == int64(4):
		return "crm.lead.won"
	}
	return c.model + ".updated"
}

var payloadFields = map[string][]string{
	"sale.order":   {"name", "state", "partner_id", "amount_total", "amount_untaxed", "amount_tax", "date_order", "user_id"},
	"account.move": {"name", "move_type", "state", "partner_id", "amount_total", "amount_untaxed", "amount_tax", "invoice_date", "invoice_date_due"},
	"res.partner":  {"name", "email", "phone", "street", "zip", "city", "vat", "is_company", "parent_id"},
	"crm.lead":     {"name", "type", "partner_id", "contact_name", "email_from", "phone", "probability", "expected_revenue"},
}

func jsonValue(v any) any {
	if v == false {
		return nil
	}
	return v
}
