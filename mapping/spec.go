package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"odoosync/internal/record"
)

// Spec is a parsed mapping file, not yet bound to an Odoo or a database.
type Spec struct {
	Entities map[string]*entitySpec `yaml:"entities"`
	order    []string               // as in the file
}

type entitySpec struct {
	Model         string                `yaml:"model"`
	Table         string                `yaml:"table"`
	ID            string                `yaml:"id"`
	OdooID        string                `yaml:"odoo_id"`
	Deleted       string                `yaml:"deleted"`
	Domain        []any                 `yaml:"domain"`
	CreateWhen    []any                 `yaml:"create_when"`
	Direction     Direction             `yaml:"direction"`
	Policy        Policy                `yaml:"policy"`
	Adopt         Policy                `yaml:"adopt"`
	Match         []matchSpec           `yaml:"match"`
	OnOdooDelete  deleteSpec            `yaml:"on_odoo_delete"`
	OnLocalDelete LocalDelete           `yaml:"on_local_delete"`
	Methods       []methodSpec          `yaml:"methods"`
	Post          string                `yaml:"post"`
	Create        map[string]any        `yaml:"create"`
	Fields        map[string]*fieldSpec `yaml:"fields"`
	Lines         map[string]*childSpec `yaml:"lines"`
}

type matchSpec struct {
	Fields     []string `yaml:"fields"`
	OnlyIfNull []string `yaml:"only_if_null"`
}

type deleteSpec struct {
	Action string            `yaml:"action"`
	Set    map[string]string `yaml:"set"`
}

type methodSpec struct {
	Field string   `yaml:"field"`
	From  []string `yaml:"from"`
	To    string   `yaml:"to"`
	Call  string   `yaml:"call"`
}

type childSpec struct {
	Table    string                `yaml:"table"`
	ID       string                `yaml:"id"`
	OdooID   string                `yaml:"odoo_id"`
	Parent   string                `yaml:"parent"`
	Position string                `yaml:"position"`
	Payload  names                 `yaml:"payload"`
	Fields   map[string]*fieldSpec `yaml:"fields"`
}

type fieldSpec struct {
	Odoo       names             `yaml:"odoo"`        // alternatives by version, the first that exists
	Column     string            `yaml:"column"`      // the field's name when left out
	Direction  Direction         `yaml:"direction"`   // the entity's when left out
	Policy     Policy            `yaml:"policy"`      // the entity's when left out
	Expected   bool              `yaml:"expected"`    // computed by Odoo
	Optional   bool              `yaml:"optional"`    // not every Odoo has it
	Lookup     string            `yaml:"lookup"`      // a many2one: this field of its record
	LookupList string            `yaml:"lookup_list"` // a many2many: the list of this field
	Reference  string            `yaml:"reference"`   // a many2one: the id of that entity's row
	Path       string            `yaml:"path"`        // with reference: the way over the lines
	RawID      bool              `yaml:"raw_id"`      // a many2one: Odoo's id itself
	Values     map[string]string `yaml:"values"`      // Odoo's value → ours; others stay
	Cases      []caseSpec        `yaml:"cases"`
	Otherwise  *string           `yaml:"otherwise"`
	NullIf     names             `yaml:"null_if"`
	HTML       bool              `yaml:"html"`
	Prefix     string            `yaml:"prefix"` // "odoo_url", or a text
	When       []any             `yaml:"when"`
	Payload    names             `yaml:"payload"`
	Stub       map[string]string `yaml:"stub"`
}

type caseSpec struct {
	When  []any  `yaml:"when"`
	Value string `yaml:"value"`
}

// names is one name or a list of them.
type names []string

// UnmarshalYAML takes a scalar for a list of one.
func (n *names) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*n = names{node.Value}
		return nil
	}
	var list []string
	if err := node.Decode(&list); err != nil {
		return err
	}
	*n = list
	return nil
}

// maxSpec bounds a mapping file.
const maxSpec = 1 << 20

// Parse reads a mapping file strictly: an unknown or doubled key is an error
// that names its line. All problems come at once.
func Parse(data []byte) (*Spec, error) {
	if len(data) > maxSpec {
		return nil, record.Errorf(record.CodeConfig, "the mapping file is larger than 1 MiB")
	}
	var s Spec
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, record.Errorf(record.CodeConfig, "the mapping file is empty")
		}
		return nil, record.Wrap(record.CodeConfig, nil, "the mapping file is wrong: %s", tidyYAML(err))
	}
	if err := s.keepOrder(data); err != nil {
		return nil, err
	}
	return &s, s.check()
}

// tidyYAML drops Go's type names from the parser's errors.
func tidyYAML(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.ReplaceAll(text, "unmarshal errors:\n  ", "")
	text = strings.ReplaceAll(text, " in type mapping.entitySpec", ": no such key for an entity")
	text = strings.ReplaceAll(text, " in type mapping.fieldSpec", ": no such key for a field")
	text = strings.ReplaceAll(text, " in type mapping.childSpec", ": no such key for lines")
	return strings.ReplaceAll(text, " in type mapping.Spec", ": no such key")
}

// keepOrder remembers the order of entities, which the decoder's map forgets.
func (s *Spec) keepOrder(data []byte) error {
	var top struct {
		Entities yaml.Node `yaml:"entities"`
	}
	if err := yaml.Unmarshal(data, &top); err != nil {
		return record.Errorf(record.CodeConfig, "the mapping file is wrong: %s", tidyYAML(err))
	}
	for i := 0; i+1 < len(top.Entities.Content); i += 2 {
		s.order = append(s.order, top.Entities.Content[i].Value)
	}
	return nil
}

func (s *Spec) check() error {
	var problems []string
	report := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if len(s.Entities) == 0 {
		report("no entities")
	}
	for _, name := range s.order {
		e := s.Entities[name]
		if e == nil {
			report("entity %s is empty", name)
			continue
		}
		if e.Model == "" || e.Table == "" {
			report("entity %s needs a model and a table", name)
		}
		checkEnums(name, e, report)
		for field, f := range e.Fields {
			if f == nil {
				report("entity %s, field %s is empty: write {odoo: ...}", name, field)
			} else if f.Reference != "" && s.Entities[f.Reference] == nil {
				report("entity %s, field %s refers to the unknown entity %s", name, field, f.Reference)
			}
		}
		for child, c := range e.Lines {
			if c == nil || c.Table == "" || c.Parent == "" || c.Position == "" {
				report("entity %s, lines %s need table, parent and position", name, child)
			}
		}
	}
	return problemsError("the mapping file is wrong", problems)
}

func checkEnums(name string, e *entitySpec, report func(string, ...any)) {
	if !oneOf(e.Direction, "", Both, ToAPI, ToOdoo) {
		report("entity %s: direction %q is not both, to_api or to_odoo", name, e.Direction)
	}
	if !oneOf(e.Policy, "", PolicyOdoo, PolicyLocal, PolicyNewest, PolicyAsk) {
		report("entity %s: policy %q is not odoo, local, newest or ask", name, e.Policy)
	}
	if !oneOf(e.OnOdooDelete.Action, "", "soft", "hard", "set", "ignore") {
		report("entity %s: on_odoo_delete.action %q is not soft, hard, set or ignore", name, e.OnOdooDelete.Action)
	}
	if !oneOf(e.OnLocalDelete, "", "archive", "unlink", "ignore") {
		report("entity %s: on_local_delete %q is not archive, unlink or ignore", name, e.OnLocalDelete)
	}
}

func oneOf[T comparable](v T, list ...T) bool {
	for _, e := range list {
		if v == e {
			return true
		}
	}
	return false
}

func problemsError(head string, problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return record.Errorf(record.CodeConfig, "%s:\n  %s", head, strings.Join(problems, "\n  "))
}
