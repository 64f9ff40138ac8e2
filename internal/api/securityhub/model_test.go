package securityhub_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/eksposure/eksposure/internal/search"
)

// serviceModel is AWS's description of Security Hub, as botocore publishes it.
type serviceModel struct {
	Operations map[string]*modelOperation `json:"operations"`
	Shapes     map[string]*shape          `json:"shapes"`
}

type modelOperation struct {
	HTTP struct {
		Method string `json:"method"`
		URI    string `json:"requestUri"`
		Code   int    `json:"responseCode"`
	} `json:"http"`
	Input  *member  `json:"input"`
	Output *member  `json:"output"`
	Errors []member `json:"errors"`
}

type member struct {
	Shape        string `json:"shape"`
	Location     string `json:"location"`
	LocationName string `json:"locationName"`
}

type shape struct {
	Type     string            `json:"type"`
	Members  map[string]member `json:"members"`
	Required []string          `json:"required"`
	Member   *member           `json:"member"`
	Key      *member           `json:"key"`
	Value    *member           `json:"value"`
	Enum     []string          `json:"enum"`
	Pattern  string            `json:"pattern"`
	Min      *float64          `json:"min"`
	Max      *float64          `json:"max"`
	Document bool              `json:"document"`
	Union    bool              `json:"union"`
	Error    *struct {
		Status int `json:"httpStatusCode"`
	} `json:"error"`
}

// model reads the extract of the model once.
var model = sync.OnceValues(func() (*serviceModel, error) {
	f, err := os.Open("testdata/model/securityhub.json.gz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var m serviceModel
	return &m, json.NewDecoder(z).Decode(&m)
})

func loadModel(tb testing.TB) *serviceModel {
	tb.Helper()
	m, err := model()
	if err != nil {
		tb.Fatalf("service model: %v", err)
	}
	return m
}

// exchange is one request with its answer.
type exchange struct {
	operation   string
	method, uri string
	request     []byte
	status      int
	header      http.Header
	answer      []byte
}

// check returns what is wrong with an exchange. A refused request may be wrong.
func (m *serviceModel) check(x exchange) []string {
	op := m.Operations[x.operation]
	if op == nil {
		return []string{"no operation " + x.operation}
	}
	if x.status >= http.StatusBadRequest {
		return m.checkError(op, x)
	}
	problems := m.checkInput(op, x)
	want := op.HTTP.Code
	if want == 0 {
		want = http.StatusOK
	}
	if x.status != want {
		problems = append(problems, fmt.Sprintf("status %d, want %d", x.status, want))
	}
	var answer any
	if err := json.Unmarshal(x.answer, &answer); err != nil {
		return append(problems, fmt.Sprintf("answer: %v", err))
	}
	if op.Output != nil {
		problems = append(problems, m.checkShape(op.Output.Shape, "answer", answer)...)
	}
	return problems
}

func (m *serviceModel) checkError(op *modelOperation, x exchange) []string {
	name := x.header.Get("X-Amzn-Errortype")
	s := m.Shapes[name]
	if s == nil || s.Error == nil || s.Error.Status != x.status {
		return []string{fmt.Sprintf("error %q with status %d is not in the model", name, x.status)}
	}
	var problems []string
	common := name == "AccessDeniedException" // every operation of AWS may answer it
	if !common && !slices.ContainsFunc(op.Errors, func(e member) bool { return e.Shape == name }) {
		problems = append(problems, name+" is no error of the operation")
	}
	var answer any
	if err := json.Unmarshal(x.answer, &answer); err != nil {
		return append(problems, fmt.Sprintf("error body: %v", err))
	}
	return append(problems, m.checkShape(name, name, answer)...)
}

// checkInput puts a request's parts together and checks them as its input shape.
func (m *serviceModel) checkInput(op *modelOperation, x exchange) []string {
	input := map[string]any{}
	if len(x.request) > 0 {
		if err := json.Unmarshal(x.request, &input); err != nil {
			return []string{"request: " + err.Error()}
		}
	}
	u, err := url.Parse(x.uri)
	if err != nil {
		return []string{err.Error()}
	}
	if op.Input == nil {
		return nil
	}
	for name, mem := range m.Shapes[op.Input.Shape].Members {
		if values, ok := u.Query()[mem.LocationName]; mem.Location == "querystring" && ok {
			input[name] = fromText(m.Shapes[mem.Shape], values)
		}
		if mem.Location == "uri" {
			input[name] = label(op.HTTP.URI, mem.LocationName, u.EscapedPath())
		}
	}
	return m.checkShape(op.Input.Shape, "request", input)
}

func fromText(s *shape, values []string) any {
	switch s.Type {
	case "integer":
		n, _ := strconv.ParseFloat(values[0], 64)
		return n
	case "list":
		var list []any
		for _, v := range values {
			list = append(list, v)
		}
		return list
	}
	return values[0]
}

// label reads one label of a request path.
func label(template, name, escaped string) string {
	pattern := regexp.QuoteMeta(template)
	pattern = strings.NewReplacer(`\{`+name+`\+\}`, "(.+)", `\{`+name+`\}`, "([^/]+)").Replace(pattern)
	found := regexp.MustCompile("^" + pattern + "$").FindStringSubmatch(escaped)
	if found == nil {
		return ""
	}
	text, _ := url.PathUnescape(found[1])
	return text
}

// checkShape returns what is wrong with a value of a shape, each with its path.
func (m *serviceModel) checkShape(name, path string, v any) []string {
	s := m.Shapes[name]
	switch {
	case s == nil:
		return []string{path + ": no shape " + name}
	case s.Type == "structure" && s.Document:
		return nil
	case s.Type == "structure":
		return m.checkStructure(s, path, v)
	case s.Type == "list":
		list, ok := v.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s: %T is no list", path, v)}
		}
		problems := s.checkSize(path, float64(len(list)))
		for i, item := range list {
			problems = append(problems, m.checkShape(s.Member.Shape, fmt.Sprintf("%s[%d]", path, i), item)...)
		}
		return problems
	case s.Type == "map":
		object, ok := v.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: %T is no map", path, v)}
		}
		problems := s.checkSize(path, float64(len(object)))
		for _, key := range slices.Sorted(maps.Keys(object)) {
			problems = append(problems, m.checkShape(s.Key.Shape, path+"{"+key+"}", key)...)
			problems = append(problems, m.checkShape(s.Value.Shape, path+"."+key, object[key])...)
		}
		return problems
	}
	return s.checkScalar(path, v)
}

func (m *serviceModel) checkStructure(s *shape, path string, v any) []string {
	object, ok := v.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s: %T is no structure", path, v)}
	}
	var problems []string
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			problems = append(problems, path+"."+name+": required member is missing")
		}
	}
	if s.Union && len(object) != 1 {
		problems = append(problems, fmt.Sprintf("%s: union with %d members", path, len(object)))
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		mem, ok := s.Members[name]
		if !ok {
			problems = append(problems, path+"."+name+": not a member")
			continue
		}
		problems = append(problems, m.checkShape(mem.Shape, path+"."+name, object[name])...)
	}
	return problems
}

func (s *shape) checkSize(path string, n float64) []string {
	if s.Min != nil && n < *s.Min || s.Max != nil && n > *s.Max {
		return []string{fmt.Sprintf("%s: size or value %v is out of bounds", path, n)}
	}
	return nil
}

func (s *shape) checkScalar(path string, v any) []string {
	wrong := []string{fmt.Sprintf("%s: %T %v is no %s", path, v, v, s.Type)}
	switch s.Type {
	case "string":
		text, ok := v.(string)
		if !ok {
			return wrong
		}
		problems := s.checkSize(path, float64(utf8.RuneCountInString(text)))
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) && text != search.FeatureField { // documented, and not in the model
			problems = append(problems, fmt.Sprintf("%s: %q is not one of %v", path, text, s.Enum))
		}
		if s.Pattern != "" && !matches(s.Pattern, text) {
			problems = append(problems, fmt.Sprintf("%s: %q does not match %s", path, text, s.Pattern))
		}
		return problems
	case "boolean":
		if _, ok := v.(bool); !ok {
			return wrong
		}
	case "integer", "long", "float", "double":
		n, ok := v.(float64)
		if !ok || n != math.Trunc(n) && (s.Type == "integer" || s.Type == "long") {
			return wrong
		}
		return s.checkSize(path, n)
	case "timestamp":
		text, ok := v.(string)
		if _, err := time.Parse(time.RFC3339, text); !ok || err != nil {
			return wrong
		}
	default:
		return []string{path + ": type " + s.Type + " is not known to this test"}
	}
	return nil
}

// matches applies a pattern of the model. Those that are not anchored may match
// anywhere; Go has no look-ahead, which the pattern of tag keys begins with.
func matches(pattern, text string) bool {
	if rest, ok := strings.CutPrefix(pattern, "^(?!aws:)"); ok {
		return !strings.HasPrefix(text, "aws:") && regexp.MustCompile("^"+rest).MatchString(text)
	}
	return regexp.MustCompile("(?s)" + pattern).MatchString(text)
}
