package dashboard

import (
	"context"
	"html/template"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jonboulle/clockwork"
	"go.uber.org/zap"

	"odoosync/internal/admin"
	"odoosync/internal/figures"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// Webhooks are what the log of webhooks is asked of.
type Webhooks interface {
	Webhooks(ctx context.Context, f queue.LogFilter) ([]queue.Logged, error)
	Replay(ctx context.Context, r queue.Replay) (queue.Replayed, error)
	// Webhook returns nil where there is none of that id.
	Webhook(ctx context.Context, id int64) (*queue.Content, error)
	CountReplay(ctx context.Context, r queue.Replay) (int64, error)
	// Changed is what was changed because of a webhook.
	Changed(ctx context.Context, w queue.Logged) ([]Change, error)
}

// Conflicts are what conflicts are asked of.
type Conflicts interface {
	admin.Conflicts
	// OfRecord returns a conflict and the open ones of the same record; nil where
	// there is none of that id.
	OfRecord(ctx context.Context, id int64) (*store.KeptConflict, []store.KeptConflict, error)
}

// Records are what single records are asked of.
type Records interface {
	// Record returns nil where nothing is known of such a record or row. Exactly
	// one of both ids is given.
	Record(ctx context.Context, entity string, odooID int64, localID string, before int64) (*Record, error)
	// Why tells what gave a field of a row its value.
	Why(ctx context.Context, entity, localID, field string) (Origin, error)
	Edits(ctx context.Context, f queue.EditFilter) ([]queue.LoggedEdit, error)
}

// Audits keep who did what.
type Audits interface {
	Note(ctx context.Context, e store.Entry) error
	Entries(ctx context.Context, before int64, limit int) ([]store.Entry, error)
}

// Options are the dashboard's parts.
type Options struct {
	Token     string // acts; must not be empty
	ReadToken string // only looks; "": none does
	Guard     *admin.Guard
	// Facts are what is known of both sides now. While the database is away they
	// say so, and there is no error.
	Facts func(ctx context.Context) (Facts, error)
	// Figures are what became of the webhooks of a range.
	Figures   func(ctx context.Context, r figures.Range) (figures.Figures, error)
	Webhooks  Webhooks
	Conflicts Conflicts
	Records   Records
	Runs      admin.Runs
	Pauses    admin.Pauses
	Audits    Audits
	// Push begins a push and returns; a coded error says why it cannot.
	Push func() error
	// Proxies may say that the browser speaks TLS with them.
	Proxies []netip.Prefix
	Zone    *time.Location  // that times are shown in; nil: UTC
	Clock   clockwork.Clock // nil: the real one
	Logger  *zap.Logger     // nil: silent
}

// Handler serves the dashboard. It is safe for concurrent use.
type Handler struct {
	o         Options
	sessions  sessions
	assets    assets
	proxies   []netip.Prefix
	languages []*speech
	templates map[string]map[string]*template.Template // by language and page
	csrf      *http.CrossOriginProtection
	facts     remembered[Facts]
	figures   map[string]*remembered[figures.Figures] // by range
}

// New makes a handler.
func New(o Options) (*Handler, error) {
	if o.Token == "" {
		return nil, record.Errorf(record.CodeConfig, "admin.token is empty: a dashboard that asks for nothing is not served")
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Guard == nil {
		o.Guard = admin.NewGuard(o.Token, o.ReadToken, o.Clock)
	}
	h := &Handler{o: o, sessions: newSessions(o.Token, o.ReadToken), proxies: o.Proxies, csrf: http.NewCrossOriginProtection()}
	h.facts = remembered[Facts]{clock: o.Clock, read: o.Facts}
	h.figures = map[string]*remembered[figures.Figures]{}
	for _, span := range spans {
		h.figures[span.name] = &remembered[figures.Figures]{clock: o.Clock, read: func(ctx context.Context) (figures.Figures, error) {
			return o.Figures(ctx, rangeOf(span.name, o.Clock.Now().In(o.Zone)))
		}}
	}
	var err error
	if h.assets, err = readAssets(); err != nil {
		return nil, err
	}
	if h.languages, err = readLanguages(o.Zone); err != nil {
		return nil, err
	}
	h.templates, err = h.readTemplates()
	return h, err
}

// Register adds the pages.
func (h *Handler) Register(r gin.IRouter) {
	open := r.Group("/", h.protect)
	open.GET("/assets/*file", h.asset)
	open.GET("/login", h.loginForm)
	open.POST("/login", h.login)
	open.POST("/logout", h.logout)
	open.GET("/language", h.chooseLanguage)
	in := open.Group("/", h.admit)
	in.GET("/", h.overview)
	h.registerWebhooks(in)
	h.registerConflicts(in)
	h.registerRecords(in)
	h.registerRuns(in)
	in.GET("/pause", h.pauses)
	in.POST("/pause", h.pause)
	in.POST("/resume", h.resume)
	in.POST("/push", h.push)
	in.GET("/edits", h.edits)
	in.GET("/audit", h.audits)
}

// maxForm is the largest form in bytes.
const maxForm = 64 << 10

// policy keeps every page to what this server sends: no other host, no inline
// script or style, no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// protect sets what every answer says to the browser, and refuses what another
// site made a browser send.
func (h *Handler) protect(c *gin.Context) {
	c.Header("Content-Security-Policy", policy)
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Referrer-Policy", "same-origin") // with none at all a form would have no origin
	c.Header("Cross-Origin-Opener-Policy", "same-origin")
	c.Header("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	c.Header("Cache-Control", "no-store")
	if err := h.csrf.Check(c.Request); err != nil {
		h.o.Logger.Warn("a request of another site was refused", zap.String("client", c.ClientIP()), zap.String("path", c.FullPath()))
		h.refuse(c, http.StatusForbidden, "error.other_site")
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
}

// isFragment tells whether htmx asks for the live part of a page alone.
func isFragment(c *gin.Context) bool { return c.GetHeader("HX-Request") == "true" }
