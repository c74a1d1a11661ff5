package odooclient

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// errUnknown: the scanner met something it leaves to kolo.
var errUnknown = errors.New("a construct the scanner does not know")

// errTooDeep: values are nested beyond maxDepth.
var errTooDeep = errors.New("the reply nests values too deeply")

// maxDepth bounds nesting. Odoo's own replies stay under ten.
const maxDepth = 64

// scanner reads XML-RPC as Python's xmlrpc.client writes it, from memory. It
// keeps no reference to the buffer in what it returns.
type scanner struct {
	buf   []byte
	pos   int
	names map[string]string // interned member names: a page repeats them thousands of times
}

func newScanner(body []byte) *scanner { return &scanner{buf: body, names: map[string]string{}} }

func (s *scanner) space() {
	for s.pos < len(s.buf) {
		switch s.buf[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// tag consumes white space and this exact text.
func (s *scanner) tag(text string) bool {
	s.space()
	if len(s.buf)-s.pos >= len(text) && string(s.buf[s.pos:s.pos+len(text)]) == text {
		s.pos += len(text)
		return true
	}
	return false
}

func (s *scanner) need(text string) error {
	if !s.tag(text) {
		return errUnknown
	}
	return nil
}

// prologs are the XML declarations the scanner takes: Python's own, with either
// quote. Every other one is for the full decoder to judge.
var prologs = []string{
	"<?xml version='1.0'?>", `<?xml version="1.0"?>`,
	"<?xml version='1.0' encoding='utf-8'?>", `<?xml version="1.0" encoding="utf-8"?>`,
	"<?xml version='1.0' encoding='UTF-8'?>", `<?xml version="1.0" encoding="UTF-8"?>`,
}

// head consumes everything up to the reply's value, and tells a fault.
func (s *scanner) head() (fault bool, err error) {
	s.space()
	if bytes.HasPrefix(s.buf[s.pos:], []byte("<?xml")) && !slices.ContainsFunc(prologs, s.tag) {
		return false, errUnknown
	}
	if err := s.need("<methodResponse>"); err != nil {
		return false, err
	}
	if s.tag("<fault>") {
		return true, nil
	}
	if err := s.need("<params>"); err != nil {
		return false, err
	}
	return false, s.need("<param>")
}

// tail consumes the end of a reply and requires that nothing follows.
func (s *scanner) tail(fault bool) error {
	closing := []string{"</param>", "</params>", "</methodResponse>"}
	if fault {
		closing = []string{"</fault>", "</methodResponse>"}
	}
	for _, text := range closing {
		if err := s.need(text); err != nil {
			return err
		}
	}
	s.space()
	if s.pos != len(s.buf) {
		return errUnknown
	}
	return nil
}

// value reads one <value>.
func (s *scanner) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	if err := s.need("<value>"); err != nil {
		return nil, err
	}
	v, err := s.typed(depth)
	if err != nil {
		return nil, err
	}
	return v, s.need("</value>")
}

func (s *scanner) typed(depth int) (any, error) {
	switch {
	case s.tag("<string>"):
		return s.text("</string>")
	case s.tag("<int>"):
		return s.integer("</int>")
	case s.tag("<boolean>"):
		return s.boolean()
	case s.tag("<double>"):
		return s.double()
	case s.tag("<array>"):
		return s.array(depth)
	case s.tag("<struct>"):
		return s.members(depth)
	case s.tag("<i4>"):
		return s.integer("</i4>")
	}
	return nil, errUnknown
}

// until returns the bytes before the next '<' and consumes them and the tag.
func (s *scanner) until(closing string) ([]byte, error) {
	end := bytes.IndexByte(s.buf[s.pos:], '<')
	if end < 0 {
		return nil, errUnknown
	}
	content := s.buf[s.pos : s.pos+end]
	s.pos += end
	if len(s.buf)-s.pos < len(closing) || string(s.buf[s.pos:s.pos+len(closing)]) != closing {
		return nil, errUnknown
	}
	s.pos += len(closing)
	return content, nil
}

func (s *scanner) integer(closing string) (any, error) {
	content, err := s.until(closing)
	if err != nil || len(content) == 0 || len(content) > 18 {
		return nil, errUnknown
	}
	negative := content[0] == '-'
	if negative {
		content = content[1:]
	}
	if len(content) == 0 {
		return nil, errUnknown
	}
	var n int64
	for _, c := range content {
		if c < '0' || c > '9' {
			return nil, errUnknown
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, nil
}

func (s *scanner) boolean() (any, error) {
	content, err := s.until("</boolean>")
	if err != nil || len(content) != 1 || content[0] != '0' && content[0] != '1' {
		return nil, errUnknown
	}
	return content[0] == '1', nil
}

// double keeps the text, once it is sure that it is a plain number.
func (s *scanner) double() (any, error) {
	content, err := s.until("</double>")
	if err != nil || !plainNumber(content) {
		return nil, errUnknown
	}
	return Double(content), nil
}

func plainNumber(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	digits, dot := 0, false
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && !dot && digits > 0:
			dot = true
		case c == 'e' && digits > 0:
			return exponent(b[i+1:])
		default:
			return false
		}
	}
	return digits > 0
}

func exponent(b []byte) bool {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0 && len(b) < 3 // beyond that kolo may call it out of range
}

func (s *scanner) array(depth int) (any, error) {
	list := []any{}
	err := s.elements(depth, func(v any) error {
		list = append(list, v)
		return nil
	})
	return list, err
}

// elements reads the inside of an <array>, handing over each element.
func (s *scanner) elements(depth int, each func(any) error) error {
	if err := s.need("<data>"); err != nil {
		return err
	}
	for !s.tag("</data>") {
		v, err := s.value(depth + 1)
		if err != nil {
			return err
		}
		if err := each(v); err != nil {
			return err
		}
	}
	return s.need("</array>")
}

func (s *scanner) members(depth int) (map[string]any, error) {
	m := make(map[string]any, 24)
	for !s.tag("</struct>") {
		if err := s.need("<member>"); err != nil {
			return nil, err
		}
		if err := s.need("<name>"); err != nil {
			return nil, err
		}
		name, err := s.name()
		if err != nil {
			return nil, err
		}
		v, err := s.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, doubled := m[name]; doubled {
			return nil, errUnknown
		}
		m[name] = v
		if err := s.need("</member>"); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (s *scanner) name() (string, error) {
	content, err := s.until("</name>")
	if err != nil || bytes.IndexByte(content, '&') >= 0 || !plainText(content) {
		return "", errUnknown
	}
	if known, ok := s.names[string(content)]; ok {
		return known, nil
	}
	name := string(content)
	s.names[name] = name
	return name, nil
}

func (s *scanner) text(closing string) (any, error) {
	content, err := s.until(closing)
	if err != nil || !plainText(content) {
		return nil, errUnknown
	}
	if bytes.IndexByte(content, '&') < 0 && bytes.IndexByte(content, '\r') < 0 {
		return string(content), nil
	}
	return unescape(content)
}

// plainText refuses what is not well-formed XML text, for kolo to judge.
func plainText(b []byte) bool {
	ascii := true
	for _, c := range b {
		if c < 0x20 && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
		if c >= 0x80 {
			ascii = false
		}
	}
	if ascii {
		return !bytes.Contains(b, []byte("]]>"))
	}
	// U+FFFE and U+FFFF are no XML characters; both begin with EF BF.
	return utf8.Valid(b) && !bytes.Contains(b, []byte("\xef\xbf\xbe")) && !bytes.Contains(b, []byte("\xef\xbf\xbf")) &&
		!bytes.Contains(b, []byte("]]>"))
}

var entities = map[string]rune{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

// entity resolves a named entity or a numeric one ("#34", "#x22") of a
// character that XML allows.
func entity(name string) (rune, bool) {
	if r, ok := entities[name]; ok {
		return r, true
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	r := rune(n)
	if err != nil || !utf8.ValidRune(r) || r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
		return 0, false
	}
	return r, true
}

// unescape resolves entities and XML's line ends.
func unescape(b []byte) (string, error) {
	var out strings.Builder
	out.Grow(len(b))
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '\r':
			out.WriteByte('\n')
			if i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
		case '&':
			end := bytes.IndexByte(b[i:], ';')
			if end < 0 || end > 9 {
				return "", errUnknown
			}
			r, ok := entity(string(b[i+1 : i+end]))
			if !ok {
				return "", errUnknown
			}
			out.WriteRune(r)
			i += end
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), nil
}
