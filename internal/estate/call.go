package estate

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// call is one authenticated request to an AWS service.
type call struct {
	caller  *principal
	account *Account
	region  string
	path    map[string]string // parts of the URL path
	query   url.Values        // query string, or form of the query protocols
	header  http.Header
	body    []byte // JSON, or what an object of S3 is to hold
}

// operation is one thing that a service can do.
type operation struct {
	service, name string
	// method and path bind an operation of a REST protocol; {x} is one segment.
	method, path string
	// part is the member of the query string that tells operations of S3 apart.
	part string
	// action is the IAM action; empty when none is needed.
	action string
	// resource gives the ARN named in a denial; nil means "*".
	resource func(*call) string
	handle   func(context.Context, *call) (any, error)
	// changes marks what changes clusters.
	changes bool
}

// decode reads the JSON body into v.
func (c *call) decode(v any) error {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return &apiError{Code: "SerializationException", Status: http.StatusBadRequest, Message: "Unexpected input"}
	}
	return nil
}

// clusters gives those of the caller's account and region, also those that are gone.
func (c *call) clusters() iter.Seq[*Cluster] {
	return func(yield func(*Cluster) bool) {
		for i := range c.account.Clusters {
			if cl := &c.account.Clusters[i]; cl.Region == c.region && !yield(cl) {
				return
			}
		}
	}
}

// cluster finds the named cluster of the caller's account and region.
func (c *call) cluster() (*Cluster, error) {
	name := c.path["name"]
	for cl := range c.clusters() {
		if cl.Name == name && !cl.gone {
			return cl, nil
		}
	}
	return nil, &apiError{
		Code: "ResourceNotFoundException", Status: http.StatusNotFound,
		Message: "No cluster found for name: " + name + ".", Fields: map[string]any{"clusterName": name},
	}
}

// clusterARN is the ARN of the cluster that the call names.
func (c *call) clusterARN() string { return c.eksARN("cluster", c.path["name"]) }

func (c *call) eksARN(kind string, parts ...string) string {
	return "arn:aws:eks:" + c.region + ":" + c.account.ID + ":" + kind + "/" + strings.Join(parts, "/")
}

// page cuts one page out of items: size is the service's largest (and default)
// page, raw what the caller asked for.
func page[T any](items []T, raw, token string, size int) (part []T, next string, err error) {
	if raw != "" {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 1 || n > size {
			return nil, "", invalid(fmt.Sprintf("maxResults must be between 1 and %d", size))
		}
		size = n
	}
	start := 0
	if token != "" {
		text, err := base64.RawURLEncoding.DecodeString(token)
		n, errNumber := strconv.Atoi(strings.TrimPrefix(string(text), "page:"))
		if err != nil || errNumber != nil || n < 0 || n > len(items) {
			return nil, "", invalid("Invalid nextToken")
		}
		start = n
	}
	end := min(start+size, len(items))
	if end < len(items) {
		next = base64.RawURLEncoding.EncodeToString([]byte("page:" + strconv.Itoa(end)))
	}
	return items[start:end], next, nil
}

func invalid(message string) error {
	return &apiError{Code: "InvalidParameterException", Status: http.StatusBadRequest, Message: message}
}

// Call is one request that the estate has answered.
type Call struct {
	// Account is whose resources were asked for: the caller's account.
	Account string
	Region  string
	Service string // as in the signature scope; "kubernetes" for a cluster's API
	// Operation is the AWS operation, or VERB RESOURCE for Kubernetes.
	Operation string
	// Action is the IAM action that the call needs; empty when it needs none.
	Action  string
	Cluster string // of a Kubernetes call
	Caller  string // ARN
	// Error is the error code of the answer; empty when it was given.
	Error string
}

// Calls returns what was asked so far, in order.
func (e *Estate) Calls() []Call {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// Actions returns the distinct IAM actions asked for so far, sorted.
func (e *Estate) Actions() []string {
	var actions []string
	for _, c := range e.Calls() {
		if c.Action != "" {
			actions = append(actions, c.Action)
		}
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// Operations lists what the estate can be asked, as SERVICE:OPERATION.
func (e *Estate) Operations() []string {
	list := make([]string, 0, len(e.operations))
	for _, op := range e.operations {
		list = append(list, op.service+":"+op.name)
	}
	slices.Sort(list)
	return list
}

// maxCalls bounds the recorder: a demo that is held open for days stays small.
const maxCalls = 100_000

func (e *Estate) record(c Call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.calls) < maxCalls {
		e.calls = append(e.calls, c)
	}
}

// FaultKind is what goes wrong with a call.
type FaultKind string

// The kinds of fault.
const (
	FaultThrottle FaultKind = "throttle" // too many requests
	FaultHang     FaultKind = "hang"     // no answer until the caller gives up
	FaultBreak    FaultKind = "break"    // the service's internal error
	FaultDeny     FaultKind = "deny"     // as if no policy allowed it
	FaultLose     FaultKind = "lose"     // done, and the answer is lost on its way
)

// Fault makes chosen calls go wrong. An empty field matches everything.
type Fault struct {
	Account, Region, Service, Operation string
	Cluster                             string // of Kubernetes calls, Service "kubernetes"
	Kind                                FaultKind
	// Times is how many calls go wrong before the fault is over; 0 means all.
	Times int
}

func (f Fault) matches(c Call) bool {
	for _, p := range [][2]string{
		{f.Account, c.Account},
		{f.Region, c.Region},
		{f.Service, c.Service},
		{f.Operation, c.Operation},
		{f.Cluster, c.Cluster},
	} {
		if p[0] != "" && p[0] != p[1] {
			return false
		}
	}
	return true
}

// Inject adds a fault while the estate runs.
func (e *Estate) Inject(f Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = append(e.faults, f)
}

// fault returns the kind of fault that the call meets, and counts it.
func (e *Estate) fault(c Call) FaultKind {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.faults {
		f := &e.faults[i]
		if !f.matches(c) {
			continue
		}
		if f.Times == 1 {
			kind := f.Kind
			e.faults = slices.Delete(e.faults, i, i+1)
			return kind
		}
		f.Times = max(0, f.Times-1)
		return f.Kind
	}
	return ""
}

// hang waits until the caller gives up or the estate closes.
func (e *Estate) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-e.done:
	}
}
