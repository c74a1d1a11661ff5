package dashboard

import (
	"embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
	"gopkg.in/yaml.v3"

	"odoosync/internal/record"
)

//go:embed locales/*.yaml
var localeFiles embed.FS

// tongues are the languages there are; the first is for everybody else.
var tongues = []language.Tag{language.English, language.French}

var matcher = language.NewMatcher(tongues)

// speech is one language's words, dates and numbers. It is safe for concurrent
// use.
type speech struct {
	Code      string // "en", "fr"
	Name      string // as its speakers call it
	localizer *i18n.Localizer
	printer   *message.Printer
	zone      *time.Location
	months    []string
}

var months = map[string][]string{
	"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	"fr": {"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."},
}

func readLanguages(zone *time.Location) ([]*speech, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	var out []*speech
	for _, tag := range tongues {
		code := tag.String()
		if _, err := bundle.LoadMessageFileFS(localeFiles, "locales/active."+code+".yaml"); err != nil {
			return nil, record.Wrap(record.CodeInternal, err, "the dashboard's messages of %s cannot be read", code)
		}
		out = append(out, &speech{Code: code, localizer: i18n.NewLocalizer(bundle, code), printer: message.NewPrinter(tag), zone: zone, months: months[code]})
	}
	for _, s := range out {
		s.Name = s.T("language.name")
	}
	return out, nil
}

// T is a message. args are names and values for it, in turn; N chooses between
// one and several. Values are written as the language does. A key that is not
// known shows as itself: a test sees to it that none is.
func (s *speech) T(key string, args ...any) string {
	data := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	return s.say(key, data)
}

func (s *speech) say(key string, data map[string]any) string {
	c := &i18n.LocalizeConfig{MessageID: key}
	written := make(map[string]any, len(data))
	for name, v := range data {
		if n, ok := whole(v); ok && name == "N" {
			// French has a form of its own for millions, which reads as that for many.
			c.PluralCount = min(n, 999_999)
		}
		written[name] = s.write(v)
	}
	c.TemplateData = written
	text, err := s.localizer.Localize(c)
	if err != nil && text == "" {
		return key
	}
	return text
}

// problem is what is wrong, or with .do what is to be done, with the names of
// entities and runs as this language has them.
func (s *speech) problem(p Problem, which string) string {
	args := maps.Clone(p.Args)
	for name, family := range map[string]string{"Entity": "entity.", "Kind": "kind."} {
		if v, ok := args[name].(string); ok {
			args[name] = s.or(family+v, v)
		}
	}
	return s.say("problem."+p.Code+which, args)
}

// or is a message, or other where there is none of that key: of names that only
// a mapping knows.
func (s *speech) or(key, other string) string {
	if text := s.T(key); text != key {
		return text
	}
	return other
}

func whole(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	}
	return 0, false
}

func (s *speech) write(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case time.Time:
		return s.moment(x)
	case time.Duration:
		return s.span(x)
	case float64:
		return s.decimal(x, 1)
	}
	if n, ok := whole(v); ok {
		return s.num(n)
	}
	return fmt.Sprint(v)
}

func (s *speech) num(v any) string {
	n, _ := whole(v)
	return s.printer.Sprint(number.Decimal(n))
}

func (s *speech) decimal(v float64, digits int) string {
	return s.printer.Sprint(number.Decimal(v, number.MaxFractionDigits(digits)))
}

// percent writes a share, rounded down: 99.98 % of success is not 100 %.
func (s *speech) percent(part, of int64) string {
	if of == 0 {
		return "–"
	}
	tenths := part * 1000 / of
	return s.decimal(float64(tenths)/10, 1) + " %"
}

// moment writes a time to the second, as the server's zone has it.
func (s *speech) moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(s.zone)
	day := fmt.Sprintf("%d %s %d", t.Day(), s.months[t.Month()-1], t.Year())
	return day + " " + t.Format("15:04:05")
}

// clock writes the time of day.
func (s *speech) clock(t time.Time) string { return t.In(s.zone).Format("15:04:05") }

// day writes a date without its year.
func (s *speech) day(t time.Time) string {
	t = t.In(s.zone)
	return fmt.Sprintf("%d %s", t.Day(), s.months[t.Month()-1])
}

// when is a time for a page: the element that programs can read.
func (s *speech) when(v any) template.HTML {
	var t time.Time
	switch x := v.(type) {
	case time.Time:
		t = x
	case *time.Time:
		if x != nil {
			t = *x
		}
	}
	if t.IsZero() {
		return `<span class="none">–</span>`
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`, t.UTC().Format(time.RFC3339Nano), template.HTMLEscapeString(s.moment(t))))
}

// span writes how long something took or is ago, in its two largest units.
func (s *speech) span(d time.Duration) string {
	switch {
	case d < 0:
		return s.span(0)
	case d == 0:
		return "0 s"
	case d < time.Millisecond:
		return s.decimal(float64(d.Microseconds())/1000, 2) + " ms"
	case d < time.Second:
		return s.num(d.Milliseconds()) + " ms"
	case d < 10*time.Second:
		return s.decimal(d.Seconds(), 1) + " s"
	case d < time.Minute:
		return s.num(int64(d.Seconds())) + " s"
	case d < time.Hour:
		return two(int64(d.Minutes()), "min", int64(d.Seconds())%60, "s")
	case d < 48*time.Hour:
		return two(int64(d.Hours()), "h", int64(d.Minutes())%60, "min")
	}
	return two(int64(d.Hours())/24, s.T("unit.day"), int64(d.Hours())%24, "h")
}

func two(n int64, unit string, m int64, smaller string) string {
	if m == 0 {
		return fmt.Sprintf("%d %s", n, unit)
	}
	return fmt.Sprintf("%d %s %d %s", n, unit, m, smaller)
}

// speechOf is the language of a request: what was chosen, or what the browser
// asks for.
func (h *Handler) speechOf(c *gin.Context) *speech {
	chosen, _ := c.Cookie(langCookie)
	_, i := language.MatchStrings(matcher, chosen, c.GetHeader("Accept-Language"))
	return h.languages[i]
}

// chooseLanguage keeps a language, and goes back to the page it was chosen on.
func (h *Handler) chooseLanguage(c *gin.Context) {
	for _, s := range h.languages {
		if s.Code == c.Query("lang") {
			h.setCookie(c, langCookie, s.Code, 365*24*time.Hour)
		}
	}
	back := "/"
	if from, err := url.Parse(c.GetHeader("Referer")); err == nil && from.Host == c.Request.Host && from.Path != "" {
		back = localPath(from.RequestURI())
		if from.Path == "/login" {
			back = "/login"
		}
	}
	c.Redirect(http.StatusSeeOther, back)
}

// query is a query of one name.
func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v.Encode()
}

// funcs are what templates say things with.
func (s *speech) funcs() template.FuncMap {
	return template.FuncMap{"T": s.T, "num": s.num, "when": s.when, "clock": s.clock, "span": s.span, "micro": func(us int64) string { return s.span(time.Duration(us) * time.Microsecond) }, "percent": s.percent, "say": func(p Problem) string { return s.problem(p, "") },
		"remedy": func(p Problem) string { return s.problem(p, ".do") }, "word": s.or, "lang": func() string { return s.Code },
		"join": strings.Join, "query": func(pairs ...string) template.URL { return template.URL(query(pairs...)) }, "svg": func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }, "hour": func(t time.Time) string { return t.In(s.zone).Format("15:04") }, "day": s.day, "zone": func(t time.Time) string { return t.In(s.zone).Format("MST") }}
}
