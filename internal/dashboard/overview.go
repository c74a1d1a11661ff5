package dashboard

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
)

func itoa(n int64) string       { return strconv.FormatInt(n, 10) }
func runLink(id int64) string   { return "/runs/" + itoa(id) }
func eventLink(id int64) string { return "/events/" + itoa(id) }

// overviewPage is what the first page shows.
type overviewPage struct {
	Facts   Facts
	Verdict Verdict
	Chart   *charted // nil while the database is away
}

func (h *Handler) overview(c *gin.Context) {
	facts, err := h.facts.get(c.Request.Context())
	if err != nil {
		h.fail(c, err)
		return
	}
	p := overviewPage{Facts: facts, Verdict: Judge(facts)}
	if facts.Database.Reason == "" {
		chart, err := h.chart(c.Request.Context(), h.speechOf(c), c.Query("range"), facts)
		if err != nil {
			h.fail(c, err)
			return
		}
		p.Chart = &chart
	}
	h.page(c, http.StatusOK, "overview", "overview.title", p)
}
