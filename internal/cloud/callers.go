package cloud

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

const (
	// maxRows is how many rows a query of Logs Insights gives at most (StartQuery, limit).
	maxRows = 10_000
	// queryCalls is how many limits of a call a query may take: five minutes by default, for
	// what scans some hundred gigabytes.
	queryCalls = 10
	// querySoonest and queryLatest bound the time between two looks at a query.
	querySoonest = 250 * time.Millisecond
	queryLatest  = 5 * time.Second
	// maxTrailPages bounds the pages of 50 events that are read of CloudTrail: a hundred
	// seconds at the two calls per second that LookupEvents has in an account and region.
	maxTrailPages = 200
	trailPace     = 500 * time.Millisecond
)

// auditQuery counts the calls of an audit log by address and user. The last of sourceIPs is
// the connection's own address: all others are what the caller says (Kubernetes API,
// audit.k8s.io/v1 Event). The top-level list comes before all that the caller may fill.
// Whom the API server did not know has no user name.
const auditQuery = `filter @logStream like /^kube-apiserver-audit-/ and stage = "ResponseComplete" and ispresent(user.username) and user.username != "system:anonymous" and user.username not like /^eks:/
 | parse @message /"groups":\[(?<teams>[^\]]*)\]/
 | parse @message /"sourceIPs":\[[^\]]*"(?<address>[^"\]]+)"\]/
 | stats count(*) as calls, min(@timestamp) as first_call, max(@timestamp) as last_call, latest(teams) as groups by address, user.username
 | sort calls desc
 | limit 10000`

// Callers reads who called a cluster in the last days: from its audit log in CloudWatch
// Logs, and where it writes none, from CloudTrail, which knows who managed it. CloudWatch
// bills the bytes that a query scans. A log that may not be read is fault.ErrDenied.
func (c *Client) Callers(ctx context.Context, s *inventory.Snapshot, days int) (plan.Callers, error) {
	ref := s.Cluster.Ref
	if err := c.owns(ref); err != nil {
		return plan.Callers{}, err
	}
	cfg, err := c.in(ctx, place{ref.Account, ref.Region})
	if err != nil {
		return plan.Callers{}, err
	}
	to := c.cfg.Now().UTC().Truncate(time.Second)
	window := plan.Callers{From: to.AddDate(0, 0, -days), To: to}
	if slices.ContainsFunc(s.Cluster.Logging, func(l inventory.LogSetup) bool { return l.Enabled && slices.Contains(l.Types, "audit") }) {
		found, err := c.auditCallers(ctx, cloudwatchlogs.NewFromConfig(cfg), ref, window)
		if !errors.Is(err, fault.ErrNotFound) {
			return found, advised(err)
		}
	}
	found, err := c.trailCallers(ctx, cloudtrail.NewFromConfig(cfg), ref, window)
	if err != nil {
		return found, fmt.Errorf("cluster %q writes no audit log (aws eks update-cluster-config --name %s --logging '{\"clusterLogging\":[{\"types\":[\"audit\"],\"enabled\":true}]}' switches it on), "+
			"and who manages it could not be read: %w", ref, ref.Name, advised(err))
	}
	return found, nil
}

// auditCallers asks Logs Insights. A query that takes too long is stopped, so that it costs
// no more.
func (c *Client) auditCallers(ctx context.Context, client *cloudwatchlogs.Client, ref inventory.ClusterRef, window plan.Callers) (plan.Callers, error) {
	group := "/aws/eks/" + ref.Name + "/cluster"
	window.Source, window.Place = plan.AuditLog, "log group "+group
	id, err := call(ctx, c, logsStartQuery, func(ctx context.Context) (*string, error) {
		out, err := client.StartQuery(ctx, &cloudwatchlogs.StartQueryInput{
			LogGroupName: aws.String(group), QueryString: aws.String(auditQuery), StartTime: aws.Int64(window.From.Unix()), EndTime: aws.Int64(window.To.Unix()),
		})
		if err != nil {
			return nil, err
		}
		return answered(logsStartQuery, out.QueryId)
	})
	if err != nil {
		return window, err
	}
	out, err := c.queryDone(ctx, client, id)
	if err != nil {
		return window, err
	}
	if len(out.Results) >= maxRows {
		return window, fmt.Errorf("%s has more than %d pairs of address and user in %d days: look at fewer days, or give the ranges yourself: %w", window.Place, maxRows, window.Days(), fault.ErrInvalid)
	}
	var calls []plan.Call
	for _, row := range out.Results {
		one, err := auditCall(row)
		if err != nil {
			return window, err
		}
		calls = append(calls, one)
	}
	if out.Statistics != nil {
		window.Scanned = int(out.Statistics.BytesScanned)
	}
	return window.Gather(calls)
}

// queryDone looks at a query until it is complete.
func (c *Client) queryDone(ctx context.Context, client *cloudwatchlogs.Client, id *string) (*cloudwatchlogs.GetQueryResultsOutput, error) {
	limited, cancel := context.WithTimeout(ctx, queryCalls*c.cfg.CallTimeout)
	defer cancel()
	for delay := querySoonest; ; delay = min(delay*2, queryLatest) {
		out, err := call(limited, c, logsGetQueryResults, func(ctx context.Context) (*cloudwatchlogs.GetQueryResultsOutput, error) {
			return client.GetQueryResults(ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: id})
		})
		if err == nil && out.Status == logtypes.QueryStatusComplete {
			return out, nil
		}
		if err == nil && out.Status != logtypes.QueryStatusScheduled && out.Status != logtypes.QueryStatusRunning {
			return nil, fmt.Errorf("the query of the audit log is %s; draft the plan again, or for fewer days: %w", strings.ToLower(string(out.Status)), fault.ErrUnavailable)
		}
		if err == nil && c.cfg.Pause(limited, delay) == nil {
			continue
		}
		if limited.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("the query of the audit log was not done after %s; look at fewer days, or give the ranges yourself: %w", queryCalls*c.cfg.CallTimeout, fault.ErrUnavailable)
		}
		return nil, errors.Join(err, c.stopQuery(context.WithoutCancel(ctx), client, id))
	}
}

func (c *Client) stopQuery(ctx context.Context, client *cloudwatchlogs.Client, id *string) error {
	_, err := call(ctx, c, logsStopQuery, func(ctx context.Context) (*cloudwatchlogs.StopQueryOutput, error) {
		return client.StopQuery(ctx, &cloudwatchlogs.StopQueryInput{QueryId: id})
	})
	if err != nil {
		return fmt.Errorf("the query goes on and is billed: %w", advised(err))
	}
	return nil
}

// auditCall reads one row.
func auditCall(row []logtypes.ResultField) (plan.Call, error) {
	values := map[string]string{}
	for _, f := range row {
		values[aws.ToString(f.Field)] = aws.ToString(f.Value)
	}
	one := plan.Call{Address: values["address"], User: values["user.username"]}
	var err, first, last error
	one.Times, err = strconv.Atoi(values["calls"])
	one.First, first = logTime(values["first_call"])
	one.Last, last = logTime(values["last_call"])
	if err := cmp.Or(err, first, last); err != nil {
		return one, malformed(logsGetQueryResults, "a row without a number or a time: "+err.Error())
	}
	for group := range strings.SplitSeq(values["groups"], ",") {
		if name := strings.Trim(strings.TrimSpace(group), `"`); name != "" && name != "system:authenticated" {
			one.Groups = append(one.Groups, name)
		}
	}
	return one, nil
}

// logTime reads a time, which Logs Insights gives in milliseconds, or as it shows it.
func logTime(text string) (time.Time, error) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), nil
	}
	return time.Parse("2006-01-02 15:04:05.000", text)
}

// trailCallers reads the events of EKS's API that name the cluster, the newest first. When
// there are more than can be read, the window is as long as what was read, and says so.
func (c *Client) trailCallers(ctx context.Context, client *cloudtrail.Client, ref inventory.ClusterRef, window plan.Callers) (plan.Callers, error) {
	window.Source, window.Place = plan.CloudTrail, "CloudTrail's event history of "+ref.Region
	asked := &cloudtrail.LookupEventsInput{
		StartTime: aws.Time(window.From), EndTime: aws.Time(window.To), MaxResults: aws.Int32(50),
		LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyEventSource, AttributeValue: aws.String("eks.amazonaws.com")}},
	}
	var calls []plan.Call
	oldest, read := window.To, 0
	for n := range maxTrailPages {
		if n > 0 {
			if err := c.cfg.Pause(ctx, trailPace); err != nil {
				return window, translate(cloudtrailLookupEvents, err, nil)
			}
		}
		out, err := call(ctx, c, cloudtrailLookupEvents, func(ctx context.Context) (*cloudtrail.LookupEventsOutput, error) {
			return client.LookupEvents(ctx, asked)
		})
		if err != nil {
			return window, err
		}
		read += len(out.Events)
		for _, e := range out.Events {
			oldest = aws.ToTime(e.EventTime).UTC()
			if one, ok := trailCall(e, ref); ok {
				calls = append(calls, one)
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return window.Gather(calls)
		}
		asked.NextToken = out.NextToken
	}
	window.From, window.Cut = oldest, read
	return window.Gather(calls)
}

// trailCall reads an event; false when it is about something else, or was refused.
func trailCall(e trailtypes.Event, ref inventory.ClusterRef) (plan.Call, bool) {
	var detail struct {
		Source   string `json:"sourceIPAddress"`
		Error    string `json:"errorCode"`
		Identity struct {
			ARN  string `json:"arn"`
			Type string `json:"type"`
		} `json:"userIdentity"`
		Parameters struct {
			Name        string `json:"name"`
			ClusterName string `json:"clusterName"`
		} `json:"requestParameters"`
	}
	if json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &detail) != nil || detail.Error != "" || detail.Identity.Type == "AWSService" {
		return plan.Call{}, false
	}
	at := aws.ToTime(e.EventTime).UTC()
	return plan.Call{Address: detail.Source, User: cmp.Or(detail.Identity.ARN, aws.ToString(e.Username)), Times: 1, First: at, Last: at},
		cmp.Or(detail.Parameters.ClusterName, detail.Parameters.Name) == ref.Name
}
