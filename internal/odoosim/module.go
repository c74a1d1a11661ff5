package odoosim

import (
	"fmt"
	"strings"
)

// The Odoo module, as far as the daemon calls it: compare and set. Its own
// version is a time to the microsecond; here it is a count, because two edits
// under a clock that stands still must not look like one.

// SetModule installs the module or takes it away.
func (s *Server) SetModule(installed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.module = installed
}

// moduleMethod refuses a method that the model has not.
func (r *request) moduleMethod(method string) error {
	if _, told := endpointOf[r.model]; !told || !r.s.module {
		return r.s.noMethod(r.model, method)
	}
	return nil
}

// count notes a transaction's changes in the versions.
func (s *Server) count(t *tx) {
	for _, c := range t.order {
		s.revisions[touched{c.model, c.id}]++
	}
}

// version of a record and its lines; "" of none.
func (s *Server) version(model string, id int64) string {
	r, there := s.table(model).rows[id]
	if !there {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%v %d", r.get("write_date"), s.revisions[touched{model, id}])
	if d, lined := documents[model]; lined {
		lines, _ := r.get(d.list).([]int64)
		for _, line := range lines {
			fmt.Fprintf(&out, "/%d %v %d", line, s.table(d.lines).rows[line].get("write_date"), s.revisions[touched{d.lines, line}])
		}
	}
	return out.String()
}

func (r *request) writeDates() (any, error) {
	if err := r.moduleMethod("odoosync_write_date"); err != nil {
		return nil, err
	}
	out := []any{}
	for _, id := range r.ids(0) {
		version := r.s.version(r.model, id)
		if version == "" {
			continue
		}
		if err := r.reachable(id, "read"); err != nil {
			return nil, err
		}
		out = append(out, map[string]any{"id": id, "write_date": version})
	}
	return out, nil
}

func (r *request) writeIf(t *tx) (any, error) {
	if err := r.moduleMethod("odoosync_write"); err != nil {
		return nil, err
	}
	ids := r.ids(0)
	if len(ids) != 1 {
		return nil, &fault{1, traceback("ValueError: Expected singleton")}
	}
	id := ids[0]
	is := r.s.version(r.model, id)
	if is == "" {
		return map[string]any{"written": false, "write_date": false}, nil
	}
	if is != r.arg(2, "expected_write_date") {
		return map[string]any{"written": false, "write_date": is}, nil
	}
	if _, err := r.write(t); err != nil {
		return nil, err
	}
	token, _ := r.arg(3, "token").(string)
	return t.remember(written{r.model, id, token}), nil
}

// written is a compared write by which token.
type written struct {
	model string
	id    int64
	token string
}

// remember notes a compared write together with its transaction, and returns what
// answers it.
func (t *tx) remember(w written) map[string]any {
	answer := map[string]any{"written": true, "write_date": false}
	t.compared = append(t.compared, func() {
		version := t.s.version(w.model, w.id)
		answer["write_date"], t.s.compared[w] = version, version
	})
	return answer
}

func (r *request) wasWritten() (any, error) {
	if err := r.moduleMethod("odoosync_written"); err != nil {
		return nil, err
	}
	token, _ := r.arg(1, "token").(string)
	for _, id := range r.ids(0) {
		if version, made := r.s.compared[written{r.model, id, token}]; made {
			return version, nil
		}
	}
	return false, nil
}
