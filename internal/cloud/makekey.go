package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// maxKeys is the largest page of ListKeys.
const maxKeys = 1000

// clusterTag is the tag that tells a person what a key is for.
const clusterTag = "eksposure-cluster"

// Key tells what there is of the key that an action makes. It is looked for by its ARN,
// when that is known, else by its alias, else by its tags: KMS's own lists are read for
// that, since they show what CreateKey wrote, and need no right over other services, as the
// tagging API would.
func (c *Changer) Key(ctx context.Context, a plan.Action, ref inventory.ClusterRef, known string) (plan.MadeKey, error) {
	client, err := c.kms(ctx, ref)
	if err != nil {
		return plan.MadeKey{}, err
	}
	wish := keyOf(a)
	var is plan.MadeKey
	alias, err := c.keyMetadata(ctx, ref, wish.Alias)
	if err != nil {
		return is, err
	}
	if alias != nil {
		is.Aliased = aws.ToString(alias.Arn)
	}
	key := alias
	switch {
	case known != "" && known != is.Aliased:
		if key, err = c.keyMetadata(ctx, ref, known); err == nil && key == nil {
			err = fmt.Errorf("KMS does not show the key %s: %w", known, fault.ErrUnavailable)
		}
	case known == "":
		key, err = c.tagged(ctx, client, ref, wish.Plan, alias)
	}
	if err != nil || key == nil {
		return is, err
	}
	is.ARN, is.State = aws.ToString(key.Arn), string(key.KeyState)
	if is.State != string(kmstypes.KeyStateEnabled) {
		return is, nil
	}
	is.Rotation, err = call(ctx, c.c, kmsGetKeyRotationStatus, func(ctx context.Context) (bool, error) {
		out, err := client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: key.Arn})
		if err != nil {
			return false, err
		}
		return out.KeyRotationEnabled, nil
	})
	return is, err
}

// Make makes the next call of an action that makes a key or takes it back, and gives the
// key's ARN.
func (c *Changer) Make(ctx context.Context, a plan.Action, ref inventory.ClusterRef, is plan.MadeKey) (string, error) {
	if err := c.c.owns(ref); err != nil {
		return "", err
	}
	client, err := c.kms(ctx, ref)
	if err != nil {
		return "", err
	}
	wish, arn := keyOf(a), aws.String(is.ARN)
	do := func(op action, ask func(context.Context) error) (string, error) {
		_, err := call(ctx, c.c, op, func(ctx context.Context) (struct{}, error) { return struct{}{}, ask(ctx) })
		return is.ARN, err
	}
	switch {
	case a.To.Key.Alias == "" && is.Aliased != "":
		return do(kmsDeleteAlias, func(ctx context.Context) error {
			_, err := client.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: aws.String(wish.Alias)})
			return err
		})
	case a.To.Key.Alias == "":
		return do(kmsScheduleKeyDeletion, func(ctx context.Context) error {
			_, err := client.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: arn, PendingWindowInDays: aws.Int32(plan.DeletionDays)})
			return err
		})
	case is.ARN == "":
		return c.createKey(ctx, client, wish)
	case !is.Rotation:
		return do(kmsEnableKeyRotation, func(ctx context.Context) error {
			_, err := client.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: arn})
			return err
		})
	}
	return do(kmsCreateAlias, func(ctx context.Context) error {
		_, err := client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String(wish.Alias), TargetKeyId: arn})
		return err
	})
}

// createKey is asked once: it has no token, and the SDK's own second attempt after an
// answer that was lost would make a second key.
func (c *Changer) createKey(ctx context.Context, client *kms.Client, wish plan.NewKey) (string, error) {
	tag := func(key, value string) kmstypes.Tag {
		return kmstypes.Tag{TagKey: aws.String(key), TagValue: aws.String(value)}
	}
	return call(ctx, c.c, kmsCreateKey, func(ctx context.Context) (string, error) {
		out, err := client.CreateKey(ctx, &kms.CreateKeyInput{
			Description: aws.String(wish.Description), Policy: aws.String(wish.Policy), KeySpec: kmstypes.KeySpecSymmetricDefault, KeyUsage: kmstypes.KeyUsageTypeEncryptDecrypt,
			Tags: []kmstypes.Tag{tag(plan.KeyTag, wish.Plan), tag(clusterTag, wish.Cluster)},
		}, func(o *kms.Options) { o.Retryer = aws.NopRetryer{} })
		if err != nil {
			return "", err
		}
		made, err := answered(kmsCreateKey, out.KeyMetadata)
		if err != nil {
			return "", err
		}
		return aws.ToString(made.Arn), nil
	})
}

func (c *Changer) kms(ctx context.Context, ref inventory.ClusterRef) (*kms.Client, error) {
	cfg, err := c.c.in(ctx, place{ref.Account, ref.Region})
	if err != nil {
		return nil, err
	}
	return kms.NewFromConfig(cfg), nil
}

// keyOf is the key that an action makes, or takes back.
func keyOf(a plan.Action) plan.NewKey {
	if a.To.Key.Alias != "" {
		return *a.To.Key
	}
	return *a.From.Key
}

// keyMetadata gives a key by its ARN or its alias; nil when there is none.
func (c *Changer) keyMetadata(ctx context.Context, ref inventory.ClusterRef, name string) (*kmstypes.KeyMetadata, error) {
	key, err := c.c.describeKey(ctx, place{ref.Account, ref.Region}, name)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, nil //nolint:nilnil // no key is an answer here
	}
	return key, err
}

// tagged finds the key that a plan made by its tag; the one that has the alias is looked
// at first. One whose tags may not be read is not the plan's.
func (c *Changer) tagged(ctx context.Context, client *kms.Client, ref inventory.ClusterRef, planID string, alias *kmstypes.KeyMetadata) (*kmstypes.KeyMetadata, error) {
	var ids []string
	if alias != nil {
		ids = []string{aws.ToString(alias.KeyId)}
	} else {
		err := c.c.pages(ctx, kmsListKeys, func(ctx context.Context, token *string) (*string, error) {
			out, err := client.ListKeys(ctx, &kms.ListKeysInput{Limit: aws.Int32(maxKeys), Marker: token})
			if err != nil {
				return nil, err
			}
			for _, k := range out.Keys {
				ids = append(ids, aws.ToString(k.KeyId))
			}
			return out.NextMarker, nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		has, err := c.hasTag(ctx, client, id, planID)
		switch {
		case errors.Is(err, fault.ErrNotFound), closed(err):
			continue
		case err != nil:
			return nil, err
		case has:
			return c.keyMetadata(ctx, ref, id)
		}
	}
	return nil, nil //nolint:nilnil // no key is an answer here
}

// closed tells a key whose own policy lets nobody look at its tags from a role that may
// look at none. Keys of plans have the default policy, and are not closed.
func closed(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && errors.Is(err, fault.ErrDenied) && strings.Contains(f.message, "resource-based policy")
}

func (c *Changer) hasTag(ctx context.Context, client *kms.Client, id, planID string) (bool, error) {
	found := false
	err := c.c.pages(ctx, kmsListResourceTags, func(ctx context.Context, token *string) (*string, error) {
		out, err := client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: aws.String(id), Marker: token})
		if err != nil {
			return nil, err
		}
		found = found || slices.ContainsFunc(out.Tags, func(t kmstypes.Tag) bool {
			return aws.ToString(t.TagKey) == plan.KeyTag && aws.ToString(t.TagValue) == planID
		})
		return out.NextMarker, nil
	})
	return found, err
}
