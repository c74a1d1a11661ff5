package configs

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/v2"
	"gopkg.in/yaml.v3"

	"odoosync/internal/record"
)

// EnvPrefix begins every variable.
const EnvPrefix = "ODOOSYNC_"

// testPrefix begins variables that are none of ours to judge.
const testPrefix = EnvPrefix + "TEST_"

// DefaultFile is read when it exists and no other is named.
const DefaultFile = "configs/odoosync.yaml"

// maxFile bounds a settings file.
const maxFile = 1 << 20

// Sources say where settings come from.
type Sources struct {
	File    string   // "": DefaultFile when it exists
	Environ []string // as os.Environ returns it
}

// Load reads the settings and validates them.
func Load(s Sources) (Config, error) {
	l := &loader{values: map[string]any{}, places: map[string]string{}}
	l.file(s.File)
	l.environ(s.Environ)
	c := l.decode()
	if len(l.problems) == 0 {
		l.problems = append(l.problems, problemsOf(c, l.place)...)
	}
	if len(l.problems) > 0 {
		return c, record.Errorf(record.CodeConfig, "the settings are wrong:\n  %s", strings.Join(l.problems, "\n  "))
	}
	return c, nil
}

type loader struct {
	values   map[string]any    // by key
	places   map[string]string // where each value came from
	problems []string
}

func (l *loader) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

func (l *loader) place(key string) string {
	if p, ok := l.places[key]; ok {
		return p
	}
	return "default"
}

func (l *loader) set(key string, v any, place string) {
	l.values[key] = v
	l.places[key] = place
}

func (l *loader) file(path string) {
	named := path != ""
	if !named {
		path = DefaultFile
	}
	data, err := os.ReadFile(path)
	if err != nil {
		if named || !os.IsNotExist(err) {
			l.problem("%s cannot be read (%v): check --config", path, err)
		}
		return
	}
	l.yaml(path, data)
}

// yaml takes one file's keys, with the line of each.
func (l *loader) yaml(path string, data []byte) {
	if len(data) > maxFile {
		l.problem("%s is larger than 1 MiB", path)
		return
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		l.problem("%s is not YAML: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	if len(root.Content) == 1 {
		l.walk(path, "", root.Content[0])
	}
}

func (l *loader) walk(path, prefix string, node *yaml.Node) {
	where := fmt.Sprintf("%s:%d", path, node.Line)
	if node.Kind != yaml.MappingNode {
		if node.Tag != "!!null" {
			l.problem("%s (%s): keys were expected", strings.TrimSuffix(prefix, "."), where)
		}
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		key := prefix + name.Value
		where := fmt.Sprintf("%s:%d", path, name.Line)
		if _, twice := l.places[key]; twice {
			l.problem("%s (%s) stands twice", key, where)
			continue
		}
		switch {
		case isSection(key):
			l.places[key] = where
			l.walk(path, key+".", value)
		case keys[key] == nil:
			l.problem("%s (%s) is no setting%s", key, where, suggestion(key, slices.Collect(maps.Keys(keys))))
		default:
			l.node(key, where, value)
		}
	}
}

// node takes one value. Anchors are not followed: settings need none, and they
// can be made to grow without end.
func (l *loader) node(key, where string, node *yaml.Node) {
	switch node.Kind {
	case yaml.ScalarNode:
		if node.Tag == "!!null" {
			return
		}
		l.set(key, node.Value, where)
	case yaml.SequenceNode:
		list := []string{}
		for _, e := range node.Content {
			if e.Kind != yaml.ScalarNode {
				l.problem("%s (%s): a list of plain values was expected", key, where)
				return
			}
			list = append(list, e.Value)
		}
		l.set(key, list, where)
	default:
		l.problem("%s (%s): a value was expected", key, where)
	}
}

func (l *loader) environ(environ []string) {
	variables := map[string]string{}
	for key := range keys {
		variables[variable(key)] = key
	}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, EnvPrefix) || strings.HasPrefix(name, testPrefix) {
			continue
		}
		key, known := variables[name]
		if !known {
			l.problem("%s (environment) is no setting%s", name, suggestion(name, slices.Collect(maps.Keys(variables))))
			continue
		}
		l.set(key, value, "environment variable "+name)
	}
}

// variable is a key's name in the environment.
func variable(key string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// decode turns the texts into a Config, reading secrets from their files.
func (l *loader) decode() Config {
	c := Default()
	for _, key := range slices.Sorted(maps.Keys(l.values)) {
		v := l.values[key]
		if keys[key] == reflect.TypeFor[[]string]() || keys[key] == reflect.TypeFor[[]Secret]() || keys[key] == reflect.TypeFor[[]int64]() {
			v = asList(v)
		}
		v = l.secrets(key, v)
		k := koanf.New(".")
		_ = k.Set(key, v) // a fresh koanf with one plain key has nothing to refuse
		err := k.UnmarshalWithConf("", &c, koanf.UnmarshalConf{Tag: "koanf", DecoderConfig: &mapstructure.DecoderConfig{
			Result: &c, WeaklyTypedInput: true, TagName: "koanf", DecodeHook: mapstructure.StringToTimeDurationHookFunc()}})
		if err != nil {
			l.problem("%s (%s): %s was expected", key, l.place(key), expected(keys[key]))
		}
	}
	return c
}

func asList(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	list := []string{}
	for _, e := range strings.Split(text, ",") {
		if e = strings.TrimSpace(e); e != "" {
			list = append(list, e)
		}
	}
	return list
}

// secrets replaces file:PATH by the file's text, for secrets.
func (l *loader) secrets(key string, v any) any {
	switch keys[key] {
	case reflect.TypeFor[Secret]():
		return l.secret(key, fmt.Sprint(v))
	case reflect.TypeFor[[]Secret]():
		list, _ := v.([]string)
		out := make([]string, len(list))
		for i, e := range list {
			out[i] = l.secret(key, e)
		}
		return out
	}
	return v
}

func (l *loader) secret(key, v string) string {
	path, isFile := strings.CutPrefix(v, "file:")
	if !isFile {
		return v
	}
	data, err := os.ReadFile(path)
	if err != nil {
		l.problem("%s (%s): the file %s cannot be read", key, l.place(key), path)
		return ""
	}
	return strings.TrimRight(string(data), "\r\n")
}

func expected(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "a duration such as 30s, 10m or 24h"
	case reflect.TypeFor[bool]():
		return "true or false"
	case reflect.TypeFor[[]int64]():
		return "a list of numbers"
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	}
	return "a text"
}
