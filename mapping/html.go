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
	hidden := 0
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return tidyLines(out.String())
		case html.TextToken:
			if hidden == 0 {
				out.WriteString(strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(string(html.UnescapeString(string(tokens.Raw())))))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			switch tag := atom.Lookup(name); {
			case tag == atom.Script || tag == atom.Style:
				hidden++
			case tag == atom.Li:
				out.WriteString("\n- ")
			case tag == atom.Br || breaks(tag):
				out.WriteString("\n")
			}
		case html.EndTagToken:
			name, _ := tokens.TagName()
			switch tag := atom.Lookup(name); {
			case tag == atom.Script || tag == atom.Style:
				hidden = max(0, hidden-1)
			case breaks(tag):
				out.WriteString("\n")
			}
		}
	}
}

func breaks(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.Div, atom.Tr, atom.Ul, atom.Ol, atom.Table, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Pre:
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
