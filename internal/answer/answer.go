// Package answer writes the JSON answers of the receiver and of the admin API,
// which have one form: the guide's.
package answer

import (
	"bytes"
	"encoding/json"

	"github.com/gin-gonic/gin"
)

// Said is an answer in words, in the order and form of the guide. Code is a
// stable name of what went wrong, for programs; Message is for people.
type Said struct {
	Status  string `json:"status"` // success or error
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
}

// JSON writes v, with the characters of HTML as they are: curl shows them. It
// panics on what has no JSON form.
func JSON(c *gin.Context, status int, v any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	c.Data(status, "application/json; charset=utf-8", bytes.TrimSpace(text.Bytes()))
}

// Refuse ends a request with an error.
func Refuse(c *gin.Context, status int, code, message string) {
	c.Abort()
	JSON(c, status, Said{Status: "error", Code: code, Message: message})
}
