package admin

import (
	"cmp"
	"context"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"odoosync/internal/answer"
	"odoosync/internal/store"
)

// RecordQuery names a record by its row's id, or by its id in Odoo.
type RecordQuery struct {
	Entity  string
	LocalID string // "": by OdooID
	OdooID  int64
	Before  int64 // only changes with a smaller id, to page on; 0 for the latest
	Limit   int
}

// Records tells a record's story. An entity that the mapping does not know is a
// coded error.
type Records func(ctx context.Context, q RecordQuery) (store.Story, error)

// recordAnswer is a record's story.
type recordAnswer struct {
	Entity string `json:"entity"`
	store.Story
}

// longestID is how long a row's id may be.
const longestID = 64

func (h *Handler) record(c *gin.Context) {
	q := RecordQuery{Entity: c.Param("entity"), LocalID: c.Param("id")}
	p := onlyQuery(c, "side", "before", "limit")
	side, p2 := oneOf(c, "side", "local", "odoo")
	before, limit, p3 := cursor(c)
	p = cmp.Or(p, p2, p3)
	q.Before, q.Limit = before, limit
	if side == "odoo" && p == nil {
		q.LocalID = ""
		q.OdooID, p = pathID(c, "id", "a record's id in Odoo")
	}
	if p == nil && len(q.LocalID) > longestID {
		p = refuse(http.StatusNotFound, "not_found", "a row's id has at most %d characters", longestID)
	}
	if p != nil {
		reply(c, p)
		return
	}
	story, err := h.o.Records(c.Request.Context(), q)
	if err != nil {
		h.fail(c, err)
		return
	}
	if story.Link == nil && len(story.Moments) == 0 && len(story.Conflicts) == 0 && before == 0 {
		id := "row " + q.LocalID
		if q.OdooID > 0 {
			id = "record " + strconv.FormatInt(q.OdooID, 10) + " of Odoo"
		}
		reply(c, refuse(http.StatusNotFound, "not_found", "nothing is known of the %s of %.40q; by Odoo's id: ?side=odoo", id, q.Entity))
		return
	}
	answer.JSON(c, http.StatusOK, recordAnswer{q.Entity, story})
}
