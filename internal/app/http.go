package app

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"odoosync/configs"
	"odoosync/internal/record"
	"odoosync/webhooks"
)

// startHTTP serves the webhooks and what a monitor asks.
func (a *App) startHTTP(context.Context) error {
	keys, err := loadKeys(a.config, a.o)
	if err != nil {
		return err
	}
	a.keys = keys
	var secrets []string
	for _, s := range a.config.Webhooks.SigningSecrets {
		secrets = append(secrets, s.Reveal())
	}
	handler, err := webhooks.New(webhooks.Options{Inbox: a.inbox, Keys: keys.webhooks, SigningSecrets: secrets,
		AllowAnonymous: a.config.Webhooks.AllowAnonymous, BelieveBodies: a.config.Source() == configs.SourcePayload, MaxBody: a.config.Webhooks.MaxBody, Clock: a.o.Clock, Logger: a.log, OnReceived: a.stats.received})
	if err != nil {
		return err
	}
	engine, err := webhooks.Engine(a.config.HTTP.TrustedProxies, a.log)
	if err != nil {
		return err
	}
	handler.Register(engine)
	mux := http.NewServeMux()
	mux.Handle("/", engine)
	get := func(path string, h http.HandlerFunc) {
		mux.HandleFunc("GET "+path, h)
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", "GET, HEAD")
			answer(w, http.StatusMethodNotAllowed, map[string]any{"status": "error", "code": "method_not_allowed", "message": "this address does not take " + r.Method})
		})
	}
	get("/healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, map[string]any{"status": "ok"}) })
	get("/readyz", a.ready)
	get("/metrics", promhttp.HandlerFor(a.stats.registry, promhttp.HandlerOpts{}).ServeHTTP)
	return a.serve(mux)
}

// ready tells whether webhooks can be taken. Odoo's state is reported, not
// required: events wait for it.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	database := "ok"
	status := http.StatusOK
	migrated, err := a.db.Migrated(ctx)
	switch {
	case err != nil:
		database, status = record.Message(err), http.StatusServiceUnavailable
	case !migrated:
		database, status = "the tables are missing or old: run odoosync migrate up", http.StatusServiceUnavailable
	}
	a.mu.Lock()
	odoo := a.bound.reason
	switch {
	case a.client == nil:
		odoo = "not configured"
	case a.bound.ready:
		odoo = "ok, version " + a.bound.series
	}
	a.mu.Unlock()
	answer(w, status, map[string]any{"database": database, "odoo": odoo, "source": a.config.Source()})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone if this fails
}
