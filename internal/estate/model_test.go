package estate_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// serviceModel is AWS's description of a service, as botocore publishes it.
type serviceModel struct {
	Metadata struct {
		Protocol     string `json:"protocol"`
		TargetPrefix string `json:"targetPrefix"`
	} `json:"metadata"`
	Operations map[string]*struct {
		HTTP struct {
			Method     string `json:"method"`
			RequestURI string `json:"requestUri"`
		} `json:"http"`
		Input  *member  `json:"input"`
		Output *member  `json:"output"`
		Errors []member `json:"errors"`
	} `json:"operations"`
	Shapes map[string]*shape `json:"shapes"`
}

type member struct {
	Shape         string `json:"shape"`
	Location      string `json:"location"`
	LocationName  string `json:"locationName"`
	ResultWrapper string `json:"resultWrapper"`
}

type shape struct {
	Type      string            `json:"type"`
	Members   map[string]member `json:"members"`
	Required  []string          `json:"required"`
	Member    *member           `json:"member"`
	Key       *member           `json:"key"`
	Value     *member           `json:"value"`
	Enum      []string          `json:"enum"`
	Pattern   string            `json:"pattern"`
	Min       *float64          `json:"min"`
	Max       *float64          `json:"max"`
	Flattened bool              `json:"flattened"`
	Payload   string            `json:"payload"`
	Error     *struct {
		Code   string `json:"code"`
		Status int    `json:"httpStatusCode"`
	} `json:"error"`
}

func loadModels(t *testing.T) map[string]*serviceModel {
	t.Helper()
	models := map[string]*serviceModel{}
	files, err := filepath.Glob("testdata/models/*.json.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("service models: %v %v", files, err)
	}
	for _, name := range files {
		models[strings.TrimSuffix(filepath.Base(name), ".json.gz")] = loadModel(t, name)
	}
	return models
}

func loadModel(t *testing.T, name string) *serviceModel {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var m serviceModel
	if err := json.NewDecoder(z).Decode(&m); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &m
}

// check returns what is wrong with a value of a shape, each with its path.
func (m *serviceModel) check(shapeName, path string, v any) []string {
	s := m.Shapes[shapeName]
	if s == nil {
		return []string{path + ": no shape " + shapeName}
	}
	switch s.Type {
	case "structure":
		return m.checkStructure(s, path, v)
	case "list":
		return m.checkList(s, path, v)
	case "map":
		object, ok := v.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: %T is no map", path, v)}
		}
		var problems []string
		if len(object) > 0 { // EKS answers "tags": {} though the least size is 1.
			problems = s.checkSize(path, float64(len(object)))
		}
		for key, value := range object {
			problems = append(problems, m.check(s.Key.Shape, path+"{"+key+"}", key)...)
			problems = append(problems, m.check(s.Value.Shape, path+"."+key, value)...)
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
	for name, value := range object {
		mem, ok := s.Members[name]
		if !ok {
			problems = append(problems, path+"."+name+": not a member")
			continue
		}
		problems = append(problems, m.check(mem.Shape, path+"."+name, value)...)
	}
	return problems
}

func (m *serviceModel) checkList(s *shape, path string, v any) []string {
	list, ok := v.([]any)
	if !ok {
		return []string{fmt.Sprintf("%s: %T is no list", path, v)}
	}
	problems := s.checkSize(path, float64(len(list)))
	for i, item := range list {
		problems = append(problems, m.check(s.Member.Shape, fmt.Sprintf("%s[%d]", path, i), item)...)
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
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
			problems = append(problems, fmt.Sprintf("%s: %q is not one of %v", path, text, s.Enum))
		}
		if re, err := compilePattern(s.Pattern); s.Pattern != "" && (err != nil || !re.MatchString(text)) {
			problems = append(problems, fmt.Sprintf("%s: %q does not match %s", path, text, s.Pattern))
		}
		return problems
	case "boolean":
		if _, ok := v.(bool); !ok {
			return wrong
		}
	case "double", "float":
		n, ok := v.(float64)
		if !ok {
			return wrong
		}
		return s.checkSize(path, n)
	case "integer", "long":
		n, ok := v.(float64)
		if !ok || n != math.Trunc(n) {
			return wrong
		}
		return s.checkSize(path, n)
	case "timestamp":
		text, isText := v.(string)
		_, err := time.Parse(time.RFC3339, text)
		if _, errHTTP := http.ParseTime(text); isText && err != nil && errHTTP != nil {
			return wrong
		}
		if _, isNumber := v.(float64); !isText && !isNumber {
			return wrong
		}
	default:
		return []string{path + ": type " + s.Type + " is not known to this test"}
	}
	return nil
}

// codePoint is how the models write a character by its number.
var codePoint = regexp.MustCompile(`\\u([0-9A-Fa-f]{4,6})`)

// compilePattern reads a pattern of a model, which AWS writes for Java. It has to
// match the whole of a text even where it is not anchored.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(`^(?:` + codePoint.ReplaceAllString(pattern, `\x{$1}`) + `)$`)
}

func TestThePatternsOfTheModelsAreUnderstood(t *testing.T) {
	for name, m := range loadModels(t) {
		for shapeName, s := range m.Shapes {
			if _, err := compilePattern(s.Pattern); err != nil {
				t.Errorf("%s %s: %v", name, shapeName, err)
			}
		}
	}
}
