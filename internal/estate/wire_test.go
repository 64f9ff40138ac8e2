package estate_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// wire is an HTTP transport that holds every message against the service models.
type wire struct {
	t      *testing.T
	models map[string]*serviceModel
	mu     sync.Mutex
	// seen counts good answers by SERVICE:OPERATION, codes the errors.
	seen, codes map[string]int
}

func newWire(t *testing.T) *wire {
	t.Helper()
	return &wire{t: t, models: loadModels(t), seen: map[string]int{}, codes: map[string]int{}}
}

// commonErrors may come from any operation; the models do not list them
// ("Common errors" of each service's API reference).
func commonErrors() []string {
	return []string{
		"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "ExpiredToken", "ExpiredTokenException", "RequestExpired",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature", "IncompleteSignatureException",
		"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "SignatureDoesNotMatch", "InvalidSignatureException",
		"Throttling", "ThrottlingException", "RequestLimitExceeded", "InternalFailure", "InternalError", "ServerException",
		"NoSuchBucket", "NoSuchUpload", "PermanentRedirect", "InvalidAccessKeyId", "InvalidPart", "InvalidPartOrder", "EntityTooSmall",
		"MalformedXML", "BadDigest", "InvalidArgument", "KMS.NotFoundException", "KMS.DisabledException", "SlowDown", // S3, "Error responses"
		"UnknownOperationException", "InvalidAction", "ValidationError", "ValidationException", "SerializationException", "InvalidParameterValue",
	}
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(got))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, problem := range w.inspect(r, sent, resp, got) {
		w.t.Errorf("%s %s: %s\nsent: %s\ngot: %s", r.Method, r.URL, problem, sent, got)
	}
	return resp, nil
}

// inspect finds the operation in the model and checks both directions.
func (w *wire) inspect(r *http.Request, sent []byte, resp *http.Response, got []byte) []string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	parts := strings.Split(scope, "/")
	if len(parts) < 4 {
		return []string{"no credential scope"}
	}
	service := parts[3]
	m := w.models[service]
	if m == nil {
		return []string{"no model of " + service}
	}
	name, in, err := m.request(r, sent)
	if err != nil {
		return []string{err.Error()}
	}
	op := m.Operations[name]
	var problems []string
	if op.Input != nil {
		problems = m.check(op.Input.Shape, name+" request", in)
	}
	if resp.StatusCode >= 300 && r.Method == http.MethodHead { // it has no body that could name the error
		return problems
	}
	if resp.StatusCode >= 300 {
		code, problem := m.errorCode(resp, got)
		w.codes[code]++
		known := slices.ContainsFunc(op.Errors, func(e member) bool {
			s := m.Shapes[e.Shape]
			if s.Error != nil && s.Error.Status != 0 && e.Shape == code && s.Error.Status != resp.StatusCode {
				problem = fmt.Sprintf("%s has status %d, want %d", code, resp.StatusCode, s.Error.Status)
			}
			return e.Shape == code || s.Error != nil && s.Error.Code == code
		})
		if !known && !slices.Contains(commonErrors(), code) {
			problem = "error " + code + " is not one of the operation's"
		}
		if problem != "" {
			problems = append(problems, problem)
		}
		return problems
	}
	w.seen[service+":"+name]++
	if op.Output == nil {
		if len(got) > 0 {
			problems = append(problems, "an operation without an output has a body")
		}
		return problems
	}
	out, err := m.response(name, resp.Header, got)
	if err != nil {
		return append(problems, err.Error())
	}
	return append(problems, m.check(op.Output.Shape, name+" response", out)...)
}

// request reads a request as the model binds it.
func (m *serviceModel) request(r *http.Request, body []byte) (string, map[string]any, error) {
	in := map[string]any{}
	switch m.Metadata.Protocol {
	case "json":
		prefix, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if prefix != m.Metadata.TargetPrefix[strings.LastIndexByte(m.Metadata.TargetPrefix, '.')+1:] || m.Operations[name] == nil {
			return "", nil, fmt.Errorf("unknown target %q", r.Header.Get("X-Amz-Target"))
		}
		return name, in, json.Unmarshal(body, &in)
	case "query", "ec2":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return "", nil, err
		}
		name := form.Get("Action")
		if m.Operations[name] == nil {
			return "", nil, fmt.Errorf("unknown action %q", name)
		}
		return name, m.form(m.Operations[name].Input.Shape, form), nil
	case "rest-xml":
		return m.requestXML(r, body)
	}
	for name, op := range m.Operations {
		path, _, _ := strings.Cut(op.HTTP.RequestURI, "?")
		parts, ok := bind(path, r.URL.EscapedPath())
		if op.HTTP.Method != r.Method || !ok {
			continue
		}
		if len(body) > 0 {
			if err := json.Unmarshal(body, &in); err != nil {
				return "", nil, err
			}
		}
		for memberName, mem := range m.Shapes[op.Input.Shape].Members {
			switch mem.Location {
			case "uri":
				in[memberName] = parts[mem.LocationName]
			case "querystring":
				if values := r.URL.Query()[mem.LocationName]; len(values) > 0 {
					in[memberName] = m.scalars(mem.Shape, values)
				}
			}
		}
		return name, in, nil
	}
	return "", nil, fmt.Errorf("no operation for %s %s", r.Method, r.URL.Path)
}

// requestXML finds the operation of a REST-XML service: of those whose method and path
// fit, the one with the most members of the query string that the request has.
func (m *serviceModel) requestXML(r *http.Request, body []byte) (string, map[string]any, error) {
	best, fit := "", -1
	for name, op := range m.Operations {
		path, query, _ := strings.Cut(op.HTTP.RequestURI, "?")
		_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if op.HTTP.Method != r.Method || strings.Contains(path, "{Key+}") != (key != "") {
			continue
		}
		wanted := slices.DeleteFunc(strings.Split(query, "&"), func(s string) bool { return s == "" })
		for _, required := range m.Shapes[op.Input.Shape].Required {
			if mem := m.Shapes[op.Input.Shape].Members[required]; mem.Location == "querystring" {
				wanted = append(wanted, mem.LocationName)
			}
		}
		if !slices.ContainsFunc(wanted, func(s string) bool { name, _, _ := strings.Cut(s, "="); return !r.URL.Query().Has(name) }) && len(wanted) > fit {
			best, fit = name, len(wanted)
		}
	}
	if best == "" {
		return "", nil, fmt.Errorf("no operation for %s %s", r.Method, r.URL)
	}
	in := map[string]any{}
	s := m.Shapes[m.Operations[best].Input.Shape]
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	for name, mem := range s.Members {
		switch mem.Location {
		case "uri":
			in[name] = map[string]string{"Bucket": bucket, "Key": key}[mem.LocationName]
		case "querystring":
			if values := r.URL.Query()[mem.LocationName]; len(values) > 0 {
				in[name] = m.scalars(mem.Shape, values)
			}
		case "header":
			if values := r.Header.Values(mem.LocationName); len(values) > 0 {
				in[name] = m.scalars(mem.Shape, values)
			}
		}
	}
	if p := s.Members[s.Payload]; s.Payload != "" && m.Shapes[p.Shape].Type == "structure" {
		var root node
		if err := xml.Unmarshal(body, &root); err != nil {
			return "", nil, err
		}
		in[s.Payload] = m.tree(p.Shape, root)
	}
	return best, in, nil
}

// responseXML reads an answer of a REST-XML service: headers, and XML unless it is
// what an object holds.
func (m *serviceModel) responseXML(name string, header http.Header, body []byte) (any, error) {
	s := m.Shapes[m.Operations[name].Output.Shape]
	var root node
	if len(body) > 0 && s.Payload == "" {
		if err := xml.Unmarshal(body, &root); err != nil {
			return nil, err
		}
	}
	out, ok := m.tree(m.Operations[name].Output.Shape, root).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s has no structure", name)
	}
	for memberName, mem := range s.Members {
		if values := header.Values(mem.LocationName); mem.Location == "header" && len(values) > 0 {
			out[memberName] = m.scalars(mem.Shape, values)
		}
	}
	return out, nil
}

func bind(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	parts := map[string]string{}
	for i, w := range want {
		if len(want) != len(got) || !strings.HasPrefix(w, "{") && w != got[i] {
			return nil, false
		}
		value, err := url.PathUnescape(got[i])
		if err != nil {
			return nil, false
		}
		parts[strings.Trim(w, "{}")] = value
	}
	return parts, true
}

// scalars turns text into values of a shape.
func (m *serviceModel) scalars(shapeName string, values []string) any {
	s := m.Shapes[shapeName]
	switch s.Type {
	case "list":
		list := []any{}
		for _, v := range values {
			list = append(list, m.scalars(s.Member.Shape, []string{v}))
		}
		return list
	case "integer", "long":
		if n, err := strconv.ParseFloat(values[0], 64); err == nil {
			return n
		}
	case "boolean":
		if b, err := strconv.ParseBool(values[0]); err == nil {
			return b
		}
	}
	return values[0]
}

// form reads the parameters of the query protocols: scalars, and lists as
// NAME.member.1 (query) or NAME.1 (ec2).
func (m *serviceModel) form(shapeName string, form url.Values) map[string]any {
	in := map[string]any{}
	for name, mem := range m.Shapes[shapeName].Members {
		key := name
		if m.Metadata.Protocol == "ec2" && mem.LocationName != "" {
			key = strings.ToUpper(mem.LocationName[:1]) + mem.LocationName[1:]
		}
		if v := form[key]; len(v) > 0 {
			in[name] = m.scalars(mem.Shape, v)
		}
		var list []string
		for i := 1; ; i++ {
			v := form.Get(fmt.Sprintf("%s.%d", key, i)) + form.Get(fmt.Sprintf("%s.member.%d", key, i))
			if v == "" {
				break
			}
			list = append(list, v)
		}
		if list != nil {
			in[name] = m.scalars(mem.Shape, list)
		}
	}
	return in
}

// response reads a good answer as the model binds it.
func (m *serviceModel) response(name string, header http.Header, body []byte) (any, error) {
	if m.Metadata.Protocol == "rest-xml" {
		return m.responseXML(name, header, body)
	}
	if m.Metadata.Protocol == "json" || m.Metadata.Protocol == "rest-json" {
		var out any
		return out, json.Unmarshal(body, &out)
	}
	var root node
	if err := xml.Unmarshal(body, &root); err != nil {
		return nil, err
	}
	if root.XMLName.Local != name+"Response" {
		return nil, fmt.Errorf("root is %q", root.XMLName.Local)
	}
	children := slices.DeleteFunc(root.Children, func(n node) bool {
		return n.XMLName.Local == "ResponseMetadata" || n.XMLName.Local == "requestId"
	})
	op := m.Operations[name]
	if w := op.Output.ResultWrapper; w != "" {
		if len(children) != 1 || children[0].XMLName.Local != w {
			return nil, fmt.Errorf("want one %s in %s", w, body)
		}
		children = children[0].Children
	}
	return m.tree(op.Output.Shape, node{Children: children}), nil
}

type node struct {
	XMLName  xml.Name `xml:""`
	Text     string   `xml:",chardata"`
	Children []node   `xml:",any"`
}

// tree gives XML the form that JSON would have.
func (m *serviceModel) tree(shapeName string, n node) any {
	s := m.Shapes[shapeName]
	switch s.Type {
	case "structure":
		out := map[string]any{}
		for _, child := range n.Children {
			name := child.XMLName.Local
			for memberName, mem := range s.Members {
				if mem.LocationName == child.XMLName.Local {
					name = memberName
				}
			}
			mem, ok := s.Members[name]
			if !ok {
				out[name] = child.Text
				continue
			}
			if l := m.Shapes[mem.Shape]; l.Type == "list" && l.Flattened {
				list, _ := out[name].([]any)
				out[name] = append(list, m.tree(l.Member.Shape, child))
				continue
			}
			out[name] = m.tree(mem.Shape, child)
		}
		return out
	case "list":
		list := []any{}
		for _, child := range n.Children {
			list = append(list, m.tree(s.Member.Shape, child))
		}
		return list
	}
	return m.scalars(shapeName, []string{n.Text})
}

// errorCode reads an error in the protocol's form, and reports what is wrong with it.
func (m *serviceModel) errorCode(resp *http.Response, body []byte) (code, problem string) {
	switch m.Metadata.Protocol {
	case "json", "rest-json":
		var e struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal(body, &e); err != nil || e.Message == "" {
			return "", fmt.Sprintf("error has no message: %v", err)
		}
		if m.Metadata.Protocol == "json" {
			return e.Type, ""
		}
		return resp.Header.Get("X-Amzn-Errortype"), ""
	}
	var root node
	if err := xml.Unmarshal(body, &root); err != nil {
		return "", err.Error()
	}
	var text func(n node, name string) string
	text = func(n node, name string) string {
		for _, c := range n.Children {
			if c.XMLName.Local == name {
				return c.Text
			}
			if found := text(c, name); found != "" {
				return found
			}
		}
		return ""
	}
	if text(root, "Message") == "" || text(root, "RequestId")+text(root, "RequestID") == "" {
		problem = "error has no message or request ID"
	}
	return text(root, "Code"), problem
}
