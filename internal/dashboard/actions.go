package dashboard

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"odoosync/internal/admin"
	"odoosync/internal/logs"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// act does something in a person's name and notes it in the audit list, whether
// it was done or refused. details are what the list tells of it.
func (h *Handler) act(c *gin.Context, what, target string, details map[string]any, do func(ctx context.Context) error) error {
	ctx := admin.WithBy(c.Request.Context(), by(c))
	err := do(ctx)
	e := store.Entry{At: h.o.Clock.Now(), Who: "dashboard, " + string(roleOf(c)), Client: c.ClientIP(), Action: what, Target: target, Result: "done"}
	if err != nil {
		e.Result = record.Message(err)
	}
	if text, err := json.Marshal(details); err == nil && len(details) > 0 {
		e.Details = text
	}
	log := h.o.Logger.With(zap.String("action", what), zap.String("target", target), zap.String("client", e.Client), zap.String("result", e.Result))
	log.Info("somebody acted in the dashboard")
	noting, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // it was done, whoever has gone
	defer cancel()
	if failed := h.o.Audits.Note(noting, e); failed != nil {
		log.Error("it could not be noted in the audit list", logs.Failure(failed))
	}
	return err
}

// by is how a decision is signed.
func by(c *gin.Context) string { return "dashboard, " + string(roleOf(c)) + ", " + c.ClientIP() }

// confirmed tells whether a person has ticked that it is meant, and answers where
// not: browsers ask for the tick themselves.
func (h *Handler) confirmed(c *gin.Context) bool {
	if c.PostForm("sure") == "yes" {
		return true
	}
	h.refuse(c, http.StatusUnprocessableEntity, "error.unconfirmed")
	return false
}

// pathID reads the id of the address, and answers where it is none.
func (h *Handler) pathID(c *gin.Context) (int64, bool) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id < 1 {
		h.refuse(c, http.StatusNotFound, "error.not_found")
		return 0, false
	}
	return id, true
}

// perPage is how long a page of a list is.
const perPage = 50

// before reads where a list goes on; what is no number begins at the latest.
func before(c *gin.Context) int64 {
	n, err := strconv.ParseInt(c.Query("before"), 10, 64)
	if err != nil || n < 1 {
		return 0
	}
	return min(n, math.MaxInt64-1)
}

// cut is a page of a list of which one more was asked for, and where the next
// page begins, 0 on the last.
func cut[T any](list []T, id func(T) int64) ([]T, int64) {
	if len(list) <= perPage {
		return list, 0
	}
	list = list[:perPage]
	return list, id(list[perPage-1])
}

// oneOf is a word of the query that is among those known, or "".
func oneOf(word string, known ...string) string {
	for _, k := range known {
		if word == k {
			return word
		}
	}
	return ""
}

// says makes what an action did, in the reader's language.
func (h *Handler) says(c *gin.Context, key string, args ...any) said {
	return said{Text: h.speechOf(c).T(key, args...)}
}

func (s said) with(link, words string) said {
	s.Link, s.More = link, words
	return s
}
