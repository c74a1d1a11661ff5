package odoosim

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

//go:embed fields-*.json.gz
var recorded embed.FS

// field is what was recorded of a field by fields_get.
type field struct {
	Type     string `json:"type"`
	Relation string `json:"relation"`
	Required bool   `json:"required"`
	Readonly bool   `json:"readonly"`
	Store    bool   `json:"store"`
	Label    string `json:"string"`
	// Selection are the pairs of key and label.
	Selection [][2]any `json:"selection"`
}

// allows reports whether a selection has a key.
func (f field) allows(v any) bool {
	return v == false || slices.ContainsFunc(f.Selection, func(pair [2]any) bool { return pair[0] == v })
}

// loadFields reads the recorded fields of a version. The file is ours and
// embedded: that it cannot be read is a mistake of ours.
func loadFields(version int) map[string]map[string]field {
	data, err := recorded.ReadFile(fmt.Sprintf("fields-%d.json.gz", version))
	if err != nil {
		panic(fmt.Sprintf("odoosim has no recording of Odoo %d", version))
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		panic(err)
	}
	out := map[string]map[string]field{}
	if err := json.NewDecoder(unzipped).Decode(&out); err != nil {
		panic(err)
	}
	for _, model := range []string{"res.partner", "res.users"} { // the recorded databases speak English alone
		lang := out[model]["lang"]
		lang.Selection = append(lang.Selection, [2]any{"fr_FR", "French / Français"})
		out[model]["lang"] = lang
	}
	out[configParameters] = parameterFields()
	return out
}

func (s *Server) table(model string) *table {
	t := s.models[model]
	if t == nil {
		t = newTable(s.fields[model])
		s.models[model] = t
	}
	return t
}

// Values are a record's fields as Go code gives them: int is taken for int64,
// and []Values under an x2many are new lines.
type Values map[string]any

// Create makes a record and returns its id.
func (s *Server) Create(model string, v Values) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.begin()
	id := t.create(model, v)
	t.commit()
	return id
}

// Write changes a record.
func (s *Server) Write(model string, id int64, v Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.begin()
	t.write(model, id, v)
	t.commit()
}

// Unlink deletes a record, its lines too.
func (s *Server) Unlink(model string, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.begin()
	t.unlink(model, id)
	t.commit()
}

// Call runs a business method on a record.
func (s *Server) Call(model, method string, id int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.begin()
	if _, err := t.call(model, method, id); err != nil && err != error(none) {
		t.rollback()
		return err
	}
	t.commit()
	return nil
}

// Raw changes a record as SQL does: no write_date, no webhook.
func (s *Server) Raw(model string, id int64, v Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, value := range v {
		if at, isTime := value.(time.Time); isTime && (k == "write_date" || k == "create_date") {
			s.table(model).rows[id].set(k, at) // kept to the microsecond
			continue
		}
		s.table(model).rows[id].set(k, canonical(value))
	}
}

// Get returns a copy of a record, nil when there is none.
func (s *Server) Get(model string, id int64) Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.table(model).rows[id]
	if !ok {
		return nil
	}
	return r.values()
}

// IDs returns the ids of a model's records.
func (s *Server) IDs(model string) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table(model).ids()
}

// canonical gives a Go value the type a row has.
func canonical(v any) any {
	switch x := v.(type) {
	case nil:
		return false
	case int:
		return int64(x)
	case []any:
		ids := make([]int64, 0, len(x))
		for _, e := range x {
			if id, ok := e.(int64); ok {
				ids = append(ids, id)
			}
		}
		return ids
	case time.Time:
		return x.UTC().Format(time.DateTime)
	}
	return v
}

// empty is a field's value when nobody set it.
func empty(f field) any {
	switch f.Type {
	case "integer":
		return int64(0)
	case "float", "monetary":
		return 0.0
	case "one2many", "many2many":
		return []int64{}
	}
	return false
}
