package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/eksposure/eksposure/internal/fault"
)

// maxMessage bounds the part of AWS's own message that is kept; IAM's longest
// refusals, with both ARNs and the policy type, stay below it.
const maxMessage = 600

// failure is an AWS call that did not work, in one of the categories of fault.
type failure struct {
	action   action
	code     string // AWS's error code, empty when AWS never answered
	message  string
	category error
	cause    error
}

// Error names the action, AWS's code and its message.
func (f *failure) Error() string {
	if f.code == "" {
		return string(f.action) + ": " + f.message
	}
	return string(f.action) + ": " + f.code + ": " + f.message
}

// Unwrap gives the category and the SDK's error.
func (f *failure) Unwrap() []error {
	if f.category == nil {
		return []error{f.cause}
	}
	return []error{f.category, f.cause}
}

// credentialsError is a credential source that gave none.
type credentialsError struct{ cause error }

func (e *credentialsError) Error() string { return e.cause.Error() }
func (e *credentialsError) Unwrap() error { return e.cause }

// translate puts an SDK error into its category. last is how the last attempt
// failed, for a call that its time limit ended while it waited to try again.
func translate(a action, err, last error) error {
	f := &failure{action: a, cause: err, message: clip(err.Error())}
	if errors.Is(err, context.Canceled) {
		return f
	}
	if isTimeout(err) && last != nil && !isTimeout(last) {
		err = last
		f.cause = errors.Join(last, f.cause)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		f.code = api.ErrorCode()
		f.message = clip(api.ErrorMessage())
		f.category = categoryOf(f.code, statusOf(err))
		if f.message == "" {
			f.message = fmt.Sprintf("HTTP status %d without a message", statusOf(err))
		}
		return f
	}
	if _, ok := errors.AsType[*credentialsError](err); ok {
		f.category = fault.ErrDenied
		return f
	}
	f.category, f.message = fault.ErrUnavailable, unanswered(err, f.message)
	return f
}

// malformed is an answer that is not what the service's model promises.
func malformed(a action, what string) error {
	return &failure{action: a, message: "the answer is not AWS's: " + what, category: fault.ErrUnavailable, cause: errMalformed}
}

var errMalformed = errors.New("malformed answer")

// errRefused is one event of several that a bus did not take.
var errRefused = errors.New("event refused")

// categoryOf sorts AWS's error codes. The codes are those of the services' models
// (eks, sts, kms, ecr, ec2, organizations, events), S3's "Error responses" and of AWS's "Common Errors" pages.
func categoryOf(code string, status int) error {
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return fault.ErrThrottled
	}
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "Forbidden",
		"ForbiddenException", "UnauthorizedException", "AuthorizationError", "KMSAccessDeniedException",
		"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired",
		"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId",
		"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "IncompleteSignatureException",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException", "OptInRequired",
		"RegionDisabledException", "InvalidIdentityToken", "IDPRejectedClaim", "PackedPolicyTooLarge",
		"RequestTimeTooSkewed", "NotAuthorizedForSourceException", "NotAuthorizedForDetailTypeException", "AuthorizationHeaderMalformed":
		return fault.ErrDenied
	case "ResourceNotFoundException", "NotFoundException", "NoSuchEntity", "RepositoryNotFoundException", "RegistryNotFoundException",
		"NoSuchBucket", "NoSuchKey", "NoSuchUpload", "NotFound", "KMS.NotFoundException",
		"InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound":
		return fault.ErrNotFound
	case "InvalidParameterException", "InvalidParameterValue", "InvalidParameterCombination", "InvalidParameter",
		"InvalidRequestException", "InvalidInputException", "ValidationException", "ValidationError", "InvalidArnException",
		"ClientException", "BadRequestException", "MissingParameter", "AWSOrganizationsNotInUseException",
		"UnsupportedAvailabilityZoneException", "UnsupportedOperation",
		"InvalidArgument", "MalformedDetail", "InvalidAccountIdException", "EntityTooSmall", "EntityTooLarge", "InvalidPart", "InvalidPartOrder", "MalformedXML",
		"InvalidBucketName", "KeyTooLongError", "InvalidPrefixListId.Malformed", "InvalidPrefixListID.Malformed",
		"MalformedPolicyDocumentException", "InvalidAliasNameException", "TagException":
		return fault.ErrInvalid
	case "AlreadyExistsException", "ResourceInUseException", "ConflictException", "ConcurrentModificationException", "InvalidStateException", "KMSInvalidStateException",
		"KMS.DisabledException", "KMS.InvalidStateException":
		return fault.ErrConflict
	}
	switch status {
	case http.StatusTooManyRequests:
		return fault.ErrThrottled
	case http.StatusForbidden, http.StatusUnauthorized:
		return fault.ErrDenied
	}
	// The rest is the service's own trouble (ServerException, InternalFailure …) or a
	// code that this program does not know: not reading is all that is certain.
	return fault.ErrUnavailable
}

// unanswered says what ended a call before or without an AWS error: a time
// limit, the connection, an answer that is not AWS's.
func unanswered(err error, message string) string {
	if isTimeout(err) {
		return "no answer within the time limit"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("host %q was not found", dns.Name)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return clip(op.Error())
	}
	if status := statusOf(err); status != 0 {
		return fmt.Sprintf("the answer is not AWS's: HTTP status %d with a body that cannot be read", status)
	}
	return message
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

func statusOf(err error) int {
	if r, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return r.HTTPStatusCode()
	}
	return 0
}

// regionOff reports whether the error is how a region that the account has not
// opted in to refuses credentials that work elsewhere (IAM user guide,
// "Troubleshoot: credentials are not valid in an opt-in Region").
func regionOff(err error) bool {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return false
	}
	switch f.code {
	case "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "OptInRequired", "RegionDisabledException":
		return true
	}
	return false
}

// remedy says what to do about an error, in a sentence without its full stop.
func remedy(err error) string {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return ""
	}
	switch {
	case errors.Is(err, fault.ErrDenied):
		return deniedRemedy(f)
	case errors.Is(err, fault.ErrThrottled):
		return "AWS asks for fewer calls: scan again later, or with a lower concurrency"
	case errors.Is(err, fault.ErrUnavailable):
		return "Check the network, proxy and AWS_ENDPOINT_URL settings, and scan again"
	case f.code == "AWSOrganizationsNotInUseException":
		return "The account is in no organization: scan it without one, or list the accounts"
	}
	return ""
}

func deniedRemedy(f *failure) string {
	switch f.code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired":
		return "The credentials have expired: run `aws sso login` or renew them, and scan again"
	case "RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException":
		return "Check the secret key and this machine's clock"
	case "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "OptInRequired", "RegionDisabledException":
		return "The credentials are not valid here: check the keys, and that the region is enabled in the account"
	}
	if f.action == stsAssumeRole {
		return "Create the role in that account, let it trust the caller (with the same external ID), and allow sts:AssumeRole to the caller"
	}
	if strings.Contains(f.message, "service control policy") {
		return fmt.Sprintf("A service control policy of the organization refuses %s: allow it there", f.action)
	}
	if strings.Contains(f.message, "resource-based policy") {
		return fmt.Sprintf("Allow %s in the resource's own policy as well", f.action)
	}
	return allow(f.action)
}

// allow is the remedy where nothing more is known.
func allow(a action) string { return fmt.Sprintf("Allow %s to the role that scans", a) }

// explain is an error with its remedy, as gaps and skips show it.
func explain(err error) string {
	if r := remedy(err); r != "" {
		return err.Error() + ". " + r
	}
	return err.Error()
}

// clip keeps one bounded line of a message.
func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "") + "…"
}
