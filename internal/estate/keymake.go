package estate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// KMS's bounds (KMS API Reference, CreateAlias, ScheduleKeyDeletion, ListKeys).
const (
	minWindow, maxWindow = 7, 30
	pageKeys             = 1000
)

var aliasShape = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]{1,250}$`)

// keyChanges are the operations that make keys, tell of them and take them away.
func (e *Estate) keyChanges() []operation {
	change := func(name string, handle func(context.Context, *call) (any, error)) operation {
		return operation{service: "kms", name: name, action: "kms:" + name, handle: handle, resource: (*call).keyARN, changes: true}
	}
	read := func(name string, handle func(context.Context, *call) (any, error)) operation {
		op := change(name, handle)
		op.changes = false
		return op
	}
	create := change("CreateKey", e.createKey)
	create.resource = nil
	return []operation{
		create, change("EnableKeyRotation", enableKeyRotation), change("CreateAlias", createAlias), change("DeleteAlias", deleteAlias),
		change("ScheduleKeyDeletion", e.scheduleKeyDeletion), read("GetKeyRotationStatus", keyRotationStatus), read("ListKeys", listKeys), read("ListResourceTags", listResourceTags),
	}
}

// ownKey finds a key of the caller's account and region by its ID, its ARN or, where that
// may be, its alias.
func (c *call) ownKey(name string) (*Key, error) {
	resource := strings.TrimPrefix(name, keyPlace(c.region, c.account.ID))
	if !strings.Contains(resource, "/") {
		resource = "key/" + resource
	}
	if k := c.account.key(c.region, resource); k != nil {
		return k, nil
	}
	return nil, noKey(name)
}

// usable is ownKey for what a key that is on its way out refuses.
func (c *call) usable() (*Key, error) {
	var in struct {
		KeyID    string `json:"KeyId"`
		TargetID string `json:"TargetKeyId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	k, err := c.ownKey(in.KeyID + in.TargetID)
	if err == nil && k.State != "Enabled" {
		return nil, kmsError("KMSInvalidStateException", k.arn(c.account.ID)+" is "+k.State+".")
	}
	return k, err
}

func (e *Estate) createKey(_ context.Context, c *call) (any, error) {
	var in struct {
		Description, Policy string
		Tags                []struct{ TagKey, TagValue string }
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Tags) > 0 {
		tag := operation{action: "kms:TagResource"}
		if err := tag.denied(e.services["kms"], c); err != nil {
			return nil, err
		}
	}
	var policy struct {
		Statement []map[string]any `json:"Statement"`
	}
	if in.Policy != "" && (json.Unmarshal([]byte(in.Policy), &policy) != nil || len(policy.Statement) == 0) {
		return nil, kmsError("MalformedPolicyDocumentException", "Malformed policy document")
	}
	if in.Policy != "" && !strings.Contains(in.Policy, "iam::"+c.account.ID+":root") {
		return nil, kmsError("MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.")
	}
	k := Key{Region: c.region, ID: stableUUID(randomText(16)), State: "Enabled", CreatedAt: e.now(), Description: in.Description, Policy: in.Policy, Tags: map[string]string{}}
	for _, t := range in.Tags {
		k.Tags[t.TagKey] = t.TagValue
	}
	c.account.Keys = append(slices.Clone(c.account.Keys), k)
	return map[string]any{"KeyMetadata": k.metadata(c.account.ID)}, nil
}

func enableKeyRotation(_ context.Context, c *call) (any, error) {
	k, err := c.usable()
	if err != nil {
		return nil, err
	}
	k.Rotation = true
	return nil, nil //nolint:nilnil // the operation has no output
}

func keyRotationStatus(_ context.Context, c *call) (any, error) {
	k, err := c.usable()
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"KeyRotationEnabled": k.Rotation, "KeyId": c.keyARN()}
	if k.Rotation {
		answer["RotationPeriodInDays"] = 365
	}
	return answer, nil
}

func createAlias(_ context.Context, c *call) (any, error) {
	var in struct{ AliasName string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !aliasShape.MatchString(in.AliasName) || strings.HasPrefix(in.AliasName, "alias/aws/") {
		return nil, kmsError("InvalidAliasNameException", in.AliasName+" is not a valid alias name")
	}
	if k, err := c.ownKey(in.AliasName); err == nil {
		return nil, kmsError("AlreadyExistsException", "An alias with the name "+keyPlace(k.Region, c.account.ID)+in.AliasName+" already exists")
	}
	k, err := c.usable()
	if err != nil {
		return nil, err
	}
	k.Alias = in.AliasName
	return nil, nil //nolint:nilnil // the operation has no output
}

func deleteAlias(_ context.Context, c *call) (any, error) {
	var in struct{ AliasName string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	k, err := c.ownKey(in.AliasName)
	if err != nil {
		return nil, kmsError("NotFoundException", "Alias "+keyPlace(c.region, c.account.ID)+in.AliasName+" is not found.")
	}
	k.Alias = ""
	return nil, nil //nolint:nilnil // the operation has no output
}

func (e *Estate) scheduleKeyDeletion(_ context.Context, c *call) (any, error) {
	var in struct {
		Days *int `json:"PendingWindowInDays"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	days := maxWindow
	if in.Days != nil {
		days = *in.Days
	}
	if days < minWindow || days > maxWindow {
		return nil, kmsError("ValidationException", fmt.Sprintf("PendingWindowInDays must be between %d and %d (inclusive).", minWindow, maxWindow))
	}
	k, err := c.usable()
	if err != nil {
		return nil, err
	}
	k.State, k.DeletionDate = "PendingDeletion", e.now().Add(time.Duration(days)*24*time.Hour)
	return map[string]any{
		"KeyId": k.arn(c.account.ID), "DeletionDate": k.DeletionDate.Unix(), "KeyState": k.State, "PendingWindowInDays": days,
	}, nil
}

func listKeys(_ context.Context, c *call) (any, error) {
	var in struct {
		Limit  int
		Marker string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Clone(c.account.Keys), func(k Key) bool { return k.Region != c.region })
	raw := ""
	if in.Limit != 0 {
		raw = strconv.Itoa(in.Limit)
	}
	part, next, err := page(all, raw, in.Marker, pageKeys)
	if err != nil {
		return nil, kmsError("InvalidMarkerException", "Invalid marker")
	}
	keys := make([]map[string]any, 0, len(part))
	for _, k := range part {
		keys = append(keys, map[string]any{"KeyId": k.ID, "KeyArn": k.arn(c.account.ID)})
	}
	answer := map[string]any{"Keys": keys, "Truncated": next != ""}
	if next != "" {
		answer["NextMarker"] = next
	}
	return answer, nil
}

func listResourceTags(_ context.Context, c *call) (any, error) {
	var in struct {
		KeyID string `json:"KeyId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	k, err := c.ownKey(in.KeyID)
	if err != nil {
		return nil, err
	}
	if k.Closed {
		return nil, c.closed("kms:ListResourceTags")
	}
	tags := []map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(k.Tags)) {
		tags = append(tags, map[string]any{"TagKey": key, "TagValue": k.Tags[key]})
	}
	return map[string]any{"Tags": tags, "Truncated": false}, nil
}
