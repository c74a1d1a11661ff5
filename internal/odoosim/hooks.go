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
	waiting int // on their way
	later   int // of these, by a fault not before some time
	options WebhookOptions
	held    *delivery // leaves after the next one
	late    sync.WaitGroup
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
	h.release()
	h.late.Wait()
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
	h.release()
	stop := context.AfterFunc(ctx, func() { h.cond.Broadcast() })
	defer stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.waiting > 0 && ctx.Err() == nil {
		h.cond.Wait()
	}
	return ctx.Err()
}

// Sending is how many webhooks are on their way now, without those that a fault
// makes late.
func (s *Server) Sending() int {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	return s.hooks.waiting - s.hooks.later
}

// committed queues what a transaction has to tell. The server's mutex is held.
func (h *hooks) committed(t *tx) {
	for _, d := range h.tell(t) {
		h.send(d)
	}
}

// tell makes the webhooks of a transaction as it stands.
func (h *hooks) tell(t *tx) []delivery {
	h.mu.Lock()
	off := h.options.URL == ""
	h.mu.Unlock()
	if off {
		return nil
	}
	form := "2006-01-02T15:04:05Z"
	if h.s.o.Naive {
		form = "2006-01-02T15:04:05.000000"
	}
	var out []delivery
	for _, c := range t.order {
		path, told := endpointOf[c.model]
		if !told || t.quiet[touched{c.model, c.id}] {
			continue
		}
		event, data := h.s.payload(c)
		if event == "" {
			continue
		}
		body, err := json.Marshal(map[string]any{"event": event, "timestamp": t.at.Format(form), "data": data})
		if err != nil {
			continue // cannot happen: rows hold only what JSON knows
		}
		out = append(out, delivery{path, body})
	}
	return out
}

// send queues a webhook, unless a fault has other plans for it.
func (h *hooks) send(d delivery) {
	s := h.s
	switch {
	case s.chance(s.faults.DropWebhook):
		s.stats.Dropped++
		return
	case s.chance(s.faults.ReorderWebhook) && h.held == nil:
		s.stats.Reordered++
		h.mu.Lock()
		h.waiting++
		h.held = &d
		h.mu.Unlock()
		return
	case s.chance(s.faults.LateWebhook):
		s.stats.Late++
		h.mu.Lock()
		h.waiting++
		h.later++
		h.mu.Unlock()
		by := s.faults.LateBy
		h.late.Go(func() {
			s.pause(context.Background(), by)
			h.mu.Lock()
			h.later--
			h.mu.Unlock()
			h.queue <- d
		})
		return
	}
	times := 1
	if s.chance(s.faults.DoubleWebhook) {
		s.stats.Doubled++
		times = 2
	}
	h.mu.Lock()
	h.waiting += times
	held := h.held
	h.held = nil
	h.mu.Unlock()
	for range times {
		h.queue <- d
	}
	if held != nil {
		h.queue <- *held
	}
}

// release sends what was held to be reordered, for nothing may come after it.
func (h *hooks) release() {
	h.mu.Lock()
	held := h.held
	h.held = nil
	h.mu.Unlock()
	if held != nil {
		h.queue <- *held
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
