// Package openapitest holds requests and answers of tests against an OpenAPI
// document, the admin API's. It is for tests alone.
package openapitest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"odoosync/internal/admin"
)

// Document is an OpenAPI document.
type Document struct {
	Model     *v3.Document
	validator validator.Validator
	schemas   schema_validation.SchemaValidator
}

// Admin is the document of the admin API.
var Admin = sync.OnceValue(func() *Document {
	d, err := load(admin.Document(), free)
	if err != nil {
		panic(err)
	}
	return d
})

// free are the places in its answers and bodies where names are not ours: of
// fields, entities and events' data.
var free = []string{"$.body.take**", "$.body.counts**", "$.body.**.counts**", "$.body.held_deletes**", "$.body.data**", "$.body.changes[*].changes**", "$.body.details**", "$.body.**.details**",
	"$.body.info**", "$.body.paths**", "$.body.components**"}

func load(text []byte, free []string) (*Document, error) {
	parsed, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	model, err := parsed.BuildV3Model()
	if err != nil {
		return nil, err
	}
	// Strict: a member that the document does not name is a fault of the document.
	v, problems := validator.NewValidator(parsed, config.WithStrictMode(), config.WithStrictIgnorePaths(free...), config.WithFormatAssertions(), config.WithoutSecurityValidation())
	if len(problems) > 0 {
		return nil, fmt.Errorf("the document cannot be used: %v", problems)
	}
	if ok, problems := v.ValidateDocument(); !ok {
		return nil, fmt.Errorf("the document is no OpenAPI document: %s", sentences(problems))
	}
	return &Document{Model: &model.Model, validator: v, schemas: schema_validation.NewSchemaValidator(config.WithFormatAssertions())}, nil
}

// Operations are what the document describes, as "GET /path/{name}".
func (d *Document) Operations() map[string]*v3.Operation {
	out := map[string]*v3.Operation{}
	for path, item := range d.Model.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			out[strings.ToUpper(method)+" "+path] = operation
		}
	}
	return out
}

// Check holds an answer against the document, and the request too where it was
// answered with success: what is refused may be refused for a reason that no
// document can say. An address that the document does not know passes if it was
// answered 404 or 405.
func (d *Document) Check(tb testing.TB, method, target string, header http.Header, body string, status int, answered http.Header, text string) {
	tb.Helper()
	request, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if body == "" {
		request.Body, request.ContentLength = http.NoBody, 0
		request.Header.Del("Content-Type")
	}
	response := &http.Response{StatusCode: status, Header: answered, Body: io.NopCloser(bytes.NewReader([]byte(text))), ContentLength: int64(len(text)), Request: request}
	ok, problems := d.validator.ValidateHttpResponse(request, response)
	if !ok && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) && unknown(problems) {
		return
	}
	if !ok {
		tb.Fatalf("%s %s is answered %d with what the document does not say: %s\n%s", method, target, status, sentences(problems), text)
	}
	if status >= 300 {
		return
	}
	if ok, problems := d.validator.ValidateHttpRequest(request); !ok {
		tb.Fatalf("%s %s is answered %d, and the document does not allow the request: %s\n%s", method, target, status, sentences(problems), body)
	}
}

func unknown(problems []*errors.ValidationError) bool {
	for _, p := range problems {
		if p.ValidationType == "path" {
			return true
		}
	}
	return false
}

func sentences(problems []*errors.ValidationError) string {
	var out []string
	for _, p := range problems {
		text := p.Message + ": " + p.Reason
		for _, s := range p.SchemaValidationErrors {
			text += "; " + s.FieldPath + " " + s.Reason
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}

// Fits tells whether a value is what a schema says.
func (d *Document) Fits(schema *base.SchemaProxy, value any) error {
	if ok, problems := d.schemas.ValidateSchemaObject(schema.Schema(), value); !ok {
		return fmt.Errorf("%s", sentences(problems))
	}
	return nil
}
