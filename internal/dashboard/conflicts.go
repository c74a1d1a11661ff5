package dashboard

import (
	"context"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"odoosync/internal/record"
	"odoosync/internal/store"
)

func (h *Handler) registerConflicts(r gin.IRouter) {
	r.GET("/conflicts", h.conflicts)
	r.GET("/conflicts/:id", h.conflict)
	r.POST("/conflicts/:id", h.resolve)
}

type conflictsPage struct {
	State, Entity string
	Entities      []string
	List          []store.KeptConflict
	Next, Before  int64
}

// Query is the filter for a link, and more pairs behind it.
func (p conflictsPage) Query(more ...string) template.URL {
	return template.URL(query(append([]string{"state", p.State, "entity", p.Entity}, more...)...))
}

func (h *Handler) conflicts(c *gin.Context) {
	p := conflictsPage{State: oneOf(c.DefaultQuery("state", "open"), "open", "resolved", "all"), Entity: c.Query("entity"), Before: before(c), Entities: h.entityNames(c)}
	f := store.ConflictFilter{Entity: p.Entity, State: p.State, Before: p.Before, Limit: perPage + 1}
	if p.State == "all" {
		f.State = ""
	}
	list, err := h.o.Conflicts.Conflicts(c.Request.Context(), f)
	if err != nil {
		h.fail(c, err)
		return
	}
	p.List, p.Next = cut(list, func(k store.KeptConflict) int64 { return k.ID })
	h.page(c, http.StatusOK, "conflicts", "conflicts.title", p)
}

// entityNames are the mapping's, none while they are not known.
func (h *Handler) entityNames(c *gin.Context) []string {
	facts, err := h.facts.get(c.Request.Context())
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range facts.Entities {
		out = append(out, e.Name)
	}
	return out
}

// conflictPage is one conflict with the open ones of its record, which are
// decided in one form.
type conflictPage struct {
	store.KeptConflict
	Rows []store.KeptConflict // the open ones of the record, or the one that is over
}

// RecordLink leads to the record.
func (p conflictPage) RecordLink() string { return recordLink(p.Entity, p.OdooID, p.LocalID) }

// Deleted tells whether a side has deleted what the other has edited: that is
// taken whole.
func (p conflictPage) Deleted() bool { return p.Policy == "deleted" }

func (h *Handler) conflict(c *gin.Context) {
	id, ok := h.pathID(c)
	if !ok {
		return
	}
	one, open, err := h.o.Conflicts.OfRecord(c.Request.Context(), id)
	if err == nil && one == nil {
		err = record.Wrap(record.CodeRejected, store.ErrNoConflict, "there is no conflict %d", id)
	}
	if err != nil {
		h.fail(c, err)
		return
	}
	p := conflictPage{KeptConflict: *one, Rows: open}
	if !one.Open {
		p.Rows = []store.KeptConflict{*one}
	}
	h.page(c, http.StatusOK, "conflict", "conflict.title", p, "ID", itoa(id))
}

// takePrefix begins the names of a form's choices; behind it stands the field.
const takePrefix = "take:"

// choiceOf reads the form: a side for each field, or one for all.
func choiceOf(c *gin.Context) (record.Choice, bool) {
	if err := c.Request.ParseForm(); err != nil {
		return record.Choice{}, false
	}
	if all := c.PostForm("all"); all != "" {
		side, err := record.ParseSide(all)
		return record.Choice{Side: side}, err == nil
	}
	take := record.Choice{Fields: map[string]record.Side{}}
	for name, values := range c.Request.PostForm {
		field, ours := strings.CutPrefix(name, takePrefix)
		if !ours || values[0] == "" { // not decided yet
			continue
		}
		side, err := record.ParseSide(values[0])
		if err != nil || len(values) > 1 {
			return take, false
		}
		take.Fields[field] = side
	}
	return take, len(take.Fields) > 0
}

func (h *Handler) resolve(c *gin.Context) {
	id, ok := h.pathID(c)
	if !ok {
		return
	}
	take, ok := choiceOf(c)
	if !ok {
		h.refuse(c, http.StatusUnprocessableEntity, "error.no_choice")
		return
	}
	take, err := h.whole(c.Request.Context(), id, take)
	if err != nil {
		h.fail(c, err)
		return
	}
	err = h.act(c, "resolve", "conflict "+itoa(id), map[string]any{"take": choiceText(take)}, func(ctx context.Context) error {
		return h.o.Conflicts.Resolve(ctx, id, take, by(c))
	})
	if err != nil {
		h.fail(c, err)
		return
	}
	_ = h.o.Push() // it would come by itself, a little later
	h.done(c, "/conflicts", h.says(c, "conflict.done").with("/conflicts/"+itoa(id), h.speechOf(c).T("conflict.look")))
}

// whole makes of one side for all a side for each conflict that is open about the
// record. What one side deleted is taken whole anyway, and what Odoo computes can
// only be Odoo's.
func (h *Handler) whole(ctx context.Context, id int64, take record.Choice) (record.Choice, error) {
	if take.Side == "" {
		return take, nil
	}
	one, open, err := h.o.Conflicts.OfRecord(ctx, id)
	if err != nil || one == nil || !one.Open || one.Policy == "deleted" {
		return take, err
	}
	fields := map[string]record.Side{}
	for _, k := range open {
		if k.Policy != "deleted" && (k.Policy != "expected" || take.Side == record.Odoo) {
			fields[k.Field] = take.Side
		}
	}
	if len(fields) == 0 {
		return take, nil
	}
	return record.Choice{Fields: fields}, nil
}

func choiceText(take record.Choice) string {
	if take.Side != "" {
		return string(take.Side)
	}
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(take.Fields)) {
		parts = append(parts, field+"="+string(take.Fields[field]))
	}
	return strings.Join(parts, ", ")
}
