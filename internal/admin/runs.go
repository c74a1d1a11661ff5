package admin

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"odoosync/internal/answer"
	"odoosync/internal/store"
)

func (h *Handler) registerRuns(api gin.IRouter) {
	api.POST("/resync", h.does("resync", h.resync))
	api.POST("/resync/:model/:odoo_id", h.does("resync", h.resyncRecord))
	api.GET("/runs", h.runs)
	api.GET("/runs/:id", h.run)
	api.POST("/runs/:id/cancel", h.does("cancel", h.cancelRun))
	api.POST("/runs/:id/allow-deletes", h.does("allow-deletes", h.allowDeletes))
}

// mostIDs is how many records a resync may name: Odoo is asked for each that is
// not known here, while the request waits.
const mostIDs = 100

func (h *Handler) resync(c *gin.Context) {
	r := ResyncRequest{Mode: "full"}
	body, p := readBody(c)
	if p == nil {
		p = object(body,
			field{"entity", `the name of an entity of the mapping, such as "contacts"`, text(&r.Entity)},
			field{"ids", "a list of 1 to 100 of Odoo's ids, whole numbers above 0 such as [12, 13]", ids(&r.IDs)},
			field{"mode", `"full" or "incremental"`, word(&r.Mode, "full", "incremental")},
			field{"dry_run", "true or false", flag(&r.DryRun)},
			field{"allow_deletes", "true or false", flag(&r.AllowDeletes)})
	}
	switch {
	case p != nil:
	case len(r.IDs) > 0 && r.Entity == "":
		p = refuse(http.StatusUnprocessableEntity, "bad_body", `ids need an entity, which has ids of its own: {"entity": "contacts", "ids": [12]}`)
	case r.DryRun && r.Mode == "incremental":
		p = refuse(http.StatusUnprocessableEntity, "bad_body", "a dry run shows a full resync: leave mode out")
	case r.DryRun && r.AllowDeletes:
		p = refuse(http.StatusUnprocessableEntity, "bad_body", "a dry run deletes nothing: leave allow_deletes out")
	}
	h.beginResync(c, r, p)
}

func (h *Handler) resyncRecord(c *gin.Context) {
	r := ResyncRequest{Mode: "full", Model: c.Param("model")}
	id, p := pathID(c, "odoo_id", "a record's id in Odoo")
	r.IDs = []int64{id}
	body, p2 := readBody(c)
	p = cmp.Or(p, p2)
	if p == nil {
		p = object(body, field{"dry_run", "true or false", flag(&r.DryRun)}, field{"allow_deletes", "true or false", flag(&r.AllowDeletes)})
	}
	h.beginResync(c, r, p)
}

func (h *Handler) beginResync(c *gin.Context, r ResyncRequest, p *problem) {
	if p != nil {
		reply(c, p)
		return
	}
	begun, err := h.o.Runs.Resync(c.Request.Context(), r)
	if err != nil {
		h.fail(c, err)
		return
	}
	h.log(c).Info("resync asked for", zap.Int64("run", begun.RunID), zap.Bool("joined", begun.Joined), zap.String("entity", r.Entity))
	answer.JSON(c, http.StatusAccepted, begun)
}

// runsPage is one page of runs.
type runsPage struct {
	Runs []store.RunInfo `json:"runs"`
	Next int64           `json:"next,omitempty"` // "before" of the next page; absent on the last
}

func (h *Handler) runs(c *gin.Context) {
	p := onlyQuery(c, "kind", "state", "before", "limit")
	state, p2 := oneOf(c, "state", string(store.RunRunning), string(store.RunDone), string(store.RunFailed), string(store.RunCancelled))
	before, limit, p3 := cursor(c)
	if p = cmp.Or(p, p2, p3); p != nil {
		reply(c, p)
		return
	}
	list, err := h.o.Runs.Runs(c.Request.Context(), store.RunFilter{Kind: c.Query("kind"), State: store.RunState(state), Before: before, Limit: limit + 1})
	if err != nil {
		h.fail(c, err)
		return
	}
	out := runsPage{Runs: append([]store.RunInfo{}, list...)}
	if len(list) > limit {
		out.Runs = out.Runs[:limit]
		out.Next = out.Runs[limit-1].ID
	}
	answer.JSON(c, http.StatusOK, out)
}

func (h *Handler) run(c *gin.Context) {
	id, p := pathID(c, "id", "a run's id")
	if p = cmp.Or(p, onlyQuery(c)); p != nil {
		reply(c, p)
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
	answer.JSON(c, http.StatusOK, r)
}

func (h *Handler) cancelRun(c *gin.Context) {
	id, ok := bare(c, "a run's id")
	if !ok {
		return
	}
	if err := h.o.Runs.Cancel(c.Request.Context(), id); err != nil {
		h.fail(c, err)
		return
	}
	h.log(c).Info("run cancelled", zap.Int64("run", id))
	answer.JSON(c, http.StatusAccepted, answer.Said{Status: "success", Message: "the run ends within some seconds, after what it has begun; what it did stays"})
}

// allowed is the answer to allow-deletes.
type allowed struct {
	answer.Said
	*Begun
}

func (h *Handler) allowDeletes(c *gin.Context) {
	id, ok := bare(c, "a run's id")
	if !ok {
		return
	}
	begun, err := h.o.Runs.AllowDeletes(c.Request.Context(), id)
	if err != nil {
		h.fail(c, err)
		return
	}
	h.log(c).Warn("held deletes were let through", zap.Int64("run", id))
	said := answer.Said{Status: "success", Message: "for an hour deletes pass, and Odoo is taken as it is now; the next push and sweep do what was held"}
	if begun != nil {
		said.Message = "for an hour deletes pass, and Odoo is taken as it is now; a new run repeats the work"
	}
	answer.JSON(c, http.StatusAccepted, allowed{said, begun})
}

// text, word, flag and ids read a member of a body into v, and report whether it
// has the right form.
func text(v *string) func(json.RawMessage) bool {
	return func(raw json.RawMessage) bool { return raw[0] == '"' && json.Unmarshal(raw, v) == nil && *v != "" }
}

func word(v *string, words ...string) func(json.RawMessage) bool {
	return func(raw json.RawMessage) bool { return text(v)(raw) && slices.Contains(words, *v) }
}

func flag(v *bool) func(json.RawMessage) bool {
	return func(raw json.RawMessage) bool { return raw[0] != 'n' && json.Unmarshal(raw, v) == nil }
}

func ids(v *[]int64) func(json.RawMessage) bool {
	return func(raw json.RawMessage) bool {
		if raw[0] != '[' || json.Unmarshal(raw, v) != nil || len(*v) == 0 || len(*v) > mostIDs {
			return false
		}
		slices.Sort(*v)
		*v = slices.Compact(*v)
		return (*v)[0] > 0
	}
}
