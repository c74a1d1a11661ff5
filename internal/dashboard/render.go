package dashboard

import (
	"bytes"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"odoosync/internal/admin"
	"odoosync/internal/logs"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

//go:embed templates/*.html
var templateFiles embed.FS

// readTemplates parses each page with the layout, in each language.
func (h *Handler) readTemplates() (map[string]map[string]*template.Template, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]*template.Template{}
	for _, s := range h.languages {
		pages := map[string]*template.Template{}
		for _, name := range names {
			page := strings.TrimSuffix(path.Base(name), ".html")
			if strings.HasPrefix(page, "_") {
				continue
			}
			t := template.New("").Funcs(s.funcs()).Funcs(template.FuncMap{"asset": h.assetPath, "dict": dict, "list": func(words ...string) []string { return words }})
			if pages[page], err = t.ParseFS(templateFiles, "templates/_*.html", name); err != nil {
				return nil, record.Wrap(record.CodeInternal, err, "the dashboard's page %s cannot be read", page)
			}
		}
		out[s.Code] = pages
	}
	return out, nil
}

func (h *Handler) assetPath(name string) (string, error) {
	if p, ok := h.assets.paths[name]; ok {
		return p, nil
	}
	return "", record.Errorf(record.CodeInternal, "there is no asset %s", name)
}

// view is what a template sees: the page's own things in Body.
type view struct {
	Page  string // its template
	Title string
	Path  string // with the query, for what is asked for again
	Role  admin.Role
	Said  *said
	Now   time.Time
	Langs []*speech
	Body  any
}

// Acts tells whether buttons are shown.
func (v view) Acts() bool { return v.Role == admin.RoleAdmin }

// page answers with a page, or with its live part where htmx asks for that.
func (h *Handler) page(c *gin.Context, status int, name, title string, body any, args ...any) {
	s := h.speechOf(c)
	v := view{Page: name, Title: s.T(title, args...), Path: c.Request.URL.RequestURI(), Role: roleOf(c), Now: h.o.Clock.Now(), Langs: h.languages, Body: body}
	part := "layout"
	t := h.templates[s.Code][name]
	if isFragment(c) && t.Lookup("live") != nil {
		part = "live"
	} else {
		v.Said = h.heard(c)
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, part, v); err != nil {
		h.o.Logger.Error("a page could not be made", zap.String("page", name), logs.Failure(err))
		c.String(http.StatusInternalServerError, "an internal error happened; the log has the details")
		c.Abort()
		return
	}
	c.Header("Content-Language", s.Code)
	c.Header("Vary", "Accept-Language, Cookie, HX-Request")
	c.Data(status, "text/html; charset=utf-8", out.Bytes())
	c.Abort()
}

// refusal is an error's page: what happened, and what to do.
type refusal struct {
	What, Do string // keys
	Detail   string // a sentence that was made for people
}

// refuse answers with an error's page; key and key.do are its messages.
func (h *Handler) refuse(c *gin.Context, status int, key string) {
	h.page(c, status, "error", key, refusal{What: key, Do: key + ".do"})
}

// Missing answers what is at no address: browsers with a page, programs as
// otherwise says.
func (h *Handler) Missing(otherwise gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		path := c.Request.URL.Path
		if !strings.Contains(c.GetHeader("Accept"), "text/html") || strings.HasPrefix(path, "/webhooks/") || strings.HasPrefix(path, "/admin/") {
			otherwise(c)
			return
		}
		h.protect(c)
		if c.IsAborted() {
			return
		}
		if role := h.role(c); role != admin.RoleNone {
			c.Set(roleKey, role)
		}
		h.refuse(c, http.StatusNotFound, "error.not_found")
	}
}

// fail answers an error by its meaning. Only sentences made for people leave
// here; the cause goes to the log.
func (h *Handler) fail(c *gin.Context, err error) {
	status, key := http.StatusInternalServerError, "error.internal"
	switch code := record.CodeOf(err); {
	case errors.Is(err, store.ErrNoConflict), errors.Is(err, store.ErrNoRun), errors.Is(err, queue.ErrNoWebhook):
		status, key = http.StatusNotFound, "error.not_found"
	case errors.Is(err, store.ErrDecided), errors.Is(err, store.ErrRunEnded), errors.Is(err, admin.ErrBusy), errors.Is(err, admin.ErrPaused):
		status, key = http.StatusConflict, "error.conflict"
	case code.Final(), code == record.CodeConfig:
		status, key = http.StatusUnprocessableEntity, "error.refused"
	case code.Waits(), code == record.CodeRetryable:
		status, key = http.StatusServiceUnavailable, "error.unavailable"
	default:
		h.o.Logger.Error("a page of the dashboard failed", zap.String("path", c.FullPath()), logs.Failure(err))
	}
	h.page(c, status, "error", key, refusal{What: key, Do: key + ".do", Detail: record.Message(err)})
}

// said is what an action did, shown once on the page that follows.
type said struct {
	Text string `json:"t"`
	Bad  bool   `json:"b,omitempty"`
	Link string `json:"l,omitempty"`
	More string `json:"m,omitempty"` // the link's words
}

// done ends an action: the page that follows says what it did.
func (h *Handler) done(c *gin.Context, to string, s said) {
	h.facts.forget()
	if text, err := json.Marshal(s); err == nil && len(text) < 3000 {
		h.setCookie(c, flashCookie, base64.RawURLEncoding.EncodeToString(text), time.Minute)
	}
	c.Redirect(http.StatusSeeOther, to)
}

// heard takes what is to be said, once.
func (h *Handler) heard(c *gin.Context) *said {
	value, err := c.Cookie(flashCookie)
	if err != nil || value == "" {
		return nil
	}
	h.setCookie(c, flashCookie, "", -time.Second)
	text, err := base64.RawURLEncoding.DecodeString(value)
	var s said
	if err != nil || json.Unmarshal(text, &s) != nil {
		return nil
	}
	s.Link = localLink(s.Link)
	return &s
}

func localLink(link string) string {
	if link == "" {
		return ""
	}
	return localPath(link)
}

// pretty is JSON for reading, or the text as it is.
func pretty(text []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, text, "", "  ") != nil {
		return strings.ToValidUTF8(string(text), "\uFFFD")
	}
	return out.String()
}

// dict gives a template several things.
func dict(pairs ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}
