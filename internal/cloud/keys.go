package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// keyNotFound is the state of a key that KMS does not know; the word is ours.
const keyNotFound = "NotFound"

// keys reads the state of every key that the cluster's encryption names. Each
// failure is a gap of its key, so that the other keys still count.
func (r *reader) keys(ctx context.Context) {
	var named []string
	for _, e := range r.snapshot.Cluster.Encryption {
		if e.KeyARN != "" && !slices.Contains(named, e.KeyARN) {
			named = append(named, e.KeyARN)
		}
	}
	for _, k := range named {
		key, err := r.key(ctx, k)
		if err != nil {
			r.gap(inventory.SectionKeys, k, err)
			continue
		}
		r.snapshot.Keys = append(r.snapshot.Keys, key)
	}
}

// key reads one key with the cluster's account's role, and when that is denied
// and the key lives in another account, with that account's role.
func (r *reader) key(ctx context.Context, keyARN string) (inventory.Key, error) {
	parsed, ok := parseKey(keyARN)
	if !ok {
		return inventory.Key{}, fmt.Errorf("%q is not the ARN of a KMS key: %w", keyARN, fault.ErrInvalid)
	}
	key, err := r.keyAs(ctx, place{r.ref.Account, parsed.Region}, keyARN)
	if errors.Is(err, fault.ErrDenied) && parsed.AccountID != r.ref.Account && r.c.knows(parsed.AccountID) {
		return r.keyAs(ctx, place{parsed.AccountID, parsed.Region}, keyARN)
	}
	return key, err
}

func (r *reader) keyAs(ctx context.Context, p place, keyARN string) (inventory.Key, error) {
	got, err := r.c.describeKey(ctx, p, keyARN)
	if errors.Is(err, fault.ErrNotFound) {
		return inventory.Key{ARN: keyARN, State: keyNotFound}, nil
	}
	if err != nil {
		return inventory.Key{}, err
	}
	if got.KeyState == "" {
		return inventory.Key{}, malformed(kmsDescribeKey, "a key without a state")
	}
	return inventory.Key{
		ARN: keyARN, State: string(got.KeyState), Manager: string(got.KeyManager), DeletionDate: utc(got.DeletionDate),
	}, nil
}

// Key tells what a plan has to know of a key for a cluster's secrets: asked with the
// role in the cluster's account, whose word EKS takes. A key that does not exist is
// fault.ErrNotFound.
func (c *Client) Key(ctx context.Context, ref inventory.ClusterRef, keyARN string) (plan.KeyState, error) {
	parsed, ok := parseKey(keyARN)
	if !ok {
		return plan.KeyState{}, fmt.Errorf("key %q: want the ARN of a KMS key, such as arn:%s:kms:%s:%s:key/ID: %w", keyARN, ref.Partition, ref.Region, ref.Account, fault.ErrInvalid)
	}
	key, err := c.describeKey(ctx, place{ref.Account, parsed.Region}, keyARN)
	if err != nil {
		return plan.KeyState{}, err
	}
	is := plan.KeyState{
		ARN: aws.ToString(key.Arn), State: string(key.KeyState), Spec: string(key.KeySpec), Usage: string(key.KeyUsage), Manager: string(key.KeyManager),
	}
	if is.Policy, err = c.keyPolicy(ctx, place{ref.Account, parsed.Region}, is.ARN); err != nil {
		is.PolicyUnread = unread(err)
	}
	return is, ctx.Err()
}

// keyPolicy reads the policy of a key; KMS gives keys one, named default.
func (c *Client) keyPolicy(ctx context.Context, p place, keyARN string) (string, error) {
	cfg, err := c.in(ctx, p)
	if err != nil {
		return "", err
	}
	return call(ctx, c, kmsGetKeyPolicy, func(ctx context.Context) (string, error) {
		out, err := kms.NewFromConfig(cfg).GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(keyARN)})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.Policy), nil
	})
}

// parseKey reads the ARN of a key; false when it is none of KMS.
func parseKey(keyARN string) (arn.ARN, bool) {
	parsed, err := arn.Parse(keyARN)
	return parsed, err == nil && parsed.Service == "kms" && regionShape.MatchString(parsed.Region)
}

// describeKey asks with the role of a place for a key by its ARN, its ID or its alias.
func (c *Client) describeKey(ctx context.Context, p place, name string) (*kmstypes.KeyMetadata, error) {
	cfg, err := c.in(ctx, p)
	if err != nil {
		return nil, err
	}
	return call(ctx, c, kmsDescribeKey, func(ctx context.Context) (*kmstypes.KeyMetadata, error) {
		out, err := kms.NewFromConfig(cfg).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(name)})
		if err != nil {
			return nil, err
		}
		return answered(kmsDescribeKey, out.KeyMetadata)
	})
}
