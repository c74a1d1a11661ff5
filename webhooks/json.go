package webhooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds nesting, under the limits of MySQL (100) and MariaDB (32).
const maxDepth = 24

// badNumber is a number that no double holds: JSON, and yet unusable.
type badNumber struct{ path, text string }

func (b *badNumber) Error() string {
	return fmt.Sprintf("%s: the number %.20s is out of range", b.path, b.text)
}

// parse reads one JSON document strictly: valid UTF-8, no key twice, no
// trailing bytes, bounded depth. Numbers stay texts (json.Number).
func parse(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("the body is not valid UTF-8")
	}
	d := &parser{json.NewDecoder(bytes.NewReader(body))}
	d.UseNumber()
	v, err := d.value("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON document")
	}
	if loneSurrogate(body) {
		return nil, errors.New("a text holds half a surrogate pair")
	}
	return v, nil
}

type parser struct{ *json.Decoder }

func (d *parser) value(path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("values are nested deeper than %d", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, notJSON(err)
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return d.object(path, depth)
		}
		return d.list(path, depth)
	case json.Number:
		if f, err := strconv.ParseFloat(t.String(), 64); err != nil || math.IsInf(f, 0) {
			return nil, &badNumber{strings.TrimPrefix(path, "."), t.String()}
		}
		return t, nil
	}
	return token, nil
}

func (d *parser) object(path string, depth int) (any, error) {
	m := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, notJSON(err)
		}
		key := token.(string) // the decoder allows nothing else here
		if _, doubled := m[key]; doubled {
			return nil, fmt.Errorf("the key %q stands twice", key)
		}
		if m[key], err = d.value(path+"."+key, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return m, notJSON(err)
}

func (d *parser) list(path string, depth int) (any, error) {
	list := []any{}
	for d.More() {
		v, err := d.value(fmt.Sprintf("%s[%d]", path, len(list)), depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, notJSON(err)
}

func notJSON(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the body ends in the middle")
	}
	return errors.New("the body is not JSON")
}

// loneSurrogate finds \ud800 without its other half, which Go would replace in
// silence. body is known to be JSON.
func loneSurrogate(body []byte) bool {
	for i := 0; i+5 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		if body[i+1] != 'u' {
			i++
			continue
		}
		n, _ := strconv.ParseUint(string(body[i+2:i+6]), 16, 32)
		switch {
		case n >= 0xD800 && n < 0xDC00:
			if i+11 >= len(body) || body[i+6] != '\\' || body[i+7] != 'u' {
				return true
			}
			low, _ := strconv.ParseUint(string(body[i+8:i+12]), 16, 32)
			if low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 11
		case n >= 0xDC00 && n <= 0xDFFF:
			return true
		default:
			i += 5
		}
	}
	return false
}
