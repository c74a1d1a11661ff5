package odoosim

import (
	"fmt"
	"strings"
)

// externalIDs is the model behind external ids.
const externalIDs = "ir.model.data"

// externalName splits an external id; one without a module gets Odoo's own.
func externalName(text string) (module, name string) {
	if module, name, ok := strings.Cut(text, "."); ok {
		return module, name
	}
	return "__import__", text
}

// external finds the record of an external id, in whatever model; data is the
// id of the ir.model.data record.
func (s *Server) external(text string) (model string, id, data int64, ok bool) {
	module, name := externalName(text)
	data, known := s.externals[module+"."+name]
	row, there := s.table(externalIDs).rows[data]
	if !known || !there || row.get("module") != module || row.get("name") != name {
		return "", 0, 0, false
	}
	model, _ = row.get("model").(string)
	id, _ = row.get("res_id").(int64)
	_, there = s.table(model).rows[id]
	return model, id, data, there
}

// checkReference answers ir.model.data.check_object_reference, for which nobody
// needs rights. It searches for the record: an archived or hidden one is
// [model, False] (measured on 16 to 19), unless active_test is off.
func (r *request) checkReference() (any, error) {
	module, _ := r.arg(0, "module").(string)
	name, _ := r.arg(1, "xml_id").(string)
	model, id, _, ok := r.s.external(module + "." + name)
	if !ok {
		return nil, &fault{1, traceback(fmt.Sprintf("ValueError: External ID not found in the system: %s.%s", module, name))}
	}
	target := r.of(model)
	archived := r.s.table(model).rows[id].get("active") == false && target.hasActive() && r.context["active_test"] != false
	if archived || !target.sees(id) {
		if r.arg(2, "raise_on_access_error") == true {
			return nil, r.s.noReference(module + "." + name)
		}
		return []any{model, false}, nil
	}
	return []any{model, id}, nil
}

// noReference is what raise_on_access_error makes of it; 17 stumbles over its
// own message.
func (s *Server) noReference(text string) *fault {
	switch s.o.Version {
	case 16:
		return &fault{4, "Not enough access rights on the external ID: " + text}
	case 17:
		return &fault{1, traceback("TypeError: not all arguments converted during string formatting")}
	}
	return &fault{4, fmt.Sprintf("Not enough access rights on the external ID %q", text)}
}
