package dashboard

import (
	"cmp"
	"context"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"odoosync/internal/admin"
	"odoosync/internal/store"
)

func (h *Handler) registerRuns(r gin.IRouter) {
	r.GET("/runs", h.runs)
	r.POST("/runs", h.startRun)
	r.GET("/runs/:id", h.run)
	r.POST("/runs/:id/cancel", h.cancelRun)
	r.POST("/runs/:id/allow-deletes", h.allowDeletes)
}

type runsPage struct {
	Kind, State  string
	Entities     []Entity
	Entity       string // chosen in the form, by who linked here
	List         []store.RunInfo
	Next, Before int64
}

// Query is the filter for a link, and more pairs behind it.
func (p runsPage) Query(more ...string) template.URL {
	return template.URL(query(append([]string{"kind", p.Kind, "state", p.State}, more...)...))
}

// Kinds and States are what can be filtered by.
func (runsPage) Kinds() []string  { return []string{"resync", "plan", "sweep", "poll"} }
func (runsPage) States() []string { return []string{"running", "done", "failed", "cancelled"} }

func (h *Handler) runs(c *gin.Context) {
	p := runsPage{Before: before(c), Entity: c.Query("entity")}
	p.Kind, p.State = oneOf(c.Query("kind"), p.Kinds()...), oneOf(c.Query("state"), p.States()...)
	facts, err := h.facts.get(c.Request.Context())
	if err != nil {
		h.fail(c, err)
		return
	}
	p.Entities = facts.Entities
	for _, e := range facts.Entities {
		if e.Model == c.Query("halted") {
			p.Entity = cmp.Or(p.Entity, e.Name)
		}
	}
	list, err := h.o.Runs.Runs(c.Request.Context(), store.RunFilter{Kind: p.Kind, State: store.RunState(p.State), Before: p.Before, Limit: perPage + 1})
	if err != nil {
		h.fail(c, err)
		return
	}
	p.List, p.Next = cut(list, func(r store.RunInfo) int64 { return r.ID })
	h.page(c, http.StatusOK, "runs", "runs.title", p)
}

// maxIDs is how many records a resync may name.
const maxIDs = 100

// idsOf reads ids between commas, spaces or lines.
func idsOf(text string) ([]int64, bool) {
	var out []int64
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", ;\r\n\t", r) }) {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil || id < 1 {
			return nil, false
		}
		out = append(out, id)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out, len(out) <= maxIDs
}

// startRun begins a resync or a plan.
func (h *Handler) startRun(c *gin.Context) {
	r := admin.ResyncRequest{Entity: c.PostForm("entity"), Mode: cmp.Or(oneOf(c.PostForm("mode"), "full", "incremental"), "full"), DryRun: c.PostForm("plan") != "", AllowDeletes: c.PostForm("allow_deletes") == "yes"}
	var ok bool
	if r.IDs, ok = idsOf(c.PostForm("ids")); !ok || len(r.IDs) > 0 && r.Entity == "" {
		h.refuse(c, http.StatusUnprocessableEntity, "error.bad_ids")
		return
	}
	if r.DryRun { // it shows a full one, and deletes nothing
		r.Mode, r.AllowDeletes = "full", false
	} else if !h.confirmed(c) {
		return
	}
	h.begin(c, r)
}

// begin begins it and leads to its page.
func (h *Handler) begin(c *gin.Context, r admin.ResyncRequest) {
	what, key := "resync", "runs.begun"
	if r.DryRun {
		what, key = "plan", "runs.plan_begun"
	}
	var begun admin.Begun
	err := h.act(c, what, cmp.Or(r.Entity, "*"), map[string]any{"what": resyncText(r)}, func(ctx context.Context) (err error) {
		begun, err = h.o.Runs.Resync(ctx, r)
		return err
	})
	if err != nil {
		h.fail(c, err)
		return
	}
	if begun.Joined {
		key = "runs.joined"
	}
	h.done(c, runLink(begun.RunID), h.says(c, key))
}

func resyncText(r admin.ResyncRequest) string {
	parts := []string{r.Mode}
	if len(r.IDs) > 0 {
		ids := make([]string, len(r.IDs))
		for i, id := range r.IDs {
			ids[i] = itoa(id)
		}
		parts = append(parts, "ids "+strings.Join(ids, ","))
	}
	if r.AllowDeletes {
		parts = append(parts, "deletes allowed")
	}
	return strings.Join(parts, ", ")
}

// count is one of a run's figures: of an entity, or of all.
type count struct {
	Entity string
	Side   string // local or odoo, "" for none
	Kind   string
	N      int64
}

type runPage struct {
	*store.RunInfo
	Figures []count
	Plan    []PlanItem
	Cut     bool // the plan has more items than are kept
}

// Live tells whether the page is asked for again.
func (p runPage) Live() bool { return p.State == store.RunRunning && !p.Dead }

// HeldDeletes is how many deletes it left for a person.
func (p runPage) HeldDeletes() (n int64) {
	for _, f := range p.Figures {
		if f.Kind == "held" {
			n += f.N
		}
	}
	return n
}

// PlanItem is one thing that a resync would do, as a plan's run keeps it.
type PlanItem struct {
	Entity    string                `json:"entity"`
	LocalID   string                `json:"local_id"`
	OdooID    int64                 `json:"odoo_id"`
	Side      string                `json:"side"`
	Op        string                `json:"op"`
	Reason    string                `json:"reason"`
	Changes   map[string][2]*string `json:"changes"`
	Conflicts []struct {
		Field       string
		Odoo, Local *string
		Policy      string
		Winner      string
	} `json:"conflicts"`
}

// RecordLink leads to the record, where there is one to lead to.
func (i PlanItem) RecordLink() string { return recordLink(i.Entity, i.OdooID, i.LocalID) }

func (h *Handler) run(c *gin.Context) {
	id, ok := h.pathID(c)
	if !ok {
		return
	}
	r, err := h.o.Runs.Run(c.Request.Context(), id)
	if err == nil && r == nil {
		err = store.NoRun(id)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	p := runPage{RunInfo: r, Figures: figuresOf(r.Counts)}
	var kept struct {
		Items []PlanItem `json:"items"`
		More  bool       `json:"more"`
	}
	if r.Kind == "plan" && json.Unmarshal(r.Position, &kept) == nil {
		p.Plan, p.Cut = kept.Items, kept.More
	}
	h.page(c, http.StatusOK, "run", "run.title", p, "ID", itoa(id), "Kind", h.speechOf(c).or("kind."+r.Kind, r.Kind))
}

// figuresOf reads a run's counts: "contacts.stale", "contacts.local.create",
// "local create" or a word.
func figuresOf(counts map[string]int64) []count {
	var out []count
	for key, n := range counts {
		if n == 0 {
			continue
		}
		parts := strings.Split(strings.ReplaceAll(key, " ", "."), ".")
		f := count{Kind: parts[len(parts)-1], N: n}
		switch {
		case len(parts) == 3:
			f.Entity, f.Side = parts[0], parts[1]
		case len(parts) == 2 && (parts[0] == "local" || parts[0] == "odoo"):
			f.Side = parts[0]
		case len(parts) == 2:
			f.Entity = parts[0]
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b count) int {
		return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.Side, b.Side), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

func (h *Handler) cancelRun(c *gin.Context) {
	id, ok := h.pathID(c)
	if !ok || !h.confirmed(c) {
		return
	}
	if err := h.act(c, "cancel", "run "+itoa(id), nil, func(ctx context.Context) error { return h.o.Runs.Cancel(ctx, id) }); err != nil {
		h.fail(c, err)
		return
	}
	h.done(c, runLink(id), h.says(c, "run.cancelling"))
}

func (h *Handler) allowDeletes(c *gin.Context) {
	id, ok := h.pathID(c)
	if !ok || !h.confirmed(c) {
		return
	}
	var begun *admin.Begun
	err := h.act(c, "allow_deletes", "run "+itoa(id), nil, func(ctx context.Context) (err error) {
		begun, err = h.o.Runs.AllowDeletes(ctx, id)
		return err
	})
	if err != nil {
		h.fail(c, err)
		return
	}
	if begun != nil {
		h.done(c, runLink(begun.RunID), h.says(c, "run.allowed_again"))
		return
	}
	h.done(c, runLink(id), h.says(c, "run.allowed"))
}
