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
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html><body><h1>502 Bad Gateway</h1></body></html>"))
		return
	}
	method, args, err := decodeCall(r.Body)
	if err != nil {
		http.Error(w, "not XML-RPC", http.StatusBadRequest)
		return
	}
	reply := s.answer(service, method, args)
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

func (s *Server) answer(service, method string, args []any) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Calls++
	var v any
	var err error
	if service == "common" {
		v, err = s.common(method, args)
	} else {
		v, err = s.object(args)
	}
	var f *fault
	if errors.As(err, &f) {
		return encodeFault(f)
	}
	return encodeReply(v)
}

func (s *Server) common(method string, args []any) (any, error) {
	switch method {
	case "version":
		series := fmt.Sprintf("%d.0", s.o.Version)
		return map[string]any{"server_version": series, "server_serie": series, "protocol_version": int64(1),
			"server_version_info": []any{int64(s.o.Version), int64(0), int64(0), "final", int64(0), ""}}, nil
	case "authenticate":
		if len(args) == 4 && args[0] == s.o.Database && args[1] == s.o.Login && args[2] == s.o.APIKey {
			return int64(2), nil
		}
		return false, nil
	}
	return nil, &fault{1, "Traceback (most recent call last):\nException: Method not found: " + method + "\n"}
}

// request is one execute_kw.
type request struct {
	s       *Server
	model   string
	args    []any
	kwargs  map[string]any
	context map[string]any
}

func (s *Server) object(args []any) (any, error) {
	if len(args) < 6 {
		return nil, &fault{1, "Traceback (most recent call last):\nTypeError: execute_kw() missing arguments\n"}
	}
	if args[0] != s.o.Database {
		return nil, &fault{1, fmt.Sprintf("Traceback (most recent call last):\npsycopg2.OperationalError: FATAL:  database \"%v\" does not exist\n", args[0])}
	}
	if args[2] != s.o.APIKey {
		return nil, &fault{3, "Access Denied"}
	}
	model, _ := args[3].(string)
	method, _ := args[4].(string)
	r := &request{s: s, model: model, kwargs: map[string]any{}, context: map[string]any{}}
	r.args, _ = args[5].([]any)
	if len(args) > 6 {
		r.kwargs, _ = args[6].(map[string]any)
	}
	if c, ok := r.kwargs["context"].(map[string]any); ok {
		r.context = c
	}
	if s.fields[model] == nil {
		return nil, &fault{2, fmt.Sprintf("Object %s doesn't exist", model)}
	}
	return r.dispatch(method)
}

func (r *request) dispatch(method string) (any, error) {
	if strings.HasPrefix(method, "_") {
		return nil, &fault{4, fmt.Sprintf("Private methods (such as %s) cannot be called remotely.", method)}
	}
	switch method {
	case "fields_get":
		return r.fieldsGet(), nil
	case "search":
		ids, err := r.search()
		return ids, err
	case "search_count":
		ids, err := r.search()
		return int64(len(ids)), err
	case "search_read":
		ids, err := r.search()
		if err != nil {
			return nil, err
		}
		return r.read(ids, 1)
	case "read":
		return r.read(r.ids(0), 1)
	case "create":
		return r.create()
	case "write", "unlink":
		return r.change(method)
	}
	return r.business(method)
}

func (r *request) arg(i int, name string) any {
	if i < len(r.args) {
		return r.args[i]
	}
	return r.kwargs[name]
}

func (r *request) ids(i int) []int64 {
	switch x := r.arg(i, "ids").(type) {
	case int64:
		return []int64{x}
	case []any:
		ids, _ := canonical(x).([]int64)
		return ids
	}
	return nil
}

func (r *request) fieldsGet() any {
	out := map[string]any{}
	for name, f := range r.s.fields[r.model] {
		a := map[string]any{"type": f.Type, "string": name, "required": f.Required, "readonly": f.Readonly, "store": f.Store}
		if f.Relation != "" {
			a["relation"] = f.Relation
		}
		out[name] = a
	}
	return out
}

func (r *request) create() (any, error) {
	t := r.s.begin()
	defer t.commit()
	if v, ok := r.arg(0, "vals_list").(map[string]any); ok {
		id, err := r.createOne(t, v)
		return id, err
	}
	list, _ := r.arg(0, "vals_list").([]any)
	ids := []int64{}
	for _, e := range list {
		v, _ := e.(map[string]any)
		id, err := r.createOne(t, v)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (r *request) createOne(t *tx, v map[string]any) (int64, error) {
	if err := r.known(v); err != nil {
		return 0, err
	}
	return t.create(r.model, r.commands(v)), nil
}

func (r *request) known(v map[string]any) error {
	for name := range v {
		if _, ok := r.s.fields[r.model][name]; !ok {
			return invalidField(name, r.model)
		}
	}
	return nil
}

func invalidField(name, model string) *fault {
	return &fault{1, fmt.Sprintf("Traceback (most recent call last):\nValueError: Invalid field '%s' on model '%s'\n", name, model)}
}

// commands turns x2many commands [0, 0, values] into new lines.
func (r *request) commands(v map[string]any) Values {
	out := Values{}
	for name, value := range v {
		list, isList := value.([]any)
		var lines []Values
		for _, e := range list {
			if c, ok := e.([]any); ok && len(c) == 3 && c[0] == int64(0) {
				line, _ := c[2].(map[string]any)
				lines = append(lines, Values(line))
			}
		}
		if isList && lines != nil {
			out[name] = lines
			continue
		}
		out[name] = value
	}
	return out
}

func (r *request) change(method string) (any, error) {
	ids := r.ids(0)
	for _, id := range ids {
		if _, ok := r.s.table(r.model).rows[id]; !ok {
			return nil, missing(r.model, id)
		}
	}
	t := r.s.begin()
	defer t.commit()
	v, _ := r.arg(1, "vals").(map[string]any)
	if err := r.known(v); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if method == "unlink" {
			t.unlink(r.model, id)
			continue
		}
		t.write(r.model, id, r.commands(v))
	}
	return true, nil
}

func (r *request) business(method string) (any, error) {
	t := r.s.begin()
	defer t.commit()
	var v any = true
	for _, id := range r.ids(0) {
		var err error
		if v, err = t.call(r.model, method, id); err != nil {
			return nil, err
		}
	}
	return v, nil
}
