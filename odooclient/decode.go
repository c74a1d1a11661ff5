package odooclient

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/kolo/xmlrpc"

	"odoosync/internal/record"
)

// errUndecodable marks replies no decoder takes: one record in it may be to blame.
var errUndecodable = errors.New("the reply cannot be decoded")

// decodeReply returns a reply's value, or its fault as an error. When each is
// not nil and the value is a list, its elements go there one by one instead.
func decodeReply(body []byte, each func(any) error) (any, error) {
	s := newScanner(body)
	fault, err := s.head()
	if err == nil && fault {
		return nil, scanFault(s, body)
	}
	handed := 0
	var value any
	if err == nil {
		value, err = s.reply(each, &handed)
	}
	switch {
	case err == nil:
		return value, nil
	case errors.Is(err, errTooDeep):
		return nil, undecodable(err)
	case !errors.Is(err, errUnknown):
		return nil, err
	}
	return koloReply(body, each, handed)
}

// reply reads the value after the head, and the tail.
func (s *scanner) reply(each func(any) error, handed *int) (any, error) {
	if each == nil {
		v, err := s.value(0)
		if err != nil {
			return nil, err
		}
		return v, s.tail(false)
	}
	if err := s.need("<value>"); err != nil {
		return nil, err
	}
	if err := s.need("<array>"); err != nil {
		return nil, err
	}
	err := s.elements(0, func(v any) error {
		if err := each(v); err != nil {
			return err
		}
		*handed++
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := s.need("</value>"); err != nil {
		return nil, err
	}
	return nil, s.tail(false)
}

func scanFault(s *scanner, body []byte) error {
	v, err := s.value(0)
	if err != nil {
		_, err = koloReply(body, nil, 0)
		return err
	}
	return faultOf(v)
}

func faultOf(v any) error {
	m, _ := v.(map[string]any)
	code, _ := m["faultCode"].(int64)
	text, _ := m["faultString"].(string)
	return classify(newFault(int(code), text))
}

func undecodable(err error) error {
	return record.Wrap(record.CodeRejected, fmt.Errorf("%w: %w", errUndecodable, err),
		"Odoo's reply cannot be decoded; a record in it holds characters that XML does not allow")
}

// koloReply decodes the whole reply with kolo and hands over what the scanner
// had not handed over yet.
func koloReply(body []byte, each func(any) error, handed int) (any, error) {
	if err := shallow(body); err != nil {
		return nil, undecodable(err)
	}
	var v any
	resp := xmlrpc.Response(body)
	if err := resp.Err(); err != nil {
		var fault xmlrpc.FaultError
		if errors.As(err, &fault) {
			return nil, classify(newFault(fault.Code, fault.String))
		}
		return nil, undecodable(err)
	}
	if err := resp.Unmarshal(&v); err != nil {
		return nil, undecodable(err)
	}
	v = fromKolo(v)
	list, isList := v.([]any)
	if each == nil {
		return v, nil
	}
	if !isList || handed > len(list) {
		return nil, undecodable(errors.New("a list was expected"))
	}
	for _, e := range list[handed:] {
		if err := each(e); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// shallow counts nesting without recursion: kolo recurses, and a hostile reply
// would overflow the stack, which ends the process.
func shallow(body []byte) error {
	depth := 0
	for rest := body; ; {
		i := bytes.IndexByte(rest, '<')
		if i < 0 {
			return nil
		}
		rest = rest[i+1:]
		switch {
		case bytes.HasPrefix(rest, []byte("array")), bytes.HasPrefix(rest, []byte("struct")):
			if depth++; depth > maxDepth {
				return errTooDeep
			}
		case bytes.HasPrefix(rest, []byte("/array")), bytes.HasPrefix(rest, []byte("/struct")):
			depth--
		}
	}
}

// fromKolo gives kolo's values this package's types. kolo reads an empty
// string as nil.
func fromKolo(v any) any {
	switch x := v.(type) {
	case nil:
		return ""
	case float64:
		return Double(strconv.FormatFloat(x, 'g', -1, 64))
	case time.Time:
		return x.UTC().Format(TimeLayout)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = fromKolo(e)
		}
		return out
	case map[string]any:
		for k, e := range x {
			x[k] = fromKolo(e)
		}
		return x
	}
	return v
}
