package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"odoosync/internal/record"
)

// ErrPostingOff is in the error of Steps when only the mapping's post: never
// stands between two states.
var ErrPostingOff = errors.New("posting is off")

// Now, among a method's arguments, is the time of the call.
const Now = "@now"

// Arguments are what follows the ids in a call made at a time.
func (m *Method) Arguments(at time.Time) []any {
	out := make([]any, len(m.Args))
	for i, arg := range m.Args {
		out[i] = argument(arg, at)
	}
	return out
}

func argument(arg any, at time.Time) any {
	switch x := arg.(type) {
	case string:
		if x == Now {
			return at.UTC().Format(time.DateTime)
		}
	case map[string]any:
		out := make(map[string]any, len(x))
		for name, v := range x {
			out[name] = argument(v, at)
		}
		return out
	}
	return arg
}

// Steps is the shortest way of business methods that brings a record's field
// from one value to another; of several, the one whose methods stand first in
// the mapping. Each step's effect is read back before the next: Odoo may have
// gone elsewhere. Where there is no way, the error says so.
func (e *Entity) Steps(field string, from, to record.Value) ([]Method, error) {
	if from == to {
		return nil, nil
	}
	if steps := e.way(field, from.Text(), to.Text(), e.Post == "on_state"); steps != nil {
		return steps, nil
	}
	if e.way(field, from.Text(), to.Text(), true) != nil {
		return nil, record.Wrap(record.CodeRejected, ErrPostingOff,
			"%s, field %s, value %s: it is reached by posting, and the mapping says post: never: post it in Odoo, or set post: on_state", e.Name, field, shown(to))
	}
	reached := e.reachable(field)
	if len(reached) == 0 {
		return nil, record.Errorf(record.CodeRejected, "%s, field %s: the mapping names no methods that change it in Odoo: change it there", e.Name, field)
	}
	reached = slices.DeleteFunc(reached, func(value string) bool {
		return value == from.Text() || e.way(field, from.Text(), value, e.Post == "on_state") == nil
	})
	others := ""
	if len(reached) > 0 {
		others = fmt.Sprintf(" (from there they lead to %s)", strings.Join(reached, ", "))
	}
	return nil, record.Errorf(record.CodeRejected, "%s, field %s: no business method leads from %s to %s%s: change it in Odoo, or name the method in the mapping",
		e.Name, field, shown(from), shown(to), others)
}

// way searches breadth first, so that the first way found is the shortest.
func (e *Entity) way(field, from, to string, posts bool) []Method {
	type reached struct {
		value string
		steps []Method
	}
	seen := map[string]bool{from: true}
	for queue := []reached{{value: from}}; len(queue) > 0; queue = queue[1:] {
		here := queue[0]
		for _, m := range e.Methods {
			leads := m.Field == field && (len(m.From) == 0 || slices.Contains(m.From, here.value)) && (posts || !m.Post)
			if !leads || seen[m.To] {
				continue
			}
			steps := append(slices.Clone(here.steps), m)
			if m.To == to {
				return steps
			}
			seen[m.To] = true
			queue = append(queue, reached{m.To, steps})
		}
	}
	return nil
}

// reachable lists the values some method leads to.
func (e *Entity) reachable(field string) []string {
	var out []string
	for _, m := range e.Methods {
		if m.Field == field && !slices.Contains(out, m.To) {
			out = append(out, m.To)
		}
	}
	return out
}
