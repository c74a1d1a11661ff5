package mapping

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlToText keeps what a reader of Odoo's HTML fields sees: text, and lines
// where blocks and breaks make them. It never fails; HTML has no wrong form.
func htmlToText(source string) string {
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(source))
	hidden := false // within <script> or <style>, whose text no reader sees
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return tidyLines(out.String())
		case html.TextToken:
			if !hidden {
				out.WriteString(blanks.Replace(html.UnescapeString(string(tokens.Raw()))))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			tag := atom.Lookup(name)
			hidden = tag == atom.Script || tag == atom.Style
			out.WriteString(opening(tag))
		case html.EndTagToken:
			name, _ := tokens.TagName()
			tag := atom.Lookup(name)
			hidden = false
			if breaks(tag) {
				out.WriteString("\n")
			}
		}
	}
}

// blanks are what HTML shows as one space.
var blanks = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ", "\f", " ")

// opening is what a tag's beginning looks like.
func opening(tag atom.Atom) string {
	switch {
	case tag == atom.Li:
		return "\n- "
	case tag == atom.Td || tag == atom.Th:
		return " "
	case tag == atom.Br || tag == atom.Hr || breaks(tag):
		return "\n"
	}
	return ""
}

// breaks reports whether a tag's text stands on lines of its own.
func breaks(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.Div, atom.Tr, atom.Ul, atom.Ol, atom.Table, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
		atom.Blockquote, atom.Pre, atom.Dl, atom.Dt, atom.Dd, atom.Section, atom.Article, atom.Header, atom.Footer:
		return true
	}
	return false
}

// tidyLines folds blanks within lines and runs of empty lines.
func tidyLines(text string) string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// textToHTML is the least HTML that shows a text: paragraphs where it has empty
// lines, breaks where it has others. htmlToText gives the text back, tidied.
func textToHTML(text string) string {
	text = htmlEscapes.Replace(text)
	text = strings.ReplaceAll(text, "\n\n", "</p><p>")
	return "<p>" + strings.ReplaceAll(text, "\n", "<br>") + "</p>"
}
