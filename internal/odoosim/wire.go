package odoosim

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decodeCall reads an XML-RPC request as Python's library does: an empty
// <param/> is no argument at all.
func decodeCall(r io.Reader) (method string, args []any, err error) {
	d := xml.NewDecoder(r)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return method, args, nil
		}
		if err != nil {
			return "", nil, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "methodName":
			if err := d.DecodeElement(&method, &start); err != nil {
				return "", nil, err
			}
		case "value":
			v, err := decodeValue(d)
			if err != nil {
				return "", nil, err
			}
			args = append(args, v)
		}
	}
}

// decodeValue reads the inside of a <value> and its end.
func decodeValue(d *xml.Decoder) (any, error) {
	var text strings.Builder
	var value any
	typed := false
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			typed = true
			if value, err = decodeTyped(d, t); err != nil {
				return nil, err
			}
		case xml.EndElement:
			if typed {
				return value, nil
			}
			return text.String(), nil
		}
	}
}

func decodeTyped(d *xml.Decoder, start xml.StartElement) (any, error) {
	switch start.Name.Local {
	case "array":
		return decodeArray(d)
	case "struct":
		return decodeStruct(d)
	}
	var text string
	if err := d.DecodeElement(&text, &start); err != nil {
		return nil, err
	}
	switch start.Name.Local {
	case "int", "i4":
		return strconv.ParseInt(text, 10, 64)
	case "boolean":
		return text == "1", nil
	case "double":
		return strconv.ParseFloat(text, 64)
	}
	return text, nil
}

func decodeArray(d *xml.Decoder) (any, error) {
	list := []any{}
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local != "value" {
				continue
			}
			v, err := decodeValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		case xml.EndElement:
			if t.Name.Local == "array" {
				return list, nil
			}
		}
	}
}

func decodeStruct(d *xml.Decoder) (any, error) {
	m := map[string]any{}
	name := ""
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "name":
				if err := d.DecodeElement(&name, &t); err != nil {
					return nil, err
				}
			case "value":
				if m[name], err = decodeValue(d); err != nil {
					return nil, err
				}
			}
		case xml.EndElement:
			if t.Name.Local == "struct" {
				return m, nil
			}
		}
	}
}

// encodeReply writes a reply as Python's library does.
func encodeReply(v any) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n")
	encodeValue(&b, v)
	b.WriteString("</param>\n</params>\n</methodResponse>\n")
	return b.Bytes()
}

func encodeFault(f *fault) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version='1.0'?>\n<methodResponse>\n<fault>\n")
	encodeValue(&b, map[string]any{"faultCode": int64(f.code), "faultString": f.text})
	b.WriteString("</fault>\n</methodResponse>\n")
	return b.Bytes()
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func encodeValue(b *bytes.Buffer, v any) {
	b.WriteString("<value>")
	switch x := v.(type) {
	case bool:
		n := "0"
		if x {
			n = "1"
		}
		b.WriteString("<boolean>" + n + "</boolean>")
	case int64:
		b.WriteString("<int>" + strconv.FormatInt(x, 10) + "</int>")
	case float64:
		b.WriteString("<double>" + pythonFloat(x) + "</double>")
	case string:
		b.WriteString("<string>" + escaper.Replace(x) + "</string>")
	case time.Time:
		b.WriteString("<string>" + x.Format(time.DateTime) + "</string>")
	case []int64:
		b.WriteString("<array><data>\n")
		for _, e := range x {
			encodeValue(b, e)
		}
		b.WriteString("</data></array>")
	case []any:
		b.WriteString("<array><data>\n")
		for _, e := range x {
			encodeValue(b, e)
		}
		b.WriteString("</data></array>")
	case map[string]any:
		b.WriteString("<struct>\n")
		for _, k := range slices.Sorted(maps.Keys(x)) {
			b.WriteString("<member>\n<name>" + escaper.Replace(k) + "</name>\n")
			encodeValue(b, x[k])
			b.WriteString("</member>\n")
		}
		b.WriteString("</struct>")
	default:
		panic(fmt.Sprintf("odoosim cannot send a %T", v))
	}
	b.WriteString("</value>\n")
}

// pythonFloat writes a float as Python's repr does.
func pythonFloat(f float64) string {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.ContainsAny(text, ".") {
		text += ".0"
	}
	return text
}
