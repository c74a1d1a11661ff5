package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"odoosync/configs"
	"odoosync/internal/admin"
	"odoosync/internal/record"
	"odoosync/webhooks"
)

// startHTTP serves the webhooks, the admin API and what a monitor asks.
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
		AllowAnonymous: a.config.Webhooks.AllowAnonymous, BelieveBodies: a.config.Source() == configs.SourcePayload, MaxBody: a.config.Webhooks.MaxBody, Clock: a.o.Clock, Logger: a.log, OnReceived: a.stats.received, OnEcho: a.stats.echoes.Inc, OnAnswered: a.answered})
	if err != nil {
		return err
	}
	engine, err := webhooks.Engine(a.config.HTTP.TrustedProxies, a.log)
	if err != nil {
		return err
	}
	handler.Register(engine)
	guard := admin.NewGuard(keys.admin, a.config.Admin.ReadToken.Reveal(), a.o.Clock)
	steer, err := a.newAdmin(guard)
	if err != nil {
		return err
	}
	steer.Register(engine)
	board, err := a.newDashboard(guard)
	if err != nil {
		return err
	}
	board.Register(engine)
	engine.NoRoute(board.Missing(webhooks.NotFound))
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

// serve runs an HTTP server until it is stopped, with timeouts against slow
// clients, which gin itself does not set.
func (a *App) serve(h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
	serve := server.Serve
	if file := a.config.HTTP.TLSCert; file != "" {
		pair, err := tls.LoadX509KeyPair(file, a.config.HTTP.TLSKey)
		if err != nil {
			return record.Wrap(record.CodeConfig, err, "http.tls_cert and http.tls_key are no certificate (PEM) and its key: %v", err)
		}
		a.stats.expires("http", pair.Leaf.NotAfter)
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	l, err := net.Listen("tcp", a.config.HTTP.Listen)
	if err != nil {
		return record.Wrap(record.CodeConfig, err, "http.listen %s cannot be used, perhaps because another program listens there: stop it or choose another address", a.config.HTTP.Listen)
	}
	a.addr = l.Addr()
	fmt.Fprintf(a.o.Out, "Listening at %s\n", a.URL())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- record.Wrap(record.CodeInternal, err, "the web server at %s ended", a.URL())
		}
	}()
	a.onStop("the web server", func(ctx context.Context) error {
		err := server.Shutdown(ctx)
		<-ended
		return err
	})
	return nil
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
	case a.bound.held != "":
		odoo = "ok, version " + a.bound.series + "; " + a.bound.held
	case a.bound.ready:
		odoo = "ok, version " + a.bound.series
	}
	a.mu.Unlock()
	report := map[string]any{"database": database, "odoo": odoo, "source": a.config.Source()}
	if sentence := a.paused.now(ctx).String(); sentence != "" {
		report["paused"] = sentence
	}
	answer(w, status, report)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone if this fails
}
