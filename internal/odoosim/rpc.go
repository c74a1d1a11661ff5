package odoosim

import (
	"fmt"
	"maps"
	"strings"
)

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
	return nil, &fault{1, traceback("Exception: Method not found: " + method)}
}

// request is one execute_kw.
type request struct {
	s       *Server
	model   string
	args    []any
	kwargs  map[string]any
	context map[string]any
	asRoot  bool // no record rule holds
}

func (s *Server) object(args []any) (any, error) {
	if len(args) < 6 {
		return nil, &fault{1, traceback("TypeError: execute_kw() missing arguments")}
	}
	if args[0] != s.o.Database {
		return nil, &fault{1, traceback(fmt.Sprintf("psycopg2.OperationalError: connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database \"%v\" does not exist", args[0]))}
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
		return nil, r.s.privateMethod(r.model, method)
	}
	r.asRoot = r.readsSelf(method)
	if err := r.inCompanies(method); err != nil {
		return nil, err
	}
	if reads[method] {
		return r.dispatchRead(method)
	}
	if method == "load" {
		return r.load()
	}
	t := r.s.begin()
	v, err := r.change(t, method)
	if err != nil && err != error(none) {
		t.rollback()
		return nil, err
	}
	r.s.stats.RecordsWritten += t.written()
	t.commit()
	return v, err
}

func (r *request) dispatchRead(method string) (any, error) {
	switch method {
	case "has_group":
		return true, nil // the sync user of the simulated company is in every group
	case "check_access_rights", "has_access":
		operation, _ := r.arg(0, "operation").(string)
		if method == "has_access" {
			operation, _ = r.arg(1, "operation").(string)
		}
		return r.s.permitted(r.model, operation) == nil, nil
	case "check_object_reference":
		return r.checkReference()
	case "fields_get":
		return r.fieldsGet(), nil
	}
	if err := r.s.permitted(r.model, "read"); err != nil {
		return nil, err
	}
	switch method {
	case "odoosync_write_date":
		return r.writeDates()
	case "odoosync_written":
		return r.wasWritten()
	case "search":
		ids, err := r.search()
		r.s.stats.RecordsListed += int64(len(ids))
		return ids, err
	case "search_count":
		rows, err := r.find(ordering{any: true})
		return int64(len(rows)), err
	case "search_read":
		if _, sent := r.kwargs["load"]; sent && r.s.o.Version == 16 && r.model == "account.move.line" {
			return nil, &fault{1, traceback("TypeError: AccountMoveLine.search_read() got an unexpected keyword argument 'load'")}
		}
		ids, err := r.search()
		if err != nil {
			return nil, err
		}
		return r.read(ids, r.lists())
	case "read":
		return r.read(r.ids(0), &r.s.stats.RecordsRead)
	}
	return r.readGroup(method)
}

// change runs what writes, in a transaction that its caller ends.
func (r *request) change(t *tx, method string) (any, error) {
	switch method {
	case "create":
		if err := r.s.permitted(r.model, "create"); err != nil {
			return nil, err
		}
		return r.create(t)
	case "write":
		return r.write(t)
	case "odoosync_write":
		return r.writeIf(t)
	case "unlink":
		return r.unlink(t)
	}
	if err := r.callable(method); err != nil {
		return nil, err
	}
	var v any = true
	for _, id := range r.ids(0) {
		err := r.reachable(id, "write")
		if err != nil {
			return nil, err
		}
		if v, err = t.call(r.model, method, id); err != nil && err != error(none) {
			return nil, err
		}
		if method == "action_set_lost" {
			t.write(r.model, id, r.extras()) // such as lost_reason_id
		}
		if err != nil {
			v = none
		}
	}
	if v == any(none) {
		return nil, none
	}
	return v, nil
}

// extras are the named arguments of a call.
func (r *request) extras() Values {
	out := Values(maps.Clone(r.kwargs))
	delete(out, "context")
	return out
}

// callable judges a method's arguments: over XML-RPC the partner that
// convert_opportunity wants can only be False.
func (r *request) callable(method string) error {
	if method != "convert_opportunity" {
		return nil
	}
	partner := r.arg(1, "partner")
	if _, named := r.kwargs["partner"]; len(r.args) < 2 && !named {
		return &fault{1, traceback("TypeError: " + r.s.since("Lead", 19, "CrmLead") + ".convert_opportunity() missing 1 required positional argument: 'partner'")}
	}
	if _, isID := partner.(int64); isID {
		return &fault{1, traceback("AttributeError: 'int' object has no attribute 'id'")}
	}
	return nil
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

func (r *request) create(t *tx) (any, error) {
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
	values, commands := r.split(v)
	return r.insert(t, values, commands)
}

func (r *request) write(t *tx) (any, error) {
	v, _ := r.arg(1, "vals").(map[string]any)
	for _, id := range r.ids(0) {
		if err := r.reachable(id, "write"); err != nil {
			return nil, err
		}
		values, commands := r.split(v)
		if err := r.update(t, id, values, commands); err != nil {
			return nil, err
		}
	}
	return true, nil
}
