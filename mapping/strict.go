package mapping

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"odoosync/internal/record"
)

// maxNodes bounds how much of a file is looked at: aliases can make a small
// file stand for an endless one.
const maxNodes = 100_000

// strict compares a YAML tree with the Go types it is meant for. The YAML
// library can do that too, but knows neither a near name nor the entity and
// field a line belongs to.
type strict struct {
	problems []string
	lines    map[string]int      // by place: "contacts", "contacts.name", "quotes/order_line.name"
	values   map[string][]string // the keys of a field's values in their order, which a map forgets
	nodes    int
}

func (s *strict) problem(path []string, node *yaml.Node, format string, args ...any) {
	where := fmt.Sprintf("line %d", node.Line)
	if text := pathText(path); text != "" {
		where = text + " (" + where + ")"
	}
	s.problems = append(s.problems, where+": "+fmt.Sprintf(format, args...))
}

// pathText says where a path of keys leads: "entity contacts, field name, when".
func pathText(path []string) string {
	var parts []string
	if len(path) > 1 && path[0] == "entities" {
		entity, rest := path[1], path[2:]
		if len(rest) > 1 && rest[0] == "lines" {
			entity, rest = entity+"/"+rest[1], rest[2:]
		}
		parts = append(parts, "entity "+entity)
		if len(rest) > 1 && rest[0] == "fields" {
			parts, rest = append(parts, "field "+rest[1]), rest[2:]
		}
		path = rest
	}
	return strings.Join(append(parts, path...), ", ")
}

// remember keeps the line of an entity, of lines or of a field, and the order
// of a field's values.
func (s *strict) remember(path []string, line int) {
	if len(path) < 2 || path[0] != "entities" {
		return
	}
	key, rest := path[1], path[2:]
	if len(rest) > 1 && rest[0] == "lines" {
		key, rest = key+"/"+rest[1], rest[2:]
	}
	if len(rest) >= 2 && rest[0] == "fields" {
		key, rest = key+"."+rest[1], rest[2:]
	}
	switch {
	case len(rest) == 0:
		s.lines[key] = line
	case len(rest) == 2 && rest[0] == "values":
		s.values[key] = append(s.values[key], rest[1])
	}
}

// walk checks a node against the type it will be decoded into.
func (s *strict) walk(path []string, node *yaml.Node, t reflect.Type) {
	if s.nodes++; s.nodes == maxNodes {
		s.problem(nil, node, "the file holds too much, or an alias that contains itself")
	}
	if s.nodes >= maxNodes {
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if node.Kind == yaml.AliasNode {
		s.walk(path, node.Alias, t)
		return
	}
	if t.Kind() == reflect.Interface || node.Tag == "!!null" {
		return
	}
	if want := wrongKind(node, t); want != "" {
		s.problem(path, node, "%s stands where %s was expected", nodeText(node), want)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		s.mapping(path, node, structKeys(t), nil)
	case reflect.Map:
		s.mapping(path, node, nil, t.Elem())
	case reflect.Slice:
		for i, e := range node.Content {
			s.walk(append(slices.Clone(path), fmt.Sprint(i+1)), e, t.Elem())
		}
	}
}

// mapping checks the keys of a node: those of a struct, or any name.
func (s *strict) mapping(path []string, node *yaml.Node, known map[string]reflect.Type, elem reflect.Type) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Tag == "!!merge" {
			s.problem(path, key, "write the keys out: << is not supported")
			continue
		}
		at := append(slices.Clone(path), key.Value)
		switch {
		case key.Kind != yaml.ScalarNode:
			s.problem(path, key, "a key is a plain name")
			continue
		case seen[key.Value]:
			s.problem(path, key, "%s stands twice", key.Value)
			continue
		}
		seen[key.Value] = true
		if known == nil {
			s.remember(at, key.Line)
			s.walk(at, value, elem)
			continue
		}
		t, ok := known[key.Value]
		if !ok {
			s.problem(path, key, "there is no key %s%s", key.Value, record.DidYouMean(key.Value, keysOf(known)))
			continue
		}
		s.walk(at, value, t)
	}
}

// structKeys are the YAML keys of a struct with their types.
func structKeys(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" {
			out[key] = t.Field(i).Type
		}
	}
	return out
}

func keysOf[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

// wrongKind says what was expected when a node cannot be of the type.
func wrongKind(node *yaml.Node, t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[names]():
		if node.Kind == yaml.ScalarNode || node.Kind == yaml.SequenceNode && plainList(node) {
			return ""
		}
		return "a name or a list of names"
	case t.Kind() == reflect.Slice && node.Kind != yaml.SequenceNode:
		return "a list"
	case (t.Kind() == reflect.Map || t.Kind() == reflect.Struct) && node.Kind != yaml.MappingNode:
		return "keys with values"
	case t.Kind() == reflect.Bool && (node.Kind != yaml.ScalarNode || node.Tag != "!!bool"):
		return "true or false"
	case t.Kind() == reflect.String && node.Kind != yaml.ScalarNode:
		return "a text"
	}
	return ""
}

func plainList(node *yaml.Node) bool {
	return !slices.ContainsFunc(node.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode })
}

func nodeText(node *yaml.Node) string {
	switch node.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a group of keys"
	}
	return fmt.Sprintf("%.40q", node.Value)
}
