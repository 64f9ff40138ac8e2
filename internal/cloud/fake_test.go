package cloud_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/cloud"
)

// The accounts of the fake.
const (
	management = "111111111111"
	member     = "222222222222"
	locked     = "333333333333" // its role cannot be assumed
	suspended  = "444444444444"
)

// now is the clock of every test: the date of the built-in calendar.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// request is one attempt that reached the fake.
type request struct {
	Account, Region, Action string
	// Item is the last path element or the key of the request, where it has one.
	Item string
	Form url.Values
	JSON map[string]any
	http *http.Request
}

// reply is an answer: JSON, or an error by its code.
type reply struct {
	status int
	code   string
	body   any // marshalled, or a string sent as it is
	hang   bool
}

func fail(status int, code string) *reply { return &reply{status: status, code: code} }

// fake is AWS's wire format with nothing behind it: every answer is a table of
// the test. Rules of AWS itself are the business of package estate.
type fake struct {
	t         *testing.T
	url       string
	partition string
	done      chan struct{}

	mu       sync.Mutex
	requests []request
	answers  map[string]any // by action, or ACTION ITEM
	intrude  func(request) *reply
}

// newFake starts the fake and points the SDK's environment at it.
func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, partition: "aws", answers: map[string]any{}, done: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(f.done) }) // before Close, which waits for hanging answers
	f.url = server.URL
	environment(t, map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIA" + management, "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1",
	})
	return f
}

// environment gives the SDK exactly these settings, and none of the machine's.
func environment(t *testing.T, set map[string]string) {
	t.Helper()
	for _, name := range []string{
		"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(name, set[name])
		if set[name] == "" { // the AWS CLI takes an empty profile for a name
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
}

// client makes a client with short limits.
func (f *fake) client(cfg cloud.Config) *cloud.Client {
	f.t.Helper()
	if cfg.Attempts == 0 {
		cfg.Attempts = 2
	}
	if cfg.CallTimeout == 0 {
		cfg.CallTimeout = 20 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return now }
	}
	if cfg.Clock == nil {
		cfg.Clock = cfg.Now
	}
	c, err := cloud.New(f.t.Context(), cfg)
	if err != nil {
		f.t.Fatalf("New: %v", err)
	}
	return c
}

// set puts answers, each by its action or by ACTION ITEM.
func (f *fake) set(answers map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.Copy(f.answers, answers)
}

// when asks intrude before every answer; nil lets the request pass.
func (f *fake) when(intrude func(request) *reply) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intrude = intrude
}

// made lists the distinct actions that were asked for.
func (f *fake) made() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var actions []string
	for _, r := range f.requests {
		actions = append(actions, r.Action)
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// count gives the number of attempts of one action.
func (f *fake) count(action string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.requests {
		if r.Action == action {
			n++
		}
	}
	return n
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Errorf("read request: %v", err)
	}
	req, service := f.parse(r, body)
	f.mu.Lock()
	f.requests = append(f.requests, req)
	intrude := f.intrude
	f.mu.Unlock()
	var answer *reply
	if intrude != nil {
		answer = intrude(req)
	}
	if answer == nil {
		answer = f.answer(req)
	}
	if answer.hang {
		select {
		case <-r.Context().Done():
		case <-f.done:
		}
		return
	}
	write(w, service, req, answer)
}

// parse reads who asks for what: account and region from the signature's
// credential scope, the action in the way of the service's protocol.
func (f *fake) parse(r *http.Request, body []byte) (req request, service string) {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	parts := strings.Split(scope, "/")
	if len(parts) != 5 {
		f.t.Errorf("%s %s is not signed: %q", r.Method, r.URL, scope)
		return request{http: r}, ""
	}
	service = parts[3]
	req = request{Account: strings.TrimLeft(parts[0], "AISK"), Region: parts[2], http: r}
	switch service {
	case "sts", "ec2":
		req.Form, _ = url.ParseQuery(string(body))
		req.Action = service + ":" + req.Form.Get("Action")
		req.Item = req.Form.Get("RoleArn")
	case "kms", "ecr", "organizations":
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		req.Action = service + ":" + operation
		_ = json.Unmarshal(body, &req.JSON)
		req.Item, _ = req.JSON["KeyId"].(string)
	case "eks":
		req.Action, req.Item = route(r)
	}
	return req, service
}

// route names EKS's operations by their paths (the service's model).
func route(r *http.Request) (action, item string) {
	steps := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	for i := range steps {
		steps[i], _ = url.PathUnescape(steps[i])
	}
	kinds := map[string][2]string{
		"updates": {"ListUpdates", "DescribeUpdate"}, "node-groups": {"ListNodegroups", "DescribeNodegroup"},
		"fargate-profiles": {"ListFargateProfiles", "DescribeFargateProfile"}, "addons": {"ListAddons", "DescribeAddon"},
		"access-entries":            {"ListAccessEntries", "DescribeAccessEntry"},
		"pod-identity-associations": {"ListPodIdentityAssociations", "DescribePodIdentityAssociation"},
	}
	switch {
	case r.Method != http.MethodGet:
		return "eks:" + r.Method + r.URL.Path, ""
	case steps[0] == "cluster-versions":
		return "eks:DescribeClusterVersions", ""
	case len(steps) == 1:
		return "eks:ListClusters", ""
	case len(steps) == 2:
		return "eks:DescribeCluster", steps[1]
	case len(steps) == 3:
		return "eks:" + kinds[steps[2]][0], steps[1]
	case len(steps) == 4:
		return "eks:" + kinds[steps[2]][1], steps[3]
	}
	return "eks:ListAssociatedAccessPolicies", steps[3]
}

// answer gives the table's entry, or what every account can do.
func (f *fake) answer(req request) *reply {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, key := range []string{
		req.Action + " " + req.Account + " " + req.Region, req.Action + " " + req.Account,
		req.Action + " " + req.Item + " " + req.http.URL.Query().Get("nextToken"), req.Action + " " + req.Item, req.Action,
	} {
		if body, ok := f.answers[key]; ok {
			if r, ok := body.(*reply); ok {
				return r
			}
			return &reply{body: body}
		}
	}
	switch req.Action {
	case "sts:GetCallerIdentity":
		return &reply{body: fmt.Sprintf(`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
			`<Arn>arn:%s:sts::%s:assumed-role/admin/me</Arn><UserId>A:me</UserId><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
			f.partition, req.Account, req.Account)}
	case "sts:AssumeRole":
		account := strings.Split(req.Item, ":")[4]
		if account == locked {
			return fail(http.StatusForbidden, "AccessDenied")
		}
		return &reply{body: fmt.Sprintf(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>`+
			`<AccessKeyId>ASIA%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration>`+
			`</Credentials></AssumeRoleResult></AssumeRoleResponse>`, account, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))}
	case "ec2:DescribeRegions":
		return &reply{body: regions("eu-west-1:opt-in-not-required", "us-east-1:opted-in", "af-south-1:not-opted-in")}
	case "eks:DescribeCluster":
		return fail(http.StatusNotFound, "ResourceNotFoundException")
	case "eks:DescribeClusterVersions":
		return &reply{body: versionsAnswer}
	case "kms:DescribeKey":
		return fail(http.StatusBadRequest, "NotFoundException")
	}
	return &reply{body: map[string]any{}}
}

// regions renders DescribeRegions's answer of NAME:STATUS pairs.
func regions(pairs ...string) string {
	var b strings.Builder
	b.WriteString(`<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><regionInfo>`)
	for _, p := range pairs {
		name, status, _ := strings.Cut(p, ":")
		fmt.Fprintf(&b, `<item><regionName>%s</regionName><regionEndpoint>x</regionEndpoint><optInStatus>%s</optInStatus></item>`, name, status)
	}
	b.WriteString(`</regionInfo></DescribeRegionsResponse>`)
	return b.String()
}

// write sends an answer in the service's protocol.
func write(w http.ResponseWriter, service string, req request, r *reply) {
	message := "User: arn:aws:sts::" + req.Account + ":assumed-role/x/me is not authorized to perform: " + req.Action
	var text string
	switch {
	case r.code != "" && service == "ec2":
		text = `<Response><Errors><Error><Code>` + r.code + `</Code><Message>` + message + `</Message></Error></Errors></Response>`
	case r.code != "" && service == "sts":
		text = `<ErrorResponse><Error><Code>` + r.code + `</Code><Message>` + message + `</Message></Error></ErrorResponse>`
	case r.code != "":
		w.Header().Set("X-Amzn-Errortype", r.code)
		text = `{"__type":` + strconv.Quote(r.code) + `,"message":` + strconv.Quote(message) + `}`
	default:
		if s, ok := r.body.(string); ok {
			text = s
			break
		}
		data, err := json.Marshal(r.body)
		if err != nil {
			panic(err)
		}
		text = string(data)
	}
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
	_, _ = io.WriteString(w, text)
}

// object is short for a JSON object.
type object = map[string]any

var versionsAnswer = object{"clusterVersions": []object{
	{"clusterVersion": "1.31", "clusterType": "eks", "versionStatus": "EXTENDED_SUPPORT", "endOfStandardSupportDate": 1764115200, "endOfExtendedSupportDate": 1795651200},
	{"clusterVersion": "1.100", "clusterType": "eks", "versionStatus": "STANDARD_SUPPORT", "defaultVersion": true},
	{"clusterVersion": "1.36", "clusterType": "eks-local-outposts", "versionStatus": "STANDARD_SUPPORT"},
	{"clusterVersion": "1.36", "clusterType": "eks", "status": "standard-support"},
}}

// canceled is a context that has ended.
func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
