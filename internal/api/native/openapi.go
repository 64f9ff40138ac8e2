package native

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/access"
)

// about says what the API is, at the head of the document.
const about = "What eksposure offers beyond the AWS Security Hub V2 API, which is served beside it: coverage, snapshots, findings in full with history " +
	"and arithmetic, what-if and fix sets, images and vulnerabilities over the fleet, reports of other scanners, keys, scans and events. " +
	"Requests are signed as AWS requests (service `securityhub`, any region) with a key of `eksposure keys create`, or carry a bearer token of the configured OpenID Connect issuer."

// document makes the OpenAPI 3.1 document of operations.
func document(ops []operation, version string) ([]byte, error) {
	s := &schemas{components: map[string]schema{}}
	paths := schema{}
	tags := []schema{}
	seen := map[string]bool{}
	for _, op := range ops {
		at := pathOf(op.path)
		if paths[at] == nil {
			paths[at] = schema{}
		}
		if item, ok := paths[at].(schema); ok {
			item[strings.ToLower(op.method)] = op.describe(s)
		}
		if !seen[op.group] {
			seen[op.group] = true
			tags = append(tags, schema{"name": op.group})
		}
	}
	problem := s.reference(reflect.TypeFor[Problem]())
	doc := schema{
		"openapi": "3.1.0",
		"info": schema{
			"title": "eksposure", "version": version, "description": about,
			"license": schema{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers": []schema{{"url": Prefix}},
		"tags":    tags,
		"paths":   paths,
		"security": []schema{
			{"signature": []string{}}, {"token": []string{}},
		},
		"components": schema{
			"schemas": s.components,
			"responses": schema{
				"Problem": schema{"description": "The request was not answered.", "content": schema{mediaProblem: schema{"schema": problem}}},
			},
			"securitySchemes": schema{
				"signature": schema{
					"type": "apiKey", "in": "header", "name": "Authorization", "x-amazon-apigateway-authtype": "awsSigv4",
					"description": "AWS Signature Version 4, service securityhub.",
				},
				"token": schema{"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A token of the configured OpenID Connect issuer."},
			},
		},
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// describe gives the operation's part of the document.
func (op operation) describe(s *schemas) schema {
	params := []schema{}
	for _, p := range op.params {
		params = append(params, p.describe())
	}
	good := schema{"description": "Done."}
	switch {
	case op.stream != nil:
		good["content"] = schema{op.answered: schema{"schema": schema{"type": "string"}}}
	case op.answer != nil:
		good["content"] = schema{mediaJSON: schema{"schema": s.reference(reflect.TypeOf(op.answer))}}
	}
	if op.method == http.MethodGet && op.stream == nil {
		good["headers"] = schema{"ETag": schema{"description": "Tag of this answer, for If-None-Match.", "schema": schema{"type": "string"}}}
	}
	answers := schema{strconv.Itoa(op.code()): good, "default": schema{"$ref": "#/components/responses/Problem"}}
	if op.method == http.MethodGet && op.stream == nil {
		answers["304"] = schema{"description": "Nothing changed since the answer whose tag If-None-Match names."}
	}
	d := schema{
		"operationId": op.name, "summary": op.summary, "tags": []string{op.group}, "responses": answers,
		"x-eksposure-action": string(op.action), "x-eksposure-role": role(op.action),
	}
	if op.description != "" {
		d["description"] = op.description
	}
	if len(params) > 0 {
		d["parameters"] = params
	}
	if op.body != nil {
		content := schema{"schema": schema{"type": "object"}}
		if _, raw := op.body.(rawBody); !raw {
			content["schema"] = s.reference(reflect.TypeOf(op.body))
		}
		d["requestBody"] = schema{"required": true, "content": schema{op.bodyMedia(): content}}
	}
	return d
}

// role names the least role that may do an action.
func role(a access.Action) string {
	for _, r := range access.Roles() {
		if (access.Principal{Role: r}).May(a) {
			return string(r)
		}
	}
	return string(access.Admin)
}

func (p param) describe() schema {
	kind := schema{"type": "string", "maxLength": maxParam, "minLength": 1}
	switch {
	case p.number:
		kind = schema{"type": "integer", "minimum": p.least, "maximum": p.most}
		if p.standard != 0 {
			kind["default"] = p.standard
		}
	case len(p.words) > 0:
		kind = schema{"type": "string", "enum": p.words}
	case p.shape != "":
		kind["pattern"] = p.shape
	}
	if p.repeated {
		kind = schema{"type": "array", "items": kind}
	}
	d := schema{"name": p.name, "in": "query", "description": p.doc, "schema": kind}
	if p.inPath {
		d["in"], d["required"] = "path", true
	}
	return d
}

// pathParam is a wildcard of net/http.ServeMux.
var pathParam = regexp.MustCompile(`\{([a-z_]+)(\.\.\.)?\}`)

// pathOf writes a pattern as OpenAPI does.
func pathOf(pattern string) string { return pathParam.ReplaceAllString(pattern, "{$1}") }
