package admin

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"odoosync/internal/answer"
	"odoosync/internal/queue"
)

// edit is an edit here that Odoo has not taken.
type edit struct {
	ID          int64      `json:"id"`
	Entity      string     `json:"entity"`
	LocalID     string     `json:"local_id"`
	Op          string     `json:"op"`                // insert, update, delete
	Columns     []string   `json:"columns,omitempty"` // that changed; absent where that is not known
	State       string     `json:"state"`             // waiting, refused
	Reason      string     `json:"reason,omitempty"`
	Attempts    int        `json:"attempts"` // that failed
	ChangedAt   time.Time  `json:"changed_at"`
	NextAttempt *time.Time `json:"next_attempt_at,omitempty"` // of one that waits
}

// editsPage is one page of edits.
type editsPage struct {
	Edits []edit `json:"edits"`
	Next  int64  `json:"next,omitempty"` // "before" of the next page; absent on the last
}

// editStates are the words of the API and of sync_outbox.
var editStates = map[string]string{"": "", "waiting": "pending", "refused": "error"}

func (h *Handler) edits(c *gin.Context) {
	p := onlyQuery(c, "state", "entity", "local_id", "before", "limit")
	state, p2 := oneOf(c, "state", "waiting", "refused")
	before, limit, p3 := cursor(c)
	f := queue.EditFilter{Status: editStates[state], Entity: c.Query("entity"), LocalID: c.Query("local_id"), Before: before, Limit: limit + 1}
	if p = cmp.Or(p, p2, p3); p == nil && f.LocalID != "" && f.Entity == "" {
		p = refuse(http.StatusBadRequest, "bad_query", "local_id needs an entity, which has ids of its own")
	}
	if p != nil {
		reply(c, p)
		return
	}
	list, err := h.o.Edits(c.Request.Context(), f)
	if err != nil {
		h.fail(c, err)
		return
	}
	out := editsPage{Edits: []edit{}}
	for i, e := range list {
		if i == limit {
			out.Next = list[limit-1].ID
			break
		}
		one := edit{ID: e.ID, Entity: e.Entity, LocalID: e.LocalID, Op: e.Op, Columns: e.Columns, State: "refused", Reason: e.Reason, Attempts: e.Attempts, ChangedAt: e.ChangedAt.UTC()}
		if !e.Refused {
			next := e.NextAttempt.UTC()
			one.State, one.NextAttempt = "waiting", &next
		}
		out.Edits = append(out.Edits, one)
	}
	answer.JSON(c, http.StatusOK, out)
}

// Edits reads edits that have not gone through.
type Edits func(ctx context.Context, f queue.EditFilter) ([]queue.LoggedEdit, error)
