package admin_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/gin-gonic/gin"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/stretchr/testify/require"

	"odoosync/internal/admin"
	"odoosync/internal/openapitest"
)

// Every request of this package's tests is held against the document (server.do).
var described = openapitest.Admin

var parameter = regexp.MustCompile(`:(\w+)`)

func TestTheDocumentIsOfTheseAddresses(t *testing.T) {
	h, err := admin.New(admin.Options{Token: "whole"})
	require.NoError(t, err)
	engine := gin.New()
	h.Register(engine)
	operations := described().Operations()
	for _, route := range engine.Routes() {
		key := route.Method + " " + parameter.ReplaceAllString(route.Path, "{$1}")
		require.Contains(t, operations, key, "an address that the document does not know")
		delete(operations, key)
	}
	require.Empty(t, operations, "the document knows addresses that there are not")
}

// What a person reads of an operation.
func TestTheDocumentIsWhole(t *testing.T) {
	ids := map[string]bool{}
	for key, o := range described().Operations() {
		require.NotEmpty(t, o.Summary, key)
		require.Greater(t, len(o.Description), 20, "%s needs a description", key)
		require.NotEmpty(t, o.Tags, key)
		require.NotEmpty(t, o.OperationId, key)
		require.False(t, ids[o.OperationId], "%s: its operationId stands twice", key)
		ids[o.OperationId] = true
		for _, p := range o.Parameters {
			require.NotEmpty(t, p.Description, "%s: %s needs a description", key, p.Name)
		}
		open := o.Security != nil
		require.Equal(t, open, o.OperationId == "getDocumentYAML" || o.OperationId == "getDocumentJSON", "%s asks for a token, the document does not", key)
		if open {
			continue
		}
		require.NotNil(t, o.Responses.Default, "%s tells no errors", key)
		for status, response := range o.Responses.Codes.FromOldest() {
			exampled(t, key+" "+status, response.Content.GetOrZero("application/json"))
		}
		if o.RequestBody != nil {
			exampled(t, key, o.RequestBody.Content.GetOrZero("application/json"))
		}
	}
}

// exampled wants an example that fits its schema.
func exampled(t *testing.T, key string, media *v3.MediaType) {
	t.Helper()
	require.NotNil(t, media, key)
	require.True(t, media.Example != nil || media.Examples.Len() > 0, "%s has no example", key)
	for _, one := range examplesOf(media) {
		require.NoError(t, described().Fits(media.Schema, one), key)
	}
}

func examplesOf(media *v3.MediaType) (out []any) {
	add := func(node interface{ Decode(any) error }) {
		var v any
		if err := node.Decode(&v); err != nil {
			panic(err)
		}
		out = append(out, v)
	}
	if media.Example != nil {
		add(media.Example)
	}
	for _, e := range media.Examples.FromOldest() {
		add(e.Value)
	}
	return out
}

func TestTheDocumentIsServed(t *testing.T) {
	s := serve(t)
	get := func(name string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/admin/api/"+name, nil))
		require.Equal(t, 200, w.Code)
		return w
	}
	require.Equal(t, "application/yaml", get("openapi.yaml").Header().Get("Content-Type"))
	require.Equal(t, admin.Document(), get("openapi.yaml").Body.Bytes())
	var document struct {
		OpenAPI string
		Paths   map[string]any
	}
	require.NoError(t, json.Unmarshal(get("openapi.json").Body.Bytes(), &document))
	require.Equal(t, "3.1.0", document.OpenAPI)
	require.Len(t, document.Paths, described().Model.Paths.PathItems.Len())
}
