package estate

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// apiError is an error in the words of AWS.
type apiError struct {
	Code    string
	Status  int
	Message string
	Fields  map[string]any // further members of a JSON error
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// protocol is how a service talks.
type protocol string

const (
	restJSON protocol = "rest-json"
	json11   protocol = "json"
	query    protocol = "query"
	ec2Query protocol = "ec2"
	restXML  protocol = "rest-xml"
)

// service is one AWS service of the estate.
type service struct {
	name     string
	protocol protocol
	// target is the prefix of X-Amz-Target of the JSON protocol.
	target string
	// version and namespace are those of the XML protocols.
	version, namespace string
	// global services have one endpoint, whatever region a call is signed for.
	global bool
	// json is set for a caller of a query service that accepts JSON, which the
	// query services also speak: aws-iam-authenticator asks STS so.
	json bool
}

func services() map[string]service {
	return map[string]service{
		"eks":           {name: "eks", protocol: restJSON},
		"inspector2":    {name: "inspector2", protocol: restJSON},
		"account":       {name: "account", protocol: restJSON, global: true},
		"kms":           {name: "kms", protocol: json11, target: "TrentService"},
		"events":        {name: "events", protocol: json11, target: "AWSEvents"},
		"s3":            {name: "s3", protocol: restXML},
		"logs":          {name: "logs", protocol: json11, target: "Logs_20140328"},
		"cloudtrail":    {name: "cloudtrail", protocol: json11, target: "CloudTrail_20131101"},
		"ecr":           {name: "ecr", protocol: json11, target: "AmazonEC2ContainerRegistry_V20150921"},
		"organizations": {name: "organizations", protocol: json11, target: "AWSOrganizationsV20161128", global: true},
		"sts":           {name: "sts", protocol: query, version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/"},
		"ec2":           {name: "ec2", protocol: ec2Query, version: "2016-11-15", namespace: "http://ec2.amazonaws.com/doc/2016-11-15/"},
	}
}

// The failures that every service has, each in its protocol's own words
// ("Common errors" of the API references).
type commonFailure string

const (
	failUnsigned  commonFailure = "unsigned"
	failMalformed commonFailure = "malformed"
	failSignature commonFailure = "signature"
	failOutdated  commonFailure = "outdated"
	failUnknown   commonFailure = "unknown-key"
	failExpired   commonFailure = "expired"
	failDenied    commonFailure = "denied"
	failThrottled commonFailure = "throttled"
	failBroken    commonFailure = "broken"
	failOperation commonFailure = "unknown-operation"
)

const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// common gives the error of a failure; message replaces the usual text when it
// is not empty.
func (s service) common(f commonFailure, message string) *apiError {
	texts := map[commonFailure]string{
		failUnsigned: "Request is missing Authentication Token", failMalformed: "Incomplete signature",
		failSignature: mismatch, failUnknown: "The security token included in the request is invalid.",
		failExpired: "The security token included in the request is expired", failThrottled: "Rate exceeded",
		failBroken: "An internal error has occurred",
	}
	type row struct {
		code   string
		status int
	}
	rows := map[commonFailure]row{
		failUnsigned:  {"MissingAuthenticationTokenException", 403},
		failMalformed: {"IncompleteSignatureException", 403},
		failSignature: {"InvalidSignatureException", 403},
		failOutdated:  {"InvalidSignatureException", 403},
		failUnknown:   {"UnrecognizedClientException", 403},
		failExpired:   {"ExpiredTokenException", 403},
		failDenied:    {"AccessDeniedException", 403},
		failThrottled: {"ThrottlingException", 429},
		failBroken:    {"ServerException", 500},
		failOperation: {"UnknownOperationException", 404},
	}
	switch s.protocol {
	case restJSON:
	case json11:
		for k, r := range rows {
			rows[k] = row{r.code, min(r.status, 400)}
		}
		rows[failBroken] = row{"InternalFailure", 500}
	case query:
		rows = map[commonFailure]row{
			failUnsigned: {"MissingAuthenticationToken", 403}, failMalformed: {"IncompleteSignature", 400},
			failSignature: {"SignatureDoesNotMatch", 403}, failOutdated: {"SignatureDoesNotMatch", 403},
			failUnknown: {"InvalidClientTokenId", 403}, failExpired: {"ExpiredToken", 403},
			failDenied: {"AccessDenied", 403}, failThrottled: {"Throttling", 400},
			failBroken: {"InternalFailure", 500}, failOperation: {"InvalidAction", 400},
		}
	case restXML:
		rows = map[commonFailure]row{
			failUnsigned: {"AccessDenied", 403}, failMalformed: {"AuthorizationHeaderMalformed", 400},
			failSignature: {"SignatureDoesNotMatch", 403}, failOutdated: {"RequestTimeTooSkewed", 403},
			failUnknown: {"InvalidAccessKeyId", 403}, failExpired: {"ExpiredToken", 400},
			failDenied: {"AccessDenied", 403}, failThrottled: {"SlowDown", 503},
			failBroken: {"InternalError", 500}, failOperation: {"NotImplemented", 501},
		}
		texts[failUnsigned] = "Access Denied"
		texts[failThrottled] = "Please reduce your request rate."
	case ec2Query:
		rows = map[commonFailure]row{
			failUnsigned: {"MissingAuthenticationToken", 403}, failMalformed: {"IncompleteSignature", 400},
			failSignature: {"AuthFailure", 401}, failOutdated: {"RequestExpired", 400},
			failUnknown: {"AuthFailure", 401}, failExpired: {"RequestExpired", 400},
			failDenied: {"UnauthorizedOperation", 403}, failThrottled: {"RequestLimitExceeded", 503},
			failBroken: {"InternalError", 500}, failOperation: {"InvalidAction", 400},
		}
		texts[failUnknown] = "AWS was not able to validate the provided access credentials"
		texts[failSignature], texts[failExpired] = texts[failUnknown], "Request has expired."
	}
	if message == "" {
		message = texts[f]
	}
	return &apiError{Code: rows[f].code, Status: rows[f].status, Message: message}
}

// writeResult sends a good answer.
func (s service) writeResult(w http.ResponseWriter, op operation, requestID string, result any) {
	switch s.protocol {
	case restJSON, json11:
		if result == nil { // an operation without an output has no body
			w.Header().Set("X-Amzn-Requestid", requestID)
			return
		}
		s.writeJSON(w, http.StatusOK, requestID, result)
	case query:
		if s.json {
			s.writeJSON(w, http.StatusOK, requestID, map[string]any{op.name + "Response": map[string]any{
				op.name + "Result": result, "ResponseMetadata": map[string]any{"RequestId": requestID},
			}})
			return
		}
		writeXML(w, http.StatusOK, requestID, xmlAnswer{
			XMLName: xml.Name{Local: op.name + "Response", Space: s.namespace},
			Result:  xmlResult{XMLName: xml.Name{Local: op.name + "Result"}, Members: members(result)},
			ID:      requestID,
		})
	case restXML:
		writeS3(w, requestID, result)
	case ec2Query:
		writeXML(w, http.StatusOK, requestID, xmlEC2Answer{
			XMLName: xml.Name{Local: op.name + "Response", Space: s.namespace}, ID: requestID, Members: members(result),
		})
	}
}

// writeError sends an error in the service's protocol.
func (s service) writeError(w http.ResponseWriter, requestID string, err error) *apiError {
	var e *apiError
	if !errors.As(err, &e) {
		e = s.common(failBroken, "")
	}
	switch s.protocol {
	case restJSON:
		w.Header().Set("X-Amzn-Errortype", e.Code)
		s.writeJSON(w, e.Status, requestID, errorBody(e, false))
	case json11:
		s.writeJSON(w, e.Status, requestID, errorBody(e, true))
	case query:
		fault := "Sender"
		if e.Status >= http.StatusInternalServerError {
			fault = "Receiver"
		}
		if s.json {
			s.writeJSON(w, e.Status, requestID, map[string]any{
				"Error": map[string]any{"Type": fault, "Code": e.Code, "Message": e.Message}, "RequestId": requestID,
			})
			return e
		}
		writeXML(w, e.Status, requestID, xmlError{
			XMLName: xml.Name{Local: "ErrorResponse", Space: s.namespace}, Type: fault, Code: e.Code, Message: e.Message, ID: requestID,
		})
	case restXML:
		writeS3Error(w, requestID, e)
	case ec2Query:
		writeXML(w, e.Status, requestID, xmlEC2Error{Code: e.Code, Message: e.Message, ID: requestID})
	}
	return e
}

func errorBody(e *apiError, typed bool) map[string]any {
	body := map[string]any{"message": e.Message}
	maps.Copy(body, e.Fields)
	if typed {
		body["__type"] = e.Code
	}
	return body
}

func (s service) writeJSON(w http.ResponseWriter, status int, requestID string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"message":"An internal error has occurred"}`)
	}
	contentType := "application/json"
	if s.protocol == json11 {
		contentType = "application/x-amz-json-1.1"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(status)
	_, _ = w.Write(data) // A caller that has gone away needs no answer.
}

func writeXML(w http.ResponseWriter, status int, requestID string, v any) {
	data, err := xml.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "%s%s", xml.Header, data) // A caller that has gone away needs no answer.
}

type xmlAnswer struct {
	XMLName xml.Name
	Result  xmlResult
	ID      string `xml:"ResponseMetadata>RequestId"`
}

type xmlResult struct {
	XMLName xml.Name
	Members string `xml:",innerxml"`
}

type xmlEC2Answer struct {
	XMLName xml.Name
	ID      string `xml:"requestId"`
	Members string `xml:",innerxml"`
}

// members is the XML of a result without an element around it; the element is
// named by the operation.
func members(result any) string {
	var out strings.Builder
	if err := xml.NewEncoder(&out).EncodeElement(result, xml.StartElement{Name: xml.Name{Local: "r"}}); err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(out.String(), "<r>"), "</r>")
}

type xmlError struct {
	XMLName xml.Name
	Type    string `xml:"Error>Type"`
	Code    string `xml:"Error>Code"`
	Message string `xml:"Error>Message"`
	ID      string `xml:"RequestId"`
}

type xmlEC2Error struct {
	XMLName xml.Name `xml:"Response"`
	Code    string   `xml:"Errors>Error>Code"`
	Message string   `xml:"Errors>Error>Message"`
	ID      string   `xml:"RequestID"`
}

// targetOf reads X-Amz-Target. CloudTrail's is written by some clients with the name of a
// Java package before it.
func targetOf(r *http.Request) (service, operation string) {
	parts := strings.Split(r.Header.Get("X-Amz-Target"), ".")
	if len(parts) < 2 {
		return parts[0], ""
	}
	return parts[len(parts)-2], parts[len(parts)-1]
}

// serviceOf names the service of a request that is not signed, by what it looks
// like, so that even its refusal is in the right words.
func serviceOf(r *http.Request) string {
	target, _ := targetOf(r)
	for name, s := range services() {
		if s.target != "" && s.target == target {
			return name
		}
	}
	if r.URL.Path == "/" {
		return "sts"
	}
	return "eks"
}
