package admin

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"odoosync/internal/answer"
	"odoosync/internal/store"
)

// Pauses pause directions and let them go on, in all daemons of the database.
// They return what is paused then.
type Pauses interface {
	Pause(ctx context.Context, toAPI, toOdoo bool) (store.Paused, error)
	Resume(ctx context.Context, toAPI, toOdoo bool) (store.Paused, error)
}

// pausedNow is the answer to pause and resume.
type pausedNow struct {
	answer.Said
	Paused store.Paused `json:"paused"`
}

func (h *Handler) changePause(c *gin.Context, change func(ctx context.Context, toAPI, toOdoo bool) (store.Paused, error)) {
	direction := "both"
	body, p := readBody(c)
	if p == nil {
		p = object(body, field{"direction", `"to_api", "to_odoo" or "both"`, word(&direction, "to_api", "to_odoo", "both")})
	}
	if p != nil {
		reply(c, p)
		return
	}
	now, err := change(c.Request.Context(), direction != "to_odoo", direction != "to_api")
	if err != nil {
		h.fail(c, err)
		return
	}
	h.log(c).Warn("paused or resumed", zap.String("direction", direction), zap.Bool("to_api", now.ToAPI), zap.Bool("to_odoo", now.ToOdoo))
	message := now.String()
	if message == "" {
		message = "nothing is paused; what has waited is worked now"
	}
	answer.JSON(c, http.StatusOK, pausedNow{answer.Said{Status: "success", Message: message}, now})
}
