package odoosim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ServeHTTP answers /xmlrpc/2/common and /xmlrpc/2/object.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.clock.Now()
	service := strings.TrimPrefix(r.URL.Path, "/xmlrpc/2/")
	s.mu.Lock()
	down, faults := s.down, s.faults
	page502, cut := s.chance(faults.Page502), s.chance(faults.CutReply)
	if page502 || cut {
		s.stats.Injected++
	}
	s.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler) // the connection ends without an answer
	}
	if faults.Latency > 0 {
		if !s.pause(r.Context(), faults.Latency) {
			return
		}
	}
	if page502 {
		s.finish(w, began)
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html><body><h1>502 Bad Gateway</h1></body></html>"))
		return
	}
	method, args, err := decodeCall(r.Body)
	if err != nil {
		s.finish(w, began)
		http.Error(w, "not XML-RPC", http.StatusBadRequest)
		return
	}
	c := callOf(service, method, args)
	cutWrite, told := s.arrive(c)
	if told != nil {
		told(BeforeWrite, c.model, c.method)
	}
	reply, cost := s.answer(service, method, args)
	if told != nil {
		told(AfterWrite, c.model, c.method)
	}
	if cost > 0 && !s.pause(r.Context(), cost) {
		return
	}
	s.finish(w, began)
	deliver(w, reply, cut || cutWrite)
}

// finish ends what Stats.Busy counts, and dates the answer as Odoo does, when it
// is ready.
func (s *Server) finish(w http.ResponseWriter, began time.Time) {
	now := s.clock.Now()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Busy += now.Sub(began)
}

// deliver sends an answer, or the half of it.
func deliver(w http.ResponseWriter, reply []byte, cut bool) {
	w.Header().Set("Content-Type", "text/xml")
	if cut {
		w.Header().Set("Content-Length", fmt.Sprint(len(reply)))
		_, _ = w.Write(reply[:len(reply)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(reply)
}

func (s *Server) pause(ctx context.Context, d time.Duration) bool {
	timer := s.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.Chan():
		return true
	case <-ctx.Done():
		return false
	}
}

// answer runs a call. cost is what it would have taken a real Odoo longer.
func (s *Server) answer(service, method string, args []any) (reply []byte, cost time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Calls++
	before := s.stats
	defer func() { cost = s.faults.costs(before, s.stats) }()
	var v any
	var err error
	if service == "common" {
		v, err = s.common(method, args)
	} else {
		v, err = s.object(args)
	}
	var f *fault
	if errors.As(err, &f) {
		return encodeFault(f), 0
	}
	return encodeReply(v), 0
}
