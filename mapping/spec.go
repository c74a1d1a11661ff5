package mapping

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"odoosync/internal/record"
)

// Spec is a parsed mapping file, not yet bound to an Odoo or a database.
type Spec struct {
	Entities map[string]*entitySpec `yaml:"entities"`
	order    []string               // as in the file
	lines    map[string]int         // where each entity and field stands in the file
	values   map[string][]string    // the keys of each field's values, as in the file
}

type entitySpec struct {
	Model         string                `yaml:"model"`
	Table         string                `yaml:"table"`
	ID            string                `yaml:"id"`
	OdooID        string                `yaml:"odoo_id"`
	Deleted       string                `yaml:"deleted"`
	Merged        string                `yaml:"merged"`
	Domain        []any                 `yaml:"domain"`
	CreateWhen    []any                 `yaml:"create_when"`
	Direction     Direction             `yaml:"direction"`
	Policy        Policy                `yaml:"policy"`
	Adopt         Policy                `yaml:"adopt"`
	Match         []matchSpec           `yaml:"match"`
	SeesAll       []string              `yaml:"sees_all"`
	OnOdooDelete  deleteSpec            `yaml:"on_odoo_delete"`
	OnLocalDelete LocalDelete           `yaml:"on_local_delete"`
	Methods       []methodSpec          `yaml:"methods"`
	Post          string                `yaml:"post"`
	Locked        lockSpec              `yaml:"locked"`
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
	Args  []any    `yaml:"args"` // after the ids
	Post  bool     `yaml:"post"` // it posts a document
}

type lockSpec struct {
	When   []any    `yaml:"when"`
	Except []string `yaml:"except"`
}

type childSpec struct {
	Table    string                `yaml:"table"`
	ID       string                `yaml:"id"`
	OdooID   string                `yaml:"odoo_id"`
	Parent   string                `yaml:"parent"`
	Position string                `yaml:"position"`
	Sequence string                `yaml:"sequence"`
	Payload  names                 `yaml:"payload"`
	Fields   map[string]*fieldSpec `yaml:"fields"`
}

type fieldSpec struct {
	Odoo        names             `yaml:"odoo"`          // alternatives by version, the first that exists
	Column      string            `yaml:"column"`        // the field's name when left out
	Direction   Direction         `yaml:"direction"`     // the entity's when left out
	Policy      Policy            `yaml:"policy"`        // the entity's when left out
	Expected    bool              `yaml:"expected"`      // computed by Odoo
	Optional    bool              `yaml:"optional"`      // not every Odoo has it
	Lookup      string            `yaml:"lookup"`        // a many2one: this field of its record
	LookupList  string            `yaml:"lookup_list"`   // a many2many: the list of this field
	LookupIn    []any             `yaml:"lookup_domain"` // only records within it are looked up
	Within      map[string]string `yaml:"within"`        // a field of the looked-up record → ours that names it
	SharedWhile map[string]string `yaml:"shared_while"`  // our fields → values with which another record has it too
	Empties     string            `yaml:"empties"`       // a field that is sent empty beside this one, when the row has none
	SharedSince int               `yaml:"shared_since"`  // the first Odoo that shares it
	Reference   string            `yaml:"reference"`     // a many2one: the id of that entity's row
	Path        string            `yaml:"path"`          // with reference: the way over the lines
	RawID       bool              `yaml:"raw_id"`        // a many2one: Odoo's id itself
	Values      map[string]string `yaml:"values"`        // Odoo's value → ours; others stay
	Cases       []caseSpec        `yaml:"cases"`
	Otherwise   *string           `yaml:"otherwise"`
	NullIf      names             `yaml:"null_if"`
	HTML        bool              `yaml:"html"`
	Prefix      string            `yaml:"prefix"` // "odoo_url", or a text
	When        []any             `yaml:"when"`
	Payload     names             `yaml:"payload"`
	Stub        map[string]string `yaml:"stub"`
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
// that names its line, its entity and field, and the nearest known key. All
// problems come at once.
func Parse(data []byte) (*Spec, error) {
	if len(data) > maxSpec {
		return nil, record.Errorf(record.CodeConfig, "the mapping file is larger than 1 MiB")
	}
	var root, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&root); err != nil && !errors.Is(err, io.EOF) {
		return nil, record.Errorf(record.CodeConfig, "the mapping file is no YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, record.Errorf(record.CodeConfig, "the mapping file holds more than one document: remove what follows the line ---")
	}
	if len(root.Content) == 0 || root.Content[0].Tag == "!!null" {
		return nil, record.Errorf(record.CodeConfig, "the mapping file is empty: leave mapping.file empty for the built-in mapping")
	}
	s := &Spec{}
	walk := &strict{lines: map[string]int{}, values: map[string][]string{}}
	walk.walk(nil, root.Content[0], reflect.TypeFor[Spec]())
	if err := problemsError("the mapping file is wrong", walk.problems); err != nil {
		return nil, err
	}
	if err := root.Decode(s); err != nil {
		return nil, record.Errorf(record.CodeConfig, "the mapping file is wrong: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	s.lines, s.values, s.order = walk.lines, walk.values, entityOrder(root.Content[0])
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// entityOrder lists the entities as the file does, which a map forgets.
func entityOrder(top *yaml.Node) []string {
	var out []string
	for i := 0; i+1 < len(top.Content); i += 2 {
		if value := top.Content[i+1]; top.Content[i].Value == "entities" {
			for value.Kind == yaml.AliasNode {
				value = value.Alias
			}
			for j := 0; j < len(value.Content); j += 2 {
				out = append(out, value.Content[j].Value)
			}
		}
	}
	return out
}

func problemsError(head string, problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return record.Errorf(record.CodeConfig, "%s:\n  %s", head, strings.Join(problems, "\n  "))
}
