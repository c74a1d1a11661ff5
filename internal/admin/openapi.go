package admin

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"
	"gopkg.in/yaml.v3"
)

// documentYAML describes the API (OpenAPI 3.1). A test holds it to the handlers.
//
//go:embed openapi.yaml
var documentYAML []byte

// documentJSON is the same as JSON.
var documentJSON = sync.OnceValue(func() []byte {
	var document any
	if err := yaml.Unmarshal(documentYAML, &document); err != nil {
		panic(err) // it is built in, and tested
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		panic(err)
	}
	return text
})

// document answers the description. It asks for no token: it holds what the
// program's source and docs/admin-api.md hold, and nothing of this installation,
// and tools that make clients of it cannot send one.
func (h *Handler) document(text []byte, kind string) gin.HandlerFunc {
	return func(c *gin.Context) { c.Data(http.StatusOK, kind, text) }
}

// Document is the description of the API, OpenAPI 3.1 in YAML.
func Document() []byte { return documentYAML }
