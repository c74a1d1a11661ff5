package odooclient

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/kolo/xmlrpc"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"odoosync/internal/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// exchange is one recorded call to a real Odoo.
type exchange struct {
	Name     string
	Endpoint string
	Method   string
	Model    string
	Fault    int
	Request  string
	Response string
}

func recorded(t testing.TB, version string) []exchange {
	t.Helper()
	file, err := os.Open("testdata/recorded-" + version + ".json.gz")
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	var list []exchange
	require.NoError(t, json.NewDecoder(unzipped).Decode(&list))
	require.Greater(t, len(list), 90)
	return list
}

// arguments reads a request's arguments.
func arguments(t testing.TB, request string) []any {
	t.Helper()
	s := newScanner([]byte(request))
	s.pos = strings.Index(request, "<params>") + len("<params>")
	var out []any
	for s.tag("<param>") {
		v, err := s.value(0)
		require.NoError(t, err, request)
		require.True(t, s.tag("</param>"))
		out = append(out, v)
	}
	require.True(t, s.tag("</params>"), request)
	return out
}

// canned is an Odoo that answers with one recording and keeps what it was asked.
func canned(t testing.TB, response string) (*Client, *string) {
	t.Helper()
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		asked = string(body)
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, response)
	}))
	t.Cleanup(server.Close)
	c, err := New(Options{URL: server.URL, Database: "db", Login: "admin", APIKey: "admin"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c, &asked
}

// TestReplay sends every recorded call through the client's own methods: the
// request has the recorded shape, and the reply decodes to the expected result
// or fault.
func TestReplay(t *testing.T) {
	for _, version := range []string{"16", "17", "18", "19"} {
		for _, e := range recorded(t, version) {
			t.Run(version+"/"+e.Name, func(t *testing.T) { replay(t, e) })
		}
	}
}

func replay(t *testing.T, e exchange) {
	c, asked := canned(t, e.Response)
	want := arguments(t, e.Request)
	if strings.HasSuffix(e.Endpoint, "common") {
		replayCommon(t, c, e)
		return
	}
	c.uid = 2
	model, method := want[3].(string), want[4].(string)
	args, _ := want[5].([]any)
	kwargs := map[string]any{}
	if len(want) > 6 {
		kwargs, _ = want[6].(map[string]any)
	}
	err := drive(t, c, model, method, args, kwargs)
	judge(t, e, err)
	sent := arguments(t, *asked)
	require.Equal(t, []any{model, method}, sent[3:5])
	sameShape(t, method, args, sent[5].([]any))
	sentKwargs, _ := sent[6].(map[string]any)
	for name, value := range kwargs {
		if name == "context" || name == "attributes" || method == "read" && name == "load" || value == int64(0) {
			continue // we send our own, and leave an offset of 0 out
		}
		require.Equal(t, shape(value), shape(sentKwargs[name]), "keyword %s", name)
	}
}

func replayCommon(t *testing.T, c *Client, e exchange) {
	if e.Method == "version" {
		v, err := c.Version(context.Background())
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%d.0", v.Major), v.Series)
		return
	}
	uid, err := c.Authenticate(context.Background())
	if strings.Contains(e.Name, "bad-password") {
		require.Equal(t, record.CodeConfig, record.CodeOf(err))
		return
	}
	require.NoError(t, err)
	require.Equal(t, int64(2), uid)
}

// drive calls the method of the client that a daemon would use.
func drive(t *testing.T, c *Client, model, method string, args []any, kwargs map[string]any) error {
	ctx := context.Background()
	page := Page{}
	page.Order, _ = kwargs["order"].(string)
	if n, ok := kwargs["limit"].(int64); ok {
		page.Limit = int(n)
	}
	if n, ok := kwargs["offset"].(int64); ok {
		page.Offset = int(n)
	}
	var err error
	switch method {
	case "fields_get":
		var fields Fields
		fields, err = c.FieldsGet(ctx, model)
		require.Greater(t, len(fields), 50)
		require.Equal(t, "datetime", fields["write_date"].Type)
	case "search":
		_, err = c.Search(ctx, model, domainOf(args), page)
	case "search_count":
		var n int64
		n, err = c.SearchCount(ctx, model, domainOf(args))
		if err == nil {
			require.Positive(t, n)
		}
	case "search_read":
		err = c.SearchRead(ctx, model, domainOf(args), stringsOf(kwargs["fields"]), page, positiveID)
	case "read":
		fields := stringsOf(kwargs["fields"])
		if len(args) > 1 {
			fields = stringsOf(args[1])
		}
		_, err = c.readOnce(ctx, model, idsOf(args[0]), fields)
	case "read_group":
		var groups []Raw
		groups, err = c.ReadGroup(ctx, model, domainOf(args), stringsOf(args[1]), stringsOf(args[2]))
		require.NotEmpty(t, groups)
	case "load":
		err = driveLoad(t, c, model, args)
	case "write":
		values, _ := args[1].(map[string]any)
		err = c.Write(ctx, model, idsOf(args[0]), values, nil)
	case "unlink":
		err = c.Unlink(ctx, model, idsOf(args[0]), nil)
	default:
		keywords := maps.Clone(kwargs)
		delete(keywords, "context") // ours goes with every call
		_, err = c.Call(ctx, model, method, args, keywords)
	}
	return err
}

func positiveID(raw Raw) error {
	if raw.ID() <= 0 {
		return errors.New("a record without an id")
	}
	return nil
}

func driveLoad(t *testing.T, c *Client, model string, args []any) error {
	var rows [][]string
	for _, r := range args[1].([]any) {
		rows = append(rows, stringsOf(r))
	}
	result, err := c.Load(context.Background(), model, stringsOf(args[0]), rows, nil)
	if err == nil && len(result.Messages) > 0 {
		require.Nil(t, result.IDs, "with an error nothing is written")
		require.NotEmpty(t, result.Messages[0].Message)
		require.GreaterOrEqual(t, result.Messages[0].Row, 0)
	} else if err == nil {
		require.Len(t, result.IDs, len(rows))
	}
	return err
}

// judge compares the outcome with the recorded fault.
func judge(t *testing.T, e exchange, err error) {
	t.Helper()
	if e.Fault == 0 {
		require.NoError(t, err)
		return
	}
	require.Error(t, err)
	if strings.Contains(e.Response, "cannot marshal None") {
		require.ErrorIs(t, err, ErrNoneResult)
		return
	}
	f, ok := AsFault(err)
	require.True(t, ok, "%v", err)
	require.Equal(t, e.Fault, f.Code)
	require.NotEmpty(t, f.Message)
	for _, noise := range []string{"Traceback", "File \"", "\n\n"} {
		require.NotContains(t, record.Message(err), noise)
	}
	want := map[int][]record.Code{1: {record.CodeConfig, record.CodeRejected}, 2: {record.CodeRejected, record.CodeConfig},
		3: {record.CodeConfig}, 4: {record.CodeDenied, record.CodeConfig}}
	require.Contains(t, want[e.Fault], record.CodeOf(err))
}

func domainOf(args []any) []any { d, _ := args[0].([]any); return d }

func stringsOf(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, e := range list {
		out = append(out, e.(string))
	}
	return out
}

func idsOf(v any) []int64 {
	if id, ok := v.(int64); ok {
		return []int64{id}
	}
	var out []int64
	for _, e := range v.([]any) {
		out = append(out, e.(int64))
	}
	return out
}

// shape is a value's type, down to the elements.
func shape(v any) string {
	switch x := v.(type) {
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = shape(e)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(x))
		for k, e := range x {
			parts = append(parts, k+":"+shape(e))
		}
		// maps have no order
		return fmt.Sprintf("{%d}", len(parts))
	}
	return fmt.Sprintf("%T", v)
}

// sameShape compares positional arguments. fields_get sends none, and read
// names its fields by keyword.
func sameShape(t *testing.T, method string, want, got []any) {
	t.Helper()
	if method == "fields_get" {
		return
	}
	if method == "read" {
		want = want[:1]
	}
	if len(want) > 0 && (method == "write" || method == "unlink" || method == "read") {
		want = append([]any{listOf(want[0])}, want[1:]...)
	}
	require.Equal(t, shape(want), shape(got))
}

// listOf: Odoo takes one id for a list of one; we always send a list.
func listOf(v any) any {
	if id, ok := v.(int64); ok {
		return []any{id}
	}
	return v
}

// TestScannerAgreesWithKolo holds the scanner to kolo on every recorded reply,
// and proves that it needs no help with any.
func TestScannerAgreesWithKolo(t *testing.T) {
	for _, version := range []string{"16", "17", "18", "19"} {
		for _, e := range recorded(t, version) {
			agrees(t, []byte(e.Response), true)
		}
	}
}

// agrees compares the two decoders. must says that the scanner may not decline.
func agrees(t testing.TB, body []byte, must bool) {
	t.Helper()
	s := newScanner(body)
	fault, err := s.head()
	var got any
	if err == nil {
		if got, err = s.value(0); err == nil {
			err = s.tail(fault)
		}
	}
	if err != nil {
		if must {
			t.Fatalf("the scanner declines %.300s: %v", body, err)
		}
		return
	}
	if fault {
		return // kolo decodes faults into its own type
	}
	var v any
	require.NoError(t, xmlrpc.Response(body).Unmarshal(&v), "%q", body)
	require.Equal(t, fromKolo(v), koloForm(got), "%q", body)
}

// koloForm gives doubles the text that went through kolo's float64, which is
// all in which the two may differ.
func koloForm(v any) any {
	switch x := v.(type) {
	case Double:
		var f float64
		_, _ = fmt.Sscan(string(x), &f)
		return fromKolo(f)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = koloForm(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = koloForm(e)
		}
		return out
	}
	return v
}

func FuzzScanner(f *testing.F) {
	for _, inner := range []string{"<string>a &amp; b\r\n</string>", "<int>-5</int>", "<double>5000.0</double>", "<double>1e+16</double>", "<boolean>1</boolean>",
		"<array><data>\n<value><int>1</int></value></data></array>", "<struct><member><name>id</name><value><int>7</int></value></member></struct>", "<string></string>", "x", "<nil/>"} {
		f.Add([]byte("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>" + inner + "</value>\n</param>\n</params>\n</methodResponse>\n"))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if shallow(body) != nil {
			return
		}
		agrees(t, body, false)
		_, _ = decodeReply(body, nil)
		_, _ = decodeReply(body, func(any) error { return nil })
	})
}
