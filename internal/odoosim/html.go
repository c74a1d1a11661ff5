package odoosim

import (
	"regexp"
	"strings"
)

var (
	scripts  = regexp.MustCompile(`(?is)<script\b.*?</script\s*>`)
	handlers = regexp.MustCompile(`(?i)\s+on\w+\s*=\s*("[^"]*"|'[^']*')`)
	breaks   = regexp.MustCompile(`(?i)<br\s*/>`)
	divs     = regexp.MustCompile(`(?is)^<div>(.*)</div>$`)
	loose    = regexp.MustCompile(`&(#?\w+;)?|<([a-zA-Z/!])?`)
)

// sanitised is what becomes of a text in an HTML field, as measured: a text is a
// paragraph, its line breaks stay; scripts and handlers go; 16 to 18 make a lone
// div a paragraph.
func sanitised(text string, version int) string {
	text = scripts.ReplaceAllString(text, "")
	if strings.TrimSpace(text) == "" {
		return ""
	}
	text = breaks.ReplaceAllString(handlers.ReplaceAllString(text, ""), "<br>")
	text = loose.ReplaceAllStringFunc(text, func(found string) string {
		switch found {
		case "&":
			return "&amp;"
		case "<":
			return "&lt;"
		}
		return found
	})
	if version < 19 {
		text = divs.ReplaceAllString(text, "<p>$1</p>")
	}
	if !strings.HasPrefix(text, "<") {
		return "<p>" + text + "</p>"
	}
	return text
}
