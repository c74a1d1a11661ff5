package dashboard

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"odoosync/internal/admin"
	"odoosync/internal/queue"
	"odoosync/internal/store"
)

func (h *Handler) registerRecords(r gin.IRouter) {
	r.GET("/records", h.records)
	r.GET("/record", h.record)
	r.POST("/record/resync", h.resyncRecord)
}

// recordsPage is the search.
type recordsPage struct {
	Entities         []Entity
	Entity, Side, ID string
	Missing          bool // it was looked for and not found
	Troubles         []Trouble
}

func (h *Handler) records(c *gin.Context) {
	facts, err := h.facts.get(c.Request.Context())
	if err != nil {
		h.fail(c, err)
		return
	}
	p := recordsPage{Entities: facts.Entities, Troubles: facts.Troubles, Entity: c.Query("entity"), Side: oneOf(c.DefaultQuery("side", "odoo"), "odoo", "row"), ID: strings.TrimSpace(c.Query("id"))}
	if p.ID != "" && p.Entity != "" {
		c.Redirect(http.StatusSeeOther, "/record?"+query("entity", p.Entity, p.Side, p.ID))
		return
	}
	h.page(c, http.StatusOK, "records", "records.title", p)
}

// recordPage is all that is known of one.
type recordPage struct {
	*Record
	Before int64
	Edits  []queue.LoggedEdit
	Why    *Origin // of the field that was asked about
}

// Address leads to this page.
func (p recordPage) Address() string { return recordLink(p.Entity, p.Link.OdooID, p.Link.LocalID) }

// Query is the record for a link, and more pairs behind it.
func (p recordPage) Query(more ...string) template.URL {
	pairs := []string{"entity", p.Entity, "row", p.Link.LocalID}
	if p.Link.OdooID != 0 {
		pairs = []string{"entity", p.Entity, "odoo", itoa(p.Link.OdooID)}
	}
	return template.URL(query(append(pairs, more...)...))
}

func (h *Handler) record(c *gin.Context) {
	entity, row := c.Query("entity"), c.Query("row")
	odooID, err := strconv.ParseInt(c.Query("odoo"), 10, 64)
	if entity == "" || (err != nil || odooID < 1) == (row == "") {
		h.recordMissing(c, entity)
		return
	}
	if row != "" {
		odooID = 0
	}
	r, err := h.o.Records.Record(c.Request.Context(), entity, odooID, row, before(c))
	if err != nil {
		h.fail(c, err)
		return
	}
	if r == nil {
		h.recordMissing(c, entity)
		return
	}
	p := recordPage{Record: r, Before: before(c)}
	if err := h.askWhy(c, &p); err != nil {
		h.fail(c, err)
		return
	}
	h.page(c, http.StatusOK, "record", "record.title", p, "Entity", h.speechOf(c).or("entity."+entity, entity), "ID", cmp.Or(strings.TrimPrefix(itoa(r.Link.OdooID), "0"), r.Link.LocalID))
}

// askWhy adds the row's edits, and why a field has its value.
func (h *Handler) askWhy(c *gin.Context, p *recordPage) (err error) {
	if p.Link.LocalID == "" {
		return nil
	}
	if p.Edits, err = h.o.Records.Edits(c.Request.Context(), queue.EditFilter{Entity: p.Entity, LocalID: p.Link.LocalID, Limit: 20}); err != nil {
		return err
	}
	if field := c.Query("why"); field != "" {
		origin, err := h.o.Records.Why(c.Request.Context(), p.Entity, p.Link.LocalID, field)
		p.Why = &origin
		return err
	}
	return nil
}

// recordMissing shows the search again.
func (h *Handler) recordMissing(c *gin.Context, entity string) {
	facts, err := h.facts.get(c.Request.Context())
	if err != nil {
		h.fail(c, err)
		return
	}
	p := recordsPage{Entities: facts.Entities, Troubles: facts.Troubles, Entity: entity, Side: "odoo", ID: c.Query("odoo"), Missing: true}
	if row := c.Query("row"); row != "" {
		p.Side, p.ID = "row", row
	}
	h.page(c, http.StatusNotFound, "records", "records.title", p)
}

// resyncRecord begins a resync of one record, or its plan.
func (h *Handler) resyncRecord(c *gin.Context) {
	odooID, err := strconv.ParseInt(c.PostForm("odoo"), 10, 64)
	entity := c.PostForm("entity")
	if err != nil || odooID < 1 || entity == "" {
		h.refuse(c, http.StatusUnprocessableEntity, "error.no_record")
		return
	}
	h.begin(c, admin.ResyncRequest{Entity: entity, IDs: []int64{odooID}, Mode: "full", DryRun: c.PostForm("plan") != ""})
}

// editsPage lists what Odoo has not taken.
type editsPage struct {
	Status, Entity string
	Entities       []string
	List           []queue.LoggedEdit
	Next, Before   int64
}

// Query is the filter for a link, and more pairs behind it.
func (p editsPage) Query(more ...string) template.URL {
	return template.URL(query(append([]string{"status", p.Status, "entity", p.Entity}, more...)...))
}

func (h *Handler) edits(c *gin.Context) {
	p := editsPage{Status: oneOf(c.Query("status"), "pending", "error"), Entity: c.Query("entity"), Before: before(c), Entities: h.entityNames(c)}
	list, err := h.o.Records.Edits(c.Request.Context(), queue.EditFilter{Status: p.Status, Entity: p.Entity, Before: p.Before, Limit: perPage + 1})
	if err != nil {
		h.fail(c, err)
		return
	}
	p.List, p.Next = cut(list, func(e queue.LoggedEdit) int64 { return e.ID })
	h.page(c, http.StatusOK, "edits", "edits.title", p)
}

func (h *Handler) push(c *gin.Context) {
	if err := h.act(c, "push", "", nil, func(context.Context) error { return h.o.Push() }); err != nil {
		h.fail(c, err)
		return
	}
	h.done(c, "/edits", h.says(c, "edits.pushed"))
}

// auditsPage lists who did what.
type auditsPage struct {
	List         []store.Entry
	Next, Before int64
}

func (h *Handler) audits(c *gin.Context) {
	p := auditsPage{Before: before(c)}
	list, err := h.o.Audits.Entries(c.Request.Context(), p.Before, perPage+1)
	if err != nil {
		h.fail(c, err)
		return
	}
	p.List, p.Next = cut(list, func(e store.Entry) int64 { return e.ID })
	h.page(c, http.StatusOK, "audit", "audit.title", p)
}

// pausePage is what is paused.
type pausePage struct{ Paused store.Paused }

func (h *Handler) pauses(c *gin.Context) {
	facts, err := h.facts.get(c.Request.Context())
	if err != nil {
		h.fail(c, err)
		return
	}
	h.page(c, http.StatusOK, "pause", "pause.title", pausePage{facts.Paused})
}

func (h *Handler) pause(c *gin.Context) {
	if h.confirmed(c) {
		h.changePause(c, "pause", h.o.Pauses.Pause)
	}
}

func (h *Handler) resume(c *gin.Context) { h.changePause(c, "resume", h.o.Pauses.Resume) }

func (h *Handler) changePause(c *gin.Context, what string, change func(ctx context.Context, toAPI, toOdoo bool) (store.Paused, error)) {
	direction := oneOf(c.PostForm("direction"), "to_api", "to_odoo", "both")
	if direction == "" {
		h.refuse(c, http.StatusUnprocessableEntity, "error.no_choice")
		return
	}
	err := h.act(c, what, direction, nil, func(ctx context.Context) error {
		_, err := change(ctx, direction != "to_odoo", direction != "to_api")
		return err
	})
	if err != nil {
		h.fail(c, err)
		return
	}
	h.done(c, "/pause", h.says(c, what+".done."+direction))
}
