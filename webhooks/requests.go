package webhooks

import (
	"time"

	"github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"odoosync/internal/record"
)

// identify keeps a sender's X-Request-Id where it is one, so that both logs have
// the same; another is made in place of anything else.
func identify(c *gin.Context) {
	if values := c.Request.Header.Values("X-Request-Id"); len(values) != 1 || !record.IsRequestID(values[0]) {
		c.Request.Header.Del("X-Request-Id")
	}
}

// access logs each request once it is answered, at the level debug: an event or
// what a person did has its own line. The route stands for the address, in whose
// place and query keys may be.
func access(logger *zap.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx := record.WithRequests(c.Request.Context(), requestid.Get(c))
		c.Request = c.Request.WithContext(ctx)
		if logger == nil || !logger.Core().Enabled(zap.DebugLevel) {
			c.Next()
			return
		}
		begun := time.Now()
		c.Next()
		logger.Debug("request", zap.String("method", method(c.Request.Method)), zap.String("route", c.FullPath()), zap.Int("status", c.Writer.Status()), zap.Int("bytes", max(c.Writer.Size(), 0)),
			zap.Duration("took", time.Since(begun)), zap.String("request_id", requestid.Get(c)), zap.String("client", c.ClientIP()))
	}
}

// method keeps a method that there is.
func method(name string) string {
	switch name {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return name
	}
	return "other"
}
