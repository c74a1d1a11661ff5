package odooclient

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kolo/xmlrpc"

	"odoosync/internal/record"
)

// encodeCall builds a request. Arguments are cleaned first, because kolo drops
// a top-level nil (which would shift the arguments after it), does not escape
// the keys of a struct, and has no range check.
func encodeCall(method string, args []any) ([]byte, error) {
	cleaned := make([]any, len(args))
	for i, a := range args {
		c, err := clean(a)
		if err != nil {
			return nil, record.Wrap(record.CodeRejected, err, "a value cannot be sent to Odoo")
		}
		cleaned[i] = c
	}
	body, err := xmlrpc.EncodeMethodCall(method, cleaned...)
	if err != nil {
		return nil, record.Wrap(record.CodeRejected, err, "a value cannot be sent to Odoo")
	}
	return body, nil
}

// clean turns a value into what kolo encodes rightly: nil is False, which is
// Odoo's own empty value; numbers are checked; keys are escaped.
func clean(v any) (any, error) {
	switch x := v.(type) {
	case nil:
		return false, nil
	case bool, int, int32:
		return x, nil
	case int64:
		if x > math.MaxInt32 || x < math.MinInt32 {
			return nil, fmt.Errorf("%d is beyond XML-RPC's 32 bits", x)
		}
		return x, nil
	case string:
		return cleanText(x)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("%v is not a number", x)
		}
		return x, nil
	case Double:
		// Odoo holds a double itself; the shortest text of one is what we were given.
		f, err := strconv.ParseFloat(string(x), 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", string(x))
		}
		return clean(f)
	case []string:
		return cleanList(x)
	case []int64:
		return cleanList(x)
	case []any:
		return cleanList(x)
	case [][]string:
		return cleanList(x)
	case map[string]any:
		return cleanMap(x)
	}
	return nil, fmt.Errorf("a %T cannot be sent", v)
}

func cleanText(s string) (any, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("the text %q is not valid UTF-8", s)
	}
	bad := strings.IndexFunc(s, func(r rune) bool {
		return r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
	if bad >= 0 {
		return nil, fmt.Errorf("the text %q holds a character that XML does not allow", s)
	}
	return s, nil
}

func cleanList[T any](list []T) (any, error) {
	out := make([]any, len(list))
	for i, e := range list {
		c, err := clean(any(e))
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

func cleanMap(m map[string]any) (any, error) {
	out := make(map[string]any, len(m))
	for k, e := range m {
		if _, err := cleanText(k); err != nil {
			return nil, err
		}
		c, err := clean(e)
		if err != nil {
			return nil, err
		}
		var key bytes.Buffer
		if err := xml.EscapeText(&key, []byte(k)); err != nil {
			return nil, err
		}
		out[key.String()] = c
	}
	return out, nil
}

func uniqueSorted(ids []int64) []int64 {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}
